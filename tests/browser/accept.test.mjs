/** The accept page: what a link shows, where its token goes, the one click that takes the seat, and the other answers. */
import assert from "node:assert/strict";
import { answered, blockSiteData, BOTH, chooseAccount, Keyboard, Mouse, PHONE } from "./browser.mjs";
import { tokenOf, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

let lapsed;
let asking;
let stale;
const check = suite({}, async (stack) => {
  [lapsed, asking, stale] = [await stack.newDeal(), await stack.newDeal(), await stack.newDeal()];
  for (const deal of [lapsed, asking, stale]) {
    await deal.invite([`ann@${deal.org}.example`]);
    deal.link = await stack.linkTo(`ann@${deal.org}.example`);
  }
  for (const deal of [lapsed, asking, stale]) await deal.expired();
});

/** A deal with an invite to an address that no other test uses. */
async function invited(stack, options) {
  const deal = await stack.newDeal(options);
  const email = `ann@${deal.org}.example`;
  await deal.invite([email]);
  // A restarted stack has another port than the link in the mail, so only the link's token is used.
  const open = async (address = email) => `/accept#${tokenOf(await stack.linkTo(address))}`;
  return { deal, email, link: await open(), open };
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const kept = (page) => page.evaluate(() => Object.values({ ...sessionStorage }));

/** Whether a text holds the token or a long part of it. */
const hasPartOf = (token) => (text) => [token, token.slice(0, 20), token.slice(-20)].some((part) => text?.includes(part));

/** Signs in from the page that shows the invite. */
async function signIn(page, hand, email) {
  await hand.press("button", "Sign in to accept");
  await chooseAccount(page, hand, email);
  await page.getByRole("button", { name: `Accept as ${email}` }).waitFor();
}

/** Changes the account. The page asks the issuer for the question: otherwise the issuer answers with the person it remembers. */
async function useAnother(page, hand, email) {
  await hand.press("button", "Use another account");
  await page.waitForURL(/\/oidc\/authorize\?.*prompt=select_account/);
  await chooseAccount(page, hand, email);
}

check("two clicks and a sign-in lead from the mail to the seat, on a phone", { viewport: PHONE, hands: BOTH }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  await heading(page, "Hill & Dale invites you to Unlimited");
  await page.getByText(`a•••@${deal.org}.example`).first().waitFor();
  await page.getByText("That you accepted, when, and whether you used the invited address. If you use another address, that address is not shown.").waitFor();
  await hand.press("button", "Sign in to accept");
  const before = hand.actions;
  await chooseAccount(page, hand, "ann@home.example");
  const signingIn = hand.actions - before;
  assert.equal((await deal.rows())[0].status, "pending", "signing in accepts nothing");
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You have a seat");
  assert.equal(hand.actions - signingIn, 2);
  assert.equal((await deal.rows())[0].status, "accepted");
  const { startUrl } = await (await fetch(`${stack.url}/config.json`)).json();
  assert.equal(await page.getByRole("link", { name: "Start learning" }).getAttribute("href"), startUrl);
});

for (const viewport of [{ width: 390, height: 664 }, { width: 360, height: 640 }]) {
  check.detail(`at ${viewport.width}x${viewport.height}, nobody scrolls to see what is not accepted yet, and what an answer did`, { viewport }, async ({ page, stack, hand }) => {
    const { deal, link } = await invited(stack, { title: "Hill & Dale Learning" });
    const inView = async (what) => assert.ok(await what.evaluate((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    }), `${what} is in view`);
    await page.goto(link);
    await signIn(page, hand, "kim.anderson@home.example");
    const accept = hand.find("button", "Accept as kim.anderson@home.example");
    await inView(page.locator("main").getByText("You have not accepted yet."));
    await inView(accept);
    await hand.press("button", DECLINE);
    await heading(page, "You declined this invite");
    await inView(page.getByRole("heading", { level: 1 }));
    await accept.waitFor();
    assert.equal(await page.getByText("You have not accepted yet.").count(), 0);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await accept.evaluate((button) => button.click());
    await heading(page, "You have a seat");
    await inView(page.getByRole("heading", { level: 1 }));
    assert.equal((await deal.rows())[0].status, "accepted");
  });
}

check.detail("after accepting, Back leads to the seat, not to a page that asks for the link", {}, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  await page.goto(link);
  // This account has no other seat.
  await signIn(page, hand, "back@home.example");
  await hand.press("button", "Accept as back@home.example");
  await page.getByText("You no longer need the email.").waitFor();
  for (const _ of ["the issuer's page", "the page before it"]) {
    await page.evaluate(() => history.back());
    // Only the page of one's seats has this field.
    await page.getByRole("textbox", { name: "Another invitation? Paste its link here" }).waitFor();
    await heading(page, "You have a seat");
    await page.evaluate(() => document.getElementById("link").remove());
  }
});

