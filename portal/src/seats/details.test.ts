import { afterEach, expect, test, vi } from "vitest";
import type { Invite, InviteDetail } from "../api";
import { INVITE } from "../sample";
import { replacementOf, rowsToRead, withoutCorrected } from "./details";

afterEach(() => vi.unstubAllGlobals());

const MANAGER = "max@acme.example";
const AT = "2026-11-20T10:00:00Z";
const SECOND_LATER = "2026-11-20T10:00:01Z";
const corrected = (at: string, by = MANAGER): InviteDetail["history"][number] => ({ at, event: "corrected", by });
const detail = (email: string, change: Partial<InviteDetail>): InviteDetail => ({
  ...INVITE,
  id: email,
  email,
  optedOut: false,
  history: [],
  ...change,
});

/** Answers the search with these invites, and each one's details. */
function answer(invites: InviteDetail[]) {
  const asked: string[] = [];
  const rows: Invite[] = invites.map(({ optedOut, history, ...row }) => row);
  const deal = { id: "d", name: "", organisation: { id: "", name: "" }, startsAt: "", endsAt: "", state: "active" };
  const page = { deal, seats: { total: 1, allocated: 0, available: 1 }, invites: rows, nextCursor: null };
  vi.stubGlobal("fetch", async (path: string, { body }: { body?: string } = {}) => {
    asked.push(body ?? path);
    const found = invites.find(({ id }) => path.endsWith(`/${id}`));
    return Response.json(path.endsWith("/search") ? page : found);
  });
  return asked;
}

const OLD = detail("ann@gmial.com", { status: "cancelled", history: [corrected(AT)] });
const NEW = detail("ann@gmail.com", { queuedAt: SECOND_LATER, history: [corrected(SECOND_LATER)] });
const RESENT = { ...NEW, queuedAt: "2026-11-24T00:00:00Z", sends: 2 };
const EARLIER = detail("anna@acme.example", { queuedAt: "2026-11-01T00:00:00Z" });
const SAME_TIME = detail("anton@acme.example", { queuedAt: AT });
const BY_ANOTHER = detail("anja@acme.example", { queuedAt: AT, history: [corrected(AT, "pat@acme.example")] });
test.each([
  ["found by the time and the manager", [EARLIER, SAME_TIME, BY_ANOTHER, NEW], "ann@gmail.com"],
  ["found after a resend", [RESENT], "ann@gmail.com"],
  ["unknown if it was cancelled, or begins differently", [EARLIER], undefined],
  ["unknown if two could be meant", [NEW, { ...NEW, id: "ann@acme.example" }], undefined],
] as const)("the invite to a corrected address is %s", async (_, invites, email) => {
  answer([...invites]);
  expect((await replacementOf("d", OLD))?.email).toBe(email);
});

test("a long list costs one search and the details of five", async () => {
  const asked = answer(Array.from({ length: 50 }, (_, n) => detail(`ann${n}@acme.example`, { queuedAt: AT })));
  await replacementOf("d", OLD);
  expect(asked[0]).toBe('{"email":"ann","limit":200}');
  expect(asked).toHaveLength(6);
});

test("details are read of a few rows that lists do not tell all of", () => {
  const cancelled = ["a", "b", "c", "d", "e"].map((id) => detail(id, { status: "cancelled" }));
  expect(rowsToRead([...cancelled, detail("f", {})])).toEqual(cancelled);
  expect(rowsToRead([...cancelled, { ...OLD, corrected: true }])).toEqual(cancelled);
  expect(rowsToRead([...cancelled, OLD])).toEqual([]);
});

test("of removed invites, those that were not corrected can be invited again", async () => {
  const cancelled = Array.from({ length: 11 }, (_, at) => detail(`p${at}@acme.example`, { status: "cancelled" }));
  const released = detail("leaver@acme.example", { status: "released" });
  const asked = answer([...cancelled, OLD]);
  const read: number[] = [];
  const again = await withoutCorrected("d", [...cancelled, released, OLD], (count) => read.push(count) > 0);
  expect(again.map(({ email }) => email)).toEqual([...cancelled, released].map(({ email }) => email));
  expect(read).toEqual([0, 10]);
  // What is known is not read again.
  expect(await withoutCorrected("d", again, () => true)).toHaveLength(12);
  expect(asked).toHaveLength(12);
});
