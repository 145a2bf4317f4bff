import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { drop, dropAll, dropThose, keep, kept, survivesRedirect } from "./storage";

/** Stands in for `sessionStorage`. */
function storage(limit = Infinity): Storage {
  const entries = new Map<string, string>();
  return {
    get length() {
      return entries.size;
    },
    key: (index) => [...entries.keys()][index] ?? null,
    getItem: (name) => entries.get(name) ?? null,
    setItem(name, text) {
      if (text.length > limit) throw new DOMException("full", "QuotaExceededError");
      entries.set(name, text);
    },
    removeItem: (name) => void entries.delete(name),
    clear: () => entries.clear(),
  };
}

const STORAGES: [string, boolean, () => Storage][] = [
  ["works", true, storage()],
  ["is blocked", false, undefined],
  ["is full", true, storage(3)],
].map(([what, survives, found]) => [
  what as string,
  survives as boolean,
  () => {
    if (!found) throw new DOMException("blocked", "SecurityError");
    return found as Storage;
  },
]);

describe.each(STORAGES)("if sessionStorage %s", (_, survives, get) => {
  beforeEach(() => {
    Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get });
    dropAll();
  });
  afterEach(() => vi.unstubAllGlobals());

  it("a text is found until it is dropped", () => {
    expect(kept("name")).toBeNull();
    keep("name", "first");
    keep("name", "second");
    expect(kept("name")).toBe("second");
    drop("name");
    expect(kept("name")).toBeNull();
  });

  it("all texts are dropped together", () => {
    keep("a", "1");
    keep("b", "a long one");
    dropAll();
    expect([kept("a"), kept("b")]).toEqual([null, null]);
  });

  it("the texts with certain names are dropped, the others stay", () => {
    keep("a:1", "1");
    keep("a:2", "a long one");
    keep("b", "2");
    dropThose((name) => name.startsWith("a:"));
    expect([kept("a:1"), kept("a:2"), kept("b")]).toEqual([null, null, "2"]);
  });

  it(`texts ${survives ? "survive" : "do not survive"} a redirect`, () => expect(survivesRedirect()).toBe(survives));
});

it("a newer text that does not fit replaces an older one that did", () => {
  const small = storage(3);
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value: small });
  keep("name", "old");
  keep("name", "newer");
  expect(kept("name")).toBe("newer");
  keep("name", "old");
  expect(kept("name")).toBe("old");
});