check("the token is sent in two request bodies and kept in this tab only", {}, async ({ context, page, stack, hand }) => {
  const { link } = await invited(stack);
  const token = tokenOf(link);
  const requests = [];
  context.on("request", (request) => requests.push({ request, address: page.url() }));
  await page.goto(link);
  await heading(page, /invites you/);
  assert.equal(page.url(), `${stack.url}/accept`);
  assert.deepEqual(await kept(page), [token]);
  await signIn(page, hand, "ann@home.example");
  assert.equal(page.url(), `${stack.url}/accept`);
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You have a seat");

  const has = hasPartOf(token);
  const carriers = [];
  for (const { request, address } of requests) {
    assert.ok(!has(request.url()), request.url());
    assert.ok(!has(JSON.stringify(await request.allHeaders())), `the headers of ${request.url()}`);
    if (has(request.postData())) carriers.push(`${request.method()} ${new URL(request.url()).pathname}`);
    if (request.resourceType() === "fetch") assert.ok(!has(address), `the address bar at ${request.url()}`);
  }
  assert.deepEqual([...new Set(carriers)].sort(), ["POST /api/invites/accept", "POST /api/invites/preview"]);
  // The local issuer keeps a session in a cookie of its own path.
  assert.deepEqual(await context.cookies(page.url()), []);
  assert.ok(!has(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.documentElement.outerHTML]))));
  assert.equal(carriers.filter((carrier) => carrier.endsWith("accept")).length, 1);
});

/** What mail filters turn `/accept#<token>` into. */
const MANGLED = [
  (token) => `/accept%23${token}`,
  (token) => `/accept%2523${token}`,
  (token) => `/accept/%23${token}`,
  (token) => `/accept//%23${token}`,
  (token) => `/accept%23${token}.&utm_source=a.b`,
  (token) => `/accept%23${token}?utm_source=x#top`,
  (token) => `/accept?utm_source=x#${token}`,
  (token) => `/ACCEPT#${token}`,
  (token) => `/Accept%23${token}`,
  (token) => `/%61ccept#${token}`,
  (token) => `/accept.html#${token}`,
  (token) => `/accept.html%23${token}`,
  (token) => `/accept?${token}`,
  (token) => `/accept/${token}`,
  (token) => `/accept＃${token}`,
  (token) => `/accept&#35;${token}`,
  (token) => `/accept#token=${token}`,
  (token) => `/accept#3D${token}`,
];
/** Paths that the manager's page answers; it forwards the token to the invitation. */
const ELSEWHERE = [
  (token) => `/#${token}`,
  (token) => `//x#${token}`,
  (token) => `/x/accept#${token}`,
  (token) => `/foo.bar#${token}`,
  (token) => `/deals?${token}`,
  (token) => `/${token}`,
];

check("a link changed by a mail filter opens the invitation, and only the page's own request carries the token", {}, async ({ context, page, stack }) => {
  const { link } = await invited(stack);
  const token = tokenOf(link);
  const has = hasPartOf(token);
  const requests = [];
  context.on("request", (request) => requests.push({ request, address: page.url() }));
  for (const mangled of [...MANGLED, ...ELSEWHERE]) {
    await page.goto("about:blank");
    requests.length = 0;
    await page.goto(stack.url + mangled(token));
    await heading(page, "Hill & Dale invites you to Unlimited");
    assert.equal(page.url(), `${stack.url}/accept`);
    assert.ok(!(await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name))).some(has));
    const [own, ...others] = requests;
    assert.equal(own.request.resourceType(), "document");
    for (const { request, address } of others) {
      assert.ok(!has(request.url()), request.url());
      assert.ok(!has(JSON.stringify(await request.allHeaders())), `the headers of ${request.url()}`);
      if (request.resourceType() === "fetch") assert.ok(!has(address), `the address bar at ${request.url()}`);
    }
  }
});

check.detail("a token added to the address of an open manager's page opens the invitation", {}, async ({ page, stack }) => {
  const { link } = await invited(stack);
  await page.goto("/");
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await page.goto(`/#${tokenOf(link)}`);
  await heading(page, "Hill & Dale invites you to Unlimited");
  assert.equal(page.url(), `${stack.url}/accept`);
});

check.detail("with site data blocked, the page shows the invitation and says what to allow for signing in", { hands: [Keyboard] }, async ({ context, page, stack, hand }) => {
  await blockSiteData(context);
  const { link } = await invited(stack);
  await page.goto(link);
  await heading(page, "Hill & Dale invites you to Unlimited");
  assert.equal(page.url(), `${stack.url}/accept`);
  await hand.press("button", "Sign in to accept");
  await page.getByRole("alert").filter({ hasText: `Allow cookies and site data for ${new URL(stack.url).host}, then open the link in your email again` }).waitFor();
  assert.equal(page.url(), `${stack.url}/accept`);
});

const ASK = { button: "Ask for a new link" };
const WRITE = { text: /rite to the learning manager at Hill & Dale.* Your invitation email says whom to ask\./ };
const OPEN_AGAIN = { text: "Open the link in the email again" };

/**
 * Each reason to refuse an invite before sign-in, and the next step.
 * @type {[string, number | undefined, string, { button?: string, text?: string | RegExp }, (invite: any) => Promise<string>][]}
 */
