import { afterEach, expect, test, vi } from "vitest";
import type { Invite } from "../api";
import { INVITE } from "../sample";
import { session } from "../session";
import { cancelRows, leftOut, resendListed, resendRows } from "./bulk";
import { known, recordDetail } from "./own";
import { isOptedOut } from "./words";

afterEach(() => vi.unstubAllGlobals());

const row: Invite = { ...INVITE, sentAt: null, expiresAt: null, invitedBy: "max@acme.example" };
const PAGE = {
  deal: { id: "d", name: "", organisation: { id: "", name: "" }, startsAt: "", endsAt: "", state: "active" },
  seats: { total: 1, allocated: 0, available: 1 },
  nextCursor: null,
};

test.each([
  ["the manager's own attempt, which got no answer", "max@acme.example", 2, "resent"],
  ["another manager's resend", "eve@acme.example", 2, "stale"],
  ["a later resend", "max@acme.example", 3, "stale"],
])("after a lost answer, an invite that changed by %s is %s", async (_, invitedBy, sends, outcome) => {
  session.value = {
    accessToken: "",
    idToken: undefined,
    email: "max@acme.example",
    scopes: new Set(),
    refreshToken: undefined,
    expiresAt: Number.POSITIVE_INFINITY,
  };
  const answers = [
    () => Promise.reject(new TypeError("Failed to fetch")),
    () => Response.json({ results: [{ inviteId: "ann", outcome: "stale" }] }),
    () => Response.json({ ...PAGE, invites: [{ ...row, invitedBy, sends }] }),
  ];
  vi.stubGlobal("fetch", async () => answers.shift()!());
  const bulk = resendRows("d", [row]);
  await expect(bulk.run(() => true)).rejects.toMatchObject({ code: "offline" });
  expect(bulk).toMatchObject({ answered: 0, unsure: [row] });
  await bulk.run(() => true);
  expect(bulk).toMatchObject({ unsure: [], results: [{ row, outcome }] });
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
  recordDetail({ ...asked, optedOut: false, history: [] });
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
  expect([bulk.count("cancelled"), bulk.results[7]?.outcome]).toEqual([59, "already_accepted"]);
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
  // Who asked for a new link or a seat wants an email.
  expect(leftOut({ ...listed, askedAt: row.queuedAt })).toBe(state === "queued" ? "sending" : undefined);
});
