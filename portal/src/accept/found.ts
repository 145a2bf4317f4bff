/** What a link that was really sent can still do. */
import type { Asked, Gone, Preview } from "../api";

/** Why a link cannot accept. Those of a deal that is full or has not started may pass; the others are final. */
export type Obstacle =
  | "deal_full"
  | "deal_not_started"
  | "deal_ended"
  | "invite_expired"
  | "invite_superseded"
  | "invite_cancelled";

export interface Found extends Gone {
  /** Undefined for a link of an older send or of a cancelled invite. */
  preview?: Preview;
  askedFor?: Preview["askedFor"];
  obstacle: Obstacle | null;
}

const FINAL = new Set<string>(["deal_ended", "invite_expired", "invite_superseded", "invite_cancelled"]);
const PASSING = new Set<string>(["deal_full", "deal_not_started"]);

/** Whether the link can never accept again. */
export const isOver = (code: string | null): code is Obstacle => code !== null && FINAL.has(code);
export const isObstacle = (code: string): code is Obstacle => FINAL.has(code) || PASSING.has(code);

export function foundBy(preview: Preview, now: number): Found {
  const { organisation, askedAt, askedFor, optedOut } = preview;
  return { organisation, askedAt, askedFor, optedOut, preview, obstacle: obstacleOf(preview, now) };
}

/** A declined invite stays declined after it has expired. */
function obstacleOf({ status, blocked, expiresAt }: Preview, now: number): Obstacle | null {
  if (status === "accepted") return null;
  if (blocked === "deal_ended") return blocked;
  const expired = status === "expired" || (status === "declined" && expiresAt !== null && Date.parse(expiresAt) <= now);
  return expired ? "invite_expired" : blocked;
}

/** What the person can ask the organisation for. */
export function askableFor({ obstacle, preview }: Found): Asked["askedFor"] | undefined {
  if (obstacle === "deal_full") return "seat";
  if (preview?.blocked === "deal_not_started") return undefined;
  return obstacle === "invite_expired" || obstacle === "invite_superseded" ? "link" : undefined;
}
