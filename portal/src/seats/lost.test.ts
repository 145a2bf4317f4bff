import { expect, it } from "vitest";
import type { InviteDetail } from "../api";
import { INVITE } from "../sample";
import { session } from "../session";
import { doneByMe } from "./lost";
import type { Done } from "./meantime";

const ME = "ann.manager@acme.example";
type Event = InviteDetail["history"][number]["event"];
const happened = (by: string | null, ...events: Event[]) =>
  events.map((event) => ({ at: "2026-11-20T10:00:00Z", event, by }));
const now = (change: Partial<InviteDetail>): InviteDetail => ({
  ...INVITE,
  optedOut: false,
  correctedFrom: null,
  history: [],
  ...change,
});
const REPLACED = { status: "cancelled", correctedTo: "new" } as const;
const RESENT = { sends: 2, history: happened(ME, "resent", "invited") };

it.each<[did: Done, what: string, now: Partial<InviteDetail>, isMine: boolean]>([
  ["resent", "by oneself", RESENT, true],
  ["resent", "by somebody whose address is not verified", { sends: 2, history: happened(null, "resent") }, true],
  ["resent", "not yet", { history: happened(ME, "invited") }, false],
  [
    "resent",
    "by another person since",
    { sends: 2, history: [...happened("max@acme.example", "resent"), ...happened(ME, "resent")] },
    false,
  ],
  ["resent", "twice", { ...RESENT, sends: 3 }, false],
  ["cancelled", "by oneself", { status: "cancelled", history: happened(ME.toUpperCase(), "cancelled") }, true],
  [
    "cancelled",
    "by another person",
    { status: "cancelled", history: happened("max@acme.example", "cancelled") },
    false,
  ],
  ["cancelled", "by a correction", { ...REPLACED, history: happened(ME, "corrected", "cancelled") }, false],
  ["cancelled", "not yet", { history: happened(ME, "cancelled") }, false],
  ["de-allocated", "by oneself", { status: "released", history: happened(ME, "released") }, true],
  [
    "de-allocated",
    "by another person",
    { status: "released", history: happened("max@acme.example", "released") },
    false,
  ],
  ["de-allocated", "not yet", { status: "accepted", history: happened(ME, "invited") }, false],
  ["corrected", "to another address", { ...REPLACED, history: happened(ME, "corrected", "cancelled") }, true],
  ["corrected", "to another name", { name: "Ann", history: happened(ME, "corrected") }, true],
  ["corrected", "by another person", { name: "Ann", history: happened("max@acme.example", "corrected") }, false],
  ["corrected", "not since", { history: happened(ME, "corrected") }, false],
])("an invite is one's own doing: %s %s", (did, _, change, isMine) => {
  session.value = { email: ME } as typeof session.value;
  expect(doneByMe(did, INVITE, now(change))).toBe(isMine);
});
