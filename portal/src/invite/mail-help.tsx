/** A text for IT teams whose filters stop the mails. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Config, loadConfig } from "../config";
import { announce } from "../ui/status";

export function MailHelp() {
  const [config, setConfig] = useState<Config>();
  const [copied, setCopied] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // Sign-in has loaded the settings already.
    void loadConfig().then(setConfig);
  }, []);
  if (!config) return null;
  const text = [
    "Our staff receive invitations to a learning subscription by email. Please let these emails through, and do not rewrite their links:",
    "",
    `From: ${config.mailFrom}`,
    `Subject: ${config.mailSubject}`,
    `Subject of reminders: Reminder: ${config.mailSubject}`,
    `Links lead to: ${location.origin}`,
    "",
    "Opening a link accepts nothing: a person has to sign in and click a button.",
  ].join("\n");
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
    <details class="mail-help">
      <summary>Emails not arriving? Copy this for the IT team.</summary>
      <textarea ref={area} readOnly rows={9} value={text} aria-label="Text for the IT team" />
      <p class="actions">
        <button type="button" class="secondary outline small" onClick={() => void copy()}>
          Copy
        </button>
        <span class="soft">{copied}</span>
      </p>
    </details>
  );
}
