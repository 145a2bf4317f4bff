import { beforeEach, expect, it, vi } from "vitest";
import { INVITE as LISTED, spaced } from "../sample";
import { recordAddresses } from "../seats/addresses";
import { doubtAbout } from "./doubt";
import { losesWork } from "./draft";
import { Inviting } from "./inviting";

/** For a machine that does other work as well. */
const PATIENCE = { timeout: 60_000 };
const PEOPLE = Array.from({ length: 60 }, (_, index) => `a${index}@example.com`);
const PAGE = {
  deal: { id: "d", name: "", organisation: { id: "", name: "" }, startsAt: "", endsAt: "", state: "active" },
  seats: { total: 100, allocated: 0, available: 100 },
  nextCursor: null,
};
const INVITE = { name: null, status: "pending", queuedAt: "", sentAt: null, invitedBy: null, sends: 1 };
const OTHERS = {
  expiresAt: null,
  acceptedAt: null,
  acceptedWith: null,
  declinedAt: null,
  optedOutAt: null,
  askedAt: null,
};
const DELIVERY = {
  askedFor: null,
  removedAt: null,
  correctedTo: null,
  remindAt: null,
  delivery: { state: "sent", at: "", reason: null },
};

/** Addresses with an invite. */
const invited = new Set<string>();
/** Addresses whose invite was declined. */
const declined = new Set<string>();
/** Addresses with an invite of which the check list has nothing more to say. */
const quiet = new Set<string>();
/** The names of invites, by address. */
const names = new Map<string, string>();
/** Addresses whose invite was removed, with its name. */
const removed = new Set<string>();
/** The paths that were read. */
let paths: string[];
/** The number of rows of each check. */
let asked: number[];
/** What happens to the answer of each request to send. */
let answers: ((answer: Response) => Response | Promise<Response>)[];
const arrives = (answer: Response) => answer;
const isLost = () => Promise.reject(new TypeError("Failed to fetch"));
const neverComes = () => new Promise<Response>(() => undefined);

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  });
  invited.clear();
  declined.clear();
  removed.clear();
  names.clear();
  quiet.clear();
  asked = [];
  paths = [];
  vi.stubGlobal("fetch", async (url: string, { body }: RequestInit) => {
    if (!body) {
      if (url === "/api/deals") return Response.json({ deals: [] });
      paths.push(url);
      const status = (email: string) => (declined.has(email) ? "declined" : "pending");
      const isSpecial = url.includes("status=");
      const listed = [...invited].filter((email) => !(isSpecial && quiet.has(email)));
      const invites = listed.map((email) => ({
        ...{ ...INVITE, ...OTHERS, ...DELIVERY },
        ...{ id: email, email, status: status(email), removedAt: removed.has(email) ? "2026-05-01T10:00:00Z" : null },
        name: names.get(email) ?? null,
      }));
      const one = invites.find(({ id }) => url.endsWith(`/invites/${id}`));
      if (one) return Response.json({ ...one, optedOut: false, history: [] });
      return Response.json({ ...PAGE, invites });
    }
    const { invites, dryRun } = JSON.parse(body as string) as { invites: { email: string }[]; dryRun: boolean };
    const results = invites.map(({ email }, index) => ({
      email,
      outcome: invites.slice(0, index).some((before) => before.email === email)
        ? "duplicate"
        : invited.has(email) && !declined.has(email)
          ? "already_pending"
          : "invited",
      ...((invited.has(email) || !dryRun) && { inviteId: email }),
    }));
    if (dryRun) {
      asked.push(invites.length);
      return Response.json({ results });
    }
    for (const { email } of invites) invited.add(email);
    return (answers.shift() ?? arrives)(Response.json({ results }));
  });
});

async function listed() {
  const inviting = new Inviting("d");
  await inviting.add({ rows: PEOPLE.map((email) => ({ email })), leftOut: [] });
  return inviting;
}
const outcomes = ({ rows }: Inviting) => rows.value.map(({ sent }) => sent?.outcome);
const unsure = ({ due }: Inviting) => due.value.filter(({ earlier }) => earlier === "maybe").length;

