import { describe, expect, test } from "vitest";
import type { Invite } from "../api";
import { INVITE } from "../sample";
import { known, newAction, recordGone, recordRow, recordSeen, recordSent, recordTold, withOwn } from "./own";

let deals = 0;
const newDeal = () => `deal-${++deals}`;

const row = (id: string, change: Partial<Invite> = {}): Invite => ({
  ...INVITE,
  id,
  email: `${id}@example.com`,
  ...change,
});
const queued = { state: "queued", at: "2026-11-02T00:00:00Z", reason: null } as const;
const all = { status: undefined, first: true, matches: () => true };
const sent = (id: string) => ({ id, email: `${id}@example.com`, name: null, invitedBy: null });
const ids = (rows: Invite[]) => rows.map(({ id }) => id);

describe("the manager's own action in a list", () => {
  test("replaces an older row in its place", () => {
    const deal = newDeal();
    const resent = row("b", { sends: 2, delivery: queued });
    recordRow(deal, resent);
    expect(withOwn(deal, [row("a"), row("b"), row("c")], all)).toEqual([row("a"), resent, row("c")]);
  });

  test("gives way for good to a row that is as new", () => {
    const deal = newDeal();
    recordRow(deal, row("a", { sends: 2, delivery: queued }));
    const listed = row("a", { sends: 2 });
    expect(withOwn(deal, [listed], all)).toEqual([listed]);
    // An older response that arrives later does not bring the action back: the list has caught up.
    expect(withOwn(deal, [row("a")], all)).toEqual([row("a")]);
  });

  test("is newer within a send if it is further on", () => {
    const deal = newDeal();
    recordRow(deal, row("a"));
    expect(withOwn(deal, [row("a", { delivery: queued })], all)).toEqual([row("a")]);
    const accepted = row("a", { status: "accepted", acceptedAt: "2026-11-02T00:00:00Z" });
    expect(withOwn(deal, [accepted], all)).toEqual([accepted]);
  });

  test("removes a row until it is sent again", () => {
    const deal = newDeal();
    recordGone(deal, row("a"));
    expect(withOwn(deal, [row("a"), row("b")], all)).toEqual([row("b")]);
    const again = row("a", { sends: 2 });
    expect(withOwn(deal, [again], all)).toEqual([again]);
  });

  test("leaves a removed row in the list of the removed, and in no other", () => {
    const deal = newDeal();
    recordGone(deal, row("a"));
    const removed = row("a", { status: "cancelled", removedAt: "2026-11-02T00:00:00Z" });
    expect(withOwn(deal, [removed], { ...all, status: "removed" })).toEqual([removed]);
    expect(withOwn(deal, [row("a")], all)).toEqual([]);
  });

  test("removes a row from a list that it no longer belongs to", () => {
    const deal = newDeal();
    const expired = row("a", { status: "expired" });
    recordRow(deal, row("a", { sends: 2, delivery: queued }));
    expect(withOwn(deal, [expired], { ...all, status: "expired" })).toEqual([]);
  });

  test("on many rows is in a list that shows one of them: the others are on later pages", () => {
    const deal = newDeal();
    const action = newAction();
    for (const id of ["a", "b"]) recordRow(deal, row(id, { sends: 2, delivery: queued }), action);
    const listed = row("a", { sends: 2 });
    for (let time = 0; time < 2; time += 1) expect(withOwn(deal, [listed], all)).toEqual([listed]);
  });

  test("stays on top after the row was read again, and a row that was only read is not put there", () => {
    const deal = newDeal();
    recordRow(deal, row("own", { sends: 2, delivery: queued }));
    const sent = row("own", { sends: 2 });
    recordSeen(deal, sent);
    recordSeen(deal, row("elsewhere"));
    expect(withOwn(deal, [row("a"), row("elsewhere", { delivery: queued })], all)).toEqual([
      sent,
      row("a"),
      row("elsewhere"),
    ]);
    expect(withOwn(deal, [row("a")], all)).toEqual([sent, row("a")]);
  });

  test("puts new rows on top of the first page, newest first, if they match the view", () => {
    const deal = newDeal();
    recordSent(deal, [sent("new")]);
    recordSent(deal, [sent("newer")]);
    expect(ids(withOwn(deal, [row("a")], all))).toEqual(["newer", "new", "a"]);
    expect(ids(withOwn(deal, [row("a")], { ...all, first: false }))).toEqual(["a"]);
    expect(ids(withOwn(deal, [], { ...all, status: "expired" }))).toEqual([]);
    expect(ids(withOwn(deal, [], { ...all, matches: ({ email }) => email.startsWith("newer") }))).toEqual(["newer"]);
  });

  test("keeps an accept after a decline that the list still shows", () => {
    const deal = newDeal();
    const accepted = row("a", { status: "accepted" });
    recordRow(deal, accepted);
    expect(withOwn(deal, [row("a", { status: "declined" })], all)).toEqual([accepted]);
  });

  test("does not repeat a row that is on a later page", () => {
    const deal = newDeal();
    recordSent(deal, [sent("a"), sent("b"), sent("c")]);
    expect(ids(withOwn(deal, [row("a"), row("b")], all))).toEqual(["a", "b"]);
    expect(ids(withOwn(deal, [row("c")], { ...all, first: false }))).toEqual(["c"]);
  });

  test("does not change another deal's list", () => {
    recordSent(newDeal(), [sent("a")]);
    expect(withOwn(newDeal(), [], all)).toEqual([]);
  });

  test("gives an invite that was removed and sent again a higher send number", () => {
    const deal = newDeal();
    recordGone(deal, row("a", { sends: 3 }));
    recordSent(deal, [sent("a")]);
    expect(withOwn(deal, [row("a", { sends: 3 })], all)[0]).toMatchObject({ sends: 4, delivery: { state: "queued" } });
  });
});

describe("what the details of an invite say", () => {
  test("is true of its row until the row changes", () => {
    const out = row("told");
    recordTold(out, { optedOut: true });
    expect(known(out).optedOut).toBe(true);
    const asked = { ...out, askedAt: "2026-11-02T00:00:00Z" };
    for (const later of [asked, { ...out, sends: 2 }]) expect(known(later).optedOut).toBeUndefined();
  });
});
