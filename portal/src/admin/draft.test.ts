import { beforeEach, expect, it, vi } from "vitest";
import { dropDraft, keptDraft, keyFor } from "./draft";

const VALUES = {
  "organisation.id": "acme",
  "organisation.name": "Acme",
  name: "Unlimited",
  seats: "100",
  startsAt: "2026-09-01T00:00",
  endsAt: "2027-09-01T00:00",
};

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  });
});

it("the same deal has the same key, with or without spaces around a field", () => {
  const key = keyFor(VALUES);
  expect(keyFor({ ...VALUES })).toBe(key);
  expect(keyFor({ ...VALUES, name: " Unlimited " })).toBe(key);
});

it("another deal has another key", () => {
  const key = keyFor(VALUES);
  expect(keyFor({ ...VALUES, seats: "101" })).not.toBe(key);
});

it("a deal like an earlier one is another deal", () => {
  const key = keyFor(VALUES);
  dropDraft();
  expect(keptDraft()).toBeUndefined();
  expect(keyFor(VALUES)).not.toBe(key);
});
