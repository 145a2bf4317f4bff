/** The people of another deal, to be invited to this one. */
import { type Counts, getCounts, listSeats } from "../api";
import { atLeast } from "../seats/deal-head";
import { number } from "../ui/seat-numbers";
import { MOST_ROWS } from "./inviting";
import type { Recipient } from "./recipients";

const PAGE = 200;

export interface Learners {
  readonly people: Recipient[];
  /** What was not taken, in words; empty if nothing was left out. */
  readonly leftOut: string;
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
  const people = new Map<string, Recipient>();
  let more = false;
  for (const status of withPending ? (["accepted", "pending"] as const) : (["accepted"] as const)) {
    let cursor: string | undefined;
    do {
      if (isStopped()) return undefined;
      onProgress(people.size, total);
      const page = await listSeats(deal, { status, cursor, limit: PAGE });
      for (const { id, email, name } of page.invites) people.set(id, { email, ...(name && { name }) });
      cursor = page.nextCursor ?? undefined;
      more ||= people.size > MOST_ROWS || (people.size === MOST_ROWS && cursor !== undefined);
    } while (cursor !== undefined && !more);
  }
  return { people: [...people.values()].slice(0, MOST_ROWS), leftOut: leftOutOf(counts, withPending, more) };
}

function leftOutOf({ pending, expired, declined, exactUpTo }: Counts, withPending: boolean, more: boolean): string {
  const others = [
    !withPending && pending > 0 && `${atLeast(pending, exactUpTo)} pending`,
    expired > 0 && `${atLeast(expired, exactUpTo)} expired`,
    declined > 0 && `${atLeast(declined, exactUpTo)} declined`,
  ].filter((part) => part !== false);
  return [
    more && `Only the first ${number(MOST_ROWS)} people fit into a list.`,
    others.length > 0 && `Not taken from there: ${others.join(", ")}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