it.each([
  ["whose answer was lost", isLost],
  ["that was not answered when the page was left", neverComes],
])("after a reload, a batch %s counts as the manager's own, and earlier outcomes stay", async (_, lost) => {
  answers = [arrives, lost];
  const before = await listed();
  void before.send();
  await vi.waitFor(() => expect(invited.size).toBe(60), PATIENCE);
  const after = new Inviting("d");
  await vi.waitFor(() => expect([after.stage.value, after.sent.value.length]).toEqual(["paused", 50]), PATIENCE);
  expect(unsure(after)).toBe(10);
  await after.send();
  expect(after.stage.value).toBe("done");
  expect(new Set(outcomes(after))).toEqual(new Set(["invited"]));
  expect(after.rows.value.filter(({ earlier }) => earlier === "yes").length).toBe(10);
});

it.each(["send", "finish"] as const)(
  "whoever declined after an attempt whose answer was lost gets no second email by “%s”",
  async (next) => {
    answers = [arrives, isLost];
    const inviting = await listed();
    await inviting.send();
    declined.add("a55@example.com");
    let sent = 0;
    answers = [(answer) => ((sent += 1), answer)];
    await inviting[next]();
    expect([inviting.stage.value, sent]).toEqual(["done", 0]);
    const row = inviting.rows.value[55];
    expect(row?.sent).toMatchObject({
      outcome: "unavailable",
      detail: "Invited after you checked this list. Said no.",
    });
    expect(inviting.open.value).toEqual([row]);
    await inviting.sendAgain();
    expect(sent).toBe(0);
  },
);

it("back in the list, a row that the first attempt had invited says so", async () => {
  answers = [arrives, isLost];
  const inviting = await listed();
  await inviting.send();
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", isLost);
  await inviting.finish();
  vi.stubGlobal("fetch", fetch);
  await inviting.goBack();
  const [row] = inviting.rows.value;
  expect(row?.verdict).toMatchObject({ outcome: "already_pending", detail: "Your first attempt had gone through." });
});

it("a list that is sent is not kept", async () => {
  answers = [];
  await (await listed()).send();
  expect(new Inviting("d").rows.value).toEqual([]);
});

it("after sending, a list that is read again has the rows that may still be sent, until they are removed", async () => {
  answers = [
    async (answer) => {
      const { results } = (await answer.json()) as { results: { email: string; outcome: string }[] };
      const outcomes = ["unavailable", "too_soon", "invalid_email", "opted_out"];
      return Response.json({
        results: results.map((result, at) => ({ ...result, outcome: outcomes[at] ?? "invited" })),
      });
    },
  ];
  const sent = await listed();
  await sent.send();
  const inviting = new Inviting("d");
  const emails = () => inviting.rows.value.map(({ email }) => email);
  expect([emails(), inviting.left.value.length]).toEqual([["a0@example.com", "a1@example.com", "a2@example.com"], 3]);
  expect(outcomes({ rows: inviting.last } as Inviting)).toEqual(outcomes(sent));
  await inviting.add({ rows: [{ email: "new@example.com" }], leftOut: [] });
  expect([emails().length, inviting.left.value.length]).toEqual([4, 3]);
  for (const { id } of inviting.left.value) await inviting.remove(id);
  const later = new Inviting("d");
  expect([later.rows.value.length, later.last.value]).toEqual([1, []]);
});

it("a list of several requests is checked by parts, and an address in two of them is a duplicate", async () => {
  answers = [];
  const inviting = new Inviting("d");
  const many = Array.from({ length: 1500 }, (_, index) => ({ email: `m${index}@example.com` }));
  await inviting.add({ rows: [...many, { email: "M0@example.com" }], leftOut: [] });
  expect(asked).toEqual([1000, 500]);
  const duplicates = inviting.rows.value.filter(({ verdict }) => verdict?.outcome === "duplicate");
  expect(duplicates.map(({ email }) => email)).toEqual(["M0@example.com"]);
  expect(inviting.due.value).toHaveLength(1500);
});

