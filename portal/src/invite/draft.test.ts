import { beforeEach, expect, it, vi } from "vitest";
import { asRecipient, type Draft, keepDraft, keepTyped, restoreDraft, takeTyped, unsentOf } from "./draft";
import { readList } from "./parse";

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  });
});

it("a draft comes back as it was: the order of its rows, their places in the paste, and what was left out", () => {
  const draft: Draft = {
    text: "more@example.com",
    rows: [
      { id: 2, email: "nobody", name: "" },
      { id: 0, email: "ann@example.com", name: "Ann Doe" },
      { id: 1, email: "bar@example.com", name: "", typed: "foo bar@example.com" },
    ],
    leftOut: [{ reason: "header", text: "Email" }],
  };
  keepDraft("deal", draft);
  expect(restoreDraft("deal")).toEqual(draft);
  keepDraft("deal", { text: "", rows: [], leftOut: [] });
  expect(restoreDraft("deal")).toEqual({ text: "", rows: [], leftOut: [] });
});

it.each<[what: string, stage: Draft["stage"] | undefined, isHere: boolean, left: number]>([
  ["was stopped", "paused", true, 1],
  ["was stopped before a reload", "paused", false, 1],
  ["goes on", "sending", true, 0],
  ["ended with its page", "sending", false, 1],
  ["has not begun", undefined, true, 0],
])("of a list whose sending %s, %s, here: %s, %i is unsent", (what, stage, isHere, left) => {
  const invited = { email: "ann@example.com", outcome: "invited" as const };
  const rows = [
    { id: 0, email: "ann@example.com", verdict: invited, sent: invited },
    { id: 1, email: "bob@example.com", verdict: invited },
    { id: 2, email: "nobody", verdict: { email: "nobody", outcome: "invalid_email" as const } },
  ];
  const draft = { text: "", rows, leftOut: [], ...(stage && { stage }) };
  if (isHere) keepDraft(what, draft);
  else sessionStorage.setItem(`invite:${what}`, JSON.stringify(draft));
  expect(unsentOf(what).length).toBe(left);
});

it("a text that was searched for is taken once", () => {
  keepTyped("deal", "Zoe");
  expect([takeTyped("deal"), takeTyped("deal")]).toEqual(["Zoe", ""]);
});

it.each([
  ["Ann Doe", "Ann Doe"],
  ["Doe, Ann", "Ann Doe"],
  ['Ann "Annie" <Doe>', "Ann Annie Doe"],
  [null, undefined],
])("the line of somebody named %s is read as that person", (name, read) => {
  const line = asRecipient({ email: "ann@example.com", name });
  expect(readList(line)).toEqual({ rows: [{ email: "ann@example.com", ...(read && { name: read }) }], leftOut: [] });
});
