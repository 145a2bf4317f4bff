import { afterEach, describe, expect, it, vi } from "vitest";
import type { SendOutcome } from "../api";
import { INVITE, spaced } from "../sample";
import { session } from "../session";
import { found, question } from "./instead";
import type { Known } from "./words";

const row: Known = { ...INVITE, id: "typo", email: "erik@exmaple.com", name: "Pers 10" };
const MAY = "2026-05-03T10:00:00Z";
const asked = (to: { email?: string; name?: string; outcome?: SendOutcome; other?: Partial<Known> }) => {
  const { email = "erik@example.com", name = "Pers 10", outcome = "invited", other } = to;
  const invite = other && { ...INVITE, id: "other", email, name: "Erik Öberg", ...other };
  return spaced(question(row, name, { verdict: { email, outcome }, ...(invite && { other: invite }) }, []).join(" "));
};

afterEach(() => {
  session.value = null;
  vi.unstubAllGlobals();
});

describe("the question before a correction", () => {
  const declined = { status: "declined", declinedAt: MAY } as const;
  const has = "erik@example.com has an invite to this deal already, for Erik Öberg.";

  it.each([
    [declined, "Said no on 3 May."],
    [{ status: "expired", expiresAt: MAY } as const, "Did not answer by 3 May."],
  ])("says what becomes of the other invite, and of its name", (other, past) => {
    const lost =
      "The two invites become one, for Pers 10. The name Erik Öberg is lost: to keep it, enter it below Name.";
    expect(asked({ other })).toBe(`${has} ${past} ${lost}`);
    expect(asked({ other, name: "" })).toBe(`${has} ${past} The two invites become one, for Erik Öberg.`);
    expect(asked({ other, name: "Erik Öberg" })).toBe(`${has} ${past} The two invites become one, for Erik Öberg.`);
  });

  it.each<[change: Partial<Known>, past: string]>([
    [{}, "Cancelled by a manager on 3 May."],
    [
      { correctedTo: "new", correctedAddress: "ann@example.com", newInvite: { ...INVITE } },
      "The address was corrected to ann@example.com on 3 May.",
    ],
  ])("says that the address was removed", (change, past) => {
    const text = asked({ other: { status: "cancelled", removedAt: MAY, name: null, ...change } });
    expect(text).toContain(`erik@example.com had an invite to this deal before. ${past}`);
    expect(text.startsWith("This person got an invite at another address.")).toBe(change.newInvite !== undefined);
    expect(text).not.toContain("become one");
  });

  it("is not asked if a correction is taken back, or if the address is refused anyway", () => {
    expect(asked({ other: { status: "cancelled", removedAt: MAY, correctedTo: row.id, newInvite: row } })).toBe("");
    // Its first email would bounce again.
    const delivery = { state: "bounced", at: MAY, reason: "mailbox_unavailable" } as const;
    const back = { status: "cancelled", removedAt: MAY, correctedTo: row.id, newInvite: row, delivery } as const;
    expect(asked({ other: back })).toMatch(/^Check the address .* The email had bounced on 3 May: no such mailbox\.$/);
    // Another spelling, as of a domain in punycode, is the same invite.
    expect(asked({ other: { ...declined, id: row.id } })).toBe("");
    for (const outcome of ["already_pending", "already_accepted", "opted_out", "invalid_email", "too_soon"] as const)
      expect(asked({ email: "info@gmial.com", outcome })).toBe("");
    expect(asked({})).toBe("");
  });

  it("says what a check of a list says of an address", () => {
    session.value = { email: "max@example.com" } as typeof session.value;
    expect(asked({ email: "max@example.com" })).toBe("This is your own address.");
    expect(asked({ email: "info@example.com" })).toMatch(/^This seems to be the address of a group or role/);
    const mistyped = "The part after the @ may be mistyped. Did you mean erik@gmail.com?";
    expect(asked({ email: "erik@gmial.com" })).toBe(mistyped);
    expect(asked({ email: "erik@gmial.com", other: declined })).toContain(mistyped);
  });
});

it("the other invite is read only if the address would be invited", async () => {
  const paths: string[] = [];
  const answers = (outcome: SendOutcome) =>
    vi.stubGlobal("fetch", async (path: string) => {
      paths.push(path);
      const body = path.endsWith("/invites")
        ? { results: [{ email: "erik@example.com", outcome, inviteId: "other" }] }
        : { ...INVITE, id: "other", status: "declined", history: [], optedOut: false, correctedFrom: null };
      return Response.json(body);
    });
  answers("already_accepted");
  expect(await found("d", "erik@example.com")).toMatchObject({ verdict: { outcome: "already_accepted" } });
  expect(paths).toEqual(["/api/deals/d/invites"]);
  answers("invited");
  expect((await found("d", "erik@example.com")).other?.status).toBe("declined");
  expect(paths.slice(1)).toEqual(["/api/deals/d/invites", "/api/deals/d/invites/other"]);
});
