import { afterEach, expect, test, vi } from "vitest";
import type { Invite } from "../api";
import { INVITE } from "../sample";
import { session } from "../session";
import { areAllRecent, cancelRows, interrupted, leftOut, resendListed, resendRows } from "./bulk";
import { known, recordDetail } from "./own";
import { isOptedOut } from "./words";

afterEach(() => vi.unstubAllGlobals());

const row: Invite = { ...INVITE, sentAt: null, expiresAt: null, invitedBy: "max@acme.example" };
const PAGE = {
  deal: { id: "d", name: "", organisation: { id: "", name: "" }, startsAt: "", endsAt: "", state: "active" },
  seats: { total: 1, allocated: 0, available: 1 },
  nextCursor: null,
};

const ME = "max@acme.example";
const signIn = () =>
  (session.value = {
    accessToken: "",
    idToken: undefined,
    email: ME,
    scopes: new Set(),
    refreshToken: undefined,
    expiresAt: Number.POSITIVE_INFINITY,
  });
const lost = () => Promise.reject(new TypeError("Failed to fetch"));
/** The invite as it is after this person, or another, resent it. */
const detail = (by: string, sends: number, id = "ann") =>
  Response.json({ ...row, id, sends, optedOut: false, history: [{ at: row.queuedAt, event: "resent", by }] });

test.each([
  ["the manager's own attempt, which got no answer", ME, 2, "resent"],
  ["another manager's resend", "eve@acme.example", 2, "stale"],
  ["a later resend", ME, 3, "stale"],
])("after a lost answer, an invite that changed by %s is %s", async (_, by, sends, outcome) => {
  signIn();
  const answers = [
    lost,
    // The page cannot find out at once.
    lost,
    () => Response.json({ results: [{ inviteId: "ann", outcome: "stale" }] }),
    () => detail(by, sends),
  ];
  vi.stubGlobal("fetch", async () => answers.shift()!());
  const bulk = resendRows("d", [row]);
  await expect(bulk.run(() => true)).rejects.toMatchObject({ code: "offline" });
  expect(bulk).toMatchObject({ answered: 0, unsure: [row], left: [] });
  await bulk.run(() => true);
  expect(bulk).toMatchObject({ unsure: [], results: [{ row, outcome }] });
});

test("a lost answer is settled at once by reading, and what it has not reached is left", async () => {
  signIn();
  const bob = { ...row, id: "bob" };
  const answers = [lost, () => detail(ME, 2), () => detail(ME, 1, "bob")];
  vi.stubGlobal("fetch", async () => answers.shift()!());
  const bulk = resendRows("d", [row, bob]);
  await expect(bulk.run(() => true)).rejects.toMatchObject({ code: "offline" });
  expect(bulk).toMatchObject({ unsure: [], left: [bob], results: [{ row, outcome: "resent" }] });
  answers.push(lost, () => detail(ME, 2, "bob"));
  await bulk.run(() => true);
  expect(bulk.done.length).toBe(2);
  expect(interrupted("d")).toBeUndefined();
});

test("after a reload, an action goes on with those left, and settles those of its last request", async () => {
  signIn();
  const rows = Array.from({ length: 70 }, (_, at) => ({ ...row, id: `${at}` }));
  const asked: string[][] = [];
  let arrived = (_: unknown) => {};
  const second = new Promise((resolve) => (arrived = resolve));
  vi.stubGlobal("fetch", async (url: string, { body }: RequestInit) => {
    if (!body) return detail(ME, 2, url.split("/").at(-1));
    const ids = (JSON.parse(body as string) as { invites: { id: string }[] }).invites.map(({ id }) => id);
    asked.push(ids);
    // The page is left before the second answer comes.
    if (asked.length === 2) return (arrived(undefined), new Promise(() => {}));
    return Response.json({ results: ids.map((inviteId) => ({ inviteId, outcome: "resent" })) });
  });
  void resendRows("d", rows).run(() => true);
  await second;
  const bulk = interrupted("d")!;
  expect(bulk.isStopped).toBe(false);
  expect([bulk.done.length, bulk.unsure.length, bulk.left]).toEqual([50, 20, []]);
  await bulk.settle();
  expect([bulk.done.length, bulk.unsure.length, bulk.left]).toEqual([70, 0, []]);
  await bulk.run(() => true);
  expect([asked.length, bulk.done.length, interrupted("d")]).toEqual([2, 70, undefined]);
});

/** Answers each request with success, and returns the ids of each. */
function answering(outcome: string, pages: Record<string, { invites: Invite[]; nextCursor: string | null }> = {}) {
  const asked: string[][] = [];
  vi.stubGlobal("fetch", async (url: string, { body }: RequestInit) => {
    if (!body) return Response.json({ ...PAGE, ...pages[new URL(url, "http://x").searchParams.get("cursor") ?? ""] });
    const ids = (JSON.parse(body as string) as { invites: { id: string }[] }).invites.map(({ id }) => id);
    asked.push(ids);
    return Response.json({ results: ids.map((inviteId) => ({ inviteId, outcome })) });
  });
  return asked;
}

