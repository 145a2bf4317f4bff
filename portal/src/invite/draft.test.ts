import { beforeEach, expect, it, vi } from "vitest";
import { type Draft, fullestFirst, keepDraft, keepTyped, restoreDraft, takeTyped } from "./draft";

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
