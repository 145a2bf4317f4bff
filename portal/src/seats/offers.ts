/**
 * Who was offered a free seat in this visit. A resend to somebody who waits is the offer: without this, the page would offer one
 * free seat to everybody in turn.
 */
import { signal } from "@preact/signals";
import type { Counts, Invite, Seats } from "../api";

interface Offers {
  rows: readonly Invite[];
  /** The numbers that end the offers when they change: of free seats, and of people who declined. */
  available: number;
  declined: number;
}
const offers = signal<ReadonlyMap<string, Offers>>(new Map());

function change(deal: string, changed: Offers | undefined) {
  const all = new Map(offers.value);
  if (changed && changed.rows.length > 0) all.set(deal, changed);
  else all.delete(deal);
  offers.value = all;
}

/** Who has an offer. */
export const offered = (deal: string): readonly Invite[] => offers.value.get(deal)?.rows ?? [];

const others = (deal: string, rows: readonly Invite[]) =>
  offered(deal).filter(({ id }) => !rows.some((row) => row.id === id));

/** Records a resend to people who waited. While the deal is full, it offers nothing. */
export function recordOffers(deal: string, rows: readonly Invite[], { available }: Seats, counts: Counts | undefined) {
  if (available === 0 || rows.length === 0) return;
  const declined = counts?.declined ?? Number.POSITIVE_INFINITY;
  change(deal, { rows: [...others(deal, rows), ...rows], available, declined });
}

/** Records that invites were cancelled. */
export function withdrawOffers(deal: string, rows: readonly Invite[]) {
  const known = offers.value.get(deal);
  if (known) change(deal, { ...known, rows: others(deal, rows) });
}

/** Ends the offers once a seat was taken or somebody declined: who has an offer is not known then. */
export function settleOffers(deal: string, { available }: Seats, { declined }: Counts) {
  const known = offers.value.get(deal);
  if (!known || (available === known.available && declined <= known.declined)) return;
  change(deal, available < known.available || declined > known.declined ? undefined : { ...known, available });
}
