import { expect, it } from "vitest";
import { readingsOf, samplesOf } from "./file";

const blob = (...bytes: number[]) => new Blob([new Uint8Array(bytes)]);
const textsOf = async (file: Blob) => (await readingsOf(file)).map(({ text }) => text);
const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const wide = (text: string) => ascii(text).flatMap((code) => [code, 0]);

it.each<[what: string, bytes: number[], text: string]>([
  ["UTF-8", [0xc3, 0x89, 0x61], "Éa"],
  ["UTF-8 with a byte order mark", [0xef, 0xbb, 0xbf, 0xc3, 0x89], "É"],
  ["UTF-16 as “Unicode Text” of a spreadsheet", [0xff, 0xfe, ...wide("a@b.de\t"), 0x41, 0x01], "a@b.de\tŁ"],
  ["UTF-16, the high byte first", [0xfe, 0xff, 0x01, 0x41], "Ł"],
  ["UTF-16 without a mark", wide("ann@example.com"), "ann@example.com"],
  ["Windows-1252", [0xc9, 0x6c, 0x6f, 0xfc], "Éloü"],
  ["Windows-1252 with an apostrophe", [...ascii("O"), 0x92, ...ascii("Brien")], "O’Brien"],
  ["Windows-1250", [0xa3, ...ascii("ukasz "), 0xaf, ...ascii("aba")], "Łukasz Żaba"],
  ["Windows-1251", [0xa8, 0xeb, 0xea, 0xe0], "Ёлка"],
  ["Windows-1253", [0xcc, 0xe1, 0xf1, 0xdf, 0xe1], "Μαρία"],
  ["KOI8-R", [0xe1, 0xce, 0xce, 0xc1], "Анна"],
  ["Mac Roman", [...ascii("Jos"), 0x8e, ...ascii(" M"), 0x9f, ...ascii("ller")], "José Müller"],
  ["Shift-JIS", [0x8e, 0x52, 0x93, 0x63, 0x91, 0xbe, 0x98, 0x59], "山田太郎"],
])("a file in %s is read", async (_, bytes, text) => expect(await textsOf(blob(...bytes))).toEqual([text]));

it.each<[what: string, bytes: number[], text: string]>([
  ["Hebrew", [0xe3, 0xe5, 0xe3], "דוד"],
  ["Cyrillic", [0xc8, 0xe2, 0xe0, 0xed], "Иван"],
])("%s that could be another script is not chosen silently", async (_, bytes, text) => {
  const found = await textsOf(blob(...bytes));
  expect(found).toContain(text);
  expect(found.length).toBeGreaterThan(1);
});

it("the samples show the words that differ, not the header", async () => {
  const title = [
    ...ascii("Keresztn"),
    0xe9,
    ...ascii("v;Vezet"),
    0xe9,
    ...ascii("kn"),
    0xe9,
    ...ascii("v;E-mail c"),
    0xed,
    ...ascii("m\n"),
  ];
  const readings = await readingsOf(
    blob(...title, ...ascii("Gy"), 0xf5, ...ascii("z"), 0xf5, ...ascii(";Kov"), 0xe1, ...ascii("cs;gyozo@ex.com")),
  );
  expect(samplesOf(readings)).toEqual(["Gyõzõ", "Győző"]);
});

it("the samples tell all readings apart, even if only one word differs", () => {
  const [first, second, third] = ["É È Ê Ë Ø", "Ł Ń Ś Ź Ø", "Ł Ń Ś Ź Ż"].map((text) => ({ name: "", text }));
  expect(samplesOf([first!, second!, third!])).toEqual(["É, È, Ê, Ø", "Ł, Ń, Ś, Ø", "Ł, Ń, Ś, Ż"]);
});

it("a reading with a damaged letter is not offered if another reading has none", async () => {
  expect(await textsOf(blob(0xc7, 0xb3, 0xed, 0xe0))).toEqual(["Зіна"]);
});

it("Unicode with a damaged letter is read if no other reading is likely", async () => {
  expect(await textsOf(blob(...ascii("J"), 0xc3, 0xb6, ...ascii("rg,"), 0xe4))).toEqual(["Jörg,\ufffd"]);
});

it("a word processor's format is not a text", async () => {
  expect(await readingsOf(new Blob(["{\\rtf1\\ansi Ann Doe <ann@example.com>}"]))).toEqual([]);
});

it("all likely readings are offered, with the names that differ", async () => {
  const readings = await readingsOf(blob(...ascii("name,email\nDvo"), 0xf8, ...ascii("ak,d@example.com")));
  expect(samplesOf(readings)).toEqual(["Dvoøak", "Dvořak"]);
});

it("if no reading is likely, all are offered", async () => {
  expect(await textsOf(blob(0xa9, 0x41))).toEqual(["©A", "╘A", "ｩA"]);
});

it("a spreadsheet's own format is not a text", async () => {
  expect(await textsOf(blob(0x50, 0x4b, 3, 4, 0, 0, 0, 0x40, 0xff))).toEqual([]);
});
