/**
 * The addresses of each deal that the page has loaded, and their people's names: a domain that is like a usual one of the deal may
 * be mistyped, and an address may be somebody else's.
 */
import { signal } from "@preact/signals";
import type { Invite } from "../api";
import { isRemoved, isUndelivered } from "./words";

type Person = Pick<Invite, "email" | "name"> & { isLost: boolean };
const loaded = signal<ReadonlyMap<string, ReadonlyMap<string, Person>>>(new Map());

/** Records the rows of a list. A removed invite may have been corrected. */
export function recordAddresses(deal: string, rows: Invite[]) {
  const listed = rows.filter((row) => !isRemoved(row));
  const before = loaded.peek().get(deal) ?? [];
  const person = (row: Invite) => ({ email: row.email, name: row.name, isLost: isUndelivered(row) });
  const now = new Map([...before, ...listed.map((row) => [row.id, person(row)] as const)]);
  loaded.value = new Map(loaded.peek()).set(deal, now);
}

/** The deal's addresses, as far as they are loaded, but for those that an email did not reach: they may be mistyped. */
export const addressesOf = (deal: string) =>
  [...(loaded.value.get(deal)?.values() ?? [])].flatMap(({ email, isLost }) => (isLost ? [] : [{ email }]));

/** The name on an invite of the deal, if it is loaded. */
export const nameIn = (deal: string, invite: string) => loaded.value.get(deal)?.get(invite)?.name;
