import { beforeEach, describe, expect, it, vi } from "vitest";
import type { createDeal, DealWithSeats, NewDeal } from "../api";
import { Problem } from "../api";
import { createOnce, dropCreated, enteredOn, lookUp, unanswered } from "./draft";
import { newDeal } from "./fields";

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

/** The API: one deal for each key, which may be lost on the way there or back. */
function api(fates: ("arrives" | "lost" | "answer lost" | "refused")[]) {
  const deals = new Map<string, NewDeal>();
  const create = (async (deal: NewDeal, key: string) => {
    const fate = fates.shift() ?? "arrives";
    if (fate === "lost") throw new Problem("offline", "");
    if (fate === "refused") throw new Problem("invalid_request", "", { status: 400 });
    const known = deals.get(key);
    if (known && JSON.stringify(known) !== JSON.stringify(deal))
      throw new Problem("idempotency_key_reused", "", { status: 422 });
    deals.set(key, deal);
    if (fate === "answer lost") throw new Problem("offline", "");
    return deal as unknown as DealWithSeats;
  }) as typeof createDeal;
  return { deals, create };
}

it.each<
  [what: string, fates: Parameters<typeof api>[0], seats: string[], created: [seats: number, isEarlier: boolean]]
>([
  ["arrived, and is repeated", ["answer lost"], ["100", "100"], [100, false]],
  ["arrived, and is repeated with spaces", ["answer lost"], ["100", " 100 "], [100, false]],
  ["arrived, and is changed", ["answer lost"], ["100", "101"], [100, true]],
  ["never arrived, and is changed", ["lost"], ["100", "101"], [101, false]],
  ["never arrived, then arrived, and is changed twice", ["lost", "answer lost"], ["100", "101", "102"], [101, true]],
  ["arrived, is changed, and then refused", ["answer lost", "refused"], ["100", "101", "102"], [100, true]],
  ["was refused, and is changed", ["refused"], ["100", "101"], [101, false]],
])("one deal is created if the first attempt %s", async (_, fates, seats, created) => {
  const { deals, create } = api(fates);
  const last = seats.pop()!;
  for (const text of seats) await createOnce({ ...VALUES, seats: text }, [], create).catch(() => undefined);
  const { deal, isEarlier } = await createOnce({ ...VALUES, seats: last }, [], create);
  expect([deal.seats, isEarlier]).toEqual(created);
  expect([...deals.values()].map(({ seats }) => seats)).toEqual([created[0]]);
});

it("a refused attempt leaves nothing to find out, a lost one does", async () => {
  await createOnce(VALUES, [], api(["refused"]).create).catch(() => undefined);
  expect(unanswered()).toEqual([]);
  await createOnce(VALUES, [], api(["lost"]).create).catch(() => undefined);
  expect(unanswered().map(({ deals }) => deals.length)).toEqual([1]);
});

it("after the first attempt's deal was deleted, another one is created", async () => {
  const { deals, create } = api(["answer lost"]);
  await createOnce(VALUES, [], create).catch(() => undefined);
  for (const key of deals.keys()) deals.set(key, { ...deals.get(key)!, name: "deleted" });
  const { deal, isEarlier } = await createOnce({ ...VALUES, seats: "101" }, [], create);
  expect([deal.seats, isEarlier]).toEqual([101, false]);
});

const OTHER = { ...VALUES, "organisation.id": "hooli", "organisation.name": "Hooli" };

it("the deal of another organisation is created as entered, also after a lost attempt", async () => {
  const { deals, create } = api(["answer lost"]);
  await createOnce(VALUES, [], create).catch(() => undefined);
  const { deal, isEarlier } = await createOnce(OTHER, [], create);
  expect([deal.organisation.id, isEarlier]).toEqual(["hooli", false]);
  expect([...deals.values()].map(({ organisation }) => organisation.id)).toEqual(["acme", "hooli"]);
  expect((await createOnce(VALUES, [], create)).isEarlier).toBe(false);
  expect(deals.size).toBe(2);
});

describe("after lost answers, the list of deals says what was created", () => {
  const stored = (deal: NewDeal, id: string, name = deal.name) =>
    ({ ...deal, id, name, seats: { total: deal.seats } }) as unknown as DealWithSeats;
  const sent = async (...all: (typeof VALUES)[]) => {
    for (const values of all) {
      enteredOn("").keep(values);
      await createOnce(values, [stored(newDeal(VALUES), "older")], api(["lost"]).create).catch(() => undefined);
    }
  };
  const seen = (...deals: DealWithSeats[]) =>
    lookUp(async (organisation) => deals.filter((deal) => deal.organisation.id === organisation));

  it("and what was entered is kept unless it was created", async () => {
    await sent(VALUES, OTHER);
    const older = stored(newDeal(VALUES), "older");
    const outcomes = await seen(older, stored(newDeal(OTHER), "new"));
    expect(outcomes.map(({ sent, deal }) => [sent.organisation.id, deal?.id])).toEqual([
      ["acme", undefined],
      ["hooli", "new"],
    ]);
    expect(unanswered().map(({ deals }) => deals[0]!.organisation.id)).toEqual(["acme"]);
    dropCreated("", outcomes.slice(0, 1));
    expect(enteredOn("").kept()).toEqual(OTHER);
    dropCreated("", outcomes);
    expect(enteredOn("").kept()).toBeUndefined();
  });

  it("of whichever values were sent first, and with a cleaned name", async () => {
    await sent({ ...VALUES, name: "Two  words" }, { ...VALUES, seats: "101" });
    const [outcome] = await seen(stored(newDeal({ ...VALUES, name: "Two words" }), "first"));
    expect([outcome?.deal?.id, outcome?.sent.seats]).toEqual(["first", 100]);
    expect(unanswered()).toEqual([]);
  });

  it("or fails if the list cannot be read", async () => {
    await sent(VALUES);
    await expect(lookUp(() => Promise.reject(new Problem("offline", "")))).rejects.toThrow("offline");
    expect(unanswered()).toHaveLength(1);
  });
});
