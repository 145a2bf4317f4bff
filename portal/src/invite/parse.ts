/**
 * Addresses, and names where there are any, in whatever form a spreadsheet or a mail client gives them.
 *
 * Invariant: nothing is judged and nothing is lost here. What is no address stays a row, so that the API can say of it
 * that it is none. Where a name can't be told from other columns there is none: better no name than a wrong one.
 */
import Papa from "papaparse";
import type { InviteRow } from "../api";

/** A whole text that looks like an address, with nothing around it. */
const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;
/** `<ann@example.com>`, as mail clients write it. */
const ANGLED = /<[^<>\n]*@[^<>\n]*>/;
/** Soft hyphens, zero-width and direction marks, and the byte order mark: nobody sees them, and they come with a paste. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

export function parseAddresses(text: string): InviteRow[] {
  const lines = text.replace(/\r\n?/g, "\n").replace(INVISIBLE, "").replace(/[^\S\n\t]/g, " ").replace(/^ +| +$/gm, "");
  if (!ANGLED.test(lines)) return fromTable(lines);
  const rows: InviteRow[] = [];
  let table: string[] = [];
  const endTable = () => {
    rows.push(...fromTable(table.join("\n")));
    table = [];
  };
  for (const line of lines.split("\n")) {
    if (ANGLED.test(line)) {
      endTable();
      rows.push(...fromMailList(line));
    } else table.push(line);
  }
  endTable();
  return rows;
}

function row(email: string, name = ""): InviteRow {
  const tidy = unquoted(name.replace(/\s+/g, " ").trim());
  return tidy && tidy.toLowerCase() !== email.toLowerCase() ? { email, name: tidy } : { email };
}

const unquoted = (text: string) => text.replace(/^(["'])(.*)\1$/, "$2").trim();

/** An address without what is put around one: brackets, quotes, `mailto:`, the full stop of a sentence. */
function bare(text: string): string {
  const inner = text.trim().replace(/^[<("'\s]+|[>)"'\s.]+$/g, "");
  return /^mailto:/i.test(inner) ? inner.slice("mailto:".length).replace(/\?.*$/, "") : inner;
}

/** A recipient list: `Ann <ann@example.com>, "Doe, Ann" <…>`, and Outlook's `Doe, Ann <…>; …`. */
function fromMailList(line: string): InviteRow[] {
  const rows: InviteRow[] = [];
  /** What stands between commas since the last address: the parts of a name, if an address in brackets follows. */
  let parts: string[] = [];
  let part = "";
  const endPart = () => {
    if (part.trim()) parts.push(part.trim());
    part = "";
  };
  const endRecipient = () => {
    endPart();
    for (const text of parts) rows.push(...fromText(text));
    parts = [];
  };
  for (const [token, quoted, angled] of line.matchAll(/"((?:[^"\\]|\\.)*)"|<([^<>]*)>|[,;\t]|[^",;\t<]+|./g)) {
    if (quoted !== undefined && ANGLED.test(quoted)) {
      rows.push(...fromMailList(quoted));
    } else if (quoted !== undefined) {
      part += quoted.replace(/\\(.)/g, "$1");
    } else if (angled !== undefined) {
      endPart();
      const own = parts.findLastIndex((text) => text.includes("@") && bare(text).toLowerCase() !== bare(angled).toLowerCase()) + 1;
      const name = parts.splice(own).join(", ");
      endRecipient();
      rows.push(row(bare(angled), name));
    } else if (token === ";") {
      endRecipient();
    } else if (token === "," || token === "\t") {
      endPart();
    } else {
      part += token;
    }
  }
  endPart();
  return withRest(rows, parts);
}

/** Rows, with text that no address came after: the name of an only one, or else rows that are no addresses. */
function withRest(rows: InviteRow[], rest: string[]): InviteRow[] {
  const [only, another] = rows;
  if (only && !another && only.name === undefined && !rest.some((text) => text.includes("@"))) {
    return [row(only.email, rest.join(" ").replace(/^\((.*)\)$/, "$1"))];
  }
  return [...rows, ...rest.flatMap((text) => fromText(text))];
}

/** Free text: addresses with spaces, commas or semicolons between them, and the words before each as its name. */
function fromText(text: string): InviteRow[] {
  const rows: InviteRow[] = [];
  let words: string[] = [];
  for (const word of text.split(/[\s,;]+/)) {
    if (ADDRESS.test(bare(word))) {
      rows.push(row(bare(word), words.join(" ")));
      words = [];
    } else if (word) words.push(word);
  }
  if (rows.length > 0) return words.length > 0 ? withRest(rows, [words.join(" ")]) : rows;
  const pieces = text.includes("@") ? [text] : text.split(/[,;]/);
  return pieces.map((piece) => piece.replace(/\s+/g, " ").trim()).filter(Boolean).map((email) => ({ email }));
}

