/** Whether names and addresses are like each other. */

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
  const words = wordsOf(name.replace(/\p{N}+/gu, " "));
  const initials = words.map((word) => word.charAt(0)).join("");
  return (
    words.some((word) => (word.length > 2 ? joined.includes(word) : parts.includes(word))) ||
    (words.length > 1 && joined === initials)
  );
}
