/** The CSV file of a list. */
import { type Deal, exportSeats, type Filter } from "../api";

/**
 * Joins the pages of the file. It can be stopped between two pages, and continues after a failure with the page that is
 * missing. `text` is complete once `run` has returned true.
 */
export class Export {
  text = "";
  rows = 0;
  #next: string | undefined;

  constructor(
    readonly deal: string,
    readonly status: Filter | undefined,
    /** The invites of the file, by id; undefined for the whole list. */
    readonly only?: ReadonlySet<string>,
  ) {}

  /** Calls `onProgress` after each page; `false` stops the work. Returns whether the file is complete. */
  async run(onProgress: (rows: number) => boolean): Promise<boolean> {
    do {
      const page = await exportSeats(this.deal, this.status, this.#next);
      // Only the first page has the column names. No cell contains a line break.
      const lines = page.text.split("\r\n").slice(0, -1);
      const names = this.text === "" ? lines.splice(0, 1) : [];
      const rows = lines.filter((line) => this.only?.has(idOf(line)) ?? true);
      this.rows += rows.length;
      this.text += [...names, ...rows].map((line) => `${line}\r\n`).join("");
      this.#next = page.next;
      if (!onProgress(this.rows) && this.#next) return false;
    } while (this.#next);
    return true;
  }
}

/** The last cell of a line. One that begins like a formula has an apostrophe before it. */
const idOf = (line: string) => line.slice(line.lastIndexOf(",") + 1).replace("'", "");

/** `seats-evening-courses-pending-2026-11-27.csv`: files of several lists and days lie in one folder. */
export function fileName(
  { id, name }: Pick<Deal, "id" | "name">,
  { status, only }: Pick<Export, "status" | "only">,
  now: number,
): string {
  const words =
    name
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu)
      ?.join("-") ?? id;
  // File systems limit names to 255 bytes, and a letter takes up to four.
  const short = [...words].slice(0, 50).join("");
  const day = new Date(now).toISOString().slice(0, 10);
  return `${["seats", short, status, only && "search", day].filter(Boolean).join("-")}.csv`;
}
