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

/** Moves the token from the address to where it is kept. Without a token in the address, the kept one holds. */
export function takeToken() {
  if (isReturning()) {
    // Some issuers put a fragment of their own behind their answer; that is no link from a mail.
    token.value ??= kept(KEY);
    return;
  }
  const { pathname, search, hash } = location;
  // The slashes of `//accept` would make it the address of another host.
  if (pathname + search + hash !== "/accept") history.replaceState(null, "", "/accept");
  const fresh = tokenInAddress(pathname + search + hash);
  if (fresh) keepToken(fresh);
  else token.value ??= kept(KEY);
}

/**
 * Opens the invitation in place of another page whose address holds a token. Returns whether it does. The token leaves
 * the address first; a fragment reaches no server.
 */
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

export function dropToken() {
  drop(KEY);
  token.value = null;
}

/**
 * The token in an address. A token is 86 characters long. A shorter one behind `/accept#`
 * is returned as well: the API says that the link is wrong.
 */
export function tokenInAddress(address: string): string | undefined {
  const plain = plainly(address);
  return wholeToken(plain) ?? cutToken(plain);
}

/**
 * The token in a pasted text: a link, also one that mail filters have wrapped, a text with a link, or the token alone.
 * In a text with a link to another site than `host`, 86 characters may be that site's own.
 */
export function tokenPasted(text: string, host: string): string | undefined {
  const plain = plainly(text);
  return (isElsewhere(text, host) ? linkedToken(plain) : wholeToken(plain)) ?? cutToken(plain);
}

/** What stands before the token: a hash sign (`=23` in a mail's source), then signs or a name such as `token=`. */
const LINK = "/accept(?:\\.html?)?/*(?:=23|(?:\\?[^#]*)?#)(?:[^\\w-]|\\w+=)*";
/**
 * What is left of the `=3D` that stands for `=` in a mail's source. No token begins so before the year 3050: its first
 * two bytes count weeks since 1970.
 */
const QUOTED = "(?:3D)?";
const LINKED = new RegExp(`${LINK}${QUOTED}([\\w-]{86})`, "i");
const CUT = new RegExp(`${LINK}([\\w-]+)`, "i");
/**
 * 86 characters with no other of their kind around them: part of a longer run would be a wrong token. The hash sign
 * behind `accept` may be lost, or be `-23`.
 */
const ALONE = new RegExp(`(?<![\\w-])(?:accept(?:-23)?)?${QUOTED}([\\w-]{86})(?![\\w-])`, "i");
/** A sign-in's code, and a place in a list: either can be as long as a token. */
const OTHERS = /[?&](?:after|code)=[^&#]*/g;

/** The token behind `/accept#`. Mail programs may add letters to it. */
const linkedToken = (plain: string) => LINKED.exec(plain)?.[1];

const cutToken = (plain: string) => CUT.exec(plain)?.[1];

/** The token behind `/accept#`, or else anywhere, fragments first. */
function wholeToken(plain: string): string | undefined {
  const [start = "", ...fragments] = plain.replace(OTHERS, "").split("#");
  return linkedToken(plain) ?? [...fragments, start].map((part) => ALONE.exec(part)?.[1]).find(Boolean);
}

/** Whether a text has a link to another site than `host`: a mail filter's, behind which ours is hidden. */
export function isElsewhere(text: string, host: string): boolean {
  const site = /https?:\/\/([^\s/?#<>"']+)/i.exec(text)?.[1];
  return site !== undefined && site.toLowerCase() !== host;
}

/** The text without breaks and encodings. */
const plainly = (text: string) => joined(unwrapped(joined(text)));

/** The text without breaks: mail programs break long lines, softly by `=`, and begin those of a reply with `>`. */
const joined = (text: string) => text.replace(/=?[\s\p{Cf}]+(?:[>|][\s\p{Cf}]*)*/gu, "");

/**
 * The text with encodings undone, as often as filters behind one another have applied them. Full-width signs become
 * plain ones.
 */
function unwrapped(text: string): string {
  const plain = text.normalize("NFKC")
    // Word processors write a hyphen in other ways.
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/(?:%[0-9a-f]{2})+/gi, decoded)
    // A mail's source may write the signs of a token as quoted-printable, too. No token begins with these letters.
    .replace(/=(5f|2d)/gi, (_, code: string) => fromHex(code))
    // Markdown, TeX, RTF and JSON.
    .replace(/\\(?:([-_#])|'([0-9a-f]{2})|u00([0-9a-f]{2}))/gi, (_, sign?: string, ...codes: string[]) => sign ?? fromHex(codes[0] ?? codes[1]!))
    .replace(/<\/?w?br\b[^>]*>|&shy;/gi, "")
    .replace(/&amp;/gi, "&")
    .replace(/&num;/gi, "#")
    .replace(/&#(?:x([0-9a-f]{1,5})|(\d{1,6}));/gi, (_, hex?: string, number?: string) => String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(number)))
    .replace(/(?<=[?&]\w+=)[\w+/-]{24,}={0,2}/g, linkInBase64)
    .replace(/urldefense\.[\w.]+\/v2\/url\?(?:\S*?&)?u=([^&]+)/gi, (_, url: string) =>
      url.replaceAll("_", "/").replace(/-([0-9a-f]{2})/gi, (_, code: string) => fromHex(code)))
    .replace(/urldefense\.[\w.]+\/v3\/__(.+?)__;([\w-]*)!/gi, (_, url: string, replaced: string) => restored(url, replaced));
  return plain === text ? text : unwrapped(plain);
}

function decoded(bytes: string): string {
  try {
    return decodeURIComponent(bytes);
  } catch {
    // The bytes are not UTF-8. Those of ASCII are all that a link consists of.
    return bytes.replace(/%([0-7][0-9a-f])/gi, (_, code: string) => fromHex(code));
  }
}

/** Sophos puts the whole link into base64. Other values stay as they are. */
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
 * The link in one of Proofpoint's third form: there, `*` stands for the next of the characters that are listed in
 * base64url, and `**` and a letter for a run of them, two for `A`, three for `B`.
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
