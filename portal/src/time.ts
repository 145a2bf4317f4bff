/**
 * Dates as people read them, all in UTC: the mail does not know the reader's time zone, and a page with two zones misleads.
 */

const LOCALE = "en-GB";
const whole = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
  timeZoneName: "short",
});
const day = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const dayOfYear = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", timeZone: "UTC" });
const longDay = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "always" });

/** A date, a time or a number of things that stays on one line: a line may only end after the comma between date and time. */
export const unbroken = (text: string) => text.replaceAll(/(?<!,) /g, "\u00a0");

/** `31 August 2026, 22:00 UTC`: a start or an end. The mail uses the same format: `instant` in `shared/src/mail/mod.rs`. */
export function instant(time: string): string {
  const at = new Date(time);
  return unbroken(`${longDay.format(at)}, ${clock.format(at)} UTC`);
}

/** `3 Nov 2026, 14:05 UTC`: a past event. */
export const dateTime = (time: string) => unbroken(whole.format(new Date(time)));

/** `3 Nov 2026` */
export const date = (time: string) => unbroken(day.format(new Date(time)));

/** `3 Nov`, or `3 Nov 2026` in another year. */
export function shortDate(time: string): string {
  const at = new Date(time);
  return unbroken((at.getUTCFullYear() === new Date().getUTCFullYear() ? dayOfYear : day).format(at));
}

/** `in 5 seconds` */
export const inSeconds = (seconds: number) => unbroken(relative.format(seconds, "second"));

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** `3 weeks ago`, `in 25 days`. The future is rounded, and in days: an invite that was just sent expires in 28 days, not 27. */
export function fromNow(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const units = seconds > 0 ? UNITS.filter(([unit]) => unit !== "week" && unit !== "month") : UNITS;
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return unit === "second"
    ? seconds > 0
      ? "in under a minute"
      : "just now"
    : unbroken(relative.format(seconds > 0 ? Math.round(seconds / length) : Math.trunc(seconds / length), unit));
}

/** How long ago something happened. `now` is updated now and then, so it may lie before `time`. */
export const ago = (time: string, now: number) => fromNow(time, Math.max(now, Date.parse(time)));
