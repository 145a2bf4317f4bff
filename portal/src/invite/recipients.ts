/**
 * Reads a line of a recipient list or of running text.
 *
 * Invariant: a word with an `@` is a row, never part of a name. A line with a letter has at least one row.
 */
import type { InviteRow } from "../api";
import { fits, isWholeName } from "./likeness";
import { isDegree, isFiller, isFullName, isSuffix, nameBefore, nameInText, nameOf } from "./name";
import { isSomebodyElses } from "./titles";

export interface Recipient extends InviteRow {
  /** The whole text, if words beside the address may belong to it: `foo bar@example.com`. */
  readonly typed?: string;
  /** The texts beside the address, if one of several may be the name. */
  readonly beside?: readonly string[];
  /** The person's address in another column, if the chosen one has none. */
  readonly elsewhere?: string;
  /** Whether the name is longer than what is stored of it. */
  readonly isLong?: true;
  /** Whether somebody asked for this person to be invited again. */
  readonly wanted?: true;
}

/** A text that looks like an address, with nothing around it. */
const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;
/** `<ann@example.com>`, as mail clients write it. */
const ANGLED = /<[^<>\n]*@[^<>\n]*>/;
/** `1.ann@example.com` may be an address; in `1. ann@example.com`, the number is a bullet. */
const BULLET = /^(?:[-–—*•·‣◦▪●○■□✓✔☐☑➢>→+]+\s*|\(?\d+[):]+\s*|\d+\.?\s+)(?=\S)/u;
/** In `Jon Kay | Acme <jon@example.com>`, the text between bar and bracket is not part of the name. */
const ROLE = /^([^@|<>\t]+)\s\|\s[^@|<>\t]+(?=<)/;
export const LABEL =
  /^(?:to|cc|bcc|an|kopie|à|para|per|till|til|aan|do|(?:work |business )?(?:e-?)?mail(?:[ _-]?address)?|name|required|optional|attendees?|participants?|members?|guests?|organi[sz]er|teilnehmer|erforderlich|宛先)\s*:\s*/iu;

/** The addresses in brackets. */
export const angledIn = (text: string) =>
  new Set(Array.from(text.matchAll(/<([^<>]*@[^<>]*)>/g), ([, inner]) => bare(inner!)));
export const isAngled = (text: string) => ANGLED.test(text);
/** `"Roe, Bob" bob@example.com` */
const QUOTED_NAME = /^"([^"@]+)" +(?=[^\s@]+@[^\s@]+$)/;
/** Whether a line is a recipient with a quoted name. A comma in the name does not end a cell. */
export const isQuotedName = (line: string) => QUOTED_NAME.test(line);
export const isAddress = (text: string) => ADDRESS.test(bare(text));
/** Whether a cell is one address, with or without a name, and nothing else. */
export const isRecipient = (cell: string) => isAddress(cell) || /^[^@<>]*<[^@<>]+@[^@<>]+>$/.test(cell);

const REMARK = /(?<=^\S+@\S+)\s[([][^()[\]@]*[)\]]$/;

