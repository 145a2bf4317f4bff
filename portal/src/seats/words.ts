/** An invite's state in words. */
import type { Filter, Invite, InviteDetail, ResendOutcome } from "../api";
import { shortDate } from "../time";

export interface Status {
  /** The style of the label. */
  tone: "pending" | "accepted" | "expired" | "failed" | "removed";
  label: string;
  note?: string;
}

/** Why a mail did not arrive, and the next step. By the API's `delivery.reason`. */
const REASONS: Record<Exclude<Invite["delivery"]["reason"], null>, string> = {
  message_rejected: "The email service refused this email. Check the address, or resend the invite.",
  invalid_parameter: "The email service does not recognise this address. Correct it.",
  not_sent_in_time: "The email could not be sent before the invite expired. Resend it.",
  deal_ended: "The deal ended before the email could be sent.",
  too_many_tries: "Several attempts to send the email failed. Resend it later.",
  rendering_failed: "The email service could not build this email. Resend the invite.",
  mailbox_unavailable: "Bounced: no such mailbox. Correct the address, or resend once the mailbox is there.",
  suppressed:
    "Bounced: the address is blocked since an earlier bounce. If the mailbox works now, resend. Otherwise correct the address.",
  temporary: "Bounced: the mailbox is full, or its server did not answer. Resend later, or ask their IT team.",
  rejected: "Bounced: their mail server refused the email. Ask their IT team to let it through, then resend.",
  unknown: "Bounced: their mail server did not say why. Correct the address, or ask their IT team.",
};
const COMPLAINED = "Marked as spam: no more mail goes there. Ask the person for another address, and correct it here.";

/** What is known of a mail that arrived or may still arrive. */
const ON_ITS_WAY: Partial<Record<Invite["delivery"]["state"], string>> = {
  delivered: "Delivered",
  delayed: "Delayed: their mail server is slow, we keep trying. If it takes days, ask their IT team.",
};

/** What happened to an invite, in its history. */
export const EVENTS: Record<InviteDetail["history"][number]["event"], string> = {
  invited: "Invited",
  resent: "Resent",
  sent: "Email sent",
  delayed: "Email delayed",
  delivered: "Email delivered",
  bounced: "Email bounced",
  complained: "Marked as spam",
  failed: "Email not sent",
  accepted: "Accepted",
  expired: "Expired",
  cancelled: "Cancelled",
  corrected: "Address or name corrected",
  released: "Seat de-allocated",
};

/** Whether it can still be resent, corrected or cancelled. */
export const isOpen = ({ status }: Invite) => status === "pending" || status === "expired";

/** Whether its mail did not arrive or is not wanted. */
export const isUndelivered = (invite: Invite) =>
  isOpen(invite) && ["bounced", "complained", "failed"].includes(invite.delivery.state);

/** Whether an invite belongs to a list. */
export const isIn = (invite: Invite, filter: Filter | undefined) =>
  filter === undefined || (filter === "undelivered" ? isUndelivered(invite) : invite.status === filter);

export function statusOf(invite: Invite): Status {
  if (invite.status === "accepted") {
    return {
      tone: "accepted",
      label: "Accepted",
      ...(invite.acceptedWith === "other_address" && { note: "with another address" }),
    };
  }
  if (invite.status === "cancelled") return { tone: "removed", label: "Cancelled" };
  if (invite.status === "released") return { tone: "removed", label: "De-allocated" };
  const label = invite.status === "pending" ? "Pending" : "Expired";
  const { state, reason } = invite.delivery;
  if (isUndelivered(invite)) {
    const note = state === "complained" ? COMPLAINED : reason && REASONS[reason];
    return { tone: "failed", label: `${label} – not delivered`, ...(note && { note }) };
  }
  if (invite.status === "expired") return { tone: "expired", label };
  if (state === "queued") {
    return { tone: "pending", label: invite.sentAt ? `Resending, last sent ${shortDate(invite.sentAt)}` : "Sending…" };
  }
  const note = ON_ITS_WAY[state];
  return { tone: "pending", label, ...(note && { note }) };
}

/** Whether its mail is still queued. Such an invite needs no resend. */
export const isSending = (invite: Invite) => invite.status === "pending" && invite.delivery.state === "queued";

/** After a complaint, no mail goes to the address any more. */
export const canResend = (invite: Invite) =>
  isOpen(invite) && !isSending(invite) && invite.delivery.state !== "complained";

/** Why a number of invites was not resent: `2 had already accepted.` */
export const NOT_RESENT: Record<Exclude<ResendOutcome, "resent">, string> = {
  stale: "changed since you loaded this page",
  already_accepted: "had already accepted",
  not_found: "had been cancelled",
  too_soon: "reached the sending limit. Resend later",
  undeliverable: "bounced or were marked as spam. Correct each address",
  unavailable: "could not be resent. Try again",
};