const REFUSED = [
  ["a newer mail was sent", 410, "A newer email was sent to you", ASK, async ({ deal, link }) => {
    await deal.api("POST", `/invites/${(await deal.rows())[0].id}/resend`, undefined, { "if-match": '"1"' });
    return link;
  }],
  ["the invite has expired", undefined, "This invite has expired", ASK, async () => `/accept#${tokenOf(lapsed.link)}`],
  ["the invite was cancelled", 410, "This invite was cancelled", WRITE, async ({ deal, link }) => {
    await deal.api("DELETE", `/invites/${(await deal.rows())[0].id}`);
    return link;
  }],
  ["the seat was de-allocated", 410, "This invite was cancelled", WRITE, async ({ deal, link, stack }) => {
    await stack.accept("ann@home.example", link);
    await deal.api("DELETE", `/seats/${(await deal.rows())[0].id}`);
    return link;
  }],
  ["the link is cut short", 404, "This link does not work", OPEN_AGAIN, async ({ link }) => link.slice(0, -1)],
  ["the link is forged", 404, "This link does not work", OPEN_AGAIN, async () => "/accept#AAAA"],
  ["the deal has ended", undefined, "This subscription has ended", WRITE, async ({ deal, link }) => {
    await deal.patch({ endsAt: new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+/, "") });
    return link;
  }],
];
for (const [what, status, words, step, prepare] of REFUSED) {
  check.detail(`the page says so when ${what}, and what to do next`, { expect: status ? [answered(status)] : [] }, async ({ page, stack }) => {
    const invite = await invited(stack);
    const link = await prepare({ ...invite, stack });
    await page.goto(link);
    await heading(page, words);
    await (step.button ? page.getByRole("button", { name: step.button }) : page.getByText(step.text)).waitFor();
    assert.deepEqual(await kept(page), status === 404 ? [] : [tokenOf(link)], "a useless token is dropped");
    assert.equal(await page.getByRole("button", { name: /Accept|Sign in to accept/ }).count(), 0);
    assert.equal(await page.getByRole("button", { name: STOP }).count(), status === 404 ? 0 : 1, "a real link can stop the invites");
    if (status !== 404) return;
    await page.getByRole("textbox", { name: "Paste the link from the email" }).waitFor();
    await page.getByRole("link", { name: "Start learning" }).waitFor();
    await page.getByText("Ask the learning manager at your organisation to invite you again.").waitFor();
  });
}

const DECLINE = "No thanks";
const STOP = "Not me / stop inviting me";
const newest = async (deal) => deal.api("GET", `/invites/${(await deal.rows())[0].id}`);

check("a learner declines, and changes their mind with the same link", { viewport: PHONE, hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  await page.getByText(/Hill & Dale will see that you declined, and when. You can still accept until \d+\s\w+\s\d{4}/).waitFor();
  await hand.press("button", DECLINE);
  await page.getByRole("heading", { level: 1, name: "You declined this invite" }).and(page.locator(":focus")).waitFor();
  await page.getByText(/Changed your mind\? You can still accept until \d+\s\w+\s\d{4}, \d\d:\d\d\sUTC/).waitFor();
  assert.equal((await deal.rows())[0].status, "declined");
  await page.goto("about:blank");
  await page.goto(link);
  await heading(page, "You declined this invite");
  assert.equal(await page.getByRole("button", { name: DECLINE }).count(), 0);
  await signIn(page, hand, "ann@home.example");
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You have a seat");
  assert.equal((await deal.rows())[0].status, "accepted");
});

check("a learner stops the invites, and allows them again on the same page", { viewport: PHONE, hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route("**/api/invites/opt-out", async (route) => (await asked, route.continue()), { times: 1 });
  await hand.press("button", STOP);
  await page.locator("[aria-busy=true]").first().waitFor();
  assert.deepEqual(await page.locator("[aria-busy=true]").allInnerTexts(), [STOP]);
  answer();
  await page.locator(":focus", { hasText: "You stopped invites from Hill & Dale. Hill & Dale sees that you did" }).waitFor();
  assert.equal((await newest(deal)).optedOut, true);
  await page.reload();
  await page.getByText("You can still accept this one.").waitFor();
  assert.equal(await page.getByRole("button", { name: STOP }).count(), 0);
  await hand.press("button", "Allow invites again");
  await page.locator(":focus", { hasText: "Hill & Dale can send you invites again." }).waitFor();
  assert.equal((await newest(deal)).optedOut, false);
  await page.getByRole("button", { name: STOP }).waitFor();
});

check.detail("a double click on “No thanks” does not press what takes its place", {}, async ({ page, stack }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  const button = page.getByRole("button", { name: DECLINE });
  const { x, y, width, height } = await button.boundingBox();
  await button.click();
  await heading(page, "You declined this invite");
  // The next button, where the pointer is: the second click of the same double click.
  await page.getByRole("button", { name: STOP }).evaluate((element, { x, y }) => {
    Object.assign(element.style, { position: "fixed", left: `${x - 50}px`, top: `${y - 20}px` });
  }, { x: x + width / 2, y: y + height / 2 });
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  assert.equal((await newest(deal)).optedOut, false);
});

check.detail("a page that is open when its invite ends says so, and offers nothing that ended", {}, async ({ page, stack }) => {
  const { deal, link } = await invited(stack);
  await deal.patch({ endsAt: `${new Date(Date.now() + 6000).toISOString().slice(0, 19)}Z` });
  await page.goto(link);
  await page.getByRole("button", { name: "Sign in to accept" }).waitFor();
  await heading(page, "This subscription has ended");
  assert.equal(await page.getByRole("button", { name: "Sign in to accept" }).count(), 0);
});

