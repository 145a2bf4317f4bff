/**
 * A list of people to invite, from the first paste to the result.
 *
 * Invariant: a row is sent only after a check predicted that it will be invited. The API's outcome of a row is never lost: if a
 * batch fails, earlier outcomes stay and the rest can be sent later. Sending a row twice is harmless.
 */
import { batch, computed, effect, signal } from "@preact/signals";
import {
  type Filter,
  getInvite,
  type Invite,
  type InviteRow,
  listSeats,
  Problem,
  type SendOutcome,
  type SendResult,
  searchSeats,
  sendInvites,
} from "../api";
import { addressesOf, nameIn, recordAddresses } from "../seats/addresses";
import { readReplacements } from "../seats/details";
import { ownSends } from "../seats/lost";
import { known, ownRow, recordSent } from "../seats/own";
import { wholeList } from "../seats/whole";
import type { Known } from "../seats/words";
import { session } from "../session";
import { asProblem } from "../ui/load";
import { goesOn } from "../ui/ongoing";
import { bouncesBeside } from "./bounces";
import type { Columns, ColumnsQuestion } from "./columns";
import { doubtAbout } from "./doubt";
import { type DraftRow, isDue, keepDraft, keyOfAddress, markWaiting, restoreDraft } from "./draft";
import { LONGEST_STORED, stored } from "./name";
import { type LeftOut, type List, readList } from "./parse";
import type { Recipient } from "./recipients";
import { domainOf, usualDomains, withoutTypos } from "./suggestion";
import { doubtAgain, pastOf, rank } from "./verdicts";
import { conflictsIn, fullestFirst, holder } from "./whose";

/** The longest list: a check takes a request for every 1,000 rows. */
export const MOST_ROWS = 10_000;
/** The API's limit for one request. */
const MOST_AT_ONCE = 1000;
/** At the rate that mail is sent, a batch of this size ends soon: *Stop* and the progress work. */
const BATCH = 50;

export interface Row {
  /** The row's place in what was pasted. */
  readonly id: number;
  readonly email: string;
  readonly name: string;
  readonly typed?: string;
  readonly beside?: readonly string[];
  readonly elsewhere?: string;
  readonly isLong?: true;
  readonly wanted?: true;
  /** The last check's prediction; undefined after the row was changed. */
  readonly verdict: SendResult | undefined;
  /** The address's invite, if there is more to say of it than the prediction does. */
  readonly earlierInvite?: Known | undefined;
  /** Whose the address may be as well, or what to decide after an earlier invite or email, in sentences. */
  readonly conflict?: string | undefined;
  /** The outcome of sending. */
  readonly sent: SendResult | undefined;
  /** `maybe`: an attempt to send it got no answer. `yes`: that attempt had gone through. */
  readonly earlier?: "maybe" | "yes" | undefined;
}

/** Of a row whose first answer was lost. */
const FIRST_ATTEMPT = "Your first attempt had gone through.";

/**
 * `paused`: the manager stopped, a batch failed, or the page was left. `finishing`: the manager ended the sending, and a dry run
 * tells what was sent.
 */
export type Stage = "draft" | "sending" | "paused" | "finishing" | "done";

const toInvite = ({ email, name }: Row): InviteRow => (name ? { email, name } : { email });
const isThere = ({ outcome }: SendResult) => outcome === "already_pending" || outcome === "already_accepted";
/** The lists of invites of which the check list has more to say. */
const REMARKABLE: Filter[] = ["asked", "undelivered", "declined", "removed"];

/** What costs a request for each invite or address is read for this many. */
const MOST_READ = 10;

/** Of the longest lists, so many pages of 200 invites. */
const MOST_PAGES = 10;

/** The newest invites of this list. */
async function newest(deal: string, status: Filter): Promise<Invite[]> {
  const invites: Invite[] = [];
  let cursor: string | undefined;
  // Whoever said no or was removed is not invited again without a question.
  const most = status === "declined" || status === "removed" ? MOST_PAGES : 1;
  for (let page = 0; page < most && (page === 0 || cursor); page += 1) {
    const next = await listSeats(deal, { status, limit: 200, cursor });
    invites.push(...next.invites);
    cursor = next.nextCursor ?? undefined;
  }
  return invites;
}

/**
 * The invites of checked addresses with a history that a prediction does not tell, by id and by address: of the newest of each
 * list. Of people who stopped invites, the API names none, and any may be theirs.
 */
