/** The result as a file for a spreadsheet. */

/** What a spreadsheet may take for a formula when a cell begins with it. */
const FORMULA = /^[=+\-@\t\r]/;

/** With a byte order mark, without which Excel takes UTF-8 for something else. */
export function csvOf(records: string[][]): string {
  return `\ufeff${records.map((cells) => cells.map(cellOf).join(",")).join("\r\n")}`;
}

function cellOf(text: string): string {
  const safe = text.replace(FORMULA, "'$&");
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function download(text: string, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  // The browser reads it after this; a minute is plenty.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