check("a learner whose link has expired asks for a new one, which is remembered", { viewport: PHONE, hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const link = `/accept#${tokenOf(asking.link)}`;
  await page.goto(link);
  await hand.press("button", STOP);
  await page.getByText("Asking allows its emails again.").waitFor();
  await hand.press("button", "Ask for a new link");
  await page.locator(":focus", { hasText: "You asked for a new link. Hill & Dale sees this." }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Allow invites again" }).count(), 0, "asking lifts the stop");
  const row = await newest(asking);
  assert.deepEqual([row.status, row.askedFor, row.optedOut], ["expired", "link", false]);
  await page.reload();
  await page.getByText("You asked for a new link.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Ask for a new link" }).count(), 0);
  // The manager sends it.
  await asking.api("POST", `/invites/${row.id}/resend`, undefined, { "if-match": '"1"' });
  await page.goto("about:blank");
  await page.goto(`/accept#${tokenOf(await stack.linkTo(row.email))}`);
  await heading(page, "Hill & Dale invites you to Unlimited");
});

check.detail("a learner with an older link asks for a new one", { expect: [answered(410)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await deal.api("POST", `/invites/${(await deal.rows())[0].id}/resend`, undefined, { "if-match": '"1"' });
  await page.goto(link);
  await hand.press("button", "Ask for a new link");
  await page.locator(":focus", { hasText: "You asked for a new link." }).waitFor();
  assert.equal((await newest(deal)).askedFor, "link");
  await page.reload();
  await page.getByText("You asked for a new link.").waitFor();
  await page.getByText(/and open its link\.$/).waitFor();
});

/**
 * Why it is too late to ask with an older link, and what the page says.
 * @type {[string, string, string | RegExp, (invite: any) => Promise<unknown>][]}
 */
const TOO_LATE = [
  ["the deal ended", "This subscription has ended", WRITE.text, ({ deal }) =>
    deal.patch({ endsAt: new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+/, "") })],
  ["the invite was cancelled", "This invite was cancelled", WRITE.text, async ({ deal }) =>
    deal.api("DELETE", `/invites/${(await deal.rows())[0].id}`)],
  ["somebody accepted", "This invite has been accepted", "sign in with the same account to see your seat", async ({ stack, email, link, open }) => {
    await stack.accept(email, await until("the newer mail", async () => [await open()].find((newer) => newer !== link)));
  }],
];
for (const [what, words, next, happen] of TOO_LATE) {
  check.detail(`asking with an older link when ${what} leads to the next step`, { expect: [answered(409), answered(410)] }, async ({ page, stack, hand }) => {
    const invite = await invited(stack);
    await invite.deal.api("POST", `/invites/${(await invite.deal.rows())[0].id}/resend`, undefined, { "if-match": '"1"' });
    await page.goto(invite.link);
    await page.getByRole("button", { name: "Ask for a new link" }).waitFor();
    await happen({ ...invite, stack });
    await hand.press("button", "Ask for a new link");
    await heading(page, words);
    await page.getByText(next).waitFor();
    assert.equal(await page.getByRole("button", { name: "Ask for a new link" }).count(), 0);
    if (what !== "somebody accepted") return;
    await hand.press("button", "Sign in to see your seat");
    await chooseAccount(page, hand, invite.email);
    await heading(page, "You have a seat");
  });
}

check.detail("asking with an older link before the subscription starts says which link to open then", { expect: [answered(409), answered(410)] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await deal.api("POST", `/invites/${(await deal.rows())[0].id}/resend`, undefined, { "if-match": '"1"' });
  await deal.patch({ startsAt: new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+/, "") });
  await page.goto(link);
  await hand.press("button", "Ask for a new link");
  await page.getByRole("alert").filter({ hasText: "This subscription has not started yet. After the start, open the link in the newest email, or ask here." }).waitFor();
  assert.equal(await page.getByText("Your invite stays open").count(), 0);
});

check.detail("asking for a seat with an invite that has expired asks for a new link, and says so", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  // The page was opened when the invite was open and every seat was taken.
  await page.route("**/api/invites/preview", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...await answer.json(), status: "pending", blocked: "deal_full" } });
  }, { times: 1 });
  await page.goto(`/accept#${tokenOf(stale.link)}`);
  await hand.press("button", "Ask for a seat");
  await heading(page, "This invite has expired");
  await page.locator(":focus", { hasText: "You asked for a new link." }).waitFor();
  assert.equal(await page.getByText(/All seats are taken|No seat is reserved/).count(), 0);
});

check.detail("asking for a link that has become valid leads to accepting", { expect: [answered(409)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  // The page was opened when every seat was taken.
  await page.route("**/api/invites/preview", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...await answer.json(), blocked: "deal_full" } });
  }, { times: 1 });
  await page.goto(link);
  await hand.press("button", "Ask for a seat");
  await page.locator(":focus", { hasText: "You can accept now." }).waitFor();
  await signIn(page, hand, "ann@home.example");
});

check.detail("when declining comes too late, the page shows the current state", { expect: [answered(409)] }, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  await page.goto(link);
  await page.getByRole("button", { name: DECLINE }).waitFor();
  await stack.accept("ann@home.example", link);
  await hand.press("button", DECLINE);
  await heading(page, "This invite has been accepted");
  assert.equal(await page.getByRole("alert").count(), 0);
});

check.detail("an answer that failed can be repeated, and the button that accepts keeps its name", { expect: [answered(503)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, "ann@home.example");
  await page.route("**/api/invites/decline", PASSING[0][3], { times: 1 });
  await hand.press("button", DECLINE);
  await page.getByRole("alert").filter({ hasText: "Trying again is safe: nothing happens twice." }).waitFor();
  await page.getByRole("button", { name: "Accept as ann@home.example" }).waitFor();
  await hand.press("button", DECLINE);
  await heading(page, "You declined this invite");
  assert.equal((await deal.rows())[0].status, "declined");
});

