/** The numbers of a page: all from one refresh, and updated together after each of the manager's own actions. */
import type { Counts, Filter, Invite, Seats } from "../api";
import { number } from "../ui/seat-numbers";
import { atLeast } from "./deal-head";
import { isUndelivered } from "./words";

export function tabCount(
  { pending, accepted, expired, undelivered, exactUpTo }: Counts,
  status: Filter | undefined,
): string {
  // The number of accepted invites is the number of allocated seats: always exact.
  if (status === "accepted") return number(accepted);
  if (status === "removed") return "";
  if (status) return atLeast({ pending, expired, undelivered }[status], exactUpTo);
  const all = Math.min(pending, exactUpTo) + accepted + Math.min(expired, exactUpTo);
  return number(all) + (pending > exactUpTo || expired > exactUpTo ? "+" : "");
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
  const change = Number(after !== undefined && isUndelivered(after)) - Number(isUndelivered(before));
  if (counts.undelivered <= counts.exactUpTo) counts.undelivered += change;
  return { ...numbers, seats: moveSeat(numbers.seats, before.status, after?.status), counts };
}

export function moveSeat(seats: Seats, from: Status, to: Status) {
  const change = Number(to === "accepted") - Number(from === "accepted");
  return { ...seats, allocated: seats.allocated + change, available: seats.available - change };
}

export function moveCount(counts: Counts, from: Status, to: Status): Counts {
  const moved = { ...counts };
  const move = (status: Status, by: number) => {
    if (status !== "pending" && status !== "accepted" && status !== "expired") return;
    // Above the limit, the count is not known.
    if (status === "accepted" || moved[status] <= counts.exactUpTo) moved[status] += by;
  };
  move(from, -1);
  move(to, 1);
  return moved;
}
