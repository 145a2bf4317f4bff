/** Why a row of a list should be looked at again before it is sent. */
import type { SendOutcome, SendResult } from "../api";
import { isAsked, type Known } from "../seats/words";
import { session } from "../session";
import { keyOfAddress } from "./draft";
import type { Recipient } from "./recipients";
import { notOnePersons } from "./shared";
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

/** `conflict`: whose the address may be as well, or what to decide after an earlier invite or email. */
type Doubtful = Recipient & { readonly conflict?: string | undefined; readonly earlierInvite?: Known | undefined };

/** The doubt about a checked row. */
export const doubtAbout = (
  { verdict, ...row }: Doubtful & { verdict?: SendResult | undefined },
  usual: readonly string[],
) =>
  verdict?.outcome === "invited" || ((row.typed || row.conflict) && verdict && MAY_BE_ANOTHER.has(verdict.outcome))
    ? doubtOf(row, usual)
    : undefined;

/** Whoever said no or was removed. */
const LEFT = new Set(["declined", "cancelled", "released"]);

/** Whether to ask before somebody is invited again, whom a list only contains: they left, and ask for nothing. */
const isUnexpected = ({ earlierInvite, wanted }: Doubtful) =>
  !wanted && earlierInvite !== undefined && LEFT.has(earlierInvite.status) && !isAsked(earlierInvite);

/** `usual`: the list's usual domains. */
export function doubtOf(row: Doubtful, usual: readonly string[]): Doubt | undefined {
  const { email, name, typed, beside, conflict, isLong } = row;
  if (typed !== undefined) {
    const [first = "", second, ...more] = typed.split(" ");
    const joined = second === email && more.length === 0 ? `${first.toLowerCase()}.${email}` : undefined;
    return { note: `The list says “${typed}”.`, meant: joined };
  }
  const wrong = mistyped(email, usual);
  if (wrong) return { note: ["The part after the @ may be mistyped.", conflict].filter(Boolean).join(" "), ...wrong };
  const own = session.value?.email;
  const which = beside && beside.length > 1 ? "which text is the name" : "if the text beside the address is a name";
  const notes = [
    conflict,
    own && keyOfAddress({ email: own }) === keyOfAddress(row) ? "This is your own address." : notOnePersons(email),
    isLong && `The list’s name is longer than a name can be. ${name ? "This is its beginning." : ""}`.trim(),
    beside && `The list does not say ${which}.`,
  ].filter(Boolean);
  if (notes.length === 0 && !isUnexpected(row)) return undefined;
  return { note: notes.join(" "), meant: undefined, ...(beside && { names: beside }) };
}