check("an invite to a full deal can be accepted once a seat is free", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, email, link } = await invited(stack, { seats: 1 });
  await deal.seat(`bob@${deal.org}.example`);
  await page.goto(link);
  await page.getByText("All seats are taken.").waitFor();
  assert.equal(await page.getByRole("button", { name: /Accept|Sign in to accept/ }).count(), 0);
  await hand.press("button", "Ask for a seat");
  await page.locator(":focus", { hasText: "You asked for a seat. Hill & Dale sees this." }).waitFor();
  assert.equal((await deal.row(email)).askedFor, "seat");
  assert.equal(await page.getByText("Ask for a seat").count(), 0, "nobody is told to ask again");
  assert.equal(await page.getByText("Checked just now.").count(), 0);
  await hand.press("button", "Check again");
  await page.locator(":focus", { hasText: "All seats are taken" }).filter({ hasText: "Checked just now." }).waitFor();
  await deal.patch({ seats: 2 });
  await hand.press("button", "Check again");
  await page.getByText("You can accept now.").waitFor();
  await signIn(page, hand, "ann@home.example");
});

check("when the last seat is taken while the learner reads, the page says so and keeps the token", { expect: [answered(409)] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack, { seats: 1 });
  await page.goto(link);
  await signIn(page, hand, "ann@home.example");
  await deal.seat(`bob@${deal.org}.example`);
  await hand.press("button", "Accept as ann@home.example");
  await page.getByText("All seats are taken.").waitFor();
  assert.ok((await kept(page)).includes(tokenOf(link)));
  await deal.patch({ seats: 2 });
  await hand.press("button", "Check again");
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You have a seat");
});

check.detail("a deal that has not started shows its start", {}, async ({ page, stack }) => {
  const { deal, link } = await invited(stack);
  const start = new Date(Date.now() + 30 * 86_400_000);
  await deal.patch({ startsAt: start.toISOString().replace(/\.\d+/, "") });
  await page.goto(link);
  const [, day] = /^(\S+)T/.exec(start.toISOString());
  const long = new Date(day).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  await page.getByText(`It starts on ${long}, ${start.toISOString().slice(11, 16)} UTC.`).waitFor();
});

check.detail("a learner who already has a seat of a full deal is told so instead of asking, and can decline", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const [{ deal, email, link }, another] = [await invited(stack, { seats: 1 }), await invited(stack)];
  await deal.seat(`bob@${deal.org}.example`, "ann@home.example");
  await page.goto(another.link);
  await signIn(page, hand, "ann@home.example");
  await page.goto(link);
  await page.reload();
  await heading(page, "You already have a seat");
  assert.equal(await page.getByRole("button", { name: /Ask for|Accept/ }).count(), 0);
  await page.getByRole("link", { name: "Start learning" }).waitFor();
  assert.equal(await page.getByText("You can still accept until").count(), 0);
  await page.getByText("You keep the seat that you have.").waitFor();
  await hand.press("button", DECLINE);
  await page.locator(":focus", { hasText: "You declined this invite." }).waitFor();
  assert.equal((await deal.row(email)).status, "declined");
});

check.detail("a learner who already has a seat is told so before accepting", {}, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await deal.seat(`bob@${deal.org}.example`, "ann@home.example");
  await page.goto(link);
  await hand.press("button", "Sign in to accept");
  await chooseAccount(page, hand, "ann@home.example");
  await heading(page, "You already have a seat");
  assert.equal(await page.getByRole("button", { name: /^Accept/ }).count(), 0);
});

check.detail("an invite can be accepted while the learner’s seats cannot be read", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  await page.route("**/api/me/seats", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }));
  await page.goto(link);
  await signIn(page, hand, "ann@home.example");
  assert.equal(await page.getByRole("alert").count(), 0);
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You have a seat");
});

check.detail("a learner who already has a seat is told so on accepting, and can use another account", { expect: [answered(409)] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, "ann@home.example");
  await deal.seat(`bob@${deal.org}.example`, "ann@home.example");
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You already have a seat");
  await useAnother(page, hand, "ann@work.example");
  await hand.press("button", "Accept as ann@work.example");
  await heading(page, "You have a seat");
});

check("an accepted invite shows the seat to its learner, and tells another account that the invite is taken", {}, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  await stack.accept("ann@home.example", link);
  await page.goto(link);
  await heading(page, "This invite has been accepted");
  await hand.press("button", "Sign in to see your seat");
  await chooseAccount(page, hand, "eve@home.example");
  await heading(page, "Another account has accepted this invite");
  await page.getByRole("definition").filter({ hasText: "eve@home.example" }).waitFor();
  await page.getByText("ask the learning manager at Hill & Dale to free this seat and invite you again.").waitFor();
  assert.deepEqual(await page.locator("main").locator("button:not(.outline), .go").allInnerTexts(), ["Use another account"], "one next step");
  await useAnother(page, hand, "ann@home.example");
  await heading(page, "You have a seat");
  assert.ok(!(await kept(page)).includes(tokenOf(link)));
});

check.detail("a learner whose subscription has ended is told so, instead of to learn with this account", {}, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await stack.accept("ann@home.example", link);
  await deal.patch({ endsAt: new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+/, "") });
  await page.goto(link);
  await hand.press("button", "Sign in to see your seat");
  await chooseAccount(page, hand, "ann@home.example");
  await heading(page, "This subscription has ended");
  await page.getByText(/You had a seat until \d+\s\w+\s\d{4}, \d\d:\d\d\sUTC\. Write to the learning manager at Hill & Dale/).waitFor();
  assert.equal(await page.getByText(/Use this account to learn|Start learning/).count(), 0);
});

