/** Messages of a page: results, failures, waiting. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api";
import { fromNow, inSeconds } from "../time";
import { Text } from "./text";

const said = signal("");

/** How long an announcement stays, in milliseconds: later, it may no longer be true. */
const ANNOUNCED = 10_000;
let ending: ReturnType<typeof setTimeout> | undefined;

/** Tells screen readers only: a message for everybody must be visible as well. */
export function announce(text: string) {
  // A live region reads a repeated text only if it differs.
  said.value = said.value === text ? `${text}\u00a0` : text;
  clearTimeout(ending);
  ending = setTimeout(() => (said.value = ""), ANNOUNCED);
}

/** The live region. Each page has one. */
export const Announcer = () => (
  <p class="visually-hidden" role="status">
    <Text>{said.value}</Text>
  </p>
);

/** What a person presses to do the next thing. */
const CONTROLS = "a, button, input, label, select, summary, textarea";

/** Closes a message once the person does the next thing: presses something else, swipes, or goes back. */
function usePassing(close: (() => void) | undefined) {
  const here = useRef<HTMLDivElement>(null);
  const latest = useRef(close);
  latest.current = close;
  const passes = close !== undefined;
  useEffect(() => {
    if (!passes) return;
    const ended = new AbortController();
    const on = (type: string, then: (event: Event) => void) =>
      addEventListener(type, then, { capture: true, signal: ended.signal });
    const closeFor = ({ target }: Event, what: string) => {
      if (!(target instanceof Element) || !target.closest(what) || here.current?.contains(target)) return;
      // Later, because a render within the click would undo the change of a checkbox.
      setTimeout(() => ended.signal.aborted || latest.current?.());
    };
    on("click", (event) => closeFor(event, CONTROLS));
    // A swipe that began before the message came does not close it.
    on("touchstart", () => on("touchmove", (event) => closeFor(event, "*")));
    on("popstate", () => latest.current?.());
    return () => ended.abort();
  }, [passes]);
  return here;
}

/** A good one passes, if it can be closed. */
export function Notice({
  tone = "plain",
  children,
  onClose,
}: {
  tone?: "plain" | "good" | "warn" | "bad";
  children: ComponentChildren;
  /** `event`: the click, unless the message passed. */
  onClose?: (event?: MouseEvent) => void;
}) {
  const here = usePassing(tone === "good" ? onClose : undefined);
  return (
    <div ref={here} class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <div>{children}</div>
      {onClose && (
        <button type="button" class="plain" onClick={onClose} aria-label="Dismiss">
          ×
        </button>
      )}
    </div>
  );
}

/**
 * What failed, for whom if there is a `text`, and what to do. `reload` only reads, so the page may do it by itself; `retry` waits
 * for the person.
 */
export function Failure({
  problem,
  text,
  advice = hint(problem),
  reload,
  retry = reload,
  onClose,
}: {
  problem: Problem;
  text?: string;
  advice?: string;
  reload?: () => void;
  retry?: (() => void) | undefined;
  onClose?: (event?: MouseEvent) => void;
}) {
  const when = useRetry(problem, reload);
  // The portal says above every page that the session has ended. What was not done because of that is said here.
  if (problem.code === "session_over" && !text) return null;
  return (
    <Notice tone="bad" {...(onClose && { onClose })}>
      <p key={problem}>
        {problem.code !== "session_over" && (
          <strong>
            <Text>{problem.detail}</Text>
          </strong>
        )}{" "}
        {text} {advice} <Countdown>{when}</Countdown>
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
  if (problem.code === "session_over") return "Sign in again, then repeat it.";
  if (problem.code === "offline") return "Check your internet connection, then try again.";
  if (problem.code === "no_permission")
    return "Sign in with another account, or ask the learning manager at your organisation.";
  if (problem.code === "defect") return "Reload this page, then try again.";
  if (problem.code === "unreadable")
    return "If this network asks you to sign in, do that first. Then reload this page.";
  // The countdown, or the API's detail of a sending limit, says when.
  if (problem.retryAt !== undefined || !problem.temporary) return "";
  return "Try again in a moment.";
}

/** When to try again; empty if that is not known, or if the problem's detail already says so. */
export function wait({ retryAt, detail }: Problem, now: number, isRepeated = false): string {
  if (retryAt === undefined || detail.endsWith(" UTC.")) return "";
  const seconds = Math.ceil((retryAt - now) / 1000);
  if (seconds <= 0) return isRepeated ? "Trying again…" : "You can try again now.";
  const when = seconds > 90 ? fromNow(new Date(retryAt).toISOString(), now) : inSeconds(seconds);
  return `${isRepeated ? "Trying again" : "You can try again"} ${when}.`;
}

/** Counts down to the next attempt, and then reloads by itself what only reads. Returns the countdown in words. */
export function useRetry(problem: Problem, reload: (() => void) | undefined): string {
  const [now, setNow] = useState(Date.now);
  const again = useRef(reload);
  again.current = reload;
  useEffect(() => {
    if (problem.retryAt === undefined) return;
    setNow(Date.now());
    const timer = setInterval(() => {
      setNow(Date.now());
      if (Date.now() < problem.retryAt!) return;
      clearInterval(timer);
      again.current?.();
    }, 1000);
    return () => clearInterval(timer);
  }, [problem]);
  return wait(problem, now, reload !== undefined);
}

/** A text that changes every second, which screen readers do not read out each time. */
export const Countdown = ({ children }: { children: string }) =>
  children ? (
    <span role="timer">
      <Text>{children}</Text>
    </span>
  ) : null;

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