test("an action that was stopped goes on with those left, also after a reload", async () => {
  const rows = Array.from({ length: 120 }, (_, at) => ({ ...row, id: `${at}` }));
  const asked = answering("resent");
  const first = resendRows("stopped", rows);
  await first.run(() => false);
  expect([first.isLeft, first.done.length, first.left?.length]).toEqual([true, 50, 70]);
  await first.run(() => false);
  const after = interrupted("stopped")!;
  expect(after.isStopped).toBe(true);
  expect([after.isLeft, after.done.length, after.left?.length]).toEqual([true, 100, 20]);
  await after.run(() => true);
  expect(asked.flat()).toEqual(rows.map(({ id }) => id));
  expect([after.isLeft, after.done.length, interrupted("stopped")]).toEqual([false, 120, undefined]);
});

test("an action that was stopped in its last request has ended, and says whom it left out", async () => {
  const spam = { ...row, id: "cat", delivery: { ...row.delivery, state: "complained" as const } };
  const rows = Array.from({ length: 50 }, (_, at) => ({ ...row, id: `${at}` }));
  answering("resent");
  const bulk = resendRows("last", [...rows, spam]);
  await bulk.run(() => false);
  expect([bulk.isLeft, bulk.results.length, interrupted("last")]).toEqual([false, 51, undefined]);
});

test("of a whole list, who got an email in the last 24 hours is left out", async () => {
  const hours = (ago: number) => new Date(Date.now() - ago * 3_600_000).toISOString();
  const ann = { ...row, id: "ann", sentAt: hours(25) };
  const bob = { ...row, id: "bob", sentAt: hours(23) };
  const late = { ...bob, id: "cat", status: "expired" as const };
  const waits = { ...bob, id: "dan", askedAt: hours(1), askedFor: "link" as const };
  const bounced = { ...bob, id: "eve", delivery: { ...row.delivery, state: "bounced", reason: "temporary" } as const };
  const asked = answering("resent", { "": { invites: [ann, bob, late, waits, bounced], nextCursor: null } });
  const bulk = resendListed("recent", "pending");
  const progress: number[] = [];
  await bulk.run((done) => progress.push(done) > 0);
  expect([asked, progress]).toEqual([[["ann", "cat", "dan", "eve"]], [4]]);
  expect(bulk.results.find(({ row }) => row.id === "bob")?.outcome).toBe("recent");
  // Whom the manager has selected is reached.
  await resendRows("recent", [bob]).run(() => true);
  expect(asked.at(-1)).toEqual(["bob"]);
});

test("whom no resend reaches does not count when everybody got an email a short while ago", () => {
  const recent = { ...row, sentAt: new Date().toISOString() };
  const old = { ...row, id: "old", sentAt: "2026-01-01T00:00:00Z" };
  const stopped = { ...old, id: "stopped", optedOutAt: old.sentAt };
  const spam = { ...old, id: "spam", delivery: { ...row.delivery, state: "complained" as const } };
  expect(
    [
      [recent, stopped, spam],
      [recent, old],
      [old, stopped],
    ].map(areAllRecent),
  ).toEqual([true, false, false]);
});

test("what is left of a whole list is the rest of its pages", async () => {
  signIn();
  const cursors: (string | null)[] = [];
  let fails = false;
  vi.stubGlobal("fetch", async (url: string, { body }: RequestInit) => {
    if (body && fails) return Response.json({ message: "" }, { status: 429 });
    if (body) return Response.json({ results: [{ inviteId: "ann", outcome: "resent" }] });
    const cursor = new URL(url, "http://x").searchParams.get("cursor");
    cursors.push(cursor);
    fails = cursor === "2";
    const nextCursor = { 2: "3", 3: null }[cursor ?? ""] ?? (cursor ? null : "2");
    return Response.json({ ...PAGE, invites: [{ ...row, id: `of-${cursor}` }], nextCursor });
  });
  await expect(resendListed("listed", "pending").run(() => true)).rejects.toMatchObject({ status: 429 });
  fails = false;
  const bulk = interrupted("listed")!;
  expect([bulk.done.length, bulk.unsure, bulk.left]).toEqual([1, [], undefined]);
  await bulk.run(() => true);
  expect([cursors, bulk.done.length]).toEqual([[null, "2", "3"], 3]);
});

test("of all pending invites, those that are not resent are listed with the reason, and not counted as done", async () => {
  const queued = { ...row, id: "bob", delivery: { ...row.delivery, state: "queued" } };
  const spam = { ...row, id: "cat", delivery: { ...row.delivery, state: "complained" } };
  const sent: unknown[] = [];
  vi.stubGlobal("fetch", async (_: string, { body }: RequestInit) => {
    if (!body) return Response.json({ ...PAGE, invites: [row, queued, spam] });
    sent.push(JSON.parse(body as string));
    return Response.json({ results: [{ inviteId: "ann", outcome: "resent" }] });
  });
  const bulk = resendListed("pending", "pending");
  const progress: number[] = [];
  await bulk.run((done) => progress.push(done) > 0);
  expect(progress).toEqual([1]);
  expect(sent).toEqual([{ invites: [{ id: "ann", sends: 1 }] }]);
  expect(Object.fromEntries(bulk.results.map(({ row, outcome }) => [row.id, outcome]))).toEqual({
    ann: "resent",
    bob: "sending",
    cat: "undeliverable",
  });
});

