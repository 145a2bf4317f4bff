/**
 * Which columns of a table hold the addresses and the names.
 *
 * Invariant: where more than one could be meant, a person says which. A guess may only be what they are offered first.
 */
import { nameInText } from "./name";
import { isAddress, isAngled } from "./recipients";
import { distance, isFurther, isOther, isSomebodyElses, kindOf } from "./titles";

export interface Columns {
  readonly email: number;
  readonly name?: number | undefined;
  readonly family?: number | undefined;
}

export interface ColumnsQuestion {
  /** A column's title, or its number, by column. */
  readonly labels: string[];
  /** The first rows of the table. */
  readonly samples: string[][];
  readonly addresses: number[];
  readonly names: number[];
  /** Whether names may be in two columns. */
  readonly family: boolean;
  readonly guess: Columns;
}

export type Decision = Columns | ColumnsQuestion;

const SAMPLES = 3;
const holdsAddress = (cell: string) => isAngled(cell) || (cell !== "" && cell.split(/[\s,;]+/).filter(Boolean).every(isAddress));

const isFullName = (cell: string) => cell.includes(" ") && nameInText(cell) !== "";
const contained = (part: string, whole: string) => whole.toLowerCase().includes(part.toLowerCase());

class Table {
  readonly width: number;

  constructor(readonly titles: string[] | undefined, readonly body: string[][]) {
    this.width = body.reduce((width, cells) => Math.max(width, cells.length), titles?.length ?? 0);
  }

  get columns(): number[] {
    return Array.from({ length: this.width }, (_, column) => column);
  }

  title(column: number): string {
    return this.titles?.[column] ?? "";
  }

  cells(column: number): string[] {
    return this.body.map((cells) => cells[column] ?? "");
  }

  hasAddresses = (column: number) => this.cells(column).some(holdsAddress);

  hasText = (column: number) => this.cells(column).some((cell) => /\p{L}/u.test(cell)) && !this.cells(column).some((cell) => cell.includes("@"));

  question(addresses: number[], names: number[], family: boolean, guess: Columns): ColumnsQuestion {
    const labels = this.columns.map((column) => this.title(column) || `Column ${column + 1}`);
    // Of columns that are called alike, each says which one it is.
    const unlike = labels.map((label, column) => (labels.some((other, at) => at !== column && other === label) ? `${label} (column ${column + 1})` : label));
    return { labels: unlike, samples: this.body.slice(0, SAMPLES), addresses, names, family, guess };
  }
}

/** The columns of a table whose first line names them. */
export function titledColumns(titles: string[], body: string[][]): Decision {
  const table = new Table(titles, body);
  const addresses = addressColumns(table);
  const [email = 0] = addresses;
  const known = nameColumns(table);
  const texts = table.columns.filter((column) => !addresses.includes(column) && table.hasText(column) && !isOther(table.title(column)));
  const unknown = known.name === undefined ? texts : [];
  const guess = { email, name: unknown.find((column) => table.cells(column).some(isFullName)), ...known };
  if (addresses.length < 2 && unknown.length === 0 && !isSomebodyElses(table.title(email))) return guess;
  const names = [...new Set([...Object.values(known).filter((column) => column !== undefined), ...texts])].sort((a, b) => a - b);
  return table.question(addresses, names, known.family !== undefined || unknown.length > 1, guess);
}

/** The columns that may hold the addresses to invite, the likeliest first. */
function addressColumns(table: Table): number[] {
  const named = (column: number) => kindOf(table.title(column)) === "email";
  // Accounts without a name show their address in its place.
  const isName = (column: number) => ["whole", "first", "last"].includes(kindOf(table.title(column)) ?? "");
  const blank = (column: number) => table.cells(column).every((cell) => cell === "");
  const meant = (column: number) => named(column) && (blank(column) ? !isFurther(table.title(column)) : table.cells(column).some((cell) => cell.includes("@")));
  const found = table.columns
    .filter((column) => (table.hasAddresses(column) && !isName(column)) || meant(column))
    .sort((a, b) => distance(table.title(a)) - distance(table.title(b)) || a - b);
  const [first, ...others] = found;
  if (first === undefined) return table.columns.filter((column) => kindOf(table.title(column)) === "email").slice(0, 1);
  // A column that only repeats the first one's addresses is no other choice.
  const repeats = (column: number) => !blank(column) && table.body.every((cells) => !cells[column] || (cells[first] && contained(cells[first], cells[column])));
  return [first, ...others.filter((column) => !repeats(column))];
}

function nameColumns(table: Table): Pick<Columns, "name" | "family"> {
  const [first, last, whole] = (["first", "last", "whole"] as const).map((kind) => table.columns.find((column) => kindOf(table.title(column)) === kind));
  if (first !== undefined && last !== undefined) return { name: first, family: last };
  const part = first ?? last;
  if (part === undefined) return whole === undefined ? {} : { name: whole };
  // `Name` beside `Vorname` is the family name, unless its cells hold the first name too.
  if (whole === undefined || table.body.some((cells) => contains(cells[whole], cells[part]))) return { name: whole ?? part };
  return first === undefined ? { name: whole, family: part } : { name: part, family: whole };
}

const contains = (whole = "", part = "") => part !== "" && whole.toLowerCase().split(/[\s,]+/).includes(part.toLowerCase());

/**
 * The columns of lines without a known title; nothing where each line speaks for itself: a list of addresses, or one text
 * beside each. Commas and semicolons separate the addresses of lists, too; tabs come from a spreadsheet.
 */
export function untitledColumns(records: string[][], tabbed: boolean): { decision: Decision; titles: boolean } | undefined {
  const titles = unknownTitles(records);
  const body = titles ? records.slice(1) : records;
  const table = new Table(titles, body);
  const addresses = table.columns.filter(table.hasAddresses);
  const [email] = addresses;
  const lines = body.filter((cells) => cells.filter(Boolean).length > 1 && cells.some((cell) => cell.includes("@")));
  if (email === undefined) return undefined;
  const names = table.columns.filter(table.hasText);
  // A word here and there is a remark.
  const texts = names.filter((column) => lines.filter((cells) => cells[column]).length * 2 >= lines.length);
  const several = lines.length > 1;
  const twoAddresses = addresses.length > 1 && (texts.length > 0 ? several || tabbed : several && tabbed);
  const twoNames = addresses.length === 1 && texts.length > 1 && several;
  if (!twoAddresses && !twoNames && !titles) return undefined;
  const guess = { email, name: texts.find((column) => table.cells(column).some(isFullName)) ?? texts[0] };
  return { decision: table.question(addresses, names, names.length > 1, guess), titles: titles !== undefined };
}

/** The first line, if it has titles in words that are not known: no addresses, where all other lines have theirs. */
function unknownTitles([first, ...body]: string[][]): string[] | undefined {
  if (!first || body.length === 0 || first.length < 2 || first.some((cell) => !/^[\p{L}\p{M}\s./'’()-]{2,}$/u.test(cell))) return undefined;
  const shared = first.findIndex((_, column) => body.every((cells) => holdsAddress(cells[column] ?? "")));
  const apart = shared >= 0 && !/[.\s]at\s|\.\p{L}{2,}$/iu.test(first[shared] ?? "");
  return apart ? first : undefined;
}
