/** An invite's state in words. */
import type { Invite, ResendOutcome } from "../api";
import { shortDate } from "../time";

export interface Status {
  /** The style of the label. */
  tone: "pending" | "accepted" | "expired" | "failed" | "removed";
  label: string;
  note?: string;
}

/** By the API's `delivery.reason`. */
const REASONS: Record<string, string> = {
  message_rejected: "The email service refused this email. Check the address, or resend the invite.",
  invalid_parameter: "The email service does not recognise this address. Check it, then invite the correct address.",
  not_sent_in_time: "The email could not be sent before the invite expired. Resend it.",
  deal_ended: "The deal ended before the email could be sent.",
  too_many_tries: "Several attempts to send the email failed. Resend it later.",
};

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
  if (invite.delivery.state === "failed") {
    const note = REASONS[invite.delivery.reason ?? ""];
    return { tone: "failed", label: `${label} – not delivered`, ...(note && { note }) };
  }
  if (invite.status === "expired") return { tone: "expired", label };
  if (invite.delivery.state === "queued") {
    return { tone: "pending", label: invite.sentAt ? `Resending, last sent ${shortDate(invite.sentAt)}` : "Sending…" };
  }
  return { tone: "pending", label };
}

/** Whether its mail is still queued. Such an invite needs no resend. */
export const isSending = (invite: Invite) => invite.status === "pending" && invite.delivery.state === "queued";

export const canResend = (invite: Invite) =>
  (invite.status === "pending" || invite.status === "expired") && !isSending(invite);

/** Why a number of invites was not resent: `2 had already accepted.` */
export const NOT_RESENT: Record<Exclude<ResendOutcome, "resent">, string> = {
  stale: "changed since you loaded this page",
  already_accepted: "had already accepted",
  not_found: "had been cancelled",
  too_soon: "reached the sending limit. Resend later",
  undeliverable: "bounced or were marked as spam. Correct each address",
  unavailable: "could not be resent. Try again",
};
