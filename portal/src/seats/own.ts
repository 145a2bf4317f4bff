/**
 * The manager's own actions, until the lists show them: the index behind a list lags a little.
 *
 * Invariant: an older row in a list never hides the manager's own action. `sends` only grows, and within a send an invite
 * only moves forward, so the newer of two versions is known without a clock.
 */
import type { Filter, Invite, InviteDetail } from "../api";
import { isIn, isRemoved, type Known, type Told } from "./words";

/** The row after an action, or the send with which the invite left the list. */
type Own = { row: Invite; action: number } | { goneWith: number };

const own = new Map<string, Map<string, Own>>();
/** Numbers the actions: a list that shows a row of one of them includes its other rows, and all earlier actions. */
let actions = 0;
export const newAction = () => ++actions;

const of = (deal: string) => {
  let known = own.get(deal);
  if (!known) own.set(deal, (known = new Map()));
  return known;
};

/** Records the row that an action returned. */
export function recordRow(deal: string, row: Invite, action = newAction()) {
  of(deal).set(row.id, { row, action });
}

/** Records a row that was read again. It keeps its place in the list, unless an action moved it. */
export function recordSeen(deal: string, row: Invite) {
  const known = of(deal).get(row.id);
  of(deal).set(row.id, { row, action: known && "row" in known ? known.action : 0 });
}

/** Records invites that were just queued. */
export function recordSent(
  deal: string,
  sent: { id: string; email: string; name: string | null; invitedBy: string | null }[],
) {
  const queuedAt = new Date().toISOString();
  const action = newAction();
  for (const { id, email, name, invitedBy } of sent) {
    const known = of(deal).get(id);
    const sends = known ? ("row" in known ? known.row.sends : known.goneWith) + 1 : 1;
    const row: Invite = {
      id,
      email,
      name,
      invitedBy,
      sends,
      queuedAt,
      status: "pending",
      sentAt: null,
      expiresAt: null,
      acceptedAt: null,
      acceptedWith: null,
      declinedAt: null,
      optedOutAt: null,
      askedAt: null,
      askedFor: null,
      removedAt: null,
      correctedTo: null,
      remindAt: null,
      delivery: { state: "queued", at: queuedAt, reason: null },
    };
    of(deal).set(id, { row, action });
  }
}

/** Records an invite that was cancelled, or whose seat was de-allocated. */
export function recordGone(deal: string, invite: { id: string; sends: number }) {
  of(deal).set(invite.id, { goneWith: invite.sends });
}

/** The row of the manager's own action, if no list has shown it yet. */
export function ownRow(deal: string, id: string): Invite | undefined {
  const known = of(deal).get(id);
  return known && "row" in known ? known.row : undefined;
}

/** What lists do not say, by invite. Details do. It holds as long as the row is of the same version. */
const told = new Map<string, { version: string; news: Told }>();
const versionOf = ({ sends, status, askedAt, optedOutAt }: Invite) => [sends, status, askedAt, optedOutAt].join();

export function recordTold(row: Invite, news: Told) {
  told.set(row.id, { version: versionOf(row), news: { ...toldOf(row), ...news } });
}

/** Records what the details of an invite say. */
export const recordDetail = (detail: InviteDetail) => recordTold(detail, { optedOut: detail.optedOut });

function toldOf(row: Invite): Told | undefined {
  const known = told.get(row.id);
  return known?.version === versionOf(row) ? known.news : undefined;
}

/** The row, with what is known beyond the list. */
export const known = (row: Invite): Known => ({ ...row, ...toldOf(row) });

/** How far an invite is within a send. */
const progress = (row: Invite) => PROGRESS[row.status] + (row.delivery.state === "queued" ? 0 : 1);
/** Who declined may still accept. */
const PROGRESS: Record<Invite["status"], number> = {
  pending: 0,
  expired: 2,
  declined: 2,
  accepted: 4,
  cancelled: 6,
  released: 6,
};

const newer = (mine: Invite, listed: Invite) =>
  mine.sends > listed.sends || (mine.sends === listed.sends && progress(mine) > progress(listed));

/**
 * A page of a list, with the manager's own actions applied. Older rows are replaced or left out. The first page begins with
 * the rows that are newer than the list. An action that the list shows is dropped.
 */
export function withOwn(
  deal: string,
  listed: Invite[],
  view: { status: Filter | undefined; first: boolean; matches: (row: Invite) => boolean },
): Invite[] {
  const known = of(deal);
  const shown = new Set<string>();
  let seen = 0;
  const fits = (row: Invite) => isIn(row, view.status) && view.matches(row);
  const rows = listed.flatMap((row) => {
    shown.add(row.id);
    const mine = known.get(row.id);
    if (!mine) return [row];
    if ("goneWith" in mine) {
      // Other lists may still lag behind the list of the removed.
      if (row.sends <= mine.goneWith) return isRemoved(row) ? [row] : [];
    } else if (newer(mine.row, row)) {
      return fits(mine.row) ? [mine.row] : [];
    } else {
      seen = Math.max(seen, mine.action);
    }
    known.delete(row.id);
    return [row];
  });
  // Later lists show none of these actions, because they are dropped.
  for (const mine of known.values()) if ("row" in mine && mine.action <= seen) mine.action = 0;
  if (!view.first) return rows;
  const missing = [...known.values()].flatMap((mine) =>
    "row" in mine && mine.action > seen && mine.row.status === "pending" && !shown.has(mine.row.id) && fits(mine.row)
      ? [mine.row]
      : [],
  );
  return [...missing.reverse(), ...rows];
}
