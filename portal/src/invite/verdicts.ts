/** The predicted and actual outcome of a row, in words. */
import type { Filter, SendOutcome, SendResult } from "../api";
import {
  type DealState,
  isAsked,
  isOptedOut,
  isRemoved,
  isUndelivered,
  type Known,
  noteOf,
  optedOutOrSpam,
  placeOf,
} from "../seats/words";
import { dateTime } from "../time";
import { counted, number, people } from "../ui/seat-numbers";
import type { Doubt } from "./doubt";
import type { LeftOut, Reason } from "./parse";

export interface Words {
  /** The style of the label. */
  tone: "accepted" | "skipped" | "expired" | "failed";
  label: string;
  note: string;
}

const TONES: Record<SendOutcome, Words["tone"]> = {
  invited: "accepted",
  already_pending: "skipped",
  already_accepted: "skipped",
  duplicate: "skipped",
  opted_out: "skipped",
  invalid_email: "failed",
  too_soon: "expired",
  unavailable: "failed",
};

const PREDICTED: Record<SendOutcome, string> = {
  invited: "Will be invited",
  already_pending: "Already pending",
  already_accepted: "Already accepted",
  duplicate: "Duplicate",
  opted_out: "Stopped invites",
  invalid_email: "Not an address",
  too_soon: "Too soon",
  unavailable: "Not checked",
};

const SENT: Record<SendOutcome, string> = { ...PREDICTED, invited: "Invited", unavailable: "Not sent" };

const NOTES: Partial<Record<SendOutcome, string>> = {
  already_pending: "No second email is sent. To send one, resend the invite on the Deal seats page.",
  already_accepted: "This person has a seat.",
  duplicate: "This address is in the list more than once. Only one invite is sent.",
  opted_out: optedOutOrSpam(),
};

function words(
  labels: Record<SendOutcome, string>,
  { outcome, detail, retryAt }: SendResult,
  note = detail ?? NOTES[outcome],
): Words {
  const notes = [note, retryAt && `You can send this invite from ${dateTime(retryAt)}.`];
  return { tone: TONES[outcome], label: labels[outcome], note: notes.filter(Boolean).join(" ") };
}

/** Whether a text is more than one address, and not one with a doubled `@`. */
export const isSeveral = (email: string) => email.split(/@+/).length > 2;

/** The outcome that a check predicts. */
export function predicted(result: SendResult): Words {
  const { outcome, email } = result;
  if (outcome === "invalid_email" && email === "")
    return { tone: "failed", label: "No address", note: "Enter this person’s address." };
  // These say more than the API's details do.
  if (outcome === "opted_out") return words(PREDICTED, result, NOTES[outcome]);
  return outcome === "invalid_email" && isSeveral(email)
    ? words(PREDICTED, result, "This is more than one address. Keep only the one to invite.")
    : words(PREDICTED, result);
}

/** The same for a row that may be wrong, which somebody can correct. */
export function doubted({ note, names, isAgain }: Doubt, { outcome }: SendResult): Words {
  const unless = names
    ? " without a name, unless you choose one"
    : isAgain
      ? " again, unless you remove this row"
      : ", unless you correct it";
  const what = `${PREDICTED[outcome]}${outcome === "invited" ? unless : ""}.`;
  return { tone: "expired", label: "Look again", note: `${note} ${what}`.trim() };
}

/** What a check found about a row. */
interface Checked {
  verdict?: SendResult | undefined;
  earlierInvite?: Known | undefined;
}

/** The same for somebody who stopped invites and has one here. What `pastOf` says of it is more than a note of this. */
function stopped(invite: Known): Words {
  const { label } = placeOf(invite, CHECKED);
  const isThere = invite.status === "pending" || invite.status === "accepted";
  return { tone: TONES.opted_out, label: isThere ? `Already ${label.toLowerCase()}` : label, note: "" };
}

/** What the check list says of a row, once it is checked. */
export function forecast(
  { verdict, conflict, earlierInvite }: Checked & { conflict?: string | undefined },
  doubt: Doubt | undefined,
): Words | undefined {
  if (!verdict || doubt) return verdict && doubt && doubted(doubt, verdict);
  const words = earlierInvite && verdict.outcome === "opted_out" ? stopped(earlierInvite) : predicted(verdict);
  return conflict ? { ...words, note: `${conflict} ${words.note}`.trim() } : words;
}

