/** What only an invite's details say: which address a correction went to, and who stopped invites in another deal. */
import { type Counts, getCounts, getInvite, type Invite, type InviteDetail, listSeats, Problem } from "../api";
import { known, recordDetail, recordTold } from "./own";
import { isCorrected } from "./words";

/** How many details are read at the same time. */
const AT_ONCE = 10;

/**
 * Reads what lists do not say of corrected addresses: which address each went to, and the invite that its person has now. What
 * fails is left out.
 */
export async function readReplacements(deal: string, rows: Invite[]) {
  const corrected = rows.filter(isCorrected);
  for (let from = 0; from < corrected.length; from += AT_ONCE)
    await Promise.allSettled(corrected.slice(from, from + AT_ONCE).map((row) => readReplacement(deal, row)));
}

/** The same of one invite. A person's address may have been corrected several times. */
export async function readReplacement(deal: string, row: Invite) {
  let last = row;
  while (last.correctedTo) {
    const next: Invite = await getInvite(deal, last.correctedTo);
    if (last === row) recordTold(row, { correctedAddress: next.email, newInvite: undefined });
    last = next;
  }
  recordTold(row, { newInvite: last });
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
