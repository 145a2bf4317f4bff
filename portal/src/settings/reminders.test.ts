import { expect, it } from "vitest";
import { Problem } from "../api";
import { spaced } from "../sample";
import { afterOf, meaning, merged, refusedIn, type Steps, stepsOf, wrongIn } from "./reminders";

const NOW = Date.parse("2026-05-01T10:00:00Z");
const STARTED = "2026-01-01T00:00:00Z";
const days = (first: string, second = ""): Steps => [
  { text: first, unit: "d" },
  { text: second, unit: "d" },
];

it.each<[after: string[], steps: Steps, words: string]>([
  [[], days(""), "Nobody is reminded."],
  [["1d"], days("1"), "Somebody who is invited today and does not answer is reminded on 2 May 2026 (after 1 day)."],
  [
    ["7d", "21d"],
    days("7", "21"),
    "Somebody who is invited today and does not answer is reminded on 8 May 2026 (after 7 days), and again on 22 May 2026 (after 21 days).",
  ],
  [
    ["90s", "2h"],
    [
      { text: "90", unit: "s" },
      { text: "2", unit: "h" },
    ],
    "Somebody who is invited today and does not answer is reminded after 90 seconds, and again after 2 hours.",
  ],
])("%j is shown, said and sent", (after, steps, words) => {
  expect(stepsOf(after)).toEqual(steps);
  expect(afterOf(steps)).toEqual(after);
  expect(spaced(meaning(steps, NOW, { startsAt: STARTED, endsAt: "2026-12-31T00:00:00Z" }, "28d"))).toBe(words);
});

it.each([
  [days("7", "21"), "Somebody who is invited today and does not answer is reminded on 8 May 2026 (after 7 days)."],
  [days("21"), "Nobody who is invited today is reminded."],
])("no reminder is promised after the deal’s end", (steps, words) => {
  expect(spaced(meaning(steps, NOW, { startsAt: STARTED, endsAt: "2026-05-15T10:00:00Z" }, "28d"))).toBe(
    `${words} No reminder goes out after the deal’s end on 15 May 2026.`,
  );
});

it.each([
  [
    days("7"),
    "Somebody who is invited at the deal’s start on 1 Sept 2026 and does not answer is reminded on 8 Sept 2026 (after 7 days).",
  ],
  [
    days("30"),
    "Nobody who is invited at the deal’s start on 1 Sept 2026 is reminded. No reminder goes out after the deal’s end on 30 Sept 2026.",
  ],
])("no reminder is promised before the deal’s start", (steps, words) => {
  const deal = { startsAt: "2026-09-01T00:00:00Z", endsAt: "2026-09-30T00:00:00Z" };
  expect(spaced(meaning(steps, NOW, deal, undefined))).toBe(words);
});

const LATE = (most: string) =>
  ` No reminder goes out later than ${most} after the invite: then the last tenth of its time begins.`;
it.each<[lifetime: string, after: string[], words: string]>([
  [
    "28d",
    ["7d", "27d"],
    `Somebody who is invited today and does not answer is reminded on 8 May 2026 (after 7 days).${LATE("25 days")}`,
  ],
  ["28d", ["26d"], `Nobody who is invited today is reminded.${LATE("25 days")}`],
  ["28d", ["25d"], "Somebody who is invited today and does not answer is reminded on 26 May 2026 (after 25 days)."],
  ["10d", ["9d"], `Nobody who is invited today is reminded.${LATE("8 days")}`],
  ["1d", ["1d"], `Nobody who is invited today is reminded.${LATE("21 hours")}`],
  ["60s", ["1h"], `Nobody who is invited today is reminded.${LATE("53 seconds")}`],
])("of an invite of %s, no reminder is promised in the last tenth: %j", (lifetime, after, words) => {
  const deal = { startsAt: STARTED, endsAt: "2026-12-31T00:00:00Z" };
  expect(spaced(meaning(stepsOf(after), NOW, deal, lifetime))).toBe(words);
});

it("only a second reminder is one reminder", () => {
  expect(afterOf(days("", " 07 "))).toEqual(["7d"]);
});

const NUMBER = "Enter a whole number from 1 to 99,999, or leave the field empty.";
const LATER = "The second reminder must be later than the first.";
it.each<[first: string, second: string, wrong: (string | undefined)[]]>([
  ["7", "21", [undefined, undefined]],
  ["", "", [undefined, undefined]],
  ["0", "x", [NUMBER, NUMBER]],
  ["1.5", "7", [NUMBER, undefined]],
  ["7", "7", [undefined, LATER]],
  ["7", "3", [undefined, LATER]],
])("%s and %s days: %j", (first, second, wrong) => {
  expect(wrongIn(days(first, second))).toEqual(wrong);
});

it.each<[what: string, mine: Steps, now: Steps, steps: Steps, news: string]>([
  ["nothing", days("9", "21"), days("7", "21"), days("9", "21"), ""],
  [
    "the other reminder",
    days("9", "21"),
    days("7", "20"),
    days("9", "20"),
    "Meanwhile, somebody else set the second reminder to 20 days: that stays.",
  ],
  [
    "the other reminder away",
    days("9", "21"),
    days("7"),
    days("9"),
    "Meanwhile, somebody else removed the second reminder: that stays.",
  ],
  [
    "the same reminder",
    days("9", "21"),
    days("1", "21"),
    days("9", "21"),
    "Meanwhile, somebody else set the first reminder to 1 day: your change replaces it.",
  ],
  // So does one's own attempt whose answer was lost.
  ["the same reminder to the same", days("9", "21"), days("9", "21"), days("9", "21"), ""],
])("what is saved if somebody else has changed %s since the page was loaded", (_, mine, now, steps, news) => {
  const { news: told, ...saved } = merged(mine, days("7", "21"), now);
  expect([saved.steps, spaced(told)]).toEqual([steps, news]);
});

it("an hour is not later than a day", () => {
  expect(wrongIn([days("1")[0], { text: "2", unit: "h" }])).toEqual([undefined, LATER]);
});

it("a refusal stands at the last reminder", () => {
  const problem = (detail: string) => new Problem("invalid_request", "", { errors: [{ field: "after", detail }] });
  const late = problem("must be shorter than the lifetime of an invite");
  const words = "The invite will have expired by then. Enter a shorter time.";
  expect(refusedIn(late, days("30"))).toEqual([words, undefined]);
  expect(refusedIn(late, days("7", "30"))).toEqual([undefined, words]);
  expect(refusedIn(problem("must be positive"), days("7"))).toEqual(["This reminder must be positive.", undefined]);
  expect(refusedIn(new Problem("unavailable", ""), days("7"))).toBeUndefined();
});
