/** A correction for a mistyped address. It is offered, never applied by itself. */
import type { Recipient } from "./recipients";

/** Large mail hosts. Similar ones, such as `mail.com`, are listed so that they are not taken for a typo. */
const HOSTS = (
  "gmail.com googlemail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.it outlook.com outlook.fr outlook.de live.com live.co.uk msn.com " +
  "yahoo.com yahoo.co.uk yahoo.co.jp yahoo.fr yahoo.de yahoo.es yahoo.it ymail.com icloud.com me.com mac.com aol.com mail.com email.com " +
  "gmx.com gmx.de gmx.net web.de t-online.de orange.fr free.fr wanadoo.fr laposte.net libero.it wp.pl seznam.cz btinternet.com " +
  "protonmail.com proton.me docomo.ne.jp mail.ru yandex.ru"
).split(" ");
/** Shorter hosts are too similar to other real hosts. */
const SHORTEST = 8;

export const domainOf = (email: string) => email.slice(email.lastIndexOf("@") + 1).toLowerCase();

/** A domain is usual in a list if it has a few addresses, and a good part of them. */
const FEW = 3;
const GOOD_PART = 10;

/** The domains that are usual in a list: one that is like them, and is not, may be mistyped. */
export function usualDomains(rows: readonly Recipient[]): string[] {
  const counts = new Map<string, number>();
  for (const { email } of rows) counts.set(domainOf(email), (counts.get(domainOf(email)) ?? 0) + 1);
  return [...counts].flatMap(([domain, count]) => (count >= FEW && count * GOOD_PART >= rows.length ? [domain] : []));
}

/** How many times as usual a domain is as another one that is a typo of it. */
const MUCH = 3;
/** The manager's own domain counts as that of so many rows. */
const OWN = 10;

/**
 * Of usual domains and the manager's own, those that are no typo of a much more usual one: three people of a list may share a
 * typo.
 */
export function withoutTypos(usual: readonly string[], rows: readonly Recipient[], own?: string): string[] {
  const domains = [...new Set(own ? [...usual, own] : usual)];
  const count = (domain: string) => {
    const found = rows.filter(({ email }) => domainOf(email) === domain).length;
    return domain === own ? Math.max(found, OWN) : found;
  };
  const isTypoOf = (domain: string, other: string) =>
    other.length >= SHORTEST && domain !== other && isTypo(domain, other) && count(other) >= MUCH * count(domain);
  return domains.filter((domain) => !domains.some((other) => isTypoOf(domain, other)));
}

const endingOf = (domain: string) => domain.slice(domain.lastIndexOf("."));

/**
 * Whether a domain is a large host's with a typo before the ending: also where it is usual, as in a list that one person typed. With
 * another ending, as `yahoo.ie`, it may be a host of its own.
 */
const isHostTypo = (domain: string) =>
  !HOSTS.includes(domain) &&
  HOSTS.some((host) => host.length >= SHORTEST && endingOf(host) === endingOf(domain) && isTypo(domain, host));

export function suggestionFor(email: string, usual: readonly string[] = []): string | undefined {
  const at = email.lastIndexOf("@");
  if (at < 1) return undefined;
  const local = email
    .slice(0, at)
    .replace(/[’‘`´ʼ]/g, "'")
    .replace(/\.{2,}/g, ".")
    .replace(/@+$/, "");
  const domain = domainOf(email);
  const known = [...usual.filter((domain) => !isHostTypo(domain)), ...HOSTS];
  const host = known.includes(domain)
    ? undefined
    : known.find((host) => host.length >= SHORTEST && isTypo(domain, host));
  const meant = `${local}@${
    host ??
    email
      .slice(at + 1)
      .replace(/ ?([.,]) ?/, ".")
      .replace(/\.{2,}/g, ".")
      .replace(/\.(?:con|c0m)$/i, ".com")
  }`;
  return meant !== email && mayBeAccepted(meant) ? meant : undefined;
}

export interface CommonTypo {
  readonly typed: string;
  readonly meant: string;
  /** The corrected addresses, by row. */
  readonly emails: ReadonlyMap<number, string>;
}

/** The mistyped domains of more than one row, the commonest first. */
export function commonTypos(rows: readonly { id: number; email: string; meant: string | undefined }[]): CommonTypo[] {
  const found = new Map<string, { typed: string; meant: string; emails: Map<number, string> }>();
  for (const { id, email, meant } of rows) {
    if (meant === undefined || email === "" || domainOf(meant) === domainOf(email)) continue;
    const pair = { typed: domainOf(email), meant: domainOf(meant) };
    const key = `${pair.typed} ${pair.meant}`;
    const typo = found.get(key) ?? { ...pair, emails: new Map() };
    typo.emails.set(id, meant);
    found.set(key, typo);
  }
  return [...found.values()].filter(({ emails }) => emails.size > 1).sort((a, b) => b.emails.size - a.emails.size);
}

/** No top-level domain has a digit, except in `xn--p1ai`. */
const ODD_ENDING = /\.(?!xn--)[^.@]*\d[^.@]*$/i;

/** Whether an address may be mistyped, and what may be meant then, if that is known. */
export function mistyped(email: string, usual: readonly string[]): { meant: string | undefined } | undefined {
  const meant = suggestionFor(email, usual);
  return meant !== undefined || ODD_ENDING.test(email) ? { meant } : undefined;
}

/** Whether the API may accept an address: see `Email::parse` in `shared/src/domain/email.rs`. */
export function mayBeAccepted(email: string): boolean {
  const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?`;
  const local = String.raw`[\w!#$%&'*+/=?^{|}~\x60-]+`;
  return new RegExp(String.raw`^(?=[^@]{1,64}@)${local}(?:\.${local})*@(?:${label}\.)+(?!\d+$|.$)${label}$`, "u").test(
    email,
  );
}

/** Whether one letter is missing, extra or wrong, or two letters are swapped. */
function isTypo(typed: string, meant: string): boolean {
  let start = 0;
  while (start < typed.length && typed[start] === meant[start]) start += 1;
  const [left, right] = [typed.slice(start), meant.slice(start)];
  const swapped = left.length > 1 && left[1] === right[0] && left[0] === right[1] && left.slice(2) === right.slice(2);
  return swapped || left.slice(1) === right || left === right.slice(1) || left.slice(1) === right.slice(1);
}
