/** The addresses of each deal that the page has loaded: a domain that is like a usual one of the deal may be mistyped. */
import { signal } from "@preact/signals";
import type { Invite } from "../api";
import { isRemoved } from "./words";

const loaded = signal<ReadonlyMap<string, ReadonlyMap<string, string>>>(new Map());

/** Records the rows of a list. A removed invite may have been corrected. */
export function recordAddresses(deal: string, rows: Invite[]) {
  const listed = rows.filter((row) => !isRemoved(row));
  const before = loaded.peek().get(deal) ?? [];
  const now = new Map([...before, ...listed.map(({ id, email }) => [id, email] as const)]);
  loaded.value = new Map(loaded.peek()).set(deal, now);
}

/** The deal's addresses, as far as they are loaded. */
export const addressesOf = (deal: string) => [...(loaded.value.get(deal)?.values() ?? [])].map((email) => ({ email }));
