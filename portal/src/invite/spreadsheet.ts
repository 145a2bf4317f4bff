/**
 * Reads spreadsheets (`.xlsx`, ECMA-376). Loaded when somebody chooses one.
 *
 * Invariant: a file is unpacked within limits only, and every row that is not hidden is in a sheet's text.
 */
import { strFromU8, type Unzipped, unzipSync } from "fflate";
import { Parser } from "saxen";

export interface Sheet {
  readonly name: string;
  /** Its rows, with a tab between cells, as a spreadsheet program copies them. */
  readonly text: string;
  /** The number of rows that a filter or a person has hidden. They are not read. */
  readonly hidden: number;
  /** The number of cells with a formula whose result is not stored. They are read as empty. */
  readonly unsolved?: number;
}

/** `other`: a file of another program. `rows`, `size`: more than a list can have. */
export type Refusal = "xls" | "password" | "other" | "broken" | "rows" | "size";

export class Unreadable extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal);
  }
}

/** A file of 2 MiB unpacks to some 20 MiB. */
const MOST_UNPACKED = 48 * 1024 * 1024;
const MOST_ROWS = 10_000;
const MOST_TEXT = 2 * 1024 * 1024;

/** The visible sheets that are not empty, or only because results are not stored. A refusal is an `Unreadable`. */
export function sheetsOf(file: Uint8Array): Sheet[] {
  try {
    return isPackage(file) ? sheetsIn(file) : refuse(isEncrypted(file) ? "password" : "xls");
  } catch (error) {
    return refuse(error instanceof Unreadable ? error.refusal : "broken");
  }
}

function refuse(refusal: Refusal): never {
  throw new Unreadable(refusal);
}

const isPackage = ([first, second]: Uint8Array) => first === 0x50 && second === 0x4b;

/** Old Office files write the names of their parts in UTF-16. */
const isEncrypted = (file: Uint8Array) => new TextDecoder("utf-16le").decode(file).includes("EncryptedPackage");

function sheetsIn(file: Uint8Array): Sheet[] {
  const parts = unzipped(file);
  const main = relations(parts, "").find(({ type }) => type.endsWith("/officeDocument"))?.target;
  if (!main?.endsWith(".xml")) return refuse("other");
  const related = relations(parts, main);
  const strings = related.find(({ type }) => type.endsWith("/sharedStrings"))?.target;
  const shared = strings ? sharedStrings(xmlOf(parts, strings)) : [];
  const sheets: Sheet[] = [];
  read(xmlOf(parts, main), {
    open(name, attributes, decode) {
      if (name !== "sheet") return;
      const { name: title = "", state = "visible", ...others } = attributes();
      const id = Object.entries(others).find(([key]) => key.endsWith(":id"))?.[1];
      const sheet = related.find((relation) => relation.id === id && relation.type.endsWith("/worksheet"));
      if (sheet && state === "visible")
        sheets.push({ name: decode(title), ...contentsOf(xmlOf(parts, sheet.target), shared) });
    },
  });
  return sheets.filter(({ text, unsolved }) => text || unsolved);
}

/** The XML parts of a file. Their sizes are checked before they are unpacked, and none grows beyond its size. */
function unzipped(file: Uint8Array): Unzipped {
  let size = 0;
  return unzipSync(file, {
    filter: ({ name, originalSize }) => {
      if (!/\.(xml|rels)$/.test(name) || /^xl\/(?:media|drawings|charts|pivot)/.test(name)) return false;
      size += originalSize;
      return size <= MOST_UNPACKED || refuse("size");
    },
  });
}

function xmlOf(parts: Unzipped, name: string): string {
  return strFromU8(parts[name] ?? refuse("broken"));
}

/** The parts to which a part refers, by absolute names. The package itself has an empty name. */
function relations(parts: Unzipped, part: string): { id: string; type: string; target: string }[] {
  const folder = part.slice(0, part.lastIndexOf("/") + 1);
  const name = `${folder}_rels/${part.slice(folder.length)}.rels`;
  if (!parts[name]) return [];
  const found: { id: string; type: string; target: string }[] = [];
  read(xmlOf(parts, name), {
    open(tag, attributes) {
      if (tag !== "Relationship") return;
      const { Id: id = "", Type: type = "", Target: target = "" } = attributes();
      found.push({ id, type, target: decodeURI(new URL(target, `file:///${folder}`).pathname.slice(1)) });
    },
  });
  return found;
}

