/** What a page says while it loads, when it is empty, when a request fails, and when access is refused. */
import assert from "node:assert/strict";
import { answered, chooseAccount, enter, Keyboard, Mouse } from "./browser.mjs";
import { ADMIN, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

const UNAVAILABLE = { status: 503, contentType: "application/problem+json", json: { code: "unavailable", status: 503, title: "Unavailable", detail: "Seatkeeper is not available right now." } };
const seatsOf = (deal) => `**/api${deal.path}/seats*`;
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

/** The upper limit of a “good” cumulative layout shift (web.dev/cls). */
const GOOD_SHIFT = 0.1;
const watchShifts = () => {
  globalThis.shifts = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((/** @type {any} */ { value, hadRecentInput }) => (globalThis.shifts += hadRecentInput ? 0 : value)))
    .observe({ type: "layout-shift", buffered: true });
};

check("a slow page says what it loads, and loads without a layout shift", {}, async ({ context, page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com", "bob@example.com"]);
  await context.addInitScript(watchShifts);
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route("**/api/deals/**", async (route) => {
    await asked;
    await route.continue();
  });
  await page.goto(deal.path);
  await hand.press("button", "Sign in");
  await chooseAccount(page, hand, deal.manager);
  await page.getByRole("status").filter({ hasText: "Loading the deal" }).waitFor();
  await page.getByText("Still waiting: the connection seems slow.").waitFor();
  answer();
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  const shift = await page.evaluate(() => globalThis.shifts);
  assert.ok(shift < GOOD_SHIFT, `a layout shift of ${shift}`);
});

check.detail("an empty list says what to do", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, deal.path);
  await page.getByText("Nobody has an invite or a seat.").waitFor();
  await hand.press("link", /^Expired/);
  await page.getByText("No invite is expired.").waitFor();
  await hand.press("link", /^All/);
  await hand.press("link", "Invite learners");
  await heading(page, "Invite people");
});

check.detail("the list of deals says which deal ends soon, and its pages offer each deal that runs on", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ ends: 2 });
  const later = await stack.newDeal({ org: deal.org, name: "Ten hours later", ends: 2.4 });
  const next = await stack.newDeal({ org: deal.org, name: "Next term", seats: 400 });
  await enter(page, deal.manager, "/deals");
  const states = page.getByRole("row").locator(".state");
  await until("the deals", async () => (await states.count()) === 3);
  assert.deepEqual((await states.allInnerTexts()).sort(), ["Active", "Ends\u00a0in\u00a02\u00a0days", "Ends\u00a0in\u00a02\u00a0days"]);
  for (const path of [deal.path, `${deal.path}/invite`]) {
    await page.goto(path);
    await page.getByText("2 deals of your organisation run longer.").waitFor();
    const ways = page.getByRole("main").getByRole("link", { name: /^Go to / });
    assert.deepEqual(await Promise.all((await ways.all()).map((way) => way.getAttribute("href"))), [next.path, later.path]);
    await page.getByText("400 seats free.").waitFor();
  }
  await hand.press("link", "Invite people there instead (Next term)");
  await page.waitForURL(`**${next.path}/invite`);
});

check.detail("a manager without a deal is told so", {}, async ({ page }) => {
  await enter(page, "manager@nobody-yet.example");
  await page.getByText("Your organisation has no deals yet.").waitFor();
});

for (const [what, fault, words, answer] of [
  ["the API is unavailable", answered(503), "Seatkeeper is not available right now.", (route) => route.fulfill(UNAVAILABLE)],
  ["the connection is lost", /ERR_INTERNET_DISCONNECTED/, "Can’t connect to Seatkeeper.", (route) => route.abort("internetdisconnected")],
  ["the API throttles requests", answered(429), "Too many requests.", (route) => route.fulfill({ status: 429, json: { message: "Too Many Requests" } })],
]) {
  check.detail(`when ${what}, one action retries`, { expect: [fault], hands: [Keyboard] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    await deal.invite(["ann@example.com"]);
    await page.route(seatsOf(deal), answer);
    await enter(page, deal.manager, deal.path);
    await page.getByRole("alert").filter({ hasText: words }).waitFor();
    await page.unroute(seatsOf(deal));
    await hand.press("button", "Try again");
    await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  });
}

