import { beforeEach, expect, it, vi } from "vitest";
import { type Invite, listSeats, type Page } from "../api";
import { INVITE } from "../sample";
import { containing, inPlace, pageOf, soughtIn, wholeList } from "./whole";

vi.mock("../api", () => ({ listSeats: vi.fn() }));
const asked = vi.mocked(listSeats);

const row = (id: number | string, name: string | null = null) =>
  ({ id: `${id}`, email: `${id}@example.com`, name }) as Invite;
const rows = (count: number) => Array.from({ length: count }, (_, id) => row(id));

/** Answers requests for a list of these rows, in pages. */
function answerWith(all: Invite[]) {
  asked.mockImplementation(async (_, { cursor, limit = 50 }) => {
    const from = Number(cursor ?? 0);
    const nextCursor = from + limit < all.length ? String(from + limit) : null;
    return { invites: all.slice(from, from + limit), nextCursor } as Page;
  });
}
beforeEach(() => void asked.mockReset());

it.each([
  ["DOE", true],
  ["nn.doe@ex", true],
  ["jose", true],
  ["José D", true],
  ["ann.doe@example.com", true],
  ["doe jos", true],
  ["Doe, José", true],
  ['"Doe, José"', true],
  ["José  ann.doe@", true],
  ["bob", false],
  ["doe bob", false],
])("a search for %s finds José Doe, ann.doe@example.com: %s", (text, found) => {
  expect(containing(text)({ ...row("ann.doe"), name: "José Doe" })).toBe(found);
});

it.each([
  ["weiss", "Weiß"],
  ["WEIẞ", "Weiss"],
  ["lukasz orsted", "Łukasz Ørsted"],
  ["aesir", "Æsir"],
  ["O'Brien", "Seán O’Brien"],
  ["O’Dowd", "Pat O'Dowd"],
  ["Jean-Luc", "Jean‑Luc Weber"],
])("a search for %s finds %s", (text, name) => {
  expect(containing(text)({ ...row("ann"), name })).toBe(true);
});

it.each([
  ["José Doe <ann.doe@example.com>", "ann.doe@example.com"],
  ['"Doe, José" <ann.doe@example.com>;', "ann.doe@example.com"],
  ["mailto:ann.doe@example.com?subject=Course", "ann.doe@example.com"],
  ["ann.doe@example.com;", "ann.doe@example.com"],
  ["ann.doe@example.com.", "ann.doe@example.com"],
  ["Doe\tJosé\tann.doe@example.com", "ann.doe@example.com"],
  ["Pat O'Brien <o'brien@example.com>", "o'brien@example.com"],
  ["ann.doe@", "ann.doe@"],
  ["@example.com", "@example.com"],
  ["José  ann.doe@", "José  ann.doe@"],
  ["ann@example.com, bob@example.com", "ann@example.com, bob@example.com"],
  ["Doe, José", "Doe, José"],
])("%s searches for %s", async (text, sought) => {
  expect(await soughtIn(text)).toBe(sought);
});

it("up to 2,000 invites are loaded, with progress, and each is there once", async () => {
  answerWith(rows(2000));
  const progress: number[] = [];
  const whole = await wholeList("deal", undefined, (loaded) => progress.push(loaded));
  expect(whole?.invites).toEqual(rows(2000));
  expect(progress).toEqual([200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000]);
  answerWith([...rows(200), ...rows(5)]);
  expect((await wholeList("deal", undefined, () => undefined))?.invites).toEqual(rows(200));
});

it("a longer list is not searched whole", async () => {
  answerWith(rows(2001));
  expect(await wholeList("deal", undefined, () => undefined)).toBeUndefined();
});

it("results come in pages", () => {
  const all = rows(120);
  const first = pageOf(all, undefined);
  const second = pageOf(all, first.nextCursor ?? undefined);
  const third = pageOf(all, second.nextCursor ?? undefined);
  expect([...first.invites, ...second.invites, ...third.invites]).toEqual(all);
  expect(third.nextCursor).toBeNull();
  expect(third.found).toBe(120);
});

it.each<[string, string[], string[], string[]]>([
  ["stay where they are, although a resend moved one to the top", ["a", "b", "c"], ["c", "a", "b"], ["a", "b", "c"]],
  ["that are gone leave", ["a", "b", "c"], ["a", "c"], ["a", "c"]],
  [
    "that are new follow their neighbour",
    ["a", "b"],
    ["new", "a", "newer", "b", "last"],
    ["new", "a", "newer", "b", "last"],
  ],
  ["that moved to another page by the manager’s own action stay", ["a", "own", "b"], ["a", "b"], ["a", "own", "b"]],
])("after a refresh, rows %s", (_, shown, fresh, after) => {
  const own = (id: string) => (id === "own" ? row(id) : undefined);
  expect(
    inPlace(
      shown.map((id) => row(id)),
      fresh.map((id) => row(id)),
      own,
    ).map(({ id }) => id),
  ).toEqual(after);
});

it("a walk that is stopped loads nothing more", async () => {
  answerWith(rows(500));
  expect(await wholeList("deal", undefined, () => false)).toBeUndefined();
  expect(asked).toHaveBeenCalledTimes(1);
});

it("a search for who stopped invites finds them, in any case, and not by a part of its words", () => {
  const [ann, bob] = [{ ...INVITE }, { ...INVITE, id: "bob", optedOutAt: INVITE.queuedAt }];
  expect([ann, bob].filter(containing("Stopped invites"))).toEqual([bob]);
  expect([ann, bob].filter(containing("stopped"))).toEqual([]);
});
