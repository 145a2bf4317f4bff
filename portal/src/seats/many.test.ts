import { expect, test } from "vitest";
import type { Invite } from "../api";
import { INVITE, spaced } from "../sample";
import type { BulkOutcome } from "./bulk";
import { records, SeatsLeft } from "./many";

const MAY = "2026-05-03T10:00:00Z";
const ACTIVE = { available: 1, active: true };

test.each<[outcome: BulkOutcome, change: Partial<Invite>, says: string, step: RegExp]>([
  ["resent", {}, "Resent", /^$/],
  [
    "undeliverable",
    { delivery: { state: "bounced", at: MAY, reason: "mailbox_unavailable" } },
    "Bounced",
    /^Correct the address, or resend the invite once the mailbox exists\.$/,
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
    /^Stopped invites, or marked .* Resend once they have\.$/,
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
