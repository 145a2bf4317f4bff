import { expect, it } from "vitest";
import type { Invite } from "../api";
import { INVITE } from "../sample";
import { whatEnds } from "./cancelling";

const pending: Invite = { ...INVITE, status: "pending" };
const expired: Invite = { ...INVITE, status: "expired" };
const asks: Invite = { ...pending, askedAt: "2026-11-20T00:00:00Z", askedFor: "seat" };
const asksForLink: Invite = { ...expired, askedAt: "2026-11-20T00:00:00Z", askedFor: "link" };

it.each([
  [[pending], "Ann can no longer accept: the link in the email stops working."],
  [[expired], "Ann cannot accept: the invite has expired. Cancelling takes it off the list."],
  [[asks], "Ann can no longer accept: the link in the email stops working. Their request for a seat goes too."],
  [
    [asksForLink],
    "Ann cannot accept: the invite has expired. Cancelling takes it off the list. Their request for a new link goes too.",
  ],
])("the question about one invite says what ends: %#", (rows, text) => expect(whatEnds(rows, "Ann")).toBe(text));

it.each([
  [[pending, pending], "These people can no longer accept: the links in their emails stop working."],
  [[expired, expired], "These people cannot accept: the invites have expired. Cancelling takes them off the list."],
  [
    [pending, asks, asksForLink],
    "These people can no longer accept: the links in their emails stop working. 1 of these has expired already. 2 of these asked: their requests for a seat or a new link go too.",
  ],
])("the question about many invites says what ends: %#", (rows, text) => expect(whatEnds(rows)).toBe(text));
