import fc from "fast-check";
import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import type { InviteRow } from "../api";
import { parseAddresses } from "./parse";

const ANN = { email: "ann@example.com", name: "Ann Doe" };
const BOB = { email: "bob@example.com", name: "Bob Roe" };
const ann = { email: ANN.email };
const bob = { email: BOB.email };

describe("what people paste", () => {
  it.each<[what: string, text: string, rows: InviteRow[]]>([
    ["nothing", "", []],
    ["blanks", " \n\t\n , ; \n", []],
    ["one address", "ann@example.com", [ann]],
    ["lines", "ann@example.com\nbob@example.com\n", [ann, bob]],
    ["Windows' lines", "ann@example.com\r\n\r\nbob@example.com\r\n", [ann, bob]],
    ["commas", "ann@example.com, bob@example.com,", [ann, bob]],
    ["semicolons", "ann@example.com;bob@example.com;", [ann, bob]],
    ["tabs", "ann@example.com\tbob@example.com", [ann, bob]],
    ["spaces", "ann@example.com bob@example.com", [ann, bob]],
    ["commas and semicolons", "ann@example.com, bob@example.com; ann@example.com", [ann, bob, ann]],
    ["a semicolon in one line of many", "ann@example.com;bob@example.com\nann@example.com", [ann, bob, ann]],
    ["a recipient", "Ann Doe <ann@example.com>", [ANN]],
    ["recipients", "Ann Doe <ann@example.com>, Bob Roe <bob@example.com>", [ANN, BOB]],
    ["recipients in lines", "Ann Doe <ann@example.com>,\nBob Roe <bob@example.com>", [ANN, BOB]],
    ["recipients with and without names", "ann@example.com, Bob Roe <bob@example.com>", [ann, BOB]],
    ["brackets only", "<ann@example.com>; <bob@example.com>", [ann, bob]],
    ["a quoted name", '"Doe, Ann" <ann@example.com>, "Bob Roe" <bob@example.com>', [{ ...ANN, name: "Doe, Ann" }, BOB]],
    ["quotes in a quoted name", String.raw`"Ann \"A\" Doe" <ann@example.com>`, [{ ...ANN, name: 'Ann "A" Doe' }]],
    ["Outlook's names", "Doe, Ann <ann@example.com>; Roe, Bob <bob@example.com>", [{ ...ANN, name: "Doe, Ann" }, { ...BOB, name: "Roe, Bob" }]],
    ["commas in names and between them", "Doe, Ann <ann@example.com>, Roe, Bob <bob@example.com>", [{ ...ANN, name: "Doe, Ann" }, { ...BOB, name: "Roe, Bob" }]],
    ["an address for a name", "'ann@example.com' <ann@example.com>; \"bob@example.com\" <bob@example.com>", [ann, bob]],
    ["recipients in quoted cells", '"Doe, Ann <ann@example.com>"\n"Roe, Bob <bob@example.com>"', [{ ...ANN, name: "Doe, Ann" }, { ...BOB, name: "Roe, Bob" }]],
    ["a name after the brackets", "<ann@example.com>\tAnn Doe", [ANN]],
    ["a link", "mailto:ann@example.com?subject=Hello", [ann]],
    ["a link in brackets", "Ann Doe <mailto:ann@example.com>", [ANN]],
    ["quoted addresses", "'ann@example.com', \"bob@example.com\"", [ann, bob]],
    ["a name before an address", "Ann Doe ann@example.com\nBob Roe bob@example.com", [ANN, BOB]],
    ["a name after an address", "ann@example.com (Ann Doe)", [ANN]],
    ["a full stop", "ann@example.com.", [ann]],
    ["what can't be seen", "\ufeff\u00a0ann@exam\u200bple.com\u00a0\nbob@example.com\u200f", [ann, bob]],
    ["name, address", "Ann Doe,ann@example.com\nBob Roe,bob@example.com", [ANN, BOB]],
    ["address, name", "ann@example.com\tAnn Doe\nbob@example.com\tBob Roe", [ANN, BOB]],
    ["name, address and semicolons in a line", "Ann Doe, ann@example.com; Bob Roe, bob@example.com", [ANN, BOB]],
    ["a comma in a name, with semicolons", "Doe, Ann;ann@example.com", [{ ...ANN, name: "Doe, Ann" }]],
    ["first, last, address", "Ann,Doe,ann@example.com\nBob,Roe,bob@example.com", [ANN, BOB]],
    ["a column of numbers", "1\tAnn Doe\tann@example.com\n2\tBob Roe\tbob@example.com", [ANN, BOB]],
    ["more columns than a name has", "Ann\tDoe\tann@example.com\tSales", [ann]],
    ["a header", "Name;E-Mail\nAnn Doe;ann@example.com\nBob Roe;bob@example.com", [ANN, BOB]],
    ["a header of one column", "Email address\nann@example.com\nbob@example.com", [ann, bob]],
    ["a header alone", "email,name", []],
    ["a header before recipients", "Name,Email\nAnn Doe,<ann@example.com>", [ANN]],
    ["first and last name", "Last name,First name,Department,Mail\nDoe,Ann,Sales,ann@example.com", [ANN]],
    ["the columns of an address book", "Given Name,Family Name,Address,E-mail 1 - Label,E-mail 1 - Value\nAnn,Doe,1 High St,Work,ann@example.com", [ANN]],
    ["several addresses in a cell", 'name,email\nAnn Doe,"ann@example.com; bob@example.com"', [ann, bob]],
    ["a line break in a cell", 'email,name\nann@example.com,"Ann\nDoe"', [ANN]],
    ["a quote that does not end", '"Ann Doe,ann@example.com\nbob@example.com', [{ ...ANN, name: '"Ann Doe' }, bob]],
    ["lines of different forms", "email\tname\nann@example.com\tAnn Doe\nBob Roe <bob@example.com>\nann@example.com", [ANN, BOB, ann]],
    ["no address", "ann at example.com", [{ email: "ann at example.com" }]],
    ["an address in pieces", "ann @ example.com", [{ email: "ann @ example.com" }]],
    ["no addresses between addresses", "ann@example.com, bob, bob@example.com", [ann, { email: "bob" }, bob]],
    ["no addresses at all", "ann; bob", [{ email: "ann" }, { email: "bob" }]],
    ["no address in its column", "name,email\nAnn Doe,ann at example.com", [{ email: "ann at example.com", name: "Ann Doe" }]],
    ["no address in its column, without a header", "Bob Roe\tbob@example.com\nAnn Doe\tann at example.com", [BOB, { email: "ann at example.com", name: "Ann Doe" }]],
    ["a name without an address", "Bob Roe\tbob@example.com\nAnn Doe\t", [BOB, { email: "", name: "Ann Doe" }]],
  ])("%s", (_, text, rows) => expect(parseAddresses(text)).toEqual(rows));
});

