/** What the page has to say: results, waiting, failures. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../api";
import { fromNow } from "../time";
import { Text } from "./text";

const said = signal("");

/** Says something to those who listen to the page; what is seen has to stand on the page as well. */
export function announce(text: string) {
  // The same words twice are two messages only if something else stood there between.
  said.value = said.value === text ? `${text}\u00a0` : text;
}

/** The page's live region; once in a page. */
export const Announcer = () => <p class="visually-hidden" role="status"><Text>{said.value}</Text></p>;

/** The result of what somebody did, where they did it. */
export function Notice({ tone = "plain", children, onClose }: {
  tone?: "plain" | "good" | "bad";
  children: ComponentChildren;
  onClose?: () => void;
}) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <div>{children}</div>
      {onClose && <button type="button" class="plain" onClick={onClose} aria-label="Dismiss">×</button>}
    </div>
  );
}

/** A failure, in words, with what to do next. */
export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }) {
  // That stands above every page, with the way to sign in again.
  if (problem.code === "session_over") return null;
  return (
    <Notice tone="bad">
      <p key={problem}><strong>{problem.detail}</strong> {hint(problem)}</p>
      {retry && problem.code !== "no_permission" && <button type="button" class="small" onClick={retry}>Try again</button>}
    </Notice>
  );
}

function hint(problem: Problem): string {
  if (problem.code === "offline") return "Check your connection, then try again.";
  if (problem.code === "no_permission") return "Ask whoever manages learning in your organisation, or sign in with another account.";
  if (problem.status === 429) {
    const now = Date.now();
    return `Try again ${fromNow(new Date(now + (problem.retryAfter ?? 1) * 1000).toISOString(), now)}.`;
  }
  if (problem.passing) return "Try again in a moment.";
  return "";
}

/** Waiting, said only when it lasts: what comes at once should not flicker. */
export function Waiting({ what, rows = 3 }: { what: string; rows?: number }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 4000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="waiting" role="status">
      <span class="visually-hidden">{what}</span>
      {Array.from({ length: rows }, (_, row) => <div key={row} class="bone" aria-hidden="true" />)}
      {slow && <p class="soft">Still waiting: the connection seems slow.</p>}
    </div>
  );
}
