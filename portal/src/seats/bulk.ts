/**
 * Bulk actions, one batch at a time: they show progress, can be stopped between two batches, and can be continued after a
 * failure.
 */
import { type Invite, listSeats, Problem, type ResendOutcome, resendInvites } from "../api";
import { ownSends } from "./lost";
import { recordRow, withOwn } from "./own";
import { canResend, isSending } from "./words";

/** At the rate that mail is sent, a batch of this size ends soon. */
const BATCH = 50;

/** Called after each batch. `false` stops the work. */
type OnProgress = (done: number) => boolean;
/** The next rows; undefined after the last. */
type Batches = () => Promise<Invite[] | undefined>;
/** `sending`: its last email is still queued, so it needs no other. */
export type BulkOutcome = ResendOutcome | "sending";

/** The row after a resend: pending, with a queued mail. */
function resent(row: Invite): Invite {
  const queuedAt = new Date().toISOString();
  return {
    ...row,
    status: "pending",
    sends: row.sends + 1,
    queuedAt,
    declinedAt: null,
    askedAt: null,
    askedFor: null,
    delivery: { state: "queued", at: queuedAt, reason: null },
  };
}

export class BulkResend {
  done = 0;
  readonly tally = new Map<BulkOutcome, number>();
  /** The rows whose request has no answer yet. */
  #batch: Invite[] | undefined;
  /** Those of them that may have been resent, because an answer was lost. */
  unsure: Invite[] = [];

  constructor(
    readonly deal: string,
    readonly batches: Batches,
  ) {}

  /** Continues until all is done, or until `onProgress` stops it. */
  async run(onProgress: OnProgress) {
    do {
      if (!this.#batch) {
        const rows = await this.batches();
        if (!rows) return;
        for (const row of rows) if (!canResend(row)) this.#count(isSending(row) ? "sending" : "undeliverable");
        this.#batch = rows.filter(canResend);
      }
      await this.#resend(this.#batch);
      this.#batch = undefined;
    } while (onProgress(this.done));
  }

  #count(outcome: BulkOutcome) {
    this.done += 1;
    this.tally.set(outcome, (this.tally.get(outcome) ?? 0) + 1);
  }

  async #resend(rows: Invite[]) {
    if (rows.length === 0) return;
    const results = await resendInvites(this.deal, rows).catch((error) => {
      if (error instanceof Problem && error.isLost) this.unsure = rows;
      throw error;
    });
    const own =
      this.unsure.length > 0 && results.some(({ outcome }) => outcome === "stale") ? await ownSends(this.deal) : null;
    this.unsure = [];
    for (const [index, row] of rows.entries()) {
      const stale = results[index]!.outcome === "stale";
      const outcome = stale && own?.get(row.id)?.sends === row.sends + 1 ? "resent" : results[index]!.outcome;
      this.#count(outcome);
      if (outcome === "resent") recordRow(this.deal, resent(row));
    }
  }
}

export function resendRows(deal: string, rows: Invite[]): BulkResend {
  const left = [...rows];
  return new BulkResend(deal, async () => (left.length > 0 ? left.splice(0, BATCH) : undefined));
}

/**
 * Resends all invites with this status, page by page. A cursor is a position in the list, and resent invites are at its
 * beginning, so resending a page skips or repeats none.
 */
export function resendListed(deal: string, status: "pending" | "expired"): BulkResend {
  let cursor: string | null | undefined;
  return new BulkResend(deal, async () => {
    if (cursor === null) return undefined;
    const page = await listSeats(deal, { status, cursor, limit: BATCH });
    cursor = page.nextCursor;
    return withOwn(deal, page.invites, { status, first: false, matches: () => true });
  });
}

/** Resends to those who asked first, one for each free seat. An invite that cannot be resent uses up no seat. */
export function resendAsked(deal: string, seats: number): BulkResend {
  let cursor: string | null | undefined;
  const bulk = new BulkResend(deal, async () => {
    const left = seats - (bulk.tally.get("resent") ?? 0);
    if (cursor === null || left === 0) return undefined;
    const page = await listSeats(deal, { status: "asked", cursor, limit: Math.min(left, BATCH) });
    cursor = page.nextCursor;
    return withOwn(deal, page.invites, { status: "asked", first: false, matches: () => true });
  });
  return bulk;
}

/**
 * Runs `act` on each row that is left, and moves the rows that were refused to `refused`. Stops at a failure that would hit
 * every row.
 */
export async function each<T>(left: T[], refused: T[], act: (row: T) => Promise<void>, onProgress: () => boolean) {
  for (let row = left[0]; row !== undefined; row = left[0]) {
    try {
      await act(row);
    } catch (error) {
      if (!(error instanceof Problem) || error.temporary || error.status === 401) throw error;
      refused.push(row);
    }
    left.shift();
    if (!onProgress()) return;
  }
}