check.detail("somebody whose invite another account accepted stops the invites, and allows them again", { viewport: PHONE, hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await stack.accept("ann@home.example", link);
  await page.goto(link);
  await hand.press("button", "Sign in to see your seat");
  await chooseAccount(page, hand, "eve@home.example");
  await heading(page, "Another account has accepted this invite");
  await hand.press("button", STOP);
  await page.locator(":focus", { hasText: "You stopped invites from Hill & Dale." }).waitFor();
  assert.equal((await newest(deal)).optedOut, true);
  await hand.press("button", "Allow invites again");
  await page.locator(":focus", { hasText: "Hill & Dale can send you invites again." }).waitFor();
});

check.detail("a learner who stopped the invites and accepts can still allow them again", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, "ann@home.example");
  await hand.press("button", STOP);
  await page.getByText("You can still accept this one.").waitFor();
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You have a seat");
  await page.reload();
  await heading(page, "You have a seat");
  await hand.press("button", "Allow invites again");
  await page.locator(":focus", { hasText: "Hill & Dale can send you invites again." }).waitFor();
  assert.equal((await newest(deal)).optedOut, false);
});

check.detail("after accepting, a reload shows the seat again, and a link that does not work shows it too", { expect: [answered(404)] }, async ({ page, stack, hand }) => {
  const { email, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, email);
  await hand.press("button", `Accept as ${email}`);
  await page.getByText("You no longer need the email.").waitFor();
  await page.reload();
  await page.getByRole("textbox", { name: "Another invitation? Paste its link here" }).waitFor();
  await heading(page, "You have a seat");
  await page.getByRole("term").filter({ hasText: "Hill & Dale" }).waitFor();
  await page.goto("/accept#AAAA");
  await heading(page, "This link does not work");
  await page.getByRole("heading", { level: 2, name: "You have a seat" }).waitFor();
});

check.detail("what screen readers are told on arrival does not outlast it", {}, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  const told = page.getByRole("status").getByText("You have not accepted yet.");
  await page.goto(link);
  // It is gone after ten seconds, so the wait for it comes first.
  await Promise.all([told.waitFor({ state: "attached" }), signIn(page, hand, "ann@home.example")]);
  await hand.press("button", STOP);
  await page.getByText("You stopped invites").waitFor();
  assert.equal(await told.count(), 0);
  // Another tab accepts.
  await stack.accept("ann@home.example", link);
  await page.reload();
  await heading(page, "You have a seat");
  assert.equal(await told.count(), 0);
});

check.detail("if the link to start learning cannot be loaded, the page says so, and tries again", { expect: [/ERR_INTERNET_DISCONNECTED/], hands: [Keyboard] }, async ({ page, hand }) => {
  await page.route("**/config.json", (route) => route.abort("internetdisconnected"), { times: 1 });
  await page.goto("/accept");
  await page.getByRole("alert").filter({ hasText: "The link to start learning could not be loaded." }).waitFor();
  await hand.press("button", "Try again");
  await page.getByRole("link", { name: "Start learning" }).waitFor();
});

check.detail("a double click on “No thanks” that fails does not press “Accept”, which may move under the pointer", { expect: [/ERR_INTERNET_DISCONNECTED/] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, "ann@home.example");
  await page.route("**/api/invites/decline", (route) => route.abort("internetdisconnected"));
  await hand.press("button", DECLINE);
  await page.getByText("“No thanks” has not gone through.").waitFor();
  const { x, y } = await page.getByRole("button", { name: /^Accept as/ }).boundingBox();
  await page.mouse.move(x + 9, y + 9);
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  await page.unroute("**/api/invites/decline");
  await hand.press("button", DECLINE);
  await heading(page, "You declined this invite");
  assert.equal((await deal.rows())[0].acceptedAt, null);
});

check.detail("an invite that expires before the subscription starts says what to do then", {}, async ({ page, stack }) => {
  const { deal, link } = await invited(stack);
  await deal.patch({ startsAt: new Date(Date.now() + 40 * 86_400_000).toISOString().replace(/\.\d+/, "") });
  await page.goto(link);
  await page.getByText("Your invite expires before that. After the start, you can ask for a new link here.").waitFor();
  assert.equal(await page.getByText("You can still accept until").count(), 0);
  await page.getByText("Expires", { exact: true }).waitFor();
  assert.equal(await page.getByText("Accept by").count(), 0);
});

