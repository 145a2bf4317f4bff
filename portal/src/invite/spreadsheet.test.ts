import { strToU8, type Zippable, zipSync } from "fflate";
import { expect, it } from "vitest";
import { readList } from "./parse";
import { sheetsOf, Unreadable } from "./spreadsheet";

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const relations = (all: [id: string, type: string, target: string][]) =>
  `${XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${all
    .map(([id, type, target]) => `<Relationship Id="${id}" Type="${TYPES}/${type}" Target="${target}"/>`)
    .join("")}</Relationships>`;
const sheet = (rows: string) => `${XML}<worksheet ${MAIN}><sheetData>${rows}</sheetData></worksheet>`;
const inline = (place: string, text: string) => `<c r="${place}" t="inlineStr"><is><t>${text}</t></is></c>`;

/** A workbook. Each sheet has a name, its rows in XML, and attributes of its own. */
function workbook(sheets: [name: string, rows: string, more?: string][], more: Record<string, string> = {}) {
  const parts: Record<string, string> = {
    "[Content_Types].xml": `${XML}<Types/>`,
    "_rels/.rels": relations([["rId1", "officeDocument", "xl/workbook.xml"]]),
    "xl/workbook.xml": `${XML}<workbook ${MAIN} xmlns:r="${TYPES}"><sheets>${sheets
      .map(
        ([name, , more = ""], index) => `<sheet name="${name}" sheetId="${index + 1}" r:id="rId${index + 1}" ${more}/>`,
      )
      .join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": relations([
      ...sheets.map((_, index): [string, string, string] => [
        `rId${index + 1}`,
        "worksheet",
        `worksheets/sheet${index + 1}.xml`,
      ]),
      ["rId99", "sharedStrings", "/xl/sharedStrings.xml"],
    ]),
    "xl/sharedStrings.xml": `${XML}<sst ${MAIN}/>`,
    ...Object.fromEntries(sheets.map(([, rows], index) => [`xl/worksheets/sheet${index + 1}.xml`, sheet(rows)])),
    ...more,
  };
  return zipSync(Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, strToU8(text)])) as Zippable);
}

const PEOPLE = `<row r="1">${inline("A1", "Name")}${inline("B1", "Email")}</row><row r="2">${inline("A2", "Ann Doe")}${inline("B2", "ann@example.com")}</row>`;
const refusal = (file: Uint8Array) => {
  try {
    return sheetsOf(file);
  } catch (error) {
    return error instanceof Unreadable ? error.refusal : error;
  }
};

it("a sheet is read as its rows would be pasted", () => {
  const [only, another] = sheetsOf(workbook([["People", PEOPLE]]));
  expect(another).toBeUndefined();
  expect(only).toEqual({ name: "People", text: "Name\tEmail\nAnn Doe\tann@example.com", hidden: 0 });
  expect(readList(only!.text)).toMatchObject({ rows: [{ email: "ann@example.com", name: "Ann Doe" }] });
});

it.each<[what: string, cells: string, text: string, strings?: string]>([
  [
    "shared strings in runs, without how they are read aloud",
    '<c r="A1" t="s"><v>1</v></c>',
    "山田 &",
    '<si><t>x</t></si><si><r><t>山田</t></r><r><t xml:space="preserve"> &amp;</t></r><rPh sb="0" eb="2"><t>ヤマダ</t></rPh></si>',
  ],
  [
    "a number and a formula's text",
    '<c r="A1"><v>42</v></c><c r="B1" t="str"><f>A1&amp;"x"</f><v>ann@example.com</v></c>',
    "42\tann@example.com",
  ],
  ["cells without a place", '<c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c>', "a\tb"],
  ["columns far apart", inline("A1", "a") + inline("XFD1", "b"), "a\tb"],
  [
    "a line break, a tab and quotes",
    inline("A1", "a@example.com\n b@example.com") + inline("B1", "a\tb") + inline("C1", 'Ann "Al" Doe'),
    'a@example.com; b@example.com\ta b\t"Ann ""Al"" Doe"',
  ],
  ["an escaped character", inline("A1", "Ann_x000D_\nDoe"), "Ann Doe"],
  ["CDATA", inline("A1", "<![CDATA[a&b]]>"), "a&b"],
  ["an error", '<c r="A1" t="e"><v>#N/A</v></c>', "#N/A"],
])("%s", (_, cells, text, strings = "") => {
  const more = { "xl/sharedStrings.xml": `${XML}<sst ${MAIN}>${strings}</sst>` };
  expect(sheetsOf(workbook([["S", `<row r="1">${cells}</row>`]], more))[0]?.text).toBe(text);
});

it("prefixed names are read, too", () => {
  const prefixed = sheet(PEOPLE)
    .replace("xmlns=", "xmlns:x=")
    .replace(/<(\/?)(worksheet|sheetData|row|c|is|t)\b/g, "<$1x:$2");
  expect(sheetsOf(workbook([["S", ""]], { "xl/worksheets/sheet1.xml": prefixed }))[0]?.text).toBe(
    "Name\tEmail\nAnn Doe\tann@example.com",
  );
});

it("hidden rows are counted and not read; hidden and empty sheets are not offered", () => {
  const filtered = `${PEOPLE}<row r="3" hidden="1">${inline("B3", "max@example.com")}</row><row r="4" hidden="1"/>`;
  const file = workbook([
    ["People", filtered],
    ["Old", PEOPLE, 'state="hidden"'],
    ["Empty", '<row r="1"><c r="A1" s="1"/></row>'],
    ["R&amp;D", PEOPLE],
  ]);
  expect(sheetsOf(file).map(({ name, text, hidden }) => [name, text.split("\n").length, hidden])).toEqual([
    ["People", 2, 1],
    ["R&D", 2, 0],
  ]);
});

const text = (text: string) => strToU8(text);
const utf16 = (text: string) => new Uint8Array([...text].flatMap((letter) => [letter.charCodeAt(0), 0]));
const old = (part: string) => new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ...utf16(part)]);
const rows = (count: number) =>
  Array.from({ length: count }, (_, row) => `<row>${inline("", `a${row}`)}</row>`).join("");

it.each<[what: string, file: Uint8Array, refusal: string]>([
  ["an old Excel file", old("Workbook"), "xls"],
  ["a file with a password", old("EncryptedPackage"), "password"],
  [
    "an OpenDocument file",
    zipSync({ mimetype: text("application/vnd.oasis.opendocument.spreadsheet"), "content.xml": text("<x/>") }),
    "other",
  ],
  [
    "a binary workbook",
    workbook([], { "_rels/.rels": relations([["rId1", "officeDocument", "xl/workbook.bin"]]) }),
    "other",
  ],
  ["a file that was cut off", workbook([["S", PEOPLE]]).slice(0, 300), "broken"],
  [
    "a sheet that is missing",
    workbook([["S", PEOPLE]], { "xl/_rels/workbook.xml.rels": relations([["rId1", "worksheet", "none.xml"]]) }),
    "broken",
  ],
  [
    "XML that does not end",
    workbook([["S", PEOPLE]], { "xl/worksheets/sheet1.xml": sheet(PEOPLE).slice(0, 200) }),
    "broken",
  ],
  ["a string that is missing", workbook([["S", '<row><c t="s"><v>7</v></c></row>']]), "broken"],
  ["more rows than a list can have", workbook([["S", rows(10_001)]]), "rows"],
  ["a file that unpacks to far more", workbook([["S", `${PEOPLE}<!--${" ".repeat(49 * 1024 * 1024)}-->`]]), "size"],
  [
    "more cells than a list can have",
    workbook([
      [
        "S",
        Array.from(
          { length: 2000 },
          (_, row) =>
            `<row>${inline(`${String.fromCharCode(65 + (row % 26))}${String.fromCharCode(65 + (Math.floor(row / 26) % 26))}${String.fromCharCode(65 + (row % 20))}1`, "x")}</row>`,
        ).join(""),
      ],
    ]),
    "size",
  ],
])("%s is refused", (_, file, reason) => expect(refusal(file)).toBe(reason), 60_000);

it("a size that is stated too small does not let a part grow", () => {
  const file = workbook([["S", `${PEOPLE}<!--${" ".repeat(1_000_000)}-->`]]);
  const view = new DataView(file.buffer);
  // The entry of the sheet in the directory at the end of the file.
  let entry = file.length - 22;
  while (view.getUint32(entry, true) !== 0x02014b50) entry -= 1;
  view.setUint32(entry + 24, 500, true);
  expect(refusal(file)).toBe("broken");
});

it("formulas whose results are not stored are counted, and not those whose result is empty", () => {
  const cells = '<c r="A1"><f>B1</f></c><c r="B1"><f>C1</f></c><c r="C1" t="str"><f>D1</f><v></v></c>';
  const rows = (cells: string) => `<row r="1">${cells}</row>`;
  expect(sheetsOf(workbook([["People", rows(cells)]]))).toEqual([{ name: "People", text: "", hidden: 0, unsolved: 2 }]);
  expect(sheetsOf(workbook([["People", rows(cells + inline("E1", "ann@example.com"))]]))).toMatchObject([
    { text: "ann@example.com", unsolved: 2 },
  ]);
});
