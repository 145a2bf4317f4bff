import { afterEach, expect, test, vi } from "vitest";
import type { Counts, Invite, InviteDetail } from "../api";
import { INVITE } from "../sample";
import { countsOf, readReplacements } from "./details";
import { known } from "./own";

afterEach(() => vi.unstubAllGlobals());

const AT = "2026-11-20T10:00:00Z";
const detail = (email: string, change: Partial<InviteDetail>): InviteDetail => ({
  ...INVITE,
  id: email,
  email,
  optedOut: false,
  correctedFrom: null,
  history: [],
  ...change,
});

/** The row of a list. */
const asRow = ({ optedOut, correctedFrom, history, ...row }: InviteDetail): Invite => row;

/** Answers the list with these invites, and each one's details. */
function answer(invites: InviteDetail[], counts?: Counts) {
  const asked: string[] = [];
  const rows = invites.map(asRow);
  const deal = { id: "d", name: "", organisation: { id: "", name: "" }, startsAt: "", endsAt: "", state: "active" };
  const seats = { total: 1, allocated: 0, available: 1 };
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    const found = invites.find(({ id }) => path.endsWith(`/${id}`));
    if (path.endsWith("/counts")) return Response.json(counts);
    if (path.includes("/seats?")) return Response.json({ deal, seats, invites: rows, nextCursor: null });
    return found ? Response.json(found) : Response.json({ code: "not_found" }, { status: 404 });
  });
  return asked;
}

/** A corrected address, and the invite that replaced it. */
const old = (email: string, correctedTo: string) =>
  detail(email, { status: "cancelled", removedAt: AT, correctedTo: `${correctedTo}@home.example` });
const fresh = (name: string) => detail(`${name}@home.example`, {});
const CANCELLED = { ...fresh("cat"), status: "cancelled", removedAt: AT } as const;
test.each<[what: string, row: InviteDetail, others: InviteDetail[], to?: string, last?: InviteDetail]>([
  ["the new one", old("a@z.example", "ann"), [fresh("ann")], "ann", fresh("ann")],
  ["the second new one", old("b@z.example", "bo"), [old("bo@home.example", "bob"), fresh("bob")], "bo", fresh("bob")],
  ["the new one, also if it was cancelled", old("c@z.example", "cat"), [CANCELLED], "cat", CANCELLED],
  ["unknown if it cannot be read", old("d@z.example", "dan"), []],
  ["unknown if the second cannot be read", old("e@z.example", "eve"), [old("eve@home.example", "gone")], "eve"],
])("the invite that a corrected address's person has is %s", async (_, corrected, others, to, last) => {
  const asked = answer(others);
  const row = asRow(corrected);
  await readReplacements("d", [row, INVITE]);
  expect(known(row)).toMatchObject({ ...row, ...(to && { correctedAddress: `${to}@home.example` }) });
  expect(known(row).newInvite?.email).toBe(last?.email);
  expect(known(row).newInvite?.status).toBe(last?.status);
  expect(asked).toHaveLength(Math.max(others.length, 1) + (to && !last ? 1 : 0));
});

test("of a list, only corrected addresses are read, and one that cannot be read keeps none from its new address", async () => {
  const rows = [
    old("lost@z.example", "nobody"),
    ...Array.from({ length: 20 }, (_, n) => old(`${n}@z.example`, `n${n}`)),
  ];
  const asked = answer(Array.from({ length: 20 }, (_, n) => fresh(`n${n}`)));
  await readReplacements("d", [...rows.map(asRow), ...[1, 2, 3].map((n) => asRow(fresh(`other${n}`)))]);
  expect(rows.map((row) => known(asRow(row)).correctedAddress)).toEqual([
    undefined,
    ...Array.from({ length: 20 }, (_, n) => `n${n}@home.example`),
  ]);
  expect(asked).toHaveLength(rows.length);
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
