import { afterEach, expect, test, vi } from "vitest";
import type { Counts, Invite, InviteDetail } from "../api";
import { INVITE } from "../sample";
import { Corrections, countsOf, readRemoved, recordReplacement, toInviteAgain } from "./details";
import { known, recordTold } from "./own";

afterEach(() => vi.unstubAllGlobals());

const MANAGER = "max@acme.example";
const AT = "2026-11-20T10:00:00Z";
const SECOND_LATER = "2026-11-20T10:00:01Z";
type Events = InviteDetail["history"];
/** What a correction leaves in the history of the invite that it cancels, and of the one that it sends. */
const ended = (at: string, by = MANAGER): Events => [
  { at, event: "corrected", by },
  { at, event: "cancelled", by },
];
const begun = (at: string, by = MANAGER): Events => [
  { at, event: "corrected", by },
  { at, event: "invited", by },
];
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

const old = (email: string, at: string) => detail(email, { status: "cancelled", removedAt: at, history: ended(at) });
const fresh = (email: string, queuedAt: string, by = MANAGER) =>
  detail(email, { queuedAt, history: begun(queuedAt, by) });
const OLD = old("ann@gmial.com", AT);
const NEW = fresh("ann@gmail.com", SECOND_LATER);
const LATER = "2026-11-23T00:00:00Z";
const removed = (invite: InviteDetail, at: string): InviteDetail => ({
  ...invite,
  status: "cancelled",
  removedAt: at,
  history: [{ at, event: "cancelled", by: MANAGER }, ...invite.history],
});
const CANCELLED = removed(NEW, LATER);
const CORRECTED = { ...CANCELLED, history: [...ended(LATER), ...NEW.history] };
const NEXT = fresh("anne@gmail.com", LATER);
const RESENT = { ...NEW, queuedAt: "2026-11-24T00:00:00Z", sends: 2 };
const EARLIER = detail("anna@acme.example", { queuedAt: "2026-11-01T00:00:00Z" });
const SAME_TIME = detail("anton@acme.example", { queuedAt: AT });
const BY_ANOTHER = fresh("anja@acme.example", AT, "pat@acme.example");
test.each<[string, InviteDetail[], string | undefined]>([
  ["found by the time and the manager", [EARLIER, SAME_TIME, BY_ANOTHER, NEW], "ann@gmail.com"],
  ["found after a resend", [RESENT], "ann@gmail.com"],
  ["found if it was cancelled", [OLD, CANCELLED], "ann@gmail.com"],
  ["found if it was corrected again", [OLD, CORRECTED, NEXT], "ann@gmail.com"],
  ["found if it begins with other letters", [OLD, EARLIER, { ...NEW, email: "roe@home.example" }], "roe@home.example"],
  ["unknown if it is in no list", [OLD, EARLIER], undefined],
  ["unknown if two could be meant", [fresh("roe@home.example", AT), fresh("zoe@home.example", AT)], undefined],
])("the invite to a corrected address is %s", async (_, invites, email) => {
  answer(invites);
  expect((await new Corrections("d").to(OLD))?.email).toBe(email);
});

const LAST = fresh("anne@home.example", "2026-11-25T00:00:00Z");
const GONE = removed(NEXT, LAST.queuedAt);
const REPLACED = { ...GONE, history: [...ended(LAST.queuedAt), ...NEXT.history] };
test.each<[string, InviteDetail[], InviteDetail | undefined]>([
  ["the new one", [OLD, NEW], NEW],
  ["the second new one", [OLD, CORRECTED, NEXT], NEXT],
  ["the third", [OLD, CORRECTED, REPLACED, LAST], LAST],
  ["the last, also if it was cancelled", [OLD, CORRECTED, GONE], GONE],
  ["unknown if a correction's new one is not found", [OLD, CORRECTED], undefined],
])("the invite at the end of a chain of corrections is %s", async (_, invites, last) => {
  answer(invites);
  const row = asRow({ ...OLD, sends: ++chains });
  recordTold(row, { corrected: true });
  await recordReplacement(new Corrections("d"), { ...OLD, sends: row.sends });
  expect(known(row).correctedTo).toBe(NEW.email);
  expect(known(row).newInvite?.email).toBe(last?.email);
  expect(known(row).newInvite?.status).toBe(last?.status);
});
/** Nothing is known of another send. */
let chains = 1;

/** What links are found, as `old to new`. */
const found = async (...invites: InviteDetail[]) => {
  answer(invites);
  const corrections = new Corrections("d");
  const to = (one: InviteDetail) => corrections.to(one).then((other) => `${one.email} to ${other?.email}`);
  const from = (one: InviteDetail) => corrections.from(one).then((other) => `${other} to ${one.email}`);
  const [olds, news] = [
    invites.filter((one) => one.removedAt),
    invites.filter((one) => one.history[1]?.event === "invited"),
  ];
  const links = await Promise.all(olds.map(to));
  expect((await Promise.all(news.map(from))).sort()).toEqual(
    links.filter((link) => !link.endsWith("undefined")).sort(),
  );
  return links;
};