async function remarkable(deal: string, results: SendResult[]): Promise<Map<string, Known>> {
  const ids = new Set(results.map(({ inviteId }) => inviteId));
  const stopped = new Set(results.flatMap((row) => (row.outcome === "opted_out" ? keyOfAddress(row) : [])));
  const pages = await Promise.all(REMARKABLE.map((status) => newest(deal, status)));
  const sought = [...stopped].slice(0, MOST_READ).map((email) => searchSeats(deal, email, { limit: 10 }));
  const searched = (await Promise.all(sought).catch(() => [])).map(({ invites }) => invites);
  // An invite that was just removed may be in two lists.
  const found = [...pages, ...searched].flat();
  const ofRows = found.filter((invite) => ids.has(invite.id) || stopped.has(keyOfAddress(invite)));
  await readReplacements(deal, ofRows);
  return new Map(
    ofRows.flatMap((invite) => {
      const key = keyOfAddress(invite);
      const now = stopped.has(key) ? { ...known(invite), optedOut: true } : known(invite);
      return [[invite.id, now] as const, [key, now] as const];
    }),
  );
}

/** Whether a row is to be sent again as it is. The API names no invite for a row that it could not store. */
export const isFailed = ({ sent }: Row) => sent?.outcome === "unavailable" && sent.inviteId === undefined;

/** The outcomes, also predicted ones, after which somebody may still be invited. */
const OPEN = new Set<SendOutcome | undefined>([undefined, "invited", "invalid_email", "too_soon", "unavailable"]);
/** Whether a row is left when its list was sent. If its address is another person's, it is still to be corrected. */
const isOpen = ({ verdict, sent, conflict }: Row) =>
  sent ? sent.outcome !== "invited" && OPEN.has(sent.outcome) : conflict !== undefined || OPEN.has(verdict?.outcome);

const unsure = (row: Row): Row => ({ ...row, earlier: "maybe" });
const asRow = (row: DraftRow): Row => ({ name: "", verdict: undefined, sent: undefined, ...row });