check.detail("a failed action says so, changes nothing, and can be retried", { expect: [answered(503)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await page.route("**/resend", (route) => route.fulfill(UNAVAILABLE), { times: 1 });
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Resend invite to ann@example.com");
  await page.getByRole("alert").filter({ hasText: "Seatkeeper is not available right now." }).waitFor();
  assert.equal((await deal.row("ann@example.com")).sends, 1);
  await hand.press("button", "Try again");
  await page.getByText("A new invite to ann@example.com is on its way.").first().waitFor();
  assert.equal((await deal.row("ann@example.com")).sends, 2);
});

check("an offline page says so and keeps its content", { expect: [/ERR_INTERNET_DISCONNECTED/] }, async ({ context, page, stack }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  await context.setOffline(true);
  await page.getByRole("button", { name: "Resend invite to ann@example.com" }).click();
  await page.getByText("Can’t connect to Seatkeeper.").first().waitFor();
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  await context.setOffline(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("A new invite to ann@example.com is on its way.").first().waitFor();
});

check("an expired session is reported once, and signing in leads back to the page", { expect: [answered(401)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  await page.route("**/resend", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }), { times: 1 });
  await hand.press("button", "Resend invite to ann@example.com");
  await page.getByText("Your session has ended.").first().waitFor();
  assert.equal(await page.getByText("Your session has ended.").count(), 1);
  await hand.press("button", "Sign in again");
  await chooseAccount(page, hand, deal.manager);
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  assert.equal(page.url(), `${stack.url}${deal.path}?status=pending`);
});

check.detail("a learner who opens the portal is told that the account manages no seats, and how to see a seat and learn", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const learner = `learner@${deal.org}.example`;
  await deal.seat(learner);
  await enter(page, learner);
  await heading(page, "Looking for your own seat?");
  await page.getByText("This account manages no seats.").waitFor();
  await page.getByText("To accept an invite, open the link in your invitation email.").waitFor();
  await page.getByRole("link", { name: "Start learning" }).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  // An address from a manager.
  await enter(page, learner, `${deal.path}/invite`);
  await heading(page, "Looking for your own seat?");
  await hand.press("button", "Use another account");
  await page.waitForURL(/\/oidc\/authorize\?.*prompt=select_account/);
  await page.goBack();
  await hand.press("button", "See your own seat");
  await heading(page, "You have a seat");
  // In the same tab, the portal's first page says who that is, and leads back.
  await page.goto("/");
  await page.getByText(`You are signed in as ${learner}.`).waitFor();
  await hand.press("link", "See your own seat");
  await heading(page, "You have a seat");
  // A new tab asks the issuer.
  const tab = await page.context().newPage();
  await tab.goto("/");
  await heading(tab, "Looking for your own seat?");
  await tab.getByRole("banner").getByText(learner).waitFor();
  await tab.close();
  await page.goto("/");
  await hand.press("button", "Sign out");
  await heading(page, "Seats and invites for your learning subscription");
  await page.getByText("You are signed in as").waitFor({ state: "detached" });
  await hand.press("link", "see your own seat");
  await hand.press("button", "Sign in to see your seat");
  await chooseAccount(page, hand, learner);
  await heading(page, "You have a seat");
  const other = await page.context().newPage();
  await enter(other, learner);
  await other.getByRole("button", { name: "See your own seat" }).click();
  await heading(other, "You have a seat");
  await page.bringToFront();
  await hand.press("button", "Sign out");
  for (const window of [page, other]) {
    await window.getByRole("button", { name: "Sign in to see your seat" }).waitFor();
    assert.equal(window.url(), `${stack.url}/accept`);
  }
  await other.getByText("You signed out in another tab.").waitFor();
  await hand.press("button", "Sign in to see your seat");
  await heading(page, "Who are you?");
  await chooseAccount(page, hand, `nobody@${deal.org}.example`);
  await heading(page, "You have no seat with this account");
  await hand.press("button", "Use another account");
  await page.waitForURL(/\/oidc\/authorize\?.*prompt=select_account/);
});

check("another organisation's deal looks like a missing deal", { expect: [answered(404)] }, async ({ page, stack }) => {
  const [own, foreign] = [await stack.newDeal(), await stack.newDeal()];
  await foreign.invite(["ann@example.com"]);
  await enter(page, own.manager, foreign.path);
  await heading(page, "Deal not found");
  const text = await page.getByRole("main").innerText();
  for (const path of ["/deals/AAAAAAAAAAAAAAAAAAAAAA", `${foreign.path}/invite`, `${foreign.path}/settings`]) {
    await page.goto(path);
    await chooseAccount(page, new Mouse(page), own.manager);
    await heading(page, "Deal not found");
    assert.equal(await page.getByRole("main").innerText(), text);
  }
});

check.detail("before sign-in, a known path offers to sign in, and an unknown path says that no page is there", {}, async ({ page }) => {
  for (const path of ["/", "/deals", "/deals/x", "/deals/x/invite", "/admin"]) {
    await page.goto(path);
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0, path);
  }
  for (const path of ["/nowhere", "/foo.bar", "/..%2f"]) {
    await page.goto(path);
    await page.getByRole("alert").filter({ hasText: "Page not found." }).waitFor();
  }
});

check.detail("a missing page links to the deals", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, "/nowhere");
  await heading(page, "Page not found");
  await page.getByRole("link", { name: "Go to your deals" }).click();
  await heading(page, "Deal seats: Unlimited");
});

check.detail("an invalid place in a list leads to the first page", { expect: [answered(400)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, `${deal.path}?after=forged`);
  await hand.press("button", "Go to the first page");
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
});

