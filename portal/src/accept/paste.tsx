/** A field for a link that does not open. */

import { useRef, useState } from "preact/hooks";
import { kept } from "../storage";
import { Text } from "../ui/text";
import { BEFORE, isElsewhere, keepToken, tokenPasted } from "./token";

export function Paste({ label }: { label: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState<string>();
  const submit = (event: Event) => {
    event.preventDefault();
    const text = field.current!.value;
    const pasted = tokenPasted(text, location.host);
    if (pasted) return keepToken(pasted);
    setWrong(isElsewhere(text, location.host) ? HIDDEN : INCOMPLETE);
    field.current!.focus();
  };
  // If the mail's button was copied, the link is only in the copied HTML.
  const paste = (event: ClipboardEvent) => {
    const copied = (type: string) => event.clipboardData?.getData(type) ?? "";
    const behind = tokenPasted(copied("text/html"), location.host);
    if (!behind || tokenPasted(copied("text/plain"), location.host)) return;
    event.preventDefault();
    field.current!.value = `${location.origin}/accept#${behind}`;
  };
  const before = kept(BEFORE);
  return (
    <form class="paste" onSubmit={submit} noValidate>
      {before && (
        <button type="button" class="outline" onClick={() => keepToken(before)}>
          Back to your invitation
        </button>
      )}
      <label for="link">{label}</label>
      <input
        ref={field}
        id="link"
        type="text"
        inputMode="url"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onPaste={paste}
        {...(wrong && { "aria-invalid": "true" as const })}
        aria-describedby="link-hint"
      />
      <p id="link-hint" class={wrong ? "wrong" : "soft"} role={wrong ? "alert" : undefined}>
        <Text>{wrong ?? "It starts with https:// and is long. Copy all of it."}</Text>
      </p>
      <button type="submit" class="outline">
        Show the invitation
      </button>
    </form>
  );
}

const INCOMPLETE = "This is not a complete link from the email. Copy all of it, from https:// to the last letter.";
const HIDDEN = "This link leads to another site, such as a mail filter. Open it in your browser instead.";
