import { expect, test } from "vitest";
import type { Invite } from "../api";
import { atLeast, moreThanSeats } from "./deal-head";
import { exactCount, moveCount, moved, moveSeat, tabCount, withRows } from "./numbers";

const counts = { pending: 3, accepted: 2, expired: 1, declined: 4, asked: 0, undelivered: 0, exactUpTo: 1000 };

test("a count is exact up to the limit, and “+” above it", () => {
  expect([0, 999, 1000, 1001].map((count) => atLeast(count, 1000))).toEqual(["0", "999", "1,000", "1,000+"]);
  expect(tabCount({ ...counts, pending: 1001 }, "pending")).toBe("1,000+");
  expect(tabCount({ ...counts, accepted: 5000 }, "accepted")).toBe("5,000");
  expect(tabCount({ ...counts, undelivered: 1001 }, "undelivered")).toBe("1,000+");
  expect(tabCount({ ...counts, asked: 1001 }, "asked")).toBe("1,000+");
  expect(tabCount(counts, undefined)).toBe("10");
  expect(tabCount({ ...counts, expired: 1001 }, undefined)).toBe("1,009+");
  expect(tabCount({ ...counts, declined: 1001 }, undefined)).toBe("1,006+");
});

test("an action moves an invite from one count to another", () => {
  expect(moveCount(counts, "expired", "pending")).toEqual({ ...counts, pending: 4, expired: 0 });
  expect(moveCount(counts, "pending", undefined)).toEqual({ ...counts, pending: 2 });
  expect(moveCount(counts, "declined", "pending")).toEqual({ ...counts, pending: 4, declined: 3 });
  expect(moveCount(counts, "accepted", undefined)).toEqual({ ...counts, accepted: 1 });
  expect(moveCount({ ...counts, expired: 1001 }, "expired", "pending")).toEqual({
    ...counts,
    pending: 4,
    expired: 1001,
  });
});

test("a status change allocates or frees a seat", () => {
  const seats = { total: 5, allocated: 2, available: 3 };
  expect(moveSeat(seats, "accepted", undefined)).toEqual({ total: 5, allocated: 1, available: 4 });
  expect(moveSeat(seats, "pending", "accepted")).toEqual({ total: 5, allocated: 3, available: 2 });
  expect(moveSeat(seats, "expired", "pending")).toEqual(seats);
});

test("a resend leaves the counts of mails that were not delivered and of people who wait", () => {
  const numbers = {
    seats: { total: 5, allocated: 2, available: 3 },
    counts: { ...counts, undelivered: 1 },
    at: 0,
    isStale: false,
  };
  const row = (state: Invite["delivery"]["state"], askedAt: string | null = null) =>
    ({ status: "pending", askedAt, delivery: { state } }) as Invite;
  expect(moved(numbers, row("bounced"), row("queued")).counts).toEqual(counts);
  expect(moved(numbers, row("bounced"), undefined).counts).toEqual({ ...counts, pending: 2 });
  expect(moved(numbers, row("sent"), row("bounced")).counts.undelivered).toBe(2);
  // Who asked counts as waiting, and not twice.
  const asked = { ...numbers, counts: { ...counts, asked: 1 } };
  expect(moved(asked, row("bounced", "2026-11-01T00:00:00Z"), row("queued")).counts).toEqual(counts);
});

test("a list's number is known exactly up to the limit", () => {
  expect(exactCount(counts, undefined)).toBe(10);
  expect(exactCount({ ...counts, expired: 1001 }, undefined)).toBeUndefined();
  expect(exactCount({ ...counts, expired: 1001 }, "expired")).toBeUndefined();
  expect(exactCount({ ...counts, accepted: 5000 }, "accepted")).toBe(5000);
  expect(exactCount(counts, "removed")).toBeUndefined();
});

test("where all invites are known, no tab ends its number with “+”", () => {
  const seats = { total: 5, allocated: 2, available: 3 };
  const row = (status: Invite["status"], state = "sent") => ({ status, askedAt: null, delivery: { state } }) as Invite;
  const rows = [...Array(1100).fill(row("pending")), row("pending", "bounced"), row("declined"), row("accepted")];
  expect(withRows(counts, seats, rows)).toBe(counts);
  const exact = withRows({ ...counts, pending: 1001 }, seats, rows);
  expect(
    [undefined, "pending", "accepted", "declined", "undelivered"].map((list) => tabCount(exact, list as never)),
  ).toEqual(["1,104", "1,101", "2", "1", "1"]);
  expect(exactCount(exact, "pending")).toBe(1101);
});

test.each<[pending: number, due: number, begin: string]>([
  [0, 3000, "3,000 people may"],
  [1000, 3000, "4,000 people may"],
  [1001, 3000, "4,000+ people may"],
])("%i pending and %i due: %s", (pending, due, begin) => {
  expect(
    moreThanSeats(due, { ...counts, pending }, { total: 9, allocated: 0, available: 9 }).slice(0, begin.length),
  ).toBe(begin);
});
