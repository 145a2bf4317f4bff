import { expect, it } from "vitest";
import type { Invite } from "../api";
import { suggestionFor, usualDomains } from "../invite/suggestion";
import { INVITE } from "../sample";
import { addressesOf, recordAddresses } from "./addresses";

const rows = (count: number, domain: string, status: Invite["status"] = "pending"): Invite[] =>
  Array.from({ length: count }, (_, at) => ({ ...INVITE, id: `${domain}-${at}`, email: `p${at}@${domain}`, status }));

it("a domain that is like a usual one of the deal may be mistyped, on whichever page it is listed", () => {
  recordAddresses("deal", rows(2, "acme.example"));
  expect(usualDomains(addressesOf("deal"))).toEqual([]);
  recordAddresses("deal", rows(4, "acme.example").slice(1));
  recordAddresses("deal", rows(1, "acme.exmaple"));
  recordAddresses("deal", rows(5, "acme.exampl", "cancelled"));
  expect(usualDomains(addressesOf("deal"))).toEqual(["acme.example"]);
  expect(suggestionFor("zoe@acme.exmaple", usualDomains(addressesOf("deal")))).toBe("zoe@acme.example");
  expect(usualDomains(addressesOf("another"))).toEqual([]);
});
