/**
 * Recognises a mail's headers, reply lines and signatures.
 *
 * Invariant: nobody is invited for having written a mail or received a forwarded one, unless the text has no other address. A
 * `To:` line without the other headers is an ordinary list.
 */

import { ADDRESS_IN_TEXT, addressesIn } from "./recipients";

export interface Mail {
  /** The remaining text. */
  readonly text: string;
  readonly headers: string[];
  /** The fields of mail headers with people: `Ann <ann@example.com>`. */
  readonly recipients: string[];
  readonly senders: string[];
  readonly signatures: string[];
  /** The senders' addresses, in lower case. */
  readonly writers: ReadonlySet<string>;
}

type Field = "from" | "date" | "to" | "cc" | "subject";

/** The names of header fields in mail programs, in the larger languages. */
const LABELS: Record<Field, string> = {
  from: "from,von,de,da,van,fra,från,od,от,lähettäjä,feladó,差出人,发件人",
  date: "sent,date,gesendet,datum,envoyé,enviado,enviado el,enviada em,enviado em,inviato,data,fecha,verzonden,skickat,sendt,dato,wysłano,odesláno,отправлено,дата,送信日時,发送时间",
  to: "to,an,à,a,para,per,aan,till,til,do,komu,кому,vastaanottaja,címzett,宛先,收件人",
  cc: "cc,bcc,kopie,copie,copia,kopia,kopi,копия",
  subject: "subject,betreff,objet,asunto,assunto,oggetto,onderwerp,ämne,emne,temat,předmět,тема,aihe,tárgy,件名,主题",
};
const FIELDS = new Map(
  (Object.keys(LABELS) as Field[]).flatMap((field) => LABELS[field].split(",").map((label) => [label, field] as const)),
);

const LABEL = /^\**(\p{L}[\p{L}\p{M} -]{0,30}?)\s?\**:/u;
const fieldOf = (line: string) => FIELDS.get(LABEL.exec(line)?.[1]?.toLowerCase() ?? "");

/** `---------- Forwarded message ---------` */
const FORWARDED = /^-{3,20}[^@-][^@]{0,80}-{3,20}$/;
const QUOTED = /^(?:> ?)+(?=[^\s>])/;
const WROTE = /(?<!\p{L})(?:wrote|a écrit|schrieb|escribió|escreveu|ha scritto|schreef|skrev|napisał)(?!\p{L})/iu;
const DATED = /\d{4}|\d[:.]\d\d/;
/** `Kind regards,` at the end of a mail. */
const CLOSING =
  /^(?:(?:(?:kind|best|warm|many) )?(?:regards|wishes|thanks)|best|cheers|sincerely|yours \w+|thank you|(?:mit )?(?:freundlichen|besten|vielen|herzlichen|liebe|viele|beste|schöne) grü(?:ß|ss)en?|vielen dank|danke|cordialement|bien à vous|(?:met vriendelijke |vriendelijke )?groet(?:en)?|saludos(?: cordiales)?|un saludo|atentamente|cordiali saluti|(?:med )?(?:vänliga |venlig )?h[äi]lsning(?:ar|en)?|com os melhores cumprimentos|atenciosamente|mfg|vg|lg)(?: \p{L}+)?[\s,.!]*$/iu;
const hasAddress = (lines: string[]) => lines.some((line) => line.includes("@"));

/** A longer line is a list, and would take minutes. */
const LONGEST_HEADER = 500;
const addressesOf = (line: string) => new Set(addressesIn(line.slice(0, LONGEST_HEADER)));

