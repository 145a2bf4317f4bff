import { expect, it } from "vitest";
import { isolated, Text } from "./text";

/** The text, with `|` where an address may break. */
const broken = (text: string) =>
  [Text({ children: text }).props.children]
    .flat()
    .map((part) => (typeof part === "string" ? part : "|"))
    .join("");

it("a date of the API is not broken within", () => {
  const text = "You can send this invite again from 3 November 2026, 14:05 UTC, not before 5 May.";
  expect(broken(text).split(" ").slice(7)).toEqual([
    "3\u00a0November\u00a02026,",
    "14:05\u00a0UTC,",
    "not",
    "before",
    "5",
    "May.",
  ]);
});

it.each([
  ["ann@example.com", "ann@|example.com"],
  ["Resend to ann.lee@harbourside.example, bob@x.io.", "Resend to ann.lee@|harbourside.example, bob@|x.io."],
  ["ann@postgraduate.harbourside.example", "ann@|postgraduate.|harbourside.|example"],
  ["w.featherstonehaugh.cholmondeley@x.io (gone)", "w.|featherstonehaugh.|cholmondeley@|x.io (gone)"],
  [
    "5 seats are free, at 14.30 in the.longest.building.of.all",
    "5 seats are free, at 14.30 in the.longest.building.of.all",
  ],
])("%s may break after the @, and a long part after its dots", (text, shown) => {
  expect(broken(text)).toBe(shown);
});

it.each([
  ["شركة الأمل, 23 November 2026", "[شركة الأمل], 23 November 2026"],
  ["Deal of חברה: 20 seats", "Deal of [חברה]: 20 seats"],
  ["שלום 5 בית: 20 seats, شركة", "[שלום 5 בית]: 20 seats, [شركة]"],
  ["Łódź & Ørsted, 5 seats", "Łódź & Ørsted, 5 seats"],
])("a name from right to left does not move what follows: %s", (text, shown) => {
  const marked = (text: string) => text.replace(/\u2068/g, "[").replace(/\u2069/g, "]");
  expect(marked(isolated(text))).toBe(shown);
  expect(marked(broken(text))).toBe(shown);
});
