/**
 * Reads addresses and names in the many forms in which spreadsheets and mail clients copy them.
 *
 * Invariant: every line that is not blank becomes a row or a part of one, or is listed as left out with a reason. The API decides whether an
 * address is valid.
 */

import { fromAddressBook, withCards } from "./cards";
import {
  type Columns,
  type ColumnsQuestion,
  type Decision,
  EVERY,
  hasTitles,
  isNameColumn,
  titledColumns,
  untitledColumns,
} from "./columns";
import { fits } from "./likeness";
import { withoutMail } from "./mail";
import { capitalised, fullName, isFullName, isLowerName, isRareName, nameOf } from "./name";
import {
  addressesIn,
  angledIn,
  familyFirst,
  fromCells,
  fromLine,
  fromPiece,
  isAddress,
  isAddresses,
  isAngled,
  isPeople,
  isQuotedName,
  joinedAtComma,
  LABEL,
  namesFor,
  ownPart,
  type Recipient,
  severalNames,
} from "./recipients";
import { inOwnCells, likeliest, readingsOf, type TextRecord } from "./records";
import { mayBeAccepted } from "./suggestion";
import { tidied } from "./tidy";
import { isOther, isSomebodyElses, kindOf } from "./titles";

/** Why a line, or an address in it, is not a row. */
export type Reason =
  | "separator"
  | "title"
  | "header"
  | "prose"
  | "invalid"
  | "others"
  | "signature"
  | "unchosen"
  | "nobody"
  | "marks";
export interface LeftOut {
  readonly reason: Reason;
  /** The line, or the part of it. */
  readonly text: string;
}

export interface List {
  readonly rows: Recipient[];
  readonly leftOut: LeftOut[];
}

/** Lines that are read in the same way. */
type Part =
  | ({ readonly kind: "out" } & LeftOut)
  | { readonly kind: "lines"; readonly lines: string[] }
  | { readonly kind: "cells"; readonly records: TextRecord[] }
  | { readonly kind: "table"; readonly records: TextRecord[]; readonly decision: Decision };

const out = (reason: Reason, text: string): Part => ({ kind: "out", reason, text });

/** Tables with the same key are asked about once: the answer holds for all of them. */
const keyOf = ({ untitled, labels, addresses, names }: ColumnsQuestion) =>
  JSON.stringify(untitled ? [labels, addresses, names] : labels);

