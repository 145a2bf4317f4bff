/** A text to copy. */
import { useRef, useState } from "preact/hooks";
import { announce } from "../ui/status";

export function CopyText({ label, text, rows }: { label: string; text: string; rows: number }) {
  const [copied, setCopied] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const copy = async () => {
    const tell = (words: string) => (setCopied(words), announce(words));
    try {
      await navigator.clipboard.writeText(text);
      tell("Copied");
    } catch {
      area.current?.select();
      tell("The text is selected. Copy it with your keyboard.");
    }
  };
  return (
    <>
      <textarea ref={area} readOnly rows={rows} value={text} aria-label={label} />
      <p class="actions">
        <button type="button" class="secondary outline small" onClick={() => void copy()}>
          Copy
        </button>
        <span class="soft">{copied}</span>
      </p>
    </>
  );
}
