import { expect, it } from "vitest";
import { Problem } from "../api";
import { hint } from "./status";

it.each([
  ["Too many requests.", undefined, "Try again in under a minute."],
  ["Too many requests.", 180, "Try again in 3 minutes."],
  ["Sending limit reached. You can send this invite again from 23 November 2026, 15:15 UTC.", 180, ""],
])("%s: the time to try again is said once", (detail, retryAfter, words) => {
  expect(hint(new Problem("too_many_requests", detail, 429, [], retryAfter))).toBe(words);
});
