/** Files that people choose or drop. */

/** More than 10,000 rows need: a larger file is not a list. */
export const LARGEST_FILE = 2 * 1024 * 1024;

/** A file's text, decoded with one possible encoding. */
export interface Reading {
  readonly name: string;
  readonly text: string;
}

/** Encodings of spreadsheets that do not write Unicode. All browsers can decode them. */
const LEGACY = [
  ["windows-1252", "Western European"],
  ["windows-1250", "Central European"],
  ["windows-1251", "Cyrillic"],
  ["koi8-r", "Cyrillic, KOI8-R"],
  ["windows-1253", "Greek"],
  ["windows-1255", "Hebrew"],
  ["macintosh", "Western European, from an old Mac"],
  ["shift_jis", "Japanese"],
] as const;

/** A word processor's format is text, but its commands are not names. */
const RICH_TEXT = "{\\rtf";

/** The first bytes of a zip, such as `.xlsx`, and of Office files with a password or from before 2007. */
const SPREADSHEETS = [
  [0x50, 0x4b, 0x03, 0x04],
  [0xd0, 0xcf, 0x11, 0xe0],
];
export async function isSpreadsheet(file: Blob): Promise<boolean> {
  const bytes = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  return SPREADSHEETS.some((start) => start.every((byte, index) => bytes[index] === byte));
}

/** The possible readings of a file. Of several, a person has to choose. None means that the file is not a text. */
export async function readingsOf(file: Blob): Promise<Reading[]> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (decoded(bytes.slice(0, RICH_TEXT.length), "ascii") === RICH_TEXT) return [];
  const unicode = decoded(bytes, markOf(bytes) ?? "utf-8");
  if (unicode !== undefined && !unicode.includes("\0")) return [{ name: "Unicode", text: unicode }];
  if (bytes.includes(0)) {
    // Without a byte order mark, only the right byte order yields addresses.
    const wide = ["utf-16le", "utf-16be"].map((encoding) => decoded(bytes, encoding));
    return wide
      .filter((text) => text?.includes("@") && !text.includes("\0"))
      .map((text = "") => ({ name: "Unicode", text }));
  }
  const legacy = LEGACY.flatMap(([encoding, name]) => {
    const text = decoded(bytes, encoding);
    return text === undefined ? [] : [{ name, text }];
  });
  const unlike = legacy.filter(({ text }, index) => legacy.findIndex((other) => other.text === text) === index);
  const likely = unlike.filter(({ text }) => isLikely(text));
  if (likely.length > 0) return likely;
  const damaged = new TextDecoder().decode(bytes);
  // Multi-byte letters hardly ever appear by chance, so all but a few bytes are Unicode.
  return /[^\0-\x7f\ufffd]/.test(damaged) ? [{ name: "Unicode, with damaged letters", text: damaged }] : unlike;
}

/** The encoding that a byte order mark names. */
function markOf([first, second]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : undefined;
}

function decoded(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const foreign = (text: string) => /[^\0-\x7f]/.test(text);

/** A few words for each reading that differ between the readings, so that a person can tell which one is right. */
export function samplesOf(readings: Reading[]): string[] {
  // All readings have these separators in the same places.
  const words = readings.map(({ text }) => text.split(/[\n\r,;\t" ]+/).map((word) => word.slice(0, 40)));
  let samples = readings.map((): string[] => []);
  for (const index of words[0]?.keys() ?? []) {
    const shown = words.map((word) => word[index] ?? "");
    if (shown.every((word) => word === shown[0])) continue;
    const longer = samples.map((sample, reading) => [...new Set([...sample, shown[reading] ?? ""])]);
    if (distinct(longer) > distinct(samples) || samples.every((sample) => sample.length < SAMPLES)) samples = longer;
  }
  return samples.map((sample) => sample.join(", "));
}

const SAMPLES = 3;
const distinct = (samples: string[][]) => new Set(samples.map((sample) => sample.join())).size;

/** Whether each word is plausible. `£ukasz`, `JosÈ` and the half Cyrillic `Јukasz` are not. */
function isLikely(text: string): boolean {
  const words = text
    .split(/[\s\0-&(-,./:-@[-`{-~]+/)
    .map((word) => word.replace(/^[‘’“”„«»–—…•]+|[‘’“”„«»–—…•]+$/g, ""));
  return words.filter(foreign).every((word) => {
    if (/[^\p{L}\p{M}\p{N}'’–-]|ƒ|^\p{M}/u.test(word) || word.normalize("NFKC") !== word.normalize("NFC")) return false;
    const letters = word.replace(/[^\p{L}]/gu, "");
    const scripts = [
      /\p{Script=Latin}/u,
      /\p{Script=Cyrillic}/u,
      /\p{Script=Greek}/u,
      /\p{Script=Hebrew}/u,
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u,
    ].filter((script) => script.test(letters));
    const bareLatin = letters.length > 1 && /^\p{Script=Latin}+$/u.test(letters) && !/[A-Za-z]/.test(letters);
    const risen = /\p{Ll}/u.test(word) && /\p{L}(?![A-Z])\p{Lu}|(?![a-z])\p{Ll}[A-Z]/u.test(word);
    return scripts.length < 2 && !bareLatin && !risen;
  });
}