/** Removes headers, reply lines, signatures and quote marks. */
export function withoutMail(text: string): Mail {
  const raw = text.split("\n");
  // A line of marks only stays, so that it is counted.
  const lines = raw.map((line) => (/[\p{L}\p{N}@-]/u.test(line) ? line.replace(QUOTED, "") : line));
  const isQuoted = (index: number) => raw[index]?.startsWith(">");
  const kept: string[] = [];
  const writers = new Set<string>();
  const headers: string[] = [];
  const recipients: string[] = [];
  const senders: string[] = [];
  const signatures: string[] = [];
  let signature: number | undefined;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const printed = isPrinted(lines, index);
    const reply = printed ? 1 : replyLength(lines, index);
    const length = reply || headerLength(lines, index);
    if (length > 0 || (line && signature !== undefined && isQuoted(index) !== isQuoted(signature)))
      signature = undefined;
    if (line === "--" && kept.some(Boolean)) signature = index;
    // Above the writer's own address. Several signatures are a list of people.
    if (
      CLOSING.test(line) &&
      hasAddress(kept) &&
      !kept.some((before) => CLOSING.test(before)) &&
      addressesOf(lines.slice(index).join(" ")).size === 1
    )
      signature = index;
    const taken = lines.slice(index, index + Math.max(length, 1));
    const from = reply > 0 ? taken : taken.filter((header) => fieldOf(header) === "from");
    for (const address of addressesOf(from.join(" "))) writers.add(address);
    let field: Field | undefined;
    if (reply === 0 && length > 0) {
      if (FORWARDED.test(kept.at(-1) ?? "")) headers.push(kept.pop()!);
      for (const line of taken) {
        const label = fieldOf(line);
        field = label ?? field;
        const value = (label ? line.replace(LABEL, "") : line).trim();
        if (field === "from") senders.push(value);
        else if (field === "to" || field === "cc") recipients.push(value);
      }
    }
    if (length > 0) {
      headers.push(...taken.filter(Boolean));
      index += length - 1;
    } else if (signature === undefined) kept.push(line);
    else if (line) signatures.push(line);
  }
  return { text: kept.join("\n"), headers, recipients, senders, signatures, writers };
}

/** The number of lines of a reply line: `On 23 Nov 2026, Max Boss <max@example.com> wrote:`. Mail programs break long ones. */
function replyLength(lines: string[], index: number): number {
  return (
    [1, 2, 3].find((length) => {
      const part = lines.slice(index, index + length);
      const line = part.join(" ");
      const addresses = addressesOf(line).size;
      if (line.length > LONGEST_HEADER || part.includes("") || !line.endsWith(":") || addresses > 1) return false;
      const wrote = WROTE.test(line);
      // The digits of an address are not a date.
      const dated = DATED.test((part[0] ?? "").replace(ADDRESS_IN_TEXT, ""));
      return length === 1
        ? [wrote, dated, addresses === 1].filter(Boolean).length > 1
        : addresses === 1 && dated && (wrote || line.endsWith(">:"));
    }) ?? 0
  );
}

/** Whether a line is a sender and a date above a `To:` line, as Gmail shows and prints them. */
function isPrinted(lines: string[], index: number): boolean {
  const line = (lines[index] ?? "").slice(0, LONGEST_HEADER);
  const after = /^[^<>@]*<[^<>\s@]+@[^<>\s@]+>\s+(.*)$/.exec(line)?.[1] ?? "";
  return /\d{4}/.test(after) && /\d[:.]\d\d/.test(after) && fieldOf(lines[index + 1] ?? "") === "to";
}

/** The number of header lines of a forwarded mail; 0 if one of the four required fields is missing. */
function headerLength(lines: string[], start: number): number {
  const found = new Set<Field>();
  let end = start;
  if (!fieldOf(lines[start] ?? "")) return 0;
  for (let index = start; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const field = fieldOf(line);
    const continues = index === end + 1 && /[,;]$/.test(lines[end] ?? "");
    if (field ? found.has(field) : line && !continues && !LABEL.test(line)) break;
    if (field) found.add(field);
    if (field || continues) end = index;
  }
  return (["from", "date", "to", "subject"] as const).every((field) => found.has(field)) ? end - start + 1 : 0;
}
