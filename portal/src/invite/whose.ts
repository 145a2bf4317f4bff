/** Whose an address is, if two names for it may be those of two people. */
import type { SendResult } from "../api";
import { keyOfAddress } from "./draft";
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

/** If an address has an invite of somebody with another name, whose. */
export const holder = (name: string, held: string | null | undefined) =>
  name && held && !areAlike(name, held) ? `This is the address of ${held}’s invite.` : undefined;
