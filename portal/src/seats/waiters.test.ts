import { expect, it } from "vitest";
import { INVITE } from "../sample";
import { waitingOf } from "./waiters";
import type { Known } from "./words";

const asked: Known = { ...INVITE, askedAt: "2026-11-20T00:00:00Z", askedFor: "link" };
const stopped: Known = { ...asked, id: "bob", optedOut: true };
const neverAsked: Known = { ...INVITE, id: "cat", optedOut: true };

it.each<[asked: number, exactUpTo: number, rows: Known[], waiting: number]>([
  [1, 1000, [stopped], 0],
  [2, 1000, [asked, stopped, neverAsked], 1],
  [2, 1000, [asked, { ...stopped, optedOut: false }], 2],
  // The count is a lower limit.
  [11, 10, [stopped], 11],
])(
  "of %i who asked (exact up to %i), those who stopped invites since do not wait",
  (asked, exactUpTo, rows, waiting) => {
    expect(waitingOf({ asked, exactUpTo }, rows)).toBe(waiting);
  },
);
