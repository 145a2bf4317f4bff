import { expect, it } from "vitest";
import type { Preview } from "../api";
import { type Answer, askableFor, type Found, foundBy, foundGone, isDeclinable, tookEffect } from "./found";

const NOW = Date.parse("2026-11-27T10:00:00Z");
const organisation = { id: "acme", name: "Acme" };
const preview = (change: Partial<Preview>): Preview => ({
  organisation,
  deal: {
    id: "d",
    name: "Unlimited",
    organisation,
    startsAt: "2026-01-01T00:00:00Z",
    endsAt: "2027-01-01T00:00:00Z",
    state: "active",
  },
  email: null,
  status: "pending",
  expiresAt: "2026-12-01T00:00:00Z",
  blocked: null,
  declinedAt: null,
  askedAt: null,
  askedFor: null,
  optedOut: false,
  ...change,
});
const PAST = "2026-11-27T10:00:00Z";

it.each<[string, Partial<Preview>, Found["obstacle"], ReturnType<typeof askableFor>]>([
  ["pending", {}, null, undefined],
  ["accepted, in a deal that has ended", { status: "accepted", blocked: "deal_ended" }, null, undefined],
  ["pending, and every seat taken", { blocked: "deal_full" }, "deal_full", "seat"],
  ["pending before the start", { blocked: "deal_not_started" }, "deal_not_started", undefined],
  ["expired", { status: "expired", expiresAt: PAST }, "invite_expired", "link"],
  ["expired, and every seat taken", { status: "expired", blocked: "deal_full" }, "invite_expired", "link"],
  ["expired before the start", { status: "expired", blocked: "deal_not_started" }, "invite_expired", undefined],
  ["expired in a deal that has ended", { status: "expired", blocked: "deal_ended" }, "deal_ended", undefined],
  ["declined", { status: "declined" }, null, undefined],
  ["declined, and every seat taken", { status: "declined", blocked: "deal_full" }, "deal_full", "seat"],
  ["declined and expired", { status: "declined", expiresAt: PAST }, "invite_expired", "link"],
  ["declined in a deal that has ended", { status: "declined", blocked: "deal_ended" }, "deal_ended", undefined],
])("%s: what stops accepting, and what can be asked for", (_, change, obstacle, asked) => {
  const found = foundBy(preview(change), NOW);
  expect(found.obstacle).toBe(obstacle);
  expect(askableFor(found)).toBe(asked);
});

it.each([
  ["invite_superseded", "link"],
  ["invite_cancelled", undefined],
] as const)("after %s, the person can ask for: %s", (obstacle, asked) => {
  expect(askableFor({ organisation, askedAt: null, optedOut: false, obstacle })).toBe(asked);
});

const SEAT = { dealId: "d", organisation, acceptedAt: "2026-11-20T10:00:00Z", endsAt: "2027-01-01T00:00:00Z" };

it.each<[string, Partial<Preview>, (typeof SEAT)[] | undefined, Found["obstacle"], boolean]>([
  ["pending, with a seat of the deal", {}, [SEAT], "already_seated", true],
  ["pending in a full deal, with a seat of it", { blocked: "deal_full" }, [SEAT], "already_seated", true],
  ["pending, with a seat of another deal", {}, [{ ...SEAT, dealId: "e" }], null, true],
  ["expired, with a seat of the deal", { status: "expired", expiresAt: PAST }, [SEAT], "already_seated", false],
  ["pending in a deal that has ended, with a seat of it", { blocked: "deal_ended" }, [SEAT], "deal_ended", false],
  ["accepted, with a seat of the deal", { status: "accepted" }, [SEAT], null, false],
  ["accepted, without a seat", { status: "accepted" }, [], "already_accepted", false],
  ["accepted, with seats that are not known", { status: "accepted" }, undefined, null, false],
])("%s: what stops accepting, and whether it can be declined", (_, change, seats, obstacle, declinable) => {
  const found = foundBy(preview(change), NOW, seats);
  expect(found.obstacle).toBe(obstacle);
  expect(isDeclinable(found)).toBe(declinable);
});

it.each<[Answer | "accept", Partial<Preview>, Partial<Preview>]>([
  ["accept", { status: "accepted" }, {}],
  ["decline", { status: "declined" }, {}],
  ["ask", { askedAt: PAST }, {}],
  ["opt-out", { optedOut: true }, {}],
  ["opt-in", {}, { optedOut: true }],
])("%s: whether it took effect", (answer, after, before) => {
  expect(tookEffect(answer, foundBy(preview(after), NOW, [SEAT]))).toBe(true);
  expect(tookEffect(answer, foundBy(preview(before), NOW, [SEAT]))).toBe(false);
});

it("does not take another account's acceptance for the learner's own", () => {
  expect(tookEffect("accept", foundBy(preview({ status: "accepted" }), NOW, []))).toBe(false);
});

it("an older link tells a learner of a seat from its organisation, until it ends", () => {
  const seat = (id: string, endsAt: string) => ({
    dealId: "d",
    organisation: { id, name: "Acme" },
    acceptedAt: PAST,
    endsAt,
  });
  const gone = { organisation, askedAt: null, optedOut: false };
  const own = seat("acme", "2027-01-01T00:00:00Z");
  const held = (...seats: ReturnType<typeof seat>[]) => foundGone(gone, "invite_superseded", NOW, seats).held;
  expect(held(seat("other", own.endsAt), own)).toBe(own);
  expect(held(seat("other", own.endsAt), seat("acme", PAST))).toBeUndefined();
  expect(foundGone(gone, "invite_superseded", NOW)).toEqual({ ...gone, obstacle: "invite_superseded" });
});
