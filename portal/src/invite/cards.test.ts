import { expect, it } from "vitest";
import { readList } from "./parse";

const ANN = { email: "ann.doe@example.com", name: "Ann Doe" };
const BOB = { email: "bob.roe@example.com", name: "Bob Roe" };
const cards = [
  ["Ann Doe", "Head of Sales", "Acme Ltd", "+44 20 7946 0000", ANN.email],
  ["Bob Roe", "Tel: +44 20 7946 0001", `E-Mail: ${BOB.email}`, "www.acme.example"],
].map((lines) => lines.join("\n"));

it.each([
  ["name first", `Ann Doe\n${ANN.email}\nBob Roe\n${BOB.email}`],
  ["address first", `${ANN.email}\nAnn Doe\n${BOB.email}\nBob Roe`],
  ["blank lines between", `Ann Doe\n${ANN.email}\n\nRoe, Bob\n${BOB.email}`],
  ["brackets and labels", `Name: Ann Doe\nEmail: ${ANN.email}\nBob Roe\n<${BOB.email}>`],
  ["contact cards", cards.join("\n\n")],
  ["contact cards without lines between", cards.map((card) => card.replace("Acme Ltd\n", "")).join("\n")],
  [
    "labels of columns",
    `Nom: Ann Doe\nE-Mail: ${ANN.email}\nAbteilung: IT\n\nFirst name: Bob\nLast name: Roe\nMail: ${BOB.email}`,
  ],
  ["slashes", `Ann Doe / ${ANN.email}\nRoe, Bob / ${BOB.email}`],
  ["signatures", `Kind regards,\nAnn Doe\nHead of Sales | Acme\nE: ${ANN.email}\n\nThanks!\nBob Roe\n${BOB.email}`],
])("a name on the line before its address is its name: %s", (_, text) =>
  expect(readList(text)).toMatchObject({ rows: [ANN, BOB] }),
);

it("the other lines of a card are left out by name", () =>
  expect(readList(cards[0]!)).toEqual({
    rows: [ANN],
    leftOut: [
      { reason: "nobody", text: "Head of Sales" },
      { reason: "nobody", text: "Acme Ltd" },
      { reason: "marks", text: "+44 20 7946 0000" },
    ],
  }));

it("cards of an address book are read, with the work address", () => {
  const cards = [
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann Doe\r\nEMAIL;TYPE=HOME:ann@home.example\r\nEMAIL;TYPE=INTERNET,WORK:ann.doe@example.com\r\nEND:VCARD",
    "BEGIN:VCARD\nVERSION:4.0\nFN:Bob Roe\nitem1.EMAIL:bob.roe@example.com\nTEL:+44 1\nEND:VCARD",
  ];
  expect(readList(cards.join("\r\n"))).toEqual({
    rows: [ANN, BOB],
    leftOut: [
      { reason: "nobody", text: "VERSION:3.0" },
      { reason: "unchosen", text: "EMAIL;TYPE=HOME:ann@home.example" },
      { reason: "nobody", text: "VERSION:4.0" },
      { reason: "nobody", text: "TEL:+44 1" },
    ],
  });
});

it.each([
  ["a name that is like no address near it", `Cat Low\nBob Roe\n${ANN.email}`, ["Cat Low", "Bob Roe", ANN.email]],
  ["another name alone", `Bob Roe\n${ANN.email}`, ["Bob Roe", ANN.email]],
  ["two names with a comma", `Ann,Bob\n${ANN.email}`, ["Ann", "Bob", ANN.email]],
  ["a name behind a card", `Ann Doe\n${ANN.email}\nCat Low`, ["Cat Low", ANN.email]],
  ["a name after a blank line", `Ann Doe\n${ANN.email}\n\nZoe`, ["Zoe", ANN.email]],
  ["an address without a name", `Ann Doe\n${ANN.email}\nyou\n${BOB.email}`, ["you", ANN.email, BOB.email]],
  ["a word between cards", `Ann Doe\n${ANN.email}\nZoe\nBob Roe\n${BOB.email}`, ["Zoe", ANN.email, BOB.email]],
  ["a broken address", `Ann Doe\nClerk\n${ANN.email}\ndan at example.com`, ["dan at example.com", ANN.email]],
  ["a sentence", `Please add Ann Doe\n${ANN.email}\nThanks, all`, [ANN.email]],
])("whoever else may be meant is kept: %s", (_, text, emails) => {
  const list = readList(text);
  expect("rows" in list && list.rows.map(({ email }) => email)).toEqual(expect.arrayContaining(emails));
});

it("a signature over several blocks is one person", () =>
  expect(
    readList(`Mit freundlichen Grüßen\n\nAnn Doe\nLeiterin\n\nACME GmbH\n12345 Berlin\n${ANN.email}\nwww.acme.example`),
  ).toMatchObject({ rows: expect.arrayContaining([ANN]) }));

it("texts that are like no address are asked about", () =>
  expect(readList(`Berlin Mitte\n${ANN.email}\nMarketing Team West\n${BOB.email}`)).not.toHaveProperty("rows[0].name"));

it.each([
  ["in lines", "Lee, Ann a9@example.com\nRoe, Bob b7@example.com", [undefined, undefined]],
  ["of two words", "van der Berg, Ann a9@example.com\nLópez Gil, Bob b7@example.com", [undefined, undefined]],
  ["in one line", "Lee, Ann a9@example.com", ["Lee, Ann a9@example.com"]],
])("a family name before a comma is no person of its own: %s", (_, text, typed) => {
  const list = readList(text);
  expect("rows" in list && list.rows.map((row) => row.typed)).toEqual(typed);
  expect("rows" in list && list.rows[0]).toMatchObject({
    email: "a9@example.com",
    name: text.startsWith("van") ? "Ann van der Berg" : "Ann Lee",
  });
});

it("a full name before a comma is a person", () =>
  expect(readList("Ann Doe, Bob bob@example.com")).toMatchObject({
    rows: [{ email: "Ann Doe" }, { email: "bob@example.com", name: "Bob" }],
  }));

it("a long list is read quickly", () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `${index % 9 ? "" : "Ann Doe\n"}p${index}@example.com`);
  const from = performance.now();
  expect(readList(lines.join("\n"))).toMatchObject({ rows: expect.anything() });
  expect(performance.now() - from).toBeLessThan(10_000);
});
