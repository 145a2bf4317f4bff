/** The numbers of a page: all from one refresh, and updated together after each of the manager's own actions. */
import type { Counts, Filter, Invite, Seats } from "../api";
import { number } from "../ui/seat-numbers";
import { atLeast } from "./deal-head";
import { isAsked, isIn, isUndelivered } from "./words";

/** All invites of a deal, and whether their number is exact. Accepted ones are allocated seats, which always is. */
export function total({ pending, accepted, expired, declined, exactUpTo }: Counts) {
  const counts = [pending, expired, declined];
  const count = counts.reduce((sum, count) => sum + Math.min(count, exactUpTo), accepted);
  return { count, exact: counts.every((count) => count <= exactUpTo) };
}

/** How many invites a list has; undefined if that is not known exactly. */
export function exactCount(counts: Counts, status: Filter | undefined): number | undefined {
  if (status === "removed") return undefined;
  if (status === undefined) {
    const { count, exact } = total(counts);
    return exact ? count : undefined;
  }
  return status === "accepted" || counts[status] <= counts.exactUpTo ? counts[status] : undefined;
}

export function tabCount(counts: Counts, status: Filter | undefined): string {
  if (status === "removed") return "";
  if (status) return atLeast(counts[status], status === "accepted" ? Number.POSITIVE_INFINITY : counts.exactUpTo);
  const { count, exact } = total(counts);
  return number(count) + (exact ? "" : "+");
}

const COUNTED = ["pending", "expired", "declined", "asked", "undelivered"] as const;

/** The counts, exact also above the API's limit if all invites are known. */
export function withRows(counts: Counts, { allocated }: Seats, rows: Invite[]): Counts {
  if (COUNTED.every((list) => counts[list] <= counts.exactUpTo)) return counts;
  const exact = { ...counts, accepted: allocated, exactUpTo: Number.MAX_SAFE_INTEGER };
  for (const list of COUNTED) exact[list] = rows.filter((row) => isIn(row, list)).length;
  return exact;
}

export interface Numbers {
  seats: Seats;
  counts: Counts;
  /** When they were loaded, in milliseconds. */
  at: number;
  /** Whether the last refresh failed. */
  isStale: boolean;
}

type Status = Invite["status"] | undefined;

/** After an invite changed, or left the list. */
export function moved(numbers: Numbers, before: Invite, after: Invite | undefined): Numbers {
  const counts = moveCount(numbers.counts, before.status, after?.status);
  for (const [list, isListed] of [
    ["asked", isAsked],
    ["undelivered", isUndelivered],
  ] as const) {
    const change = Number(after !== undefined && isListed(after)) - Number(isListed(before));
    if (counts[list] <= counts.exactUpTo) counts[list] += change;
  }
  return { ...numbers, seats: moveSeat(numbers.seats, before.status, after?.status), counts };
}

export function moveSeat(seats: Seats, from: Status, to: Status) {
  const change = Number(to === "accepted") - Number(from === "accepted");
  return { ...seats, allocated: seats.allocated + change, available: seats.available - change };
}

export function moveCount(counts: Counts, from: Status, to: Status): Counts {
  const moved = { ...counts };
  const move = (status: Status, by: number) => {
    if (status === undefined || status === "cancelled" || status === "released") return;
    // Above the limit, the count is not known.
    if (status === "accepted" || moved[status] <= counts.exactUpTo) moved[status] += by;
  };
  move(from, -1);
  move(to, 1);
  return moved;
}
