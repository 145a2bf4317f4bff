/** For when mails don't arrive: what an IT team has to know to let them through. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Config, loadConfig } from "../config";
import { announce } from "../ui/status";

export function MailHelp() {
  const [config, setConfig] = useState<Config>();
  const [copied, setCopied] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // It is loaded already: signing in took it.
    void loadConfig().then(setConfig);
  }, []);
  if (!config) return null;
  const text = [
    "Our staff get invitations to a learning subscription by mail. Please let these mails through, and don’t rewrite their links:",
    "",
    `From: ${config.mailFrom}`,
    `Subject: ${config.mailSubject}`,
    `Links lead to: ${location.origin}`,
    "",
    "Following a link accepts nothing by itself: a person has to sign in and to click.",
  ].join("\n");
  const copy = async () => {
    const say = (words: string) => (setCopied(words), announce(words));
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      area.current?.select();
      say("Selected: copy it with your keyboard");
    }
  };
  return (
    <details class="mail-help">
      <summary>Not arriving? Copy this for your IT team.</summary>
      <textarea ref={area} readOnly rows={7} value={text} aria-label="Text for your IT team" />
      <p class="actions">
        <button type="button" class="secondary outline small" onClick={() => void copy()}>Copy</button>
        <span class="soft">{copied}</span>
      </p>
    </details>
  );
}
