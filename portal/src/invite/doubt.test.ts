import { afterEach, describe, expect, it } from "vitest";
import { INVITE } from "../sample";
import type { Known } from "../seats/words";
import { session } from "../session";
import { doubtOf } from "./doubt";
import { stored } from "./name";
import { readList } from "./parse";
import { forecast } from "./verdicts";

const MAY = "2026-05-03T10:00:00Z";
const email = "ann@example.com";

describe("whoever said no or was removed", () => {
  it.each<[what: string, change: Partial<Known>, isAsked: boolean]>([
    ["declined", { status: "declined", declinedAt: MAY }, true],
    ["cancelled", { status: "cancelled", removedAt: MAY }, true],
    ["corrected", { status: "cancelled", removedAt: MAY, correctedTo: "new" }, true],
    ["de-allocated", { status: "released", removedAt: MAY }, true],
    ["declined, and asked since", { status: "declined", declinedAt: MAY, askedAt: MAY, askedFor: "link" }, false],
    ["expired", { status: "expired" }, false],
  ])("is to be looked at again: %s", (_, change, isAsked) => {
    const earlierInvite = { ...INVITE, ...change };
    const doubt = doubtOf({ email, earlierInvite }, []);
    expect(doubt !== undefined).toBe(isAsked);
    // Somebody pressed *Invite again*.
    expect(doubtOf({ email, earlierInvite, wanted: true }, [])).toBeUndefined();
    const row = { verdict: { email, outcome: "invited" as const }, earlierInvite };
    if (isAsked)
      expect(forecast(row, doubt)).toMatchObject({
        label: "Look again",
        note: "Will be invited again, unless you correct or remove it.",
      });
  });

  it("has one way out, whether a list contains them or somebody pressed *Invite again*", () => {
    const earlierInvite: Known = { ...INVITE, status: "cancelled", removedAt: MAY };
    const row = { verdict: { email, outcome: "invited" as const }, earlierInvite };
    for (const wanted of [undefined, true] as const) {
      const doubt = doubtOf({ email, earlierInvite, conflict: "Check it.", ...(wanted && { wanted }) }, []);
      expect(forecast(row, doubt)?.note).toBe("Check it. Will be invited again, unless you correct or remove it.");
    }
  });
});

describe("an address that is not one person's", () => {
  afterEach(() => {
    session.value = null;
  });

  it.each([
    "info",
    "office",
    "Kontakt",
    "no-reply",
    "noreply",
    "do_not_reply",
    "all-staff",
    "allstaff",
    "team",
    "team-berlin",
    "sales_team",
    "alle",
    "mailer-daemon",
  ])("is to be looked at again: %s@", (local) =>
    expect(doubtOf({ email: `${local}@acme.example` }, [])?.note).toMatch(/^(?:This|Nobody) seems? to /),
  );

  it.each(["ann", "al.lee", "steam", "teamer", "infomaria", "info.ann"])("may be: %s@", (local) =>
    expect(doubtOf({ email: `${local}@acme.example` }, [])).toBeUndefined(),
  );

  it("is the manager's own, too", () => {
    session.value = { email: "Max@Acme.example" } as typeof session.value;
    expect(doubtOf({ email: "max@acme.example" }, [])?.note).toBe("This is your own address.");
    expect(doubtOf({ email: "ann@acme.example" }, [])).toBeUndefined();
  });
});

describe("a name that is too long", () => {
  const long = Array.from({ length: 20 }, (_, index) => (index % 2 ? "Maximiliane" : "Annabella")).join(" ");
  it.each([
    ["before brackets", `${long} <${email}>`],
    ["in a column of names", `Name,Email\n${long},${email}`],
    ["in a column of names, far too long", `Name,Email\n${long} ${long},${email}`],
  ])("is kept to its end: %s", (_, text) => {
    const list = readList(text);
    const [row] = "rows" in list ? list.rows : [];
    expect(stored(row?.name ?? "")).toBe(long.slice(0, 100).trim());
  });

  it("is to be looked at again", () =>
    expect(doubtOf({ email, name: "Ann", isLong: true }, [])?.note).toBe(
      "The list’s name is longer than a name can be. This is its beginning.",
    ));
});

it("all that is odd about a row is said", () => {
  const doubt = doubtOf({ email: "info@acme.example", conflict: "It bounced.", beside: ["Kim"] }, []);
  expect(doubt?.note).toMatch(/^It bounced\. This seems to be .* The list does not say if .* a name\.$/);
  expect(doubt?.names).toEqual(["Kim"]);
});
