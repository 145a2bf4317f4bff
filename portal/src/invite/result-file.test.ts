import fc from "fast-check";
import Papa from "papaparse";
import { expect, it } from "vitest";
import { csvOf } from "./result-file";

const cell = fc.oneof(
  fc.string(),
  fc
    .tuple(
      fc.constantFrom("=", "+", "-", "@", "＝", "\t", "\r", " =", '"='),
      fc.string({ unit: fc.constantFrom("a", "=", ";", "\n", "\r", '"', ",") }),
    )
    .map((parts) => parts.join("")),
);
const records = fc.array(fc.tuple(cell, cell, cell), { minLength: 1 });
const read = (text: string) => Papa.parse<string[]>(text.slice(1), { delimiter: ",", newline: "\r\n" }).data;

it("no cell begins like a formula", () => {
  fc.assert(
    fc.property(records, (records) => {
      const texts = read(csvOf(records)).flat();
      for (const text of texts.flatMap((text) => text.split(";"))) expect(text).not.toMatch(/^"*[=+\-@＝＋－＠\t\r]/);
    }),
  );
});

it("every cell is read back, with an apostrophe before each formula", () => {
  expect(csvOf([["=1", "a;=1", 'a;"=1', "a; =1"]])).toBe(`\ufeff'=1,a;'=1,"a;""'=1",a; =1`);
  const bare = (records: string[][]) => records.map((cells) => cells.map((text) => text.replaceAll("'", "")));
  fc.assert(
    fc.property(records, (records) => {
      expect(bare(read(csvOf(records)))).toEqual(bare(records));
    }),
  );
});

it("begins with a byte order mark", () => expect(csvOf([["a"]])).toBe("\ufeffa"));
