/** What the actions on invites know of the list that is open, and how they show a change in it. */
import type { Counts, Filter, Invite, InviteDetail, Seats } from "../api";
import type { Loaded } from "../ui/load";
import { readReplacement } from "./details";
import { recordOffers, withdrawOffers } from "./offers";
import { known, recordDetail, recordGone, recordRow, recordSeen } from "./own";
import type { Listed } from "./whole";
import { type DealState, isAsked, isCorrected, isOptedOut, isRemoved, isUndelivered } from "./words";
import type { Message, Work } from "./work";

export interface Open {
  deal: string;
  status: Filter | undefined;
  /** Whether the list is searched. */
  searched: boolean;
  work: Work;
  list: Loaded<Listed>;
  /** How many invites the list or search has, if that is known. */
  size: number | undefined;
  /** All rows of the list or search; undefined if there are too many, or if `onProgress` returns false. */
  everyRow: (onProgress: (loaded: number) => boolean) => Promise<Invite[] | undefined>;
  counts: Counts | undefined;
  seats: Seats;
  /** Whether the deal is active. */
  active: boolean;
  dealState: DealState;
  /** A row leaves the list. `next`: the row that takes its place. */
  gone: (row: Invite, next: string | undefined) => void;
}

/** Shows messages, and changes of one invite, where the manager is by then. */
export function showing({ deal, work, list, counts, seats, gone }: Open) {
  const setMessage = (message: Message | undefined) => {
    work.message.value = message;
  };
  const tell = (tone: "good" | "bad" | "plain", text: string) => setMessage({ tone, text, ofList: true });

  const showRow = (before: Invite, after: Invite | undefined, record = recordSeen) => {
    if (after?.id !== before.id) {
      recordGone(deal, before);
      const shown = work.shown?.list.value?.invites ?? [];
      const at = shown.findIndex(({ id }) => id === before.id);
      gone(before, after?.id ?? (shown[at + 1] ?? shown[at - 1])?.id);
    }
    if (after) record(deal, after);
    work.shown?.list.update((page) => ({
      ...page,
      invites: page.invites.flatMap((row) =>
        row.id === before.id ? (after ? [after] : []) : row.id === after?.id ? [] : [row],
      ),
    }));
  };
  /** Replaces or removes a row after the manager's own action, and updates the numbers. */
  const replaceRow = (before: Invite, after: Invite | undefined) => {
    const other = work.shown?.list.value?.invites.find(({ id }) => id === after?.id && id !== before.id);
    if (other) {
      // A correction to its address has made one invite of the two.
      gone(other, other.id);
      work.shown?.onMove(other, undefined);
    }
    showRow(before, after, recordRow);
    if (after?.id !== before.id) withdrawOffers(deal, [before]);
    if (after && isAsked(before) && !isAsked(after)) recordOffers(deal, [after], seats, counts);
    work.shown?.onMove(before, after);
  };
  /** The same for a change from elsewhere: other rows and the numbers are old as well. */
  const replaceStale = (before: Invite, after: Invite | undefined) => {
    showRow(before, after);
    work.shown?.onStale();
  };
  /** Says which address a correction went to. If that cannot be found out, the row says that there was a correction. */
  const findReplacement = async (detail: InviteDetail) => {
    await readReplacement(deal, detail).catch(() => undefined);
    list.update((page) => ({ ...page }));
  };
  /** Shows a row that was read again. */
  const saw = (before: Invite, detail: InviteDetail) => {
    recordDetail(detail);
    // The new invite may have changed after it was read.
    if (isCorrected(detail)) void findReplacement(detail);
    const after = listed(detail);
    const isCounted = (row: Invite) => [row.status, isUndelivered(row), isAsked(row)].join();
    // A removed row keeps its place in the list of the removed.
    if (!listed(before)) {
      return list.update((page) => ({
        ...page,
        invites: page.invites.map((row) => (row.id === detail.id ? detail : row)),
      }));
    }
    if (!after || isCounted(after) !== isCounted(before)) replaceStale(before, after);
    else showRow(before, after);
  };

  return { setMessage, tell, replaceRow, replaceStale, saw };
}

/** Removed invites leave the list. */
export const listed = (row: Invite) => (isRemoved(row) ? undefined : row);

/** Whether the person waits for a seat, and a new link cannot accept either. */
export const waitsForSeat = ({ seats }: Open, row: Invite) =>
  seats.available === 0 && isAsked(row) && row.askedFor === "seat";

/** Who can be invited again of those whose invite was just cancelled: only this page still knows their names. */
export const againFor = ({ active }: Open, rows: Invite[]) =>
  active ? rows.filter((row) => !isOptedOut(known(row))) : [];
