import { describe, expect, it } from "vitest";
import type { Filter, Invite } from "../api";
import { canResend, isIn, statusOf, timeline } from "./words";

const TIME = "2026-11-01T00:00:00Z";
const LATER = "2026-11-20T00:00:00Z";
const invite = (state: Invite["delivery"]["state"], reason: Invite["delivery"]["reason"] = null): Invite => ({
  id: "ann",
  email: "ann@example.com",
  name: null,
  status: "pending",
  queuedAt: TIME,
  sentAt: TIME,
  expiresAt: "2026-11-29T00:00:00Z",
  acceptedAt: null,
  acceptedWith: null,
  declinedAt: null,
  askedAt: null,
  askedFor: null,
  removedAt: null,
  invitedBy: null,
  sends: 1,
  delivery: { state, at: TIME, reason },
});

describe("a row says what happened to the mail, and the next step", () => {
  it.each([
    ["sent", null, "Pending", undefined, undefined],
    ["delivered", null, "Pending", /^Delivered$/, undefined],
    ["delayed", null, "Pending", /^Delayed: their mail server is slow, we keep trying/, /ask their IT team/],
    ["bounced", "mailbox_unavailable", "Pending – not delivered", /^Bounced: no such mailbox/, /Correct the address/],
    [
      "bounced",
      "suppressed",
      "Pending – not delivered",
      /^Bounced: the address is blocked since an earlier bounce/,
      /resend/,
    ],
    ["bounced", "temporary", "Pending – not delivered", /^Bounced: the mailbox is full/, /Resend later/],
    ["bounced", "rejected", "Pending – not delivered", /^Bounced: their mail server refused/, /Ask their IT team/],
    [
      "bounced",
      "unknown",
      "Pending – not delivered",
      /^Bounced: their mail server did not say why/,
      /Correct the address/,
    ],
    ["complained", null, "Pending – marked as spam", /^No more mail goes there/, /another address/],
    ["failed", "opted_out", "Pending – not delivered", /^This person asked for no more invites/, /Only they can allow/],
    ["failed", "invalid_parameter", "Pending – not delivered", /does not recognise this address/, /Correct it/],
    ["failed", "rendering_failed", "Pending – not delivered", /could not build this email/, /Resend/],
  ] as const)("%s, %s", (state, reason, label, note, step) => {
    const status = statusOf(invite(state, reason));
    expect(status.label).toBe(label);
    if (note) expect(status.note).toMatch(note);
    else expect(status.note).toBeUndefined();
    if (step) expect(status.note).toMatch(step);
  });

  it.each([
    ["expired", "link", "Asked for a new link", "Expired. Resend to send one."],
    ["pending", "link", "Asked for a new link", "Pending. Resend to send one."],
    ["declined", "link", "Asked for a new link", "Declined. Resend to send one."],
    ["pending", "seat", "Asked for a seat", "Pending. Resend when one is free."],
  ] as const)("%s, asked for a %s: says so, also after a bounce", (status, askedFor, label, note) => {
    const asked = { ...invite("bounced", "unknown"), status, askedAt: LATER, askedFor };
    expect(statusOf(asked)).toEqual({ tone: "asked", label, since: LATER, note });
    expect(["asked", "undelivered", status].map((list) => isIn(asked, list as Filter))).toEqual([true, false, true]);
  });

  it("a declined invite says since when, and is in its own list", () => {
    const declined: Invite = { ...invite("delivered"), status: "declined", declinedAt: LATER };
    expect(statusOf(declined)).toEqual({ tone: "declined", label: "Declined", since: LATER });
    expect((["declined", "pending", "asked"] as const).map((list) => isIn(declined, list))).toEqual([
      true,
      false,
      false,
    ]);
    expect(canResend(declined)).toBe(true);
  });

  it("an accepted invite says nothing of its mail", () => {
    expect(statusOf({ ...invite("bounced", "unknown"), status: "accepted" })).toEqual({
      tone: "accepted",
      label: "Accepted",
    });
  });
});

it.each([
  ["delivered", true, false],
  ["bounced", true, true],
  ["failed", true, true],
  ["complained", false, true],
  ["queued", false, false],
] as const)("%s: can be resent: %s, is listed as not delivered: %s", (state, resendable, undelivered) => {
  expect(canResend(invite(state))).toBe(resendable);
  expect(isIn(invite(state), "undelivered")).toBe(undelivered);
  expect(isIn({ ...invite(state), status: "accepted" }, "undelivered")).toBe(false);
  expect(canResend({ ...invite(state), askedAt: LATER, askedFor: "link" })).toBe(state !== "queued");
});

it("a history has the newest bounce's reason, and a correction before what it did", () => {
  const history = [
    { at: LATER, event: "corrected", by: null },
    { at: LATER, event: "cancelled", by: null },
    { at: LATER, event: "bounced", by: null },
    { at: TIME, event: "bounced", by: null },
    { at: TIME, event: "invited", by: null },
  ] as const;
  const detail = { ...invite("bounced", "temporary"), optedOut: false, history: [...history] };
  expect(timeline(detail).map(({ words }) => words)).toEqual([
    "Cancelled",
    "Bounced: the mailbox is full, or its server did not answer",
    "Address or name corrected",
    "Email bounced",
    "Invited",
  ]);
});