describe("any list, in any form", () => {
  const word = fc.stringMatching(/^[A-Za-zÀ-ÖØ-öø-ÿĀ-ž]{1,8}([-'’][A-Za-zà-öø-ÿ]{1,6})?$/);
  const names = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(" "));
  const email = fc.stringMatching(/^[a-z0-9]([a-z0-9.+_'-]{0,10}[a-z0-9])?@[a-z0-9]{1,8}(\.[a-z]{2,5}){1,2}$/);
  const rowsOf = (name: fc.Arbitrary<string>) => fc.array(fc.record({ email, name: fc.option(name, { nil: undefined }) }), { minLength: 1, maxLength: 30 });
  const expected = (rows: { email: string; name: string | undefined }[]) =>
    rows.map(({ email, name }) => (name === undefined ? { email } : { email, name }));
  /** What a clipboard adds without being asked. */
  const noise = fc.record({ before: fc.constantFrom("", "\ufeff", "\n", "\u00a0"), after: fc.constantFrom("", "\n", "\r\n", "\u200b", " "), windows: fc.boolean() });
  const pasted = (text: string, { before, after, windows }: { before: string; after: string; windows: boolean }) =>
    before + (windows ? text.replaceAll("\n", "\r\n") : text) + after;

  it("addresses", () => {
    const separator = fc.constantFrom("\n", ", ", ",", "; ", ";", " ", "\t", ",\n", ";\n");
    const around = fc.constantFrom<(email: string) => string>(
      (email) => email, (email) => `<${email}>`, (email) => `mailto:${email}`, (email) => `<mailto:${email}>`, (email) => `"${email}"`,
    );
    fc.assert(fc.property(fc.array(email, { minLength: 1, maxLength: 30 }), separator, around, noise, (emails, between, print, noise) => {
      expect(parseAddresses(pasted(emails.map(print).join(between), noise))).toEqual(emails.map((email) => ({ email })));
    }));
  });

  it("recipients", () => {
    const separator = fc.constantFrom("\n", ", ", "; ", ",\n", ";\n");
    fc.assert(fc.property(rowsOf(names), separator, noise, (rows, between, noise) => {
      const text = rows.map(({ email, name }) => (name ? `${name} <${email}>` : `<${email}>`)).join(between);
      expect(parseAddresses(pasted(text, noise))).toEqual(expected(rows));
    }));
  });

  it("recipients with commas in their names, quoted or parted as Outlook does", () => {
    const lastFirst = fc.tuple(word, word).map((name) => name.join(", "));
    fc.assert(fc.property(rowsOf(lastFirst), fc.boolean(), noise, (rows, quoted, noise) => {
      const print = (name: string) => (quoted ? `"${name}"` : name);
      const text = rows.map(({ email, name }) => (name ? `${print(name)} <${email}>` : email)).join(quoted ? ", " : "; ");
      // Without a bracket, there is nothing that makes it a list of recipients: it is one all the same.
      expect(parseAddresses(pasted(text, noise))).toEqual(expected(rows));
    }));
  });

  it("tables", () => {
    const name = fc.tuple(names, fc.constantFrom("", ", Dr", "; PhD", ' "Al" Ix')).map((parts) => parts.join(""));
    const form = fc.record({
      delimiter: fc.constantFrom(",", ";", "\t"), header: fc.boolean(), quotes: fc.boolean(), emailFirst: fc.boolean(),
      title: fc.constantFrom("email", "E-mail", "Email Address", "MAIL", "Address"),
    });
    fc.assert(fc.property(rowsOf(name), form, noise, (rows, { delimiter, header, quotes, emailFirst, title }, noise) => {
      const order = (email: string, name: string) => (emailFirst ? [email, name] : [name, email]);
      const records = [...(header ? [order(title, "Name")] : []), ...rows.map(({ email, name }) => order(email, name ?? ""))];
      const text = Papa.unparse(records, { delimiter, quotes, newline: "\n" });
      expect(parseAddresses(pasted(text, noise))).toEqual(expected(rows));
    }));
  });

  it("loses no text", () => {
    const piece = fc.oneof(email, word, fc.constantFrom(",", ";", "\t", "\n", " ", "<", ">", '"', "@", "mailto:"));
    fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join("");
      const kept = JSON.stringify(parseAddresses(text));
      for (const [address] of text.matchAll(/(?<![^\s])[a-z0-9]+@[a-z0-9]+\.[a-z]{2,5}(?![^\s])/g)) expect(kept).toContain(address);
    }));
  });
});
