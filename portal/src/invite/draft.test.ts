import { beforeEach, expect, it, vi } from "vitest";
import { type Draft, fullestFirst, keepDraft, keepTyped, restoreDraft, takeTyped, unsentOf } from "./draft";

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
  expect(unsentOf(what)).toBe(left);
});

it("a text that was searched for is taken once", () => {
  keepTyped("deal", "Zoe");
  expect([takeTyped("deal"), takeTyped("deal")]).toEqual(["Zoe", ""]);
});

it.each<[what: string, names: string[], first: number]>([
  ["the one with a name", ["", "Ann Doe"], 1],
  ["the longer name", ["Ann", "Ann Doe", "A"], 1],
  ["the first of equals", ["Ann Doe", "Bob Roe"], 0],
])("of several rows with the same address, %s is invited", (_, names, first) => {
  const rows = names.map((name, id) => ({ id, email: id % 2 ? "ANN@example.com" : "ann@example.com", name }));
  const other = { id: 9, email: "bob@example.com", name: "" };
  expect(fullestFirst([other, ...rows].reverse())[0]?.id).toBe(first);
});

it("other rows keep the order in which they were pasted", () => {
  const rows = ["ann", "bob", "cat"].map((name, id) => ({ id, email: `${name}@example.com`, name: "" }));
  expect(fullestFirst(rows.toReversed()).map(({ id }) => id)).toEqual([0, 1, 2]);
});
