/**
 * Which columns of a table have the addresses and the names.
 *
 * Invariant: an address column is used without a question only if its title clearly means the learners' own addresses and no
 * other column has addresses. A guess only preselects an option.
 */

import { fits } from "./likeness";
import { capitalised, isFullName, isPlaceholder, nameOf } from "./name";
import { isAddress, isAngled, isRecipient } from "./recipients";
import { distance, isLogin, isOther, isPlainAddress, isPrincipal, type Kind, kindOf } from "./titles";

/** Instead of a column: the lines are a list, not a table, and all addresses are meant. */
export const EVERY = -1;

export interface Columns {
  readonly email: number;
  readonly name?: number | undefined;
  /** The first part of a family name: `van der`. */
  readonly infix?: number | undefined;
  readonly family?: number | undefined;
}

/** The preselected columns. Without a likely address column, the person must choose one. */
export type Guess = Omit<Columns, "email"> & { readonly email: number | undefined };

export interface ColumnsQuestion {
  /** The title of each column, or its number. */
  readonly labels: string[];
  /** The first rows of the table. */
  readonly samples: string[][];
  readonly addresses: number[];
  readonly names: number[];
  /** Whether names may be split over two columns. */
  readonly family: boolean;
  /** Whether the columns have no titles. Then the text may be a list in lines. */
  readonly untitled: boolean;
  readonly guess: Guess;
}

export type Decision = Columns | ColumnsQuestion;

const SAMPLES = 3;
const CONTACT = /^(?:primary |main )?contact\W+/i;
const holdsAddress = (cell: string) =>
  isAngled(cell) ||
  (cell !== "" &&
    cell
      .split(/[\s,;]+/)
      .filter(Boolean)
      .every(isAddress));
const contained = (part: string, whole: string) => whole.toLowerCase().includes(part.toLowerCase());

class Table {
  readonly width: number;