test("a refusal because the person stopped invites is known of the row, until details say something else", async () => {
  const asked = { ...row, id: "opa", askedAt: row.queuedAt };
  vi.stubGlobal("fetch", async () => Response.json({ results: [{ inviteId: "opa", outcome: "opted_out" }] }));
  await resendRows("d", [asked]).run(() => true);
  expect(isOptedOut(known(asked))).toBe(true);
  recordDetail({ ...asked, optedOut: false, correctedFrom: null, history: [] });
  expect(isOptedOut(known(asked))).toBe(false);
});

test("many invites are cancelled, 50 in a request, with an outcome for each", async () => {
  const rows = Array.from({ length: 60 }, (_, at) => ({ ...row, id: `${at}` }));
  const sizes: number[] = [];
  vi.stubGlobal("fetch", async (url: string, { body }: RequestInit) => {
    expect(url).toBe("/api/deals/d/invites/cancel");
    const { invites } = JSON.parse(body as string) as { invites: { id: string; sends: number }[] };
    sizes.push(invites.length);
    return Response.json({
      results: invites.map(({ id }) => ({ inviteId: id, outcome: id === "7" ? "already_accepted" : "cancelled" })),
    });
  });
  const bulk = cancelRows("d", rows);
  await bulk.run(() => true);
  expect(sizes).toEqual([50, 10]);
  expect(bulk.results.map(({ row }) => row)).toEqual(rows);
  expect([bulk.done.length, bulk.results[7]?.outcome]).toEqual([59, "already_accepted"]);
});

test.each([
  ["sent", null, undefined],
  ["queued", null, "sending"],
  ["bounced", "temporary", undefined],
  ["bounced", "mailbox_unavailable", "undeliverable"],
  ["complained", null, "undeliverable"],
] as const)("a resend of many leaves out a %s email (%s): %s", (state, reason, outcome) => {
  const listed = { ...row, delivery: { ...row.delivery, state, reason } };
  expect(leftOut(listed)).toBe(outcome);
  // The API leaves out also who asked for a new link or a seat.
  expect(leftOut({ ...listed, askedAt: row.queuedAt })).toBe(outcome);
});

test("an invite that somebody else cancelled or corrected before is not reported as one's own cancellation", async () => {
  signIn();
  const gone: Record<string, string[]> = { bob: ["cancelled"], cat: ["corrected", "cancelled"], dan: ["cancelled"] };
  vi.stubGlobal("fetch", async (url: string, { body }: RequestInit) => {
    if (body) {
      const { invites } = JSON.parse(body as string) as { invites: { id: string }[] };
      return Response.json({ results: invites.map(({ id }) => ({ inviteId: id, outcome: "cancelled" })) });
    }
    const removed = Object.keys(gone).map((id) => ({ ...row, id, status: "cancelled" as const }));
    if (url.includes("status=removed")) return Response.json({ ...PAGE, invites: removed });
    const id = url.split("/").at(-1)!;
    const by = id === "dan" ? ME : "eve@acme.example";
    const history = gone[id]!.map((event) => ({ at: row.queuedAt, event, by }));
    const replacement = { correctedTo: id === "cat" ? "new" : null, correctedFrom: null };
    return Response.json({ ...row, id, status: "cancelled", optedOut: false, ...replacement, history });
  });
  const bulk = cancelRows(
    "d",
    ["ann", "bob", "cat", "dan"].map((id) => ({ ...row, id })),
  );
  await bulk.run(() => true);
  expect(bulk.results.map(({ outcome }) => outcome)).toEqual(["cancelled", "not_found", "corrected", "cancelled"]);
});

test("a resend says of an invite that is gone whether its address was corrected", async () => {
  vi.stubGlobal("fetch", async (url: string, { body }: RequestInit) => {
    if (body) return Response.json({ results: ["bob", "cat"].map((id) => ({ inviteId: id, outcome: "not_found" })) });
    const correctedTo = url.endsWith("cat") ? "new" : null;
    const removed = { ...row, id: url.split("/").at(-1)!, status: "cancelled", correctedTo };
    return Response.json({ ...removed, optedOut: false, correctedFrom: null, history: [] });
  });
  const bulk = resendRows(
    "d",
    ["bob", "cat"].map((id) => ({ ...row, id })),
  );
  await bulk.run(() => true);
  expect(bulk.results.map(({ outcome }) => outcome)).toEqual(["not_found", "corrected"]);
});
