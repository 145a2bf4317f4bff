/** What a refusal means to the person who was invited: what happened, and what to do next. */

interface Words {
  title: string;
  text: string;
  /** Whether the link has nothing more to say, to whomever signs in and however often. */
  final?: true;
}

const WORDS = {
  unknown_invite: {
    title: "This link belongs to no invite",
    text: "It may have lost a part on its way. Open the link in the mail once more, or copy all of it and paste it below.",
    final: true,
  },
  invite_superseded: {
    title: "There is a newer mail for you",
    text: "The invite was sent again, and this older link stopped working then. Look for the newest mail, among junk mail as well, and open the link in that one.",
    final: true,
  },
  invite_expired: {
    title: "This invite has expired",
    text: "It was not accepted in time. Ask whoever manages learning in your organisation to resend it: you get a new mail with a new link.",
    final: true,
  },
  invite_cancelled: {
    title: "This invite was taken back",
    text: "Your organisation took back the invite, or the seat that came with it. If you did not expect that, ask whoever manages learning there; they can invite you again.",
    final: true,
  },
  already_accepted: {
    title: "Another account has accepted this invite",
    text: "The seat belongs to the account that accepted, not to this one. If you still have that account, learn with it. If it was deleted, or was never yours, ask whoever manages learning in your organisation to take the seat back and invite you again.",
    final: true,
  },
  already_seated: {
    title: "You already have a seat",
    text: "This account holds a seat of this subscription by another invite. You need no second one: just start learning.",
    final: true,
  },
  deal_ended: {
    title: "This subscription has ended",
    text: "Nobody can accept an invite to it any more. Ask whoever manages learning in your organisation whether there is a new one.",
    final: true,
  },
  deal_full: {
    title: "Every seat is taken just now",
    text: "Your invite stays open, and a seat may become free: check again later. Or ask whoever manages learning in your organisation for more seats.",
  },
  deal_not_started: {
    title: "This subscription has not started yet",
    text: "Your invite stays open. Come back by the link in your mail once it has started.",
  },
  session_over: {
    title: "Your session is over",
    text: "Nothing was accepted. Sign in again to go on; your invite is kept.",
  },
  no_permission: {
    title: "This account can’t accept invites",
    text: "Nothing was accepted. Sign in with another account, such as one of your own instead of one that is shared.",
  },
  forbidden: {
    title: "This account can’t accept invites",
    text: "Signing in did not say who you are. Nothing was accepted. Sign in with another account.",
  },
  too_many_requests: {
    title: "That was too often",
    text: "Nothing was changed. Try again in a moment.",
  },
  unavailable: {
    title: "That did not work just now",
    text: "Try again in a moment. Trying twice does no harm: you never take more than one seat.",
  },
  internal: {
    title: "Something is wrong on our side",
    text: "It has been noted. Try again in a moment; that does no harm. If it goes on, tell whoever manages learning in your organisation.",
  },
  offline: {
    title: "There is no connection",
    text: "Check that you are online, then try again. Your invite is kept meanwhile.",
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
    title: "That is no link of ours",
    text: "It is much too long. Open the link in the mail once more, or copy just that link and paste it below.",
    final: true,
  },
} satisfies Record<string, Words>;

export type Code = keyof typeof WORDS;

/** Codes that are not in the contract yet are passed off as a fault of ours: which they are. */
export const wordsFor = (code: string): Words => (Object.hasOwn(WORDS, code) ? WORDS[code as Code] : WORDS.internal);

export const codes = Object.keys(WORDS);
