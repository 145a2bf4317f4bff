import { expect, test } from "vitest";
import type { Deal, DealWithSeats } from "../api";
import { endsSoon, successorsOf } from "./ending";

const NOW = Date.parse("2026-11-25T00:00:00Z");
const deal = (id: string, startsAt: string, endsAt: string, state: Deal["state"] = "active", available = 5) =>
  ({ id, startsAt, endsAt, state, seats: { total: 9, allocated: 9 - available, available } }) as DealWithSeats;

test.each([
  ["2026-12-25T00:00:00Z", "active", true],
  ["2026-12-25T00:00:01Z", "active", false],
  ["2026-12-01T00:00:00Z", "upcoming", false],
  ["2026-11-01T00:00:00Z", "ended", false],
] as const)("a deal that ends at %s and is %s ends soon: %s", (endsAt, state, soon) => {
  expect(endsSoon(deal("d", "2026-01-01T00:00:00Z", endsAt, state), NOW)).toBe(soon);
});

const OLD = deal("old", "2025-12-01T00:00:00Z", "2026-12-01T00:00:00Z");
const SPRING = deal("spring", "2026-12-01T00:00:00Z", "2027-06-01T00:00:00Z", "upcoming");
const YEAR = deal("year", "2026-12-02T00:00:00Z", "2027-12-01T00:00:00Z", "upcoming");
const SHORT = deal("short", "2025-12-01T00:00:00Z", "2026-12-01T00:00:00Z");
const HOURS = deal("hours", "2025-12-01T00:00:00Z", "2026-12-01T10:00:00Z");
const FULL = deal("full", "2026-06-01T00:00:00Z", "2028-01-01T00:00:00Z", "active", 0);
test.each([
  [
    "the one that runs longest first, not the one that ends hours later",
    [HOURS, SPRING, OLD, YEAR],
    [YEAR, SPRING, HOURS],
  ],
  ["those with a free seat before a full one, even if that one runs longer", [FULL, YEAR, OLD], [YEAR, FULL]],
  ["a full one, if no other runs on", [FULL, OLD, SHORT], [FULL]],
  ["none, if none ends later", [OLD, SHORT], []],
] as const)("the successors are %s", (_, deals, successors) => {
  expect(successorsOf(OLD, [...deals])).toEqual(successors);
});
