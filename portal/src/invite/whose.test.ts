import { expect, it } from "vitest";
import { areAlike } from "./likeness";
import { conflictsIn, fullestFirst } from "./whose";

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

it.each<[what: string, names: string[], first: number]>([
  ["the one with a name", ["", "Ann Doe"], 1],
  ["the longer name", ["Ann", "Ann Doe", "A"], 1],
  ["the first of equals", ["Ann Doe", "Bob Roe"], 0],
  ["the first of two people", ["Ann Doe", "Peter Longname", "Ann Mary Doe"], 2],
])("of several rows with the same address, %s is invited", (_, names, first) => {
  const rows = names.map((name, id) => ({ id, email: id % 2 ? "ANN@example.com" : "ann@example.com", name }));
  const other = { id: 9, email: "bob@example.com", name: "" };
  expect(fullestFirst([other, ...rows].reverse())[0]?.id).toBe(first);
});

it("other rows keep the order in which they were pasted", () => {
  const rows = ["ann", "bob", "cat"].map((name, id) => ({ id, email: `${name}@example.com`, name: "" }));
  expect(fullestFirst(rows.toReversed()).map(({ id }) => id)).toEqual([0, 1, 2]);
});
