import { afterEach, expect, test, vi } from "vitest";
import {
  acceptInvite,
  getCounts,
  getDeal,
  listDeals,
  type Problem,
  previewInvite,
  sendInvites,
  unsubscribe,
} from "./api";

afterEach(() => vi.unstubAllGlobals());

/** Answers every request like this. */
const answer = (body: unknown, init: ResponseInit = {}) =>
  vi.stubGlobal("fetch", async () => new Response(typeof body === "string" ? body : JSON.stringify(body), init));
const failed = (request: Promise<unknown>): Promise<Problem> =>
  request.then(
    () => Promise.reject(new Error("the answer was taken")),
    (problem) => problem,
  );

const COUNTS = { pending: 1, accepted: 2, expired: 3, declined: 0, asked: 0, undelivered: 0, exactUpTo: 1000 };
const DEAL = {
  id: "d",
  name: "Unlimited",
  organisation: { id: "acme", name: "Acme" },
  startsAt: "2026-09-01T00:00:00Z",
  endsAt: "2027-09-01T00:00:00Z",
  state: "active",
  seats: { total: 2, allocated: 1, available: 1 },
};

test("an answer may have fields that the portal does not know", async () => {
  answer({ ...COUNTS, reminded: 4 });
  expect(await getCounts("d")).toMatchObject(COUNTS);
});

test.each([
  ["a page of a guest network", "<!doctype html>"],
  ["an empty body", ""],
  ["null", null],
  ["an array", []],
  ["a missing field", { ...COUNTS, expired: undefined }],
  ["a field of another type", { ...COUNTS, expired: "3" }],
])("%s is no answer, and not the lack of a connection", async (_, body) => {
  answer(body);
  expect(await failed(getCounts("d"))).toMatchObject({ code: "unreadable", isLost: true });
});

test("the fields of objects within objects and lists are checked", async () => {
  answer({ deals: [DEAL, { ...DEAL, organisation: "acme" }] });
  expect(await failed(listDeals())).toMatchObject({ code: "unreadable" });
  answer({ ...DEAL, seats: null });
  expect(await failed(getDeal("d"))).toMatchObject({ code: "unreadable" });
});

test("every row that is sent has a result", async () => {
  answer({ results: [] });
  expect(await failed(sendInvites("d", [{ email: "ann@example.com" }], false))).toMatchObject({ code: "unreadable" });
});

const GATEWAY = { message: "Forbidden" };
test.each([
  ["a function's refusal", 409, { code: "deal_full", detail: "Full." }, { code: "deal_full", isLost: false }],
  ["a refusal with odd errors", 400, { code: "invalid_request", detail: "", errors: "x" }, { errors: [] }],
  ["the gateway's 403", 403, GATEWAY, { code: "no_permission" }],
  ["a proxy's 403", 403, "<h1>Blocked</h1>", { code: "unreadable" }],
  ["a proxy's 401", 401, "<h1>Log in</h1>", { code: "unreadable" }],
  ["a proxy's 429", 429, "<h1>Slow down</h1>", { code: "too_many_requests", isLost: false }],
  ["a broken refusal", 400, "null", { code: "unreadable" }],
  ["the gateway's 503", 503, { message: "Service Unavailable" }, { code: "unavailable", isLost: true }],
  ["a page with 502", 502, "<h1>Bad gateway</h1>", { code: "unavailable", isLost: true }],
])("%s is told from the others", async (_, status, body, expected) => {
  answer(body, { status });
  expect(await failed(acceptInvite("t"))).toMatchObject(expected);
});

test("a request ends after the time in which the gateway answers", async () => {
  const limit = vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort());
  vi.stubGlobal("fetch", () => Promise.reject(new Error("aborted")));
  expect(await failed(getCounts("d"))).toMatchObject({ code: "timeout", isLost: true });
  expect(limit).toHaveBeenCalledWith(32_000);
  limit.mockRestore();
});

test("a lost connection is offline", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  expect(await failed(getCounts("d"))).toMatchObject({ code: "offline", isLost: true });
});

test.each([
  ["superseded", { organisation: { id: "acme", name: "Acme" }, askedAt: null, optedOut: true }],
  ["forged", undefined],
])("a link that is %s says what is known of its invite", async (_, gone) => {
  answer({ code: "invite_superseded", detail: "", ...gone }, { status: 410 });
  const { gone: known } = await failed(previewInvite("t"));
  expect(known && { organisation: known.organisation, askedAt: known.askedAt, optedOut: known.optedOut }).toEqual(gone);
});

test("unsubscribing posts the form of mail providers", async () => {
  const sent = vi.fn(async (..._: Parameters<typeof fetch>) =>
    Response.json({ organisation: { id: "acme", name: "Acme" }, optedOut: true }),
  );
  vi.stubGlobal("fetch", sent);
  await unsubscribe("a_b");
  const request = new Request("http://localhost/", sent.mock.calls[0]![1]);
  expect(sent.mock.calls[0]![0]).toBe("/api/invites/unsubscribe/a_b");
  expect(request.headers.get("content-type")).toMatch(/^application\/x-www-form-urlencoded/);
  expect(await request.text()).toBe("List-Unsubscribe=One-Click");
});

test("the time to try again is kept", async () => {
  const before = Date.now();
  answer({ code: "unavailable", detail: "Later." }, { status: 503, headers: { "retry-after": "30" } });
  const { retryAt } = await failed(getCounts("d"));
  expect(retryAt).toBeGreaterThanOrEqual(before + 30_000);
});
