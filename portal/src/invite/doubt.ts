/** Why a row of a list should be looked at again before it is sent. */
import type { SendOutcome, SendResult } from "../api";
import type { Recipient } from "./recipients";
import { mistyped } from "./suggestion";

/** Why somebody should look at a valid address again, and what may be meant. */
export interface Doubt {
  readonly note: string;
  readonly meant: string | undefined;
  /** The texts of which one may be the person's name. */
  readonly names?: readonly string[];
}

/** Whose the address is, or who may be meant instead, is a doubt even if it needs no invite. */
const MAY_BE_ANOTHER = new Set<SendOutcome>(["already_pending", "already_accepted", "duplicate"]);

/** `conflict`: whose the address may be as well, or that an email to it bounced. */
type Doubtful = Recipient & { readonly conflict?: string | undefined };

/** The doubt about a checked row. */
export const doubtAbout = (
  { verdict, ...row }: Doubtful & { verdict?: SendResult | undefined },
  usual: readonly string[],
) =>
  verdict?.outcome === "invited" || ((row.typed || row.conflict) && verdict && MAY_BE_ANOTHER.has(verdict.outcome))
    ? doubtOf(row, usual)
    : undefined;

/** `usual`: the list's usual domains. */
export function doubtOf({ email, typed, beside, conflict }: Doubtful, usual: readonly string[]): Doubt | undefined {
  if (typed === undefined) {
    const wrong = mistyped(email, usual);
    if (wrong) return { note: "The part after the @ may be mistyped.", ...wrong };
    const meant = undefined;
    if (conflict) return { note: conflict, meant };
    const which = beside && beside.length > 1 ? "which text is the name" : "if the text beside the address is a name";
    return beside && { note: `The list does not say ${which}.`, meant, names: beside };
  }
  const [first = "", second, ...more] = typed.split(" ");
  const joined = second === email && more.length === 0 ? `${first.toLowerCase()}.${email}` : undefined;
  return { note: `The list says “${typed}”.`, meant: joined };
}
