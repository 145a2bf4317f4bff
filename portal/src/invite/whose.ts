/** Whose an address is, if two names for it may be those of two people. */
import type { SendResult } from "../api";
import { type DraftRow, keyOfAddress } from "./draft";
import type { Recipient } from "./recipients";

/** The words of a name, without case, accents and what else spellings differ in: `Müller`, `MUELLER`. */
const wordsOf = (name: string): string[] =>
  name
    .normalize("NFKD")
    .replace(/[\p{M}'’]/gu, "")
    .toLowerCase()
    .replace(/ß/g, "ss")
    .replace(/ø/g, "o")
    .replace(/ł/g, "l")
    .replace(/æ/g, "a")
    .replace(/([aou])e/g, "$1")
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** Whether two names may be spellings of one: `Ann Doe`, `Doe, Anna M.`. */
export function areAlike(one: string, another: string): boolean {
  const [short = [], long = []] = [wordsOf(one), wordsOf(another)].sort((a, b) => a.length - b.length);
  return short.every((word) => long.some((other) => other.startsWith(word) || word.startsWith(other)));
}

const partsOf = (email: string) =>
  wordsOf(email.slice(0, Math.max(email.lastIndexOf("@"), 0)).replace(/[._+-]|\p{N}+/gu, " "));

/** Whether an address says that a text is a whole name, and the text beside it no first name: `Ann Doe`, `Sales` for `ann@`. */
export function isWholeName(name: string, rest: string, email: string): boolean {
  const words = wordsOf(name);
  const initial = wordsOf(rest)[0]?.charAt(0) ?? "";
  const parts = partsOf(email);
  const joined = parts.join("");
  const hasInitial =
    parts.includes(initial) || words.some((word) => joined.startsWith(initial + word) || joined === word + initial);
  return fits(name.split(" ")[0] ?? "", email) && !fits(rest, email) && !hasInitial;
}

/** Whether an address is plausibly of the person with this name: `adoe@`, `ann.d@`, `ad@` for Ann Doe. */
export function fits(name: string, email: string): boolean {
  const parts = partsOf(email);
  const joined = parts.join("");
  const words = wordsOf(name);
  const initials = words.map((word) => word.charAt(0)).join("");
  return (
    words.some((word) => (word.length > 2 ? joined.includes(word) : parts.includes(word))) ||
    (words.length > 1 && joined === initials)
  );
}

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
