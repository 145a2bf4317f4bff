/** Work on many invites, a part at a time, so that it can be watched and stopped between two parts. */
import { type Invite, listSeats, Problem, type ResendOutcome, resendInvites } from "../api";
import { recordRow, withOwn } from "./own";

/** Few enough that a part ends soon, at the rate that mail is sent. */
const PART = 50;

export type Tally = Map<ResendOutcome, number>;

export interface Progress {
  done: number;
  tally: Tally;
  /** Rows as they are by now. */
  rows: Invite[];
}

/** Says what is done so far; a `false` stops it. */
type Watch = (progress: Progress) => boolean;

/** A resend that was asked for: pending, and its mail is on its way. */
function resent(row: Invite): Invite {
  const queuedAt = new Date().toISOString();
  return { ...row, status: "pending", sends: row.sends + 1, queuedAt, delivery: { state: "queued", at: queuedAt, reason: null } };
}

async function resendPart(deal: string, rows: Invite[], progress: Progress) {
  const { results } = await resendInvites(deal, rows);
  for (const { inviteId, outcome } of results) {
    progress.done += 1;
    progress.tally.set(outcome, (progress.tally.get(outcome) ?? 0) + 1);
    const row = rows.find(({ id }) => id === inviteId);
    if (outcome === "resent" && row) {
      const now = resent(row);
      recordRow(deal, now);
      progress.rows.push(now);
    }
  }
}

const start = (): Progress => ({ done: 0, tally: new Map(), rows: [] });

export async function resendRows(deal: string, rows: Invite[], watch: Watch, progress = start()): Promise<Progress> {
  for (let from = 0; from < rows.length; from += PART) {
    await resendPart(deal, rows.slice(from, from + PART), progress);
    if (!watch(progress)) break;
  }
  return progress;
}

/**
 * Resends all that have expired, page by page. Those that were resent stay where they were in the list that is read, as a
 * cursor is a place in it, so none comes twice.
 */
export async function resendExpired(deal: string, watch: Watch): Promise<Progress> {
  const progress = start();
  let cursor: string | undefined;
  do {
    const page = await listSeats(deal, { status: "expired", cursor, limit: PART });
    const view = { status: "expired", first: false, matches: () => true } as const;
    const rows = withOwn(deal, page.invites, view);
    if (rows.length > 0) await resendPart(deal, rows, progress);
    cursor = page.nextCursor ?? undefined;
  } while (watch(progress) && cursor !== undefined);
  return progress;
}

/** Does one thing after the other; what fails does not stop the others, unless trying on is vain. */
export async function each<T>(
  rows: T[], act: (row: T) => Promise<void>, watch: (done: number) => boolean,
): Promise<{ row: T; problem: Problem }[]> {
  const failed: { row: T; problem: Problem }[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      await act(row);
    } catch (error) {
      if (!(error instanceof Problem) || error.passing || error.status === 401) throw error;
      failed.push({ row, problem: error });
    }
    if (!watch(index + 1)) break;
  }
  return failed;
}
