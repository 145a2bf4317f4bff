import { expect, it, vi } from "vitest";
import { Problem } from "../api";
import { spaced } from "../sample";
import { Announcer, announce, hint, wait } from "./status";

it("what screen readers are told does not stay on the next pages", () => {
  vi.useFakeTimers();
  const told = () => Announcer().props.children.props.children;
  announce("1 of 2 sent");
  vi.advanceTimersByTime(9_000);
  announce("2 of 2 sent");
  vi.advanceTimersByTime(9_999);
  expect(told()).toBe("2 of 2 sent");
  vi.advanceTimersByTime(1);
  expect(told()).toBe("");
  vi.useRealTimers();
});

it.each([
  ["Too many requests.", undefined, "Try again in a moment.", ""],
  ["Too many requests.", 1, "", "You can try again in 1 second."],
  ["Too many requests.", 180, "", "You can try again in 3 minutes."],
  ["Sending limit reached. You can send this invite again from 23 November 2026, 15:15 UTC.", 180, "", ""],
])("%s After %s s: the time to try again is said once", (detail, retryAfter, advice, countdown) => {
  const problem = new Problem("too_many_requests", detail, { status: 429, retryAfter });
  expect(hint(problem)).toBe(advice);
  expect(spaced(wait(problem, Date.now()))).toBe(countdown);
});

it("a request that changes nothing is repeated by itself, and the countdown says so", () => {
  const problem = new Problem("unavailable", "", { status: 503, retryAfter: 2 });
  const start = problem.retryAt! - 2000;
  expect([0, 900, 2000].map((passed) => spaced(wait(problem, start + passed, true)))).toEqual([
    "Trying again in 2 seconds.",
    "Trying again in 2 seconds.",
    "Trying again…",
  ]);
});
