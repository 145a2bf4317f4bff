/** Whose an address is, if two names for it may be those of two people. */
import type { SendResult } from "../api";
import { type DraftRow, keyOfAddress } from "./draft";
import { areAlike } from "./likeness";
import type { Recipient } from "./recipients";

type Checked = Recipient & { verdict?: SendResult | undefined };

/** For each address that a list has for different people, whom it has it for. */
export function conflictsIn(rows: readonly Checked[]): Map<string, string> {
  const people = new Map<string, string[]>();
  for (const row of rows) {
    if (!row.name || row.verdict?.outcome === "invalid_email") continue;
    const names = people.get(keyOfAddress(row)) ?? [];
    // Two are enough for a doubt. A long list of names would be compared for long.
    if (names.length < 2 && !names.some((name) => areAlike(name, row.name!))) names.push(row.name);
    people.set(keyOfAddress(row), names);
  }
  return new Map(
    [...people].flatMap(([address, [one, another]]) =>
      another === undefined ? [] : [[address, `The list has this address for ${one} and for ${another}.`]],
    ),
  );
}

/**
 * The rows in the order in which they were pasted, but of several with the same address the fullest of the first one's person
 * comes first: the API invites the first.
 */
export function fullestFirst<Row extends DraftRow>(rows: Row[]): Row[] {
  const pasted = rows.toSorted((a, b) => a.id - b.id);
  const fullest = new Map<string, Row>();
  for (const row of pasted) {
    const best = fullest.get(keyOfAddress(row));
    const [name = "", fuller = ""] = [best?.name, row.name];
    if (!best || (fuller.length > name.length && areAlike(name, fuller))) fullest.set(keyOfAddress(row), row);
  }
  const chosen = new Set(fullest.values());
  return [...chosen, ...pasted.filter((row) => !chosen.has(row))];
}

/** If an address has an invite of somebody with another name, both names. `renames`: whether sending changes the invite's name. */
export const holder = (name: string, held: string | null | undefined, renames: boolean) =>
  name && held && !areAlike(name, held)
    ? `The list has this address for ${name}, but its invite is for ${held}.${renames ? ` Sending gives it the name ${name}.` : ""}`
    : undefined;
