/** A deal's reminders as people type them, and in words. */
import type { Problem } from "../api";
import { date } from "../time";
import { counted } from "../ui/seat-numbers";

export const UNITS = { d: "days", h: "hours", m: "minutes", s: "seconds" } as const;
export type Unit = keyof typeof UNITS;
const SECONDS: Record<Unit, number> = { d: 86_400, h: 3600, m: 60, s: 1 };

/** A reminder in the form. Without a number, there is none. */
export interface Step {
  readonly text: string;
  readonly unit: Unit;
}
/** What is wrong with each of the two. */
export type Wrong = readonly [string | undefined, string | undefined];
export type Steps = readonly [Step, Step];

/** `7d` as the form shows it. */
function stepOf(text = ""): Step {
  const [, number = "", unit = "d"] = /^(\d+)([dhms])$/.exec(text) ?? [];
  return { text: number, unit: unit as Unit };
}

export const stepsOf = (after: readonly string[]): Steps => [stepOf(after[0]), stepOf(after[1])];

const isSet = ({ text }: Step) => text.trim() !== "";
const secondsOf = ({ text, unit }: Step) => Number(text) * SECONDS[unit];

/** The setting for the API; of a valid form. */
export const afterOf = (steps: Steps): string[] =>
  steps.filter(isSet).map(({ text, unit }) => `${Number(text)}${unit}`);

export function wrongIn(steps: Steps): Wrong {
  const [first, second] = steps.map((step) =>
    isSet(step) && !/^\s*0*[1-9]\d{0,4}\s*$/.test(step.text)
      ? "Enter a whole number from 1 to 99,999, or leave the field empty."
      : undefined,
  );
  const both = !first && !second && steps.every(isSet);
  const early = both && secondsOf(steps[1]) <= secondsOf(steps[0]);
  return [first, early ? "The second reminder must be later than the first." : second];
}

const isSame = (a: Step, b: Step) => a.text.trim() === b.text.trim() && (a.unit === b.unit || !isSet(a));
const ORDER = ["first", "second"] as const;

/**
 * What to save if somebody else has changed the setting since the page was loaded: what this person changed, and the rest as it
 * is `now`. `news`: what the other person changed, in words.
 */
export function merged(mine: Steps, before: Steps, now: Steps): { steps: Steps; news: string } {
  const stays = mine.map((step, at) => isSame(step, before[at]!));
  const steps = mine.map((step, at) => (stays[at] ? now[at]! : step)) as unknown as Steps;
  const news = now.flatMap((step, at) => {
    if (isSame(step, before[at]!) || isSame(step, mine[at]!)) return [];
    const what = `the ${ORDER[at]} reminder`;
    const did = isSet(step)
      ? `set ${what} to ${counted(Number(step.text), UNITS[step.unit].slice(0, -1))}`
      : `removed ${what}`;
    return `Meanwhile, somebody else ${did}: ${stays[at] ? "that stays" : "your change replaces it"}.`;
  });
  return { steps, news: news.join(" ") };
}

/** A refusal of the API, at the field that it is about: the last reminder is the one that comes too late. */
export function refusedIn(problem: Problem, steps: Steps): Wrong | undefined {
  const detail = problem.errors.find(({ field }) => field.startsWith("after"))?.detail;
  if (detail === undefined) return undefined;
  const words = detail.includes("lifetime")
    ? "The invite will have expired by then. Enter a shorter time."
    : `This reminder ${detail}.`;
  return isSet(steps[1]) ? [undefined, words] : [words, undefined];
}

/** `25 days`: the last time before the last tenth of an invite's lifetime, as a person would enter it. */
function latest(lifetime: number, unit: Unit): string {
  const last = (unit: Unit) => Math.ceil((lifetime * 0.9) / SECONDS[unit]) - 1;
  const units = Object.keys(UNITS) as Unit[];
  const [fit = "s"] = units.slice(units.indexOf(unit)).filter((unit) => last(unit) > 0);
  return counted(last(fit), UNITS[fit].slice(0, -1));
}

/** What a valid setting means for an invite that is sent today, or at the deal's start. `lifetime`: an invite's, as `28d`. */
export function meaning(
  steps: Steps,
  now: number,
  { startsAt, endsAt }: { startsAt: string; endsAt: string },
  lifetime: string | undefined,
): string {
  const set = steps.filter(isSet);
  if (set.length === 0) return "Nobody is reminded.";
  const sent = Math.max(now, Date.parse(startsAt));
  const invited = sent > now ? `invited at the deal’s start on ${date(startsAt)}` : "invited today";
  const seconds = lifetime === undefined ? Number.POSITIVE_INFINITY : secondsOf(stepOf(lifetime));
  const early = set.filter((step) => secondsOf(step) < seconds * 0.9);
  const inTime = early.filter((step) => sent + secondsOf(step) * 1000 < Date.parse(endsAt));
  const last = set.at(-1)!;
  const end = [
    early.length < set.length &&
      ` No reminder goes out later than ${latest(seconds, last.unit)} after the invite: then the last tenth of its time begins.`,
    inTime.length < early.length && ` No reminder goes out after the deal’s end on ${date(endsAt)}.`,
  ]
    .filter(Boolean)
    .join("");
  if (inTime.length === 0) return `Nobody who is ${invited} is reminded.${end}`;
  const when = inTime.map((step) => {
    const { text, unit } = step;
    const time = counted(Number(text), UNITS[unit].slice(0, -1));
    return unit === "d"
      ? `on ${date(new Date(sent + secondsOf(step) * 1000).toISOString())} (after ${time})`
      : `after ${time}`;
  });
  return `Somebody who is ${invited} and does not answer is reminded ${when.join(", and again ")}.${end}`;
}
