import { expect, it } from "vitest";
import type { SendOutcome } from "../api";
import { doubtAbout, doubtOf } from "./doubt";
import { commonTypos, suggestionFor, usualDomains, withoutTypos } from "./suggestion";

it.each<[typed: string, meant: string | undefined]>([
  ["o’brien@example.com", "o'brien@example.com"],
  ["o´brien@example.com", "o'brien@example.com"],
  ["ann@gmial.com", "ann@gmail.com"],
  ["ann@gmai.com", "ann@gmail.com"],
  ["ann@gmaill.com", "ann@gmail.com"],
  ["Ann@Hotmali.com", "Ann@hotmail.com"],
  ["ann@gmail.con", "ann@gmail.com"],
  ["jon@example.con", "jon@example.com"],
  ["kim@acme.c0m", "kim@acme.com"],
  ["ann@gmail.com", undefined],
  ["ann@GMAIL.com", undefined],
  ["ann@mail.com", undefined],
  ["ann@example.com", undefined],
  ["ann@ne.com", undefined],
  ["peter@acme,example", "peter@acme.example"],
  ["peter@acme .example", "peter@acme.example"],
  ["peter@acme. example", "peter@acme.example"],
  ["kim@@acme.example", "kim@acme.example"],
  ["lena@acme..example", "lena@acme.example"],
  ["lena..low@acme.example", "lena.low@acme.example"],
  ["no address", undefined],
  // The API would refuse what these seem to mean.
  ["bzwei@@acme", undefined],
  ["o’brien@acme", undefined],
  ["josé’s@example.com", undefined],
  ["ann..@@acme.example", undefined],
  ["ann@-acme,example", undefined],
  ["ann@bücher.con", "ann@bücher.com"],
])("%s may mean %s", (typed, meant) => expect(suggestionFor(typed)).toBe(meant));

it.each<[typed: string, usual: string, meant: string | undefined]>([
  ["ann@gmial.com", "gmial.com", "ann@gmail.com"],
  ["ann@gmal.com", "gmial.com", "ann@gmail.com"],
  ["ann@yahoo.ie", "yahoo.ie", undefined],
  ["ann@acne.example", "acne.example", undefined],
  ["ann@acne.example", "acme.example", "ann@acme.example"],
])("%s, beside a usual %s, may mean %s", (typed, usual, meant) => expect(suggestionFor(typed, [usual])).toBe(meant));

it.each<[typed: string, email: string, meant: string | undefined]>([
  ["foo bar@example.com", "bar@example.com", "foo.bar@example.com"],
  ["Foo bar@example.com", "bar@example.com", "foo.bar@example.com"],
  ["foo baz bar@example.com", "bar@example.com", undefined],
  ["bar@example.com foo", "bar@example.com", undefined],
])("%s is to be looked at again", (typed, email, meant) =>
  expect(doubtOf({ email, typed }, [])).toEqual({ note: `The list says “${typed}”.`, meant }),
);

it.each<[outcome: SendOutcome, isDoubted: boolean, hasDoubtfulHost: boolean]>([
  ["invited", true, true],
  ["already_pending", true, false],
  ["already_accepted", true, false],
  ["duplicate", true, false],
  ["opted_out", false, false],
])("%s: whoever else may be meant is to be looked at again", (outcome, isDoubted, hasDoubtfulHost) => {
  const verdict = { email: "", outcome };
  const typed = { email: "bar@example.com", typed: "foo bar@example.com", verdict };
  expect(doubtAbout(typed, []) !== undefined).toBe(isDoubted);
  expect(doubtAbout({ email: "jo@gmial.com", verdict }, []) !== undefined).toBe(hasDoubtfulHost);
});

it.each([
  ["c0m", true],
  ["n3t", true],
  ["com", false],
  ["xn--p1ai", false],
])("a top-level domain %s may be mistyped: %s", (ending, isDoubted) => {
  const note = "The part after the @ may be mistyped.";
  expect(doubtOf({ email: `kim@acme.${ending}` }, [])?.note).toBe(isDoubted ? note : undefined);
});

it("a host that may be mistyped is to be looked at again", () => {
  expect(doubtOf({ email: "jo@gmial.com" }, [])).toMatchObject({ meant: "jo@gmail.com" });
  expect(doubtOf({ email: "jo@gmail.com" }, [])).toBeUndefined();
});

const many = (count: number, domain: string) =>
  Array.from({ length: count }, (_, index) => ({ email: `p${index}@${domain}` }));
it.each<[what: string, rows: { email: string }[], email: string, meant: string | undefined]>([
  ["swapped letters", many(5, "acme.example"), "p9@acme.exmaple", "p9@acme.example"],
  ["a lost letter", many(5, "ACME.example"), "p9@acme.exampl", "p9@acme.example"],
  ["a domain of its own", many(5, "acme.example"), "p9@globex.example", undefined],
  ["too few others", many(2, "acme.example"), "p9@acme.exmaple", undefined],
  [
    "a similar domain that is usual, too",
    [...many(5, "north.example"), ...many(5, "norths.example")],
    "p9@norths.example",
    undefined,
  ],
  [
    "a small part of a long list",
    [...many(3, "acme.example"), ...many(40, "globex.example")],
    "p9@acme.exmaple",
    undefined,
  ],
])("in a list, a domain with %s", (_, rows, email, meant) => {
  expect(suggestionFor(email, usualDomains([...rows, { email }]))).toBe(meant);
});

it("a row whose name is not clear is to be looked at again", () => {
  const row = { email: "ann@example.com", beside: ["Ann Doe", "Sales"] };
  expect(doubtOf(row, [])).toMatchObject({ names: row.beside });
});

it("a domain that is mistyped in more than one row is corrected in all of them at once", () => {
  const rows = [
    ["a@acme.exmaple", "a@acme.example"],
    ["o’b@acme.example", "o'b@acme.example"],
    ["b@gmial.com", "b@gmail.com"],
    ["C@ACME.exmaple", "C@acme.example"],
    ["d@hotmial.com", "d@hotmail.com"],
    ["e@gmial.com", "e@gmail.com"],
    ["f@gmial.com", "f@gmail.com"],
    ["g@acme.example", undefined],
    ["", "h@home.example"],
    ["", "i@home.example"],
  ] as const;
  expect(commonTypos(rows.map(([email, meant], id) => ({ id, email, meant })))).toEqual([
    {
      typed: "gmial.com",
      meant: "gmail.com",
      emails: new Map([
        [2, "b@gmail.com"],
        [5, "e@gmail.com"],
        [6, "f@gmail.com"],
      ]),
    },
    {
      typed: "acme.exmaple",
      meant: "acme.example",
      emails: new Map([
        [0, "a@acme.example"],
        [3, "C@acme.example"],
      ]),
    },
  ]);
});

it.each<[what: string, rows: { email: string }[], own: string | undefined, usual: string[]]>([
  ["a typo of several rows", [...many(10, "acme.example"), ...many(3, "acme.exmaple")], undefined, ["acme.example"]],
  ["a typo of the manager's domain", many(3, "acme.exmaple"), "acme.example", ["acme.example"]],
  [
    "two domains of many rows",
    [...many(10, "north.example"), ...many(4, "norths.example")],
    undefined,
    ["north.example", "norths.example"],
  ],
  ["a domain like the manager's", many(9, "north.example"), "norths.example", ["north.example", "norths.example"]],
])("of usual domains, %s is told", (_, rows, own, usual) => {
  const found = [...usualDomains(rows), ...(own ? [own] : [])];
  expect(withoutTypos(found, rows, own)).toEqual(usual);
});
