/**
 * Joins names to addresses on lines of their own: lists in which they take turns, contact cards, and signatures.
 *
 * Invariant: a line that may be another person is kept.
 */

import { fits } from "./likeness";
import { fullName, isFullName, nameInText, nameOf } from "./name";
import { isAddress, LABEL } from "./recipients";
import { isSomebodyElses, kindOf } from "./titles";

interface Cards {
  readonly text: string;
  /** The other lines of cards: job titles, phone numbers. */
  readonly others: string[];
}

/** `E-Mail: ann@example.com`, with a label of one or two words. */
const LABELLED = /^(\p{L}[\p{L}-]{0,20}(?: \p{L}[\p{L}-]{0,20})?):\s*(?=\S+@\S+$)/u;

function addressIn(line: string): string | undefined {
  const [whole = "", label = ""] = LABELLED.exec(line) ?? [];
  const rest = line.slice(whole.length);
  return isAddress(rest) && !isSomebodyElses(label) ? rest : undefined;
}

function nameIn(line: string, address: string): string {
  const text = line.replace(LABEL, "");
  const name = /[@;|\t<>"]|,(?! )/.test(line) ? "" : nameInText(nameOf(text));
  return name && (isFullName(name) || fits(name, address)) ? text : "";
}

/** `Ann Doe / ann@example.com` */
const SLASHED = /^([^@/]+?) ?\/ ?(\S+@\S+)$/;
const unslashed = (line: string) => {
  const [, name = "", address = ""] = SLASHED.exec(line) ?? [];
  return nameIn(name, address) ? asLine(name, address) : line;
};

const asLine = (name: string, address: string) =>
  `${name.includes(",") ? `"${name}"` : name} <${address.replace(/^<|>$/g, "")}>`;

/** `First name: Ann` */
const FIELD = /^(\p{L}[\p{L}' -]{0,30}):\s*(?=\S)(.*)$/u;

/** The name in lines with labels of names. */
function labelledName(lines: string[]): string {
  const values = new Map(
    lines.flatMap((line) => {
      const [, label = "", value = ""] = FIELD.exec(line) ?? [];
      const kind = kindOf(label);
      return kind && !value.includes("@") ? [[kind, value] as const] : [];
    }),
  );
  return values.get("whole") ?? fullName(values.get("first") ?? "", values.get("last") ?? "");
}

export function withCards(text: string): Cards {
  const lines = text.split("\n").map(unslashed);
  if (!lines.some((line) => addressIn(line) !== undefined)) return { text: lines.join("\n"), others: [] };
  return inTurns(lines) ?? ofBlocks(lines);
}

/** The text if names and addresses take turns, and enough addresses are like their names: the page asks about other lines. */
function inTurns(lines: string[]): Cards | undefined {
  const filled = lines.filter(Boolean);
  const isOdd = filled.length % 2 === 1;
  const from = addressIn(filled[0] ?? "") === undefined ? 0 : 1;
  if (isOdd || filled.length === 0) return undefined;
  const joined: string[] = [];
  for (let at = 0; at < filled.length; at += 2) {
    const [name = "", line = ""] = from === 0 ? filled.slice(at, at + 2) : filled.slice(at, at + 2).reverse();
    const address = addressIn(line);
    const own = address && nameIn(name, address);
    // A single one may be another person's.
    if (!own || (filled.length === 2 && !fits(own, address))) return undefined;
    joined.push(`${own}\t${address}`);
  }
  return { text: joined.join("\n"), others: [] };
}

/** The text with the cards in it, of which each has a name like its address. A blank line ends a card, if there are several. */
function ofBlocks(all: string[]): Cards {
  const kept: string[] = [];
  const others: string[] = [];
  const hasOne = all.filter((line) => line.includes("@")).length === 1;
  const lines = hasOne ? all.filter(Boolean) : all;
  for (let from = 0; from <= lines.length; from += 1) {
    const end = lines.indexOf("", from);
    const block = lines.slice(from, end < 0 ? lines.length : end);
    const isOnly = block.filter((line) => addressIn(line)).length === 1;
    const mayBePerson = (line: string) =>
      line.includes("@") ||
      / at \S+\.\S+$/.test(line) ||
      isFullName(nameOf(line)) ||
      ((!isOnly || lines.length < all.length) && isWord(line));
    let before: string[] = [];
    let cards = 0;
    for (const line of block) {
      const address = addressIn(line);
      const own = address && before.findLast((other) => fits(nameIn(other, address), address));
      const name = address && (labelledName(before) || (own && nameIn(own, address)));
      if (!name) {
        before.push(line);
        // A long list of addresses is read once.
        if (line.includes("@")) kept.push(...before.splice(0));
      } else {
        for (const other of before) if (other !== own) (mayBePerson(other) ? kept : others).push(other);
        before = [];
        cards += 1;
        kept.push(asLine(name, address));
      }
    }
    for (const line of before) (cards === 0 || mayBePerson(line) ? kept : others).push(line);
    kept.push("");
    from += block.length;
  }
  return { text: kept.join("\n"), others };
}

/** Among several cards without lines between them, one word may be a person. */
const isWord = (line: string) => /^\p{L}[\p{L}\p{M}'’-]*$/u.test(line);

/** The text with each card of an address book, `BEGIN:VCARD`, as a line, and the other lines of these. */
export function fromAddressBook(text: string): Cards {
  const others: string[] = [];
  const short = text.replace(/^BEGIN:VCARD\n(.*?)^END:VCARD$/gims, (whole, card: string) => {
    const fields = card.split("\n").flatMap((line) => {
      const [, key = "", type = "", value = ""] = /^(?:\w+\.)?(FN|EMAIL)((?:;[^:]*)?):(.+)$/i.exec(line) ?? [];
      return key ? [{ line, key: key.toUpperCase(), type, value: value.trim() }] : [];
    });
    const emails = fields.filter(({ key }) => key === "EMAIL");
    const email = emails.find(({ type }) => /WORK|PREF/i.test(type)) ?? emails[0];
    const name = fields.find(({ key }) => key === "FN");
    if (!email && !name) return whole;
    const used = [email?.line, name?.line];
    others.push(...card.split("\n").filter((line) => line && !used.includes(line)));
    return email && name ? asLine(name.value, email.value) : (email ?? name)!.value;
  });
  return { text: short, others };
}
