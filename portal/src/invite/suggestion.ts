/** A correction for a mistyped address. It is offered, never applied by itself. */
import type { SendOutcome, SendResult } from "../api";
import type { Recipient } from "./recipients";

/** Why somebody should look at a valid address again, and what may be meant. */
export interface Doubt {
  readonly note: string;
  readonly meant: string | undefined;
}

/** Who may be meant instead is a doubt even if the address needs no invite. */
const MAY_BE_ANOTHER = new Set<SendOutcome>(["already_pending", "already_accepted", "duplicate"]);

/** The doubt about a checked row. */
export const doubtAbout = ({ verdict, ...row }: Recipient & { verdict?: SendResult | undefined }) =>
  verdict?.outcome === "invited" || (row.typed && verdict && MAY_BE_ANOTHER.has(verdict.outcome))
    ? doubtOf(row)
    : undefined;

export function doubtOf({ email, typed }: Recipient): Doubt | undefined {
  if (typed === undefined) {
    const meant = suggestionFor(email);
    return meant === undefined ? undefined : { note: "The part after the @ may be mistyped.", meant };
  }
  const [first = "", second, ...more] = typed.split(" ");
  const joined = second === email && more.length === 0 ? `${first.toLowerCase()}.${email}` : undefined;
  return { note: `The list says “${typed}”.`, meant: joined };
}

/** Large mail hosts. Similar ones, such as `mail.com`, are listed so that they are not taken for a typo. */
const HOSTS = (
  "gmail.com googlemail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.it outlook.com outlook.fr outlook.de live.com live.co.uk msn.com " +
  "yahoo.com yahoo.co.uk yahoo.co.jp yahoo.fr yahoo.de yahoo.es yahoo.it ymail.com icloud.com me.com mac.com aol.com mail.com email.com " +
  "gmx.com gmx.de gmx.net web.de t-online.de orange.fr free.fr wanadoo.fr laposte.net libero.it wp.pl seznam.cz btinternet.com " +
  "protonmail.com proton.me docomo.ne.jp mail.ru yandex.ru"
).split(" ");
/** Shorter hosts are too similar to other real hosts. */
const SHORTEST = 8;

export function suggestionFor(email: string): string | undefined {
  const at = email.lastIndexOf("@");
  if (at < 1) return undefined;
  const local = email.slice(0, at).replace(/[’‘`´ʼ]/g, "'");
  const domain = email.slice(at + 1).toLowerCase();
  const host = HOSTS.includes(domain)
    ? undefined
    : HOSTS.find((host) => host.length >= SHORTEST && isTypo(domain, host));
  const meant = `${local}@${
    host ??
    email
      .slice(at + 1)
      .replace(",", ".")
      .replace(/\.con$/i, ".com")
  }`;
  return meant === email ? undefined : meant;
}

/** Whether one letter is missing, extra or wrong, or two letters are swapped. */
function isTypo(typed: string, meant: string): boolean {
  let start = 0;
  while (start < typed.length && typed[start] === meant[start]) start += 1;
  const [left, right] = [typed.slice(start), meant.slice(start)];
  const swapped = left.length > 1 && left[1] === right[0] && left[0] === right[1] && left.slice(2) === right.slice(2);
  return swapped || left.slice(1) === right || left === right.slice(1) || left.slice(1) === right.slice(1);
}
