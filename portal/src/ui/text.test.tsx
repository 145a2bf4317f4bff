import { expect, it } from "vitest";
import { Text } from "./text";

/** The text, with `|` where an address may break. */
const broken = (text: string) =>
  [Text({ children: text }).props.children]
    .flat()
    .map((part) => (typeof part === "string" ? part : "|"))
    .join("");

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
