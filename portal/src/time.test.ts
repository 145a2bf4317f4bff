import { expect, test } from "vitest";
import { fromNow } from "./time";

const now = Date.parse("2026-11-24T12:00:00Z");
const DAY = 86_400;

test.each([
  [-5, "just now"],
  [-90, "1 minute ago"],
  [-3 * 3600, "3 hours ago"],
  [-DAY, "yesterday"],
  [-21 * DAY, "3 weeks ago"],
  [-70 * DAY, "2 months ago"],
  [20, "in under a minute"],
  [28 * DAY - 3, "in 28 days"],
  [40 * DAY, "in 40 days"],
])("%i seconds from now are %s", (seconds, text) => {
  expect(fromNow(new Date(now + seconds * 1000).toISOString(), now)).toBe(text);
});
