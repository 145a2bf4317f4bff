import { expect, test } from "vitest";
import { INVITE, spaced } from "../sample";
import type { BulkOutcome } from "./bulk";
import { notDone, records, SeatsLeft } from "./many";
import type { Known } from "./words";

const MAY = "2026-05-03T10:00:00Z";
const ACTIVE = { available: 1, active: true };

test.each<[outcome: BulkOutcome, change: Partial<Known>, says: string, step: RegExp]>([
  ["resent", {}, "Resent", /^$/],
  [
    "undeliverable",
    { delivery: { state: "bounced", at: MAY, reason: "mailbox_unavailable" } },
    "Bounced: no such mailbox",
    /^Correct the address, or resend the invite once the mailbox exists\. A bounce blocks the address: a resend lifts that, at most once a day\.$/,
  ],
  [
    "undeliverable",
    { optedOutAt: MAY, delivery: { state: "complained", at: MAY, reason: null } },
    "Marked as spam",
    /^The email was marked as spam on 3 May, .* ask the person for another address, and correct this one\.$/,
  ],
  [
    "opted_out",
    {},
    "Stopped invites, or marked one as spam",
    /^Who stopped invites, or marked one as spam, can allow them again, .*, if asked\.$/,
  ],
  [
    "undeliverable",
    { askedAt: MAY, askedFor: "link", delivery: { state: "complained", at: MAY, reason: null } },
    "Marked as spam",
    /^Resend to send a new link\. If it bounces, ask the team that runs this site to unblock the address\.$/,
  ],
  ["opted_out", { optedOutAt: MAY }, "Stopped invites", /^Stopped invites on 3 May\. .* Resend once they have\.$/],
  [
    "opted_out",
    { optedOut: true },
    "Stopped invites, or marked one as spam, in another deal",
    /^Stopped invites, or marked one as spam, in another deal\. .* Resend once they have\.$/,
  ],
  ["too_soon", {}, "Sending limit reached", /^Where the sending limit was reached, resend later\.$/],
])("in a file, the outcome %s of %j has its next step", (outcome, change, says, step) => {
  const row = { ...INVITE, ...change };
  const [header, cells] = records([{ row, outcome }], ACTIVE);
  expect(header).toEqual(["Email", "Name", "Outcome", "Next step"]);
  expect(cells?.map(spaced)).toEqual([INVITE.email, "", says, expect.stringMatching(step)]);
});

test.each<[due: number, available: number, says: string]>([
  [0, 3, ""],
  [1, 3, "4 people may still accept, but only 3 seats are left. The first 3 to accept get them."],
  [0, 1, "3 people may still accept, but only 1 seat is left. The first to accept gets it."],
  [0, 0, "Every seat is taken: nobody can accept until a seat is free."],
])("a question about 3 pending invites and %i more, with %i seats left, says: %s", (due, available, says) => {
  const counts = { pending: 3, accepted: 0, expired: 1, declined: 0, asked: 0, undelivered: 0, exactUpTo: 1000 };
  const line = SeatsLeft({ due, counts, seats: { total: 9, allocated: 9 - available, available } });
  const words = line?.props.children as string | { props: { children: string } } | undefined;
  expect(typeof words === "object" ? words.props.children : (words ?? "")).toBe(says);
});

const NO_MAILBOX = { delivery: { state: "bounced", at: MAY, reason: "mailbox_unavailable" } } as const;
const FULL = { delivery: { state: "bounced", at: MAY, reason: "rejected" } } as const;
const WAY_BACK =
  "can allow them again, with the link in an earlier email. Without one, the team that runs this site can, if asked.";
test.each<[rows: [BulkOutcome, Partial<Known>][], says: string]>([
  [
    [
      ["undeliverable", NO_MAILBOX],
      ["opted_out", { optedOutAt: MAY }],
    ],
    `p0@z.example (bounced on 3 May: no such mailbox); p1@z.example (stopped invites on 3 May). Once a mailbox that bounced works, use “Resend” in its row. Who stopped invites ${WAY_BACK}`,
  ],
  [
    [["undeliverable", { delivery: { state: "complained", at: MAY, reason: null } }]],
    "p0@z.example (marked the email as spam on 3 May). Each row in “Not delivered” says the next step.",
  ],
  [
    [
      ["opted_out", { optedOutAt: MAY }],
      // Only the API knew of it.
      ["opted_out", {}],
    ],
    `p0@z.example (stopped invites on 3 May); p1@z.example (stopped invites, or marked one as spam). Who stopped invites, or marked one as spam, ${WAY_BACK}`,
  ],
  [
    [
      ["undeliverable", NO_MAILBOX],
      ["undeliverable", { delivery: { ...NO_MAILBOX.delivery, at: "2026-05-04T10:00:00Z" } }],
      ["undeliverable", FULL],
      ["undeliverable", { delivery: { state: "complained", at: MAY, reason: null } }],
    ],
    "2 invites (bounced: no such mailbox); 1 invite (bounced: their mail server refused it); 1 invite (marked as spam). Once a mailbox that bounced works, use “Resend” in its row. Each row in “Not delivered” says the next step.",
  ],
])("a result says of each person what the question before it said: %j", (rows, says) => {
  const results = rows.map(([outcome, change], at) => ({
    row: { ...INVITE, id: `p${at}`, email: `p${at}@z.example`, ...change },
    outcome,
  }));
  expect(spaced(notDone(results))).toBe(says);
});
