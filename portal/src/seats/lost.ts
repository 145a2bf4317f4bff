/**
 * Finds out whether an attempt whose answer was lost went through.
 *
 * Invariant: a person's own earlier attempt is never reported as somebody else's.
 */
import { type Invite, listSeats, searchSeats } from "../api";
import { session } from "../session";

/** Whether this person requested the invite's newest send. The API names only verified addresses. */
export const sentByMe = ({ invitedBy }: Invite) =>
  invitedBy === null || invitedBy.toLowerCase() === session.value?.email?.toLowerCase();

/** The newest sends of this person, by id. An attempt that was just made is among them if it went through. */
export async function ownSends(deal: string): Promise<Map<string, Invite>> {
  const { invites } = await listSeats(deal, { limit: 200 });
  return new Map(invites.filter(sentByMe).map((invite) => [invite.id, invite]));
}

/** The invite to this address, if this person requested its newest send. */
export async function sentTo(deal: string, email: string): Promise<Invite | undefined> {
  const { invites } = await searchSeats(deal, email, {});
  return invites.find((invite) => invite.email.toLowerCase() === email.toLowerCase() && sentByMe(invite));
}
