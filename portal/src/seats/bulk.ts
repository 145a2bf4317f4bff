/**
 * Bulk actions, one batch at a time: they show progress, can be stopped between two batches, and can be continued after a
 * failure or a reload. For a reload, the tab keeps what is left before each request.
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
import { BULK } from "../session";
import { drop, keep, kept } from "../storage";
import { detailsOf } from "./details";
import { doneByMe } from "./lost";
import { known, newAction, recordGone, recordRow, recordTold, withOwn } from "./own";
import { isAsked, isCorrected, isOptedOut, isRemoved, isSending, isUndelivered } from "./words";

/** At the rate that mail is sent, a batch of this size ends soon. */
const BATCH = 50;

/** Called after each batch. `false` stops the work. */
type OnProgress = (done: number) => boolean;
/** What an action has still to ask for: these rows, or a list from this place. The place after the last page is null. */
type Source = { rows: Invite[] } | { status: "pending" | "expired"; cursor?: string | null | undefined };
/**
 * `sending`: its last email is still queued, so it needs no other. `recent`: an email went out a short while ago. `corrected`: a
 * correction of its address had cancelled it before, and the new address has an invite.
 */
export type BulkOutcome = ResendOutcome | CancelOutcome | "sending" | "recent" | "corrected";

const A_DAY = 86_400_000;
/** Whether the person got an email in the last 24 hours, and does not wait for another. */
export const isRecent = (row: Invite) =>
  row.status === "pending" &&
  row.sentAt !== null &&
  Date.now() - Date.parse(row.sentAt) < A_DAY &&
  !isAsked(row) &&
  !isUndelivered(row);

/**
 * Why a resend of many leaves a row out. The API decides the same way; the page says it before it asks. Whether somebody
 * who stopped invites allows them again, only the API knows.
 */
export function leftOut(row: Invite): BulkOutcome | undefined {
  if (isSending(row)) return "sending";
  const { state, reason } = row.delivery;
  const isLost = state === "complained" || (state === "bounced" && reason !== "temporary");
  return isLost ? "undeliverable" : undefined;
}

/** Whether everybody whom a resend can reach got an email a short while ago: then it leaves out none of them for that. */
export const areAllRecent = (rows: Invite[]) =>
  rows.filter((row) => !leftOut(row) && !isOptedOut(known(row))).every(isRecent);

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
  doing: string;
  leftOut: (row: Invite) => BulkOutcome | undefined;
  request: (deal: string, rows: Invite[]) => Promise<{ outcome: BulkOutcome }[]>;
  done: "resent" | "cancelled";
  record: (deal: string, row: Invite, action: number) => void;
}

const RESEND: Action = {
  doing: "Resending",
  leftOut,
  request: resendInvites,
  done: "resent",
  record: (deal, row, action) => recordRow(deal, resent(row), action),
};
const CANCEL: Action = {
  doing: "Cancelling",
  leftOut: () => undefined,
  request: cancelInvites,
  done: "cancelled",
  record: recordGone,
};

/** `batch`: the rows of the next request. `unsure`: whether it was sent, and may have gone through. */
interface Left {
  done: Action["done"];
  results: Bulk["results"];
  batch: Invite[] | undefined;
  unsure: boolean;
  isStopped: boolean;
  source: Source;
}

export class Bulk {
  readonly #number = newAction();
  results: { row: Invite; outcome: BulkOutcome }[] = [];
  /** The rows whose request has no answer yet. */
  #batch: Invite[] | undefined;
  /** Those of them for which the request may have gone through, because an answer was lost. */
  unsure: Invite[] = [];
  /** Whether the manager stopped it. */
  isStopped = false;
  /** Those for which an answer was lost before. */
  readonly #tried = new Set<string>();

  constructor(
    readonly deal: string,
    readonly action: Action,
    readonly source: Source,
    left?: Left,
  ) {
    if (!left) return;
    this.results = left.results;
    this.#batch = left.batch;
    this.isStopped = left.isStopped;
    if (left.unsure) this.#unsure(left.batch ?? []);
  }

  /** For how many rows the API has answered: those that the action leaves out are not among them. */
  get answered() {
    return this.results.filter(({ row, outcome }) => outcome !== "recent" && !this.action.leftOut(row)).length;
  }

