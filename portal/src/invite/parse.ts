/**
 * Addresses, and names where there are any, in whatever form a spreadsheet or a mail client gives them.
 *
 * Invariant: every line that is not blank becomes a row, or is counted as left out with the reason. Whether an address is one
 * is for the API to say.
 */
import type { InviteRow } from "../api";
import { type Columns, type ColumnsQuestion, type Decision, titledColumns, untitledColumns } from "./columns";
import { nameOf } from "./name";
import { fromCells, fromLine, fromPiece, isAngled } from "./recipients";
import { likeliest, readingsOf, type TextRecord } from "./records";
import { tidied } from "./tidy";
import { kindOf } from "./titles";

/** Why a line is no row. */
export type Reason = "separator" | "title" | "header" | "nobody" | "marks";
export type LeftOut = Partial<Record<Reason, number>>;

export function together(one: LeftOut, other: LeftOut): LeftOut {
  const sum = { ...one };
  for (const [reason, count] of Object.entries(other) as [Reason, number][]) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

export interface List {
  readonly rows: InviteRow[];
  readonly leftOut: LeftOut;
}

/** Lines that are read alike. */
type Part =
  | { readonly kind: "out"; readonly reason: Reason }
  | { readonly kind: "lines"; readonly lines: string[] }
  | { readonly kind: "cells"; readonly records: TextRecord[] }
  | { readonly kind: "table"; readonly records: TextRecord[]; readonly decision: Decision };

/** The list in a text, or what has to be asked first. Each answer is for one table, in their order. */
export function readList(text: string, answers: readonly Columns[] = []): List | { question: ColumnsQuestion } {
  const rows: InviteRow[] = [];
  const leftOut: LeftOut = {};
  const leave = (reason: Reason) => (leftOut[reason] = (leftOut[reason] ?? 0) + 1);
  const take = (found: InviteRow[], reason: Reason) => (found.length > 0 ? rows.push(...found) : leave(reason));
  const open = [...answers];
  const answered = new Map<ColumnsQuestion, Columns>();
  for (const part of partsOf(tidied(text))) {
    if (part.kind === "out") leave(part.reason);
    else if (part.kind === "lines") for (const line of part.lines) take(fromLine(line), "marks");
    else if (part.kind === "cells") {
      const column = addressColumn(part.records);
      for (const { cells } of part.records) take(fromCellsInAnyOrder(cells, column), "marks");
    } else {
      const { decision } = part;
      const columns = "guess" in decision ? (answered.get(decision) ?? open.shift()) : decision;
      if (!columns) return { question: decision as ColumnsQuestion };
      if ("guess" in decision) answered.set(decision, columns);
      for (const record of part.records) take(fromTable(record, columns), /[\p{L}@]/u.test(record.raw) ? "nobody" : "marks");
    }
  }
  return { rows, leftOut };
}

function partsOf(text: string): Part[] {
  const separator = /^"?sep=(.)"?$/im.exec(text);
  const lines = separator ? text.replace(separator[0], "") : text;
  let parts: Part[] = separator ? [{ kind: "out", reason: "separator" }] : [];
  const readings = readingsOf(lines, separator?.[1]).filter((records) => headersOf(records).length > 0);
  if (readings.length === 0) return [...parts, ...withoutHeader(lines.split("\n"), separator?.[1])];
  const records = likeliest(readings);
  const headers = headersOf(records);
  const [top = 0] = headers;
  const above = records.slice(0, top);
  // The lines above a header are its title, unless they have addresses of their own.
  const titled = !above.some(({ raw }) => raw.includes("@"));
  parts = parts.concat(titled ? above.map(() => ({ kind: "out", reason: "title" })) : withoutHeader(above.map(({ raw }) => raw), separator?.[1]));
  for (const [index, at] of headers.entries()) {
    const titles = records[at]?.cells ?? [];
    const body = records.slice(at + 1, headers[index + 1]);
    parts.push({ kind: "out", reason: "header" });
    const cells = body.filter((record) => !isLoose(record, titles)).map(({ cells }) => cells);
    const decision = titledColumns(titles, cells);
    for (const run of runs(body, (record) => isLoose(record, titles))) {
      parts.push(run.apart ? { kind: "lines", lines: run.items.map(({ raw }) => raw) } : { kind: "table", records: run.items, decision });
    }
  }
  return parts;
}

/** A line among a table's that is not of its form: a single address or recipient. */
const isLoose = ({ cells, raw }: TextRecord, titles: string[]) => titles.length > 1 && cells.length === 1 && raw.includes("@");

/** The places of the lines that name the columns. */
function headersOf(records: TextRecord[]): number[] {
  const found: number[] = [];
  const firstAddress = records.findIndex(({ raw }) => raw.includes("@"));
  for (const [index, { cells, raw }] of records.entries()) {
    if (raw.includes("@")) continue;
    const kinds = cells.map(kindOf);
    // Streets are called addresses, too.
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
  const filled = lines.filter((line) => line.trim());
  return runs(filled, (line) => isAngled(line) && !line.includes("\t")).flatMap((run): Part[] => {
    if (run.apart) return [{ kind: "lines", lines: run.items }];
    const records = likeliest(readingsOf(run.items.map(endingAtSemicolons).join("\n"), separator));
    const found = untitledColumns(records.map(({ cells }) => cells), run.items.some((line) => line.includes("\t")));
    if (!found) return [{ kind: "cells", records }];
    const { decision, titles } = found;
    const body = titles ? records.slice(1) : records;
    return [...(titles ? [{ kind: "out", reason: "header" } as const] : []), { kind: "table", records: body, decision }];
  });
}

/** Items in their order, in runs of those that are apart and those that are not. */
function runs<T>(items: T[], isApart: (item: T) => boolean): { apart: boolean; items: T[] }[] {
  const found: { apart: boolean; items: T[] }[] = [];
  for (const item of items) {
    const apart = isApart(item);
    const last = found.at(-1);
    if (last?.apart === apart) last.items.push(item);
    else found.push({ apart, items: [item] });
  }
  return found;
}

/** `Ann, ann@example.com; Bob, bob@example.com`: where each part has its address, a semicolon ends a record. */
function endingAtSemicolons(line: string): string {
  const parts = line.split(";").filter((part) => part.trim());
  const ends = parts.length > 1 && !line.includes('"') && parts.every((part) => part.split("@").length === 2);
  return ends ? parts.join("\n") : line;
}

function fromTable({ cells }: TextRecord, { email, name, family }: Columns): InviteRow[] {
  const cell = (column: number | undefined) => (column === undefined ? "" : (cells[column] ?? ""));
  const text = [cell(name), cell(family)].filter(Boolean).join(" ");
  return marks(cell(email)) && nameOf(text) === "" ? [] : fromCells(cell(email), text);
}

/** Whether a cell has something, and nothing that is written: the line under a table's header. */
const marks = (cell: string) => cell !== "" && !/[\p{L}\p{N}@]/u.test(cell);

/** The column in which the addresses are, if the lines have more than one cell. */
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

/** A line that speaks for itself: its address, and the text beside it if there is only one. */
function fromCellsInAnyOrder(cells: string[], column: number | undefined): InviteRow[] {
  const [at, another] = addressCells(cells);
  const email = at ?? (cells.length > 1 ? column : undefined);
  if (email === undefined || another !== undefined) {
    const rows = cells.flatMap(fromPiece);
    return rows.length > 0 ? rows : fromLine(cells.join(" "));
  }
  const texts = cells.filter((cell, index) => index !== email && /\p{L}/u.test(cell));
  return fromCells(cells[email] ?? "", texts.length === 1 ? (texts[0] ?? "") : "");
}