check.detail("a deal that has ended says so, and offers neither an invite nor a resend", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await stack.fault("reject", 1);
  await deal.invite(["bob@example.com"]);
  await deal.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await enter(page, deal.manager, deal.path);
  await page.getByText("Nobody can be invited or accept any more.").waitFor();
  assert.match(await page.getByRole("region", { name: "Seats" }).innerText(), /Allocated\s+0\s+Not used\s+20/);
  assert.equal(await page.getByRole("link", { name: "Invite people" }).count(), 0);
  await page.getByText(/^The email could not be sent on \d+\s\w+: the email service refused it\.$/).waitFor();
  await page.getByRole("link", { name: /^Expired/ }).click();
  await page.getByRole("button", { name: "Cancel invite to ann@example.com" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /^Resend|^Correct/ }).count(), 0);
});

check.detail("the list of deals says which one is full, and of no ended one how many seats are available", {}, async ({ page, stack }) => {
  const full = await stack.newDeal({ seats: 1, name: "Full" });
  await full.seat("ann@example.com");
  const ended = await stack.newDeal({ org: full.org, name: "Ended" });
  await ended.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await enter(page, full.manager, "/deals");
  const cells = (name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) }).getByRole("cell").allInnerTexts();
  await page.getByRole("table").waitFor();
  assert.deepEqual([(await cells("Full")).slice(0, 3), (await cells("Full")).at(-1)?.split(/\s+/)], [["1", "1", "0"], ["Active", "Full"]]);
  assert.deepEqual([(await cells("Ended")).slice(0, 3), (await cells("Ended")).at(-1)], [["20", "0", "–"], "Ended"]);
});

check.detail("a deal that ends while its page is open is shown as ended after an action", { expect: [answered(409)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
  await deal.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await hand.press("button", "Resend invite to ann@example.com");
  await page.getByRole("alert").filter({ hasText: "The resend to ann@example.com failed." }).waitFor();
  await page.getByText("Nobody can be invited or accept any more.").waitFor();
  assert.equal(await page.getByRole("link", { name: "Invite people" }).count(), 0);
  assert.equal(await page.getByRole("button", { name: /^Resend/ }).count(), 0);
});

check.detail("a deal that ends while people are invited is shown as ended", { expect: [answered(409)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.paste("textbox", "Addresses", "ann@example.com\nbob@example.com");
  await page.getByRole("heading", { name: "2 will be invited" }).waitFor();
  await deal.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await hand.press("button", "Send 2 invites");
  await page.getByRole("heading", { name: "Not all invites could be sent" }).waitFor();
  await page.getByText("Nobody can be invited or accept any more.").waitFor();
});

check("sign-in can be cancelled, and signing out ends the session", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await page.goto("/");
  await hand.press("button", "Sign in");
  await hand.press("button", "Cancel");
  await page.getByText("You did not sign in. Nothing has changed.").waitFor();
  await hand.press("button", "Sign in");
  await chooseAccount(page, hand, deal.manager);
  // The page moves the focus to its heading, away from what Tab has reached before.
  await heading(page, "Deal seats: Unlimited");
  await hand.press("button", "Sign out");
  await page.waitForURL(`${stack.url}/`);
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
});

check("the access token is in the page's memory only", {}, async ({ context, page, stack }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager);
  await heading(page, "Deal seats: Unlimited");
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]));
  assert.doesNotMatch(stored, /eyJ/);
  // The local issuer keeps a session in a cookie of its own path.
  assert.deepEqual(await context.cookies(page.url()), []);
  assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).length + (await caches.keys()).length), 0);
});

check.detail("animations follow the reduced-motion setting", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await page.route("**/api/deals/**", () => undefined);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("status").filter({ hasText: "Loading the deal" }).waitFor();
  const moving = () => page.evaluate(() => document.getAnimations().length);
  assert.equal(await moving(), 0);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await until("motion", moving);
});

check.detail("a partnership manager starts at Deals admin, where the logo leads", {}, async ({ page, stack, hand }) => {
  await enter(page, ADMIN);
  await heading(page, "Deals admin");
  await page.goto("/admin?find=acme");
  await chooseAccount(page, hand, ADMIN);
  await hand.press("link", "Seatkeeper");
  await page.waitForURL(`${stack.url}/`);
  await heading(page, "Deals admin");
  const here = page.getByRole("navigation", { name: "Pages" }).locator("[aria-current=page]");
  assert.equal(await here.innerText(), "Deals admin");
  // An address from a manager.
  await enter(page, ADMIN, "/deals");
  await heading(page, "Deals admin");
  assert.equal(await page.getByRole("alert").count(), 0);
  assert.equal(await here.innerText(), "Deals admin");
  await enter(page, ADMIN, (await stack.newDeal()).path);
  await heading(page, "This page is for learning managers");
  assert.equal(await here.count(), 0);
});
