/**
 * The token of the link that opened this page.
 *
 * Invariant: it lies in this tab's `sessionStorage` (in this page's memory where site data is blocked) and in the bodies
 * of two requests, and nowhere else: not in the address, not in `state` or `redirect_uri`, in no log and no cookie. It
 * goes when the invite has nothing more to say.
 */
import { signal } from "@preact/signals";
import { isReturning } from "../session";
import { drop, keep, kept } from "../storage";

const KEY = "invite";

/** The invite that this page is about; null without a link. */
export const token = signal<string | null>(null);

/**
 * Moves the token from the address to where it is kept. Mail filters turn the `#` into `%23`, so it may stand in the
 * path as well. Without a token in the address, the one that is kept holds.
 */
export function takeToken() {
  if (isReturning()) {
    // Some issuers put a fragment of their own behind their answer; that is no link from a mail.
    token.value ??= kept(KEY);
    return;
  }
  const { pathname, search, hash } = location;
  // The slashes of `//accept` would make it the address of another host.
  if (pathname + search + hash !== "/accept") history.replaceState(null, "", "/accept");
  const fresh = tokenIn(pathname + search + hash);
  if (fresh) keepToken(fresh);
  else token.value ??= kept(KEY);
}

export function keepToken(fresh: string) {
  keep(KEY, fresh);
  token.value = fresh;
}

export function dropToken() {
  drop(KEY);
  token.value = null;
}

/**
 * The token of the link in an address or in a text, also of one that mail filters have wrapped. A token is 86 characters
 * long; what follows belongs to a mail program. A shorter one is left to the API, which knows what to say of it.
 */
export function tokenIn(text: string): string | undefined {
  const plain = joined(unwrapped(joined(text)));
  const link = (length: string) => new RegExp(`/accept/*(?:\\?[^#]*)?#[^\\w-]*([\\w-]${length})`, "i").exec(plain)?.[1];
  return link("{86}") ?? link("+");
}

/** The token in what somebody pasted: a link, a text with a link, or the token alone. Undefined if it is none of these. */
export const tokenPasted = (text: string) => tokenIn(text) ?? /^[^\w-]*([\w-]{86})[^\w-]*$/.exec(joined(text))?.[1];

/** Whether a text has a link to another site than `host`: a mail filter's, behind which ours is hidden. */
export function isElsewhere(text: string, host: string): boolean {
  const site = /https?:\/\/([^\s/?#<>"']+)/i.exec(text)?.[1];
  return site !== undefined && site.toLowerCase() !== host;
}

/** The text without breaks: mail programs break long lines, softly by `=`, and begin those of a reply with `>`. */
const joined = (text: string) => text.replace(/=?[\s\p{Cf}]+(?:[>|][\s\p{Cf}]*)*/gu, "");

/** The text with encodings undone, as often as filters behind one another have applied them. */
function unwrapped(text: string): string {
  const plain = text
    .replace(/%([0-7][0-9a-f])/gi, (_, code: string) => fromHex(code))
    .replace(/urldefense\.[\w.]+\/v2\/url\?(?:\S*?&)?u=([^&]+)/gi, (_, url: string) =>
      url.replaceAll("_", "/").replace(/-([0-9a-f]{2})/gi, (_, code: string) => fromHex(code)))
    .replace(/urldefense\.[\w.]+\/v3\/__(.+?)__;([\w-]*)!/gi, (_, url: string, replaced: string) => restored(url, replaced));
  return plain === text ? text : unwrapped(plain);
}

const fromHex = (code: string) => String.fromCharCode(Number.parseInt(code, 16));

/**
 * The link in one of Proofpoint's third form: there, `*` stands for the next of the characters that are listed in
 * base64url, and `**` and a letter for a run of them, two for `A`, three for `B`.
 */
function restored(url: string, listed: string): string {
  let characters: string;
  try {
    characters = atob(listed.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return url;
  }
  let next = 0;
  return url.replace(/\*(?:\*([\w-]))?/g, (_, run: string | undefined) => {
    const length = run === undefined ? 1 : RUNS.indexOf(run) + 2;
    return characters.slice(next, (next += length));
  });
}

const RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