it("an address that was invited before says what happened to its invite", async () => {
  answers = [];
  invited.add("a0@example.com");
  const inviting = await listed();
  expect(inviting.rows.value.filter(({ earlierInvite }) => earlierInvite).map(({ email }) => email)).toEqual([
    "a0@example.com",
  ]);
  expect(inviting.rows.value[0]?.email).toBe("a0@example.com");
});

it("a domain that is like a usual one of the deal is looked at first, as far as the deal's addresses are loaded", async () => {
  recordAddresses(
    "known",
    PEOPLE.slice(0, 3).map((email) => ({ ...LISTED, id: email, email })),
  );
  const inviting = new Inviting("known");
  await inviting.add({ rows: [{ email: "bob@example.com" }, { email: "zoe@exmaple.com" }], leftOut: [] });
  expect(inviting.rows.value.map(({ email }) => email)).toEqual(["zoe@exmaple.com", "bob@example.com"]);
  expect(inviting.usualDomains.value).toEqual(["example.com"]);
});

it("the doubt about a row stays when other rows go, and goes with all that it is about", async () => {
  const inviting = new Inviting("going");
  const rows = ["ann@acme.example", "bob@acme.example", "cat@acme.example", "zoe@acme.exmaple"];
  await inviting.add({ rows: rows.map((email) => ({ email })), leftOut: [] });
  const meant = () => doubtAbout(inviting.rows.value.find(({ id }) => id === 3)!, inviting.usualDomains.value)?.meant;
  expect(meant()).toBe("zoe@acme.example");
  for (const id of [0, 1]) {
    await inviting.remove(id);
    expect(meant()).toBe("zoe@acme.example");
  }
  await inviting.remove(2);
  expect(meant()).toBe(undefined);
});

it("removed rows keep their places until some are added, and each can be restored", async () => {
  const inviting = new Inviting("removed");
  const rows = ["ann", "bob", "cat", "dan"].map((name) => ({ email: `${name}@example.com` }));
  await inviting.add({ rows, leftOut: [] });
  const names = (list: { email: string }[]) => list.map(({ email }) => email.slice(0, 3)).join(" ");
  for (const id of [0, 2, 1]) await inviting.remove(id);
  expect([names(inviting.rows.value), names(inviting.shown.value)]).toEqual(["dan", "ann bob cat dan"]);
  expect(names(new Inviting("removed").rows.value)).toBe("dan");
  await inviting.restore(1);
  await inviting.restore(0);
  expect([names(inviting.rows.value), names(inviting.shown.value)]).toEqual(["ann bob dan", "ann bob cat dan"]);
  await inviting.add({ rows: [{ email: "eve@example.com" }], leftOut: [] });
  expect(names(inviting.shown.value)).toBe("ann bob dan eve");
});

it("two people with one address are looked at first, until one of them is removed", async () => {
  const inviting = new Inviting("shared");
  const rows = [
    { email: "ann@example.com", name: "Ann Doe" },
    { email: "duo@example.com", name: "Bob Roe" },
    { email: "duo@example.com", name: "Cat Poe-Low" },
    { email: "duo@example.com" },
  ];
  await inviting.add({ rows, leftOut: [] });
  const doubts = () =>
    inviting.rows.value.map((row) => [row.name, row.verdict?.outcome, doubtAbout(row, [])?.note.slice(0, 21)]);
  expect(doubts()).toEqual([
    ["Bob Roe", "invited", "The list has this add"],
    ["Cat Poe-Low", "duplicate", "The list has this add"],
    ["", "duplicate", undefined],
    ["Ann Doe", "invited", undefined],
  ]);
  await inviting.remove(3);
  await inviting.remove(1);
  expect(doubts()).toEqual([
    ["Cat Poe-Low", "invited", undefined],
    ["Ann Doe", "invited", undefined],
  ]);
});

