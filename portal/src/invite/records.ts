/**
 * Splits lines into cells.
 *
 * Invariant: a quote never swallows lines. If it does not end at the end of a cell, or if its cell would contain lines with
 * addresses, it is an ordinary character.
 */
import { isRecipient } from "./recipients";

export interface TextRecord {
  readonly cells: string[];
  /** The record's text, unsplit. */
  readonly raw: string;
}

const DELIMITERS = ["\t", ";", ",", "|"];

/** The records of a text, for each possible delimiter. */
export const readingsOf = (text: string, delimiter?: string): TextRecord[][] =>
  (delimiter === undefined ? DELIMITERS : [delimiter]).map((delimiter) => recordsOf(text, delimiter));

function recordsOf(text: string, delimiter: string): TextRecord[] {
  const mark = delimiter.replace(/[^\p{L}\p{N}\t]/u, "\\$&");
  const quotedCell = new RegExp(`[^\\S\\n${mark}]*"([^"]*(?:""[^"]*)*)"[^\\S\\n${mark}]*(?=${mark}|\\n|$)`, "y");
  const plainCell = new RegExp(`[^\\n${mark}]*`, "y");
  const records: TextRecord[] = [];
  let cells: string[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    quotedCell.lastIndex = plainCell.lastIndex = at;
    const [quoted, inside = ""] = quotedCell.exec(text) ?? [];
    const swallows = inside.includes("\n") && inside.includes("@") && inside.includes(delimiter);
    const [plain = ""] = plainCell.exec(text) ?? [];
    const isQuoted = quoted !== undefined && !swallows;
    cells.push((isQuoted ? inside.replaceAll('""', '"') : plain).trim());
    at += (isQuoted ? quoted : plain).length;
    if (text[at] === delimiter) continue;
    records.push({ cells, raw: text.slice(start, at).trim() });
    cells = [];
    start = at + 1;
  }
  return records.filter(({ cells }) => cells.some(Boolean));
}

/** How many addresses have a cell of their own. */
const alone = (records: TextRecord[]) => records.flatMap(({ cells }) => cells.filter(isRecipient)).length;

/** The reading in which the most addresses have a cell of their own. */
export const likeliest = (readings: TextRecord[][]): TextRecord[] =>
  readings.reduce((best, next) => (alone(next) > alone(best) ? next : best));

/**
 * A line from another list has its own separator: without one of this list's, it is split by that. A line of several
 * addresses is a list by itself.
 */
export function inOwnCells(record: TextRecord): TextRecord {
  if (record.cells.length > 1 || record.raw.split("@").length !== 2 || alone([record]) > 0) return record;
  const [own, another] = likeliest(readingsOf(record.raw));
  return own && !another && alone([own]) > 0 ? own : record;
}