/** Each temporary failure. */
const PASSING = [
  ["the API is unavailable", answered(503), "Seatkeeper is not available right now.", (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", json: { code: "unavailable", status: 503, title: "Unavailable", detail: "Try again." } })],
  ["the API throttles requests", answered(429), "Too many attempts.", (route) => route.fulfill({ status: 429, json: { message: "Too Many Requests" } })],
  ["the connection fails", /ERR_CONNECTION_RESET/, "Can’t connect to Seatkeeper.", (route) => route.abort("connectionreset")],
];
for (const [what, fault, words, answer] of PASSING) {
  for (const step of ["preview", "accept"]) {
    check.detail(`when ${what} during ${step}, the token is kept, and the next attempt works`, { expect: [fault], hands: [step === "accept" ? Keyboard : Mouse] }, async ({ page, stack, hand }) => {
      const { link } = await invited(stack);
      await page.route(`**/api/invites/${step}`, answer);
      await page.goto(link);
      if (step === "accept") {
        await signIn(page, hand, "ann@home.example");
        await hand.press("button", "Accept as ann@home.example");
      }
      await page.getByText(words).waitFor();
      assert.ok((await kept(page)).includes(tokenOf(link)));
      await page.unroute(`**/api/invites/${step}`);
      await hand.press("button", "Try again");
      if (step === "accept") {
        await heading(page, "You have a seat");
        assert.ok(!(await kept(page)).includes(tokenOf(link)));
      } else await page.getByRole("button", { name: "Sign in to accept" }).waitFor();
    });
  }
}

check("an invite can be accepted after the session has expired", { expect: [answered(401)] }, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, "ann@home.example");
  await page.route("**/api/invites/accept", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }));
  await hand.press("button", "Accept as ann@home.example");
  await page.getByText("Your session has ended.").waitFor();
  await page.unroute("**/api/invites/accept");
  await signIn(page, hand, "ann@home.example");
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You have a seat");
});

check.detail("a learner without a seat any more is told how seats end, and whom to ask", {}, async ({ page, stack, hand }) => {
  const { deal, email, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, "gone@home.example");
  await hand.press("button", "Accept as gone@home.example");
  await heading(page, "You have a seat");
  await page.reload();
  await heading(page, "You have a seat");
  const { endsAt } = await deal.api("GET");
  await deal.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await page.reload();
  await heading(page, "You have no seat with this account");
  const ended = page.getByText(/^Your seat from Hill & Dale ended on .* Write to the learning manager at Hill & Dale/);
  await ended.waitFor();
  assert.equal(await page.getByRole("link", { name: "Start learning" }).count(), 0);
  await deal.patch({ endsAt });
  const { id } = await deal.row(email);
  await deal.api("DELETE", `/seats/${id}`);
  await page.reload();
  await heading(page, "You have no seat with this account");
  await page.getByText("A seat ends with its subscription, or when your organisation frees it.").waitFor();
  assert.equal(await ended.count(), 0, "the page claims no end that it does not know");
});

check.detail("if a learner's seats cannot be read, the page says so instead of that there are none, and tries again", { expect: [answered(503), /ERR_INTERNET_DISCONNECTED/], viewport: PHONE, hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { email, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, email);
  await hand.press("button", `Accept as ${email}`);
  await heading(page, "You have a seat");
  const unread = page.getByRole("alert").filter({ hasText: "We don’t know whether you have a seat." });
  const none = page.getByText("Ask the learning manager at your organisation to invite you again.");
  await page.route("**/api/me/seats", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }), { times: 1 });
  await page.reload();
  await heading(page, "Your seats could not be read");
  await unread.waitFor();
  assert.equal(await none.count(), 0);
  await page.route("**/api/me/seats", (route) => route.fulfill({ contentType: "text/html", body: "<h1>Welcome to the guest network</h1>" }), { times: 1 });
  await hand.press("button", "Try again");
  await unread.filter({ hasText: "Seatkeeper’s answer could not be read." }).waitFor();
  await hand.press("button", "Try again");
  await heading(page, "You have a seat");
  await page.route("**/api/me/seats", (route) => route.abort("internetdisconnected"), { times: 1 });
  await page.goto(link);
  await heading(page, "This invite has been accepted");
  await unread.waitFor();
  await hand.press("button", "Try again");
  await heading(page, "You have a seat");
});

check.detail("two seats of one organisation are told apart by when they were accepted", {}, async ({ page, stack, hand }) => {
  const { deal, email, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, email);
  await hand.press("button", `Accept as ${email}`);
  await heading(page, "You have a seat");
  const another = await stack.newDeal({ org: deal.org });
  await another.seat(`bob@${deal.org}.example`, email);
  await page.reload();
  await heading(page, "You have 2 seats");
  assert.equal(await page.getByRole("definition").filter({ hasText: /^Accepted on .*UTC\. Until .*UTC$/ }).count(), 2);
});

check.detail("an older link tells a learner who is signed in of the seat from its organisation", { expect: [answered(410)] }, async ({ page, stack, hand }) => {
  const { deal, email, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, "older@home.example");
  await deal.seat(`bob@${deal.org}.example`, "older@home.example");
  const { id } = await deal.row(email);
  await deal.api("POST", `/invites/${id}/resend`);
  await page.reload();
  await heading(page, "A newer email was sent to you");
  await page.getByText(/^You already have a seat from Hill & Dale, until /).waitFor();
  await page.getByRole("link", { name: "Start learning" }).waitFor();
});

check.detail("the way to the own seat leads past an invite that the tab has shown, and that stays in reach", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { email, link } = await invited(stack);
  const held = await stack.newDeal();
  await held.seat(email);
  await page.goto(link);
  await signIn(page, hand, email);
  await page.goto("/");
  await page.getByRole("button", { name: "Manage seats" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "see your own seat" }).count(), 1);
  assert.equal(await page.getByRole("button", { name: "Sign in" }).count(), 0);
  await hand.press("link", "See your own seat");
  await heading(page, "You have a seat");
  await page.reload();
  await heading(page, "You have a seat");
  await hand.press("button", "Back to your invitation");
  await heading(page, /invites you/);
  await page.goto("/");
  await hand.press("button", "Manage seats");
  await hand.press("button", "See your own seat");
  await heading(page, "You have a seat");
});

