/**
 * The token of the link that opened this page.
 *
 * Invariant: it lies in this tab's `sessionStorage` and in the bodies of two requests, and nowhere else: not in the
 * address, not in `state` or `redirect_uri`, in no log and no cookie. It goes when the invite has nothing more to say.
 */
import { signal } from "@preact/signals";
import { isReturning } from "../session";

const KEY = "invite";

/** The invite that this page is about; null without a link. */
export const token = signal<string | null>(null);

/** Moves the token from the address to where it is kept. Without one in the address, the one that is kept holds. */
export function takeToken() {
  // Some issuers put a fragment of their own behind their answer; that is no link from a mail.
  const fresh = isReturning() ? "" : tokenIn(location.hash);
  if (location.hash && !isReturning()) history.replaceState(null, "", location.pathname);
  if (fresh) keepToken(fresh);
  else token.value ??= sessionStorage.getItem(KEY);
}

export function keepToken(fresh: string) {
  sessionStorage.setItem(KEY, fresh);
  token.value = fresh;
}

export function dropToken() {
  sessionStorage.removeItem(KEY);
  token.value = null;
}

/** What a fragment says, without what mail clients do to links. Whether it is a token, the API decides. */
export function tokenIn(fragment: string): string {
  const text = fragment.replace(/^#/, "");
  let decoded = text;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    // A stray percent sign: taken as it is.
  }
  return decoded.replace(/\s+/g, "").replace(/[<>()[\]{}"'”’.,;:!?…]+$/, "");
}

/**
 * The token in what somebody pasted: a link, also one that a mail filter has wrapped into its own, or the token alone.
 * Undefined if it is neither.
 */
export function tokenPasted(text: string): string | undefined {
  const whole = text.replace(/\s+/g, "");
  const link = /accept(?:#|%23)([\w-]+)/i.exec(whole)?.[1];
  return link ?? /^[#<"']*([\w-]{40,})[>"'.]*$/.exec(whole)?.[1];
}
