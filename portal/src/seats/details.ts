/** What only an invite's details say: which address a correction went to, and who stopped invites in another deal. */
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
import { known, recordDetail, recordTold } from "./own";
import { canInviteAgain, isCorrected, isRemoved, type Known } from "./words";

/** More than these are not read, if only some of them have something to say. */
const FEW = 5;

/** Whether it names a new invite, which may have changed since. */
const hasLink = (row: Known) => isRemoved(row) && row.correctedTo !== undefined;

const isUnread = (row: Known) => isRemoved(row) && row.corrected === undefined;

/**
 * Reads of removed invites what lists do not say: whether a correction cancelled one, to which address, and whether its person
 * stopped invites. One that cannot be read says only what is true in any case.
 */
export async function readRemoved(deal: string, rows: Invite[]) {
  const now = rows.map(known);
  const corrections = new Corrections(deal);
  const corrected: InviteDetail[] = [];
  await each([...now.filter(isUnread), ...now.filter(hasLink).slice(0, FEW)], async ({ id }) => {
    const detail = await corrections.read(id);
    recordDetail(detail);
    if (isCorrected(detail)) corrected.push(detail);
  });
  await each(corrected, (detail) => recordReplacement(corrections, detail));
}

/** Records the address to which a correction went, and the invite that its person has now, if they can be found. */
export async function recordReplacement(corrections: Corrections, detail: InviteDetail) {
  const found = await corrections.to(detail);
  if (!found) return;
  const newInvite = await corrections.last(found).catch(() => undefined);
  recordTold(detail, { correctedTo: found.email, newInvite });
}

/** How many details are read at the same time. */
const AT_ONCE = 10;

/** Does something with each, a few at the same time. What fails is left out. */
async function each<T>(items: T[], work: (item: T) => Promise<unknown>) {
  for (let from = 0; from < items.length; from += AT_ONCE)
    await Promise.allSettled(items.slice(from, from + AT_ONCE).map(work));
}

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

/** An address that was corrected and the new one mostly begin alike. */
const ALIKE = 3;
/** The two histories may have the correction in two seconds, in milliseconds. */
const A_SECOND = 1000;
/**
 * A program may correct or cancel many at once. Among more than these, nothing is looked for. So a single correction is not
 * matched either, if more invites were sent within two seconds of it.
 */
const MOST_AT_A_TIME = 50;

const apart = (one: string, other: string) => Math.abs(Date.parse(one) - Date.parse(other));
type Event = InviteDetail["history"][number];
type Correction = Pick<Event, "at" | "by">;

const isOfOneTime = ({ history }: InviteDetail, { event, at }: Event, which: Event["event"]) =>
  event === "corrected" && history.some((other) => other.event === which && other.at === at);
/** The correction of the address that cancelled an invite. */
const endOf = (invite: InviteDetail) => invite.history.find((event) => isOfOneTime(invite, event, "cancelled"));
/** The correction that sent it. One that came in the second of the first send is not both. */
const beginningOf = (invite: InviteDetail) =>
  invite.history.findLast((event) => isOfOneTime(invite, event, "invited") && event !== endOf(invite));

/** An invite that a correction cancelled or sent. */
interface Half {
  invite: InviteDetail;
  at: string;
}

/**
 * Links the invites that corrections of one manager cancelled to those that they sent. Nothing names the other one: both
 * histories have the correction, at about one time. An invite is linked to the one that fits best, by time and then by address,
 * if that fits no other as well.
 */
export function linked(details: InviteDetail[], { at, by }: Correction): Map<string, InviteDetail> {
  const halves = (correctionOf: (invite: InviteDetail) => Event | undefined) =>
    details.flatMap((invite): Half[] => {
      const event = correctionOf(invite);
      return event && event.by === by && apart(event.at, at) <= 2 * A_SECOND ? [{ invite, at: event.at }] : [];
    });
  let [old, fresh] = [halves(endOf), halves(beginningOf)];
  const links = new Map<string, InviteDetail>();
  for (;;) {
    const found = old.flatMap((one) => {
      const other = best(fresh, (other) => misfit(one, other));
      return other && best(old, (another) => misfit(another, other)) === one ? [[one, other] as const] : [];
    });
    if (found.length === 0) return links;
    for (const [one, other] of found) links.set(one.invite.id, other.invite);
    const isOpen = (half: Half) => !found.flat().includes(half);
    [old, fresh] = [old.filter(isOpen), fresh.filter(isOpen)];
  }
}

