/**
 * A list of people to invite, from the first paste to the result.
 *
 * Invariant: a row is sent only after a check said of this very row that it will be invited, and what the API said of a row is
 * never lost: a batch that fails leaves what is done as done and the rest to go on with. Sending a row twice is harmless.
 */
import { computed, effect, signal } from "@preact/signals";
import { type InviteRow, type Problem, type SendResult, sendInvites } from "../api";
import { recordSent } from "../seats/own";
import { session } from "../session";
import { asProblem } from "../ui/load";
import { keepDraft, restoreDraft } from "./draft";
import type { Columns, ColumnsQuestion } from "./columns";
import { type LeftOut, type List, readList, together } from "./parse";
import { rank } from "./verdicts";

/** How many the API takes at once, and so a list has. */
export const MOST_ROWS = 1000;
/** Few enough that *Stop* and the progress mean something at the rate that mail is sent. */
const BATCH = 50;

export interface Row {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  /** What the last check said; none since the row was changed. */
  readonly verdict: SendResult | undefined;
  /** What sending said. */
  readonly sent: SendResult | undefined;
}

/** `draft`: to be checked, corrected, sent. `paused`: stopped, or a batch failed. */
export type Stage = "draft" | "sending" | "paused" | "done";

const toInvite = ({ email, name }: Row): InviteRow => (name ? { email, name } : { email });
const isDue = (row: Row) => row.verdict?.outcome === "invited" && !row.sent;

export class Inviting {
  readonly text = signal("");
  readonly rows = signal<Row[]>([]);
  /** Files that are read once the text is: joined, neither would be read right. */
  readonly files = signal<File[]>([]);
  /** Whether there is something that is not in the list yet, and would be left behind by sending it. */
  readonly unread = computed(() => this.text.value.trim() !== "" || this.files.value.length > 0);
  /** What has to be asked about the text before its rows are known. */
  readonly question = signal<ColumnsQuestion | undefined>(undefined);
  /** The lines of the texts so far that are no rows. */
  readonly leftOut = signal<LeftOut>({});
  readonly checking = signal(false);
  readonly problem = signal<Problem | undefined>(undefined);
  readonly stage = signal<Stage>("draft");
  readonly stopping = signal(false);
  readonly due = computed(() => this.rows.value.filter(isDue));
  readonly sent = computed(() => this.rows.value.filter((row) => row.sent));
  #nextId = 0;
  #newestCheck = 0;
  #answers: Columns[] = [];

  constructor(readonly deal: string) {
    const { text, rows } = restoreDraft(deal);
    this.text.value = text;
    this.rows.value = this.#asRows(rows);
    effect(() => {
      const left = this.stage.value === "draft" ? this.rows.value : this.due.value;
      keepDraft(deal, { text: this.text.value, rows: left.map(toInvite) });
    });
    void this.check();
  }

