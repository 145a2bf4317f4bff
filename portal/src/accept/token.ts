/**
 * The token of the link that opened this page.
 *
 * Invariant: the token is only in this tab's `sessionStorage` (or in memory if site data is blocked) and in the bodies of
 * requests. It is never in the address, in `state`, in `redirect_uri`, in a log or in a cookie. It is dropped once the link
 * can do nothing more.
 */
import { signal } from "@preact/signals";
import { isReturning } from "../session";
import { drop, keep, kept } from "../storage";

const KEY = "invite";
/** Holds the token of the invite that this tab had shown before somebody asked for their seats. */
export const BEFORE = "before";

/** The token of the invite that this page shows; null without a link. */
export const token = signal<string | null>(null);

/** Moves the token from the address to storage. Without one in the address, the stored token is used. */
export function takeToken() {
  if (isReturning()) {
    // Some issuers add a fragment of their own, which is not a token.
    token.value ??= kept(KEY);
    return;
  }
  const { pathname, search, hash } = location;
  // A literal, not `pathname`: resolved as a URL, `//accept` would be another host.
  if (pathname + search + hash !== "/accept") history.replaceState(null, "", "/accept");
  // A link for pasting: the invite that this tab has shown may be another one.
  if (hash === "#paste") return dropToken();
  const fresh = tokenInAddress(pathname + search + hash);
  if (fresh) keepToken(fresh);
  else token.value ??= kept(KEY);
}

/** If another page's address holds a token, opens the accept page instead and returns true. A fragment reaches no server. */
export function leaveForInvitation(): boolean {
  const { pathname, search, hash } = location;
  const found = isReturning() ? undefined : wholeToken(plainly(pathname + search + hash));
  if (!found) return false;
  history.replaceState(null, "", "/");
  location.replace(`/accept#${found}`);
  return true;
}

export function keepToken(fresh: string) {
  keep(KEY, fresh);
  token.value = fresh;
}

/** Called on the way to the own seats: an invite that this tab has shown is not shown instead of them. */
export function setAside() {
  const before = kept(KEY);
  if (before) keep(BEFORE, before);
  drop(KEY);
}

export function dropToken() {
  drop(BEFORE);
  drop(KEY);
  token.value = null;
}

/** The token in an address: 86 characters. A shorter one after `/accept#` is returned too, for the API to refuse. */
export function tokenInAddress(address: string): string | undefined {
  const plain = plainly(address);
  return wholeToken(plain) ?? cutToken(plain);
}

/**
 * The token in a pasted text: a link, a link wrapped by a mail filter, a text around a link, or the token alone. If the text
 * links to another site than `host`, 86 characters elsewhere may be that site's own.
 */
export function tokenPasted(text: string, host: string): string | undefined {
  const plain = plainly(text);
  return (isElsewhere(text, host) ? linkedToken(plain) : wholeToken(plain)) ?? cutToken(plain);
}

/** Before the token: a hash sign (`=23` in a mail's source), then punctuation or a name such as `token=`. */
const LINK = "/accept(?:\\.html?)?/*(?:=23|(?:\\?[^#]*)?#)(?:[^\\w-]|\\w+=)*";
/**
 * The rest of `=3D`, a quoted-printable `=`. No token begins with it before the year 3050: its first two bytes count weeks
 * since 1970.
 */
