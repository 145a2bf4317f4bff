import { describe, expect, it, vi } from "vitest";
import { type DealWithSeats, Problem } from "../api";
import { spaced } from "../sample";
import { instant } from "../time";
import {
  changeOf,
  doubtsIn,
  doubtsOfTwin,
  fromInput,
  harmOf,
  isLikelyId,
  losers,
  newDeal,
  numberIn,
  otherNames,
  refusedFields,
  toInput,
  valuesOf,
  wrongIn,
} from "./fields";

const DEAL: DealWithSeats = {
  id: "C_aCKzOth8FIoKIKW6fNXg",
  name: "Unlimited",
  organisation: { id: "acme", name: "Acme" },
  startsAt: "2026-09-01T00:00:00Z",
  endsAt: "2027-08-31T22:00:07Z",
  state: "active",
  seats: { total: 100, allocated: 42, available: 58 },
  reminders: [],
};
const VALUES = valuesOf(DEAL);
const ALL = Object.keys(VALUES) as (keyof typeof VALUES)[];
const NOW = Date.parse("2026-11-24T00:00:00Z");

it.each([
  ["acme-college", true],
  ["school2", true],
  ["societe", false],
  ["Acme-College", false],
  ["zürich-2", false],
])("a search for %s is meant as an ID: %s", (text, isId) => expect(isLikelyId(text)).toBe(isId));

it.each([
  ["100", 100],
  [" 1,000 ", 1000],
  ["1 000 000", 1_000_000],
  ["1.5", undefined],
  ["1,5", undefined],
  ["-1", undefined],
  ["", undefined],
  ["ten", undefined],
])("%o is the number %o", (text, value) => expect(numberIn(text)).toBe(value));

it.each(["UTC", "Europe/Berlin", "America/Los_Angeles"])(
  "a reader in %s enters the day that the pages show",
  (zone) => {
    vi.stubEnv("TZ", zone);
    expect(toInput("2027-07-31T00:00:00Z")).toBe("2027-07-31T00:00");
    expect(fromInput("2027-07-31T00:00")).toBe("2027-07-31T00:00:00Z");
    vi.unstubAllEnvs();
  },
);

it("a time passes through its input unchanged, with its seconds", () => {
  for (const time of ["2026-09-01T00:00:00Z", "2027-08-31T22:00:07Z", "2027-03-28T01:30:00Z"]) {
    expect(fromInput(toInput(time))).toBe(time);
  }
  expect(fromInput("")).toBeUndefined();
});

describe("validation", () => {
  it("accepts an existing deal's values", () => {
    expect(wrongIn(VALUES, ALL)).toEqual({});
    expect(newDeal(VALUES)).toEqual({
      organisation: DEAL.organisation,
      name: DEAL.name,
      seats: 100,
      startsAt: DEAL.startsAt,
      endsAt: DEAL.endsAt,
    });
  });

  it.each([
    ["organisation.id", "Acme Ltd"],
    ["organisation.id", ""],
    ["organisation.name", " "],
    ["name", "x".repeat(101)],
    ["seats", "0"],
    ["seats", "1,000,001"],
    ["startsAt", ""],
    ["endsAt", toInput("2026-08-31T00:00:00Z")],
  ] as const)("refuses for %s: %o", (field, text) =>
    expect(Object.keys(wrongIn({ ...VALUES, [field]: text }, ALL))).toEqual([field]),
  );

  it("looks only at the fields on the form", () => {
    expect(wrongIn({ ...VALUES, name: "" }, ["seats"])).toEqual({});
  });
});