/** The list in a text, or a question about it. `answers` has one answer for each kind of table, in order. */
export function readList(text: string, answers: readonly Columns[] = []): List | { question: ColumnsQuestion } {
  const rows: Recipient[] = [];
  /** Rows whose name is in a column of names, or before the brackets of the address: two people may share it. */
  const explicit = new Set<Recipient>();
  const leftOut: LeftOut[] = [];
  const leave = (reason: Reason, ...texts: string[]) => {
    for (const text of texts) {
      const addresses = [...new Set(addressesIn(text))];
      // `Subject: Course` is no address of somebody else's, and a line of recipients is more than one.
      if (reason === "others" && addresses.length === 0) leftOut.push({ reason: "header", text });
      else if (reason === "others" && addresses.length > 1) leave(reason, ...addresses);
      else leftOut.push({ reason, text });
    }
  };
  const take = (found: Recipient[], reason: Reason, text: string, isExplicit = false) => {
    // `Sales:` is a title, never a person.
    if (!text.includes("@") && /\p{L}.*:$/u.test(text) && found.length === 1) return leave("title", text);
    const angled = isAngled(text) ? angledIn(text) : undefined;
    for (const row of found) {
      rows.push(row);
      if (isExplicit || angled?.has(row.email)) explicit.add(row);
    }
    if (found.length === 0) leave(reason, text);
  };
  const open = [...answers];
  const answered = new Map<string, Columns>();
  const book = fromAddressBook(text.replace(/\r\n?/g, "\n"));
  const mail = withoutMail(tidied(book.text));
  leave("signature", ...mail.signatures);
  const cards = withCards(mail.text);
  for (const line of [...book.others, ...cards.others])
    leave(line.includes("@") ? "unchosen" : /\p{L}/u.test(line) ? "nobody" : "marks", line);
  for (const part of partsOf(familyFirst(cards.text))) {
    if (part.kind === "out") leave(part.reason, part.text);
    else if (part.kind === "lines") for (const line of part.lines) take(fromLine(line), "marks", line);
    else if (part.kind === "cells") {
      const column = addressColumn(part.records);
      const named = nameColumn(part.records);
      const texts = part.records.map(({ cells }) => cells);
      const likely = (index: number) => column !== undefined && texts.length > 1 && isNameColumn(texts, index, column);
      for (const { cells, raw } of part.records) {
        if (isHeader(cells)) leave("header", raw);
        else if (isLabelled(cells)) leave("others", raw);
        else take(fromCellsInAnyOrder(joinedAtComma(cells), column, named, likely), "marks", raw);
      }
    } else {
      const { decision } = part;
      const isQuestion = "guess" in decision;
      const columns = isQuestion ? (answered.get(keyOf(decision)) ?? open.shift()) : decision;
      if (!columns) return { question: decision as ColumnsQuestion };
      if (isQuestion) answered.set(keyOf(decision), columns);
      const isTitled = !("untitled" in decision && decision.untitled);
      for (const record of part.records) {
        const { cells, raw } = record;
        if (isHeader(cells)) leave("header", raw);
        else if (columns.email === EVERY) take(fromListed(record), "marks", raw);
        else if (isLabelled([nameCells(cells, columns), cells[columns.email] ?? ""], isTitled)) leave("others", raw);
        else {
          const others = isQuestion ? decision.addresses.map((column) => cells[column] ?? "").filter(isAddress) : [];
          const found = fromTable(record, columns, isTitled).map((row) => {
            // Not a manager's.
            const elsewhere = row.email ? undefined : others.find((email) => fits(row.name ?? "", email));
            return elsewhere ? { ...row, elsewhere } : row;
          });
          take(found, raw.includes("@") ? "unchosen" : /\p{L}/u.test(raw) ? "nobody" : "marks", raw, true);
          if (found.length > 0) leave("unchosen", ...unread(cells, columns, found));
        }
      }
    }
  }
  const isOwn = ({ email }: Recipient) => !mail.writers.has(email.toLowerCase());
  const own = rows.filter(isOwn);
  leave("others", ...rows.filter((row) => !isOwn(row)).map(({ email }) => email));
  leave("others", ...mail.headers);
  if (!own.some(hasAddress)) {
    // The people of a mail's head are the list: those that it was sent to, or else its sender.
    const people = mail.recipients.flatMap(fromLine).filter((row) => hasAddress(row) && isOwn(row));
    const list = people.length > 0 ? people : mail.senders.flatMap(fromLine).filter(hasAddress);
    if (list.length > 0) {
      const names = own.filter(({ email }) => isFullName(email));
      leave("nobody", ...own.filter((row) => !names.includes(row)).map(({ email }) => email));
      return { rows: [...list, ...names], leftOut: stillOut(leftOut, list) };
    }
  }
  return { rows: own.map(withoutRepeatedName(own, explicit)), leftOut };
}

const hasAddress = ({ email }: Recipient) => email.includes("@");

/** Why a file has nobody to invite; undefined if it has an address, or what may be one. */
export function whyNobody(text: string): string | undefined {
  if (text.includes("@")) return undefined;
  const list = readList(text);
  if ("question" in list || list.rows.length > 0) return undefined;
  const lines = list.leftOut.filter(({ text }) => text.trim());
  if (lines.length === 0) return "is empty";
  return lines.every(({ reason }) => reason === "title" || reason === "header")
    ? "has a header line, and nobody below it"
    : "has no address";
}

