/** How it is said what becomes, or became, of a row. */
import type { SendOutcome, SendResult } from "../api";
import { dateTime } from "../time";
import { counted, number } from "../ui/seat-numbers";
import type { LeftOut, Reason } from "./parse";

export interface Words {
  /** The style that goes with it. */
  tone: "accepted" | "pending" | "expired" | "failed";
  label: string;
  note: string;
}

const TONES: Record<SendOutcome, Words["tone"]> = {
  invited: "accepted", already_pending: "pending", already_accepted: "pending", duplicate: "pending", invalid_email: "failed",
  too_soon: "expired", unavailable: "failed",
};

const FORESEEN: Record<SendOutcome, string> = {
  invited: "Will be invited",
  already_pending: "Pending already",
  already_accepted: "Accepted already",
  duplicate: "Duplicate",
  invalid_email: "Not an address",
  too_soon: "Too soon",
  unavailable: "Not checked",
};

const BECAME: Record<SendOutcome, string> = { ...FORESEEN, invited: "Invited", unavailable: "Not sent" };

/** Said where the answer has no words of its own. */
const NOTES: Partial<Record<SendOutcome, string>> = {
  already_pending: "No second mail is sent. To mail again, resend it on the Deal seats page.",
  already_accepted: "Holds a seat of this deal.",
  duplicate: "Stands elsewhere in this list; one invite is sent.",
};

function words(labels: Record<SendOutcome, string>, { outcome, detail, retryAt }: SendResult, note = detail ?? NOTES[outcome]): Words {
  const notes = [note, retryAt && `Can be sent from ${dateTime(retryAt)} on.`];
  return { tone: TONES[outcome], label: labels[outcome], note: notes.filter(Boolean).join(" ") };
}

/** What a dry run says. */
export const foreseen = (result: SendResult) => words(FORESEEN, result);

/** What sending said. What to do instead matters more then than the server's word on since when. */
export const became = (result: SendResult) => words(BECAME, result, NOTES[result.outcome] ?? result.detail);

const is = (count: number) => (count === 1 ? "is" : "are");

/** The parts of a summary, in its order: `38 will be invited, 1 is pending already, 1 is not an address`. */
const SUMMED: [SendOutcome, (count: number) => string][] = [
  ["invited", (count) => `${number(count)} will be invited`],
  ["invalid_email", (count) => (count === 1 ? "1 is not an address" : `${number(count)} are not addresses`)],
  ["already_pending", (count) => `${number(count)} ${is(count)} pending already`],
  ["already_accepted", (count) => `${number(count)} ${count === 1 ? "has" : "have"} accepted already`],
  ["duplicate", (count) => counted(count, "is a duplicate", "are duplicates")],
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

/** Why lines are no rows of the list. */
const REASONS: [Reason, one: string, many: string][] = [
  ["header", "line that names the columns", "lines that name the columns"],
  ["title", "title line above them", "title lines above them"],
  ["separator", "line that names the separator", "lines that name the separator"],
  ["prose", "line with an address that is a title, a footer or a sentence", "lines with an address that are titles, footers or sentences"],
  ["others", "address or line that is labelled as private, as somebody else’s or as a mail’s header", "addresses or lines that are labelled as private, as somebody else’s or as a mail’s header"],
  ["signature", "line of a signature", "lines of a signature"],
  ["nobody", "line with neither an address nor a name in these columns", "lines with neither an address nor a name in these columns"],
  ["marks", "line without a letter", "lines without a letter"],
];

/** `Left out: 1 line that names the columns, 2 lines without a letter.`; empty if nothing is. */
export function leftOutOf(leftOut: LeftOut): string {
  const parts = REASONS.flatMap(([reason, one, many]) => (leftOut[reason] ? [counted(leftOut[reason], one, many)] : []));
  return parts.length > 0 ? `Left out: ${parts.join(", ")}.` : "";
}

/** What has to be corrected comes first, what has nothing to be done about it next. */
const RANKS: Partial<Record<SendOutcome, number>> = { invalid_email: 0, unavailable: 0, too_soon: 1, invited: 3 };
export const rank = (result: SendResult | undefined) => (result ? (RANKS[result.outcome] ?? 2) : 0);
