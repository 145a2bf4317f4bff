/** What the requests of a link say, and what its answers change. */
import { askForInvite, declineInvite, listOwnSeats, type OwnSeat, optIn, optOut, previewInvite } from "../api";
import { session } from "../session";
import { asProblem } from "../ui/load";
import { end } from "./ending";
import { type Answer, askableFor, type Found, foundBy, foundGone, isObstacle } from "./found";
import { wordsFor } from "./words";

/** Sends an answer, and returns what it changes. */
export const ANSWERS: Record<Answer, (link: string, found: Found) => Promise<(found: Found) => Found>> = {
  async decline(link) {
    const { declinedAt } = await declineInvite(link);
    return ({ preview, ...found }) => ({
      ...found,
      ...(preview && { preview: { ...preview, status: "declined", declinedAt } }),
      askedAt: null,
    });
  },
  async ask(link, shown) {
    const asked = await askForInvite(link);
    // The page was out of date if the answer is about something else.
    const now = asked.askedFor === askableFor(shown) ? undefined : await look(link).catch(() => undefined);
    return (found) => ({ ...(now ?? found), ...asked, optedOut: false });
  },
  async "opt-out"(link) {
    const { optedOut } = await optOut(link);
    return (found) => ({ ...found, optedOut, askedAt: null });
  },
  async "opt-in"(link) {
    const { optedOut } = await optIn(link);
    return (found) => ({ ...found, optedOut });
  },
};

/** The signed-in learner's seats. */
export const ownSeats = async (): Promise<OwnSeat[] | undefined> => (session.value ? listOwnSeats() : undefined);

/** Reads the invite's current state, and the learner's seats. `isNo`: after a no. */
export async function look(link: string, isNo = false): Promise<Found> {
  const own = ownSeats().catch(asProblem);
  /** What the link can do, by the learner's seats if they can be read. */
  const withSeats = async (found: (seats?: OwnSeat[]) => Found): Promise<Found> => {
    const seats = await own;
    return seats && "code" in seats ? { ...found(), unread: seats } : found(seats);
  };
  try {
    const preview = await previewInvite(link);
    return settled(link, await withSeats((seats) => foundBy(preview, Date.now(), seats)), isNo);
  } catch (error) {
    const { code, gone } = asProblem(error);
    if (gone && isObstacle(code)) return withSeats((seats) => foundGone(gone, code, Date.now(), seats));
    if (wordsFor(code).final) end(link, { code });
    throw error;
  }
}

/** Ends a link that the learner has accepted, unless it is of use to allow invites again. */
export function settled(link: string, found: Found, isLateNo = false): Found {
  const { preview, seat, optedOut } = found;
  if (preview?.status === "accepted" && seat && !optedOut) end(link, { accepted: seat, preview, isLateNo });
  return found;
}
