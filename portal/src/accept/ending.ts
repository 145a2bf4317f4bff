/** The final result of a link. */

import { batch, signal } from "@preact/signals";
import type { Accepted, Preview } from "../api";
import { dropToken, token } from "./token";

/** The final result of a link, once there is one. */
export type Ending = { accepted: Accepted; preview: Preview; isLateNo?: boolean } | { code: string };
export const ending = signal<Ending | null>(null);

/** Shows the final result of a link, and drops its token. */
export function end(link: string, how: Ending) {
  // The person may have opened another link while the request ran.
  if (token.value !== link) return;
  batch(() => {
    ending.value = how;
    dropToken();
  });
}
