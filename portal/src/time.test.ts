import { afterEach, expect, test, vi } from "vitest";
import dates from "../../shared/tests/dates.json?raw";
import { spaced } from "./sample";
import { ago, date, dateTime, fromNow, instant, shortDate } from "./time";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

/** `shared/src/mail/tests.rs` checks the mail against the same file. */
test.each(["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"])(
  "a reader in %s sees the same dates as in the mail",
  async (zone) => {
    vi.stubEnv("TZ", zone);
    const { dateTime, instant, shortDate } = await import("./time");
    for (const [time, text] of Object.entries(JSON.parse(dates) as Record<string, string>))
      expect(spaced(instant(time))).toBe(text);
    // A date without a time, and a past event, are in the same zone.
    expect([dateTime("2025-11-03T23:30:00Z"), shortDate("2025-11-03T23:30:00Z")].map(spaced)).toEqual([
      "3 Nov 2025, 23:30 UTC",
      "3 Nov 2025",
    ]);
  },
);

test("a line ends between a date and a time, but within neither", () => {
  const time = "2025-11-03T23:30:00Z";
  expect(instant(time).split(" ")).toEqual(["3\u00a0November\u00a02025,", "23:30\u00a0UTC"]);
  expect(dateTime(time).split(" ")).toEqual(["3\u00a0Nov\u00a02025,", "23:30\u00a0UTC"]);
  for (const words of [date(time), shortDate(time)]) expect(words).toBe("3\u00a0Nov\u00a02025");
});

const now = Date.parse("2026-11-24T12:00:00Z");
const DAY = 86_400;

test.each([
  [-5, "just now"],
  [-90, "1 minute ago"],
  [-3 * 3600, "3 hours ago"],
  [-2 * DAY + 3600, "1 day ago"],
  [-30 * DAY, "1 month ago"],
  [1.45 * DAY, "in 1 day"],
  [-21 * DAY, "3 weeks ago"],
  [-70 * DAY, "2 months ago"],
  [20, "in under a minute"],
  [28 * DAY - 3, "in 28 days"],
  [40 * DAY, "in 40 days"],
])("%i seconds from now is %s", (seconds, text) => {
  expect(spaced(fromNow(new Date(now + seconds * 1000).toISOString(), now))).toBe(text);
});

test("an event after the last update of the current time happened just now", () => {
  expect(ago(new Date(now + 20_000).toISOString(), now)).toBe("just now");
  expect(ago(new Date(now - 90_000).toISOString(), now)).toBe("1\u00a0minute\u00a0ago");
});
