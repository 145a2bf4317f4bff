/** The answers to an invite besides accepting. Each says what happens, and what the organisation sees. */
import { useState } from "preact/hooks";
import { dateTime, instant } from "../time";
import { Focus } from "../ui/focus";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { type Answer, askableFor, type Found, isDeclinable } from "./found";

const LABELS = {
  accept: "Accept",
  decline: "No thanks",
  "opt-out": "Not me / stop inviting me",
  "opt-in": "Allow invites again",
};

/** What an answer's button says. */
export function labelOf(answer: Answer | "accept", found: Found): string {
  if (answer !== "ask") return LABELS[answer];
  return askableFor(found) === "seat" ? "Ask for a seat" : "Ask for a new link";
}

interface Answering {
  found: Found;
  /** The request in progress. */
  busy: string | undefined;
  onAnswer: (answer: Answer) => void;
}

/** A button and its consequences. */
function Choice({ answer, found, busy, onAnswer, hint }: Answering & { answer: Answer; hint: string }) {
  return (
    <div class="choice">
      <button
        type="button"
        class={answer !== "ask" || found.held ? "secondary outline" : undefined}
        disabled={!!busy}
        aria-busy={busy === answer}
        aria-describedby={`${answer}-hint`}
        // The second click of a double click would press what takes this button's place.
        onClick={({ detail }) => detail < 2 && onAnswer(answer)}
      >
        <Text>{labelOf(answer, found)}</Text>
      </button>
      <p id={`${answer}-hint`} class="soft">
        <Text>{hint}</Text>
      </p>
    </div>
  );
}

/** Asks for a new link or a seat, or says that the person asked. `now`: it answers a click, so it takes the focus. */
export function Asking({ now, ...answering }: Answering & { now: boolean }) {
  const { found } = answering;
  const what = askableFor(found);
  if (!what) return null;
  const organisation = found.organisation.name;
  const asked = found.askedFor ?? what;
  const noSeat = asked === "seat" ? " No seat is reserved." : "";
  if (found.askedAt)
    return (
      <Focus key="asked" now={now}>
        <Notice tone="good">
          <p>
            <strong>
              <Text>{`You asked for ${asked === "seat" ? "a seat" : "a new link"}.`}</Text>
            </strong>{" "}
            <Text>{`${organisation} sees this. If it sends you a new email, open the link in that one.${noSeat}`}</Text>
          </p>
          <p class="soft">
            <Text>{`Asked on ${dateTime(found.askedAt)}.`}</Text>
          </p>
        </Notice>
      </Focus>
    );
  return (
    <Choice
      {...answering}
      key="ask"
      answer="ask"
      hint={`${organisation} will see that you asked, and can send you a new email.${noSeat}${found.optedOut ? " Asking allows its emails again." : ""}`}
    />
  );
}

/** The ways to say no. */
export function Refusing(answering: Answering) {
  const { preview, organisation, optedOut, obstacle } = answering.found;
  const declinable = isDeclinable(answering.found);
  if (optedOut && !declinable) return null;
  return (
    <section aria-labelledby="refusing">
      <h2 id="refusing">
        <Text>{declinable ? "Not for you?" : "No more invites?"}</Text>
      </h2>
      {declinable && (
        <Choice
          {...answering}
          answer="decline"
          hint={`${organisation.name} will see that you declined, and when.${obstacle === "already_seated" ? " You keep the seat that you have." : ""}${preview?.expiresAt && obstacle === null ? ` You can still accept until ${instant(preview.expiresAt)}.` : ""}`}
        />
      )}
      {!optedOut && (
        <Choice
          {...answering}
          answer="opt-out"
          hint={`No more invites from ${organisation.name} will come to ${preview?.email ?? "the invited address"}. ${organisation.name} will see that you stopped them. You can undo this on this page.`}
        />
      )}
    </section>
  );
}

/** Says that the organisation's invites are stopped, and offers the way back. */
export function Stopped({ now, found, busy, onAnswer }: Answering & { now: boolean }) {
  /** Whether the person has just done it. It stays so while they undo it: nothing moves. */
  const [here] = useState(now);
  if (!found.optedOut) return null;
  const acceptable = found.obstacle === null && found.preview?.status !== "accepted";
  return (
    <Focus now={now}>
      <Notice>
        <p>
          <strong>
            <Text>{`You stopped invites from ${found.organisation.name}${here ? "" : ", or marked one as spam"}.`}</Text>
          </strong>{" "}
          <Text>
            {`${found.organisation.name} sees that you did, and can send you no new invites.${acceptable ? " You can still accept this one." : found.obstacle === "invite_cancelled" ? " Allow them again before you ask for one." : ""}`}
          </Text>
        </p>
        <p class="actions">
          <button
            type="button"
            class="secondary outline small"
            disabled={!!busy}
            aria-busy={busy === "opt-in"}
            onClick={({ detail }) => detail < 2 && onAnswer("opt-in")}
          >
            {LABELS["opt-in"]}
          </button>
        </p>
      </Notice>
    </Focus>
  );
}
