/** An invite's state in words. */
import type { Filter, Invite, InviteDetail } from "../api";
import { shortDate } from "../time";
import type { BulkOutcome } from "./bulk";

export interface Status {
  /** The style of the label. */
  tone: "pending" | "accepted" | "expired" | "declined" | "asked" | "failed" | "removed";
  label: string;
  /** When it got into this state, if that is worth a line. */
  since?: string;
  note?: string;
}

/** What an opt-out means for a manager, and the way back. */
export const OPTED_OUT =
  "This person asked for no more invites. Only they can allow them again, with the link in an earlier email.";

/** Why a mail did not arrive, and the next step. By the API's `delivery.reason`. */
const REASONS: Record<Exclude<Invite["delivery"]["reason"], null>, string> = {
  message_rejected: "The email service refused this email. Check the address, or resend the invite.",
  invalid_parameter: "The email service does not recognise this address. Correct it.",
  not_sent_in_time: "The email could not be sent before the invite expired. Resend it.",
  deal_ended: "The deal ended before the email could be sent.",
  too_many_tries: "Several attempts to send the email failed. Resend it later.",
  rendering_failed: "The email service could not build this email. Resend the invite.",
  opted_out: OPTED_OUT,
  mailbox_unavailable: "Bounced: no such mailbox. Correct the address, or resend once the mailbox is there.",
  suppressed:
    "Bounced: the address is blocked since an earlier bounce. If the mailbox works now, resend. Otherwise correct the address.",
  temporary: "Bounced: the mailbox is full, or its server did not answer. Resend later, or ask their IT team.",
  rejected: "Bounced: their mail server refused the email. Ask their IT team to let it through, then resend.",
  unknown: "Bounced: their mail server did not say why. Correct the address, or ask their IT team.",
};
const COMPLAINED = "No more mail goes there. Ask the person for another address, and correct it here.";

/** What is known of a mail that arrived or may still arrive. */
const ON_ITS_WAY: Partial<Record<Invite["delivery"]["state"], string>> = {
  delivered: "Delivered",
  delayed: "Delayed: their mail server is slow, we keep trying. If it takes days, ask their IT team.",
};

/** What happened to an invite, in its history. */
const EVENTS: Record<InviteDetail["history"][number]["event"], string> = {
  invited: "Invited",
  resent: "Resent",
  sent: "Email sent",
  delayed: "Email delayed",
  delivered: "Email delivered",
  bounced: "Email bounced",
  complained: "Marked as spam",
  failed: "Email not sent",
  accepted: "Accepted",
  declined: "Declined",
  asked: "Asked for a new link or a seat",
  opted_out: "Asked for no more invites",
  expired: "Expired",
  cancelled: "Cancelled",
  corrected: "Address or name corrected",
  released: "Seat de-allocated",
};

/** What happened to an invite, newest first. A correction comes before what it did at the same time. */
export function timeline({ history, delivery: { state, reason } }: InviteDetail) {
  const sorted = history.toSorted(
    (a, b) => Date.parse(b.at) - Date.parse(a.at) || Number(a.event === "corrected") - Number(b.event === "corrected"),
  );
  // The reason is known of the newest send only.
  const why = sorted.find(({ event }) => event === state);
  return sorted.map((entry) => ({
    ...entry,
    words: entry === why && reason ? REASONS[reason].split(". ")[0] : EVENTS[entry.event],
  }));
}

/** Whether it can still be resent, corrected or cancelled. */
export const isOpen = ({ status }: Invite) => status in OPEN;

/** Whether the learner waits for a new link or a seat. */
export const isAsked = (invite: Invite) => isOpen(invite) && invite.askedAt !== null;

/** Whether its mail did not arrive or is not wanted. Who asked for a new link or a seat is not listed twice. */
export const isUndelivered = (invite: Invite) =>
  isOpen(invite) && !isAsked(invite) && ["bounced", "complained", "failed"].includes(invite.delivery.state);

/** Whether an invite belongs to a list. */
export function isIn(invite: Invite, filter: Filter | undefined): boolean {
  if (filter === undefined) return true;
  if (filter === "asked") return isAsked(invite);
  return filter === "undelivered" ? isUndelivered(invite) : invite.status === filter;
}

const OPEN: Partial<Record<Invite["status"], string>> = {
  pending: "Pending",
  expired: "Expired",
  declined: "Declined",
};
const ASKED: Record<Exclude<Invite["askedFor"], null>, [label: string, step: string]> = {
  link: ["Asked for a new link", "Resend to send one."],
  seat: ["Asked for a seat", "Resend when one is free."],
};

export function statusOf(invite: Invite): Status {
  const { status, sentAt, acceptedAt, declinedAt, removedAt, askedAt, askedFor } = invite;
  if (status === "accepted") {
    return {
      tone: "accepted",
      label: "Accepted",
      ...since(acceptedAt),
      ...(invite.acceptedWith === "other_address" && { note: "with another address" }),
    };
  }
  const label = OPEN[status];
  if (!label) {
    return { tone: "removed", label: status === "cancelled" ? "Cancelled" : "De-allocated", ...since(removedAt) };
  }
  if (isAsked(invite)) {
    const [asked, step] = ASKED[askedFor ?? "link"];
    return { tone: "asked", label: asked, ...since(askedAt), note: `${label}. ${step}` };
  }
  const { state, reason } = invite.delivery;
  if (isUndelivered(invite)) {
    const isSpam = state === "complained";
    const note = isSpam ? COMPLAINED : reason && REASONS[reason];
    return {
      tone: "failed",
      label: `${label} – ${isSpam ? "marked as spam" : "not delivered"}`,
      ...(note && { note }),
    };
  }
  if (status === "declined") return { tone: "declined", label, ...since(declinedAt) };
  if (status === "expired") return { tone: "expired", label };
  if (state === "queued") {
    return { tone: "pending", label: sentAt ? `Resending, last sent ${shortDate(sentAt)}` : "Sending…" };
  }
  const note = ON_ITS_WAY[state];
  return { tone: "pending", label, ...(note && { note }) };
}

const since = (time: string | null) => (time === null ? {} : { since: time });

/** Whether its mail is still queued. Such an invite needs no resend. */
export const isSending = (invite: Invite) => invite.status === "pending" && invite.delivery.state === "queued";

/** After a complaint, no mail goes to the address, unless the person asks for one. */
export const canResend = (invite: Invite) =>
  isOpen(invite) && !isSending(invite) && (invite.delivery.state !== "complained" || isAsked(invite));

/** Why a number of invites was not resent: `2 had already accepted.` */
export const NOT_RESENT: Record<Exclude<BulkOutcome, "resent">, string> = {
  sending: "already had an email on its way",
  stale: "changed since you loaded this page",
  already_accepted: "had already accepted",
  not_found: "had been cancelled",
  too_soon: "reached the sending limit. Resend later",
  opted_out: "asked for no more invites",
  undeliverable: "bounced or were marked as spam. “Not delivered” shows the next step for each",
  unavailable: "could not be resent. Try again",
};
