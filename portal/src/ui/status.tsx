/** Messages of a page: results, failures, waiting. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../api";
import { fromNow } from "../time";
import { Text } from "./text";

const said = signal("");

/** Tells screen readers only: a message for everybody must be visible as well. */
export function announce(text: string) {
  // A live region reads a repeated text only if it differs.
  said.value = said.value === text ? `${text}\u00a0` : text;
}

/** The live region. Each page has one. */
export const Announcer = () => (
  <p class="visually-hidden" role="status">
    <Text>{said.value}</Text>
  </p>
);

export function Notice({
  tone = "plain",
  children,
  onClose,
}: {
  tone?: "plain" | "good" | "warn" | "bad";
  children: ComponentChildren;
  onClose?: () => void;
}) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <div>{children}</div>
      {onClose && (
        <button type="button" class="plain" onClick={onClose} aria-label="Dismiss">
          ×
        </button>
      )}
    </div>
  );
}

/** What failed, and what to do. */
export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }) {
  // The portal shows this one above every page.
  if (problem.code === "session_over") return null;
  return (
    <Notice tone="bad">
      <p key={problem}>
        <strong>{problem.detail}</strong> {hint(problem)}
      </p>
      {retry && problem.code !== "no_permission" && (
        <button type="button" class="small" onClick={retry}>
          Try again
        </button>
      )}
    </Notice>
  );
}

/** What to do, unless the problem's detail already says so. */
export function hint(problem: Problem): string {
  if (problem.code === "offline") return "Check your internet connection, then try again.";
  if (problem.code === "no_permission")
    return "Sign in with another account, or ask the learning manager at your organisation.";
  if (problem.status === 429) {
    // The API's detail of a sending limit says when to try again. The gateway's refusal has no time.
    if (problem.detail.endsWith(" UTC.")) return "";
    const now = Date.now();
    return `Try again ${fromNow(new Date(now + (problem.retryAfter ?? 1) * 1000).toISOString(), now)}.`;
  }
  if (problem.temporary) return "Try again in a moment.";
  return "";
}

/** Placeholders for content that is loading. The text appears only after a while, so that it does not flicker. */
export function Waiting({ what, rows = 3 }: { what: string; rows?: number }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 4000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="waiting" role="status">
      <span class="visually-hidden">{what}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="bone" aria-hidden="true" />
      ))}
      {slow && <p class="soft">Still waiting: the connection seems slow.</p>}
    </div>
  );
}
