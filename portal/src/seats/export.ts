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
  ) {}

  /** Calls `onProgress` after each page; `false` stops the work. Returns whether the file is complete. */
  async run(onProgress: (rows: number) => boolean): Promise<boolean> {
    do {
      const page = await exportSeats(this.deal, this.status, this.#next);
      // Only the first page has the column names. No cell contains a line break.
      this.rows += page.text.split("\r\n").length - (this.text === "" ? 2 : 1);
      this.text += page.text;
      this.#next = page.next;
      if (!onProgress(this.rows) && this.#next) return false;
    } while (this.#next);
    return true;
  }
}

/** `seats-evening-courses-pending-2026-11-27.csv`: files of several deals and days lie in one folder. */
export function fileName({ id, name }: Pick<Deal, "id" | "name">, status: Filter | undefined, now: number): string {
  const words =
    name
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu)
      ?.join("-") ?? id;
  // File systems limit names to 255 bytes, and a letter takes up to four.
  const short = [...words].slice(0, 50).join("");
  const day = new Date(now).toISOString().slice(0, 10);
  return `${["seats", short, status, day].filter(Boolean).join("-")}.csv`;
}
