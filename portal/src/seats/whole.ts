/**
 * A deal's whole list, for a search by any part of a name or address, and for actions on all that match. The API finds only
 * beginnings of addresses.
 */
import { type Invite, listSeats, type Page, type PageQuery } from "../api";
import { known } from "./own";
import { isOptedOut } from "./words";

/** A longer list takes too long to load. */
export const MOST_SEARCHED = 2000;
/** A page of a list. `found`: how many rows of the whole list a search found, and `hidden`: how many it did not. */
export type Listed = Page & { found?: number; hidden?: number };
const PAGE = 200;
/** The rows of a page of results. */
const SHOWN = 50;

/** All invites; undefined if there are too many, or if `onProgress`, which gets each page's, returns false. */
export async function wholeList(
  deal: string,
  status: PageQuery["status"],
  onProgress: (loaded: number, page: Invite[]) => unknown,
): Promise<Page | undefined> {
  // A row that moves during the walk may come twice.
  const rows = new Map<string, Invite>();
  let cursor: string | undefined;
  let page: Page;
  do {
    page = await listSeats(deal, { status, cursor, limit: PAGE });
    for (const row of page.invites) if (!rows.has(row.id)) rows.set(row.id, row);
    const goOn = onProgress(rows.size, page.invites) !== false;
    cursor = page.nextCursor ?? undefined;
    if (cursor !== undefined && (!goOn || rows.size >= MOST_SEARCHED)) return undefined;
  } while (cursor !== undefined);
  return { ...page, invites: [...rows.values()] };
}

/**
 * A page after a refresh. Rows keep their places, because the manager is at work on them. New rows follow the row that they
 * follow in the list. A row that moved to another page by the manager's own action stays.
 */
export function inPlace(shown: Invite[], fresh: Invite[], own: (id: string) => Invite | undefined): Invite[] {
  const now = new Map(fresh.map((row) => [row.id, row]));
  const before = new Set(shown.map(({ id }) => id));
  const rows = shown.flatMap(({ id }) => now.get(id) ?? own(id) ?? []);
  for (const [at, row] of fresh.entries()) {
    if (before.has(row.id)) continue;
    rows.splice(rows.findIndex(({ id }) => id === fresh[at - 1]?.id) + 1, 0, row);
  }
  return rows;
}

/** Letters that have no accent to lose, and what a phone or word processor types for an apostrophe or hyphen. */
const PLAIN: Record<string, string> = {
  ...{ ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" },
  ...{ "’": "'", "‘": "'", ʼ: "'", "‐": "-", "‑": "-", "–": "-" },
};

/** Without case, accents and typographic signs: `jose` finds José, `weiss` finds Weiß. */
const plain = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\x20-\x7e]/g, (letter) => PLAIN[letter] ?? letter);

/** A part of an address or of a name, with nothing around it. */
const BARE = /^[\w.+@'-]*[\w@]$/;

/** What a text searches for. Of a recipient as people copy one, that is the address: `Ann Doe <ann@example.com>;` */
export async function soughtIn(text: string): Promise<string> {
  if (!text.includes("@") || BARE.test(text)) return text;
  const { addressOf } = await import("../invite/address");
  return addressOf(text) ?? text;
}

/** The search that finds who stopped invites. */
export const WHO_STOPPED = "stopped invites";

/** Whether each word of a text is a part of a row's name or address: `Smith Ann` and `Smith, Ann` find Ann Smith. */
export function containing(text: string): (row: Invite) => boolean {
  if (plain(text) === WHO_STOPPED) return (row) => isOptedOut(known(row));
  const words = plain(text).split(/[\s,;"]+/);
  return ({ name, email }) => words.every((word) => plain(`${name ?? ""} ${email}`).includes(word));
}

/** A page of rows. Its cursor is the place of the next page's first row. */
export function pageOf(rows: Invite[], after: string | undefined) {
  const from = Number(after ?? 0);
  const end = from + SHOWN;
  return { invites: rows.slice(from, end), nextCursor: end < rows.length ? String(end) : null, found: rows.length };
}