/** The outcome of sending. Here, advice is more useful than the API's detail. */
export const sentOutcome = (result: SendResult) => words(SENT, result, NOTES[result.outcome] ?? result.detail);

/** The deal of a check: nobody is told of free seats. */
const CHECKED: DealState = { available: 0, active: true };

/** Where an address's earlier invite stands, and the list of the Deal seats page that has it. */
export function pastOf(invite: Known): { note: string; list: Filter } {
  const place = placeOf(invite, CHECKED);
  if (isAsked(invite)) return { note: `${place.label}. ${noteOf(place)}`, list: "asked" };
  if (isUndelivered(invite)) return { note: noteOf(place), list: "undelivered" };
  if (isOptedOut(invite) && !isRemoved(invite)) return { note: noteOf(place), list: invite.status as Filter };
  return { note: place.sentence, list: invite.status === "declined" ? "declined" : "removed" };
}

/** What the check list says of a row that is not sent, as one note. */
export function leftOutAs(row: Checked & { conflict?: string | undefined }): Words | undefined {
  const words = forecast(row, undefined);
  const notes = [words?.note, row.earlierInvite && pastOf(row.earlierInvite).note];
  return words && { ...words, note: notes.filter(Boolean).join(" ") };
}

const is = (count: number) => (count === 1 ? "is" : "are");

/** The parts of a summary, in its order: `38 will be invited, 1 is not an address, 1 is already pending`. */
const SUMMED: [SendOutcome, (count: number) => string][] = [
  ["invited", (count) => `${number(count)} will be invited`],
  ["invalid_email", (count) => (count === 1 ? "1 is not an address" : `${number(count)} are not addresses`)],
  ["already_pending", (count) => `${number(count)} ${is(count)} already pending`],
  ["already_accepted", (count) => `${number(count)} ${count === 1 ? "has" : "have"} already accepted`],
  ["duplicate", (count) => counted(count, "is a duplicate", "are duplicates")],
  ["opted_out", (count) => `${people(count)} stopped invites`],
  ["too_soon", (count) => `${number(count)} can’t be sent yet`],
  ["unavailable", (count) => `${number(count)} could not be sent`],
];

export function summaryOf(results: SendResult[]): string {
  const counts = new Map<SendOutcome, number>();
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const parts = SUMMED.flatMap(([outcome, say]) => {
    const count = counts.get(outcome);
    return count ? [say(count)] : [];
  });
  return parts.join(", ");
}

/** Why lines are not in the list. */
const REASONS: Record<Reason, [one: string, many: string]> = {
  header: ["header line", "header lines"],
  title: ["title line", "title lines"],
  separator: ["separator line", "separator lines"],
  prose: ["title, footer or sentence with an address", "titles, footers or sentences with an address"],
  invalid: ["line without a valid address", "lines without a valid address"],
  others: [
    "address that is private, somebody else’s or in an email header",
    "addresses that are private, somebody else’s or in an email header",
  ],
  signature: ["signature line", "signature lines"],
  unchosen: ["address outside the address column", "addresses outside the address column"],
  nobody: ["line without an address", "lines without an address"],
  marks: ["line without letters", "lines without letters"],
};

export const reasonFor = (reason: Reason) => REASONS[reason][0];

/** `Left out: 1 header line, 2 lines without letters.`; empty if no line is. */
export function leftOutOf(leftOut: LeftOut[]): string {
  const parts = (Object.keys(REASONS) as Reason[]).flatMap((reason) => {
    const count = leftOut.filter((line) => line.reason === reason).length;
    return count > 0 ? [counted(count, ...REASONS[reason])] : [];
  });
  return parts.length > 0 ? `Left out: ${parts.join(", ")}.` : "";
}

/** Rows to correct come first, then rows to look at again, rows with an earlier invite, rows that are not sent, and rows that are. */
const RANKS: Partial<Record<SendOutcome, number>> = { invalid_email: 0, unavailable: 0, too_soon: 3, invited: 5 };
export const rank = ({ verdict, earlierInvite }: Checked, doubt: Doubt | undefined) =>
  !verdict ? 0 : doubt ? 1 : earlierInvite ? 2 : (RANKS[verdict.outcome] ?? 4);