test("corrections of one second are told apart by their addresses", async () => {
  const olds = ["nan.lee@z.example", "gone@z.example", "one@z.example", "spam@z.example"];
  const news = ["ann.lee@z.example", "gone2@z.example", "one2@z.example", "jo@home.example"];
  expect(
    await found(
      ...olds.map((email) => old(email, AT)),
      ...news.map((email, at) => fresh(email, at % 2 === 0 ? AT : SECOND_LATER)),
    ),
  ).toEqual(olds.map((email, at) => `${email} to ${news[at]}`));
});

test("of corrections a second apart, each goes with its own second", async () => {
  const invites = [
    old("spam@z.example", AT),
    fresh("jo@home.example", AT),
    old("dan@z.example", SECOND_LATER),
    fresh("kim@home.example", SECOND_LATER),
  ];
  expect(await found(...invites)).toEqual(["spam@z.example to jo@home.example", "dan@z.example to kim@home.example"]);
});

test("an invite that was cancelled in the second of a correction is not the corrected one", async () => {
  const cancelled = detail("bob@z.example", {
    status: "cancelled",
    removedAt: AT,
    history: [{ at: AT, event: "cancelled", by: MANAGER }],
  });
  expect(await found(cancelled, OLD, NEW)).toEqual(["bob@z.example to undefined", "ann@gmial.com to ann@gmail.com"]);
});

test("between corrections that fit equally, none is chosen", async () => {
  const invites = [
    old("spam@z.example", AT),
    old("dan@z.example", AT),
    fresh("jo@home.example", AT),
    fresh("kim@home.example", AT),
  ];
  answer(invites);
  const corrections = new Corrections("d");
  for (const one of invites.slice(0, 2)) expect(await corrections.to(one)).toBeUndefined();
  for (const one of invites.slice(2)) expect(await corrections.from(one)).toBeUndefined();
  // Without its own new invite, one does not take another's.
  answer([invites[0]!, old("kin@home.example", AT), invites[3]!]);
  expect(await new Corrections("d").to(invites[0]!)).toBeUndefined();
});

test("a long list costs two pages, a search, and the details of five that were resent", async () => {
  const asked = answer(
    Array.from({ length: 50 }, (_, n) => detail(`ann${n}@acme.example`, { queuedAt: LATER, sends: 2 })),
  );
  await new Corrections("d").to(OLD);
  expect(asked.slice(-1)).toEqual(['{"email":"ann","limit":200}']);
  expect(asked).toHaveLength(2 + 5 + 1);
});

test("details of a whole page of removed invites are read, before it says what removed them", async () => {
  const cancelled = Array.from({ length: 40 }, (_, at) =>
    detail(`p${at}@read.example`, { status: "cancelled", removedAt: LATER }),
  );
  const pairs = Array.from({ length: 9 }, (_, at) => {
    const time = `2026-11-2${at}T00:00:00Z`;
    return [old(`typo${at}@read.example`, time), fresh(`meant${at}@home.example`, time)] as const;
  });
  const corrected = pairs.map(([old]) => old);
  const released = detail("leaver@read.example", { status: "released", removedAt: LATER, optedOut: true });
  const all = [...cancelled, ...corrected, released];
  const asked = answer([...all, ...pairs.map(([, fresh]) => fresh)]);
  await readRemoved("d", [...all.map(asRow), INVITE]);
  const told = (invites: InviteDetail[]) =>
    invites.map((one) => known(asRow(one))).map(({ corrected, correctedTo }) => correctedTo ?? corrected);
  expect(told(cancelled)).toEqual(cancelled.map(() => false));
  expect(told(corrected)).toEqual(pairs.map(([, { email }]) => email));
  expect(known(asRow(released)).optedOut).toBe(true);
  // Each list and each invite is requested once.
  expect(asked).toHaveLength(all.length + 2 + pairs.length);
  // The new invites may be removed since: some are read again.
  const again = answer([...all, ...pairs.map(([, fresh]) => removed(fresh, "2026-11-30T00:00:00Z"))]);
  await readRemoved("d", all.map(asRow));
  expect(all.map((one) => known(asRow(one))).filter(({ newInvite }) => newInvite?.removedAt)).toHaveLength(5);
  expect(again.length).toBeLessThan(25);
});

test("a removed invite that cannot be read stays as it is, and the others are read", async () => {
  const [lost, read] = ["lost", "read"].map((id) => detail(`${id}@some.example`, { status: "cancelled" }));
  answer([lost!, read!]);
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", (path: string) =>
    path.endsWith(lost!.id) ? Promise.resolve(Response.json({}, { status: 503 })) : fetch(path),
  );
  await readRemoved("d", [asRow(lost!), asRow(read!)]);
  expect([lost!, read!].map((one) => known(asRow(one)).corrected)).toEqual([undefined, false]);
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
