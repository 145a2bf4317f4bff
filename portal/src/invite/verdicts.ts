/** The predicted and actual outcome of a row, in words. */
import type { SendOutcome, SendResult } from "../api";
import {
  adviceAgain,
  currentInvite,
  type DealState,
  isAsked,
  isCorrected,
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

const is = (count: number) => (count === 1 ? "is" : "are");

/** An outcome that a check predicts; `no_address`: the row has none. */
export type Kind = SendOutcome | "no_address";
export const kindOf = ({ outcome, email }: SendResult): Kind =>
  outcome === "invalid_email" && email === "" ? "no_address" : outcome;

/** What a row is called, and rows in a summary, in its order: `38 will be invited, 1 is not an address, 1 is already pending`. */
const KINDS: Record<Kind, [label: string, counted: (count: number) => string]> = {
  invited: ["Will be invited", (count) => `${number(count)} will be invited`],
  no_address: ["No address", (count) => `${number(count)} ${count === 1 ? "has" : "have"} no address`],
  invalid_email: [
    "Not an address",
    (count) => (count === 1 ? "1 is not an address" : `${number(count)} are not addresses`),
  ],
  already_pending: ["Already pending", (count) => `${number(count)} ${is(count)} already pending`],
  already_accepted: [
    "Already accepted",
    (count) => `${number(count)} ${count === 1 ? "has" : "have"} already accepted`,
  ],
  duplicate: ["Duplicate", (count) => counted(count, "is a duplicate", "are duplicates")],
  opted_out: ["Stopped invites", (count) => `${people(count)} stopped invites`],
  too_soon: ["Too soon", (count) => `${number(count)} ${is(count)} too soon`],
  unavailable: ["Not checked", (count) => `${number(count)} ${is(count)} not checked`],
};

const PREDICTED = Object.fromEntries(Object.entries(KINDS).map(([kind, [label]]) => [kind, label])) as Record<
  Kind,
  string
>;

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
  if (kindOf(result) === "no_address")
    return { tone: "failed", label: PREDICTED.no_address, note: "Enter this person’s address." };
  // These say more than the API's details do.
  if (outcome === "opted_out") return words(PREDICTED, result, NOTES[outcome]);
  return outcome === "invalid_email" && isSeveral(email)
    ? words(PREDICTED, result, "This is more than one address. Keep only the one to invite.")
    : words(PREDICTED, result);
}

/** The same for a row that may be wrong, which somebody can correct. `isAgain`: its address had an invite before. */
export function doubted({ note, names }: Doubt, { outcome }: SendResult, isAgain = false): Words {
  const again = isAgain ? " again" : "";
  const unless = names ? " without a name, unless you choose one" : `${again}, unless you correct or remove it`;
  const what = `${PREDICTED[outcome]}${outcome === "invited" ? unless : ""}.`;
  return { tone: "expired", label: "Look again", note: `${note} ${what}`.trim() };
}

/** What a check found about a row. */
interface Checked {
  verdict?: SendResult | undefined;
  earlierInvite?: Known | undefined;
}

/** What the check list says of a row, once it is checked. */
export function forecast(
  { verdict, conflict, earlierInvite }: Checked & { conflict?: string | undefined },
  doubt: Doubt | undefined,
): Words | undefined {
  if (!verdict || doubt) return verdict && doubt && doubted(doubt, verdict, earlierInvite !== undefined);
  // What `pastOf` says of the earlier invite is more than a note of this.
  const isKnown = earlierInvite && verdict.outcome === "opted_out";
  const words = isKnown ? { ...predicted(verdict), note: "" } : predicted(verdict);
  return conflict ? { ...words, note: `${conflict} ${words.note}`.trim() } : words;
}

/** The outcome of sending. Here, advice is more useful than the API's detail. */
export const sentOutcome = (result: SendResult) => words(SENT, result, NOTES[result.outcome] ?? result.detail);

/** The deal of a check: nobody is told of free seats. */
const CHECKED: DealState = { available: 0, active: true };

/**
 * What to decide before an address that has an invite in the deal is invited again, if there is something: its person has another
 * invite, or no email may reach it.
 */
export function doubtAgain(invite: Known): string | undefined {
  const now = currentInvite(invite);
  if (isCorrected(invite) && (now || !invite.newInvite)) {
    if (now?.status === "accepted") return "This person has a seat with another address.";
    if (now?.delivery.state === "complained") return "This person marked an invite at another address as spam.";
    if (now && isUndelivered(now))
      return ["This person’s invite at another address did not arrive.", adviceAgain(invite)].filter(Boolean).join(" ");
    if (now?.status === "declined") return "This person said no at another address.";
    return "This person got an invite at another address. This one would be a second.";
  }
  // A full mailbox is no reason to doubt the address.
  return invite.delivery.reason !== "temporary" ? adviceAgain(invite) : undefined;
}

/** An address's earlier invite: what happened to it, and how the Deal seats page finds the person's last one. */
export interface Past {
  note: string;
  email: string;
  /** Whether the person has another invite now. */
  isNew: boolean;
  /** The list of all has no removed invites. */
  list?: "removed";
}

/** What happened to an address's earlier invite, in the words of the Deal seats page. What a doubt says is not said twice. */
export function pastOf(invite: Known): Past {
  const last = invite.newInvite ?? invite;
  const isNew = currentInvite(invite) !== undefined;
  return { note: pastNote(invite), email: last.email, isNew, ...(isRemoved(last) && { list: "removed" }) };
}

function pastNote(invite: Known): string {
  const place = placeOf(invite, CHECKED);
  const { status } = invite;
  const isSaid = status !== "pending" && !isOptedOut(invite) && doubtAgain(invite) !== undefined;
  const note = isSaid ? place.sentence : noteOf(place);
  // It depends on the free seats.
  if (isAsked(invite)) return `${place.label}. ${place.sentence} Its row on the Deal seats page has the next step.`;
  const has = status === "pending" || status === "expired" ? `Has ${WHICH[status]} invite. ` : "";
  if (isOptedOut(invite)) return has + note;
  return isRemoved(invite) || isUndelivered(invite) ? note : place.sentence;
}

const WHICH = { pending: "a pending", expired: "an expired" };

/** What the check list says of a row that is not sent, as one note. */
export function leftOutAs(row: Checked & { conflict?: string | undefined }): Words | undefined {
  const words = forecast(row, undefined);
  const notes = [words?.note, row.earlierInvite && pastOf(row.earlierInvite).note];
  return words && { ...words, note: notes.filter(Boolean).join(" ") };
}

export function summaryOf(results: SendResult[]): string {
  const counts = new Map<Kind, number>();
  for (const kind of results.map(kindOf)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const parts = (Object.keys(KINDS) as Kind[]).flatMap((kind) => {
    const count = counts.get(kind);
    return count ? [KINDS[kind][1](count)] : [];
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
