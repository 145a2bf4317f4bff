import { expect, it } from "vitest";
import type { Invite } from "../api";
import { leftOutOf, pastOf, stillOut } from "./verdicts";

const INVITE: Invite = {
  id: "i",
  email: "ann@example.com",
  name: null,
  status: "pending",
  queuedAt: "2026-05-01T10:00:00Z",
  sentAt: "2026-05-01T10:00:00Z",
  expiresAt: "2026-05-29T10:00:00Z",
  acceptedAt: null,
  acceptedWith: null,
  declinedAt: null,
  askedAt: null,
  askedFor: null,
  removedAt: null,
  invitedBy: null,
  sends: 1,
  delivery: { state: "delivered", at: "2026-05-01T10:00:00Z", reason: null },
};
const MAY = "2026-05-03T10:00:00Z";

it.each<[change: Partial<Invite>, note: string, list: string]>([
  [
    { delivery: { ...INVITE.delivery, state: "bounced", reason: "mailbox_unavailable" } },
    "Bounced: no such mailbox. Correct the address, or resend once the mailbox is there.",
    "undelivered",
  ],
  [{ status: "declined", declinedAt: MAY }, "This person declined on 3 May.", "declined"],
  [{ askedAt: MAY, askedFor: "seat" }, "This person asked for a seat on 3 May. To answer, resend the invite.", "asked"],
  [
    { status: "expired", askedAt: MAY, askedFor: "link" },
    "This person asked for a new link on 3 May. To answer, resend the invite.",
    "asked",
  ],
  [
    { status: "cancelled", removedAt: MAY },
    "An earlier invite was cancelled on 3 May, or corrected to another address.",
    "removed",
  ],
  [
    { status: "released", acceptedAt: "2026-05-02T10:00:00Z", removedAt: MAY },
    "This person had a seat on 2 May, which was de-allocated on 3 May.",
    "removed",
  ],
])("an address with an earlier invite says what happened to it: %j", (change, note, list) => {
  expect(pastOf({ ...INVITE, ...change })).toEqual({ note, list });
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
