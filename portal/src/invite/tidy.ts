/** Pasted text in one spelling: one kind of line end, space and quote; no invisible characters; links as mail clients write addresses. */

import { isPlainAddress, isSomebodyElses, kindOf } from "./titles";

/** Soft hyphens, zero-width and direction marks, and the byte order mark: a paste brings them along and nobody sees them. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;
/** All but spacing accents: NFKC makes a space of `´`, and some people type it for an apostrophe. */
const COMPATIBLE = /[^\u00a8\u00af\u00b4\u00b8\u02d8-\u02dd]+/g;

/** Pictures in a mail are named like addresses: `[cid:image001.png@01DA1F2B.3C4D5E60]`. */
const IMAGE = /[<[]?(?:cid:)?(?<![\w-])[\w-]{1,80}\.(?:png|jpe?g|gif|bmp|svg)@[\w.-]{1,80}[>\]]?/gi;

/** What programs write before a value: `email=ann@example.com`. An address may have a `=` of its own. */
const KEY = /(?<![^\s,;|{"'])(\p{L}[\p{L}_-]{0,39})["']?=["']?(?=\S)/gu;

function labelOf(key: string): string | undefined {
  if (isSomebodyElses(key)) return `${key}: `;
  if (isPlainAddress(key)) return "email:";
  const kind = kindOf(key);
  return kind && (kind === "whole" || kind === "first" ? "name:" : `${key}: `);
}

export function tidied(text: string): string {
  const plain = text
    .replace(COMPATIBLE, (part) => part.normalize("NFKC"))
    .replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, "\n")
    .replace(INVISIBLE, "")
    .replace(/[^\S\n\t]/g, " ")
    .replace(/^ +| +$/gm, "");
  return withoutLinks(straightened(plain)).replace(IMAGE, "…").replace(KEY, (whole, key: string) => labelOf(key) ?? whole);
}

/** Where the text has straight quotes of its own, curly ones are part of what those enclose. */
const straightened = (text: string) => (text.includes('"') ? text : text.replace(/[“”„‟«»]/g, '"'));

/** Chat and mail programs write an address twice, once as a `mailto:` link. Limits keep a text of many brackets from taking minutes. */
function withoutLinks(text: string): string {
  return text
    .replace(/\[([^[\]\n]*)\]\(mailto:([^()[\]<>\s?]{1,320})(?:\?[^)\n]{0,500})?\)/gi, "$1 <$2>")
    .replace(/<mailto:([^|<>\s]+)\|([^<>\n]*)>/gi, "$2 <$1>")
    .replace(/\[mailto:([^\]\s]{1,320})\]/gi, "<$1>")
    .replace(/<([^<>\n]*)<mailto:([^<>\n]*)>\s*>/gi, "<$2>");
}
