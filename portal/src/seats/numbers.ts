/** The numbers of the page, kept in step with one's own actions. */
import type { Counts, Invite, ListedStatus, Seats } from "../api";
import { number } from "../ui/seat-numbers";
import { atLeast } from "./deal-head";

/** A tab's count. */
export function tabCount({ pending, accepted, expired, exactUpTo }: Counts, status: ListedStatus | undefined): string {
  // Accepted ones are the allocated seats: always exact.
  if (status === "accepted") return number(accepted);
  if (status) return atLeast({ pending, expired }[status], exactUpTo);
  const all = Math.min(pending, exactUpTo) + accepted + Math.min(expired, exactUpTo);
  return number(all) + (pending > exactUpTo || expired > exactUpTo ? "+" : "");
}

type Status = Invite["status"] | undefined;

export function moveSeat(seats: Seats, from: Status, to: Status) {
  const change = Number(to === "accepted") - Number(from === "accepted");
  return { ...seats, allocated: seats.allocated + change, available: seats.available - change };
}

export function moveCount(counts: Counts, from: Status, to: Status): Counts {
  const moved = { ...counts };
  const move = (status: Status, by: number) => {
    if (status !== "pending" && status !== "accepted" && status !== "expired") return;
    // Above the bound the number itself is not known.
    if (status === "accepted" || moved[status] <= counts.exactUpTo) moved[status] += by;
  };
  move(from, -1);
  move(to, 1);
  return moved;
}
