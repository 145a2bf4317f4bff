/** The people of another deal, to be invited to this one. */
import { type Counts, type DealWithSeats, getCounts, listSeats } from "../api";
import { atLeast } from "../seats/deal-head";
import { number, people } from "../ui/seat-numbers";
import { MOST_ROWS } from "./inviting";
import type { Recipient } from "./recipients";

const PAGE = 200;

export interface Learners {
  readonly people: Recipient[];
  /** What was not taken, in words; empty if nothing was left out. */
  readonly leftOut: string;
}

/** The deals whose people may be invited to a deal: first those where somebody holds a seat, by how near their end is. */
export function sourcesFor(deal: string, deals: DealWithSeats[], now: number): DealWithSeats[] {
  const isEmpty = ({ seats }: DealWithSeats) => Number(seats.allocated === 0);
  const distance = ({ endsAt }: DealWithSeats) => Math.abs(Date.parse(endsAt) - now);
  return deals.filter(({ id }) => id !== deal).toSorted((a, b) => isEmpty(a) - isEmpty(b) || distance(a) - distance(b));
}

/** Everybody with a seat and, if asked for, with a pending invite. Undefined if the walk was stopped. */
export async function learnersOf(
  deal: string,
  withPending: boolean,
  onProgress: (loaded: number, total: number) => void,
  isStopped: () => boolean,
): Promise<Learners | undefined> {
  const counts = await getCounts(deal);
  const total = counts.accepted + (withPending ? counts.pending : 0);
  // A row that moves during the walk may come twice.
  const found = new Map<string, Recipient>();
  let more = false;
  for (const status of withPending ? (["accepted", "pending"] as const) : (["accepted"] as const)) {
    let cursor: string | undefined;
    do {
      if (isStopped()) return undefined;
      onProgress(found.size, total);
      const page = await listSeats(deal, { status, cursor, limit: PAGE });
      for (const { id, email, name } of page.invites) found.set(id, { email, ...(name && { name }) });
      cursor = page.nextCursor ?? undefined;
      more ||= found.size > MOST_ROWS || (found.size === MOST_ROWS && cursor !== undefined);
    } while (cursor !== undefined && !more);
  }
  return { people: [...found.values()].slice(0, MOST_ROWS), leftOut: leftOutOf(counts, withPending, more) };
}

/** How many people of another deal were added to the list, and who was not. */
export function takenFrom(deal: string, added: number, { people: found, leftOut }: Learners): string {
  const listed = found.length - added;
  return [
    found.length === 0 ? `${deal} has nobody to add.` : `${people(added)} of ${deal} added.`,
    listed > 0 && `${people(listed)} ${listed === 1 ? "was" : "were"} in the list already.`,
    leftOut,
  ]
    .filter(Boolean)
    .join(" ");
}

function leftOutOf({ pending, expired, declined, exactUpTo }: Counts, withPending: boolean, more: boolean): string {
  const others = [
    !withPending && pending > 0 && `${atLeast(pending, exactUpTo)} pending`,
    expired > 0 && `${atLeast(expired, exactUpTo)} expired`,
    declined > 0 && `${atLeast(declined, exactUpTo)} declined`,
  ].filter((part) => part !== false);
  return [
    more && `Only the first ${number(MOST_ROWS)} people fit into a list.`,
    others.length > 0 && `Not added: ${others.join(", ")}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