export class Inviting {
  readonly text = signal("");
  readonly rows = signal<Row[]>([]);
  /** Files that wait until the text is read: joined, both could be misread. */
  readonly files = signal<File[]>([]);
  /** Whether a text or file is not in the list yet, and would not be sent with it. */
  readonly unread = computed(() => this.text.value.trim() !== "" || this.files.value.length > 0);
  /** The open question about the text's columns. */
  readonly question = signal<ColumnsQuestion | undefined>(undefined);
  /** The lines of all texts that are not in the list, and why. */
  readonly leftOut = signal<LeftOut[]>([]);
  /** The rows that were removed since the list was shown in this order. They keep their places, and can be restored. */
  readonly removed = signal<ReadonlyMap<number, Row>>(new Map());
  #order: number[] = [];
  /** The rows and the removed rows. */
  readonly shown = computed(() => {
    if (this.removed.value.size === 0) return this.rows.value;
    const all = new Map([...this.removed.value, ...this.rows.value.map((row) => [row.id, row] as const)]);
    return this.#order.flatMap((id) => all.get(id) ?? []);
  });
  readonly checking = signal(false);
  readonly problem = signal<Problem | undefined>(undefined);
  readonly stage = signal<Stage>("draft");
  readonly stopping = signal(false);
  readonly due = computed(() => this.rows.value.filter(isDue));
  /** The rows that are lost if the list can't be sent. */
  readonly unsent = computed(() => (this.stage.value === "draft" ? this.rows.value : this.due.value));
  readonly sent = computed(() => this.rows.value.filter((row) => row.sent));
  /** The rows that stay in the list when it was sent. */
  readonly open = computed(() => this.rows.value.filter(isOpen));
  /** The result of the last list. */
  readonly last = signal<Row[]>([]);
  /** The rows that are left from the last list. */
  readonly left = computed(() => {
    const ids = new Set(this.last.value.map(({ id }) => id));
    return this.rows.value.filter(({ id }) => ids.has(id));
  });
  /** The usual domains of the list, and of the deal. */
  readonly usualDomains = computed(() => this.#usualIn(this.rows.value));
  #nextId = 0;
  #newestCheck = 0;
  #answers: Columns[] = [];
  /** The domains that were usual in the list. One stays so, or the doubt about a row would go with other rows. */
  readonly #usual = new Set<string>();
  #bounces: Promise<Map<string, string> | undefined> | undefined;
  /** The newest addresses of the deal, unless its page was open before. */
  #addresses: Promise<void> | undefined;
  /** The invites whose names were read, or could not be. */
  readonly #sought = new Set<string>();

  constructor(readonly deal: string) {
    void this.#restore();
    effect(() => void markWaiting(deal, this.files.value.length > 0));
    effect(() => {
      const [done, due] = [this.sent.value.length, this.due.value.length];
      const isSending = this.stage.value === "sending";
      goesOn(`/deals/${deal}/invite`, isSending ? { what: "Inviting people", done, total: done + due } : undefined);
    });
    effect(() => {
      const stage = this.stage.value;
      const answers = this.question.value && this.#answers;
      const draft = { text: this.text.value, leftOut: this.leftOut.value, ...(answers && { answers }) };
      if (stage === "sending" || stage === "paused" || stage === "finishing")
        return keepDraft(deal, { ...draft, rows: this.rows.value, stage: stage === "sending" ? stage : "paused" });
      const isDone = stage === "done";
      const rows = isDone ? this.open.value : this.rows.value;
      const last = isDone ? this.rows.value : this.left.value.length > 0 && this.last.value;
      keepDraft(deal, {
        ...draft,
        rows: rows.map(({ verdict: _, sent: __, earlierInvite: ___, conflict: ____, ...row }) => row),
        ...(last && { last }),
      });
    });
  }

  async #restore() {
    const { text, rows, leftOut, answers, last = [], stage } = restoreDraft(this.deal);
    batch(() => {
      this.text.value = text;
      this.rows.value = rows.map(asRow);
      this.removed.value = new Map();
      this.leftOut.value = leftOut;
      this.last.value = last.map(asRow);
      this.stage.value = stage ? "paused" : "draft";
      // The page was left before the answer came.
      if (stage === "sending") this.#change(this.due.value.slice(0, BATCH).map(unsure));
    });
    if (answers) {
      this.#answers = answers;
      this.read();
    }
    this.#nextId = [...rows, ...last].reduce((next, { id }) => Math.max(next, id + 1), 0);
    if (!stage) await this.check();
  }

  #usualIn(rows: Row[]) {
    for (const domain of usualDomains(rows)) this.#usual.add(domain);
    const listed = new Set(rows.map(({ email }) => domainOf(email)));
    const others = addressesOf(this.deal);
    const own = session.value?.email ? domainOf(session.value.email) : undefined;
    const usual = new Set([...this.#usual].filter((domain) => listed.has(domain)));
    for (const domain of usualDomains(others)) usual.add(domain);
    return withoutTypos([...usual], [...rows, ...others], own);
  }

  #asRows(rows: Recipient[]): Row[] {
    return rows.map((row) => ({
      ...row,
      name: stored(row.name ?? ""),
      ...([...(row.name ?? "")].length > LONGEST_STORED && { isLong: true as const }),
      id: this.#nextId++,
      verdict: undefined,
      sent: undefined,
    }));
  }

  /** Replaces the text. Answers about the columns of the old text are dropped. */
  write(text: string) {
    this.text.value = text;
    this.question.value = undefined;
    this.#answers = [];
  }

  /** How many questions about the text's columns are answered. */
  get answered(): number {
    return this.#answers.length;
  }

  /** Leaves the question about the columns unanswered. The text stays, to be corrected. */
  dismiss() {
    this.write(this.text.value);
  }