describe("a change", () => {
  it("has only the edited fields", () => {
    expect(changeOf(DEAL, VALUES)).toEqual({});
    expect(changeOf(DEAL, { ...VALUES, endsAt: "2027-08-31T22:00" })).toEqual({});
    expect(changeOf(DEAL, { ...VALUES, endsAt: "2027-08-31T22:01" })).toEqual({ endsAt: "2027-08-31T22:01:00Z" });
    expect(changeOf(DEAL, { ...VALUES, seats: "150" })).toEqual({ seats: 150 });
    expect(changeOf(DEAL, { ...VALUES, name: "Unlimited Plus " })).toEqual({ name: "Unlimited Plus" });
    expect(changeOf(DEAL, { ...VALUES, "organisation.name": "Acme Ltd" })).toEqual({
      organisation: { name: "Acme Ltd" },
    });
  });

  it("for the better harms nobody", () => {
    expect(harmOf(DEAL, { seats: 150, name: "New", endsAt: "2028-01-01T00:00:00Z" }, NOW)).toEqual([]);
  });

  it("for the worse says what is lost", () => {
    expect(harmOf(DEAL, { seats: 80 }, NOW)).toEqual([expect.stringContaining("38 will be available")]);
    expect(harmOf(DEAL, { endsAt: "2026-11-01T00:00:00Z" }, NOW)).toEqual([
      expect.stringMatching(/ends immediately .* 42 learners lose their seats/),
    ]);
    expect(harmOf(DEAL, { startsAt: "2027-01-01T00:00:00Z" }, NOW)).toEqual([
      expect.stringContaining("not have started"),
    ]);
  });

  it.each([
    [0, "No learner has a seat yet."],
    [1, "Until then, learners keep their seats: 1 has one now."],
    [1200, "Until then, learners keep their seats: 1,200 have one now."],
  ])("to an earlier end that is still ahead takes nothing now, of %i learners", (allocated, held) => {
    const deal = { ...DEAL, seats: { total: 2000, allocated, available: 2000 - allocated } };
    expect(harmOf(deal, { endsAt: "2027-01-01T00:00:00Z" }, NOW).map(spaced)).toEqual([
      "The deal ends on 1 January 2027, 00:00 UTC instead of 31 August 2027, 22:00 UTC. Only then do learners lose their seats " +
        `and access to Unlimited, and only then do pending invites stop working. ${held}`,
    ]);
  });

  it.each([
    [0, "No learner has a seat yet."],
    [1, "1 learner has a seat, and keeps it: the learner’s page goes on to show it."],
    [1200, "1,200 learners have seats, and keep them: their pages go on to show them."],
  ])("to a start that is ahead says who keeps a seat, of %i learners", (allocated, held) => {
    const deal = { ...DEAL, seats: { total: 2000, allocated, available: 2000 - allocated } };
    expect(harmOf(deal, { startsAt: "2027-01-01T00:00:00Z" }, NOW).map(spaced)).toEqual([
      "The deal will not have started: nobody can be invited or accept before 1 January 2027, 00:00 UTC. " +
        `Pending invites that expire before then can no longer be accepted. ${held}`,
    ]);
  });

  it("mentions learners only if there are any", () => {
    const held = (allocated: number) =>
      losers({ ...DEAL, seats: { total: 100, allocated, available: 100 - allocated } });
    expect(held(0)).toBe("No learner has a seat. Pending invites can no longer be accepted.");
    expect(held(1)).toMatch(/^1 learner loses a seat and access to Unlimited\. Pending/);
    expect(held(1200)).toMatch(/^1,200 learners lose their seats and access to Unlimited\. Pending/);
  });
});

it("a corrected name says which names stay, and which one the list shows", () => {
  const [old, other, newest] = ["old", "other", "newest"].map((id) => ({ ...DEAL, id }));
  expect(otherNames(old!, [old!])).toBe("");
  expect(otherNames(old!, [old!, newest!])).toBe(
    "The organisation’s other deal keeps the name that it shows. The list of organisations shows the name in the newest deal, “Acme”.",
  );
  expect(otherNames(newest!, [old!, other!, newest!])).toBe(
    "The organisation’s 2 other deals keep the name that they show. This deal is the newest: the list of organisations shows its name.",
  );
});

describe("what may be mistyped", () => {
  const doubts = (change: Parameters<typeof doubtsIn>[0], deal?: DealWithSeats) =>
    doubtsIn(change, deal, NOW).map(spaced);
  const [startsAt, endsAt] = ["2026-11-24T00:00:00Z", "2027-11-24T00:00:00Z"];

  it.each([
    [
      { endsAt: "2216-11-24T00:00:00Z" },
      ["The deal lasts 190 years: 24 November 2026, 00:00 UTC – 24 November 2216, 00:00 UTC."],
    ],
    [
      { endsAt: "2029-11-24T00:00:01Z" },
      ["The deal lasts 3 years: 24 November 2026, 00:00 UTC – 24 November 2029, 00:00 UTC."],
    ],
    [{ endsAt: "2029-11-24T00:00:00Z" }, []],
    [
      { startsAt: "2016-11-24T00:00:00Z" },
      [
        "The deal lasts 11 years: 24 November 2016, 00:00 UTC – 24 November 2027, 00:00 UTC.",
        "The deal started 10 years ago, on 24 November 2016, 00:00 UTC.",
      ],
    ],
    [
      { startsAt: "2036-11-24T00:00:00Z", endsAt: "2037-11-24T00:00:00Z" },
      ["The deal starts in 10 years, on 24 November 2036, 00:00 UTC."],
    ],
    [{ startsAt: "2025-11-24T00:00:01Z" }, []],
    [{ endsAt: "2026-11-24T18:00:00Z" }, ["The deal ends in 18 hours, on 24 November 2026, 18:00 UTC."]],
    [{ endsAt: "2026-11-25T00:00:01Z" }, []],
    [{ startsAt: "2027-11-23T23:59:59Z" }, []],
    [{ seats: 1_000_000 }, ["The deal has 1,000,000 seats."]],
    [{ seats: 10_000 }, []],
  ])("in a new deal with %o", (values, expected) => {
    expect(doubts({ startsAt, endsAt, seats: 100, ...values })).toEqual(expected);
  });

  it.each([
    [{ endsAt: "2216-09-01T00:00:00Z" }, [expect.stringContaining("lasts 190 years")]],
    [
      { startsAt: "2016-09-01T00:00:00Z" },
      [expect.stringContaining("lasts 10 years"), expect.stringContaining("started 10 years ago")],
    ],
    [{ seats: 1000 }, ["The deal has 1,000 seats instead of 100."]],
    [{ seats: 999 }, []],
    [{ seats: 80 }, []],
    [{ name: "Other" }, []],
  ])("in a change to %o", (change, expected) => expect(doubts(change, DEAL)).toEqual(expected));

  it("is not asked again of values that stay", () => {
    const large = {
      ...DEAL,
      endsAt: "2216-09-01T00:00:00Z",
      seats: { total: 20_000, allocated: 0, available: 20_000 },
    };
    expect(doubts({ name: "Other" }, large)).toEqual([]);
    expect(doubts({ seats: 15_000 }, large)).toEqual([]);
  });
});