/** The lines that are left out, without those whose addresses are in the list all the same. */
export function stillOut(leftOut: LeftOut[], rows: { email: string }[]): LeftOut[] {
  const listed = new Set(rows.map(({ email }) => email.toLowerCase()));
  return leftOut.filter(({ text }) => {
    const addresses = addressesIn(text);
    return addresses.length === 0 || !addresses.every((address) => listed.has(address));
  });
}

/** A guessed name beside several addresses is a department or a boss, except where an address is like it. */
function withoutRepeatedName(rows: Recipient[], explicit: Set<Recipient>) {
  const people = new Map<string, Set<string>>();
  for (const { email, name } of rows) {
    if (name) people.set(name, (people.get(name) ?? new Set()).add(email.toLowerCase()));
  }
  return (row: Recipient): Recipient => {
    const { name, ...rest } = row;
    const own = !name || people.get(name)?.size === 1 || explicit.has(row) || fits(name, row.email);
    return own ? row : rest;
  };
}

function partsOf(text: string): Part[] {
  const separator = /^"?sep=(.)"?$/im.exec(text);
  const lines = separator ? text.replace(separator[0], "") : text;
  return [...(separator ? [out("separator", separator[0])] : []), ...tablesOf(lines, separator?.[1])];
}

/** The tables of a text. Each may have another separator. */
function tablesOf(text: string, separator: string | undefined): Part[] {
  const readings = readingsOf(text, separator)
    .map((records) => ({ records, headers: headersOf(records) }))
    .filter(({ headers }) => headers.length > 0);
  if (readings.length === 0) return withoutHeader(text.split("\n"), separator);
  const topOf = ({ records, headers }: (typeof readings)[number]) =>
    records.slice(0, headers[0]).reduce((length, { raw }) => length + raw.length, 0);
  const top = Math.min(...readings.map(topOf));
  const records = likeliest(readings.filter((reading) => topOf(reading) === top).map(({ records }) => records));
  const headers = headersOf(records);
  // The lines above a header are a title, unless they are recipients.
  const above = runs(records.slice(0, headers[0]), ({ raw }) => raw.includes("@") && isPeople(raw));
  const parts = above.flatMap(({ place, items }) =>
    place
      ? withoutHeader(
          items.map(({ raw }) => raw),
          separator,
        )
      : items.map(({ raw }) => out(isOthersLine(raw) ? "others" : "title", raw)),
  );
  for (const [index, at] of headers.entries()) {
    const header = records[at]!;
    const lines = records.slice(at + 1, headers[index + 1]);
    const other =
      separator === undefined
        ? lines.findIndex(({ cells, raw }) => cells.length === 1 && !raw.includes("@") && isHeaderOfOthers(raw))
        : -1;
    const body = other < 0 ? lines : lines.slice(0, other);
    parts.push(...tableOf(header, body, separator));
    if (other >= 0)
      return [
        ...parts,
        ...tablesOf(
          records
            .slice(at + 1 + other)
            .map(({ raw }) => raw)
            .join("\n"),
          undefined,
        ),
      ];
  }
  return parts;
}

/** A table below its header, and other lines in between. */
function tableOf({ cells: titles, raw }: TextRecord, lines: TextRecord[], separator: string | undefined): Part[] {
  // Without a cell for each title, a line is no line of this table.
  const body = lines.map((line) => {
    const own = inOwnCells(line);
    if (own.cells.length === titles.length) return own;
    const cells = joinedAtComma(line.cells);
    return cells.length === titles.length ? { ...line, cells } : line;
  });
  const placeOf = (record: TextRecord) =>
    record.cells.join("\t").toLowerCase() === titles.join("\t").toLowerCase() ? "header" : placeIn(titles, record);
  const decision = titledColumns(
    titles,
    body.filter((record) => placeOf(record) === "table").map(({ cells }) => cells),
  );
  const parts = runs(body, placeOf).flatMap(({ place, items }): Part[] => {
    if (place === "table") return [{ kind: "table", records: items, decision }];
    return place === "prose" || place === "header"
      ? items.map(({ raw }) => out(place === "header" ? place : reasonOf(raw), raw))
      : withoutHeader(
          items.map(({ raw }) => raw),
          separator,
        );
  });
  return [out("header", raw), ...parts];
}

