/** Refusals in the words of the invited person: what happened, then what to do. */

interface Words {
  title: string;
  text: string;
  /** Set if the link can never work again, for any account. */
  final?: true;
}

const WORDS = {
  unknown_invite: {
    title: "This link does not work",
    text: "A part of it may be missing. Open the link in the email again, or copy the whole link and paste it below.",
    final: true,
  },
  invite_superseded: {
    title: "There is a newer email for you",
    text: "The invite was sent again, so this older link no longer works. Find the newest email (look in your junk folder too) and open its link.",
    final: true,
  },
  invite_expired: {
    title: "This invite has expired",
    text: "It was not accepted in time. Ask the learning manager at your organisation to resend it. You will get a new email with a new link.",
    final: true,
  },
  invite_cancelled: {
    title: "This invite was cancelled",
    text: "Your organisation cancelled the invite or freed your seat. If you did not expect this, ask the learning manager at your organisation. They can invite you again.",
    final: true,
  },
  already_accepted: {
    title: "Another account has accepted this invite",
    text: "The seat belongs to the account that accepted, not to this one. If you still have that account, use it to learn. If it was deleted, or was never yours, ask the learning manager at your organisation to free this seat and invite you again.",
    final: true,
  },
  already_seated: {
    title: "You already have a seat",
    text: "You accepted another invite to this subscription with this account. You do not need a second seat. You can start learning.",
    final: true,
  },
  deal_ended: {
    title: "This subscription has ended",
    text: "Its invites can no longer be accepted. Ask the learning manager at your organisation whether there is a new subscription.",
    final: true,
  },
  deal_full: {
    title: "All seats are taken",
    text: "Your invite stays open. Check again later, because a seat may become free, or ask the learning manager at your organisation for more seats.",
  },
  deal_not_started: {
    title: "This subscription has not started yet",
    text: "Your invite stays open. Open the link in your email again after the start.",
  },
  session_over: {
    title: "Your session has ended",
    text: "Nothing was accepted, and your invite is still open. Sign in again to continue.",
  },
  no_permission: {
    title: "This account can’t accept invites",
    text: "Nothing was accepted. Sign in with another account. Use your own account, not a shared one.",
  },
  forbidden: {
    title: "This account can’t accept invites",
    text: "Sign-in did not tell us who you are. Nothing was accepted. Sign in with another account.",
  },
  too_many_requests: {
    title: "Too many attempts",
    text: "Nothing was changed. Wait a moment, then try again.",
  },
  unavailable: {
    title: "Seatkeeper is not available right now",
    text: "Trying again is safe: you never take more than one seat.",
  },
  internal: {
    title: "Something went wrong on our side",
    text: "The error was recorded. Wait a moment, then try again: that is safe. If it happens again, tell the learning manager at your organisation.",
  },
  offline: {
    title: "Can’t connect to Seatkeeper",
    text: "Check your internet connection, then try again. Your invite is still open.",
  },
  timeout: {
    title: "Seatkeeper did not answer in time",
    text: "Trying again is safe: you never take more than one seat.",
  },
  unreadable: {
    title: "Seatkeeper’s answer could not be read",
    text: "If this network asks you to sign in, do that first. Then reload this page. Your invite is not lost.",
  },
  invalid_request: {
    title: "This page is out of date",
    text: "Nothing was accepted. Reload the page, then try again.",
  },
  unsupported_media_type: {
    title: "This page is out of date",
    text: "Nothing was accepted. Reload the page, then try again.",
  },
  payload_too_large: {
    title: "This is not an invitation link",
    text: "It is much too long. Open the link in the email again, or copy only that link and paste it below.",
    final: true,
  },
} satisfies Record<string, Words>;

export type Code = keyof typeof WORDS;

/** An unknown code is shown as a fault on our side. */
export const wordsFor = (code: string): Words => (Object.hasOwn(WORDS, code) ? WORDS[code as Code] : WORDS.internal);

export const codes = Object.keys(WORDS);
