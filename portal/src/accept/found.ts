/** What a link that was really sent can still do. */
import type { Asked, Gone, OwnSeat, Preview, Problem } from "../api";

/** Why a link cannot accept. A full deal and a deal that has not started may pass; the others are final for this account. */
export type Obstacle =
  | "deal_full"
  | "deal_not_started"
  | "deal_ended"
  | "invite_expired"
  | "invite_superseded"
  | "invite_cancelled"
  | "already_accepted"
  | "already_seated";

export type Answer = "decline" | "ask" | "opt-out" | "opt-in";

export interface Found extends Gone {
  /** Undefined for a link of an older send or of a cancelled invite. */
  preview?: Preview;
  askedFor?: Preview["askedFor"];
  /** The signed-in learner's seat of the deal. */
  seat?: OwnSeat;
  /** The signed-in learner's seat of a deal of this organisation, if the link does not say of which. */
  held?: OwnSeat;
  /** Why the signed-in learner's seats could not be read. */
  unread?: Problem;
  obstacle: Obstacle | null;
}

const FINAL = new Set<string>([
  "deal_ended",
  "invite_expired",
  "invite_superseded",
  "invite_cancelled",
  "already_accepted",
  "already_seated",
]);
const PASSING = new Set<string>(["deal_full", "deal_not_started"]);

/** Whether the link can never accept again with this account. */
export const isOver = (code: string | null): code is Obstacle => code !== null && FINAL.has(code);
export const isObstacle = (code: string): code is Obstacle => FINAL.has(code) || PASSING.has(code);

/** `seats`: the signed-in learner's, if they are known. */
export function foundBy(preview: Preview, now: number, seats?: OwnSeat[]): Found {
  const { organisation, askedAt, askedFor, optedOut } = preview;
  const seat = seats?.find(({ dealId }) => dealId === preview.deal.id);
  const obstacle = obstacleOf(preview, now, seats && !!seat);
  return { organisation, askedAt, askedFor, optedOut, preview, ...(seat && { seat }), obstacle };
}

/** Of an older link. `seats`: the signed-in learner's, if they are known. */
export function foundGone(gone: Gone, obstacle: Obstacle, now: number, seats: OwnSeat[] = []): Found {
  const held = seats.find(
    ({ organisation, endsAt }) => organisation.id === gone.organisation.id && Date.parse(endsAt) > now,
  );
  return { ...gone, obstacle, ...(held && { held }) };
}

/** A declined invite stays declined after it has expired. `seated`: whether the learner has a seat, if that is known. */
function obstacleOf({ status, blocked, expiresAt }: Preview, now: number, seated?: boolean): Obstacle | null {
  if (status === "accepted") return seated === false ? "already_accepted" : null;
  if (blocked === "deal_ended") return blocked;
  if (seated) return "already_seated";
  const expired = status === "expired" || (status === "declined" && expiresAt !== null && Date.parse(expiresAt) <= now);
  return expired ? "invite_expired" : blocked;
}

/** What the person can ask the organisation for. */
export function askableFor({ obstacle, preview }: Found): Asked["askedFor"] | undefined {
  if (obstacle === "deal_full") return "seat";
  if (preview?.blocked === "deal_not_started") return undefined;
  return obstacle === "invite_expired" || obstacle === "invite_superseded" ? "link" : undefined;
}

/** Whether the person can decline. Somebody who already has a seat can, too. */
export const isDeclinable = ({ preview, obstacle }: Found) =>
  preview?.status === "pending" && (!isOver(obstacle) || obstacle === "already_seated");

/** Whether an answer whose response was lost has had its effect. */
export function tookEffect(answer: Answer | "accept", { preview, askedAt, optedOut, seat }: Found): boolean {
  switch (answer) {
    case "accept":
      return preview?.status === "accepted" && seat !== undefined;
    case "decline":
      return preview?.status === "declined";
    case "ask":
      return askedAt !== null;
    default:
      return optedOut === (answer === "opt-out");
  }
}

/** Whether somebody accepted, which the answer to an older link said. It does not say who. */
export const isTakenUnseen = ({ preview, obstacle }: Found) => !preview && obstacle === "already_accepted";
