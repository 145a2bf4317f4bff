/** Signing in to the portal with site data blocked, from odd addresses and after a reload; signing out in all tabs. */
import assert from "node:assert/strict";
import { answered, blockSiteData, chooseAccount, enter, Keyboard, Mouse, signInAt } from "./browser.mjs";
import { ADMIN, tokenOf } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

check.detail("with site data blocked, the portal says what to allow", { hands: [Keyboard] }, async ({ context, page, stack, hand }) => {
  await blockSiteData(context);
  await page.goto("/");
  await hand.press("button", "Sign in");
  await page.getByRole("alert").filter({ hasText: `Allow cookies and site data for ${new URL(stack.url).host}, then reload this page.` }).waitFor();
  assert.equal(page.url(), `${stack.url}/`);
});

for (const [path, tidy] of [["//x.example/", "/x.example/"], ["///deals", "/deals"]]) {
  check.detail(`signing in at ${path} succeeds and leaves no code in the address`, {}, async ({ page, stack, hand }) => {
    await page.goto(stack.url + path);
    await hand.press("button", "Sign in");
    await chooseAccount(page, hand, "manager@acme.example");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    assert.equal(page.url(), stack.url + tidy);
  });
}

const SILENT = /\/oidc\/authorize\?.*prompt=none/;

/** Answers `prompt=none` as an issuer that remembers this person. */
const remember = (context, email) =>
  context.route(SILENT, async (route) => {
    const { origin, pathname, searchParams } = new URL(route.request().url());
    searchParams.delete("prompt");
    const form = { ...Object.fromEntries(searchParams), email };
    const { location } = (await context.request.post(origin + pathname, { maxRedirects: 0, form })).headers();
    await route.fulfill({ status: 302, headers: { location } });
  });

check.detail("a device whose clock is ahead is told so when it signs in", { hands: [Keyboard] }, async ({ context, page, stack, hand }) => {
  const deal = await stack.newDeal();
  await context.addInitScript(() => {
    const now = Date.now;
    Date.now = () => now() + 7_200_000;
  });
  await page.goto("/");
  await hand.press("button", "Sign in");
  await hand.write("textbox", "Any other address", deal.manager);
  await hand.press("button", "Sign in");
  await page.getByRole("alert").filter({ hasText: "Sign-in failed, because this device’s clock seems to be wrong. Set its date, time and time zone, then try again." }).waitFor();
});

check("a reload returns without a question to the tab, the search and the draft", {}, async ({ context, page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com", "bob@example.com"]);
  await remember(context, deal.manager);
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  await hand.write("searchbox", "Name or address contains", "ann");
  const rows = () => page.getByRole("rowheader").allTextContents();
  const found = async () => {
    await page.getByRole("rowheader", { name: "bob@example.com" }).waitFor({ state: "detached" });
    await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
    assert.deepEqual(await rows(), ["ann@example.com"]);
  };
  await found();
  await page.reload();
  await found();
  assert.equal(page.url(), `${stack.url}${deal.path}?status=pending`);
  assert.equal(await page.getByRole("searchbox").inputValue(), "ann");

  await hand.press("link", "Invite people");
  await hand.write("textbox", "Addresses", "eve@example.com");
  await page.reload();
  const draft = page.getByRole("textbox", { name: "Addresses" });
  await draft.waitFor();
  assert.equal(await draft.inputValue(), "eve@example.com");
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.doesNotMatch(stored, /eyJ/, "no token is stored");
});

check("the local issuer keeps a session until the person signs out, as real issuers do", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await signInAt(page, deal.manager, deal.path, hand);
  const questions = [];
  page.on("response", (response) => /\/oidc\/authorize/.test(response.url()) && response.ok() && questions.push(response.url()));
  await page.reload();
  await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  assert.deepEqual(questions, []);
  await hand.press("button", "Sign out");
  await hand.press("button", "Sign in");
  await page.getByRole("heading", { name: "Who are you?" }).waitFor();
});

for (const [what, email, path] of [["the list of deals", undefined, "/deals"], ["a deal", undefined, undefined], ["Deals admin", ADMIN, "/admin"]]) {
  check.detail(`after reloads of ${what}, Back leaves it at once`, {}, async ({ context, page, stack }) => {
    const deal = await stack.newDeal();
    const [who, where] = [email ?? deal.manager, path ?? deal.path];
    await remember(context, who);
    await page.goto("/config.json");
    await enter(page, who, where);
    for (const _ of [1, 2]) {
      await page.reload();
      await page.getByRole("button", { name: "Sign out" }).waitFor();
      assert.equal(page.url(), stack.url + where);
    }
    await page.goBack();
    await page.waitForURL("/config.json");
    await page.goForward();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await page.goBack();
    await page.waitForURL("/config.json");
  });
}

check.detail("a deal's address in a new tab opens without a question if the issuer knows the person", {}, async ({ context, page, stack }) => {
  const deal = await stack.newDeal();
  await page.goto(deal.path);
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  assert.equal(page.url(), `${stack.url}${deal.path}`);
  assert.equal(await page.getByRole("alert").count(), 0);
  await remember(context, deal.manager);
  const tab = await context.newPage();
  await tab.goto(deal.path);
  await tab.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
});

check.detail("a new tab opens without a question while another is signed in, and its token stays there", {}, async ({ context, page, stack, hand }) => {
  const deal = await stack.newDeal();
  await remember(context, deal.manager);
  const [stranger, tab] = [await context.newPage(), await context.newPage()];
  await stranger.goto("/");
  await stranger.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await enter(page, deal.manager, deal.path);
  const exchange = tab.waitForResponse((response) => response.url().endsWith("/oidc/token"));
  await tab.goto("/");
  await tab.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  assert.equal((await exchange).status(), 200, "the issuer gives each tab a token of its own");
  await tab.close();
  await hand.press("button", "Sign out");
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await stranger.goto("/");
  await stranger.getByRole("button", { name: "Sign in", exact: true }).waitFor();
});

