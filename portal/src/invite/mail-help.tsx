/** A text for IT teams whose filters stop the mails. */
import { useEffect, useState } from "preact/hooks";
import { type Config, loadConfig } from "../config";
import { CopyText } from "./copy-text";

export function MailHelp() {
  const [config, setConfig] = useState<Config>();
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
  return (
    <details class="mail-help">
      <summary>Emails not arriving? Copy this for the IT team.</summary>
      <CopyText label="Text for the IT team" text={text} rows={9} />
    </details>
  );
}
