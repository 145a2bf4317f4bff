/** Dates as people read them: with a time and a zone, and how long ago or from now. */

const LOCALE = "en-GB";
const whole = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
const day = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });
const dayOfYear = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });

/** `3 Nov 2026, 14:05 GMT` */
export const dateTime = (time: string) => whole.format(new Date(time));

/** `3 Nov 2026` */
export const date = (time: string) => day.format(new Date(time));

/** `3 Nov`, in this year or not. */
export const shortDate = (time: string) => dayOfYear.format(new Date(time));

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400], ["month", 30 * 86_400], ["week", 7 * 86_400], ["day", 86_400], ["hour", 3_600], ["minute", 60],
];

/**
 * `3 weeks ago`, `in 25 days`. Weeks and months are said of the past only: of what is to come, days are wanted, and the
 * four weeks that were just given are 28 of them, not 27 and a bit.
 */
export function fromNow(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const units = seconds > 0 ? UNITS.filter(([unit]) => unit !== "week" && unit !== "month") : UNITS;
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return unit === "second" ? (seconds > 0 ? "in under a minute" : "just now") : relative.format(seconds > 0 ? Math.round(seconds / length) : Math.trunc(seconds / length), unit);
}