describe("a refusal", () => {
  const refuse = (code: string, field: string, detail: string) =>
    refusedFields(new Problem(code, detail, { status: 400, errors: [{ field, detail }] }), ALL);

  it("is a sentence at its field", () => {
    expect(refuse("invalid_request", "endsAt", "must be later than startsAt")).toEqual({
      endsAt: "Ends must be later than the start.",
    });
    expect(refuse("invalid_request", "organisation.name", "must not contain a URL")).toEqual({
      "organisation.name": "Organisation name must not contain a URL.",
    });
    expect(
      refuse("invalid_request", "endsAt", "must be before 2028-08-31T22:00:00Z, when this deal's records are deleted"),
    ).toEqual({
      endsAt: `Ends must be before ${instant("2028-08-31T22:00:00Z")}, when this deal's records are deleted.`,
    });
  });

  it("of too few seats says how many are needed, and what else helps", () => {
    const { seats } = refuse(
      "seats_below_allocated",
      "seats",
      "Learners hold 42 of the seats. Enter at least 42, or release seats first.",
    );
    expect(seats).toMatch(/hold 42 seats. Enter 42 or more, or ask .* de-allocate/);
  });

  it("of a field that is not on the form is shown for the whole form", () => {
    expect(refuse("invalid_request", "Idempotency-Key", "must be 1 to 255 characters")).toEqual({});
  });
});

it("asks about a deal with the name and times of another one", () => {
  const twin = (change: Partial<DealWithSeats>, seats = 100) =>
    doubtsOfTwin({ ...DEAL, ...change }, seats, [DEAL]).map(spaced);
  const same = "Acme has a deal Unlimited for the same time already, with 100 seats.";
  expect(twin({})).toEqual([`${same} Nobody could tell the two apart.`]);
  expect(twin({ name: "unlimited", endsAt: "2027-08-31T22:00:00Z" })).toEqual([
    `${same} Nobody could tell the two apart.`,
  ]);
  expect(twin({}, 20)).toEqual([`${same} To change its seats, resize it.`]);
  expect(twin({ name: "Unlimited Plus" })).toEqual([]);
});

it("asks about a deal with the name of another one that has not ended, at times that overlap", () => {
  const twin = (change: Partial<DealWithSeats>, other: Partial<DealWithSeats> = {}) =>
    doubtsOfTwin({ ...DEAL, ...change }, 100, [{ ...DEAL, ...other }]).map(spaced);
  const same =
    "Acme has a deal Unlimited already, with 100 seats: 1 September 2026, 00:00 UTC – 31 August 2027, 22:00 UTC. For some time, both would be active under one name.";
  expect(twin({ startsAt: "2026-09-02T00:00:00Z" })).toEqual([same]);
  expect(twin({ name: "UNLIMITED ", endsAt: "2027-09-30T22:00:07Z" })).toEqual([same]);
  expect(twin({ startsAt: "2027-08-31T22:00:07Z", endsAt: "2028-08-31T22:00:07Z" })).toEqual([]);
  expect(twin({ startsAt: "2026-09-02T00:00:00Z" }, { state: "ended" })).toEqual([]);
  expect(twin({ startsAt: "2026-09-02T00:00:00Z", name: "Unlimited Plus" })).toEqual([]);
});
