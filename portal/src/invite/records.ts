/** Lines as cells. */
import Papa from "papaparse";
import { isAddress } from "./recipients";

export interface TextRecord {
  readonly cells: string[];
  /** The line, or the lines, as they stand in the text. */
  readonly raw: string;
}

const DELIMITERS = ["\t", ";", ",", "|"];

/** The records of a text under each delimiter that may be meant. */
export const readingsOf = (text: string, delimiter?: string): TextRecord[][] =>
  (delimiter === undefined ? DELIMITERS : [delimiter]).map((delimiter) => recordsOf(text, delimiter));

function recordsOf(text: string, delimiter: string): TextRecord[] {
  const read = (quoteChar: string) => {
    const records: TextRecord[] = [];
    let start = 0;
    let faulty = false;
    Papa.parse<string[]>(text, {
      delimiter, quoteChar, newline: "\n",
      step: ({ data, errors, meta }) => {
        faulty ||= errors.some(({ type }) => type === "Quotes");
        records.push({ cells: data.map((cell) => cell.trim()), raw: text.slice(start, meta.cursor).trim() });
        start = meta.cursor;
      },
    });
    return { records, faulty };
  };
  const strict = read('"');
  // A quote that does not end would take all that follows into its cell.
  const { records } = strict.faulty ? read("\0") : strict;
  return records.filter(({ cells }) => cells.some(Boolean));
}

/** The reading in which most addresses have a cell to themselves. */
export function likeliest(readings: TextRecord[][]): TextRecord[] {
  const alone = (records: TextRecord[]) => records.flatMap(({ cells }) => cells.filter(isAddress)).length;
  return readings.reduce((best, next) => (alone(next) > alone(best) ? next : best));
}
