/** Refusals in the words of the invited person: what happened, then what to do. `{organisation}` is the one that invites. */

interface Words {
  title: string;
  text: string;
  /** The text once the person has asked for a new link or a seat. */
  asked?: string;
  /** Set if the link can do nothing more, for any account. */
  final?: true;
}

const NEXT =
  "Write to the learning manager at {organisation} to ask whether there is a new subscription. Your invitation email says whom to ask.";

const WORDS = {
  unknown_invite: {
    title: "This link does not work",
    text: "A part of it may be missing. Open the link in the email again, or copy the whole link and paste it below.",
    final: true,
  },
  invite_superseded: {
    title: "A newer email was sent to you",
    text: "The invite was sent again, so this older link no longer works. Find the newest email (look in your junk folder too) and open its link. If you can’t find it, ask for a new link.",
    asked:
      "The invite was sent again, so this older link no longer works. Find the newest email (look in your junk folder too) and open its link.",
  },
  invite_expired: {
    title: "This invite has expired",
    text: "It was not accepted in time.",
  },
  invite_cancelled: {
    title: "This invite was cancelled",
    text: "{organisation} cancelled it, freed your seat, or sent a new invite to another address of yours. Look for a newer email at each of your addresses. If you find none and did not expect this, write to the learning manager at {organisation}, who can invite you again. Your invitation email says whom to ask.",
  },
  already_accepted: {
    title: "Another account has accepted this invite",
    text: "The seat belongs to the account that accepted, not to this one. If you still have that account, use it to learn. If it was deleted, or was never yours, ask the learning manager at {organisation} to free this seat and invite you again. Your invitation email says whom to ask.",
  },
  already_seated: {
    title: "You already have a seat",
    text: "You accepted another invite to this subscription with this account. You do not need a second seat. You can start learning.",
  },
  deal_ended: {
    title: "This subscription has ended",
    text: `Its invites can no longer be accepted. ${NEXT}`,
  },
  deal_full: {
    title: "All seats are taken",
    text: "Your invite stays open. Ask for a seat, or check again later, because one may become free. If you already have a seat, you keep it.",
    asked:
      "Your invite stays open. Check again later, because a seat may become free. If you already have a seat, you keep it.",
  },
  deal_not_started: {
    title: "This subscription has not started yet",
    text: "Your invite stays open. Open the link in your email again after the start.",
  },
  still_valid: {
    title: "You can accept now",
    text: "This link works, and a seat is free.",
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
    text: "Trying again is safe: nothing happens twice.",
  },
  internal: {
    title: "Something went wrong on our side",
    text: "The error was recorded. Wait a moment, then try again: that is safe. If it happens again, tell the learning manager at {organisation}.",
  },
  offline: {
    title: "Can’t connect to Seatkeeper",
    text: "Check your internet connection, then try again. Your invite is not lost.",
  },
  timeout: {
    title: "Seatkeeper did not answer in time",
    text: "Trying again is safe: nothing happens twice.",
  },
  unreadable: {
    title: "Seatkeeper’s answer could not be read",
    text: "If this network asks you to sign in, do that first. Then reload this page. Your invite is not lost.",
  },
  defect: {
    title: "Something went wrong on this page",
    text: "Reload this page, then try again: that is safe.",
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

/** An unknown code is shown as a fault on our side. `hasAsked`: for a new link or a seat. */
export function wordsFor(code: string, organisation = "your organisation", hasAsked = false): Words {
  const words: Words = Object.hasOwn(WORDS, code) ? WORDS[code as Code] : WORDS.internal;
  return { ...words, text: named((hasAsked && words.asked) || words.text, organisation) };
}

/** What to do once a subscription has ended. */
export const askForNext = (organisation: string) => named(NEXT, organisation);

// A function: a string would give meaning to the `$` of a name.
const named = (text: string, organisation: string) => text.replaceAll("{organisation}", () => organisation);

export const codes = Object.keys(WORDS);
