import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Correction as Corrected, Invite, SendOutcome } from "../api";
import { editedOf } from "../storage";
import { confirm } from "../ui/confirm";
import { asProblem } from "../ui/load";
import { announce, hint } from "../ui/status";
import { Text } from "../ui/text";
import { declinedOn, hasDeclined, howStopped, isAsked, isOptedOut, type Known } from "./words";

const TOO_LATE = "Too late to stop: wait for the result.";

/** Loaded with the form: most visits correct nothing. */
const questions = () => import("./instead");

/** What was typed and not sent. */
export const editedCorrection = ({ id }: Invite) => editedOf<{ typed: string; name: string }>(`correction:${id}`);

/** Corrects an address or a name. What is asked about an address of a list is asked here too, and the person decides. */
export function Correction({
  deal,
  invite,
  full,
  busy,
  correcting,
  setCorrecting,
  onCorrect,
  onClose,
}: {
  deal: string;
  invite: Known;
  /** Whether no seat is free. */
  full: boolean;
  /** Whether an action on the invite is in progress. */
  busy: boolean;
  /** Whether that is the correction: it can no longer be taken back. */
  correcting: boolean;
  setCorrecting: (on: boolean) => void;
  onCorrect: (corrected: Corrected, isShown: () => boolean) => Promise<string | undefined>;
  onClose: () => void;
}) {
  const { email, sentAt } = invite;
  const edited = editedCorrection(invite);
  const [before] = useState(edited.kept);
  const [typed, setTyped] = useState(before?.typed ?? email);
  const [name, setName] = useState(before?.name ?? invite.name ?? "");
  const change = (typed: string, name: string) => {
    setTyped(typed);
    setName(name);
    setWrong(undefined);
    edited.keep(typed === email && name === (invite.name ?? "") ? undefined : { typed, name });
  };
  const [wrong, setWrong] = useState<string>();
  const [isTooLate, setTooLate] = useState(false);
  const close = () => {
    if (!correcting) {
      edited.keep(undefined);
      return onClose();
    }
    setTooLate(true);
    announce(TOO_LATE);
  };
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    // Unlike `select`, this scrolls.
    field.current?.focus();
    field.current?.select();
  }, []);
  const corrected = addressIn(typed.trim());
  const isRenamed = name.trim() !== (invite.name ?? "");
  /** Another spelling is no other address, and brings no email. */
  const isSame = spelling(corrected) === spelling(email);
  const isSaved = isSame && (isRenamed || corrected !== email);
  const [loaded, setLoaded] = useState<Awaited<ReturnType<typeof questions>>>();
  useEffect(() => void questions().then(setLoaded, () => undefined), []);
  const meant = loaded?.meantBy(deal, corrected);
  const submit = async () => {
    let found: Awaited<ReturnType<NonNullable<typeof loaded>["found"]>> | undefined;
    let doubts: string[] = [];
    if (!isSame) {
      try {
        const asking = await questions();
        found = await asking.found(deal, corrected);
        doubts = asking.question(invite, name, found, asking.usualIn(deal));
      } catch (error) {
        const problem = asProblem(error);
        // Unasked, a name could be lost. What else is wrong, the correction says.
        if (problem.temporary) {
          return setWrong(
            `The address was not checked, and nothing was sent. ${problem.detail} ${hint(problem)}`.trim(),
          );
        }
      }
    }
    const sure =
      doubts.length === 0 ||
      (await confirm({
        title: `Correct to ${corrected}?`,
        body: doubts.map((doubt) => (
          <p key={doubt}>
            <Text>{doubt}</Text>
          </p>
        )),
        action: "Correct and send",
        keep: "Look again",
      }));
    if (!sure) return;
    const refused = await onCorrect(
      { ...(corrected !== email && { email: corrected }), ...(isRenamed && { name: name.trim() }) },
      () => field.current !== null,
    );
    // The API's words would have the invite resent.
    const taken = refused && found && TAKEN[found.verdict.outcome];
    setWrong(taken ? `The person at ${corrected} ${taken}` : refused);
  };
  return (
    <form
      class="correction"
      aria-label={`Correct ${email}`}
      onKeyDown={(event) => event.key === "Escape" && close()}
      onSubmit={(event) => {
        event.preventDefault();
        if (busy || correcting) return;
        if (!corrected) return setWrong("Enter an address.");
        if (corrected === email && !isRenamed) return setWrong("Change the address or the name first.");
        setTooLate(false);
        setCorrecting(true);
        void submit().finally(() => (setCorrecting(false), field.current?.focus()));
      }}
    >
      {before && <p class="soft">You changed this before, and did not save it.</p>}
      <label>
        Correct address
        <input
          ref={field}
          type="text"
          inputMode="email"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={typed}
          {...(wrong && { "aria-invalid": "true" as const, "aria-describedby": "correction-wrong" })}
          onInput={(event) => change(event.currentTarget.value, name)}
        />
      </label>
      {wrong && (
        <p key={wrong} id="correction-wrong" class="wrong" role="alert">
          {wrong}
        </p>
      )}
      {meant && (
        <p key={meant}>
          <Text>{`Did you mean ${meant}?`}</Text>{" "}
          <button type="button" class="link" onClick={() => (change(meant, name), field.current?.focus())}>
            <Text>{`Use ${meant}`}</Text>
          </button>
        </p>
      )}
      <label>
        Name
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={name}
          onInput={(event) => change(typed, event.currentTarget.value)}
        />
      </label>
      {!isSaved && full && isAsked(invite) && invite.askedFor === "seat" && (
        <p>This person waits for a seat. A new invite ends the wait: to wait again, they have to ask again.</p>
      )}
      {!isSaved && isOptedOut(invite) && (
        <p>
          <Text>{`This person ${howStopped(invite)}. Use only an address that they gave you for invites.`}</Text>
        </p>
      )}
      {!isSaved && hasDeclined(invite) && <p>This person said no{declinedOn(invite)}: the new invite asks again.</p>}
      <p class="soft">
        The corrected address gets a new invite, unless it is the same one in another spelling.
        {sentAt && <Text>{` With a new invite, the links that were sent to ${email} stop working.`}</Text>}
      </p>
      <p class="actions">
        <button type="submit" class="small" aria-disabled={busy}>
          <Text>{isSaved ? "Save" : "Correct and send"}</Text>
        </button>
        <button type="button" class="secondary outline small" aria-disabled={correcting} onClick={close}>
          <Text>{isSaved ? "Don’t save" : "Keep address"}</Text>
        </button>
        {correcting && isTooLate && <span class="soft">{TOO_LATE}</span>}
      </p>
    </form>
  );
}

/** Why an address cannot be taken. */
const TAKEN: Partial<Record<SendOutcome, string>> = {
  already_accepted: "has a seat. Enter another address.",
  already_pending: "has a pending invite already. Enter another address, or cancel this invite.",
};

/** The same for all spellings of an address that the API does not tell apart, but for domains in punycode. */
const spelling = (address: string) => address.normalize("NFKC").toLowerCase();

/** `ann@example.com` of `Ann Roe <ann@example.com>`. */
const addressIn = (typed: string) => /^[^<>@]*<([^<>\s]+@[^<>\s]+)>$/.exec(typed)?.[1] ?? typed;
