import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { drop, dropAll, keep, kept, outlivesPage } from "./storage";

/** What `sessionStorage` does once it can be reached. */
function storage(limit = Infinity): Storage {
  const entries = new Map<string, string>();
  return {
    get length() { return entries.size; },
    key: () => null,
    getItem: (name) => entries.get(name) ?? null,
    setItem(name, text) {
      if (text.length > limit) throw new DOMException("full", "QuotaExceededError");
      entries.set(name, text);
    },
    removeItem: (name) => void entries.delete(name),
    clear: () => entries.clear(),
  };
}

const PLACES: [string, boolean, () => Storage][] = [
  ["works", true, storage()],
  ["is blocked", false, undefined],
  ["is full", true, storage(3)],
].map(([what, outlives, found]) => [what as string, outlives as boolean, () => {
  if (!found) throw new DOMException("blocked", "SecurityError");
  return found as Storage;
}]);

describe.each(PLACES)("where sessionStorage %s", (_, outlives, get) => {
  beforeEach(() => {
    Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get });
    dropAll();
  });
  afterEach(() => vi.unstubAllGlobals());

  it("what is kept is found until it is dropped", () => {
    expect(kept("name")).toBeNull();
    keep("name", "first");
    keep("name", "second");
    expect(kept("name")).toBe("second");
    drop("name");
    expect(kept("name")).toBeNull();
  });

  it("all can be dropped at once", () => {
    keep("a", "1");
    keep("b", "a long one");
    dropAll();
    expect([kept("a"), kept("b")]).toEqual([null, null]);
  });

  it(`the page ${outlives ? "can" : "cannot"} count on what it keeps`, () => expect(outlivesPage()).toBe(outlives));
});

it("a newer value that finds no room outranks the older one that did", () => {
  const small = storage(3);
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value: small });
  keep("name", "old");
  keep("name", "newer");
  expect(kept("name")).toBe("newer");
  keep("name", "old");
  expect(kept("name")).toBe("old");
});
