import { expect, it } from "vitest";
import type { InviteDetail } from "../api";
import { INVITE } from "../sample";
import { type Done, meantime, noBefore } from "./meantime";

const BY = "max@acme.example";
const AT = "2026-11-20T10:00:00Z";
type Event = InviteDetail["history"][number]["event"];
const now = (change: Partial<InviteDetail>, ...events: Event[]): InviteDetail => ({
  ...INVITE,
  optedOut: false,
  correctedFrom: null,
  history: events.map((event) => ({ at: AT, event, by: event === "accepted" ? null : BY })),
  ...change,
});

it.each<[did: Done, after: InviteDetail | undefined, words: string]>([
  [
    "resent",
    now({ status: "cancelled" }, "cancelled"),
    "Not resent: the invite to ann@example.com was cancelled by max@acme.example in the meantime.",
  ],
  [
    "resent",
    now({ status: "cancelled", history: [] }),
    "Not resent: the invite to ann@example.com was cancelled in the meantime.",
  ],
  [
    "resent",
    now({ sends: 2 }, "resent"),
    "Not resent again: the invite to ann@example.com was resent by max@acme.example in the meantime.",
  ],
  [
    "corrected",
    now({ status: "cancelled", correctedTo: "new" }, "corrected", "cancelled"),
    "Not corrected again: the address ann@example.com was corrected by max@acme.example in the meantime. The new address got an invite of its own.",
  ],
  [
    "cancelled",
    now({ status: "accepted" }, "accepted"),
    "Not cancelled: ann@example.com accepted in the meantime and holds a seat.",
  ],
  [
    "corrected",
    now({ status: "released" }, "released", "accepted"),
    "Not corrected: the seat of ann@example.com was de-allocated by max@acme.example in the meantime.",
  ],
  [
    "de-allocated",
    now({ sends: 2 }, "invited", "released"),
    "Not de-allocated: the invite to ann@example.com was resent by max@acme.example in the meantime.",
  ],
  [
    "resent",
    now({}),
    "Not resent: the invite to ann@example.com changed in the meantime. Its row shows the current state.",
  ],
  ["resent", undefined, "Not resent: the invite to ann@example.com no longer exists."],
])("an action after a change that it met: what is not %s, and why", (did, after, words) => {
  expect(meantime(did, INVITE, after)).toBe(words);
  // Nothing was refused to who only looked.
  if (after) expect(words.toLowerCase()).toContain(meantime(undefined, INVITE, after).toLowerCase());
});

it("the address to which somebody corrected it is named", () => {
  const corrected = now({ status: "cancelled", correctedTo: "new" }, "corrected", "cancelled");
  expect(meantime(undefined, INVITE, corrected, "anne@example.com")).toBe(
    "The address ann@example.com was corrected to anne@example.com by max@acme.example in the meantime. The new address got an invite of its own.",
  );
});

it.each<[what: string, after: InviteDetail, at: string | undefined]>([
  ["a no that the page had not shown", now({ sends: 2 }, "resent", "declined", "sent", "invited"), AT],
  ["no no", now({ sends: 2 }, "resent", "sent", "invited"), undefined],
  ["a no to an earlier send", now({ sends: 2 }, "resent", "sent", "resent", "declined", "invited"), undefined],
  ["a request after the no", now({ sends: 2 }, "resent", "asked", "declined", "invited"), undefined],
  ["another resend since", now({ sends: 3 }, "resent", "declined", "resent", "invited"), undefined],
])("after a resend, the page tells of %s", (_, after, at) => expect(noBefore(after, 1)).toBe(at));
