import { expect, it, vi } from "vitest";
import type { Counts, Invite, Seats } from "../api";
import { INVITE } from "../sample";
import { offered, recordOffers, settleOffers, withdrawOffers } from "./offers";

const row = (id: string): Invite => ({ ...INVITE, id });
const free = (available: number) => ({ available }) as Seats;
const said = (declined: number) => ({ declined }) as Counts;
const ids = (deal: string) => offered(deal).map(({ id }) => id);

it.each([
  ["a seat is taken", free(1), said(0), []],
  ["somebody declines", free(2), said(1), []],
  ["a seat becomes free", free(3), said(0), ["ann", "bob"]],
  ["nothing changes", free(2), said(0), ["ann", "bob"]],
])("the offers when %s", (what, seats, counts, left) => {
  recordOffers(what, [row("ann")], free(2), said(0));
  recordOffers(what, [row("ann"), row("bob")], free(2), said(0));
  settleOffers(what, seats, counts);
  expect(ids(what)).toEqual(left);
  // Also after a seat that became free is taken.
  settleOffers(what, free(2), counts);
  expect(ids(what)).toEqual(seats.available === 2 ? left : []);
});

it("a reload keeps the offers, with no more than whom to name", async () => {
  const texts = new Map<string, string>();
  const getItem = (name: string) => texts.get(name) ?? null;
  vi.stubGlobal("sessionStorage", { getItem, setItem: (name: string, text: string) => void texts.set(name, text) });
  recordOffers("kept", [row("ann")], free(1), undefined);
  vi.resetModules();
  const { offered, settleOffers } = await import("./offers");
  expect(offered("kept")).toEqual([{ id: "ann", email: INVITE.email }]);
  settleOffers("kept", free(1), said(1));
  expect(offered("kept")).toHaveLength(1);
  settleOffers("kept", free(0), said(1));
  expect(offered("kept")).toEqual([]);
  vi.unstubAllGlobals();
});

it("a cancelled invite is no offer, and nobody is offered a seat of a full deal", () => {
  recordOffers("deal", [row("ann"), row("bob")], free(1), said(0));
  withdrawOffers("deal", [row("ann")]);
  expect(ids("deal")).toEqual(["bob"]);
  recordOffers("full", [row("ann")], free(0), said(0));
  expect(ids("full")).toEqual([]);
});
