/** What cancelling ends, for the question before it. */
import type { Invite } from "../api";
import { number } from "../ui/seat-numbers";
import { isAsked } from "./words";

const WAITED = { link: "a new link", seat: "a seat" } as const;

/** `who`: names one person. */
export function whatEnds(rows: Invite[], who = "These people"): string {
  const one = rows.length === 1;
  const expired = rows.filter(({ status }) => status === "expired").length;
  const asked = rows.filter(isAsked);
  const what = new Set(asked.map(({ askedFor }) => WAITED[askedFor ?? "link"]));
  return [
    expired === rows.length
      ? `${who} cannot accept: ${one ? "the invite has" : "the invites have"} expired. Cancelling takes ${one ? "it" : "them"} off the list.`
      : `${who} can no longer accept: ${one ? "the link in the email stops" : "the links in their emails stop"} working.`,
    expired > 0 &&
      expired < rows.length &&
      `${number(expired)} of these ${expired === 1 ? "has" : "have"} expired already.`,
    asked.length > 0 &&
      `${one ? "Their" : asked.length < rows.length ? `${number(asked.length)} of these asked: their` : "Their"} ${asked.length === 1 ? "request" : "requests"} for ${[...what].join(" or ")} ${asked.length === 1 ? "goes" : "go"} too.`,
  ]
    .filter(Boolean)
    .join(" ");
}
