/** The result as a CSV file. */

/**
 * A spreadsheet may run a cell that begins with one of these as a formula. Where a comma is the decimal separator, Excel begins
 * a cell at each semicolon, quoted or not.
 */
const FORMULA = /((?:^|;)"*)(?=[=+\-@＝＋－＠\t\r])/g;

/** Excel recognises UTF-8 only with a byte order mark. */
export function csvOf(records: string[][]): string {
  return `\ufeff${records.map((cells) => cells.map(cellOf).join(",")).join("\r\n")}`;
}

function cellOf(text: string): string {
  const safe = text.replace(FORMULA, "$1'");
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function download(text: string, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  // The browser reads the URL after the click. A minute is plenty.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
