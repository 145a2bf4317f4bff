/** How an invite's state is said. */
import type { Invite, ResendOutcome } from "../api";
import { shortDate } from "../time";

export interface Status {
  /** The style that goes with it. */
  tone: "pending" | "accepted" | "expired" | "failed";
  label: string;
  /** What there is to add. */
  note?: string;
}

/** Why a mail was not delivered; `delivery.reason` of the API. */
const REASONS: Record<string, string> = {
  message_rejected: "The mail service refused this address. Check it, then invite the right one.",
  invalid_parameter: "The mail service takes this for no address. Check it, then invite the right one.",
  not_sent_in_time: "It could not be sent before it expired. Resend it.",
  deal_ended: "The deal ended before it could be sent.",
  too_many_tries: "It could not be sent in many tries. Resend it later.",
};

export function statusOf(invite: Invite): Status {
  if (invite.status === "accepted") {
    return {
      tone: "accepted",
      label: "Accepted",
      ...(invite.acceptedWith === "other_address" && { note: "with another address of theirs" }),
    };
  }
  if (invite.status === "cancelled" || invite.status === "released") return { tone: "expired", label: "Taken back" };
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

/** Whether its mail is still to go out: nobody has to ask for another one then. */
export const isSending = (invite: Invite) => invite.status === "pending" && invite.delivery.state === "queued";

export const canResend = (invite: Invite) =>
  (invite.status === "pending" || invite.status === "expired") && !isSending(invite);

/** What became of those that were not resent, said of a number of them. */
export const NOT_RESENT: Record<Exclude<ResendOutcome, "resent">, string> = {
  stale: "changed meanwhile",
  already_accepted: "had accepted meanwhile",
  not_found: "had been taken back",
  too_soon: "got too many mails lately; try again later",
  unavailable: "could not be reached; try again",
};