interface Listener {
  open?: (name: string, attributes: () => Record<string, string>, decode: (text: string) => string) => void;
  close?: (name: string) => void;
  text?: (text: string) => void;
}

/** Reads an XML document. Names come without their prefixes. */
function read(xml: string, { open, close, text }: Listener) {
  const plain = (name: string) => name.slice(name.indexOf(":") + 1);
  const parser = new Parser().on("error", () => refuse("broken"));
  if (open) parser.on("openTag", (name, attributes, decode) => open(plain(name), attributes, decode));
  if (close) parser.on("closeTag", (name) => close(plain(name)));
  if (text) parser.on("text", (found, decode) => text(decode(found))).on("cdata", text);
  parser.parse(xml);
}

/** The texts of cells, which sheets refer to by their index. Text over a word says how it is read aloud, and is left out. */
function sharedStrings(xml: string): string[] {
  const found: string[] = [];
  let item = "";
  let depth = 0;
  let phonetic = false;
  read(xml, {
    open(name) {
      if (name === "si") item = "";
      else if (name === "t") depth += 1;
      else if (name === "rPh") phonetic = true;
    },
    close(name) {
      if (name === "si") found.push(unescaped(item));
      else if (name === "t") depth -= 1;
      else if (name === "rPh") phonetic = false;
    },
    text(text) {
      if (depth > 0 && !phonetic) item += text;
    },
  });
  return found;
}

/** `_x000D_` stands for a character that XML cannot hold. */
const unescaped = (text: string) =>
  text.replace(/_x([\dA-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

function contentsOf(xml: string, shared: string[]): Omit<Sheet, "name"> {
  const rows: Map<number, string>[] = [];
  const columns = new Set<number>();
  let hidden = 0;
  let unsolved = 0;
  let row: Map<number, string> | undefined;
  let isHidden = false;
  let column = -1;
  let type = "";
  let value = "";
  let inside = false;
  let isFormula = false;
  read(xml, {
    open(name, attributes) {
      if (name === "row") {
        row = new Map();
        isHidden = /^(?:1|true)$/.test(attributes().hidden ?? "");
        column = -1;
      } else if (name === "c") {
        const { r = "", t = "" } = attributes();
        column = r ? columnOf(r) : column + 1;
        type = t;
        value = "";
        isFormula = false;
      } else if (name === "f") isFormula = true;
      else if (name === "v" || name === "t") inside = true;
    },
    close(name) {
      if (name === "v" || name === "t") inside = false;
      else if (name === "c") {
        const text = type === "s" ? (shared[Number(value)] ?? refuse("broken")) : unescaped(value);
        if (text.trim()) row?.set(column, text);
        // A result that is an empty text has the type of a text.
        else if (isFormula && !type && !isHidden) unsolved += 1;
      } else if (name === "row" && row && row.size > 0) {
        if (isHidden) hidden += 1;
        else {
          rows.push(row);
          for (const filled of row.keys()) columns.add(filled);
        }
        if (rows.length > MOST_ROWS) refuse("rows");
        if (rows.length * columns.size > MOST_TEXT) refuse("size");
      }
    },
    text(text) {
      if (inside) value += text;
    },
  });
  const order = [...columns].sort((a, b) => a - b);
  const text = rows.map((row) => order.map((column) => cellOf(row.get(column) ?? "")).join("\t")).join("\n");
  if (text.length > MOST_TEXT) refuse("size");
  return { text, hidden, ...(unsolved > 0 && { unsolved }) };
}

/** `AB12` is in column 27. */
const columnOf = (place: string) =>
  [...place.replace(/\d+$/, "")].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;

/** A line break in a cell separates addresses. */
function cellOf(text: string): string {
  const line = text
    .trim()
    .replace(/\s*\n\s*/g, text.includes("@") ? "; " : " ")
    .replace(/\s/g, " ");
  return line.includes('"') ? `"${line.replaceAll('"', '""')}"` : line;
}