it("a person whose address was sent for another one is left in the list", async () => {
  answers = [];
  const inviting = new Inviting("two");
  const rows = [
    { email: "duo@example.com", name: "Bob Roe" },
    { email: "duo@example.com", name: "Cat Poe" },
    { email: "ann@example.com", name: "Ann Doe" },
  ];
  await inviting.add({ rows, leftOut: [] });
  names.set("duo@example.com", "Bob Roe");
  await inviting.send();
  await inviting.goBack();
  expect(inviting.rows.value.map((row) => [row.name, doubtAbout(row, [])?.note])).toEqual([
    ["Cat Poe", "The list has this address for Cat Poe, but its invite is for Bob Roe."],
  ]);
});

it("an address with an invite of another name is looked at again, with both names", async () => {
  const people = ["ann", "bob", "cat", "eve"].map((name) => `${name}@example.com`);
  for (const email of [...people, "dan@example.com"]) invited.add(email);
  for (const email of people) if (!email.startsWith("cat")) names.set(email, "Annabel Lee");
  quiet.add("ann@example.com");
  declined.add("bob@example.com");
  declined.add("eve@example.com");
  removed.add("eve@example.com");
  const inviting = new Inviting("held");
  const given = ["Kim Poe", "Kim Poe", "Kim Poe", "Kim Poe", "Dan Low"];
  const rows = [...people, "dan@example.com"].map((email, index) => ({ email, name: given[index]! }));
  await inviting.add({ rows: [...rows, { email: "ann@example.com", name: "Annabel" }], leftOut: [] });
  const noteOf = (id: number) => doubtAbout(inviting.rows.value.find((row) => row.id === id)!, [])?.note;
  const held = "The list has this address for Kim Poe, but its invite is for Annabel Lee.";
  expect([0, 1, 2, 3, 4].map(noteOf)).toEqual([
    `${held} The list has this address for Kim Poe and for Annabel.`,
    `${held} Sending gives it the name Kim Poe.`,
    undefined,
    // Removed, and asked about as such.
    "",
    undefined,
  ]);
  await inviting.remove(5);
  expect(noteOf(0)).toBe(held);
  await inviting.correct(0, { name: "Annabel" });
  expect(noteOf(0)).toBe(undefined);
});

it.each([
  [10, 10],
  [11, 1],
])("the names of %i invites are read once, in %i requests", async (count, requests) => {
  const people = PEOPLE.slice(0, count);
  for (const email of people) quiet.add(email) && invited.add(email);
  const inviting = new Inviting(`names-${count}`);
  // So the deal's page was open before.
  recordAddresses(inviting.deal, [{ ...LISTED, id: "zoe", email: "zoe@example.com" }]);
  // Each check reads four lists.
  const read = (checks: number) => paths.length - checks * 4;
  await inviting.add({ rows: people.map((email) => ({ email, name: "Ann Doe" })), leftOut: [] });
  expect(read(1)).toBe(requests);
  await inviting.check();
  expect(read(2)).toBe(requests);
});

it("an address that bounced in another deal of the organisation is looked at again, and says so", async () => {
  const { fetch } = globalThis;
  const read: string[] = [];
  const deals = ["beside", "spring", "a", "b", "c", "d", "e"].map((id) => ({
    ...{ ...PAGE.deal, id, name: id, endsAt: id === "spring" ? new Date().toISOString() : "2020-01-01T00:00:00Z" },
    seats: PAGE.seats,
    reminders: [],
  }));
  const delivery = { state: "bounced", at: "2026-05-01T10:00:00Z", reason: "mailbox_unavailable" };
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    if (init.body || url.includes("/deals/beside/")) return fetch(url, init);
    if (url === "/api/deals") return Response.json({ deals });
    read.push(url);
    const invites = url.includes("/spring/") ? [{ ...LISTED, email: "Zoe@Example.com", delivery }] : [];
    return Response.json({ ...PAGE, invites });
  });
  const inviting = new Inviting("beside");
  await inviting.add({ rows: ["ann", "zoe"].map((name) => ({ email: `${name}@example.com` })), leftOut: [] });
  await inviting.check();
  expect(read.length).toBe(5);
  expect(inviting.rows.value.map((row) => [row.email, spaced(doubtAbout(row, [])?.note ?? "")])).toEqual([
    [
      "zoe@example.com",
      "The email bounced on 1 May: no such mailbox. That was in spring. Check the address before you invite it again. A bounce blocks the address. If the new email bounces too, “Resend” in its row lifts the block.",
    ],
    ["ann@example.com", ""],
  ]);
});

