import { afterEach, expect, test, vi } from "vitest";
import type { Invite } from "../api";
import { session } from "../session";
import { resendAsked, resendListed, resendRows } from "./bulk";

afterEach(() => vi.unstubAllGlobals());

const row: Invite = {
  id: "ann",
  email: "ann@example.com",
  name: null,
  status: "pending",
  queuedAt: "2026-11-01T00:00:00Z",
  sentAt: null,
  expiresAt: null,
  acceptedAt: null,
  acceptedWith: null,
  declinedAt: null,
  askedAt: null,
  askedFor: null,
  removedAt: null,
  invitedBy: "max@acme.example",
  sends: 1,
  delivery: { state: "sent", at: "2026-11-01T00:00:00Z", reason: null },
};
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
  expect(bulk).toMatchObject({ done: 0, unsure: [row] });
  await bulk.run(() => true);
  expect(bulk).toMatchObject({ done: 1, unsure: [], tally: new Map([[outcome, 1]]) });
});

test("of all pending invites, those that are not resent are counted, with the reason", async () => {
  const queued = { ...row, id: "bob", delivery: { ...row.delivery, state: "queued" } };
  const spam = { ...row, id: "cat", delivery: { ...row.delivery, state: "complained" } };
  const sent: unknown[] = [];
  vi.stubGlobal("fetch", async (_: string, { body }: RequestInit) => {
    if (!body) return Response.json({ ...PAGE, invites: [row, queued, spam] });
    sent.push(JSON.parse(body as string));
    return Response.json({ results: [{ inviteId: "ann", outcome: "resent" }] });
  });
  const bulk = resendListed("pending", "pending");
  await bulk.run(() => true);
  expect(sent).toEqual([{ invites: [{ id: "ann", sends: 1 }] }]);
  expect(bulk.done).toBe(3);
  expect(Object.fromEntries(bulk.tally)).toEqual({ resent: 1, sending: 1, undeliverable: 1 });
});

test("those who asked first get a new invite, one for each free seat", async () => {
  // The second one cannot be resent, so the fourth gets the seat.
  const ids = ["a", "b", "c", "d", "e"];
  const asked = { ...row, status: "expired", askedAt: row.queuedAt, askedFor: "link" };
  const lists: string[] = [];
  const sent: string[][] = [];
  vi.stubGlobal("fetch", async (url: string, { body }: RequestInit) => {
    if (!body) {
      const query = new URL(url, "http://localhost").searchParams;
      const from = Number(query.get("cursor"));
      const end = from + Number(query.get("limit"));
      lists.push(query.get("status")!);
      const invites = ids.slice(from, end).map((id) => ({ ...asked, id }));
      return Response.json({ ...PAGE, invites, nextCursor: String(end) });
    }
    const { invites } = JSON.parse(body as string) as { invites: { id: string }[] };
    sent.push(invites.map(({ id }) => id));
    return Response.json({
      results: invites.map(({ id }) => ({ inviteId: id, outcome: id === "b" ? "undeliverable" : "resent" })),
    });
  });
  const bulk = resendAsked("waiting", 3);
  await bulk.run(() => true);
  expect(sent).toEqual([["a", "b", "c"], ["d"]]);
  expect(new Set(lists)).toEqual(new Set(["asked"]));
  expect(bulk.tally.get("resent")).toBe(3);
});
