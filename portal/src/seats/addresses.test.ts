import { expect, it } from "vitest";
import type { Invite } from "../api";
import { suggestionFor, usualDomains } from "../invite/suggestion";
import { INVITE } from "../sample";
import { session } from "../session";
import { addressesOf, recordAddresses } from "./addresses";
import { meantBy, usualIn } from "./instead";

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

it("addresses that no email reached make no domain usual, and the manager's own domain is usual", () => {
  const delivery = { state: "bounced", at: "2026-05-03T10:00:00Z", reason: "mailbox_unavailable" } as const;
  recordAddresses(
    "lost",
    rows(3, "acme.exmaple").map((row) => ({ ...row, delivery })),
  );
  session.value = { email: "max@acme.example" } as typeof session.value;
  expect(usualIn("lost")).toEqual(["acme.example"]);
  expect(meantBy("lost", "tom@acme.example")).toBeUndefined();
  expect(meantBy("lost", "tom@acme.exmaple")).toBe("tom@acme.example");
  session.value = null;
});
