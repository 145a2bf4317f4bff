/** Files that people choose or drop. */

/** Far more than 1,000 rows need; more is some other file. */
export const LARGEST_FILE = 2 * 1024 * 1024;

/** A file's text: UTF-8, or what spreadsheets on Windows write otherwise. */
export async function readText(file: Blob): Promise<string> {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