check.detail("a link from a mail can be pasted", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  await page.goto("/accept");
  await heading(page, "Open the link in your email");
  await hand.write("textbox", /Paste it here/, "what link?");
  await hand.press("button", "Show the invitation");
  await page.getByRole("alert").filter({ hasText: "This is not a complete link from the email." }).waitFor();
  await hand.write("textbox", /Paste it here/, "https://protect-eu.mimecast.com/s/W3nYCZ0p8tKzO1ySNl2Qw?domain=seats.example");
  await hand.press("button", "Show the invitation");
  await page.getByRole("alert").filter({ hasText: "This link leads to another site, such as a mail filter" }).waitFor();
  await hand.write("textbox", /Paste it here/, `  ${stack.url}${link}\n`);
  await hand.press("button", "Show the invitation");
  await heading(page, /invites you/);
  assert.equal(page.url(), `${stack.url}/accept`);
});

check.detail("the mail's button can be pasted instead of the link", {}, async ({ page, stack }) => {
  const { link } = await invited(stack);
  await page.goto("/accept");
  const box = page.getByRole("textbox", { name: /Paste it here/ });
  await box.evaluate((element, href) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", "Click here to accept this invitation");
    clipboardData.setData("text/html", `<a href="${href}">Click here to accept this invitation</a>`);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, `${stack.url}${link}`);
  await page.getByRole("button", { name: "Show the invitation" }).click();
  await heading(page, /invites you/);
});

check.detail("the learner can choose another account before accepting", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, email, link } = await invited(stack);
  await page.goto(link);
  await signIn(page, hand, email);
  await useAnother(page, hand, "ann@home.example");
  await page.getByText("That is fine if you want to learn with this account.").waitFor();
  await hand.press("button", "Accept as ann@home.example");
  await heading(page, "You have a seat");
  assert.equal((await deal.rows())[0].acceptedWith, "other_address");
});

check.detail("cancelling sign-in changes nothing, and the learner can sign in later", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  await page.goto(link);
  await hand.press("button", "Sign in to accept");
  await hand.press("button", "Cancel");
  await page.locator(":focus", { hasText: "You did not sign in. Nothing was accepted." }).waitFor();
  assert.equal((await deal.rows())[0].status, "pending");
  await signIn(page, hand, "ann@home.example");
});

check.detail("after a failed sign-in the learner can use another account", { expect: [answered(400)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  await page.goto(link);
  await page.route("**/oidc/token", (route) => route.fulfill({ status: 400, json: { error: "invalid_grant" } }), { times: 1 });
  await hand.press("button", "Sign in to accept");
  await chooseAccount(page, hand, "ann@home.example");
  await page.getByRole("alert").filter({ hasText: /Sign-in failed.*Nothing was accepted/ }).waitFor();
  await useAnother(page, hand, "ann@work.example");
  await page.getByRole("button", { name: "Accept as ann@work.example" }).waitFor();
});

check.detail("the invite survives a reload, and a newer link replaces it", {}, async ({ page, stack }) => {
  const { link } = await invited(stack);
  const another = await invited(stack, { title: "Lake & Moor" });
  await page.goto(link);
  await heading(page, /Hill & Dale invites you/);
  await page.reload();
  await heading(page, /Hill & Dale invites you/);
  await page.goto(another.link);
  await heading(page, /Lake & Moor invites you/);
  assert.equal(page.url(), `${stack.url}/accept`);
  assert.deepEqual(await kept(page), [tokenOf(another.link)]);
});

check("a double click accepts once", { hands: BOTH }, async ({ page, stack, hand }) => {
  const { link } = await invited(stack);
  let posts = 0;
  page.on("request", (request) => (posts += Number(request.url().endsWith("/accept") && request.method() === "POST")));
  await page.goto(link);
  await signIn(page, hand, "ann@home.example");
  if (hand instanceof Keyboard) {
    await hand.press("button", "Accept as ann@home.example");
    await page.keyboard.press("Enter");
  } else await page.getByRole("button", { name: "Accept as ann@home.example" }).dblclick();
  await heading(page, "You have a seat");
  assert.equal(posts, 1);
});

check("a mail scanner that opens the link and runs its scripts accepts nothing", {}, async ({ page, stack, hand }) => {
  const { deal, link } = await invited(stack);
  for (const method of ["GET", "HEAD"]) {
    for (const path of [link, "/accept", ...["accept", "preview", "decline", "ask", "opt-out", "opt-in"].map((route) => `/api/invites/${route}`)]) {
      await fetch(stack.url + path, { method });
    }
  }
  const posted = [];
  page.on("request", (request) => request.method() === "POST" && posted.push(new URL(request.url()).pathname));
  await page.goto(link);
  await heading(page, /invites you/);
  // Some scanners scroll, move the mouse and let timers run, as people do.
  await page.clock.install();
  await page.mouse.wheel(0, 2000);
  await page.mouse.move(200, 300);
  await page.clock.runFor("30:00");
  await page.waitForLoadState("networkidle");
  assert.deepEqual([...new Set(posted)], ["/api/invites/preview"]);
  // Leaving the page after signing in accepts nothing either. By the clock of the scanner, the issuer’s tokens have expired.
  await page.clock.setSystemTime(new Date());
  await signIn(page, hand, "ann@home.example");
  await page.goto("about:blank");
  assert.equal((await deal.rows())[0].status, "pending");
});