/** Lines of cells, in columns or not. */
function fromTable(text: string): InviteRow[] {
  const records = cellsOf(text);
  const columns = columnsOf(records);
  if (columns) {
    return records.slice(1).flatMap((cells) => {
      const name = columns.names.map((column) => cells[column] ?? "").join(" ");
      return fromCells(cells[columns.email] ?? "", name);
    });
  }
  const column = addressColumn(records);
  return records.flatMap((cells) => fromRecord(cells, column));
}

/** The cells of each line, parted by whatever leaves most addresses alone in theirs. */
function cellsOf(text: string): string[][] {
  const lines = text.split("\n").map(endingAtSemicolons).join("\n");
  const readings = ["\t", ";", ","].map((delimiter) => {
    const strict = Papa.parse<string[]>(lines, { delimiter, skipEmptyLines: "greedy" });
    // A quote that does not end would take all that follows into its cell.
    const quotes = strict.errors.some((error) => error.type === "Quotes");
    const { data } = quotes ? Papa.parse<string[]>(lines, { delimiter, skipEmptyLines: "greedy", quoteChar: "\0" }) : strict;
    const records = data.map((cells) => cells.map((cell) => cell.trim()));
    const alone = records.flat().filter((cell) => ADDRESS.test(bare(cell))).length;
    // A header says more than any number of addresses.
    return { records, weight: alone + (columnsOf(records) ? lines.length : 0) };
  });
  return readings.reduce((best, next) => (next.weight > best.weight ? next : best)).records;
}

/** `Ann, ann@example.com; Bob, bob@example.com`: where each part has its address, a semicolon ends a record. */
function endingAtSemicolons(line: string): string {
  const parts = line.split(";").filter((part) => part.trim());
  const ends = parts.length > 1 && !line.includes('"') && parts.every((part) => part.split("@").length === 2);
  return ends ? parts.join("\n") : line;
}

/** Which columns the first line names, if it is a header. */
function columnsOf(records: string[][]): { email: number; names: number[] } | undefined {
  const [first, ...body] = records;
  if (!first || first.some((cell) => cell.includes("@"))) return undefined;
  const titles = first.map((cell) => (/[,;]/.test(cell) ? "" : cell.toLowerCase().replace(/[^a-z]/g, "")));
  const find = (title: RegExp) => titles.flatMap((text, column) => (title.test(text) ? [column] : []));
  // An address book has columns for the kind of an address and for streets: the one with the addresses is meant.
  const addresses = (column: number) => body.filter((cells) => cells[column]?.includes("@")).length;
  const [email] = find(/^[a-z]{0,12}e?mail(s|id|label|value|address(es)?)?$|^address(es)?$/)
    .sort((a, b) => addresses(b) - addresses(a) || a - b);
  if (email === undefined) return undefined;
  const whole = find(/^(full|display|learner|staff|employee)?name$/).slice(0, 1);
  const parts = [find(/^(first|given|fore)(name)?$/), find(/^(last|family)(name)?$|^surname$/)].flatMap((found) => found.slice(0, 1));
  return { email, names: whole.length > 0 ? whole : parts };
}

/** Without a header: the column in which the addresses are, if the lines have more than one cell. */
function addressColumn(records: string[][]): number | undefined {
  const counts = new Map<number, number>();
  for (const cells of records) {
    const [at, another] = cells.flatMap((cell, column) => (cell.includes("@") ? [column] : []));
    if (at === undefined || another !== undefined || cells.filter(Boolean).length < 2) continue;
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function fromRecord(cells: string[], column: number | undefined): InviteRow[] {
  const [at, another] = cells.flatMap((cell, index) => (cell.includes("@") ? [index] : []));
  const email = at ?? (cells.length > 1 ? column : undefined);
  if (email === undefined || another !== undefined) return cells.flatMap(fromText);
  const others = cells.filter((cell, index) => index !== email && /\p{L}/u.test(cell));
  return fromCells(cells[email] ?? "", others.length > 2 ? "" : others.join(" "));
}

/** A cell with an address and one with a name. Several addresses in the cell share no name. */
function fromCells(cell: string, name: string): InviteRow[] {
  const rows = fromText(cell);
  const [only = { email: "" }, another] = rows;
  if (another) return rows;
  const named = row(only.email, only.name ?? name);
  return named.email || named.name ? [named] : [];
}
