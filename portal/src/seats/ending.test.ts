import { expect, test } from "vitest";
import type { Deal, DealWithSeats } from "../api";
import { endsSoon, successorOf } from "./ending";

const NOW = Date.parse("2026-11-25T00:00:00Z");
const deal = (id: string, endsAt: string, state: Deal["state"] = "active") => ({ id, endsAt, state }) as DealWithSeats;

test.each([
  ["2026-12-25T00:00:00Z", "active", true],
  ["2026-12-25T00:00:01Z", "active", false],
  ["2026-12-01T00:00:00Z", "upcoming", false],
  ["2026-11-01T00:00:00Z", "ended", false],
] as const)("a deal that ends at %s and is %s ends soon: %s", (endsAt, state, soon) => {
  expect(endsSoon(deal("d", endsAt, state), NOW)).toBe(soon);
});

test("the successor is the deal that ends last, if it ends later", () => {
  const old = deal("old", "2026-12-01T00:00:00Z");
  const next = deal("next", "2027-12-01T00:00:00Z", "upcoming");
  const other = deal("other", "2027-01-01T00:00:00Z");
  expect(successorOf(old, [other, old, next])).toBe(next);
  expect(successorOf(next, [other, old, next])).toBeUndefined();
});
