import { afterEach, expect, test, vi } from "vitest";
import type { Counts, Invite, InviteDetail } from "../api";
import { INVITE } from "../sample";
import { correctedFrom, countsOf, replacementOf, rowsToRead, toInviteAgain } from "./details";

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

/** The row of a list. */
const asRow = ({ optedOut, history, ...row }: InviteDetail): Invite => row;

/** Answers the search and the list with these invites, and each one's details. */
function answer(invites: InviteDetail[], counts?: Counts) {
  const asked: string[] = [];
  const rows = invites.map(asRow);
  const deal = { id: "d", name: "", organisation: { id: "", name: "" }, startsAt: "", endsAt: "", state: "active" };
  const seats = { total: 1, allocated: 0, available: 1 };
  vi.stubGlobal("fetch", async (path: string, { body }: { body?: string } = {}) => {
    asked.push(body ?? path);
    const found = invites.find(({ id }) => path.endsWith(`/${id}`));
    if (path.endsWith("/counts")) return Response.json(counts);
    if (!/\/search$|\/seats\?/.test(path)) return Response.json(found);
    const isIn = ({ email, removedAt }: Invite) =>
      (path.includes("status=removed") ? removedAt !== null : removedAt === null) &&
      (!body || email.startsWith(JSON.parse(body).email));
    return Response.json({ deal, seats, invites: rows.filter(isIn), nextCursor: null });
  });
  return asked;
}

const OLD = detail("ann@gmial.com", { status: "cancelled", removedAt: AT, history: [corrected(AT)] });
const NEW = detail("ann@gmail.com", { queuedAt: SECOND_LATER, history: [corrected(SECOND_LATER)] });
const LATER = "2026-11-23T00:00:00Z";
const CANCELLED = { ...NEW, status: "cancelled" as const, removedAt: LATER };
const CORRECTED = { ...CANCELLED, history: [corrected(LATER), corrected(SECOND_LATER)] };
const NEXT = detail("anne@gmail.com", { queuedAt: LATER, history: [corrected(LATER)] });
const RESENT = { ...NEW, queuedAt: "2026-11-24T00:00:00Z", sends: 2 };
const EARLIER = detail("anna@acme.example", { queuedAt: "2026-11-01T00:00:00Z" });
const SAME_TIME = detail("anton@acme.example", { queuedAt: AT });
const BY_ANOTHER = detail("anja@acme.example", { queuedAt: AT, history: [corrected(AT, "pat@acme.example")] });
test.each([
  ["found by the time and the manager", [EARLIER, SAME_TIME, BY_ANOTHER, NEW], "ann@gmail.com"],
  ["found after a resend", [RESENT], "ann@gmail.com"],
  ["found if it was cancelled", [OLD, CANCELLED], "ann@gmail.com"],
  ["found if it was corrected again", [OLD, CORRECTED, NEXT], "ann@gmail.com"],
  ["found if it begins with other letters", [OLD, EARLIER, { ...NEW, email: "roe@home.example" }], "roe@home.example"],
  ["unknown if it is in no list", [OLD, EARLIER], undefined],
  ["unknown if two could be meant", [NEW, { ...NEW, id: "ann@acme.example" }], undefined],
] as const)("the invite to a corrected address is %s", async (_, invites, email) => {
  answer([...invites]);
  expect((await replacementOf("d", OLD))?.email).toBe(email);
});

test.each([
  ["the invite that was removed at that time", [AT], true],
  ["nobody, if another one was removed at that time", [AT, SECOND_LATER], false],
  ["nobody, if it is no longer kept", [], false],
])("an invite was corrected from the address of %s", async (_, times, isFound) => {
  answer(times.map((removedAt, at) => detail(`old${at}@acme.example`, { status: "cancelled", removedAt })));
  const fresh = detail("ann@acme.example", { history: [{ at: AT, event: "invited", by: MANAGER }, corrected(AT)] });
  expect(await correctedFrom("d", fresh)).toBe(isFound ? "old0@acme.example" : undefined);
});