  constructor(
    readonly titles: string[] | undefined,
    readonly body: string[][],
  ) {
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

  kind(column: number): Kind | undefined {
    const filled = this.cells(column).filter(Boolean);
    const kind =
      kindOf(this.title(column)) ?? (isLogin(this.title(column)) && filled.every(isFullName) ? "whole" : undefined);
    // A column of numbers has no names, even if its title says so.
    const numbers = filled.length > 0 && filled.every((cell) => /\p{N}/u.test(cell) && !/\p{L}/u.test(cell));
    return numbers ? undefined : kind;
  }

  /** In a list of contacts, the contact is the person to invite. */
  get hasContacts(): boolean {
    const names = this.columns.filter((column) => ["whole", "first"].includes(this.kind(column) ?? ""));
    return names.length > 0 && names.every((column) => CONTACT.test(this.title(column)));
  }

  /** Address books label an address in a column of its own: `E-mail 1 - Label`, `Home`. The label counts as part of the title. */
  isPlainAddress(column: number): boolean {
    const given = this.title(column);
    const title = CONTACT.test(given) && this.hasContacts ? given.replace(CONTACT, "") : given;
    const label =
      this.titles?.findIndex((other, at) => at !== column && other === title.replace(/Value$/, "Label")) ?? -1;
    return (
      isPlainAddress(title) && (label < 0 || this.cells(label).every((cell) => isPlainAddress(`${cell} ${title}`)))
    );
  }

  /** Sorts the address columns: the clearest first. */
  distance = (column: number) =>
    !this.isPlainAddress(column) ? 4 : this.hasAddresses(column) ? distance(this.title(column)) : 3;

  hasText(column: number): boolean {
    const cells = this.cells(column);
    return (
      cells.some((cell) => /\p{L}/u.test(cell) && !isPlaceholder(cell)) && !cells.some((cell) => cell.includes("@"))
    );
  }

  question(addresses: number[], names: number[], family: boolean, guess: Guess): ColumnsQuestion {
    const labels = this.columns.map((column) => this.title(column) || `Column ${column + 1}`);
    // Columns with the same title show their number.
    const unlike = labels.map((label, column) =>
      labels.some((other, at) => at !== column && other === label) ? `${label} (column ${column + 1})` : label,
    );
    return {
      labels: unlike,
      samples: this.body.slice(0, SAMPLES),
      addresses,
      names,
      family,
      untitled: this.titles === undefined,
      guess,
    };
  }
}

/** The columns of a table with a header. */
export function titledColumns(titles: string[], body: string[][]): Decision {
  const table = new Table(titles, body);
  const addresses = addressColumns(table);
  const [first] = addresses;
  const email = first !== undefined && table.isPlainAddress(first) ? first : undefined;
  const known = nameColumns(table, addresses);
  const texts = table.columns.filter(
    (column) => !addresses.includes(column) && table.hasText(column) && !isOther(table.title(column)),
  );
  const unknown = known.name === undefined ? texts : texts.filter((column) => isRestOfName(table, column, known));
  if (addresses.length < 2 && unknown.length === 0 && email !== undefined) return { email, ...known };
  const names = [...new Set([...Object.values(known).filter((column) => column !== undefined), ...texts])].sort(
    (a, b) => a - b,
  );
  return table.question(
    addresses,
    names,
    known.family !== undefined || unknown.length > (known.name === undefined ? 1 : 0),
    { email, ...known },
  );
}

/** Whether a column with an unknown title may have the other half of the names: it has letters in every row, and is next to half names. */
function isRestOfName(table: Table, column: number, { name = -2, family }: Pick<Columns, "name" | "family">): boolean {
  const whole = table.kind(name) === "whole" && table.cells(name).every((cell) => cell === "" || cell.includes(" "));
  return (
    !whole &&
    family === undefined &&
    Math.abs(column - name) === 1 &&
    table.kind(column) === undefined &&
    table.cells(column).every((cell) => /^\p{L}[\p{L}\p{M}' ’-]*$/u.test(cell))
  );
}

/** Whether this is a deal's own CSV: the managers in it invited the people. */
const isOwnFile = ({ titles = [] }: Table) =>
  titles[0] === "email" && ["invited_by", "invite_id"].every((title) => titles.includes(title));

/** The columns that may have the addresses to invite, the likeliest first. */
function addressColumns(table: Table): number[] {
  if (isOwnFile(table)) return [0];
  const named = (column: number) => kindOf(table.title(column)) === "email";
  // Accounts without a name show their address instead. In a column of `Ann Doe <ann@example.com>`, every cell has an address.
  const few = (column: number) =>
    table.cells(column).filter(holdsAddress).length * 2 <= table.cells(column).filter(Boolean).length;
  const isName = (column: number) =>
    ["whole", "first", "last"].includes(kindOf(table.title(column)) ?? "") && few(column);
  const meant = (column: number) =>
    isPlainAddress(table.title(column)) || table.cells(column).some((cell) => cell.includes("@"));
  const found = table.columns
    .filter((column) => (table.hasAddresses(column) ? !isName(column) : named(column) && meant(column)))
    .sort((a, b) => table.distance(a) - table.distance(b) || a - b);
  const [first, ...others] = found;
  const mentioned = table.columns.filter((column) => table.cells(column).some((cell) => cell.includes("@")));
  if (first === undefined) return [...table.columns.filter(named), ...mentioned].slice(0, 1);
  // A column that only repeats the first column's addresses is not a choice.
  const blank = (column: number) => table.cells(column).every((cell) => cell === "");
  const repeats = (column: number) =>
    !blank(column) &&
    table.body.every((cells) => !cells[column] || (cells[first] && contained(cells[first], cells[column])));
  // Directories list accounts without a mailbox with a login only.
  const isMissing = (column: number) => isPrincipal(table.title(first)) && blank(column);
  return [first, ...others.filter((column) => !repeats(column) && !isMissing(column))];
}

function nameColumns(table: Table, addresses: number[]): Omit<Columns, "email"> {
  const hasNames = (column: number) => table.cells(column).some((cell) => nameOf(cell) !== "");
  const others = table.columns
    .filter((column) => !addresses.includes(column))
    .sort((a, b) => Number(hasNames(b)) - Number(hasNames(a)));
  const [first, infix, last, whole] = (["first", "infix", "last", "whole"] as const).map((kind) =>
    others.find((column) => table.kind(column) === kind),
  );
  const family = { ...(infix !== undefined && { infix }), family: last };
  if (first !== undefined && last !== undefined) return { name: first, ...family };
  const part = first ?? last;
  if (part === undefined) return whole === undefined ? {} : { name: whole };
  // `Name` beside `Vorname` is the family name, unless its cells contain the first name too.
  if (whole === undefined || table.body.some((cells) => contains(cells[whole], cells[part])))
    return { name: whole ?? part };
  return first === undefined ? { name: whole, ...family } : { name: part, family: whole };
}

const contains = (whole = "", part = "") =>
  part !== "" &&
  whole
    .toLowerCase()
    .split(/[\s,]+/)
    .includes(part.toLowerCase());

/**
 * The question about lines without a header. There is none if each line is clear: only addresses, or one text beside each
 * address. Commas and semicolons also separate addresses in lists; tabs come from a spreadsheet.
 */
export function untitledColumns(records: string[][], tabbed: boolean): ColumnsQuestion | undefined {
  const table = new Table(undefined, records);
  const addresses = table.columns.filter(table.hasAddresses);
  if (addresses.length === 0) return undefined;
  const lines = records.filter((cells) => cells.filter(Boolean).length > 1 && cells.some((cell) => cell.includes("@")));
  const names = table.columns.filter((column) => table.hasText(column));
  // A text in fewer than half of the lines is a remark.
  const texts = names.filter((column) => lines.filter((cells) => cells[column]).length * 2 >= lines.length);
  const several = lines.length > 1;
  // Recipients have commas both in names and between recipients.
  const listed = !tabbed && records.some((cells) => cells.some(isAngled));
  const named = texts.some((column) => table.cells(column).every((cell) => isFullName(cell)));
  const twoAddresses =
    addresses.length > 1 &&
    (listed || texts.length === 0 ? several && (tabbed || isAligned(records)) : several || tabbed || named);
  const twoNames = !listed && addresses.length === 1 && texts.length > 1 && several;
  const [text, another] = texts;
  const unclear =
    !listed &&
    several &&
    addresses.length === 1 &&
    text !== undefined &&
    another === undefined &&
    !isNameColumn(records, text, addresses[0]!);
  if (!twoAddresses && !twoNames && !unclear) return undefined;
  const full = unclear
    ? []
    : texts.filter((column) => table.cells(column).every((cell) => cell === "" || isFullName(cell)));
  const guess = {
    email: addresses.length === 1 ? addresses[0] : undefined,
    name: full.length === 1 ? full[0] : undefined,
  };
  return table.question(addresses, names, names.length > 1, guess);
}

/**
 * Whether a column without a title has the names of the people: enough addresses are like them. Towns and departments are also
 * one or two words with capitals. A column from which no name would be taken needs no question.
 */
export function isNameColumn(records: string[][], column: number, addresses: number): boolean {
  const rows = records.flatMap((cells) => {
    const name = capitalised(nameOf(cells[column] ?? ""));
    const email = cells[addresses] ?? "";
    return name && isAddress(email) ? [{ name, email }] : [];
  });
  const like = rows.filter(({ name, email }) => fits(name, email)).length;
  return like * ENOUGH >= rows.length;
}

/** One in so many addresses. */
const ENOUGH = 3;

/** Whether all lines have the same number of addresses and nothing else. Lines of a list differ, or end with a comma. */
const isAligned = (records: string[][]) =>
  records.every((cells) => cells.length === records[0]?.length && cells.every(isRecipient));

/** Whether the first line is a header of unknown titles: no address, above lines with addresses in one column. */
export function hasTitles([first, ...body]: string[][]): boolean {
  if (!first || first.length < 2 || first.some((cell) => !/^(?=.*\p{L})[^@;,|<>]{2,80}$/u.test(cell))) return false;
  const lines = body.filter((cells) => cells.filter(Boolean).length > 1);
  const shared = first.findIndex((_, column) => {
    const addressed = lines.filter((cells) => cells[column]?.includes("@"));
    return (
      addressed.length * 2 > lines.length &&
      (addressed.some((cells) => holdsAddress(cells[column] ?? "")) || first.some(kindOf))
    );
  });
  const title = first[shared] ?? "";
  return shared >= 0 && !/[.\s]at\s|\.\p{L}{2,}$/iu.test(title) && !isPlaceholder(title);
}