check.detail("if another tab changes the account, a reload says so, and asks before it removes a list", { expect: [answered(404)] }, async ({ context, page, stack }) => {
  const [deal, other] = [await stack.newDeal(), await stack.newDeal()];
  await remember(context, deal.manager);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  await remember(context, other.manager);
  await page.getByRole("searchbox").fill("zoe@example.com");
  await page.waitForFunction(() => sessionStorage.getItem("search")?.includes("zoe@"));
  await page.evaluate((key) => sessionStorage.setItem(key, JSON.stringify({ text: "eve@example.com", rows: [], leftOut: [] })), `invite:${deal.id}`);
  await page.reload();
  await page.getByText(`What ${deal.manager} entered in this tab is kept until you close the tab.`).waitFor();
  assert.match(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), /eve@/);
  await page.getByRole("button", { name: `Remove it and continue as ${other.manager}` }).click();
  await page.getByText(`You are now signed in as ${other.manager}. This page was opened as ${deal.manager}.`).waitFor();
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), /(eve|zoe)@/);
});

check.detail("a reload of an invitation returns without a question, and accepts nothing", {}, async ({ context, page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite([`ann@${deal.org}.example`]);
  await remember(context, "ann@home.example");
  await page.goto(`/accept#${tokenOf(await stack.linkTo(`ann@${deal.org}.example`))}`);
  await hand.press("button", "Sign in to accept");
  await chooseAccount(page, hand, "ann@home.example");
  const accept = page.getByRole("button", { name: "Accept as ann@home.example" });
  await accept.waitFor();
  const entries = await page.evaluate(() => history.length);
  await page.reload();
  await accept.waitFor();
  assert.equal(await page.evaluate(() => history.length), entries, "Back leaves the page");
  assert.equal((await deal.rows())[0].status, "pending");
});

check.detail("if the issuer has forgotten the person, it asks, and leads back", {}, async ({ context, page, stack, hand }) => {
  const deal = await stack.newDeal();
  await context.route(SILENT, (route) => {
    const { searchParams } = new URL(route.request().url());
    const query = new URLSearchParams({ error: "login_required", state: searchParams.get("state"), iss: `${stack.url}/oidc` });
    return route.fulfill({ status: 302, headers: { location: `${searchParams.get("redirect_uri")}?${query}` } });
  });
  await enter(page, deal.manager, deal.path);
  await context.clearCookies();
  await page.reload();
  await page.getByRole("heading", { name: "Who are you?" }).waitFor();
  await chooseAccount(page, hand, deal.manager);
  await page.waitForURL(stack.url + deal.path);
});

check("signing out in one tab leaves no tab at work, and the others say why", { hands: [Keyboard] }, async ({ context, page, stack, hand }) => {
  const deal = await stack.newDeal();
  const other = await context.newPage();
  await enter(page, deal.manager, deal.path);
  await enter(other, deal.manager, deal.path);
  await page.bringToFront();
  await hand.press("button", "Sign out");
  for (const tab of [page, other]) {
    await tab.waitForURL(`${stack.url}/`);
    await tab.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  }
  await other.getByText("You signed out in another tab.").waitFor();
  assert.equal(await page.getByText("in another tab").count(), 0);
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  assert.deepEqual(await other.evaluate(() => Object.keys(sessionStorage).sort()), ["account:/", "left"]);
});

/** A tab with a list leaves with another, and somebody signs in there. */
const leaving = (isSame) => async ({ context, page, stack }) => {
  const deal = await stack.newDeal();
  const tab = await context.newPage();
  const hand = new Mouse(tab);
  await enter(page, deal.manager, deal.path);
  await enter(tab, deal.manager, `${deal.path}/invite`);
  await hand.paste("textbox", "Addresses", "ann@example.com\nbob@example.com\nnobody");
  await tab.getByRole("heading", { name: "2 will be invited, 1 is not an address" }).waitFor();
  // Somebody is still typing.
  await tab.getByRole("textbox", { name: "Address in row 1" }).fill("cat@example.com");
  await new Mouse(page).press("button", "Sign out");
  await tab.getByText("What you entered here is kept until you close this tab.").waitFor();
  if (isSame) {
    await hand.press("button", "Sign in");
    await chooseAccount(tab, hand, deal.manager);
    await tab.getByRole("heading", { name: "3 will be invited" }).waitFor();
    assert.equal(tab.url(), `${stack.url}${deal.path}/invite`);
  } else {
    const learner = `ann@${deal.org}.example`;
    // Somebody else has signed in to the issuer since.
    await enter(page, learner);
    await hand.press("button", "Sign in");
    await tab.getByText("What another account entered in this tab is kept").waitFor();
    assert.equal(tab.url(), `${stack.url}/`);
    assert.equal(await tab.getByText(deal.manager).count(), 0);
    await hand.press("button", `Remove it and continue as ${learner}`);
    await tab.getByRole("heading", { level: 1, name: "Looking for your own seat?" }).waitFor();
    assert.equal(tab.url(), `${stack.url}/`);
    assert.equal(await tab.getByText(deal.manager).count(), 0);
    assert.doesNotMatch(await tab.evaluate(() => JSON.stringify({ ...sessionStorage })), /example\.com/);
  }
};

check.detail("a list in a tab that left with another is there again for the same person", {}, leaving(true));
check.detail("a list in a tab that left with another is removed for another person only on request", {}, leaving(false));
