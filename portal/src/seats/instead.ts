/** What to ask before an invite goes to another address: what the check of a list says of it, and what happens to its own invite. */
import { getInvite, type SendResult, sendInvites } from "../api";
import { doubtAbout } from "../invite/doubt";
import { domainOf, mistyped, usualDomains, withoutTypos } from "../invite/suggestion";
import { doubtAgain, pastOf } from "../invite/verdicts";
import { managerHere } from "../session";
import { addressesOf } from "./addresses";
import { readReplacements } from "./details";
import { known } from "./own";
import { adviceAgain, isRemoved, type Known } from "./words";

/** What a check found about the new address. */
interface Found {
  verdict: SendResult;
  /** Its earlier invite in the deal, if it would be invited again. */
  other?: Known;
}

export async function found(deal: string, email: string): Promise<Found> {
  const [verdict] = await sendInvites(deal, [{ email }], true);
  const { outcome, inviteId } = verdict!;
  if (outcome !== "invited" || !inviteId) return { verdict: verdict! };
  const detail = await getInvite(deal, inviteId);
  await readReplacements(deal, [detail]);
  return { verdict: verdict!, other: known(detail) };
}

/** The usual domains of the deal's list, and the manager's own. */
export function usualIn(deal: string) {
  const listed = addressesOf(deal);
  const manager = managerHere();
  return withoutTypos(usualDomains(listed), listed, manager ? domainOf(manager) : undefined);
}

/** The address that may be meant. */
export const meantBy = (deal: string, email: string) => mistyped(email, usualIn(deal))?.meant;

/** The question's paragraphs; none if there is nothing to ask. `name`: what the form has. `usual`: the deal's usual domains. */
export function question(invite: Known, name: string, { verdict, other }: Found, usual: readonly string[]): string[] {
  const { email } = verdict;
  const isTakenBack = other?.newInvite?.id === invite.id;
  const advice = other && (isTakenBack ? adviceAgain(other) : doubtAgain(other));
  // The correction is taken back, or there is another spelling of the same address.
  const isSame = (isTakenBack && !advice) || other?.id === invite.id;
  const [earlierInvite, conflict] = isSame ? [] : [other, advice];
  const doubt = doubtAbout({ email, verdict, earlierInvite, conflict }, usual);
  const isOpen = earlierInvite && !isRemoved(earlierInvite);
  if (!doubt && !isOpen) return [];
  const meant = doubt?.meant ? `Did you mean ${doubt.meant}?` : "";
  return [
    [doubt?.note, meant].filter(Boolean).join(" "),
    earlierInvite ? `${whose(earlierInvite, email)} ${pastOf(earlierInvite).note}` : "",
    isOpen ? merged(name, earlierInvite.name) : "",
  ].filter(Boolean);
}

const whose = (other: Known, email: string) =>
  isRemoved(other)
    ? `${email} had an invite to this deal before.`
    : `${email} has an invite to this deal already${other.name ? `, for ${other.name}` : ""}.`;

/** The API gives the invite the form's name, or else leaves it the one that it has. */
function merged(name: string, held: string | null): string {
  const [own, kept] = [name.trim(), held ?? ""];
  const lost = own && kept && own !== kept ? ` The name ${kept} is lost: to keep it, enter it below Name.` : "";
  return `The two invites become one${own || kept ? `, for ${own || kept}` : ""}.${lost}`;
}