test("a long list costs a search and two pages, each with the details of five", async () => {
  const asked = answer(Array.from({ length: 50 }, (_, n) => detail(`ann${n}@acme.example`, { queuedAt: AT })));
  await replacementOf("d", OLD);
  expect(asked[0]).toBe('{"email":"ann","limit":200}');
  // It found nobody: two more lists, and the details of five others.
  expect(asked).toHaveLength(6 + 2 + 5);
});

test("details are read of a few rows that lists do not tell all of", () => {
  const cancelled = ["a", "b", "c", "d", "e"].map((id) =>
    detail(id, { status: id === "a" ? "released" : "cancelled" }),
  );
  expect(rowsToRead([...cancelled, detail("f", {})])).toEqual(cancelled);
  expect(rowsToRead([...cancelled, { ...OLD, corrected: true }])).toEqual(cancelled);
  expect(rowsToRead([...cancelled, OLD])).toEqual([]);
  // The new invite may be removed since it was found.
  const found = { ...OLD, corrected: true, correctedTo: NEW.email, isNewRemoved: false };
  expect(rowsToRead([found])).toEqual([found]);
  expect(rowsToRead([{ ...found, isNewRemoved: true }])).toEqual([]);
});

test("of removed invites, those of people who were not corrected and did not stop invites can be invited again", async () => {
  const cancelled = Array.from({ length: 11 }, (_, at) => detail(`p${at}@acme.example`, { status: "cancelled" }));
  const released = detail("leaver@acme.example", { status: "released" });
  const stopped = detail("stopped@acme.example", { status: "released", optedOut: true });
  const asked = answer([...cancelled, released, stopped, OLD]);
  const read: number[] = [];
  const rows = [...cancelled, released, stopped, OLD].map(asRow);
  const again = await toInviteAgain("d", rows, (count) => read.push(count) > 0);
  expect(again.map(({ email }) => email)).toEqual([...cancelled, released].map(({ email }) => email));
  expect(read).toEqual([0, 10]);
  // What is known is not read again.
  expect(await toInviteAgain("d", again, () => true)).toHaveLength(12);
  expect(asked).toHaveLength(14);
});

const COUNTS = { pending: 3, accepted: 0, expired: 0, declined: 0, asked: 0, undelivered: 0, exactUpTo: 1000 };
const waits = (id: string, change: Partial<InviteDetail> = {}) =>
  detail(`${id}@asked.example`, { askedAt: AT, askedFor: "link", ...change });
test.each([
  ["nobody", [], 0, 0],
  ["one waits, and one stopped invites in another deal", [waits("ann"), waits("bob", { optedOut: true })], 2, 1],
  ["all stopped invites in another deal", [waits("cat", { optedOut: true })], 1, 0],
  // The count is a lower limit.
  ["more than are counted", [waits("dan", { optedOut: true })], 1001, 1001],
] as const)("of those who asked, %s", async (_, invites, counted, waiting) => {
  answer([...invites], { ...COUNTS, asked: counted });
  expect((await countsOf("d")).asked).toBe(waiting);
});

test("those who asked are counted also if they cannot be read", async () => {
  answer([waits("eve", { optedOut: true })], { ...COUNTS, asked: 1 });
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", async (path: string) =>
    path.endsWith("/counts") ? fetch(path) : Response.json({ code: "unavailable" }, { status: 503 }),
  );
  expect((await countsOf("d")).asked).toBe(1);
});

test("counting those who asked reads the details of ten", async () => {
  const asked = answer(
    Array.from({ length: 30 }, (_, at) => waits(`p${at}`)),
    { ...COUNTS, asked: 30 },
  );
  expect((await countsOf("d")).asked).toBe(30);
  expect(asked).toHaveLength(12);
});