  /** Reads the text with the answer to the open question. It may lead to another question. */
  read(answer?: Columns): List | { question: ColumnsQuestion } {
    if (answer) this.#answers.push(answer);
    const list = readList(this.text.value, this.#answers);
    this.question.value = "question" in list ? list.question : undefined;
    // If the chosen columns hold nothing, the next check asks again.
    if ("rows" in list && list.rows.length === 0) this.#answers = [];
    return list;
  }

  /**
   * Checks new rows together with the list, and adds them. If the check fails, nothing is added. If the list would be too
   * long, `tooMany` is its length.
   */
  async add(list: List): Promise<{ added?: true; tooMany?: number }> {
    const rows = [...this.rows.value, ...this.#asRows(list.rows)];
    if (rows.length > MOST_ROWS) return { tooMany: rows.length };
    const checked = await this.#predict(rows);
    if (!checked) return {};
    this.#sort(checked);
    this.leftOut.value = [...this.leftOut.value, ...list.leftOut];
    return { added: true };
  }

  /** Shows these rows. They are sorted only when some are added: they must not move while somebody corrects them. */
  #sort(rows: Row[]) {
    const usual = this.#usualIn(rows);
    const ranks = new Map(rows.map((row) => [row.id, rank(row, doubtAbout(row, usual))]));
    this.removed.value = new Map();
    this.rows.value = rows.toSorted((a, b) => (ranks.get(a.id) ?? 0) - (ranks.get(b.id) ?? 0));
  }

  /** Takes over the list of another deal, which can't send it. It is added even if the check fails. */
  async takeOver(other: Inviting) {
    // Whether somebody was invited to the other deal says nothing about this one.
    const rows = other.unsent.value.map(
      ({ earlier: _, earlierInvite: __, conflict: ___, wanted: ____, ...row }) => row,
    );
    const text = [this.text.value, other.text.value].filter(Boolean).join("\n");
    if (this.stage.value === "done") void this.#restore();
    this.removed.value = new Map();
    this.rows.value = [...this.rows.value, ...this.#asRows(rows)];
    this.write(text);
    other.clear();
    other.write("");
    other.stage.value = "draft";
    const checked = await this.#predict(this.rows.value);
    if (checked) this.#sort(checked);
  }

  async check() {
    const checked = await this.#predict(this.rows.value);
    if (checked) this.rows.value = checked;
  }

  /** The rows with predictions; undefined if the check failed, or if a newer check has started. */
  async #predict(rows: Row[]): Promise<Row[] | undefined> {
    const turn = ++this.#newestCheck;
    this.problem.value = undefined;
    this.checking.value = rows.length > 0;
    if (rows.length === 0) return rows;
    const arrived = fullestFirst(rows);
    // The list says less without an answer, and the next check asks again.
    this.#bounces ??= bouncesBeside(this.deal).catch(() => (this.#bounces = undefined));
    if (addressesOf(this.deal).length === 0) this.#addresses ??= this.#readAddresses();
    try {
      const results = await this.#predictions(arrived);
      const outcomes = await this.#withOutcomes(arrived, results);
      // A new address has no invite. Without an answer, the list says less.
      const isKnown = results.some(
        ({ outcome, inviteId }) => outcome === "opted_out" || (inviteId && outcome !== "duplicate"),
      );
      const earlier = isKnown ? await remarkable(this.deal, results).catch(() => undefined) : undefined;
      const named = outcomes.flatMap(({ name }, index) => (name && results[index]?.inviteId) || []);
      await this.#readNames(named.filter((id) => !earlier?.has(id)));
      const [bounces] = await Promise.all([this.#bounces, this.#addresses]);
      if (turn !== this.#newestCheck) return undefined;
      const verdicts = new Map(
        outcomes.map(({ id, sent, earlier }, index) => [
          id,
          earlier === "yes" ? { ...results[index]!, detail: FIRST_ATTEMPT } : sent,
        ]),
      );
      const checked = rows.map((row) => ({ ...row, verdict: verdicts.get(row.id) }));
      const conflicts = conflictsIn(checked.toSorted((a, b) => a.id - b.id));
      return checked.map((row) => {
        const id = row.verdict?.inviteId ?? "";
        const outcome = row.verdict?.outcome;
        const key = keyOfAddress(row);
        const earlierInvite = earlier?.get(outcome === "opted_out" ? key : id);
        // A removed invite has lost its name, which this page may still know.
        const held = earlierInvite?.removedAt
          ? undefined
          : ((earlierInvite ?? ownRow(this.deal, id))?.name ?? nameIn(this.deal, id));
        const holders = outcome === "duplicate" ? undefined : holder(row.name, held, outcome === "invited");
        const bounced = outcome === "invited" && !earlierInvite && bounces?.get(key);
        const again = outcome === "invited" && earlierInvite && doubtAgain(earlierInvite);
        const conflict = [holders, row.name && conflicts.get(key), bounced, again].filter(Boolean).join(" ");
        return { ...row, earlierInvite, conflict: conflict || undefined };
      });
    } catch (error) {
      if (turn === this.#newestCheck) this.problem.value = asProblem(error);
      return undefined;
    } finally {
      if (turn === this.#newestCheck) this.checking.value = false;
    }
  }

  async #readAddresses() {
    try {
      recordAddresses(this.deal, (await listSeats(this.deal, { limit: 200 })).invites);
    } catch {
      this.#addresses = undefined;
    }
  }

  /** Reads whom these invites are for, once. Without an answer, the list says less. */
  async #readNames(ids: string[]) {
    const open = new Set(
      ids.filter((id) => nameIn(this.deal, id) === undefined && !ownRow(this.deal, id) && !this.#sought.has(id)),
    );
    for (const id of open) this.#sought.add(id);
    if (open.size <= MOST_READ) {
      const read = (id: string) =>
        getInvite(this.deal, id).then(
          (invite) => recordAddresses(this.deal, [invite]),
          () => this.#sought.delete(id),
        );
      await Promise.all([...open].map(read));
      return;
    }
    await wholeList(this.deal, undefined, (_, rows) => {
      recordAddresses(this.deal, rows);
      for (const { id } of rows) open.delete(id);
      return open.size > 0;
    }).catch(() => {
      for (const id of open) this.#sought.delete(id);
    });
  }

  /** The API finds duplicates within a request. Of a list of several requests, rows with the same address are found here. */
  async #predictions(rows: Row[]): Promise<SendResult[]> {
    if (rows.length <= MOST_AT_ONCE) return sendInvites(this.deal, rows.map(toInvite), true);
    const first = new Map(rows.toReversed().map((row) => [keyOfAddress(row), row.id]));
    const asked = rows.filter((row) => first.get(keyOfAddress(row)) === row.id);
    const results = new Map<number, SendResult>();
    for (let from = 0; from < asked.length; from += MOST_AT_ONCE) {
      const batch = asked.slice(from, from + MOST_AT_ONCE);
      const answers = await sendInvites(this.deal, batch.map(toInvite), true);
      for (const [index, { id }] of batch.entries()) results.set(id, answers[index]!);
    }
    return rows.map(({ id, email }) => results.get(id) ?? { email, outcome: "duplicate" });
  }

  async correct(id: number, change: { email?: string; name?: string }) {
    this.rows.value = this.rows.value.map((row) => {
      if (row.id !== id) return row;
      const { typed: _, beside: __, isLong: ___, wanted: ____, ...rest } = row;
      const name = change.name === undefined ? row.name : stored(change.name);
      return { ...rest, ...change, name, verdict: undefined };
    });
    await this.check();
  }

  /** Corrects many addresses at once. */
  async correctAll(emails: ReadonlyMap<number, string>) {
    this.rows.value = this.rows.value.map((row) => {
      const email = emails.get(row.id);
      return email === undefined ? row : { ...row, email, verdict: undefined };
    });
    await this.check();
  }

  async remove(id: number) {
    const row = this.rows.value.find((row) => row.id === id);
    if (!row) return;
    if (this.removed.value.size === 0) this.#order = this.rows.value.map(({ id }) => id);
    const isShared = this.rows.value.some((row) => row.verdict?.outcome === "duplicate");
    batch(() => {
      this.removed.value = new Map(this.removed.value).set(id, row);
      this.rows.value = this.rows.value.filter((row) => row.id !== id);
    });
    // A duplicate of the removed row can be invited now. A running check still includes the row, so it is repeated.
    if (this.checking.value || isShared) await this.check();
  }

  /** Restores a removed row in its place. */
  async restore(id: number) {
    const row = this.removed.value.get(id);
    if (!row) return;
    batch(() => {
      this.rows.value = this.shown.value.filter((row) => row.id === id || !this.removed.value.has(row.id));
      this.removed.value = new Map([...this.removed.value].filter(([other]) => other !== id));
    });
    await this.check();
  }

  /** Drops the list, but not the text in the box. */
  clear() {
    this.#newestCheck += 1;
    this.#usual.clear();
    this.removed.value = new Map();
    this.leftOut.value = [];
    this.rows.value = [];
    this.last.value = [];
    this.problem.value = undefined;
    this.checking.value = false;
  }

  /** Sends batch by batch, until all is sent, the manager stops, or a batch fails. */
  async send() {
    this.problem.value = undefined;
    this.stopping.value = false;
    this.stage.value = "sending";
    try {
      await this.#findOut();
      while (this.due.value.length > 0 && !this.stopping.value) await this.#sendBatch(this.due.value.slice(0, BATCH));
      this.stage.value = this.due.value.length > 0 ? "paused" : "done";
    } catch (error) {
      this.problem.value = asProblem(error);
      this.stage.value = "paused";
    }
  }

  async #sendBatch(batch: Row[]) {
    const results = await sendInvites(this.deal, batch.map(toInvite), false).catch((error) => {
      if (error instanceof Problem && error.isLost) this.#change(batch.map(unsure));
      throw error;
    });
    const rows = await this.#withOutcomes(batch, results);
    this.#change(rows);
    recordSent(
      this.deal,
      rows.flatMap(({ email, name, sent, earlier }) => {
        const invitedBy = session.value?.email ?? null;
        const isNew = sent?.outcome === "invited" && earlier !== "yes";
        return isNew && sent.inviteId ? [{ id: sent.inviteId, email, name: name || null, invitedBy }] : [];
      }),
    );
  }

  #change(changed: Row[]) {
    const byId = new Map(changed.map((row) => [row.id, row]));
    this.rows.value = this.rows.value.map((row) => byId.get(row.id) ?? row);
  }

  /**
   * Finds out which of the rows without an answer were sent. Whoever was invited, and has declined or was cancelled since, is
   * not sent to again: the row says so.
   */
  async #findOut() {
    const unsure = this.due.value.filter(({ earlier }) => earlier);
    if (unsure.length === 0) return;
    const results = await sendInvites(this.deal, unsure.map(toInvite), true);
    const found = await remarkable(this.deal, results);
    const rows = await this.#withOutcomes(unsure, results);
    const settled = rows.map((row, index): Row => {
      const now = found.get(results[index]!.inviteId ?? "");
      if (row.sent?.outcome !== "invited" || row.earlier === "yes") return row;
      if (!now || now.sends === row.earlierInvite?.sends) return { ...row, sent: undefined };
      const detail = `Invited after you checked this list. ${pastOf(now).note}`;
      return { ...row, earlier: undefined, earlierInvite: now, sent: { ...row.sent, outcome: "unavailable", detail } };
    });
    this.#change(settled);
  }

  /** The rows with their outcomes. Whoever was invited by an earlier attempt, whose answer was lost, counts as invited. */
  async #withOutcomes(rows: Row[], results: SendResult[]): Promise<Row[]> {
    const isUnsure = rows.some(({ earlier }, index) => earlier && isThere(results[index]!));
    // If the list cannot be loaded, the earlier attempt is the likeliest reason.
    const own = isUnsure ? await ownSends(this.deal).catch(() => undefined) : undefined;
    return rows.map((row, index) => {
      const sent = results[index]!;
      if (!row.earlier || !isThere(sent) || own?.has(sent.inviteId ?? "") === false) return { ...row, sent };
      return { ...row, earlier: "yes", sent: { ...sent, outcome: "invited", detail: FIRST_ATTEMPT } };
    });
  }

  /** Stops after the current batch. */
  stop() {
    this.stopping.value = true;
  }

  /** Shows the result without sending the rest. A dry run tells which rows an attempt without an answer has sent. */
  async finish() {
    this.problem.value = undefined;
    this.stage.value = "finishing";
    try {
      await this.#findOut();
      this.#change(this.due.value.map((row) => ({ ...row, earlier: undefined })));
    } catch (error) {
      // The result says which rows are not known.
      asProblem(error);
    }
    this.stage.value = "done";
  }

  /** Sends the rows again that could not be stored. */
  async sendAgain() {
    this.rows.value = this.rows.value.map((row) => (isFailed(row) ? { ...row, sent: undefined } : row));
    await this.send();
  }

  /** Returns from the result to the list, with the rows that are left. */
  async goBack() {
    await this.#restore();
  }
}

const open = new Map<string, Inviting>();

/** A deal's list lives until the tab is reloaded, so that sending continues while the manager visits other pages. */
export function invitingOf(deal: string): Inviting {
  let inviting = open.get(deal);
  if (!inviting) open.set(deal, (inviting = new Inviting(deal)));
  return inviting;
}

/** After this, the next page reads what is left of the list from its draft, as after a reload. */
export const forget = (deal: string) => void open.delete(deal);
