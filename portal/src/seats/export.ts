/** The CSV file of a list. */
import { exportSeats, type Filter } from "../api";

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