export const ADDRESS_IN_TEXT = /[^\s<>()[\],;:"']+@[^\s<>()[\],;:"']+/g;
/** The addresses in a text, in lower case. */
export const addressesIn = (text: string): string[] =>
  text.match(ADDRESS_IN_TEXT)?.map((address) => address.toLowerCase()) ?? [];

/** The number of lines with an address. */
export const peopleIn = (text: string) => text.split("\n").filter((line) => addressesIn(line).length > 0).length;

/** Whether a line has only recipients: it is not a title, footer or sentence with an address. */
const isList = (line: string) =>
  line
    .replace(BULLET, "")
    .replace(LABEL, "")
    .replace(QUOTED_NAME, "")
    .replace(REMARK, "")
    .split(/[,;\t|]/)
    .every((part) => {
      const piece = part.trim();
      const words = piece.replace(/[<(]?[^\s<>()]+@[^\s<>()]+[>)]?/, "").trim();
      return (
        words === "" || (/[<(]\S+@/.test(piece) || !piece.includes("@") ? nameInText(words) !== "" : isFullName(words))
      );
    });

/** Whether a text is two or more addresses with nothing but spaces between them. */
export function isAddresses(text: string): boolean {
  const words = text.trim().split(/\s+/);
  return words.length > 1 && words.every(isAddress);
}

/** Whether a line is of people to invite: recipients, or an address beside one word that may belong to it. */
export function isPeople(line: string): boolean {
  if (isList(line) || isAddresses(line)) return true;
  const [only, another] = fromLine(line);
  if (!only || another || line.split(" ").length !== 2) return false;
  return only.typed !== undefined || line.toLowerCase() === `${only.name} ${only.email}`.toLowerCase();
}

/** An address with the words before it and the brackets after it. */
const LABELLED =
  /((?:[^@,;|\t()<>[\]–—]{0,80}[\s:])?)[(<]{0,2}[^\s@,;:()<>[\]]{1,254}@[^\s@,;()<>[\]]{1,254}[>)\]]{0,2}(?:\s?[([]([^()@[\]]{1,80})[)\]])?/g;
const HEADER = /^\s*([^:@<>]{1,40}):/;

/** Far more than an address with a name and a label needs. A longer part would take minutes, and is skipped. */
const LONGEST_PART = 600;

/** A line without addresses that are labelled as private or as somebody else's, and those. */
export function ownPart(line: string): { text: string; others: string[] } {
  if (isSomebodyElses(HEADER.exec(line)?.[1] ?? "")) return { text: "", others: [line] };
  const others: string[] = [];
  const own = (whole: string, before: string, behind = "") => {
    const words = before.trim().replace(/^\/\s*/, "");
    const colon = words.lastIndexOf(":");
    const label = colon < 0 ? words : words.slice(0, colon);
    if (!isSomebodyElses(behind) && !(isSomebodyElses(label) && (colon >= 0 || label === label.toLowerCase())))
      return whole;
    others.push(whole.trim());
    return " ";
  };
  const parts = line
    .split(/(?<=[,;\t|])/)
    .map((part) => (part.includes("@") && part.length <= LONGEST_PART ? part.replace(LABELLED, own) : part));
  return {
    text: others.length > 0 ? parts.join("").replace(/\(\s*\)|\[\s*\]/g, "") : line,
    others,
  };
}

/** Removes brackets, quotes, `mailto:`, a semicolon and the full stop of a sentence from an address. */
export function bare(text: string): string {
  const inner = text.trim().replace(/^[<([{"'‘’‚“”„«»\s]+|[>)\]}"'‘’‚“”„«»\s.:;!?]+$/g, "");
  return inner.replace(/^mailto:([^?]*).*$/i, "$1").replace(/^(?:smtp|e-?mail|to|cc|bcc):/i, "");
}

/** Between two names. `y` and `e` also join the parts of one. */
const BETWEEN = /\s+(?:and|und|et|en|och|og|or|oder|ou)\s+|\s*[/&+]\s*|\n/;
/** The names in a text of several people's, `Ann Doe & Bob Roe`. One address is one person's. */
export function severalNames(text: string): string[] {
  const names = text.split(BETWEEN).map((part) => nameInText(part));
  return names.length > 1 && names.every(Boolean) && names.some(isFullName) ? names : [];
}

/** A full name and another text: `Ann Doe, Sales`, but also `García López, Ana`. */
const LISTED = /^([^,]+ [^,]+), ([^,]+)$/;
/** The texts that may be the name of an address's person: one, if that is clear. `read`: how a name is read from a text. */
export function namesFor(text: string, email: string, read: (text: string) => string): string[] {
  const several = severalNames(text);
  if (several.length > 0) return several;
  const parts = text.split(/\s[-–—]\s/);
  const own = parts.filter((part) => fits(part, email) && isFullName(nameOf(part)));
  // `Doe, Ann - Sales`
  if (parts.length > 1 && own.length === 1) return [read(own[0]!)];
  const [, name = "", rest = ""] = LISTED.exec(text.trim()) ?? [];
  const whole = isFullName(name) && !isDegree(rest) && read(name);
  if (!whole || read(text).startsWith(whole) || !isWholeName(name, rest, email)) return [read(text)];
  return name.split(" ").every((word) => fits(word, email)) ? [whole] : [whole, read(text)].filter(Boolean);
}

/** The row of an address with the text before it. */
function named(email: string, text: string): Recipient {
  const [name, another] = namesFor(text, email, nameBefore);
  return another === undefined ? row(email, name) : { email, beside: namesFor(text, email, nameBefore) };
}

function row(email: string, name = ""): Recipient {
  return name && name.toLowerCase() !== email.toLowerCase() ? { email, name } : { email };
}

/** The rows of a line; none only if it has neither a letter nor an `@`. */
export function fromLine(line: string): Recipient[] {
  const rows = fromPiece(line);
  return rows.length === 0 && /[\p{L}@]/u.test(line) ? [{ email: line.trim() }] : rows;
}

/** A question, or lower-case words after an address. The text before the address is then part of a sentence, not a name. */
const SENTENCE = /\?(?:$|[\s)"'])|@\S{0,253}[^\s,;]\s+\p{Ll}+\s+\p{Ll}+(?![\p{L}\p{M}'’-])(?!\s*[<([])/u;

/** The rows of a part of a line; none if it has only words of a sentence. */
export function fromPiece(piece: string): Recipient[] {
  const rows = fromRecipientsOrText(piece);
  return SENTENCE.test(piece.slice(piece.indexOf("@"))) ? rows.map(({ email }) => ({ email })) : rows;
}

function fromRecipientsOrText(piece: string): Recipient[] {
  const plain = piece.trim().replace(BULLET, "").replace(BULLET, "").replace(LABEL, "");
  const quoted = QUOTED_NAME.exec(plain);
  if (quoted) return [named(bare(plain.slice(quoted[0].length)), quoted[1]!)];
  const text = plain
    .split(/(?<=[,;])/)
    .map((part) => part.replace(ROLE, "$1 "))
    .join("");
  return isAngled(text) ? fromRecipients(text) : fromText(text);
}

/** A recipient list: `Ann <ann@example.com>, "Doe, Ann" <…>`, and Outlook's `Doe, Ann <…>; …`. */
function fromRecipients(line: string): Recipient[] {
  const rows: Recipient[] = [];
  /** The texts between commas since the last address: parts of a name, if an address in brackets follows. */
  let parts: string[] = [];
  let part = "";
  /** The row whose bracket is right before the part. */
  let before: Recipient | undefined;
  const endPart = () => {
    const text = part.trim();
    part = "";
    if (!text) return;
    if (before && !text.includes("@")) {
      const name = ENDED.test(text) ? "" : nameInText(text);
      if (!before.name && !before.beside && name) before.name = name;
    } else parts.push(text);
  };
  const endRecipient = () => {
    endPart();
    rows.push(...parts.flatMap(fromText));
    parts = [];
    before = undefined;
  };
  const tokens = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|<([^<>]*)>|\([^()@<>"]*\)|[,;\t|、]|[^",;\t|、<(]+|./g)];
  for (const [index, [token, quoted, angled]] of tokens.entries()) {
    if (quoted !== undefined && isAngled(quoted)) {
      const inner = fromRecipients(quoted);
      const next = tokens.find(([text], at) => at > index && text.trim());
      const same =
        next?.[2] !== undefined && inner.every(({ email }) => email.toLowerCase() === bare(next[2]!).toLowerCase());
      if (same) part += inner[0]?.name ?? "";
      else rows.push(...inner);
    } else if (quoted !== undefined) {
      // A comma in quotes is part of the name.
      part += quoted.replace(/\\(.)/g, "$1");
    } else if (angled?.includes("@")) {
      // A part right before a bracket belongs to that bracket.
      before = undefined;
      endPart();
      const email = bare(angled);
      const { others, text } = splitName(parts, email);
      parts = [];
      rows.push(...others.flatMap(fromText));
      before = named(email, text);
      rows.push(before);
    } else if (token === ";" || token === "|") {
      endRecipient();
    } else if (/^[,\t、]$/.test(token)) {
      endPart();
      before = undefined;
    } else {
      part += token;
    }
  }
  endPart();
  const [only, another] = rows;
  const [rest, more] = parts;
  if (only && !another && !only.name && rest !== undefined && more === undefined && nameBefore(rest))
    return [named(only.email, rest)];
  return [...rows, ...parts.flatMap(fromText)];
}

/** The name in the parts before a bracket, and the other parts. */
function splitName(parts: string[], email: string): { others: string[]; text: string } {
  const foreign = (text: string) => text.includes("@") && bare(text).toLowerCase() !== email.toLowerCase();
  const last = parts.findLastIndex(foreign);
  const own = parts.slice(last + 1);
  const others = parts.slice(0, last + 1);
  const end = others.at(-1);
  if (own.length === 0 && end !== undefined) {
    // `ann@example.com Bob Roe <bob@example.com>`: the words after the last address are Bob's.
    const words = end.split(/\s+/);
    const at = words.findLastIndex((word) => word.includes("@"));
    return {
      others: [...others.slice(0, -1), words.slice(0, at + 1).join(" ")],
      text: words.slice(at + 1).join(" "),
    };
  }
  const titled =
    own.length > 2 && isFullName(own[0] ?? "")
      ? own.slice(1).every(isDegree)
      : own.length === 3 && isSuffix(own[2] ?? "");
  if (own.length > 2 && !titled) return { others: [...others, ...own.slice(0, -2)], text: "" };
  return { others, text: own.join(", ") };
}

/** Not the comma of `peter@acme,example`, where it stands for a dot. */
const SEPARATOR = /(?<!@[\p{L}\p{N}-]{1,63}),|,(?!\p{Ll}{2,10}(?:$|\s))|[;|\t、]|\s\/\s/u;

/** Joins two cells that are one address with a comma in place of a dot. */
export function joinedAtComma(cells: string[]): string[] {
  const joined: string[] = [];
  for (const cell of cells) {
    const last = joined.at(-1) ?? "";
    const both = `${last},${cell}`;
    const isOne = /@[\p{L}\p{N}-]+$/u.test(last) && both.split(SEPARATOR).length === last.split(SEPARATOR).length;
    if (isOne) joined[joined.length - 1] = both;
    else joined.push(cell);
  }
  return joined;
}

/** `Lee, Ann ann@example.com` */
const FAMILY_FIRST = /^([^\s@,;|\t<>"][^@,;|\t<>"]*), ([^@,;|\t<>":]+?) +(\S+@[^\s,;]+)$/;
function partsOfFamilyFirst(line: string) {
  const [, family = "", given = "", email = ""] = FAMILY_FIRST.exec(line) ?? [];
  return nameInText(family) && nameInText(given) && !isSuffix(given) ? { family, given, email } : undefined;
}

/** Quotes names in a text whose lines all have the family name first: the comma separates nothing there. */
export function familyFirst(text: string): string {
  const lines = text.split("\n").map((line) => ({ line, parts: partsOfFamilyFirst(line.replace(BULLET, "")) }));
  const all = lines.filter(({ line }) => line.includes("@"));
  return all.length > 1 && all.every(({ parts }) => parts)
    ? lines.map(({ line, parts }) => (parts ? `"${parts.family}, ${parts.given}" ${parts.email}` : line)).join("\n")
    : text;
}

/** Running text: addresses with spaces, commas or bars between them. */
function fromText(text: string): Recipient[] {
  const own = partsOfFamilyFirst(text.trim());
  // In a single line, these may be two people.
  if (own && !own.family.includes(" ")) {
    const { family, given, email } = own;
    return [{ ...row(bare(email), nameBefore(`${family}, ${given}`)), typed: text.trim() }];
  }
  const chunks = text
    .split(SEPARATOR)
    .map((chunk) => chunk.replace(/\s+/g, " ").trim())
    .filter((chunk) => /[\p{L}@]/u.test(chunk));
  return chunks.flatMap((chunk) =>
    chunk.includes("@") ? fromChunk(chunk) : isFiller(chunk) ? [] : [{ email: chunk }],
  );
}

/** A space, but not beside the dot of an address: `ann@acme .example`, `ann@acme. example`. */
const SPACE = / (?<!@[\p{L}\p{N}-]{1,63} (?=\.[\p{L}\p{N}]))(?<!@[\p{L}\p{N}-]{1,63}\. (?=\p{Ll}{2,10}(?: |$)))/u;

/** The end of a sentence: the words after it are not the name of the address before it. */
const ENDED = /^[.!?…]/;

/** Begins the name of the next person, whose address follows. */
const AND = /^ (?:and|und|et|y|e|en|och|og|ja|i|oraz|&|\+)\s/i;

/** Words with addresses among them. All names are before their addresses, or all are after them. */
function fromChunk(chunk: string): Recipient[] {
  const words = chunk.split(SPACE);
  if (!words.some((word) => /[^\s@]@+[^\s@]/.test(word))) return [{ email: chunk }];
  const emails: string[] = [];
  const gaps: string[] = [""];
  /** The gaps in which a sentence ends. */
  const ends = new Set<number>();
  for (const word of words) {
    if (word.includes("@")) {
      emails.push(bare(word));
      gaps.push("");
      if (/[.!?…][)\]"']*$/.test(word)) ends.add(emails.length);
    } else {
      if (gaps.at(-1) === "" && ENDED.test(word)) ends.add(emails.length);
      gaps[gaps.length - 1] += ` ${word}`;
    }
  }
  const names = gaps.map(nameInText);
  const behind = names.map((name, index) => (ends.has(index) || AND.test(gaps[index]!) ? "" : name));
  const leading = names[0] !== "";
  const trailing = behind.at(-1) !== "";
  const [only, another] = emails;
  if (only !== undefined && another === undefined && isDoubtful(only, gaps))
    return [{ ...row(only, names[0]), typed: chunk }];
  return emails.map((email, index) => {
    if (leading && (!trailing || emails.length === 1)) return row(email, names[index]);
    return trailing && !leading ? behindAddress(email, behind[index + 1] ?? "") : row(email);
  });
}

/** A text behind an address is its name if the address is like it: a town is behind it, too. */
function behindAddress(email: string, text: string): Recipient {
  return text && !fits(text, email) ? { email, beside: [text] } : row(email, text);
}

/** Whether the words around an address may be a part of it: they are no full name, and no sentence. */
function isDoubtful(email: string, gaps: string[]): boolean {
  const words = gaps.join(" ").split(" ").filter(Boolean);
  const [word = "", another] = words;
  if (words.length > 2 || !words.every((word) => /^[\p{L}\p{N}._'’-]+$/u.test(word)) || words.some(isFiller))
    return false;
  if (nameInText(words.join(" ")) === "") return word !== "";
  // A first name is usually the beginning of its address.
  return another === undefined && !email.toLowerCase().startsWith(word.charAt(0).toLowerCase());
}

/** The row of an address cell and its name. A cell with several addresses, or with words around one, is a row to correct. */
export function fromCells(cell: string, name: string): Recipient[] {
  if (!cell.includes("@")) return cell || name ? [row(cell, name)] : [];
  const rows = fromLine(cell);
  const [only, another] = rows;
  if (!only || another) return [row(cell, name)];
  const plain = only.name !== undefined || isAddress(cell.replace(BULLET, "").replace(LABEL, ""));
  return [plain ? row(only.email, only.name ?? name) : row(cell, name)];
}
