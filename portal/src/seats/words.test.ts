import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Invite, InviteDetail } from "../api";
import { INVITE, spaced } from "../sample";
import { canInviteAgain, canResend, howStopped, isIn, isOver, type Known, placeOf, timeline } from "./words";

const TIME = "2026-11-01T00:00:00Z";
const LATER = "2026-11-20T00:00:00Z";
const invite = (state: Invite["delivery"]["state"], reason: Invite["delivery"]["reason"] = null): Invite => ({
  ...INVITE,
  // A complaint is an opt-out.
  optedOutAt: state === "complained" ? TIME : null,
  delivery: { state, at: TIME, reason },
});

const replaced = { status: "cancelled", removedAt: LATER, correctedTo: "new" } as const;
const corrected = { ...replaced, correctedAddress: "ann@gmail.com" };

const NOW = Date.parse("2026-11-25T00:00:00Z");
beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());
/** All that is said of an invite, in one line. */
const said = (invite: Known, available = 5, active = true) => {
  const { label, sentence, advice, step } = placeOf(invite, { available, active });
  return spaced([`${label}: ${sentence}`, ...(advice ? [advice] : []), ...(step ? [`[${step}]`] : [])].join(" "));
};

describe("one sentence says where a person is, and one button does the next step", () => {
  it.each([
    [
      "queued",
      null,
      "Waiting to be sent: The email has waited since 1 Nov 2026, 00:00 UTC. Seatkeeper keeps trying to send it.",
    ],
    ["sent", null, "Pending: Email sent on 1 Nov. [resend]"],
    ["delivered", null, "Pending: Email delivered on 1 Nov. [resend]"],
    [
      "delayed",
      null,
      "Pending – delayed: The email has been delayed since 1 Nov: their mail server is slow. Seatkeeper keeps trying. If it takes days, ask their IT team.",
    ],
    [
      "bounced",
      "mailbox_unavailable",
      "Pending – not delivered: The email bounced on 1 Nov: no such mailbox. Correct the address, or resend the invite once the mailbox exists. A bounce blocks the address: a resend lifts that, at most once a day. [correct]",
    ],
    [
      "bounced",
      "suppressed",
      "Pending – not delivered: The email bounced on 1 Nov: the address has been blocked since an earlier bounce. Correct the address, or resend the invite once the mailbox works. A resend lifts the block, at most once a day. [correct]",
    ],
    [
      "bounced",
      "temporary",
      "Pending – not delivered: The email bounced on 1 Nov: the mailbox is full, or its server did not answer. Resend the invite later, or ask their IT team. [resend]",
    ],
    [
      "bounced",
      "rejected",
      "Pending – not delivered: The email bounced on 1 Nov: their mail server refused it. Ask their IT team to let it through. Then resend the invite. [resend]",
    ],
    [
      "bounced",
      "unknown",
      "Pending – not delivered: The email bounced on 1 Nov: their mail server did not say why. Correct the address, or ask their IT team. [correct]",
    ],
    [
      "failed",
      "invalid_parameter",
      "Pending – not delivered: The email could not be sent on 1 Nov: this is not a valid address. Correct the address. [correct]",
    ],
    [
      "failed",
      "deal_ended",
      "Pending – not delivered: The email could not be sent on 1 Nov: the deal ended first. Resend the invite. [resend]",
    ],
    [
      "complained",
      null,
      "Pending – marked as spam: The email was marked as spam on 1 Nov, which stopped invites. They can allow them again, with the link in an earlier email. Without one, the team that runs this site can, if asked. Or ask the person for another address, and correct this one. [correct]",
    ],
    [
      "failed",
      "opted_out",
      "Pending – stopped invites: Stopped invites. They can allow them again, with the link in an earlier email. Without one, the team that runs this site can, if asked. Resend once they have.",
    ],
  ] as const)("%s, %s", (state, reason, text) => {
    expect(said(invite(state, reason))).toBe(text);
  });

  const OUT =
    "They can allow them again, with the link in an earlier email. Without one, the team that runs this site can, if asked.";
  const JUST_NOW = "2026-11-24T23:46:00Z";
  const LINK = { askedAt: LATER, askedFor: "link" } as const;
  const SEAT = { askedAt: LATER, askedFor: "seat" } as const;
  it.each<[string, Partial<Known>, number, string]>([
    [
      "never sent",
      { queuedAt: JUST_NOW, sentAt: null, delivery: { state: "queued", at: JUST_NOW, reason: null } },
      5,
      "Sending…: The first email is on its way.",
    ],
    [
      "resent",
      { queuedAt: JUST_NOW, delivery: { state: "queued", at: JUST_NOW, reason: null } },
      5,
      "Resending: Last email sent on 1 Nov.",
    ],
    ["expired", { status: "expired" }, 5, "Expired: Did not answer by 29 Nov. [resend]"],
    [
      "expired before the email went out",
      { status: "expired", sentAt: null, expiresAt: null, delivery: { state: "queued", at: TIME, reason: null } },
      5,
      "Expired: The email was not sent in time. Resend the invite. [resend]",
    ],
    [
      "expired in another year",
      { status: "expired", expiresAt: "2025-11-29T00:00:00Z" },
      5,
      "Expired: Did not answer by 29 Nov 2025. [resend]",
    ],
    [
      "declined",
      { status: "declined", declinedAt: LATER },
      5,
      "Declined: Said no on 20 Nov. If they change their mind, the link in their email works until 29 Nov.",
    ],
    [
      "declined, and expired since",
      { status: "declined", declinedAt: LATER, expiresAt: LATER },
      5,
      "Declined: Said no on 20 Nov. If they change their mind, resend the invite.",
    ],
    ["accepted", { status: "accepted", acceptedAt: LATER }, 5, "Accepted: Has held a seat since 20 Nov."],
    [
      "accepted with another address, after a bounce",
      { ...invite("bounced", "unknown"), status: "accepted", acceptedAt: LATER, acceptedWith: "other_address" },
      5,
      "Accepted: Has held a seat since 20 Nov, with another address.",
    ],
    ["cancelled", { status: "cancelled", removedAt: LATER }, 5, "Cancelled: Cancelled by a manager on 20 Nov."],
    [
      "cancelled after a bounce",
      { ...invite("bounced", "mailbox_unavailable"), status: "cancelled", removedAt: LATER },
      5,
      "Cancelled: Cancelled by a manager on 20 Nov. The email had bounced on 1 Nov: no such mailbox. Check the address before you invite it again. A bounce blocks the address. If the new email bounces too, “Resend” in its row lifts the block.",
    ],
    [
      "cancelled after a full mailbox",
      { ...invite("bounced", "temporary"), status: "cancelled", removedAt: LATER },
      5,
      "Cancelled: Cancelled by a manager on 20 Nov. The email had bounced on 1 Nov: the mailbox is full, or its server did not answer. Invite it again later, or ask their IT team.",
    ],
    [
      "cancelled after a refusal",
      { ...invite("bounced", "rejected"), status: "cancelled", removedAt: LATER },
      5,
      "Cancelled: Cancelled by a manager on 20 Nov. The email had bounced on 1 Nov: their mail server refused it. Ask their IT team to let it through before you invite it again.",
    ],
    [
      "cancelled after a send that failed",
      { ...invite("failed", "too_many_tries"), status: "cancelled", removedAt: LATER },
      5,
      "Cancelled: Cancelled by a manager on 20 Nov. The email could not be sent on 1 Nov: several attempts failed.",
    ],
    [
      "cancelled after an address that was none",
      { ...invite("failed", "invalid_parameter"), status: "cancelled", removedAt: LATER },
      5,
      "Cancelled: Cancelled by a manager on 20 Nov. The email could not be sent on 1 Nov: this is not a valid address. Check the address before you invite it again.",
    ],
    [
      "resent, but waiting",
      { ...invite("queued"), sends: 2 },
      5,
      "Waiting to be sent: The email has waited since 1 Nov 2026, 00:00 UTC. Links of earlier emails no longer work. Seatkeeper keeps trying to send it.",
    ],
    [
      "resent, but refused",
      { ...invite("failed", "message_rejected"), sends: 2 },
      5,
      "Pending – not delivered: The email could not be sent on 1 Nov: the email service refused it. Links of earlier emails no longer work. Check the address, or resend the invite. [correct]",
    ],
    [
      "asked while the email was queued",
      { ...LINK, sentAt: "2026-11-21T00:00:00Z" },
      5,
      "Asked for a new link: Waiting since 20 Nov. An email with a new link went out since, on 21 Nov.",
    ],
    [
      "asked while the email was queued, which bounced",
      { ...invite("bounced", "unknown"), ...LINK, sentAt: "2026-11-21T00:00:00Z" },
      5,
      "Asked for a new link: Waiting since 20 Nov. The newest email bounced on 1 Nov: their mail server did not say why. Correct the address, or ask their IT team. [correct]",
    ],
    [
      "asked, and the address is blocked",
      { ...invite("bounced", "suppressed"), askedAt: LATER, askedFor: "link" },
      5,
      "Asked for a new link: Waiting since 20 Nov. The newest email bounced on 1 Nov: the address has been blocked since an earlier bounce. Correct the address, or resend the invite once the mailbox works. A resend lifts the block, at most once a day. [correct]",
    ],
    [
      "asked for a seat, none is free, and the address is blocked",
      { ...invite("bounced", "suppressed"), ...SEAT },
      0,
      "Asked for a seat: Waiting since 20 Nov. The newest email bounced on 1 Nov: the address has been blocked since an earlier bounce. Once a seat is free, correct the address, or resend the invite once the mailbox works. A resend lifts the block, at most once a day.",
    ],
    [
      "opted out with the link of an earlier email, after the newest bounced",
      { ...invite("bounced", "mailbox_unavailable"), optedOutAt: LATER },
      5,
      `Pending – stopped invites: Stopped invites on 20 Nov. ${OUT} Resend once they have.`,
    ],
    [
      "declined by the link of an earlier email, after the newest bounced",
      { ...invite("bounced", "temporary"), status: "declined", declinedAt: LATER },
      5,
      "Declined – not delivered: Said no on 20 Nov. The email bounced on 1 Nov: the mailbox is full, or its server did not answer. If they change their mind, resend the invite later, or ask their IT team.",
    ],
    [
      "declined, and no such mailbox",
      { ...invite("bounced", "mailbox_unavailable"), status: "declined", declinedAt: LATER },
      5,
      "Declined – not delivered: Said no on 20 Nov. The email bounced on 1 Nov: no such mailbox. If they change their mind, correct the address, or resend the invite once the mailbox exists.",
    ],
    [
      "declined, and marked as spam",
      { ...invite("complained"), status: "declined", declinedAt: LATER },
      5,
      "Declined – marked as spam: Said no on 20 Nov. The email was marked as spam on 1 Nov, which stopped invites. They can allow them again, with the link in an earlier email. Without one, the team that runs this site can, if asked. If they change their mind, ask them for another address, and correct this one.",
    ],
    [
      "declined and marked as spam, and allows invites again",
      { ...invite("complained"), status: "declined", declinedAt: LATER, optedOutAt: null },
      5,
      "Declined – marked as spam: Said no on 20 Nov. The email was marked as spam on 1 Nov. They allow invites again now. If they change their mind, the link in their email works until 29 Nov.",
    ],
    [
      "declined and opted out",
      { status: "declined", declinedAt: LATER, optedOutAt: LATER },
      5,
      `Declined – stopped invites: Said no on 20 Nov. Stopped invites on 20 Nov. ${OUT} Resend once they have.`,
    ],
    ["corrected", replaced, 5, "Corrected: The address was corrected on 20 Nov, and the invite went to the new one."],
    ["corrected, to a known address", corrected, 5, "Corrected: The address was corrected to ann@gmail.com on 20 Nov."],
    [
      "corrected again",
      { ...corrected, newInvite: { ...INVITE, email: "anne@gmail.com" } },
      5,
      "Corrected: The address was corrected to ann@gmail.com on 20 Nov, and later to anne@gmail.com.",
    ],
    [
      "corrected, and the new invite was cancelled",
      { ...corrected, newInvite: { ...INVITE, email: "ann@gmail.com", status: "cancelled", removedAt: TIME } },
      5,
      "Corrected: The address was corrected to ann@gmail.com on 20 Nov. The invite to ann@gmail.com was cancelled on 1 Nov.",
    ],
    [
      "corrected, and the new seat was de-allocated",
      { ...corrected, newInvite: { ...INVITE, email: "anne@gmail.com", status: "released", removedAt: TIME } },
      5,
      "Corrected: The address was corrected to ann@gmail.com on 20 Nov, and later to anne@gmail.com. The seat of anne@gmail.com was de-allocated on 1 Nov.",
    ],
    [
      "corrected, and the new invite bounced",
      { ...corrected, newInvite: { ...invite("bounced", "mailbox_unavailable"), email: "ann@gmail.com" } },
      5,
      "Corrected: The address was corrected to ann@gmail.com on 20 Nov. The email to ann@gmail.com bounced on 1 Nov: no such mailbox.",
    ],
    [
      "corrected, and the new invite was marked as spam",
      { ...corrected, newInvite: { ...invite("complained"), email: "ann@gmail.com" } },
      5,
      "Corrected: The address was corrected to ann@gmail.com on 20 Nov. The email to ann@gmail.com was marked as spam on 1 Nov.",
    ],
    [
      "corrected, and the new invite was declined",
      { ...corrected, newInvite: { ...INVITE, email: "ann@gmail.com", status: "declined", declinedAt: TIME } },
      5,
      "Corrected: The address was corrected to ann@gmail.com on 20 Nov. ann@gmail.com said no on 1 Nov.",
    ],
    [
      "corrected, and the new invite was accepted",
      { ...corrected, newInvite: { ...INVITE, email: "ann@gmail.com", status: "accepted", acceptedAt: TIME } },
      5,
      "Corrected: The address was corrected to ann@gmail.com on 20 Nov. ann@gmail.com took a seat on 1 Nov.",
    ],
    ["de-allocated", { status: "released", removedAt: LATER }, 5, "De-allocated: The seat was de-allocated on 20 Nov."],
    [
      "de-allocated, and opted out",
      { status: "released", removedAt: LATER, optedOutAt: TIME },
      5,
      `De-allocated: The seat was de-allocated on 20 Nov. Stopped invites on 1 Nov. ${OUT} Invite them again once they have.`,
    ],
    [
      "cancelled, and blocked before",
      { ...invite("bounced", "suppressed"), status: "cancelled", removedAt: LATER },
      5,
      "Cancelled: Cancelled by a manager on 20 Nov. The email had bounced on 1 Nov: the address has been blocked since an earlier bounce. Check the address before you invite it again. If the new email bounces too, “Resend” in its row lifts the block.",
    ],
    [
      "de-allocated after a bounce",
      { ...invite("bounced", "rejected"), status: "released", removedAt: LATER },
      5,
      "De-allocated: The seat was de-allocated on 20 Nov. The email had bounced on 1 Nov: their mail server refused it. Ask their IT team to let it through before you invite it again.",
    ],
    [
      "declined, and refused by the mail server",
      { ...invite("bounced", "rejected"), status: "declined", declinedAt: LATER },
      5,
      "Declined – not delivered: Said no on 20 Nov. The email bounced on 1 Nov: their mail server refused it. If they change their mind, ask their IT team to let it through. Then resend the invite.",
    ],
    [
      "asked for a seat, and the mailbox is full",
      { ...invite("bounced", "temporary"), askedAt: LATER, askedFor: "seat" },
      0,
      "Asked for a seat: Waiting since 20 Nov. The newest email bounced on 1 Nov: the mailbox is full, or its server did not answer. Once a seat is free, resend the invite later, or ask their IT team.",
    ],
    [
      "cancelled, and marked as spam",
      { ...invite("complained"), status: "cancelled", removedAt: LATER },
      5,
      `Cancelled: Cancelled by a manager on 20 Nov. The email was marked as spam on 1 Nov, which stopped invites. ${OUT} Or ask the person for another address, and invite that one.`,
    ],
    [
      "cancelled, and marked as spam, and allows invites again",
      { ...invite("complained"), status: "cancelled", removedAt: LATER, optedOutAt: null },
      5,
      "Cancelled: Cancelled by a manager on 20 Nov.",
    ],
    [
      "accepted after an opt-out",
      { status: "accepted", acceptedAt: LATER, optedOutAt: TIME },
      5,
      "Accepted: Has held a seat since 20 Nov. Stopped invites on 1 Nov.",
    ],
    [
      "opted out by an email of this invite",
      { optedOutAt: LATER },
      5,
      `Pending – stopped invites: Stopped invites on 20 Nov. ${OUT} Resend once they have.`,
    ],
    [
      "opted out by another invite’s email",
      { optedOut: true },
      5,
      `Pending – stopped invites: Stopped invites, or marked one as spam, in another deal. ${OUT} Resend once they have.`,
    ],
    [
      "opted out by another invite’s email, and with a seat",
      { status: "accepted", acceptedAt: LATER, optedOut: true },
      5,
      "Accepted: Has held a seat since 20 Nov. Stopped invites, or marked one as spam, in another deal.",
    ],
    [
      "opted out by an email of this invite, and lifted elsewhere",
      { optedOutAt: LATER, optedOut: false },
      5,
      "Pending: Email delivered on 1 Nov. [resend]",
    ],
    [
      "opted out by a complaint, with the advice of a complaint",
      invite("complained"),
      5,
      "Pending – marked as spam: The email was marked as spam on 1 Nov, which stopped invites. They can allow them again, with the link in an earlier email. Without one, the team that runs this site can, if asked. Or ask the person for another address, and correct this one. [correct]",
    ],
    [
      "complained, and allows invites again",
      { ...invite("complained"), optedOutAt: null },
      5,
      "Pending – marked as spam: The email was marked as spam on 1 Nov. They allow invites again now. Resend the invite. If it bounces, ask the team that runs this site to unblock the address. [resend]",
    ],
    [
      "opted out and lifted",
      { ...invite("failed", "opted_out"), optedOut: false },
      5,
      "Pending – not delivered: The email could not be sent on 1 Nov: the person stopped invites. They allow invites again now. Resend the invite. [resend]",
    ],
    ["asked for a link", LINK, 0, "Asked for a new link: Waiting since 20 Nov. Resend to send a new link. [resend]"],
    [
      "asked after an opt-out and a bounce",
      { ...invite("bounced", "unknown"), ...LINK, optedOut: false },
      5,
      "Asked for a new link: Waiting since 20 Nov. The newest email bounced on 1 Nov: their mail server did not say why. Correct the address, or ask their IT team. [correct]",
    ],
    [
      "asked after a complaint",
      { ...invite("complained"), ...SEAT, optedOutAt: null },
      1,
      "Asked for a seat: Waiting since 20 Nov. The email was marked as spam on 1 Nov. 1 seat is free now. Resend to send a new link. If it bounces, ask the team that runs this site to unblock the address. [resend]",
    ],
    [
      "asked, and could not be sent",
      { ...invite("failed", "too_many_tries"), ...SEAT },
      0,
      "Asked for a seat: Waiting since 20 Nov. The newest email could not be sent on 1 Nov: several attempts failed. Resend once a seat is free.",
    ],
    [
      "asked, and then opted out with a link of another deal",
      { ...LINK, optedOut: true },
      5,
      `Pending – stopped invites: Stopped invites, or marked one as spam, in another deal. ${OUT} Resend once they have.`,
    ],
    ["asked for a seat, none is free", SEAT, 0, "Asked for a seat: Waiting since 20 Nov. Resend once a seat is free."],
    [
      "asked for a seat, one is free",
      SEAT,
      1,
      "Asked for a seat: Waiting since 20 Nov. 1 seat is free now. Resend to send a new link. [resend]",
    ],
  ])("%s", (_, change, available, text) => {
    expect(said({ ...invite("delivered"), ...change }, available)).toBe(text);
  });

  it("keeps a number beside what it counts", () => {
    expect(placeOf({ ...invite("delivered"), ...SEAT }, { available: 2, active: true }).advice).toMatch(
      /^2\u00a0seats\u00a0are free now/,
    );
  });

  it.each([
    [1, 1, "The free seat is offered to others. Resend once another is free."],
    [2, 3, "The free seats are offered to others. Resend once another is free."],
    [2, 1, "2 seats are free now. Resend to send a new link."],
  ])("of %i free seats, %i are offered to others", (available, offered, advice) => {
    const place = placeOf({ ...invite("delivered"), ...SEAT }, { available, offered, active: true });
    expect(spaced(place.advice ?? "")).toBe(advice);
    expect(place.step).toBe(offered < available ? "resend" : undefined);
  });

  it.each([
    ["expired", { status: "expired" }, "Expired: Did not answer by 29 Nov."],
    [
      "bounced",
      invite("bounced", "unknown"),
      "Pending – not delivered: The email bounced on 1 Nov: their mail server did not say why.",
    ],
    ["declined", { status: "declined", declinedAt: LATER }, "Declined: Said no on 20 Nov."],
    ["asked", SEAT, "Asked for a seat: Asked on 20 Nov."],
    ["accepted", { status: "accepted", acceptedAt: LATER }, "Accepted: Took a seat on 20 Nov."],
  ] as const)("in a deal that has ended, %s has no next step", (_, change, text) => {
    expect(said({ ...invite("delivered"), ...change }, 5, false)).toBe(text);
  });

  it("an invite whose time ended with the deal’s says so", () => {
    const expired: Invite = { ...invite("delivered"), status: "expired" };
    const said = (endsAt: string) => placeOf(expired, { available: 5, active: false, endsAt }).sentence;
    expect(spaced(said(expired.expiresAt!))).toBe("Had not answered when the deal ended on 29 Nov.");
    expect(spaced(said("2026-11-30T00:00:00Z"))).toBe("Did not answer by 29 Nov.");
  });

  it.each<[what: string, change: Partial<Invite>, over: boolean]>([
    ["was sent", invite("delivered"), true],
    ["bounced", invite("bounced", "unknown"), true],
    ["is being resent", invite("queued"), false],
    ["was declined", { status: "declined" }, false],
  ])("once the time of an invite that %s is over, its row may be old, or not", (_, change, over) => {
    const row = { ...invite("delivered"), ...change };
    expect(isOver(row, Date.parse(row.expiresAt!))).toBe(over);
    expect(isOver(row, Date.parse(row.expiresAt!) - 1)).toBe(false);
  });

  it("who asked or declined is in a list of their own", () => {
    const asked = { ...invite("bounced", "unknown"), askedAt: LATER };
    const declined: Invite = { ...invite("delivered"), status: "declined" };
    const lists = (row: Known) =>
      (["pending", "declined", "asked", "undelivered"] as const).filter((list) => isIn(row, list));
    expect([lists(asked), lists(declined)]).toEqual([["pending", "asked"], ["declined"]]);
    expect(lists({ ...asked, optedOut: true }), "stopped invites since").toEqual(["pending", "undelivered"]);
  });
});

