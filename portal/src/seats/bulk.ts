/**
 * Bulk actions, one batch at a time: they show progress, can be stopped between two batches, and can be continued after a
 * failure.
 */
import {
  type CancelOutcome,
  cancelInvites,
  type Invite,
  listSeats,
  Problem,
  type ResendOutcome,
  resendInvites,
} from "../api";
import { ownSends } from "./lost";
import { recordGone, recordRow, recordTold, withOwn } from "./own";
import { isAsked, isSending } from "./words";

/** At the rate that mail is sent, a batch of this size ends soon. */
const BATCH = 50;

/** Called after each batch. `false` stops the work. */
type OnProgress = (done: number) => boolean;
/** The next rows; undefined after the last. */
type Batches = () => Promise<Invite[] | undefined>;
/** `sending`: its last email is still queued, so it needs no other. */
export type BulkOutcome = ResendOutcome | CancelOutcome | "sending";

/**
 * Why a resend of many leaves a row out. The API decides the same way; the page says it before it asks. Whether somebody
 * who stopped invites allows them again, only the API knows.
 */
export function leftOut(row: Invite): BulkOutcome | undefined {
  if (isSending(row)) return "sending";
  const { state, reason } = row.delivery;
  const isLost = state === "complained" || (state === "bounced" && reason !== "temporary");
  return isLost && !isAsked(row) ? "undeliverable" : undefined;
}

/** The row after a resend: pending, with a queued mail. */
function resent(row: Invite): Invite {
  const queuedAt = new Date().toISOString();
  return {
    ...row,
    status: "pending",
    sends: row.sends + 1,
    queuedAt,
    declinedAt: null,
    optedOutAt: null,
    askedAt: null,
    askedFor: null,
    delivery: { state: "queued", at: queuedAt, reason: null },
  };
}

/** What a bulk action does with its rows. */
interface Action {
  leftOut: (row: Invite) => BulkOutcome | undefined;
  request: (deal: string, rows: Invite[]) => Promise<{ outcome: BulkOutcome }[]>;
  done: BulkOutcome;
  record: (deal: string, row: Invite) => void;
}

const RESEND: Action = {
  leftOut,
  request: resendInvites,
  done: "resent",
  record: (deal, row) => recordRow(deal, resent(row)),
};
const CANCEL: Action = {
  leftOut: () => undefined,
  request: cancelInvites,
  done: "cancelled",
  record: (deal, row) => {
    recordGone(deal, row);
    recordTold({ ...row, status: "cancelled" }, { corrected: false });
  },
};

export class Bulk {
  readonly results: { row: Invite; outcome: BulkOutcome }[] = [];
  /** The rows whose request has no answer yet. */
  #batch: Invite[] | undefined;
  /** Those of them for which the request may have gone through, because an answer was lost. */
  unsure: Invite[] = [];

  constructor(
    readonly deal: string,
    readonly action: Action,
    readonly batches: Batches,
  ) {}

  /** For how many rows the API has answered: those that the action leaves out are not among them. */
  answered = 0;

  /** How many rows had this outcome. */
  count = (outcome: BulkOutcome) => this.results.filter((result) => result.outcome === outcome).length;

  /** Continues until all is done, or until `onProgress` stops it. */
  async run(onProgress: OnProgress) {
    do {
      if (!this.#batch) {
        const rows = await this.batches();
        if (!rows) return;
        const open: Invite[] = [];
        for (const row of rows) {
          const outcome = this.action.leftOut(row);
          if (outcome) this.results.push({ row, outcome });
          else open.push(row);
        }
        this.#batch = open;
      }
      await this.#request(this.#batch);
      this.#batch = undefined;
    } while (onProgress(this.answered));
  }

  async #request(rows: Invite[]) {
    if (rows.length === 0) return;
    const results = await this.action.request(this.deal, rows).catch((error) => {
      if (error instanceof Problem && error.isLost) this.unsure = rows;
      throw error;
    });
    const mayBeOwn = this.action === RESEND && this.unsure.length > 0;
    const own = mayBeOwn && results.some(({ outcome }) => outcome === "stale") ? await ownSends(this.deal) : null;
    this.unsure = [];
    for (const [index, row] of rows.entries()) {
      const stale = results[index]!.outcome === "stale";
      const outcome = stale && own?.get(row.id)?.sends === row.sends + 1 ? "resent" : results[index]!.outcome;
      this.results.push({ row, outcome });
      this.answered += 1;
      if (outcome === "opted_out") recordTold(row, { optedOut: true });
      if (outcome === this.action.done) this.action.record(this.deal, row);
    }
  }
}

const inBatches = (rows: Invite[]): Batches => {
  const left = [...rows];
  return async () => (left.length > 0 ? left.splice(0, BATCH) : undefined);
};

export const resendRows = (deal: string, rows: Invite[]) => new Bulk(deal, RESEND, inBatches(rows));
export const cancelRows = (deal: string, rows: Invite[]) => new Bulk(deal, CANCEL, inBatches(rows));

/**
 * Resends all invites with this status, page by page. A cursor is a position in the list, and resent invites are at its
 * beginning, so resending a page skips or repeats none.
 */
export function resendListed(deal: string, status: "pending" | "expired"): Bulk {
  let cursor: string | null | undefined;
  return new Bulk(deal, RESEND, async () => {
    if (cursor === null) return undefined;
    const page = await listSeats(deal, { status, cursor, limit: BATCH });
    cursor = page.nextCursor;
    return withOwn(deal, page.invites, { status, first: false, matches: () => true });
  });
}
