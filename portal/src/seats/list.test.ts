import { expect, it } from "vitest";
import { INVITE } from "../sample";
import { isPast } from "./list";

const EXPIRES = "2026-11-28T00:00:00Z";
const BEFORE = Date.parse(EXPIRES) - 5_000;
it.each([
  ["expired", BEFORE, true],
  ["declined", BEFORE, false],
  ["declined", Date.parse(EXPIRES), true],
  ["pending", Date.parse(EXPIRES), false],
] as const)("of a row that is %s, the expiry is over when the row says so: %#", (status, now, over) => {
  expect(isPast({ ...INVITE, status }, EXPIRES, now)).toBe(over);
});
