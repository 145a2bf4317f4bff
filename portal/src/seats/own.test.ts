import { describe, expect, test } from "vitest";
import type { Invite } from "../api";
import { recordGone, recordRow, recordSent, withOwn } from "./own";

let deals = 0;
const newDeal = () => `deal-${++deals}`;

const row = (id: string, change: Partial<Invite> = {}): Invite => ({
  id, email: `${id}@example.com`, name: null, status: "pending", queuedAt: "2026-11-01T00:00:00Z", sentAt: "2026-11-01T00:00:01Z",
  expiresAt: "2026-11-29T00:00:01Z", acceptedAt: null, acceptedWith: null, invitedBy: null, sends: 1,
  delivery: { state: "sent", at: "2026-11-01T00:00:01Z", reason: null }, ...change,
});
const queued = { state: "queued", at: "2026-11-02T00:00:00Z", reason: null } as const;
const all = { status: undefined, first: true, matches: () => true };
const sent = (id: string) => ({ id, email: `${id}@example.com`, name: null, invitedBy: null });
const ids = (rows: Invite[]) => rows.map(({ id }) => id);

describe("one's own action in a list", () => {
  test("replaces an older row in its place", () => {
    const deal = newDeal();
    const resent = row("b", { sends: 2, delivery: queued });
    recordRow(deal, resent);
    expect(withOwn(deal, [row("a"), row("b"), row("c")], all)).toEqual([row("a"), resent, row("c")]);
  });

  test("gives way to a row that is as new, for good", () => {
    const deal = newDeal();
    recordRow(deal, row("a", { sends: 2, delivery: queued }));
    const listed = row("a", { sends: 2 });
    expect(withOwn(deal, [listed], all)).toEqual([listed]);
    // Not even an older answer that comes later brings it back: the list has caught up.
    expect(withOwn(deal, [row("a")], all)).toEqual([row("a")]);
  });

  test("counts as newer within a send by how far it has come", () => {
    const deal = newDeal();
    recordRow(deal, row("a"));
    expect(withOwn(deal, [row("a", { delivery: queued })], all)).toEqual([row("a")]);
    const accepted = row("a", { status: "accepted", acceptedAt: "2026-11-02T00:00:00Z" });
    expect(withOwn(deal, [accepted], all)).toEqual([accepted]);
  });

  test("takes a row away until it is sent anew", () => {
    const deal = newDeal();
    recordGone(deal, row("a"));
    expect(withOwn(deal, [row("a"), row("b")], all)).toEqual([row("b")]);
    const again = row("a", { sends: 2 });
    expect(withOwn(deal, [again], all)).toEqual([again]);
  });

  test("leaves the list that it no longer belongs to", () => {
    const deal = newDeal();
    const expired = row("a", { status: "expired" });
    recordRow(deal, row("a", { sends: 2, delivery: queued }));
    expect(withOwn(deal, [expired], { ...all, status: "expired" })).toEqual([]);
  });

  test("shows what no list has shown yet on top of the first page, newest first, where it fits", () => {
    const deal = newDeal();
    recordSent(deal, [sent("new")]);
    recordSent(deal, [sent("newer")]);
    expect(ids(withOwn(deal, [row("a")], all))).toEqual(["newer", "new", "a"]);
    expect(ids(withOwn(deal, [row("a")], { ...all, first: false }))).toEqual(["a"]);
    expect(ids(withOwn(deal, [], { ...all, status: "expired" }))).toEqual([]);
    expect(ids(withOwn(deal, [], { ...all, matches: ({ email }) => email.startsWith("newer") }))).toEqual(["newer"]);
  });

  test("does not double a row that is on a later page", () => {
    const deal = newDeal();
    recordSent(deal, [sent("a"), sent("b"), sent("c")]);
    expect(ids(withOwn(deal, [row("a"), row("b")], all))).toEqual(["a", "b"]);
    expect(ids(withOwn(deal, [row("c")], { ...all, first: false }))).toEqual(["c"]);
  });

  test("of another deal changes nothing", () => {
    recordSent(newDeal(), [sent("a")]);
    expect(withOwn(newDeal(), [], all)).toEqual([]);
  });

  test("sends again with a greater number than what was taken away", () => {
    const deal = newDeal();
    recordGone(deal, row("a", { sends: 3 }));
    recordSent(deal, [sent("a")]);
    expect(withOwn(deal, [row("a", { sends: 3 })], all)[0]).toMatchObject({ sends: 4, delivery: { state: "queued" } });
  });
});