/** Whether a line is a header under another separator. */
const isHeaderOfOthers = (line: string) =>
  /[\t;,|]/.test(line) &&
  readingsOf(line).some((records) => (records[0]?.cells.length ?? 0) > 1 && headersOf(records).length > 0);

/** Whether a line with an address has the label of somebody else: `From: Hal <hal@example.com>`. */
const isOthersLine = (raw: string) => addressesIn(raw).some(mayBeAccepted) && ownPart(raw).text === "";

/** Why a line with an address in or below a table is left out. */
function reasonOf(raw: string): Reason {
  if (isOthersLine(raw)) return "others";
  return addressesIn(raw).some(mayBeAccepted) ? "prose" : "invalid";
}

/** Whether a line belongs to the table, is a list of its own, or is a title or footer with an address. */
function placeIn(titles: string[], { cells, raw }: TextRecord): "table" | "list" | "prose" {
  const filled = cells.filter(Boolean);
  if (!raw.includes("@")) return "table";
  if (filled.length === 1 && isOthersLine(raw)) return "prose";
  if (isQuotedName(raw)) return "list";
  if (titles.length === 1) return isPeople(raw) ? "list" : "table";
  if (cells.length === 1) return isPeople(raw) ? "list" : "prose";
  if (filled.length === 1 && isAddresses(filled[0] ?? "")) return "list";
  return filled.length === 1 && !isPeople(filled[0] ?? "") ? "prose" : "table";
}

/** The indexes of header lines. */
function headersOf(records: TextRecord[]): number[] {
  const found: number[] = [];
  const firstAddress = records.findIndex(({ raw }) => raw.includes("@"));
  for (const [index, { cells, raw }] of records.entries()) {
    if (raw.includes("@")) continue;
    const kinds = cells.map(kindOf);
    // An `address` column may hold street addresses.
    const holds = (column: number) => records.some((record) => record.cells[column]?.includes("@"));
    const address = kinds.some((kind, column) => kind === "email" || (kind === "address" && holds(column)));
    const first = found.length === 0 && (firstAddress < 0 || index < firstAddress);
    const known = kinds.filter(Boolean).length;
    const alone = cells.filter(Boolean).length === 1;
    if (address && (first ? !alone || cells.join(" ").split(/[\s-]+/).length <= 4 : known > 1)) found.push(index);
  }
  return found;
}

function withoutHeader(lines: string[], separator: string | undefined): Part[] {
  const own = lines.filter((line) => line.trim()).map(ownPart);
  const others = own.flatMap(({ others }) => others.map((text) => out("others", text)));
  const filled = own.flatMap(({ text, others }) => (others.length > 0 && !/[\p{L}@]/u.test(text) ? [] : [text]));
  const readings = readingsOf(filled.map(endingAtSemicolons).join("\n"), separator);
  const likely = likeliest(readings).map(inOwnCells);
  const [titles, ...body] = [likely, ...readings].find((records) => hasTitles(records.map(({ cells }) => cells))) ?? [];
  if (titles) return [...others, ...tableOf(titles, body, separator)];
  const question = untitledColumns(
    likely.map(({ cells }) => cells),
    filled.some((line) => line.includes("\t")),
  );
  if (question) return [...others, { kind: "table", records: likely, decision: question }];
  const parts = runs(filled, (line) => (isAngled(line) && !line.includes("\t")) || isQuotedName(line)).map(
    ({ place, items }): Part =>
      place
        ? { kind: "lines", lines: items }
        : {
            kind: "cells",
            records: likeliest(readingsOf(items.map(endingAtSemicolons).join("\n"), separator)).map(inOwnCells),
          },
  );
  return [...others, ...parts];
}

