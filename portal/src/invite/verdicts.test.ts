import { expect, it } from "vitest";
import type { Invite, SendResult } from "../api";
import { INVITE, spaced } from "../sample";
import { isRemoved, type Known } from "../seats/words";
import { stillOut } from "./parse";
import { doubtAgain, doubted, forecast, leftOutAs, leftOutOf, pastOf, predicted, rank, summaryOf } from "./verdicts";

const DELIVERED: Invite = {
  ...INVITE,
  delivery: { state: "delivered", at: "2026-05-01T10:00:00Z", reason: null },
};
const MAY = "2026-05-03T10:00:00Z";

it.each<[change: Partial<Known>, note: string, list?: "removed"]>([
  [
    { delivery: { ...DELIVERED.delivery, state: "bounced", reason: "mailbox_unavailable" } },
    "The email bounced on 1 May: no such mailbox. Correct the address, or resend the invite once the mailbox exists. A bounce blocks the address: a resend lifts that, at most once a day.",
  ],
  [{ status: "declined", declinedAt: MAY }, "Said no on 3 May."],
  [
    { askedAt: MAY, askedFor: "seat" },
    "Asked for a seat. Waiting since 3 May. Its row on the Deal seats page has the next step.",
  ],
  [
    { status: "expired", askedAt: MAY, askedFor: "link" },
    "Asked for a new link. Waiting since 3 May. Its row on the Deal seats page has the next step.",
  ],
  [{ status: "cancelled", removedAt: MAY }, "Cancelled by a manager on 3 May.", "removed"],
  [
    { status: "released", acceptedAt: "2026-05-02T10:00:00Z", removedAt: MAY },
    "The seat was de-allocated on 3 May.",
    "removed",
  ],
])("an address with an earlier invite says what happened to it: %j", (change, note, list) => {
  const past = pastOf({ ...DELIVERED, ...change });
  expect({ ...past, note: spaced(past.note) }).toEqual({ note, list, email: "ann@example.com", isNew: false });
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
  ["may be mistyped", { note: "Odd.", meant: undefined }, "Odd. Will be invited, unless you correct or remove it."],
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

it.each<[change: Partial<Known>, note: RegExp, list?: "removed"]>([
  [{ optedOutAt: MAY }, /^Has a pending invite\. Stopped invites on 3 May\. .* Resend once they have\.$/],
  [
    { delivery: { state: "complained", at: MAY, reason: null } },
    /^Has a pending invite\. The email was marked as spam on 3 May, .* another address, and correct this one\.$/,
  ],
  [{}, /^Has a pending invite\. Stopped invites, or marked .*in another deal\. /],
  [{ status: "expired", optedOutAt: MAY }, /^Has an expired invite\. Stopped invites on 3 May\. /],
  [{ status: "declined", declinedAt: MAY, optedOutAt: MAY }, /^Said no on 3 May\. Stopped invites on 3 May\. /],
  [
    { status: "accepted", acceptedAt: MAY, optedOutAt: MAY },
    /^Has held a seat since 3 May\. Stopped invites on 3 May\.$/,
  ],
  [
    { status: "cancelled", removedAt: MAY, delivery: { state: "complained", at: MAY, reason: null } },
    /^Cancelled by a manager on 3 May\. The email was marked as spam on 3 May, .* another address, and invite that one\.$/,
    "removed",
  ],
  [
    { status: "released", removedAt: MAY, optedOutAt: MAY },
    /^The seat was de-allocated on 3 May\. Stopped invites on 3 May\. .* Invite them again once they have\.$/,
    "removed",
  ],
])("somebody who stopped invites and has one here, %j, says so, and the next step", (change, note, list) => {
  const earlierInvite = { ...DELIVERED, optedOut: true, ...change };
  const verdict = { email: "ann@example.com", outcome: "opted_out" as const };
  expect(forecast({ verdict, earlierInvite }, undefined)).toEqual({
    tone: "skipped",
    label: "Stopped invites",
    note: "",
  });
  const past = pastOf(earlierInvite);
  expect([spaced(past.note), past.list]).toEqual([expect.stringMatching(note), list]);
});

const CHECK =
  "Check the address before you invite it again. A bounce blocks the address. If the new email bounces too, “Resend” in its row lifts the block.";
const CHECK_OPEN =
  "Check the address before you invite it again. A bounce blocks the address. “Resend” in its row lifts the block, a new invite does not.";
const CORRECTED = { correctedTo: "new", correctedAddress: "anne@example.com" } as const;
const ANNE: Invite = { ...INVITE, email: "anne@example.com" };
const BOUNCED = { ...DELIVERED.delivery, state: "bounced", reason: "mailbox_unavailable" } as const;
it.each<[change: Partial<Known>, doubt: string | undefined, note: string, current: string | undefined, last?: string]>([
  [
    { ...CORRECTED, newInvite: ANNE, delivery: BOUNCED },
    "This person got an invite at another address. This one would be a second.",
    "The address was corrected to anne@example.com on 3 May. The email had bounced on 1 May: no such mailbox.",
    "anne@example.com",
  ],
  [
    { ...CORRECTED, newInvite: { ...ANNE, email: "ann2@example.com" }, delivery: BOUNCED },
    "This person got an invite at another address. This one would be a second.",
    "The address was corrected to anne@example.com on 3 May, and later to ann2@example.com. The email had bounced on 1 May: no such mailbox.",
    "ann2@example.com",
  ],
  [
    { ...CORRECTED, newInvite: { ...ANNE, status: "cancelled", removedAt: MAY }, delivery: BOUNCED },
    CHECK,
    "The address was corrected to anne@example.com on 3 May. The email had bounced on 1 May: no such mailbox. The invite to anne@example.com was cancelled on 3 May.",
    undefined,
    "anne@example.com",
  ],
  [
    { ...CORRECTED, newInvite: { ...ANNE, email: "ann2@example.com", status: "released", removedAt: MAY } },
    undefined,
    "The address was corrected to anne@example.com on 3 May, and later to ann2@example.com. The seat of ann2@example.com was de-allocated on 3 May.",
    undefined,
    "ann2@example.com",
  ],
  [
    { ...CORRECTED, newInvite: { ...ANNE, status: "accepted", acceptedAt: MAY } },
    "This person has a seat with another address.",
    "The address was corrected to anne@example.com on 3 May. anne@example.com took a seat on 3 May.",
    "anne@example.com",
  ],
  [
    { ...CORRECTED, newInvite: { ...ANNE, delivery: BOUNCED } },
    "This person’s invite at another address did not arrive.",
    "The address was corrected to anne@example.com on 3 May. The email to anne@example.com bounced on 1 May: no such mailbox.",
    "anne@example.com",
  ],
  [
    { ...CORRECTED, newInvite: { ...ANNE, delivery: BOUNCED }, delivery: BOUNCED },
    `This person’s invite at another address did not arrive. ${CHECK}`,
    "The address was corrected to anne@example.com on 3 May. The email had bounced on 1 May: no such mailbox. The email to anne@example.com bounced on 1 May: no such mailbox.",
    "anne@example.com",
  ],
  [
    { status: "expired", askedAt: MAY, askedFor: "link", delivery: BOUNCED },
    CHECK_OPEN,
    "Asked for a new link. Waiting since 3 May. The newest email bounced on 1 May: no such mailbox. Its row on the Deal seats page has the next step.",
    undefined,
  ],
  [
    { ...CORRECTED, newInvite: { ...ANNE, delivery: { ...BOUNCED, state: "complained", reason: null } } },
    "This person marked an invite at another address as spam.",
    "The address was corrected to anne@example.com on 3 May. The email to anne@example.com was marked as spam on 1 May.",
    "anne@example.com",
  ],
  [
    { ...CORRECTED, newInvite: { ...ANNE, status: "declined", declinedAt: MAY } },
    "This person said no at another address.",
    "The address was corrected to anne@example.com on 3 May. anne@example.com said no on 3 May.",
    "anne@example.com",
  ],
  [
    { correctedTo: "new" },
    "This person got an invite at another address. This one would be a second.",
    "The address was corrected on 3 May, and the invite went to the new one.",
    undefined,
  ],
  [
    { delivery: BOUNCED },
    CHECK,
    "Cancelled by a manager on 3 May. The email had bounced on 1 May: no such mailbox.",
    undefined,
  ],
  [
    { delivery: { ...BOUNCED, reason: "temporary" } },
    undefined,
    "Cancelled by a manager on 3 May. The email had bounced on 1 May: the mailbox is full, or its server did not answer. Invite it again later, or ask their IT team.",
    undefined,
  ],
  [{}, undefined, "Cancelled by a manager on 3 May.", undefined],
  [
    { status: "released", delivery: BOUNCED },
    CHECK,
    "The seat was de-allocated on 3 May. The email had bounced on 1 May: no such mailbox.",
    undefined,
  ],
  [{ status: "expired", delivery: BOUNCED }, CHECK_OPEN, "The email bounced on 1 May: no such mailbox.", undefined],
  [
    { status: "declined", declinedAt: MAY, delivery: BOUNCED },
    CHECK_OPEN,
    "Said no on 3 May. The email bounced on 1 May: no such mailbox.",
    undefined,
  ],
])("what to decide before an address is invited again, %j, is said once", (change, doubt, note, current, last) => {
  const invite: Known = { ...DELIVERED, status: "cancelled", removedAt: MAY, ...change };
  expect(doubtAgain(invite)).toBe(doubt);
  const past = pastOf(invite);
  const list = isRemoved(invite) && !current ? "removed" : undefined;
  const to = { email: current ?? last ?? "ann@example.com", isNew: current !== undefined, list };
  expect({ ...past, note: spaced(past.note) }).toEqual({ note, ...to });
});

it("the numbers of the summary are those of the rows", () => {
  const row = (outcome: SendResult["outcome"], change: Partial<Known> = {}, email = "ann@example.com") => ({
    verdict: { email, outcome },
    ...(Object.keys(change).length > 0 && { earlierInvite: { ...DELIVERED, ...change } }),
  });
  const spam = { delivery: { state: "complained", at: MAY, reason: null } } as const;
  const removed = { status: "cancelled", removedAt: MAY } as const;
  const doubt = { note: "Odd.", meant: undefined };
  const rows = [
    ...[
      row("invited"),
      row("invited", removed),
      row("invited", { ...removed, correctedTo: "new" }),
      row("invalid_email"),
    ],
    ...[row("invalid_email", {}, ""), row("invalid_email", {}, "a@x.example b@x.example"), row("duplicate")],
    ...[
      row("already_pending"),
      row("already_pending", { delivery: BOUNCED }),
      row("already_pending", { askedAt: MAY }),
    ],
    ...[row("already_accepted"), row("too_soon"), row("unavailable"), row("opted_out"), row("opted_out", spam)],
    ...[
      row("opted_out", { optedOutAt: MAY }),
      row("opted_out", { ...spam, ...removed }),
      row("opted_out", { optedOut: true }),
    ],
    ...[
      row("opted_out", { status: "accepted", optedOut: true }),
      row("opted_out", { status: "expired", optedOut: true }),
    ],
  ];
  const doubtful = [row("invited"), row("already_pending"), row("already_accepted"), row("duplicate")];
  const counts = new Map<string, number>();
  const count = (label = "") => counts.set(label, (counts.get(label) ?? 0) + 1);
  for (const each of rows) {
    count(forecast(each, undefined)?.label);
    // The file has the same name for it.
    expect(leftOutAs(each)?.label).toBe(forecast(each, undefined)?.label);
  }
  // A row to look at says after its doubt what happens to it.
  for (const each of doubtful) count(/^Odd\. ([^,.]+)/.exec(forecast(each, doubt)?.note ?? "")?.[1]);
  expect(summaryOf([...rows, ...doubtful].map(({ verdict }) => verdict))).toBe(
    [
      `${counts.get("Will be invited")} will be invited`,
      `${counts.get("No address")} has no address`,
      `${counts.get("Not an address")} are not addresses`,
      `${counts.get("Already pending")} are already pending`,
      `${counts.get("Already accepted")} have already accepted`,
      `${counts.get("Duplicate")} are duplicates`,
      `${counts.get("Stopped invites")} people stopped invites`,
      `${counts.get("Too soon")} is too soon`,
      `${counts.get("Not checked")} is not checked`,
    ].join(", "),
  );
  expect([...counts.values()].reduce((sum, each) => sum + each)).toBe(rows.length + doubtful.length);
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