it.each<[what: string, change: Partial<Known>, again: boolean]>([
  ["cancelled", { status: "cancelled" }, true],
  ["corrected", replaced, false],
  ["de-allocated", { status: "released" }, true],
  ["de-allocated, and stopped invites", { status: "released", optedOut: true }, false],
  ["pending", {}, false],
])("whether somebody can be invited again: %s", (_, change, again) => {
  expect(canInviteAgain({ ...invite("delivered"), ...change })).toBe(again);
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
  expect(canResend({ ...invite(state), optedOut: false })).toBe(state !== "queued");
  expect(canResend({ ...invite(state), optedOut: true })).toBe(resendable);
});

it.each([
  ["stopped invites on 20 Nov", { ...invite("delivered"), optedOutAt: LATER }],
  ["stopped invites", invite("failed", "opted_out")],
  ["marked the email as spam on 1 Nov", invite("complained")],
])("a question says of a person: %s", (how, row) => expect(spaced(howStopped(row))).toBe(how));

describe("a history", () => {
  const detail = (
    status: Invite["status"],
    events: [string, InviteDetail["history"][number]["event"]][],
  ): InviteDetail => ({
    ...invite("bounced", "temporary"),
    status,
    optedOut: false,
    correctedFrom: null,
    history: events.map(([at, event]) => ({ at, event, by: null })),
  });
  const words = (invite: InviteDetail) => timeline(invite).events.map(({ words }) => words);

  it("has the newest bounce's reason, and says that older ones are not kept", () => {
    const twice = detail("pending", [
      [LATER, "bounced"],
      [TIME, "bounced"],
      [TIME, "invited"],
    ]);
    expect(words(twice)).toEqual([
      "Email bounced: the mailbox is full, or its server did not answer",
      "Email bounced",
      "Invited",
    ]);
    expect(timeline(twice).reasonsLost).toBe(true);
    expect(timeline(detail("pending", [[LATER, "bounced"]])).reasonsLost).toBe(false);
  });

  it("says in one line that a correction cancelled the invite, also if the address was invited again", () => {
    const replaced = detail("cancelled", [
      [LATER, "corrected"],
      [LATER, "cancelled"],
      [TIME, "invited"],
    ]);
    expect(words(replaced)).toEqual(["Address corrected to another one", "Invited"]);
    expect(words({ ...replaced, status: "pending" })).toEqual(["Address corrected to another one", "Invited"]);
    expect(timeline(replaced, "ann@gmail.com").events[0]?.words).toBe("Address corrected to ann@gmail.com");
    const later = detail("cancelled", [
      [LATER, "cancelled"],
      [TIME, "corrected"],
    ]);
    expect(words(later)).toEqual(["Cancelled", "Name or spelling corrected"]);
  });

  it("says whether somebody who stopped invites allows them again", () => {
    const stopped = detail("pending", [[TIME, "opted_out"]]);
    expect(words({ ...stopped, optedOut: true })).toEqual(["Stopped invites"]);
    expect(words({ ...stopped, optedOut: false })).toEqual(["Stopped invites, and allows them again now"]);
    const spam = { ...detail("pending", [[TIME, "complained"]]), delivery: invite("complained").delivery };
    expect(words({ ...spam, optedOut: true })).toEqual(["Email marked as spam"]);
    expect(words(spam)).toEqual(["Email marked as spam, and invites are allowed again now"]);
  });

  it("says what has no event: an opt-out in another deal, and that no email went out in time", () => {
    const stopped = { ...detail("pending", [[TIME, "asked"]]), optedOut: true };
    expect(timeline(stopped).now).toBe("Stopped invites, or marked one as spam, in another deal.");
    for (const own of [
      { optedOut: false },
      { optedOutAt: TIME },
      { delivery: invite("failed", "opted_out").delivery },
    ]) {
      expect(timeline({ ...stopped, ...own }).now).toBeUndefined();
    }
    const unsent = { ...detail("expired", [[TIME, "invited"]]), delivery: invite("queued").delivery };
    expect(timeline(unsent).now).toBe("The email was not sent in time.");
  });

  it("has a correction of the second of the first send above it, if it replaced the invite", () => {
    const quick = detail("cancelled", [
      [TIME, "cancelled"],
      [TIME, "invited"],
      [TIME, "corrected"],
    ]);
    expect(words(quick)).toEqual(["Address corrected to another one", "Invited"]);
  });

  it("tells the correction to the address from that to another one", () => {
    const twice = detail("cancelled", [
      [LATER, "cancelled"],
      [LATER, "corrected"],
      [TIME, "invited"],
      [TIME, "corrected"],
    ]);
    const told = timeline(twice, "anna@example.com", "an@example.com").events.map(({ words }) => words);
    expect(told).toEqual([
      "Address corrected to anna@example.com",
      "Invited",
      "Address corrected from an@example.com to ann@example.com",
    ]);
  });

  it("names the other address in the last of two corrections", () => {
    const twice = (what: "cancelled" | "invited") =>
      detail("cancelled", [
        [LATER, "corrected"],
        [LATER, what],
        [TIME, "corrected"],
        [TIME, what],
      ]);
    const told = (invite: InviteDetail) =>
      timeline(invite, "anna@example.com", "an@example.com").events.flatMap(({ event, words }) =>
        event === "corrected" ? [words] : [],
      );
    expect(told(twice("cancelled"))).toEqual([
      "Address corrected to anna@example.com",
      "Address corrected to another one",
    ]);
    expect(told(twice("invited"))).toEqual([
      "Address corrected from an@example.com to ann@example.com",
      "Address corrected to ann@example.com",
    ]);
  });

  it("says that the invite was sent to a corrected address", () => {
    const sent = detail("pending", [
      [LATER, "corrected"],
      [TIME, "corrected"],
      [TIME, "invited"],
    ]);
    expect(words(sent)).toEqual(["Name or spelling corrected", "Invited", "Address corrected to ann@example.com"]);
    expect(timeline(sent, undefined, "an@example.com").events.at(-1)?.words).toBe(
      "Address corrected from an@example.com to ann@example.com",
    );
  });
});
