/**
 * Finds out whether an attempt whose answer was lost went through.
 *
 * Invariant: a person's own earlier attempt is never reported as somebody else's.
 */
import { type Invite, type InviteDetail, listSeats } from "../api";
import { managerHere } from "../session";
import type { Done } from "./meantime";
import { isCorrected } from "./words";

/** The API names only verified addresses. */
const isMe = (manager: string | null) => manager === null || manager.toLowerCase() === managerHere()?.toLowerCase();

/** Whether this person requested the invite's newest send. */
export const sentByMe = ({ invitedBy }: Invite) => isMe(invitedBy);

/** Whether this person has done this to the invite since the row was loaded. */
export function doneByMe(did: Done, row: Invite, now: InviteDetail): boolean {
  const byMe = (...events: InviteDetail["history"][number]["event"][]) => {
    const newest = now.history.find(({ event }) => events.includes(event));
    return newest !== undefined && isMe(newest.by);
  };
  if (did === "resent") return now.sends === row.sends + 1 && byMe("invited", "resent");
  if (now.sends !== row.sends) return false;
  if (did === "cancelled") return now.status === "cancelled" && !isCorrected(now) && byMe("cancelled");
  if (did === "de-allocated") return now.status === "released" && byMe("released");
  return (isCorrected(now) || now.email !== row.email || now.name !== row.name) && byMe("corrected");
}

/** The newest sends of this person, by id. An attempt that was just made is among them if it went through. */
export async function ownSends(deal: string): Promise<Map<string, Invite>> {
  const { invites } = await listSeats(deal, { limit: 200 });
  return new Map(invites.filter(sentByMe).map((invite) => [invite.id, invite]));
}
