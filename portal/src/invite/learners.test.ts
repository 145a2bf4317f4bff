import { beforeEach, expect, it, vi } from "vitest";
import type { DealWithSeats } from "../api";
import { learnersOf, sourcesFor } from "./learners";

const PAGE = 200;
/** The addresses in each list of the deal. */
let lists: Record<string, string[]>;
let counts: Record<string, number>;

beforeEach(() => {
  counts = { pending: 0, accepted: 0, expired: 0, declined: 0, asked: 0, undelivered: 0, exactUpTo: 1000 };
  vi.stubGlobal("fetch", async (path: string) => {
    const { pathname, searchParams: query } = new URL(path, "http://x");
    if (pathname.endsWith("/counts")) return Response.json(counts);
    const from = Number(query.get("cursor") ?? 0);
    const rows = lists[query.get("status")!]!;
    const invites = rows.slice(from, from + PAGE).map((email) => ({
      id: email,
      email,
      name: email.startsWith("ann") ? "Ann Doe" : null,
      status: "",
      queuedAt: "",
      sends: 1,
      delivery: { state: "", at: "", reason: null },
      ...Object.fromEntries(
        [
          "sentAt",
          "expiresAt",
          "acceptedAt",
          "acceptedWith",
          "declinedAt",
          "optedOutAt",
          "askedAt",
          "askedFor",
          "removedAt",
          "remindAt",
          "invitedBy",
        ].map((name) => [name, null]),
      ),
    }));
    return Response.json({
      deal: { id: "d", name: "", organisation: { id: "", name: "" }, startsAt: "", endsAt: "", state: "active" },
      seats: { total: 1, allocated: 0, available: 1 },
      invites,
      nextCursor: from + PAGE < rows.length ? String(from + PAGE) : null,
    });
  });
});

const people = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${name}${index}@example.com`);
const goOn = () => false;

it("takes who has a seat, by pages, and says what it leaves out", async () => {
  lists = { accepted: ["ann@example.com", ...people("bob", 449)], pending: people("cat", 3) };
  counts = { ...counts, accepted: 450, pending: 1001, expired: 2 };
  const progress = vi.fn();
  const found = await learnersOf("d", false, progress, goOn);
  expect(found?.people).toHaveLength(450);
  expect(found?.people.slice(0, 2)).toEqual([
    { email: "ann@example.com", name: "Ann Doe" },
    { email: "bob0@example.com" },
  ]);
  expect(found?.leftOut).toBe("Not added: 1,000+ pending, 2 expired.");
  expect(progress.mock.calls).toEqual([0, 200, 400].map((loaded) => [loaded, 450]));
});

it("takes pending invites if asked to, and each address once", async () => {
  lists = { accepted: people("bob", 2), pending: people("bob", 3) };
  counts = { ...counts, accepted: 2, pending: 3, declined: 1 };
  const found = await learnersOf("d", true, vi.fn(), goOn);
  expect(found?.people.map(({ email }) => email)).toEqual(people("bob", 3));
  expect(found?.leftOut).toBe("Not added: 1 declined.");
});

it.each([
  [9_999, false],
  [10_000, false],
  [10_001, true],
  [10_300, true],
])(
  "of %i people, at most 10,000 are taken",
  async (count, more) => {
    lists = { accepted: people("bob", count), pending: [] };
    const found = await learnersOf("d", true, vi.fn(), goOn);
    expect(found?.people).toHaveLength(Math.min(count, 10_000));
    expect(found?.leftOut).toBe(more ? "Only the first 10,000 people fit into a list." : "");
  },
  60_000,
);

it("nothing is taken once it is stopped", async () => {
  lists = { accepted: people("bob", 450), pending: [] };
  const progress = vi.fn();
  expect(await learnersOf("d", false, progress, () => progress.mock.calls.length === 2)).toBeUndefined();
});

const NOW = Date.parse("2026-11-27T00:00:00Z");
it.each<[what: string, deals: [name: string, endsAt: string, allocated: number][], order: string[]]>([
  [
    "what ends soonest comes first",
    [
      ["in 2 years", "2028-11-27", 5],
      ["in 2 days", "2026-11-29", 5],
    ],
    ["in 2 days", "in 2 years"],
  ],
  [
    "what ended last comes first",
    [
      ["2 years ago", "2024-11-27", 5],
      ["2 days ago", "2026-11-25", 5],
    ],
    ["2 days ago", "2 years ago"],
  ],
  [
    "ended and running deals are compared by distance",
    [
      ["in 9 days", "2026-12-06", 5],
      ["2 days ago", "2026-11-25", 5],
    ],
    ["2 days ago", "in 9 days"],
  ],
  [
    "deals without learners come last",
    [
      ["nobody", "2026-11-28", 0],
      ["learners", "2028-11-27", 1],
    ],
    ["learners", "nobody"],
  ],
  [
    "the deal itself is left out",
    [
      ["this", "2026-11-28", 9],
      ["other", "2028-11-27", 1],
    ],
    ["other"],
  ],
])("of the deals to take people from, %s", (_, deals, order) => {
  const given = deals.map(([id, endsAt, allocated]) => ({ id, endsAt, seats: { allocated } }) as DealWithSeats);
  expect(sourcesFor("this", given, NOW).map(({ id }) => id)).toEqual(order);
});
