/** A deal's whole list, for a search by any part of a name or address. The API finds only beginnings of addresses. */
import { type Invite, listSeats, type Page, type PageQuery } from "../api";

/** A longer list takes too long to load. */
export const MOST_SEARCHED = 2000;
/** A page of a list. `found`: how many rows of the whole list a search found. */
export type Listed = Page & { found?: number };
const PAGE = 200;
/** The rows of a page of results. */
const SHOWN = 50;

/** All invites; undefined if there are more than can be searched. */
export async function wholeList(
  deal: string,
  status: PageQuery["status"],
  onProgress: (loaded: number) => void,
): Promise<Page | undefined> {
  // A row that moves during the walk may come twice.
  const rows = new Map<string, Invite>();
  let cursor: string | undefined;
  let page: Page;
  do {
    page = await listSeats(deal, { status, cursor, limit: PAGE });
    for (const row of page.invites) if (!rows.has(row.id)) rows.set(row.id, row);
    onProgress(rows.size);
    cursor = page.nextCursor ?? undefined;
    if (rows.size >= MOST_SEARCHED && cursor !== undefined) return undefined;
  } while (cursor !== undefined);
  return { ...page, invites: [...rows.values()] };
}

/** Without case and accents: `jose` finds José. */
const plain = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether a text is a part of a row's name or address. */
export function containing(text: string): (row: Invite) => boolean {
  const part = plain(text);
  return ({ name, email }) => plain(email).includes(part) || plain(name ?? "").includes(part);
}

/** A page of rows. Its cursor is the place of the next page's first row. */
export function pageOf(rows: Invite[], after: string | undefined): Pick<Listed, "invites" | "nextCursor" | "found"> {
  const from = Number(after ?? 0);
  const end = from + SHOWN;
  return { invites: rows.slice(from, end), nextCursor: end < rows.length ? String(end) : null, found: rows.length };
}
