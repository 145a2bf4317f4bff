import { expect, it } from "vitest";
import { suggestionFor } from "./suggestion";

it.each<[typed: string, meant: string | undefined]>([
  ["o’brien@example.com", "o'brien@example.com"],
  ["o´brien@example.com", "o'brien@example.com"],
  ["ann@gmial.com", "ann@gmail.com"],
  ["ann@gmai.com", "ann@gmail.com"],
  ["ann@gmaill.com", "ann@gmail.com"],
  ["Ann@Hotmali.com", "Ann@hotmail.com"],
  ["ann@gmail.con", "ann@gmail.com"],
  ["jon@example.con", "jon@example.com"],
  ["ann@gmail.com", undefined],
  ["ann@GMAIL.com", undefined],
  ["ann@mail.com", undefined],
  ["ann@example.com", undefined],
  ["ann@ne.com", undefined],
  ["no address", undefined],
])("%s may mean %s", (typed, meant) => expect(suggestionFor(typed)).toBe(meant));
