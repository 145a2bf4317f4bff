import { beforeEach, expect, it, vi } from "vitest";
import type { createDeal, DealWithSeats, NewDeal } from "../api";
import { Problem } from "../api";
import { createOnce, isUnknown, keptDraft } from "./draft";

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
  for (const text of seats) await createOnce({ ...VALUES, seats: text }, create).catch(() => undefined);
  const { deal, isEarlier } = await createOnce({ ...VALUES, seats: last }, create);
  expect([deal.seats, isEarlier]).toEqual(created);
  expect([...deals.values()].map(({ seats }) => seats)).toEqual([created[0]]);
});

it("a refused attempt leaves nothing to find out, a lost one does", async () => {
  await createOnce(VALUES, api(["refused"]).create).catch(() => undefined);
  expect([isUnknown(), keptDraft()?.values]).toEqual([false, VALUES]);
  await createOnce(VALUES, api(["lost"]).create).catch(() => undefined);
  expect(isUnknown()).toBe(true);
});

it("after the first attempt's deal was deleted, another one is created", async () => {
  const { deals, create } = api(["answer lost"]);
  await createOnce(VALUES, create).catch(() => undefined);
  for (const key of deals.keys()) deals.set(key, { ...deals.get(key)!, name: "deleted" });
  const { deal, isEarlier } = await createOnce({ ...VALUES, seats: "101" }, create);
  expect([deal.seats, isEarlier]).toEqual([101, false]);
});
