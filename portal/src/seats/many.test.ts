import { expect, test } from "vitest";
import type { Invite } from "../api";
import { INVITE, spaced } from "../sample";
import type { BulkOutcome } from "./bulk";
import { records } from "./many";

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
