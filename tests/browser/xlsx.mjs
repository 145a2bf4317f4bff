/** Excel workbooks, as small as a spreadsheet program would open them. */
import { strToU8, zipSync } from "fflate";

const TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const xml = (body) => strToU8(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`);
const relations = (all) =>
  xml(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${all
    .map(([id, type, target]) => `<Relationship Id="${id}" Type="${TYPES}/${type}" Target="${target}"/>`).join("")}</Relationships>`);
const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const row = (cells) => `<row>${cells.map((cell) => `<c t="inlineStr"><is><t>${plain(cell)}</t></is></c>`).join("")}</row>`;

/** A workbook of these sheets, each with a name and rows of cells, as a file to choose or drop. */
export function workbook(name, sheets) {
  const parts = {
    "_rels/.rels": relations([["r1", "officeDocument", "xl/workbook.xml"]]),
    "xl/workbook.xml": xml(`<workbook ${MAIN} xmlns:r="${TYPES}"><sheets>${Object.keys(sheets)
      .map((title, index) => `<sheet name="${plain(title)}" sheetId="${index + 1}" r:id="r${index + 1}"/>`).join("")}</sheets></workbook>`),
    "xl/_rels/workbook.xml.rels": relations(Object.keys(sheets).map((_, index) => [`r${index + 1}`, "worksheet", `worksheets/sheet${index + 1}.xml`])),
    ...Object.fromEntries(Object.values(sheets).map((rows, index) => [
      `xl/worksheets/sheet${index + 1}.xml`, xml(`<worksheet ${MAIN}><sheetData>${rows.map(row).join("")}</sheetData></worksheet>`),
    ])),
  };
  return { name, mimeType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", buffer: Buffer.from(zipSync(parts)) };
}