/** How badly the two fit: infinitely, if one correction cannot have cancelled one and sent the other. */
function misfit(old: Half, fresh: Half): number {
  const time = apart(old.at, fresh.at);
  if (old.invite.id === fresh.invite.id || time > A_SECOND) return Number.POSITIVE_INFINITY;
  return time + Math.min(difference(old.invite.email, fresh.invite.email), UNLIKE);
}

/** Two addresses with more differences are two like any others. */
const UNLIKE = 4;

/** How many letters are missing, extra or wrong in one of two texts. */
function difference(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (let to = 1; to <= other.length; to += 1)
      next.push(Math.min(row[to]! + 1, next[to - 1]! + 1, row[to - 1]! + Number(letter !== other[to - 1])));
    row = next;
  }
  return row[other.length]!;
}

/** The item that fits best; undefined if none fits, or two as well. */
function best<T>(items: T[], misfit: (item: T) => number): T | undefined {
  const fits = items.map(misfit);
  const least = Math.min(...fits);
  const only = fits.indexOf(least);
  return Number.isFinite(least) && fits.lastIndexOf(least) === only ? items[only] : undefined;
}

/** Finds the other invite of a correction. Each request is sent once. */
export class Corrections {
  readonly #details = new Map<string, Promise<InviteDetail>>();
  #newest: Promise<Invite[]> | undefined;

  constructor(readonly deal: string) {}

  read(id: string): Promise<InviteDetail> {
    const before = this.#details.get(id);
    if (before) return before;
    const detail = getInvite(this.deal, id);
    this.#details.set(id, detail);
    return detail;
  }

  /** The invite that a correction sent to the new address, if it can be found. It may be removed itself. */
  async to(corrected: InviteDetail): Promise<InviteDetail | undefined> {
    const correction = endOf(corrected);
    if (!correction) return undefined;
    const rows = await this.#lists();
    const found = await this.#linked(rows, corrected, correction);
    if (found.has(corrected.id)) return found.get(corrected.id);
    // It is not among the newest. It may begin with the same letters.
    const alike = await searchSeats(this.deal, corrected.email.slice(0, ALIKE), { limit: 200 });
    return (await this.#linked([...rows, ...alike.invites], corrected, correction)).get(corrected.id);
  }

  /** The invite at the end of a chain of corrections, if each of them can be found. */
  async last(invite: InviteDetail): Promise<InviteDetail | undefined> {
    const before = new Set<InviteDetail>();
    let last: InviteDetail | undefined = invite;
    while (last && isCorrected(last)) {
      if (before.has(last)) return undefined;
      before.add(last);
      last = await this.to(last);
    }
    return last;
  }

  /** The address from which an invite was corrected, if it can be found. Removed invites are kept for 30 days. */
  async from(invite: InviteDetail): Promise<string | undefined> {
    const correction = beginningOf(invite);
    if (!correction) return undefined;
    const found = await this.#linked(await this.#lists(), invite, correction);
    const id = [...found].find(([, { id }]) => id === invite.id)?.[0];
    return id && (await this.read(id)).email;
  }

  /** The newest invites, and those that were removed last. */
  #lists() {
    this.#newest ??= Promise.all([
      listSeats(this.deal, { status: "removed", limit: 200 }),
      listSeats(this.deal, { limit: 200 }),
    ]).then((pages) => pages.flatMap(({ invites }) => invites));
    return this.#newest;
  }

  /** The links of a correction's time, as far as these rows and one invite have them. */
  async #linked(rows: Invite[], one: InviteDetail, correction: Correction) {
    const isOfTime = (time: string | null) => time !== null && apart(time, correction.at) <= 2 * A_SECOND;
    // An invite that was just removed may be in two lists.
    const others = [...new Map(rows.map((row) => [row.id, row])).values()].filter(({ id }) => id !== one.id);
    const near = others.filter(
      (row) =>
        isOfTime(row.queuedAt) ||
        (isOfTime(row.removedAt) && row.status === "cancelled" && known(row).corrected !== false),
    );
    if (near.length > MOST_AT_A_TIME) return new Map<string, InviteDetail>();
    const resent = others
      .filter(({ id, sends, queuedAt }) => sends > 1 && queuedAt > correction.at && !near.some((row) => row.id === id))
      .toSorted((a, b) => Date.parse(a.queuedAt) - Date.parse(b.queuedAt))
      .slice(0, FEW);
    const details = [one];
    await each([...near, ...resent], async ({ id }) => details.push(await this.read(id)));
    return linked(details, correction);
  }
}
