import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Invite } from "../api";
import { suggestionFor } from "../invite/suggestion";
import { Text } from "../ui/text";
import { declinedOn, hasDeclined } from "./words";

/** Corrects an address. A mistyped mail host is pointed out, and the person decides. */
export function Correction({
  invite,
  busy,
  onCorrect,
  onClose,
}: {
  invite: Invite;
  busy: boolean;
  onCorrect: (email: string, isShown: () => boolean) => Promise<string | undefined>;
  onClose: () => void;
}) {
  const { email, sentAt } = invite;
  const [typed, setTyped] = useState(email);
  const [wrong, setWrong] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.select(), []);
  const corrected = typed.trim();
  const meant = suggestionFor(corrected);
  return (
    <form
      class="correction"
      aria-label={`Correct ${email}`}
      onSubmit={async (event) => {
        event.preventDefault();
        if (busy) return;
        if (!corrected || corrected === email)
          return setWrong(corrected ? "Change the address first." : "Enter an address.");
        setWrong(await onCorrect(corrected, () => field.current !== null));
        field.current?.focus();
      }}
    >
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
          onInput={(event) => (setTyped(event.currentTarget.value), setWrong(undefined))}
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
          <button type="button" class="link" onClick={() => (setTyped(meant), field.current?.focus())}>
            <Text>{`Use ${meant}`}</Text>
          </button>
        </p>
      )}
      {hasDeclined(invite) && <p>This person said no{declinedOn(invite)}: the new invite asks again.</p>}
      <p class="soft">
        The corrected address gets a new invite.
        {sentAt && <Text>{` The links that were sent to ${email} stop working.`}</Text>}
      </p>
      <p class="actions">
        <button type="submit" class="small" aria-disabled={busy}>
          Correct and send
        </button>
        <button type="button" class="secondary outline small" onClick={onClose}>
          Keep address
        </button>
      </p>
    </form>
  );
}