const QUOTED = "(?:3D)?";
const LINKED = new RegExp(`${LINK}${QUOTED}([\\w-]{86})`, "i");
const CUT = new RegExp(`${LINK}([\\w-]+)`, "i");
/** Exactly 86 characters: part of a longer run would be a wrong token. The hash sign after `accept` may be lost, or be `-23`. */
const ALONE = new RegExp(`(?<![\\w-])(?:accept(?:-23)?)?${QUOTED}([\\w-]{86})(?![\\w-])`, "i");
/** Parameters that can be as long as a token: a list's cursor and a sign-in code. */
const OTHERS = /[?&](?:after|code)=[^&#]*/g;

/** The token after `/accept#`. Mail programs may append letters to it. */
const linkedToken = (plain: string) => LINKED.exec(plain)?.[1];

const cutToken = (plain: string) => CUT.exec(plain)?.[1];

/** The token after `/accept#`, or else anywhere, fragments first. */
function wholeToken(plain: string): string | undefined {
  const [start = "", ...fragments] = plain.replace(OTHERS, "").split("#");
  return linkedToken(plain) ?? [...fragments, start].map((part) => ALONE.exec(part)?.[1]).find(Boolean);
}

/** Whether a text links to another site than `host`, such as a mail filter that hides our link. */
export function isElsewhere(text: string, host: string): boolean {
  const site = /https?:\/\/([^\s/?#<>"']+)/i.exec(text)?.[1];
  return site !== undefined && site.toLowerCase() !== host;
}

const plainly = (text: string) => joined(unwrapped(joined(text)));

/** Joins lines: mail programs break long ones, with `=` in a mail's source, and begin those of a reply with `>`. */
const joined = (text: string) => text.replace(/=?[\s\p{Cf}]+(?:[>|][\s\p{Cf}]*)*/gu, "");

/** Undoes encodings until none is left: mail filters apply theirs one after another. Full-width signs become plain ones. */
function unwrapped(text: string): string {
  const plain = text
    .normalize("NFKC")
    // Word processors replace hyphens.
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/(?:%[0-9a-f]{2})+/gi, decoded)
    // A token's own `_` and `-` in quoted-printable. No token begins with `5f` or `2d`, so a `=` before one is not meant.
    .replace(/=(5f|2d)/gi, (_, code: string) => fromHex(code))
    // Markdown, TeX, RTF and JSON.
    .replace(
      /\\(?:([-_#])|'([0-9a-f]{2})|u00([0-9a-f]{2}))/gi,
      (_, sign?: string, ...codes: string[]) => sign ?? fromHex(codes[0] ?? codes[1]!),
    )
    .replace(/<\/?w?br\b[^>]*>|&shy;/gi, "")
    .replace(/&amp;/gi, "&")
    .replace(/&num;/gi, "#")
    .replace(/&#(?:x([0-9a-f]{1,5})|(\d{1,6}));/gi, (_, hex?: string, number?: string) =>
      String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(number)),
    )
    .replace(/(?<=[?&]\w+=)[\w+/-]{24,}={0,2}/g, linkInBase64)
    .replace(/urldefense\.[\w.]+\/v2\/url\?(?:\S*?&)?u=([^&]+)/gi, (_, url: string) =>
      url.replaceAll("_", "/").replace(/-([0-9a-f]{2})/gi, (_, code: string) => fromHex(code)),
    )
    .replace(/urldefense\.[\w.]+\/v3\/__(.+?)__;([\w-]*)!/gi, (_, url: string, replaced: string) =>
      restored(url, replaced),
    );
  return plain === text ? text : unwrapped(plain);
}

function decoded(bytes: string): string {
  try {
    return decodeURIComponent(bytes);
  } catch {
    // Not UTF-8. A link is ASCII, so decoding ASCII is enough.
    return bytes.replace(/%([0-7][0-9a-f])/gi, (_, code: string) => fromHex(code));
  }
}

/** Sophos encodes the whole link in base64. */
function linkInBase64(value: string): string {
  const text = fromBase64(value.replaceAll("=", ""));
  return text && /^https?:/i.test(text) ? text : value;
}

function fromBase64(text: string): string | undefined {
  try {
    return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}

const fromHex = (code: string) => String.fromCharCode(Number.parseInt(code, 16));

/**
 * Decodes a Proofpoint v3 link. `*` stands for the next character of a list in base64url. `**` and a letter stand for
 * several: `A` for two, `B` for three.
 */
function restored(url: string, listed: string): string {
  const characters = fromBase64(listed);
  if (characters === undefined) return url;
  let next = 0;
  return url.replace(/\*(?:\*([\w-]))?/g, (_, run: string | undefined) => {
    const length = run === undefined ? 1 : RUNS.indexOf(run) + 2;
    return characters.slice(next, (next += length));
  });
}

const RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
