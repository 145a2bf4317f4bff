/**
 * What this manager did, until a list shows it: lists come from an index that may be a moment older than one's own
 * action.
 *
 * Invariant: an answer to one's own action is never undone by an older row. `sends` never goes back, and within a send
 * an invite only moves on, so of two views of one invite the later is known without a clock.
 */
import type { Invite, ListedStatus } from "../api";

/** What is known of an invite from an action: its later row, or that it has left the page with this send. */
type Own = { row: Invite; action: number } | { goneWith: number };

const own = new Map<string, Map<string, Own>>();
/** Counts the actions: a list that shows one of them has seen those before it. */
let actions = 0;

const of = (deal: string) => {
  let known = own.get(deal);
  if (!known) own.set(deal, (known = new Map()));
  return known;
};

/** A row as an action answered it. */
export function recordRow(deal: string, row: Invite) {
  of(deal).set(row.id, { row, action: ++actions });
}

/** Invites that were just accepted for sending, new or again. */
export function recordSent(deal: string, sent: { id: string; email: string; name: string | null; invitedBy: string | null }[]) {
  const queuedAt = new Date().toISOString();
  actions += 1;
  for (const { id, email, name, invitedBy } of sent) {
    const known = of(deal).get(id);
    const sends = known ? ("row" in known ? known.row.sends : known.goneWith) + 1 : 1;
    const row: Invite = {
      id, email, name, invitedBy, sends, queuedAt, status: "pending", sentAt: null, expiresAt: null, acceptedAt: null,
      acceptedWith: null, delivery: { state: "queued", at: queuedAt, reason: null },
    };
    of(deal).set(id, { row, action: actions });
  }
}

/** An invite that was cancelled, or whose seat was taken back. */
export function recordGone(deal: string, invite: { id: string; sends: number }) {
  of(deal).set(invite.id, { goneWith: invite.sends });
}

/** How far an invite has come within a send. */
const progress = (row: Invite) =>
  (row.status === "pending" ? 0 : 2) + (row.delivery.state === "queued" ? 0 : 1);

const newer = (mine: Invite, listed: Invite) =>
  mine.sends > listed.sends || (mine.sends === listed.sends && progress(mine) > progress(listed));

/**
 * A page of rows with one's own actions in it: rows that are older than an action are replaced, those that it took away
 * left out, and on a first page those put on top that are newer than what the list has seen. A row that the list has
 * passed over is on a later page. What a list has caught up with is forgotten.
 */
export function withOwn(
  deal: string, listed: Invite[], view: { status: ListedStatus | undefined; first: boolean; matches: (row: Invite) => boolean },
): Invite[] {
  const known = of(deal);
  const shown = new Set<string>();
  let seen = 0;
  const fits = (row: Invite) => (view.status === undefined || row.status === view.status) && view.matches(row);
  const rows = listed.flatMap((row) => {
    shown.add(row.id);
    const mine = known.get(row.id);
    if (!mine) return [row];
    if ("goneWith" in mine) {
      if (row.sends <= mine.goneWith) return [];
    } else if (newer(mine.row, row)) {
      return fits(mine.row) ? [mine.row] : [];
    } else {
      seen = Math.max(seen, mine.action);
    }
    known.delete(row.id);
    return [row];
  });
  if (!view.first) return rows;
  const missing = [...known.values()].flatMap((mine) =>
    "row" in mine && mine.action > seen && mine.row.status === "pending" && !shown.has(mine.row.id) && fits(mine.row)
      ? [mine.row]
      : [],
  );
  return [...missing.reverse(), ...rows];
}
