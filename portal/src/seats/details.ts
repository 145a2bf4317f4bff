/** What only an invite's details say: which address a correction went to, and who stopped invites in another deal. */
import { useEffect, useRef } from "preact/hooks";
import {
  type Counts,
  getCounts,
  getInvite,
  type Invite,
  type InviteDetail,
  listSeats,
  Problem,
  searchSeats,
} from "../api";
import { known, recordDetail, toldBefore } from "./own";
import { canInviteAgain, isRemoved, type Known } from "./words";

/** Details are read for this many rows at once, and never for a page of them. */
const FEW = 5;

/**
 * The rows of a page whose details are read: the removed ones, if they are few, and those of which there was news before a
 * reload. A correction may have cancelled a removed one, or its person may have stopped invites.
 */
export function rowsToRead(rows: Known[]): Invite[] {
  const removed = rows.filter(isUnread);
  const linked = rows.filter(hasLink).slice(0, FEW);
  return [...new Set([...(removed.length <= FEW ? removed : []), ...linked, ...toldBefore(rows)])];
}

/** Whether it leads to a new invite, which may be removed since. */
const hasLink = (row: Known) => isRemoved(row) && row.correctedTo !== undefined && !row.isNewRemoved;

const isUnread = (row: Known) => isRemoved(row) && row.corrected === undefined;

/** How many details are read at the same time. */
const AT_ONCE = 10;

/** The details of these invites, undefined of one that no longer exists. If `onProgress` returns false, it ends. */
export async function detailsOf(deal: string, rows: Invite[], onProgress: (read: number) => boolean) {
  const details: (InviteDetail | undefined)[] = [];
  const read = ({ id }: Invite) =>
    getInvite(deal, id).catch((error) => {
      if (error instanceof Problem && error.code === "not_found") return undefined;
      throw error;
    });
  for (let from = 0; from < rows.length && onProgress(from); from += AT_ONCE) {
    details.push(...(await Promise.all(rows.slice(from, from + AT_ONCE).map(read))));
  }
  return details;
}

/**
 * A deal's counts. Who asked for a new link or a seat, and stopped invites since with an email of another deal, does not wait.
 * The API counts them. The details say so of those who asked first, to whom a seat is offered first.
 */
export async function countsOf(deal: string): Promise<Counts> {
  const counts = await getCounts(deal);
  if (counts.asked === 0 || counts.asked > counts.exactUpTo) return counts;
  try {
    const { invites } = await listSeats(deal, { status: "asked" });
    for (const detail of await detailsOf(deal, invites.slice(0, AT_ONCE), () => true)) if (detail) recordDetail(detail);
    const stopped = invites.filter((row) => known(row).optedOut).length;
    return { ...counts, asked: Math.max(0, counts.asked - stopped) };
  } catch {
    // The numbers are worth more than who of them stopped invites.
    return counts;
  }
}

/**
 * The removed invites whose people can be invited again: not those that a correction cancelled, nor those of people who stopped
 * invites. It reads the details that say so. If `onProgress` returns false, it ends.
 */
export async function toInviteAgain(
  deal: string,
  rows: Known[],
  onProgress: (read: number) => boolean,
): Promise<Known[]> {
  for (const detail of await detailsOf(deal, rows.filter(isUnread), onProgress)) if (detail) recordDetail(detail);
  return rows.map(known).filter(canInviteAgain);
}

/** Reads the details of these rows, and again when a row changes or in another view. */
export function useDetails(
  deal: string,
  view: string,
  rows: Invite[],
  saw: (before: Invite, detail: InviteDetail) => void,
) {
  const read = useRef(new Set<string>()).current;
  const which = rows.map(({ id, sends, status, askedAt, delivery }) =>
    [view, id, sends, status, askedAt, delivery.state].join(),
  );
  useEffect(() => {
    for (const [at, row] of rows.entries()) {
      if (read.has(which[at]!)) continue;
      read.add(which[at]!);
      // Without its details, the row says what the list says.
      getInvite(deal, row.id).then(
        (detail) => saw(row, detail),
        () => undefined,
      );
    }
  }, [which.join()]);
}

/** An address that was corrected and the new one mostly begin alike. */
const ALIKE = 3;
/** The two histories may have the correction in two seconds, in milliseconds. */
const A_SECOND = 1000;

const isOfOneTime = (one: string, other: string) => Math.abs(Date.parse(one) - Date.parse(other)) <= A_SECOND;

/**
 * The address from which an invite was corrected, if it can be found: the correction removed the invite to it at that time.
 * Removed invites are kept for 30 days.
 */
export async function correctedFrom(deal: string, { history }: InviteDetail): Promise<string | undefined> {
  const correction = history.findLast(({ event }) => event === "corrected");
  if (!correction || !history.some(({ event, at }) => event === "invited" && at === correction.at)) return undefined;
  const { invites } = await listSeats(deal, { status: "removed", limit: 200 });
  const found = invites.filter(({ removedAt }) => removedAt && isOfOneTime(removedAt, correction.at));
  return found.length === 1 ? found[0]!.email : undefined;
}

/**
 * The invite that a correction sent to the new address, if it can be found. Only the histories link the two: both have the
 * correction, at one time and by one manager. It may begin with other letters, or be removed itself.
 */
export async function replacementOf(deal: string, corrected: InviteDetail): Promise<InviteDetail | undefined> {
  const correction = corrected.history.find(({ event }) => event === "corrected");
  if (!correction) return undefined;
  const since = Date.parse(correction.at) - A_SECOND;
  const read = new Set([corrected.id]);
  const foundIn = async (invites: Invite[]) => {
    const sentSince = invites
      .filter(({ id, queuedAt }) => !read.has(id) && Date.parse(queuedAt) >= since)
      .toSorted((a, b) => Date.parse(a.queuedAt) - Date.parse(b.queuedAt))
      .slice(0, FEW);
    for (const { id } of sentSince) read.add(id);
    const details = await Promise.all(sentSince.map(({ id }) => getInvite(deal, id)));
    return details.filter(({ history }) =>
      history.some(
        ({ event, at, by }) => event === "corrected" && by === correction.by && isOfOneTime(at, correction.at),
      ),
    );
  };
  let found = await foundIn((await searchSeats(deal, corrected.email.slice(0, ALIKE), { limit: 200 })).invites);
  if (found.length === 0) {
    const lists = [listSeats(deal, { status: "removed", limit: 200 }), listSeats(deal, { limit: 200 })];
    // An invite that was just removed may be in both.
    const both = (await Promise.all(lists)).flatMap(({ invites }) => invites.map((row) => [row.id, row] as const));
    found = await foundIn([...new Map(both).values()]);
  }
  return found.length === 1 ? found[0] : undefined;
}
