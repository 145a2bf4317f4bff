/** Normalises pasted text: line ends, spaces, quotes, invisible characters, and the links that programs make of addresses. */

import { isPlainAddress, isSomebodyElses, kindOf } from "./titles";

/** Soft hyphens, zero-width and direction marks, and the byte order mark: pasted, but never seen. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;
/** All but spacing accents: NFKC turns `´` into a space, but some people type it as an apostrophe. */
const COMPATIBLE = /[^\u00a8\u00af\u00b4\u00b8\u02d8-\u02dd]+/g;

/** Pictures in a mail have names like addresses: `[cid:image001.png@01DA1F2B.3C4D5E60]`. */
const IMAGE = /[<[]?(?:cid:)?(?<![\w-])[\w-]{1,80}\.(?:png|jpe?g|gif|bmp|svg)@[\w.-]{1,80}[>\]]?/gi;

/** A key before a value: `email=ann@example.com`. An address may contain a `=` too. */
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
  return withoutLinks(straightened(plain))
    .replace(IMAGE, "…")
    .replace(KEY, (whole, key: string) => labelOf(key) ?? whole);
}

/** If the text also has straight quotes, its curly quotes are part of the quoted texts, and stay. */
const straightened = (text: string) => (text.includes('"') ? text : text.replace(/[“”„‟«»]/g, '"'));

/** Chat and mail programs write an address twice, once as a `mailto:` link. Without limits, a text of many brackets would take minutes. */
function withoutLinks(text: string): string {
  return text
    .replace(/\[([^[\]\n]*)\]\(mailto:([^()[\]<>\s?]{1,320})(?:\?[^)\n]{0,500})?\)/gi, "$1 <$2>")
    .replace(/<mailto:([^|<>\s]+)\|([^<>\n]*)>/gi, "$2 <$1>")
    .replace(/\[mailto:([^\]\s]{1,320})\]/gi, "<$1>")
    .replace(/<([^<>\n]*)<mailto:([^<>\n]*)>\s*>/gi, "<$2>");
}