/** Groups neighbouring items with the same place. */
function runs<T, P>(items: T[], placeOf: (item: T) => P): { place: P; items: T[] }[] {
  const found: { place: P; items: T[] }[] = [];
  for (const item of items) {
    const place = placeOf(item);
    const last = found.at(-1);
    if (last?.place === place) last.items.push(item);
    else found.push({ place, items: [item] });
  }
  return found;
}

/** `Ann, ann@example.com; Bob, bob@example.com`: if each part has an address, a semicolon ends a record. */
function endingAtSemicolons(line: string): string {
  const parts = line.split(";").filter((part) => part.trim());
  const ends =
    parts.length > 1 &&
    !line.includes('"') &&
    parts.every((part) => part.includes(",") && part.split("@").length === 2);
  return ends ? parts.join("\n") : line;
}

const nameCells = (cells: string[], { name = -1, family = -1 }: Columns) =>
  [cells[name], family !== name && cells[family]].filter(Boolean).join(" ");

function fromTable({ cells }: TextRecord, columns: Columns, isTitled: boolean): Recipient[] {
  const { email, name, infix, family } = columns;
  const cell = (column: number | undefined) => (column === undefined ? "" : (cells[column] ?? ""));
  const filled = cells.filter(Boolean);
  const [whole = "", more] = joinedAtComma(filled);
  if (filled.length > 1 && more === undefined) return fromCells(whole, "");
  const last = family === undefined || family === name ? "" : [cell(infix), cell(family)].filter(Boolean).join(" ");
  const text = [cell(name), last].filter(Boolean).join(" ");
  // Somebody may have put the address into the name column.
  if (!cell(email).includes("@") && text.includes("@")) return fromCells(text, "");
  const named =
    isTitled && isRareName(nameCells(cells, columns)) ? text : fullName(nameOf(cell(name)), nameOf(last, true));
  // One cell may have the names of several people, or a department.
  const names = last ? [] : namesFor(cell(name), cell(email), nameOf);
  if (names.length > 1 && isAddress(cell(email)))
    return fromCells(cell(email), "").map((row) => ({ ...row, beside: names }));
  const own = names.length !== 1 || (isTitled && isRareName(cell(name))) ? named : names[0]!;
  return marks(cell(email)) && own === "" ? [] : fromCells(cell(email), own);
}

/** Addresses in the columns of names that are not of the row. */
function unread(cells: string[], { email, name, infix, family }: Columns, found: Recipient[]): string[] {
  const taken = new Set(found.flatMap((row) => addressesIn(row.email)));
  return [name, infix, family]
    .filter((column) => column !== undefined && column !== email)
    .map((column) => cells[column!] ?? "")
    .filter((cell) => addressesIn(cell).some((address) => !taken.has(address)));
}

/** Whether a line in the middle of a list has only titles, one of them of addresses: `Email`, `Department`. */
function isHeader(cells: string[]): boolean {
  const filled = cells.filter(Boolean);
  return (
    filled.every((cell) => !cell.includes("@") && (kindOf(cell) !== undefined || isOther(cell))) &&
    filled.some((cell) => kindOf(cell) === "email")
  );
}

/** Whether a line is a label and an address: `Manager`, `max@example.com`. In a column of names, `HR 1` is one. */
function isLabelled(cells: string[], isTitled = false): boolean {
  const [label = "", address = "", more] = cells.filter(Boolean);
  const isName = isTitled && /^\p{L}+ \p{N}+$/u.test(label);
  return more === undefined && address.includes("@") && isSomebodyElses(label) && !isName;
}

/** Whether a cell has only punctuation, such as the line below a header. */
const marks = (cell: string) => cell !== "" && !/[\p{L}\p{N}@]/u.test(cell);

