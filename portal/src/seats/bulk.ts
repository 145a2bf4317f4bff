/** Bulk actions, one batch at a time: they show progress, and can be stopped between two batches. */
import { type Invite, listSeats, Problem, type ResendOutcome, resendInvites } from "../api";
import { recordRow, withOwn } from "./own";
import { canResend } from "./words";

/** At the rate that mail is sent, a batch of this size ends soon. */
const BATCH = 50;

export type Tally = Map<ResendOutcome, number>;

export interface Progress {
  done: number;
  tally: Tally;
  /** The resent rows. */
  rows: Invite[];
}

/** Called after each batch. `false` stops the work. */
type OnProgress = (progress: Progress) => boolean;

/** The row after a resend: pending, with a queued mail. */
function resent(row: Invite): Invite {
  const queuedAt = new Date().toISOString();
  return {
    ...row,
    status: "pending",
    sends: row.sends + 1,
    queuedAt,
    delivery: { state: "queued", at: queuedAt, reason: null },
  };
}

async function resendBatch(deal: string, rows: Invite[], progress: Progress) {
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

export async function resendRows(
  deal: string,
  rows: Invite[],
  onProgress: OnProgress,
  progress = start(),
): Promise<Progress> {
  for (let from = 0; from < rows.length; from += BATCH) {
    await resendBatch(deal, rows.slice(from, from + BATCH), progress);
    if (!onProgress(progress)) break;
  }
  return progress;
}

/**
 * Resends all invites with this status, page by page. A cursor is a position in the list, and resent invites are at its
 * beginning, so resending a page skips or repeats none.
 */
export async function resendAll(
  deal: string,
  status: "pending" | "expired",
  onProgress: OnProgress,
): Promise<Progress> {
  const progress = start();
  let cursor: string | undefined;
  do {
    const page = await listSeats(deal, { status, cursor, limit: BATCH });
    const rows = withOwn(deal, page.invites, { status, first: false, matches: () => true }).filter(canResend);
    if (rows.length > 0) await resendBatch(deal, rows, progress);
    cursor = page.nextCursor ?? undefined;
  } while (onProgress(progress) && cursor !== undefined);
  return progress;
}

/** Runs `act` on each row and returns the rows that were refused. Stops at a failure that would hit every row. */
export async function each<T>(
  rows: T[],
  act: (row: T) => Promise<void>,
  onProgress: (done: number) => boolean,
): Promise<{ row: T; problem: Problem }[]> {
  const failed: { row: T; problem: Problem }[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      await act(row);
    } catch (error) {
      if (!(error instanceof Problem) || error.temporary || error.status === 401) throw error;
      failed.push({ row, problem: error });
    }
    if (!onProgress(index + 1)) break;
  }
  return failed;
}