  #asRows(rows: InviteRow[]): Row[] {
    return rows.map(({ email, name = "" }) => ({ id: this.#nextId++, email, name, verdict: undefined, sent: undefined }));
  }

  /** Replaces the text. What was said of the columns of the text before is not said of this one. */
  write(text: string) {
    this.text.value = text;
    this.question.value = undefined;
    this.#answers = [];
  }

  /** Reads the text, with the answer to the question that is open; another one may be open then. */
  read(answer?: Columns): List | { question: ColumnsQuestion } {
    if (answer) this.#answers.push(answer);
    const list = readList(this.text.value, this.#answers);
    this.question.value = "question" in list ? list.question : undefined;
    // If the chosen columns hold nothing, the next check asks again.
    if ("rows" in list && list.rows.length === 0) this.#answers = [];
    return list;
  }

  /**
   * Checks rows together with those that are there, and takes them into the list. Text whose rows fail their check, or would
   * make the list too long, stays as it is; in the latter case, the answer is how long.
   */
  async add(list: List): Promise<{ tooMany: number } | undefined> {
    const rows = [...this.rows.value, ...this.#asRows(list.rows)];
    if (rows.length > MOST_ROWS) return { tooMany: rows.length };
    const checked = await this.#foresee(rows);
    if (!checked) return undefined;
    // Only now: rows stay where they are while somebody works on them.
    this.rows.value = checked.toSorted((a, b) => rank(a.verdict) - rank(b.verdict));
    this.leftOut.value = together(this.leftOut.value, list.leftOut);
    this.write("");
    return undefined;
  }

  async check() {
    const checked = await this.#foresee(this.rows.value);
    if (checked) this.rows.value = checked;
  }

  /** The rows with what would become of each; nothing if that failed, or if others were asked about meanwhile. */
  async #foresee(rows: Row[]): Promise<Row[] | undefined> {
    const turn = ++this.#newestCheck;
    this.problem.value = undefined;
    this.checking.value = rows.length > 0;
    if (rows.length === 0) return rows;
    // As they came: of two alike, the first is invited, wherever it is shown.
    const asked = rows.toSorted((a, b) => a.id - b.id);
    try {
      const { results } = await sendInvites(this.deal, asked.map(toInvite), true);
      if (turn !== this.#newestCheck) return undefined;
      const verdicts = new Map(asked.map((row, index) => [row.id, results[index]]));
      return rows.map((row) => ({ ...row, verdict: verdicts.get(row.id) }));
    } catch (error) {
      if (turn === this.#newestCheck) this.problem.value = asProblem(error);
      return undefined;
    } finally {
      if (turn === this.#newestCheck) this.checking.value = false;
    }
  }

  /** Changes a row and checks the list again. */
  async correct(id: number, change: { email?: string; name?: string }) {
    this.rows.value = this.rows.value.map((row) => (row.id === id ? { ...row, ...change, verdict: undefined } : row));
    await this.check();
  }

  async remove(id: number) {
    this.rows.value = this.rows.value.filter((row) => row.id !== id);
    // The other one of two alike is to be invited now; and a check that is on its way is of another list.
    if (this.checking.value || this.rows.value.some((row) => row.verdict?.outcome === "duplicate")) await this.check();
  }

  /** Drops the list. Text that is not part of it stays. */
  clear() {
    this.#newestCheck += 1;
    this.leftOut.value = {};
    this.rows.value = [];
    this.problem.value = undefined;
    this.checking.value = false;
    this.stage.value = "draft";
  }

  /** Sends what is due, batch by batch, until it is done, stopped, or fails. */
  async send() {
    this.problem.value = undefined;
    this.stopping.value = false;
    this.stage.value = "sending";
    try {
      while (this.due.value.length > 0 && !this.stopping.value) await this.#sendBatch(this.due.value.slice(0, BATCH));
      this.stage.value = this.due.value.length > 0 ? "paused" : "done";
    } catch (error) {
      this.problem.value = asProblem(error);
      this.stage.value = "paused";
    }
  }

  async #sendBatch(batch: Row[]) {
    const { results } = await sendInvites(this.deal, batch.map(toInvite), false);
    const outcomes = new Map(batch.map((row, index) => [row.id, results[index]]));
    this.rows.value = this.rows.value.map((row) => (outcomes.has(row.id) ? { ...row, sent: outcomes.get(row.id) } : row));
    recordSent(this.deal, batch.flatMap(({ email, name }, index) => {
      const { outcome, inviteId } = results[index]!;
      const invitedBy = session.value?.email ?? null;
      return outcome === "invited" && inviteId ? [{ id: inviteId, email, name: name || null, invitedBy }] : [];
    }));
  }

  /** Ends after the batch that is being sent. */
  stop() {
    this.stopping.value = true;
  }

  /** Shows the result of what was sent so far. */
  finish() {
    this.problem.value = undefined;
    this.stage.value = "done";
  }

  /** Sends those again of which nothing was stored. */
  async sendAgain() {
    this.rows.value = this.rows.value.map((row) => (row.sent?.outcome === "unavailable" ? { ...row, sent: undefined } : row));
    await this.send();
  }

  /** Goes back to the list with these rows only. */
  async goBackTo(rows: Row[]) {
    this.clear();
    this.rows.value = rows.map((row) => ({ ...row, sent: undefined }));
    await this.check();
  }
}

const open = new Map<string, Inviting>();

/** The list of a deal: one for as long as the page is loaded, so that sending goes on while other pages are looked at. */
export function invitingOf(deal: string): Inviting {
  let inviting = open.get(deal);
  if (!inviting) open.set(deal, (inviting = new Inviting(deal)));
  return inviting;
}
