/**
 * Who was offered a free seat from this tab, also after a reload. A resend to somebody who waits is the offer: without this, the
 * page would offer one free seat to everybody in turn.
 */
import { signal } from "@preact/signals";
import type { Counts, Invite, Seats } from "../api";
import { OFFERS } from "../session";
import { keep, kept } from "../storage";

/** Somebody with an offer. */
export type Person = Pick<Invite, "id" | "email">;
interface Offers {
  rows: readonly Person[];
  /** The numbers that end the offers when they change: of free seats, and of people who declined. */
  available: number;
  declined: number;
}
const NONE: Offers = { rows: [], available: 0, declined: 0 };
const offers = signal<ReadonlyMap<string, Offers>>(new Map());

const offersOf = (deal: string): Offers => offers.value.get(deal) ?? JSON.parse(kept(OFFERS + deal) ?? "null") ?? NONE;

function change(deal: string, changed: Offers) {
  offers.value = new Map(offers.value).set(deal, changed);
  keep(OFFERS + deal, JSON.stringify(changed));
}

/** Who has an offer. */
export const offered = (deal: string) => offersOf(deal).rows;

const others = (deal: string, rows: readonly Invite[]) =>
  offered(deal).filter(({ id }) => !rows.some((row) => row.id === id));

/** Records a resend to people who waited. While the deal is full, it offers nothing. */
export function recordOffers(deal: string, rows: readonly Invite[], { available }: Seats, counts: Counts | undefined) {
  if (available === 0 || rows.length === 0) return;
  const people = rows.map(({ id, email }) => ({ id, email }));
  const declined = counts?.declined ?? Number.MAX_SAFE_INTEGER;
  change(deal, { rows: [...others(deal, rows), ...people], available, declined });
}

/** Records that invites were cancelled. */
export function withdrawOffers(deal: string, rows: readonly Invite[]) {
  const left = others(deal, rows);
  if (left.length < offered(deal).length) change(deal, { ...offersOf(deal), rows: left });
}

/** Ends the offers once a seat was taken or somebody declined: who has an offer is not known then. */
export function settleOffers(deal: string, { available }: Seats, { declined }: Counts) {
  const known = offersOf(deal);
  if (known.rows.length === 0 || (available === known.available && declined <= known.declined)) return;
  change(deal, available < known.available || declined > known.declined ? NONE : { ...known, available });
}
