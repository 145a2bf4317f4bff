/** The answers to an invite besides accepting. Each says what happens, and what the organisation sees. */
import type { ComponentChildren } from "preact";
import { instant } from "../time";
import { Notice } from "../ui/status";
import { Text } from "../ui/text";
import { useNow, When } from "../ui/when";
import { Focus } from "./focus";
import { askableFor, type Found, isOver } from "./found";

export type Answer = "decline" | "ask" | "opt-out" | "opt-in";

interface Answering {
  found: Found;
  /** The request in progress. */
  busy: string | undefined;
  onAnswer: (answer: Answer) => void;
}

/** A button and its consequences. */
function Choice({
  answer,
  label,
  busy,
  onAnswer,
  children,
}: Omit<Answering, "found"> & { answer: Answer; label: string; children: ComponentChildren }) {
  return (
    <div class="choice">
      <button
        type="button"
        {...(answer !== "ask" && { class: "secondary outline" })}
        disabled={!!busy}
        aria-busy={busy === answer}
        aria-describedby={`${answer}-hint`}
        // The second click of a double click would press what takes this button's place.
        onClick={({ detail }) => detail < 2 && onAnswer(answer)}
      >
        {label}
      </button>
      <p id={`${answer}-hint`} class="soft">
        {children}
      </p>
    </div>
  );
}

/** Asks for a new link or a seat, or says that the person asked. `now`: it answers a click, so it takes the focus. */
export function Asking({ now, ...answering }: Answering & { now: boolean }) {
  const { found } = answering;
  const time = useNow();
  const what = askableFor(found);
  if (!what) return null;
  const organisation = found.organisation.name;
  if (found.askedAt)
    return (
      <Focus key="asked" now={now}>
        <Notice tone="good">
          <p>
            <strong>You asked for {(found.askedFor ?? what) === "seat" ? "a seat" : "a new link"}.</strong>{" "}
            {organisation} sees this. If it sends you a new email, open the link in that one.{" "}
            {what === "seat" && "No seat is reserved."}
          </p>
          <p class="soft">
            Asked: <When time={found.askedAt} now={time} />
          </p>
        </Notice>
      </Focus>
    );
  return (
    <Choice {...answering} key="ask" answer="ask" label={what === "seat" ? "Ask for a seat" : "Ask for a new link"}>
      {organisation} will see that you asked, and can send you a new email. {what === "seat" && "No seat is reserved."}{" "}
      {found.optedOut && "Asking allows its emails again."}
    </Choice>
  );
}

/** The ways to say no. */
export function Refusing(answering: Answering) {
  const { preview, obstacle, organisation, optedOut } = answering.found;
  const declinable = preview?.status === "pending" && !isOver(obstacle);
  if (optedOut && !declinable) return null;
  return (
    <section aria-labelledby="refusing">
      <h2 id="refusing">
        <Text>{declinable ? "Not for you?" : "No more invites?"}</Text>
      </h2>
      {declinable && (
        <Choice {...answering} answer="decline" label="No thanks">
          {organisation.name} will see that you declined, and when.{" "}
          {preview.expiresAt && `You can still accept until ${instant(preview.expiresAt)}.`}
        </Choice>
      )}
      {!optedOut && (
        <Choice {...answering} answer="opt-out" label="Not me / stop inviting me">
          No more invites from {organisation.name} will come to {preview?.email ?? "the invited address"}. It will see
          that you want none. You can undo this on this page.
        </Choice>
      )}
    </section>
  );
}

/** Says that the organisation's invites are stopped, and offers the way back. */
export function Stopped({ now, found, busy, onAnswer }: Answering & { now: boolean }) {
  if (!found.optedOut) return null;
  const acceptable = found.obstacle === null && found.preview?.status !== "accepted";
  return (
    <Focus now={now}>
      <Notice>
        <p>
          <strong>
            <Text>{`You stopped invites from ${found.organisation.name}.`}</Text>
          </strong>{" "}
          It sees that you want none, and its new invites do not reach you.{" "}
          {acceptable && "You can still accept this one."}
        </p>
        <p class="actions">
          <button
            type="button"
            class="secondary outline small"
            disabled={!!busy}
            aria-busy={busy === "opt-in"}
            onClick={({ detail }) => detail < 2 && onAnswer("opt-in")}
          >
            Allow invites again
          </button>
        </p>
      </Notice>
    </Focus>
  );
}
