import fc from "fast-check";
import Papa from "papaparse";
import { expect, it } from "vitest";
import { csvOf } from "./result-file";

const cell = fc.oneof(
  fc.string(),
  fc
    .tuple(
      fc.constantFrom("=", "+", "-", "@", "\t", "\r", " =", '"='),
      fc.string({ unit: fc.constantFrom("a", "1", "\n", "\r", '"', ",", "'") }),
    )
    .map((parts) => parts.join("")),
);
const records = fc.array(fc.tuple(cell, cell, cell), { minLength: 1 });
const read = (text: string) => Papa.parse<string[]>(text.slice(1), { delimiter: ",", newline: "\r\n" }).data;

it("no cell begins like a formula", () => {
  fc.assert(
    fc.property(records, (records) => {
      for (const text of read(csvOf(records)).flat()) expect(text).not.toMatch(/^[=+\-@\t\r]/);
    }),
  );
});

it("every cell is read back, a formula with an apostrophe in front", () => {
  fc.assert(
    fc.property(records, (records) => {
      expect(read(csvOf(records))).toEqual(
        records.map((cells) => cells.map((text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text))),
      );
    }),
  );
});

it("begins with a byte order mark", () => expect(csvOf([["a"]])).toBe("\ufeffa"));