/** The column with the addresses, if lines have more than one cell. */
function addressColumn(records: TextRecord[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { cells } of records) {
    const [at, another] = addressCells(cells);
    if (at === undefined || another !== undefined || cells.filter(Boolean).length < 2) continue;
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

const addressCells = (cells: string[]) => cells.flatMap((cell, column) => (cell.includes("@") ? [column] : []));

/** The column in which most texts are names with capitals, and at least two are. */
function nameColumn(records: TextRecord[]): number | undefined {
  const width = records.reduce((width, { cells }) => Math.max(width, cells.length), 0);
  return Array.from({ length: width }, (_, column) => column).find((column) => {
    const texts = records.map(({ cells }) => cells[column] ?? "").filter((cell) => /\p{L}/u.test(cell));
    const names = texts.filter((text) => !text.includes("@") && isFullName(nameOf(text)));
    return names.length > 1 && names.length * 2 > texts.length;
  });
}

/** A line without known columns: its address and the name beside it, or the texts of which one may be the name. */
function fromCellsInAnyOrder(
  cells: string[],
  column: number | undefined,
  named: number | undefined,
  isLikely: (column: number) => boolean,
): Recipient[] {
  const [at, another] = addressCells(cells);
  const email = at ?? (cells.length > 1 ? column : undefined);
  if (email === undefined || another !== undefined) {
    const rows = cells.flatMap(fromPiece);
    return rows.length > 0 ? rows : fromLine(cells.join(" "));
  }
  const places = cells.flatMap((cell, index) => (index !== email && /\p{L}/u.test(cell) ? [index] : []));
  const textAt = (index: number) => nameOf((cells[index] ?? "").replace(LABEL, ""));
  const cell = cells[email] ?? "";
  const isLower = (text: string) => isLowerName(text) && text.split(" ").every((word) => fits(word, cell));
  const texts = places.map((index) => {
    const text = textAt(index);
    return { text: index === named || isLower(text) ? text : capitalised(text), index };
  });
  const [only, more] = texts.filter(({ text }) => text);
  const names = texts.flatMap(({ text }) => {
    const several = severalNames(text);
    return several.length > 0 ? several : text || [];
  });
  // It may be a town. Without an address, it is what there is.
  const isName = ({ text, index }: { text: string; index: number }) =>
    index === named || fits(text, cell) || !cell.includes("@") || isLikely(index);
  const name = only && !more && names.length === 1 && isName(only) ? only.text : "";
  // Beside a name, words around the address mean that it is another person's. A remark in brackets does not.
  if (name) return fromCells(cell.replace(/\s[([][^()[\]@]*[)\]]$/, ""), name);
  // Beside a text, it is not clear which of several addresses is meant.
  const several = places.length > 0 && cell.split("@").length > 2;
  if (several || !cell.includes("@")) return fromCells(cell, name);
  const beside = names.length > 0 ? names : places.map(textAt).filter(isLowerName);
  return fromLine(cell).map((found) => (beside.length > 0 && !found.name ? { ...found, beside } : found));
}

/** A line of a table that is read as a list: every address, with the name beside it. */
function fromListed({ cells, raw }: TextRecord): Recipient[] {
  // Without tabs, a comma may be a part of the name before a bracket.
  if (isAngled(raw) && !raw.includes("\t")) return fromLine(raw);
  const found = cells.map((cell) => (isFullName(nameOf(cell)) ? nameOf(cell) : fromPiece(cell)));
  const filled = found.filter((cell) => cell.length > 0);
  const names = filled.filter((cell) => typeof cell === "string");
  const rows = filled.filter((cell) => typeof cell !== "string").flat();
  if (rows.length === 0) return names.map((name) => ({ email: "", name }));
  const inPairs =
    names.length === rows.length && filled.every((cell, index) => typeof cell === typeof filled[index % 2]);
  return rows.map((row, index) => {
    if (row.name || !row.email.includes("@") || names.length === 0) return row;
    return inPairs ? { ...row, name: names[index]! } : { ...row, beside: names };
  });
}
