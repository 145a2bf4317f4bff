import { expect, it } from "vitest";
import { areAlike, conflictsIn } from "./whose";

it.each([
  ["Ann Doe", "ann doe", true],
  ["Ann Doe", "Doe Ann", true],
  ["Ann Doe", "Ann", true],
  ["Ann Doe", "A. Doe", true],
  ["Ann Doe", "Dr. Anna Marie Doe", true],
  ["José Núñez", "Jose Nunez", true],
  ["Zoë Müller", "Zoe Mueller", true],
  ["Sean O’Brien", "Sean OBrien", true],
  ["Jan Søren", "Jan Soeren", true],
  ["山田 太郎", "山田太郎", true],
  ["Ann Doe", "Bob Roe", false],
  ["Ann Doe", "Bob Doe", false],
  ["Péter García López9", "Nuño García López150", false],
  ["Staff 1", "Staff 2", false],
])("%s and %s may be spellings of one name: %s", (one, another, alike) => {
  expect(areAlike(one, another)).toBe(alike);
  expect(areAlike(another, one)).toBe(alike);
});

it("a list has an address for two people, if the names are not alike", () => {
  const rows = [
    { email: "ann@example.com", name: "Ann Doe" },
    { email: "ann@example.com", name: "Ann" },
    { email: "bob@example.com" },
    { email: "info@example.com", name: "Bob Roe" },
    { email: "INFO@example.com", name: "Cat Poe" },
    { email: "info@example.com" },
    ...["Hal Ho", "Gus Hay"].map((name) => ({
      email: "",
      name,
      verdict: { email: "", outcome: "invalid_email" as const },
    })),
  ];
  expect([...conflictsIn(rows)]).toEqual([
    ["info@example.com", "The list has this address for Bob Roe and for Cat Poe."],
  ]);
});