  /** The rows that it has not asked for, or for which the request has not gone through; undefined of a list's. */
  get left(): Invite[] | undefined {
    if (!("rows" in this.source)) return undefined;
    const rows = [...(this.#batch ?? []), ...this.source.rows];
    return rows.filter((row) => !this.action.leftOut(row) && !this.unsure.includes(row));
  }

  /** The rows with which it was done. */
  get done(): Invite[] {
    return this.results.filter(({ outcome }) => outcome === this.action.done).map(({ row }) => row);
  }

  /** Whether it has not ended: there are rows to ask for, or pages of the list. */
  get isLeft() {
    return "rows" in this.source ? this.left!.length > 0 : this.source.cursor !== null;
  }

  /** Forgets what is left. */
  leave = () => drop(BULK + this.deal);

  #keep(unsure: boolean) {
    const { action, results, source, isStopped } = this;
    const left: Left = { done: action.done, results, batch: this.#batch, unsure, isStopped, source };
    keep(BULK + this.deal, JSON.stringify(left));
  }

  /** Continues until all is done, or until `onProgress` stops it. Then it keeps what is left. */
  async run(onProgress: OnProgress) {
    await this.#settling?.catch(() => undefined);
    this.isStopped = false;
    do {
      if (!this.#batch) {
        const rows = await this.#next();
        if (!rows) break;
        const open: Invite[] = [];
        for (const row of rows) {
          const outcome = this.action.leftOut(row) ?? ("status" in this.source && isRecent(row) ? "recent" : undefined);
          if (outcome) this.results.push({ row, outcome });
          else open.push(row);
        }
        this.#batch = open;
      }
      await this.#request(this.#batch);
      this.#batch = undefined;
    } while (onProgress(this.answered) || !this.isLeft);
    this.isStopped = this.isLeft;
    if (this.isStopped) this.#keep(false);
    else this.leave();
  }

  /** The next rows; undefined after the last. */
  async #next(): Promise<Invite[] | undefined> {
    const { source } = this;
    if ("rows" in source) return source.rows.length > 0 ? source.rows.splice(0, BATCH) : undefined;
    if (source.cursor === null) return undefined;
    const { status, cursor } = source;
    const page = await listSeats(this.deal, { status, cursor, limit: BATCH });
    source.cursor = page.nextCursor;
    return withOwn(this.deal, page.invites, { status, first: false, matches: () => true });
  }

  async #request(rows: Invite[]) {
    if (rows.length === 0) return;
    this.#keep(true);
    const before = await this.#goneBefore(rows).catch(() => new Map<string, BulkOutcome>());
    let results: { outcome: BulkOutcome }[];
    try {
      results = await this.action.request(this.deal, rows);
    } catch (error) {
      if (error instanceof Problem && error.isLost) {
        this.#unsure(rows);
        await this.settle().catch(() => undefined);
        if (this.#batch?.length === 0) return;
      }
      this.#keep(this.unsure.length > 0);
      throw error;
    }
    const own = await this.#own(
      rows.filter(({ id }, index) => results[index]!.outcome === "stale" && this.#tried.has(id)),
    );
    const corrected = await this.#corrected(rows.filter((_, index) => results[index]!.outcome === "not_found"));
    this.unsure = [];
    for (const [index, row] of rows.entries()) {
      const outcome = corrected.has(row.id) ? "corrected" : (before.get(row.id) ?? results[index]!.outcome);
      this.#add(row, own.has(row.id) ? this.action.done : outcome);
    }
  }

  #unsure(rows: Invite[]) {
    this.unsure = rows;
    for (const { id } of rows) this.#tried.add(id);
  }

  #settling: Promise<void> | undefined;

  /** Finds out for which rows the request without an answer has gone through. */
  settle = () => (this.#settling ??= this.#settle().finally(() => (this.#settling = undefined)));

  async #settle() {
    const own = await this.#own(this.unsure);
    for (const row of this.unsure) if (own.has(row.id)) this.#add(row, this.action.done);
    this.#batch = this.#batch?.filter(({ id }) => !own.has(id));
    this.unsure = [];
    this.#keep(false);
  }

  /** The current state of the rows that somebody had cancelled before: the API answers as for a first cancellation. */
  async #goneBefore(rows: Invite[]): Promise<Map<string, BulkOutcome>> {
    if (this.action.done !== "cancelled") return new Map();
    const { invites } = await listSeats(this.deal, { status: "removed", limit: 200 });
    const gone = new Set(invites.map(({ id }) => id));
    const before = rows.filter(({ id }) => gone.has(id));
    const details = await detailsOf(this.deal, before, () => true);
    return new Map(
      details.flatMap((now, at) =>
        now && isRemoved(now) && !doneByMe("cancelled", before[at]!, now)
          ? [[now.id, isCorrected(now) ? "corrected" : "not_found"] as const]
          : [],
      ),
    );
  }

  /** Those of these removed rows whose address was corrected, by their ids, if they can be read. */
  async #corrected(rows: Invite[]): Promise<Set<string>> {
    const details = await detailsOf(this.deal, rows, () => true).catch(() => []);
    return new Set(details.filter((now) => now && isCorrected(now)).map((now) => now!.id));
  }

  /** Those of these rows with which this person has done it, by their ids. */
  async #own(rows: Invite[]): Promise<Set<string>> {
    const details = await detailsOf(this.deal, rows, () => true);
    const did = this.action.done;
    return new Set(details.filter((now, at) => now && doneByMe(did, rows[at]!, now)).map((now) => now!.id));
  }

  #add(row: Invite, outcome: BulkOutcome) {
    this.results.push({ row, outcome });
    if (outcome === "opted_out") recordTold(row, { optedOut: true });
    if (outcome === this.action.done) this.action.record(this.deal, row, this.#number);
  }
}

export const resendRows = (deal: string, rows: Invite[]) => new Bulk(deal, RESEND, { rows: [...rows] });
export const cancelRows = (deal: string, rows: Invite[]) => new Bulk(deal, CANCEL, { rows: [...rows] });

/**
 * Resends all invites with this status, page by page. A cursor is a position in the list, and resent invites are at its
 * beginning, so resending a page skips or repeats none.
 */
export const resendListed = (deal: string, status: "pending" | "expired") => new Bulk(deal, RESEND, { status });

/** The action that a reload interrupted. */
export function interrupted(deal: string): Bulk | undefined {
  const text = kept(BULK + deal);
  if (text === null) return undefined;
  const left = JSON.parse(text) as Left;
  return new Bulk(deal, left.done === "resent" ? RESEND : CANCEL, left.source, left);
}
