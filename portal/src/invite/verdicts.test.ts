import { expect, it } from "vitest";
import type { Invite } from "../api";
import { INVITE, spaced } from "../sample";
import type { Known } from "../seats/words";
import { stillOut } from "./parse";
import { doubted, forecast, leftOutAs, leftOutOf, pastOf, predicted, rank } from "./verdicts";

const DELIVERED: Invite = {
  ...INVITE,
  delivery: { state: "delivered", at: "2026-05-01T10:00:00Z", reason: null },
};
const MAY = "2026-05-03T10:00:00Z";

it.each<[change: Partial<Known>, note: string, list: string]>([
  [
    { delivery: { ...DELIVERED.delivery, state: "bounced", reason: "mailbox_unavailable" } },
    "The email bounced on 1 May: no such mailbox. Correct the address, or resend the invite once the mailbox exists.",
    "undelivered",
  ],
  [{ status: "declined", declinedAt: MAY }, "Said no on 3 May.", "declined"],
  [{ askedAt: MAY, askedFor: "seat" }, "Asked for a seat. Waiting since 3 May. Resend once a seat is free.", "asked"],
  [
    { status: "expired", askedAt: MAY, askedFor: "link" },
    "Asked for a new link. Waiting since 3 May. Resend to send a new link.",
    "asked",
  ],
  [{ status: "cancelled", removedAt: MAY }, "Removed on 3 May.", "removed"],
  [{ status: "cancelled", removedAt: MAY, corrected: false }, "Cancelled by a manager on 3 May.", "removed"],
  [
    { status: "released", acceptedAt: "2026-05-02T10:00:00Z", removedAt: MAY },
    "The seat was de-allocated on 3 May.",
    "removed",
  ],
])("an address with an earlier invite says what happened to it: %j", (change, note, list) => {
  const past = pastOf({ ...DELIVERED, ...change });
  expect({ ...past, note: spaced(past.note) }).toEqual({ note, list });
});

it.each([
  ["", "No address", "Enter this person’s address."],
  ["nobody", "Not an address", "This is not an email address."],
  ["kim@@acme.example", "Not an address", "This is not an email address."],
  ["a@x.example / b@x.example", "Not an address", "This is more than one address. Keep only the one to invite."],
])("a row with the address %j says: %s", (email, label, note) => {
  const verdict = { email, outcome: "invalid_email" as const, detail: "This is not an email address." };
  expect(predicted(verdict)).toEqual({ tone: "failed", label, note });
});

it.each([
  ["may be mistyped", { note: "Odd.", meant: undefined }, "Odd. Will be invited, unless you correct it."],
  [
    "has no clear name",
    { note: "Odd.", meant: undefined, names: ["Ann"] },
    "Odd. Will be invited without a name, unless you choose one.",
  ],
])("a row that %s says what happens to it as it is", (_, doubt, note) => {
  expect(doubted(doubt, { email: "ann@example.com", outcome: "invited" })).toMatchObject({ label: "Look again", note });
});

it("a row says first whose its address may be as well", () => {
  const verdict = { email: "ann@example.com", outcome: "already_pending" as const, detail: "Pending since 1 May." };
  const row = { verdict, conflict: "It is Bob’s." };
  expect(forecast(row, undefined)?.note).toBe("It is Bob’s. Pending since 1 May.");
  expect(forecast({ verdict }, undefined)?.note).toBe("Pending since 1 May.");
});

it("a person who stopped invites may have marked one as spam", () => {
  const verdict = { email: "ann@example.com", outcome: "opted_out" as const, detail: "This person opted out." };
  expect(predicted(verdict).note).toMatch(/^This person stopped invites, or marked one as spam\./);
});

it.each<[change: Partial<Known>, label: string, note: RegExp, list: string]>([
  [
    { optedOutAt: MAY },
    "Already pending – stopped invites",
    /^Stopped invites on 3 May\. .* Resend once they have\.$/,
    "pending",
  ],
  [
    { delivery: { state: "complained", at: MAY, reason: null } },
    "Already pending – marked as spam",
    /^The email was marked as spam on 3 May, .* another address, and correct this one\.$/,
    "undelivered",
  ],
  [{}, "Already pending – stopped invites", /^Stopped invites, or marked .*in another deal\. /, "pending"],
  [{ status: "expired", optedOutAt: MAY }, "Expired – stopped invites", /^Stopped invites on 3 May\. /, "expired"],
  [
    { status: "accepted", acceptedAt: MAY, optedOutAt: MAY },
    "Already accepted",
    /^Has held a seat since 3 May\. Stopped invites on 3 May\.$/,
    "accepted",
  ],
])("somebody who stopped invites and has one here, %j, says so, and the next step", (change, label, note, list) => {
  const earlierInvite = { ...DELIVERED, optedOut: true, ...change };
  const verdict = { email: "ann@example.com", outcome: "opted_out" as const };
  expect(forecast({ verdict, earlierInvite }, undefined)).toEqual({ tone: "skipped", label, note: "" });
  const past = pastOf(earlierInvite);
  expect([spaced(past.note), past.list]).toEqual([expect.stringMatching(note), list]);
});

it("in a file, a row that was not sent says all that the check list says of it", () => {
  const verdict = { email: "ann@example.com", outcome: "already_pending" as const, detail: "Pending since 1 May." };
  const delivery = { ...DELIVERED.delivery, state: "bounced" as const, reason: "temporary" as const };
  const row = { verdict, conflict: "It is Bob’s.", earlierInvite: { ...DELIVERED, delivery } };
  expect(spaced(leftOutAs(row)?.note ?? "")).toMatch(
    /^It is Bob’s\. Pending since 1 May\. The email bounced on 1 May: the mailbox is full, .* or ask their IT team\.$/,
  );
  expect(leftOutAs({ verdict })).toEqual(forecast({ verdict }, undefined));
});

it("a line is no longer left out once all its addresses are in the list", () => {
  const lines = ["Private: ann@home.example", "see Bob@example.com, cat@example.com", "Staff list"].map((text) => ({
    reason: "others" as const,
    text,
  }));
  const left = (...emails: string[]) =>
    stillOut(
      lines,
      emails.map((email) => ({ email })),
    ).map(({ text }) => text);
  expect(left("ann@HOME.example", "bob@example.com")).toEqual(["see Bob@example.com, cat@example.com", "Staff list"]);
  expect(left("bob@example.com", "cat@example.com")).toEqual(["Private: ann@home.example", "Staff list"]);
});

it("the lines that are left out are counted by their reasons", () => {
  const reasons = ["title", "header", "title", "unchosen"] as const;
  expect(leftOutOf(reasons.map((reason) => ({ reason, text: "" })))).toBe(
    "Left out: 1 header line, 2 title lines, 1 address outside the address column.",
  );
  expect(leftOutOf([])).toBe("");
});

it("rows to look at again come before rows with an earlier invite, and those before the others", () => {
  const verdict = { email: "ann@example.com", outcome: "invited" as const };
  const ranks = [
    rank({ verdict: { ...verdict, outcome: "invalid_email" } }, undefined),
    rank({ verdict, earlierInvite: INVITE }, { note: "?", meant: undefined }),
    rank({ verdict, earlierInvite: INVITE }, undefined),
    rank({ verdict: { ...verdict, outcome: "duplicate" } }, undefined),
    rank({ verdict }, undefined),
  ];
  expect(ranks).toEqual(ranks.toSorted());
  expect(new Set(ranks).size).toBe(ranks.length);
});