it("a row shows the name as it will be stored, pasted or typed", async () => {
  const inviting = new Inviting("d");
  const long = "Ann ".repeat(40).trim();
  await inviting.add({ rows: [{ email: "ann@example.com", name: `${long} www.example.com` }], leftOut: [] });
  const name = () => inviting.rows.value[0]?.name;
  expect(name()).toBe("Ann ".repeat(25).trim());
  await inviting.correct(0, { name: "Ann https://a.example/b Doe" });
  expect(name()).toBe("Ann Doe");
  await inviting.correct(0, { email: "ann@b.example" });
  expect(name()).toBe("Ann Doe");
});

it("an open question comes back after a reload, with the answers before it", () => {
  const table = "Name\tWork Email\tHome Email\nAnn Doe\tann@example.com\tann@home.example\n";
  const inviting = new Inviting("asks");
  inviting.write(
    `${table}\n\n${table.replaceAll("Ann", "Eve").replaceAll("Home", "Private").replaceAll("ann", "eve")}`,
  );
  inviting.read();
  const first = inviting.question.value;
  expect(first).toBeDefined();
  expect(new Inviting("asks").question.value).toEqual(first);
  inviting.write(inviting.text.value);
  expect(new Inviting("asks").question.value).toBeUndefined();
});

it("while files wait to be read, leaving the page loses them", () => {
  const inviting = new Inviting("files");
  expect(losesWork()).toBe(false);
  inviting.files.value = [new File(["ann@example.com"], "ann.csv")];
  expect(losesWork()).toBe(true);
  inviting.files.value = [];
  expect(losesWork()).toBe(false);
});

it("many addresses are corrected at once, and checked once", async () => {
  const inviting = await listed();
  asked = [];
  await inviting.correctAll(new Map([0, 1].map((id) => [id, `b${id}@example.com`])));
  expect(asked).toEqual([60]);
  expect(inviting.rows.value.slice(0, 3).map(({ email, verdict }) => [email, verdict?.outcome])).toEqual([
    ["b0@example.com", "invited"],
    ["b1@example.com", "invited"],
    ["a2@example.com", "invited"],
  ]);
});

it("a name that is cut is marked, until somebody corrects it", async () => {
  const inviting = new Inviting("long");
  await inviting.add({ rows: [{ email: "ann@example.com", name: "Anna".repeat(30) }], leftOut: [] });
  expect(inviting.rows.value[0]).toMatchObject({ name: "Anna".repeat(25), isLong: true });
  await inviting.correct(0, { name: "Ann" });
  expect(inviting.rows.value[0]).not.toHaveProperty("isLong");
});

it("also of a long list of people who said no, each is found", async () => {
  const inviting = new Inviting("declined");
  const pages = Array.from({ length: 3 }, (_, page) => `d${page}@example.com`);
  for (const email of pages) invited.add(email);
  const plain = globalThis.fetch;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const answer = await plain(url, init);
    if (!url.includes("status=")) return answer;
    if (!url.includes("status=declined")) return Response.json({ ...PAGE, invites: [] });
    const { invites } = (await answer.json()) as { invites: { email: string }[] };
    const at = Number(new URLSearchParams(url.split("?")[1]).get("cursor") ?? 0);
    const nextCursor = at < 2 ? String(at + 1) : null;
    return Response.json({ ...PAGE, nextCursor, invites: invites.filter(({ email }) => email === pages[at]) });
  });
  for (const email of pages) declined.add(email);
  await inviting.add({ rows: pages.map((email) => ({ email })), leftOut: [] });
  expect(inviting.rows.value.map(({ earlierInvite }) => earlierInvite?.status)).toEqual(pages.map(() => "declined"));
  expect(inviting.rows.value.map((row) => doubtAbout(row, [])?.note)).toEqual(pages.map(() => ""));
});
