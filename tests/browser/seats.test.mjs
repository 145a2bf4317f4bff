/** The Deal seats page: what it shows of each invite, and the manager's actions. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { answered, BOTH, chooseAccount, enter, Keyboard, Mouse } from "./browser.mjs";
import { addresses, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

/** Deals with expired invites, by the test that uses them. */
const expired = {};
const check = suite({}, async (stack) => {
  for (const [name, people] of Object.entries({
    all: addresses("old", 60), stopped: addresses("old", 60), older: ["ann@example.com"], mixed: ["eve@example.com"],
  })) {
    expired[name] = await stack.newDeal();
    await expired[name].invite(people);
  }
  for (const deal of Object.values(expired)) await deal.expired();
});

const list = (page) => page.getByRole("table", { name: "Invites" });
const rowOf = (page, email) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: email }) });
const tab = (page, name) => page.getByRole("navigation", { name: "Invitation status" }).getByRole("link", { name });
/** The addresses in the list, from the top. */
const listed = (page) => list(page).getByRole("rowheader").allInnerTexts();
/** Waits until the list has exactly these rows. */
const shows = (page, rows) => until(`the rows ${rows}`, async () => isDeepStrictEqual(await listed(page), rows));
const says = (page, text) => page.getByRole("status").filter({ hasText: text }).or(page.getByRole("alert").filter({ hasText: text })).first().waitFor();

check.detail("a single deal opens directly, and the navigation leads to all deals", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, "/");
  await page.waitForURL(`**${deal.path}`);
  await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  await hand.press("link", "Deals");
  await hand.press("link", "Unlimited");
  await page.waitForURL(`**${deal.path}`);
});

check("the numbers, the tabs and the list match the deal", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 3 });
  await deal.seat("ann@example.com");
  await deal.seat("bob@example.com", "bob@home.example");
  await deal.invite([{ email: "cat@example.com", name: "Cat Example" }, "dan@example.com"]);
  await enter(page, deal.manager);
  const numbers = await page.getByRole("region", { name: "Seats" }).innerText();
  assert.match(numbers, /Seats\s+3\s+Allocated\s+2\s+Available\s+1/);
  await page.getByText("2 pending, 1 seat left. The first to accept gets it.").waitFor();
  await rowOf(page, "ann@example.com").getByText(/^Has held a seat since \d+\s\w+\.$/).waitFor();
  for (const name of ["All 4", "Pending 2", "Accepted 2", "Expired 0"]) await tab(page, name).waitFor();
  await rowOf(page, "cat@example.com").getByText("Cat Example").waitFor();
  await rowOf(page, "bob@example.com").getByText("with another address").waitFor();
  await tab(page, "Accepted").click();
  await page.waitForURL("**?status=accepted");
  await rowOf(page, "ann@example.com").waitFor();
  assert.deepEqual((await listed(page)).sort(), ["ann@example.com", "bob@example.com"]);
});

check.detail("the address keeps the tab and the page of the list through a new sign-in", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 60));
  await enter(page, deal.manager, deal.path);
  await hand.press("link", /^Pending/);
  await hand.press("button", "Next page");
  await until("the second page", async () => (await listed(page)).length === 10);
  await until("the top of the list in view", () => tab(page, "Pending").evaluate((link) => link.getBoundingClientRect().top >= 0));
  const address = page.url();
  assert.match(address, /\?status=pending&after=/);
  const rows = await listed(page);
  // A reload loses the access token, so the portal signs in again.
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await shows(page, rows);
  assert.equal(page.url(), address);
});

check("paging shows every row once, even if somebody is invited in between", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  const people = addresses("ann", 130);
  await deal.invite(people);
  await enter(page, deal.manager, deal.path);
  const seen = [];
  for (const [number, rows] of [[1, 50], [2, 50], [3, 30]]) {
    await page.getByText(`Page ${number}`).waitFor();
    await until(`${rows} rows`, async () => (await listed(page)).length === rows && !seen.includes((await listed(page))[0]));
    seen.push(...await listed(page));
    if (number > 1) await page.getByRole("button", { name: number < 3 ? "Next page" : "Previous page" }).and(page.locator(":focus")).waitFor();
    if (number < 3) await page.getByRole("button", { name: "Next page" }).click();
    if (number === 1) await deal.invite(["new@example.com"]);
  }
  assert.deepEqual(seen.toSorted(), people);
  assert.equal(await page.getByRole("button", { name: "Next page" }).count(), 0);
  await hand.press("button", "Previous page");
  await page.getByText("Page 2").waitFor();
  await shows(page, seen.slice(50, 100));
});

check.detail("a later page whose rows have gone says so, and not that the list is empty", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 51));
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Next page");
  await until("the second page", async () => (await listed(page)).length === 1);
  await page.getByRole("button", { name: /^Cancel invite to/ }).click();
  await hand.press("button", "Cancel invite", page.getByRole("dialog"));
  await page.getByText("No invite is left on this page. Go to an earlier page.").waitFor();
});

const SEARCH = "Name or address contains";

check.detail("a reload leads back to the place in the list", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 90));
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Next page");
  await until("the second page", async () => (await listed(page)).length === 40);
  await page.evaluate(() => scrollTo(0, 900));
  await until("the place to be kept", () => page.evaluate(() => sessionStorage.getItem("place")?.includes("900")));
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await page.getByRole("rowheader").nth(39).waitFor();
  await until("the place", () => page.evaluate(() => scrollY === 900));
});

check.detail("Back leads to the place in the list from which a page was opened", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 100 });
  await deal.invite(addresses("ann", 50));
  await enter(page, deal.manager, deal.path);
  await page.getByRole("rowheader").nth(49).waitFor();
  await page.mouse.wheel(0, 1500);
  await page.waitForFunction(() => history.state?.top > 1000);
  const top = await page.evaluate(() => scrollY);
  // A click by hand would scroll to the link.
  await page.getByRole("link", { name: "Invite people" }).dispatchEvent("click");
  await page.getByRole("textbox", { name: "Addresses" }).waitFor();
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.goBack();
  await page.waitForFunction((top) => scrollY === top, top, { timeout: 10_000 });
  // What is loaded above the list does not move it, nor does the heading that takes the focus.
  await page.waitForTimeout(1500);
  assert.equal(await page.evaluate(() => scrollY), top);
});

check("Back from another page leads to the search, the tab and the page of the list", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite([...addresses("ann", 60), "bob@example.com"]);
  await enter(page, deal.manager, deal.path);
  const second = async () => {
    await page.getByText("Page 2").waitFor();
    await until("the second page", async () => (await listed(page)).length > 0 && (await listed(page)).length < 50);
  };
  await hand.press("link", "Pending 61");
  await hand.press("button", "Next page");
  await second();
  await hand.press("link", "Reminders");
  await page.getByRole("heading", { name: "Reminders" }).waitFor();
  await page.goBack();
  await second();
  await hand.write("searchbox", SEARCH, "ann");
  await page.getByText("60 found", { exact: true }).waitFor();
  await hand.press("button", "Next page");
  await second();
  const rows = await listed(page);
  await hand.press("link", "Invite people");
  await page.getByRole("textbox", { name: "Addresses" }).waitFor();
  await page.goBack();
  await shows(page, rows);
  await second();
  assert.equal(await page.getByRole("searchbox", { name: SEARCH }).inputValue(), "ann");
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify(history.state)), /ann/);
  // A link leads to another visit.
  await hand.press("link", "Deals");
  await hand.press("link", "Unlimited");
  await until("the whole list", async () => (await listed(page)).length === 50);
  assert.equal(await page.getByRole("searchbox", { name: SEARCH }).inputValue(), "");
});

check("search finds people by any part of name or address, and no URL contains the search", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite([...addresses("ann", 60), { email: "bob@example.com", name: "Robert Déjà" }, "Bobby@example.com"]);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("framenavigated", (frame) => asked.push(frame.url()));
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", SEARCH, "BOB");
  await rowOf(page, "bob@example.com").waitFor();
  await until("only two rows", async () => (await listed(page)).length === 2);
  await hand.write("searchbox", SEARCH, "deja");
  await shows(page, ["bob@example.com\nRobert Déjà"]);
  await hand.write("searchbox", SEARCH, "zoe");
  await page.getByText("No name and no address in this list contains this text.").waitFor();
  await hand.write("searchbox", SEARCH, "Robert Déjà <bob@example.com>");
  await shows(page, ["bob@example.com\nRobert Déjà"]);
  await hand.write("searchbox", SEARCH, "nn");
  await until("a page of them", async () => (await listed(page)).length === 50);
  await page.getByText("60 found", { exact: true }).waitFor();
  const first = await listed(page);
  await hand.press("button", "Next page");
  await until("the rest of them", async () => (await listed(page)).length === 10);
  assert.deepEqual([...first, ...await listed(page)].toSorted(), addresses("ann", 60));
  await hand.write("searchbox", SEARCH, "zoe");
  await page.getByText("No name and no address in this list contains this text.").waitFor();
  await page.getByRole("link", { name: "Invite this person" }).waitFor();
  await page.getByRole("link", { name: "Search the removed" }).waitFor();
  await hand.write("searchbox", SEARCH, "");
  await until("the whole list", async () => (await listed(page)).length === 50);
  assert.deepEqual(asked.filter((url) => /bob|deja|nn\b|zoe/i.test(url)), []);
});

check.detail("a search shows how much of the list is loaded, and comes back after a new sign-in", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite([...addresses("ann", 210), "bob@example.com"]);
  await enter(page, deal.manager, deal.path);
  await tab(page, "All 211").waitFor();
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route(`**/api${deal.path}/seats?cursor=*`, async (route) => {
    await asked;
    await route.continue();
  });
  await hand.write("searchbox", SEARCH, "ob@ex");
  await page.getByText("Loading the list to search it: 200 of 211").waitFor();
  answer();
  await shows(page, ["bob@example.com"]);
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await shows(page, ["bob@example.com"]);
  assert.equal(await page.getByRole("searchbox", { name: SEARCH }).inputValue(), "ob@ex");
});

check.detail("a search comes back at its page after a reload", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 60));
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", SEARCH, "ann");
  await page.getByText("60 found", { exact: true }).waitFor();
  await hand.press("button", "Next page");
  await until("the second page", async () => (await listed(page)).length === 10);
  const rows = await listed(page);
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await shows(page, rows);
});

check.detail("a search begins at the first page of another tab, and keeps its place in the first", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 58));
  await deal.seat("bob@example.com");
  await deal.seat("cat@example.com");
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", SEARCH, "example");
  await page.getByText("60 found", { exact: true }).waitFor();
  await hand.press("button", "Next page");
  await until("the second page", async () => (await listed(page)).length === 10);
  const rows = await listed(page);
  await hand.press("link", "Accepted 2");
  await page.getByText("2 found", { exact: true }).waitFor();
  await until("both", async () => (await listed(page)).length === 2, 5);
  await hand.press("link", "All 60");
  await shows(page, rows);
});

check.detail("a search says what it hides, in each tab, and ends with the visit", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.seat("bob@example.com");
  await deal.invite(["ann@example.com", "anna@example.com"]);
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", SEARCH, "ann");
  await page.getByText("Your search hides 1 other invite of this list.").waitFor();
  const { name, text } = await savedBy(page, () => hand.press("button", "Download CSV of 2 invites"));
  assert.deepEqual(text.split("\r\n").slice(1).map((line) => line.split(",")[0]).sort(), ["", "ann@example.com", "anna@example.com"]);
  assert.match(name, /^seats-unlimited-search-/, "the file is not taken for the whole list");
  await says(page, `2 invites saved as ${name}.`);
  await hand.press("link", "Accepted 1");
  await page.getByText("Your search hides 1 invite of this list.").waitFor();
  await hand.press("button", "Clear search");
  await shows(page, ["bob@example.com"]);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("type")), "search", "the focus stays in reach");
  await hand.write("searchbox", SEARCH, "ann");
  await page.getByText("Your search hides 1 invite of this list.").waitFor();
  await page.goto(`${deal.path}?status=accepted`);
  await chooseAccount(page, hand, deal.manager);
  await shows(page, ["bob@example.com"]);
  assert.equal(await page.getByRole("searchbox", { name: SEARCH }).inputValue(), "");
});

check.detail("in a deal of more than 2,000 invites, search finds the beginning of addresses and says so", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite([...addresses("ann", 20), "bob@example.com"]);
  const page200 = await deal.api("GET", "/seats?limit=200");
  const many = Array.from({ length: 200 }, (_, at) => ({ ...page200.invites[0], id: `${at}` }));
  let pages = 0;
  await page.route(`**/api${deal.path}/seats?*limit=200*`, (route) => {
    const invites = many.map((row) => ({ ...row, id: `${pages}-${row.id}` }));
    pages += 1;
    return route.fulfill({ json: { ...page200, invites, nextCursor: `${pages}` } });
  });
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", SEARCH, "bob@");
  await page.getByText("This deal has more than 2,000 invites. The search compares only the beginning of addresses.").waitFor();
  await shows(page, ["bob@example.com"]);
  await page.getByText("This list is searched: other invites are hidden.").waitFor();
  await page.getByRole("button", { name: "Download CSV of the whole list" }).waitFor();
  assert.equal(pages, 10);
  await hand.write("searchbox", /^Address begins with/, "example");
  await page.getByText("No address begins with this text.").waitFor();
  await hand.write("searchbox", /^Address begins with/, "Roe, Bob <bob@example.com>;");
  await shows(page, ["bob@example.com"]);
});

check.detail("more than 2,000 removed invites are not searched, and the page says so", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(["ann@example.com", "bob@example.com"]);
  await deal.api("DELETE", `/invites/${(await deal.row("ann@example.com")).id}`);
  const page200 = await deal.api("GET", "/seats?status=removed");
  let pages = 0;
  await page.route(`**/api${deal.path}/seats?*limit=200*`, (route) => {
    const invites = Array.from({ length: 200 }, (_, at) => ({ ...page200.invites[0], id: `${pages}-${at}` }));
    pages += 1;
    return route.fulfill({ json: { ...page200, invites, nextCursor: `${pages}` } });
  });
  await enter(page, deal.manager, `${deal.path}?status=removed`);
  await hand.write("searchbox", SEARCH, "bob");
  await page.getByText("More than 2,000 invites were removed in the last 30 days: too many to search.").waitFor();
  await shows(page, ["ann@example.com"]);
  assert.equal(await page.getByRole("searchbox").getAttribute("readonly"), "");
  assert.equal(await page.getByRole("button", { name: "Clear search" }).count(), 0);
  // The other lists can be searched as before.
  await page.unroute(`**/api${deal.path}/seats?*limit=200*`);
  await tab(page, "All").click();
  await shows(page, ["bob@example.com"]);
  assert.equal(await page.getByRole("searchbox", { name: SEARCH }).inputValue(), "bob");
});

check("all pending invites are resent", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 60));
  await deal.seat("bob@example.com");
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  await hand.press("button", "Resend all pending");
  const question = page.getByRole("dialog", { name: "Resend 60 pending invites?" });
  await question.getByText("All of them got an email in the last 24 hours.").waitFor();
  await hand.press("button", "Resend 60 invites", question);
  await says(page, /60 invites resent: \S+, \S+ and 58 more\./);
  assert.deepEqual((await deal.rows()).map(({ sends }) => sends), [...Array.from({ length: 60 }, () => 2), 1]);
});

check.detail("a resend of all leaves out who got an email a short while ago, and says so of the seats what an invite says", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 2 });
  const [old, fresh] = [addresses("old", 3), ["bob@example.com", "cat@example.com"]];
  await deal.invite([...old, ...fresh]);
  await page.route(`**/api${deal.path}/seats?*limit=200*`, async (route) => {
    const answer = await (await route.fetch()).json();
    const sentAt = new Date(Date.now() - 25 * 3_600_000).toISOString();
    const invites = answer.invites.map((row) => (old.includes(row.email) ? { ...row, sentAt } : row));
    await route.fulfill({ json: { ...answer, invites } });
  });
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  await hand.press("button", "Resend all pending");
  const question = page.getByRole("dialog", { name: "Resend 3 pending invites?" });
  await question.getByText("5 people may still accept, but only 2 seats are left. The first 2 to accept get them.").waitFor();
  await question.getByText("2 invites are left out. To resend to them as well, select their rows.").waitFor();
  await question.getByText("bob@example.com: Got an email in the last 24 hours.").waitFor();
  await hand.press("button", "Resend 3 invites", question);
  await says(page, /3 invites resent:/);
  assert.deepEqual((await deal.rows()).map(({ email, sends }) => sends === (old.includes(email) ? 2 : 1)), Array.from({ length: 5 }, () => true));
});

check.detail("the buttons for selected invites stay in view", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 40));
  await enter(page, deal.manager, deal.path);
  const last = list(page).getByRole("checkbox").last();
  await last.scrollIntoViewIfNeeded();
  const before = await last.boundingBox();
  assert.ok(await page.getByRole("button", { name: "Cancel selected" }).isDisabled(), "there is no gap before one is selected");
  await last.check();
  assert.deepEqual(await last.boundingBox(), before, "the row stays where it is");
  const { y } = await page.getByRole("button", { name: "Cancel selected" }).boundingBox();
  assert.ok(y >= 0 && y < 100, `${y}`);
});

check("cancelled invites and de-allocated seats are listed for 30 days, with their history only", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com", "cat@example.com"]);
  await deal.seat("bob@example.com");
  await enter(page, deal.manager, deal.path);
  for (const [button, action] of [["Cancel invite to ann@example.com", "Cancel invite"], ["De-allocate seat of bob@example.com", "De-allocate seat"]]) {
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("dialog").getByRole("button", { name: action }).click();
    await page.getByRole("button", { name: button }).waitFor({ state: "detached" });
  }
  await tab(page, "Removed").click();
  await rowOf(page, "ann@example.com").getByText(/^Cancelled by a manager on/).waitFor();
  await rowOf(page, "bob@example.com").getByText(/^The seat was de-allocated on/).waitFor();
  assert.equal(await list(page).getByRole("rowheader").count(), 2);
  await page.getByText("Cancelled, corrected or de-allocated in the last 30 days. Seatkeeper keeps no names of them.").waitFor();
  assert.deepEqual(await list(page).getByRole("button").allInnerTexts(), ["Invite again", "History", "Invite again", "History"]);
  await tab(page, "Accepted 0").click();
  await page.getByText("Nobody holds a seat.").waitFor();
});

check("removed people are invited again, one or all, and not a corrected address", { hands: BOTH }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  const people = addresses("ann", 52);
  await deal.invite([...people, "typo@exmaple.com"]);
  await deal.api("PATCH", `/invites/${(await deal.row("typo@exmaple.com")).id}`, { email: "zoe@example.com" });
  const invites = (await deal.rows()).filter(({ email }) => people.includes(email)).map(({ id, sends }) => ({ id, sends }));
  await deal.api("POST", "/invites/cancel", { invites });
  await enter(page, deal.manager, `${deal.path}?status=removed`);
  await hand.write("searchbox", SEARCH, "typo");
  await shows(page, ["typo@exmaple.com"]);
  await rowOf(page, "typo@exmaple.com").getByText("Corrected", { exact: true }).waitFor();
  assert.equal(await list(page).getByRole("button", { name: /^Invite again/ }).count(), 0);
  await hand.write("searchbox", SEARCH, "ann07");
  await shows(page, ["ann07@example.com"]);
  await hand.press("button", "Invite again ann07@example.com");
  await page.getByRole("heading", { name: "1 will be invited" }).waitFor();
  await rowOf(page, "ann07@example.com").getByText(/^Cancelled by a manager on/).waitFor();
  await page.goBack();
  await hand.write("searchbox", SEARCH, "");
  await until("all of them", async () => (await listed(page)).length === 50);
  await hand.press("button", "Invite all again");
  await page.getByRole("heading", { name: "52 will be invited, 1 is a duplicate" }).waitFor();
  assert.equal(await page.getByText("typo@exmaple.com").count(), 0);
  assert.equal(await page.evaluate(() => location.search), "", "no address holds them");
});

check.detail("who invited is shown where it is somebody else", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await page.route(`**/api${deal.path}/seats*`, async (route) => {
    const answer = await (await route.fetch()).json();
    const other = { ...answer.invites[0], id: "other", email: "bob@example.com", invitedBy: "pat@example.com" };
    await route.fulfill({ json: { ...answer, invites: [other, ...answer.invites] } });
  });
  await enter(page, deal.manager, deal.path);
  await rowOf(page, "bob@example.com").getByText("Invited by pat@example.com").waitFor();
  assert.equal(await page.getByText("Invited by").count(), 1);
});

check.detail("a manager whose mails do not arrive finds help on the list", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, deal.path);
  await page.getByText("Emails not arriving? Copy this for the IT team.").click();
  const [text] = await Promise.all([page.getByRole("textbox", { name: "Text for the IT team" }).inputValue(), stack.linkTo("ann@example.com")]);
  const [{ subject }] = await stack.mails("ann@example.com");
  assert.ok(text.includes(`\nSubject: ${subject}\nSubject of reminders: Reminder: ${subject}\n`), text);
});

check("a double click resends once", { hands: BOTH }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const ann = `ann@${deal.org}.example`;
  await deal.invite([ann, `bob@${deal.org}.example`]);
  const asked = [];
  page.on("request", (request) => request.url().endsWith("/resend") && asked.push(request.url()));
  await enter(page, deal.manager, deal.path);
  // An answer that came before the second press would make it a second resend, which asks first.
  const answer = await held(page, "**/resend");
  if (hand instanceof Mouse) await page.getByRole("button", { name: `Resend invite to ${ann}` }).dblclick();
  else {
    await hand.press("button", `Resend invite to ${ann}`);
    await page.keyboard.press("Enter");
  }
  answer();
  await says(page, `A new invite to ${ann} is on its way`);
  assert.equal((await deal.row(ann)).sends, 2);
  assert.equal((await stack.mails(ann)).length, 2);
  assert.equal(asked.length, 1);
});

check("a second resend within a minute asks first", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await stack.linkTo("ann@example.com");
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Resend invite to ann@example.com");
  await says(page, "A new invite to ann@example.com is on its way");
  await rowOf(page, "ann@example.com").getByText(/^Email (sent|delivered) on/).waitFor();
  await hand.press("button", "Resend invite to ann@example.com");
  await hand.press("button", "Don’t resend", page.getByRole("dialog", { name: "Resend the invite to ann@example.com once more?" }));
  assert.equal((await deal.row("ann@example.com")).sends, 2);
});

check("cancelling an invite names the person first, and Escape keeps the invite", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite([{ email: "ann@example.com", name: "Ann Example" }, "bob@example.com"]);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Cancel invite to ann@example.com");
  const question = page.getByRole("dialog", { name: "Cancel the invite to ann@example.com?" });
  await question.getByText("Ann Example (ann@example.com) can no longer accept").waitFor();
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "hidden" });
  assert.equal(await focused(page), "Cancel invite to ann@example.com");
  assert.equal((await deal.row("ann@example.com")).status, "pending");
  await hand.press("button", "Cancel invite to ann@example.com");
  await hand.press("button", "Cancel invite", question);
  await says(page, "The invite to ann@example.com is cancelled.");
  await rowOf(page, "ann@example.com").waitFor({ state: "detached" });
  assert.equal(await deal.row("ann@example.com"), undefined);
  await tab(page, "All 1").waitFor();
  assert.match(await focused(page), /^bob@example\.com/, "the focus stays where the row was");
  // The result is the last to know the name.
  await hand.press("button", "Invite again");
  await page.getByRole("heading", { name: "1 will be invited" }).waitFor();
  await page.getByRole("row", { name: /Ann Example/ }).waitFor();
});

check.detail("a message that is dismissed gives the focus back", { hands: BOTH }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com", "bob@example.com"]);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Cancel invite to bob@example.com");
  await hand.press("button", "Cancel invite", page.getByRole("dialog"));
  await rowOf(page, "bob@example.com").waitFor({ state: "detached" });
  await hand.press("button", "Dismiss");
  assert.equal(await focused(page), "ann@example.com");
  await hand.press("button", "Resend invite to ann@example.com");
  await says(page, "A new invite to ann@example.com is on its way.");
  await hand.press("button", "Dismiss");
  assert.equal(await focused(page), "Resend invite to ann@example.com");
});

check.detail("what is selected stays selected in another search, and is cancelled together", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const people = ["ann", "bob", "cat", "dan"].map((name) => `${name}@${deal.org}.example`);
  await deal.invite(people);
  await enter(page, deal.manager, deal.path);
  for (const email of people.slice(0, 3)) {
    await hand.write("searchbox", "Name or address contains", email.slice(0, 3));
    await shows(page, [email]);
    await hand.press("checkbox", `Select ${email}`);
  }
  await page.getByText("3 selected, 2 of them out of sight").waitFor();
  await hand.write("searchbox", "Name or address contains", "nobody");
  await page.getByText("3 selected, 3 of them out of sight").waitFor();
  await hand.press("button", "Cancel selected");
  const question = page.getByRole("dialog", { name: "Cancel 3 invites?" });
  assert.deepEqual(await question.getByRole("listitem").allInnerTexts(), people.slice(0, 3));
  await hand.press("button", "Cancel 3 invites", question);
  await says(page, "3 invites cancelled:");
  await page.getByText("3 selected").waitFor({ state: "detached" });
  assert.deepEqual((await deal.rows()).map(({ email }) => email), people.slice(3));
});

check.detail("a correction that was not sent is kept while another tab is open", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite([{ email: "ann@exmaple.com", name: "Ann Roe" }]);
  await enter(page, deal.manager, deal.path);
  const open = () => hand.press("button", "Correct address ann@exmaple.com");
  const address = page.getByRole("textbox", { name: "Correct address" });
  const kept = page.getByText("You changed this before, and did not save it.");
  await open();
  await hand.write("textbox", "Correct address", "ann@example.or");
  await hand.press("link", /^Pending/);
  await page.waitForURL("**?status=pending");
  await open();
  await kept.waitFor();
  assert.equal(await address.inputValue(), "ann@example.or");
  await hand.press("button", "Keep address");
  await open();
  assert.equal(await address.inputValue(), "ann@exmaple.com");
  assert.equal(await kept.count(), 0);
});

check("de-allocating a seat first names the person and what they lose", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 2 });
  await deal.seat("ann@example.com");
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "De-allocate seat of ann@example.com");
  const question = page.getByRole("dialog", { name: "De-allocate the seat of ann@example.com?" });
  await question.getByText("ann@example.com loses the seat and access to Unlimited").waitFor();
  await hand.press("button", "Keep seat", question);
  await question.waitFor({ state: "hidden" });
  assert.equal(await focused(page), "De-allocate seat of ann@example.com");
  await hand.press("button", "De-allocate seat of ann@example.com");
  await hand.press("button", "De-allocate seat", question);
  await says(page, "ann@example.com no longer has a seat.");
  assert.match(await page.getByRole("region", { name: "Seats" }).innerText(), /Allocated\s+0\s+Available\s+2/);
  assert.equal((await deal.api("GET")).seats.allocated, 0);
});

check("selected invites are resent or cancelled together", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const people = ["ann", "bob", "cat"].map((name) => `${name}@${deal.org}.example`);
  await deal.invite(people);
  await enter(page, deal.manager, deal.path);
  await hand.press("checkbox", `Select ${people[0]}`);
  await hand.press("checkbox", `Select ${people[1]}`);
  await page.getByText("2 selected").waitFor();
  await hand.press("button", "Resend selected");
  await hand.press("button", "Resend 2 invites", page.getByRole("dialog", { name: "Resend 2 invites?" }));
  await says(page, `2 invites resent: ${people[0]}, ${people[1]}.`);
  for (const [index, mails] of [2, 2, 1].entries()) assert.equal((await stack.mails(people[index])).length, mails);
  await hand.press("checkbox", "Select all on this page");
  await page.getByText("3 selected").waitFor();
  await hand.press("checkbox", `Select ${people[2]}`);
  await hand.press("button", "Cancel selected");
  const question = page.getByRole("dialog", { name: "Cancel 2 invites?" });
  assert.deepEqual((await question.getByRole("listitem").allInnerTexts()).sort(), people.slice(0, 2));
  await hand.press("button", "Cancel 2 invites", question);
  await says(page, `2 invites cancelled: ${people[0]}, ${people[1]}.`);
  await shows(page, [people[2]]);
});

check.detail("all expired invites are resent in three actions", { hands: [Keyboard] }, async ({ page, hand }) => {
  const deal = expired.all;
  await enter(page, deal.manager, deal.path);
  hand.actions = 0;
  await hand.press("link", "Expired 60");
  await hand.press("button", "Resend all expired");
  await hand.press("button", "Resend 60 invites", page.getByRole("dialog", { name: "Resend 60 expired invites?" }));
  await says(page, /60 invites resent: \S+, \S+ and 58 more\./);
  assert.equal(hand.actions, 3);
  await tab(page, "Pending 60").waitFor();
  await tab(page, "Expired 0").waitFor();
  assert.ok((await deal.rows()).every(({ status, sends }) => status === "pending" && sends === 2));
});

check("all that match are selected, on every page, and cancelled with a result for each", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  const people = addresses("ann", 120);
  await deal.invite([...people, "bob@example.com"]);
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", SEARCH, "ann");
  await page.getByText("120 found").waitFor();
  await hand.press("checkbox", "Select all on this page");
  await page.getByText("50 selected").waitFor();
  await hand.press("button", "Select all on every page");
  await page.getByText("120 selected").waitFor();
  await hand.press("button", "Next page");
  await page.getByText("Page 2").waitFor();
  await list(page).getByRole("rowheader").first().waitFor();
  assert.equal(await list(page).getByRole("checkbox", { checked: true }).count(), 50, "the selection spans all pages");
  // One of them is resent meanwhile, and is not cancelled by mistake.
  await deal.api("POST", `/invites/${(await deal.row("ann001@example.com")).id}/resend`);
  await hand.press("button", "Cancel selected");
  await hand.press("button", "Cancel 120 invites", page.getByRole("dialog", { name: "Cancel 120 invites?" }));
  await says(page, /119 invites cancelled: ann\d+@example\.com, ann\d+@example\.com and 117 more\. Not cancelled: ann001@example\.com \(changed after you loaded this page\)\./);
  const saved = page.waitForEvent("download");
  await hand.press("button", "Download result");
  const lines = (await readFile(await (await saved).path(), "utf8")).split("\r\n");
  assert.deepEqual(lines.slice(1).sort(), people.map((email) => `${email},,${email.startsWith("ann001") ? "Changed after you loaded this page" : "Cancelled"},`));
  assert.deepEqual((await deal.rows()).map(({ email }) => email), ["ann001@example.com", "bob@example.com"]);
});

check.detail("a list that is too long to load is selected page by page, until a search has loaded it", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 60));
  await page.route(`**/api${deal.path}/counts`, async (route) => {
    const counts = await (await route.fetch()).json();
    await route.fulfill({ json: { ...counts, pending: 1001 } });
  });
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  await page.getByText("This list is too long to select at once. Search, or select page by page.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Select all on every page" }).count(), 0);
  await page.getByRole("button", { name: "Resend all pending" }).click();
  await page.getByRole("dialog", { name: "Resend 1,000+ pending invites?" }).getByRole("button", { name: "Don’t resend" }).click();
  // A search has loaded the list, so its number is known.
  await hand.write("searchbox", SEARCH, "ann01");
  await shows(page, ["ann01@example.com"]);
  await page.getByRole("link", { name: "Pending 60" }).waitFor();
  await page.getByRole("link", { name: "All 60" }).waitFor();
  await hand.press("button", "Clear search");
  await page.getByRole("button", { name: "Select all on every page" }).waitFor();
  await page.getByRole("button", { name: "Resend all pending" }).click();
  await page.getByRole("dialog", { name: "Resend 60 pending invites?" }).waitFor();
});

/** The records of a file that the page saves. */
async function savedBy(page, act) {
  const [file] = await Promise.all([page.waitForEvent("download"), act()]);
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}

check("the open list is downloaded as CSV, whole or not at all", { hands: [Keyboard], expect: [answered(503)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com", "cat@example.com"]);
  await deal.seat("bob@example.com");
  // A second page follows the one that the API gives.
  const path = `/api${deal.path}/seats.csv`;
  let answer = (_) => {};
  let asked = Promise.resolve();
  await page.route(`**${path}?status=pending`, async (route) => {
    const response = await route.fetch();
    await asked;
    await route.fulfill({ response, headers: { ...response.headers(), link: `<${path}?cursor=second>; rel="next"` } });
  });
  let pages = 0;
  await page.route(`**${path}?cursor=second`, (route) => (pages += 1) === 1
    ? route.fulfill({ status: 503, json: { message: "Service Unavailable" } })
    : route.fulfill({ contentType: "text/csv; charset=utf-8", body: "dan@example.com,,pending\r\n" }));
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  const files = [];
  page.on("download", (file) => files.push(file));
  await hand.press("button", "Download CSV");
  await says(page, "The download stopped after 2 invites. No file was saved. “Try again” continues it.");
  assert.equal(files.length, 0);
  const { name, text } = await savedBy(page, () => hand.press("button", "Try again"));
  assert.match(name, /^seats-unlimited-pending-\d{4}-\d\d-\d\d\.csv$/);
  const lines = text.split("\r\n");
  assert.match(lines[0], /^\ufeffemail,name,status,/);
  assert.deepEqual(lines.slice(1).map((line) => line.split(",")[0]).sort(), ["", "ann@example.com", "cat@example.com", "dan@example.com"]);
  await says(page, `3 invites saved as ${name}.`);
  asked = new Promise((resolve) => (answer = resolve));
  await hand.press("button", "Download CSV");
  await page.getByRole("progressbar", { name: "Downloading" }).waitFor();
  await hand.press("button", "Stop");
  answer();
  await says(page, "You stopped the download. No file was saved.");
  assert.equal(files.length, 1);
});

check.detail("a row says when the next reminder goes", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com", "bob@example.com"]);
  await page.route(`**/api${deal.path}/seats*`, async (route) => {
    const answer = await (await route.fetch()).json();
    const invites = answer.invites.map((row) => ({ ...row, remindAt: row.email.startsWith("ann") ? "2024-05-03T09:00:00Z" : null }));
    await route.fulfill({ json: { ...answer, invites } });
  });
  await enter(page, deal.manager, deal.path);
  await rowOf(page, "ann@example.com").getByText("Reminder on 3 May 2024").waitFor();
  assert.equal(await page.getByText("Reminder on").count(), 1);
  const [reminder, button] = await Promise.all([
    rowOf(page, "ann@example.com").getByText("Reminder on"), rowOf(page, "ann@example.com").getByRole("button", { name: "History" }),
  ].map((part) => part.boundingBox()));
  assert.ok(button.x - (reminder.x + reminder.width) >= 8, "there is room between the reminder and the buttons");
});

check.detail("a deal that ends within 30 days leads to its successor, and to its invite page", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal({ ends: 20 });
  await enter(page, deal.manager, deal.path);
  await page.getByText("Ask your partnership manager for a new deal, so that your learners can go on.").waitFor();
  await page.getByText(/^This deal ends in\s20\sdays, on /).waitFor();
  const next = await stack.newDeal({ org: deal.org, name: "Unlimited, next year" });
  await page.reload();
  await chooseAccount(page, new Mouse(page), deal.manager);
  const again = page.getByRole("link", { name: "Invite the same people there" });
  assert.equal(await again.getAttribute("href"), `${next.path}/invite?from=${deal.id}`);
  await page.getByRole("link", { name: /^Go to Unlimited, next year, which runs until / }).click();
  await page.getByRole("heading", { name: "Deal seats: Unlimited, next year" }).waitFor();
  await page.getByText("Nobody has an invite or a seat.").waitFor();
  assert.equal(await page.getByText("This deal ends").count(), 0);
});

/** What another tab does to an invite, an action in this tab, and what it says and shows. */
const STALE = {
  "a correction": {
    there: (deal, { id }) => deal.api("PATCH", `/invites/${id}`, { email: `new@${deal.org}.example` }, { "if-match": '"1"' }),
    says: (deal) => `Not resent: the address ann@${deal.org}.example was corrected to new@${deal.org}.example by ${deal.manager} in the meantime. The new address got an invite of its own.`,
    rows: ["bob", "new"], tabs: ["All 2", "Pending 1", "Accepted 1"],
  },
  "a cancellation": {
    there: (deal, { id }) => deal.api("DELETE", `/invites/${id}`),
    says: (deal) => `Not resent: the invite to ann@${deal.org}.example was cancelled by ${deal.manager} in the meantime.`,
    rows: ["bob"], tabs: ["All 1", "Pending 0", "Accepted 1"],
  },
  "a resend": {
    there: (deal, { id }) => deal.api("POST", `/invites/${id}/resend`, undefined, { "if-match": '"1"' }),
    says: (deal) => `Not resent again: the invite to ann@${deal.org}.example was resent by ${deal.manager} in the meantime.`,
    rows: ["ann", "bob"], tabs: ["All 2", "Pending 1", "Accepted 1"],
  },
};
for (const [what, { there, says: text, rows, tabs }] of Object.entries(STALE)) {
  check.detail(`after ${what} in another tab, an action says so, and rows and numbers are refreshed together`, { hands: [Keyboard], expect: [answered(404), answered(412)] }, async ({ page, stack, hand }) => {
    const deal = await stack.newDeal();
    const [ann, bob] = [`ann@${deal.org}.example`, `bob@${deal.org}.example`];
    await deal.invite([ann, bob]);
    await enter(page, deal.manager, deal.path);
    await tab(page, "Pending 2").waitFor();
    await there(deal, await deal.row(ann));
    // Nobody touches this row here, and still it shows what the numbers say.
    await stack.accept(bob, await stack.linkTo(bob));
    await hand.press("button", `Resend invite to ${ann}`);
    await says(page, text(deal));
    for (const name of tabs) await tab(page, name).waitFor();
    await rowOf(page, bob).getByText(/^Has held a seat since/).waitFor();
    assert.deepEqual((await listed(page)).sort(), rows.map((name) => `${name}@${deal.org}.example`));
  });
}

check("stopping a resend of all says how many were resent, and “Continue” resends to the others", { hands: [Keyboard] }, async ({ page, hand }) => {
  const deal = expired.stopped;
  let answer = (_) => {};
  const stopped = new Promise((resolve) => (answer = resolve));
  await page.route("**/invites/resend", async (route) => {
    await stopped;
    await route.continue();
  });
  await enter(page, deal.manager, `${deal.path}?status=expired`);
  await hand.press("button", "Resend all expired");
  await hand.press("button", "Resend 60 invites", page.getByRole("dialog"));
  await page.getByRole("progressbar", { name: "Resending" }).waitFor();
  await hand.press("button", "Stop");
  answer();
  await says(page, /Resending was stopped\. 50 invites resent\. 10 invites are not resent yet: \S+, \S+ and 8 more\./);
  await tab(page, "Expired 10").waitFor();
  assert.equal((await deal.rows("expired")).length, 10);
  assert.ok(await page.getByRole("button", { name: "Resend all expired" }).isDisabled());
  await hand.press("button", "Continue");
  await says(page, /60 invites resent: \S+, \S+ and 58 more\./);
  assert.ok((await deal.rows()).every(({ status, sends }) => status === "pending" && sends === 2));
});

/** Holds such requests until the test lets them go on. */
async function held(page, url) {
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route(url, async (route) => {
    await asked;
    await route.continue();
  });
  return answer;
}

check.detail("a list that is opened while invites are resent is there when they are", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 60));
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  const answer = await held(page, "**/invites/resend");
  await hand.press("button", "Resend all pending");
  await hand.press("button", "Resend 60 invites", page.getByRole("dialog"));
  await page.getByRole("progressbar", { name: "Resending" }).waitFor();
  await hand.press("link", "All 60");
  await page.waitForURL(`**${deal.path}`);
  await until("the list of all", async () => (await listed(page)).length === 50);
  const reloaded = page.waitForResponse(`**/api${deal.path}/seats*`);
  answer();
  await (await reloaded).finished();
  await until("the list again", async () => (await listed(page)).length === 50, 10);
});

check.detail("a resend of many goes on when another tab or page is opened, and its progress, “Stop” and result stay", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 60));
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  const answer = await held(page, "**/invites/resend");
  await hand.press("button", "Resend all pending");
  await hand.press("button", "Resend 60 invites", page.getByRole("dialog"));
  const progress = page.getByRole("progressbar", { name: "Resending" });
  await progress.waitFor();
  await hand.press("link", "All 60");
  await page.waitForURL(`**${deal.path}`);
  await progress.waitFor();
  await hand.press("link", "Deals");
  await page.getByText("Unlimited: resending, 0 of 60 done.").waitFor();
  await hand.press("link", "Go there");
  await progress.waitFor();
  await list(page).waitFor();
  assert.ok(await page.getByRole("button", { name: "Download CSV" }).isDisabled(), "nothing else starts beside it");
  await hand.press("button", "Stop");
  answer();
  await says(page, "Resending was stopped. 50 invites resent. 10 invites are not resent yet:");
  await until("the rows as they are", async () => await list(page).getByText("Pending", { exact: true }).count() === 50);
  await hand.press("link", /^Pending/);
  await page.waitForURL("**?status=pending");
  await page.getByRole("button", { name: "Download result" }).waitFor();
  await hand.press("button", "Dismiss");
  await page.getByRole("button", { name: "Download result" }).waitFor({ state: "detached" });
});

check.detail("a refusal is told in the tab that was opened meanwhile, and passes with it", { hands: [Keyboard], expect: [answered(404)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com", "bob@example.com"]);
  await enter(page, deal.manager, deal.path);
  await tab(page, "All 2").waitFor();
  await deal.api("DELETE", `/invites/${(await deal.row("ann@example.com")).id}`);
  const answer = await held(page, "**/resend");
  await hand.press("button", "Resend invite to ann@example.com");
  await hand.press("link", "Pending 2");
  await page.waitForURL("**?status=pending");
  await rowOf(page, "bob@example.com").waitFor();
  answer();
  await says(page, `Not resent: the invite to ann@example.com was cancelled by ${deal.manager} in the meantime.`);
  await tab(page, "Pending 1").waitFor();
  await shows(page, ["bob@example.com"]);
  await hand.press("link", "All 1");
  await page.getByText("Not resent: the invite").waitFor({ state: "detached" });
});

check.detail("a refused correction is told, although its form has gone", { hands: [Keyboard], expect: [answered(409)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [ann, bob] = [`ann@${deal.org}.example`, `bob@${deal.org}.example`];
  await deal.invite([ann, bob]);
  await enter(page, deal.manager, deal.path);
  const answer = await held(page, "**/invites/*");
  await hand.press("button", `Correct address ${ann}`);
  await hand.write("textbox", "Correct address", bob);
  await hand.press("button", "Correct and send");
  await hand.press("link", "Pending 2");
  await page.waitForURL("**?status=pending");
  answer();
  await page.getByRole("alert").filter({ hasText: `The correction of ${ann} failed.` }).waitFor();
});

check.detail("“Back” over a question answers no", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager, "/deals");
  await hand.press("link", "Unlimited");
  await hand.press("button", "Cancel invite to ann@example.com");
  await page.getByRole("dialog", { name: "Cancel the invite to ann@example.com?" }).waitFor();
  await page.goBack();
  await page.waitForURL("**/deals");
  await page.getByRole("dialog").waitFor({ state: "detached", timeout: 5000 });
  await hand.press("link", "Unlimited");
  await rowOf(page, "ann@example.com").getByText("Pending").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
});

check.detail("a list that is loaded for a question is not asked about in another tab", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 60));
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  const answer = await held(page, `**/api${deal.path}/seats?status=pending&limit=200`);
  await hand.press("button", "Resend all pending");
  await page.getByRole("progressbar", { name: "Loading the list" }).waitFor();
  await hand.press("link", "All 60");
  await page.waitForURL(`**${deal.path}`);
  const loaded = page.waitForResponse(`**/api${deal.path}/seats?status=pending&limit=200`);
  answer();
  await (await loaded).finished();
  await page.getByRole("progressbar", { name: "Loading the list" }).waitFor({ state: "detached" });
  await assert.rejects(page.getByRole("dialog").waitFor({ timeout: 1000 }));
});

check.detail("a resend of all that reaches nobody says why", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const ann = `ann@${deal.org}.example`;
  await deal.invite([ann]);
  await stack.event(ann, "bounce");
  await until("the bounce", async () => (await deal.rows("undelivered")).length === 1);
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  await hand.press("button", "Resend all pending");
  await page.getByText(new RegExp(`^Not resent: ${ann} \\(bounced on \\d+\\s\\w+: no such mailbox\\)\\. Once a mailbox that bounced works, use “Resend” in its row`)).waitFor();
});

check.detail("the list shows the manager's own actions at once, even if the server returns an older list", {}, async ({ page, stack }) => {
  const deal = expired.older;
  await deal.invite(["bob@example.com"]);
  const list = `**/api${deal.path}/seats*`;
  await enter(page, deal.manager, deal.path);
  await rowOf(page, "ann@example.com").getByText("Expired").waitFor();
  const older = await deal.api("GET", "/seats");
  await page.route(list, (route) => route.fulfill({ json: older }));
  await page.getByRole("button", { name: "Resend invite to ann@example.com" }).click();
  await rowOf(page, "ann@example.com").getByText("Pending").waitFor();
  await page.getByRole("button", { name: "Cancel invite to bob@example.com" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel invite" }).click();
  await rowOf(page, "bob@example.com").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Deals", exact: true }).click();
  const answered = page.waitForResponse(list);
  await page.getByRole("link", { name: "Unlimited", exact: true }).click();
  await answered;
  await rowOf(page, "ann@example.com").getByText("Pending").waitFor();
  assert.deepEqual(await listed(page), ["ann@example.com"]);
});

check("each state of an invite is described", {}, async ({ page, stack }) => {
  const deal = expired.mixed;
  await deal.seat("ann@example.com");
  await deal.invite(["bob@example.com"]);
  await stack.fault("reject", 1);
  await deal.invite(["cat@example.com"]);
  // More failures than one request makes attempts.
  await stack.fault("down", 100);
  await deal.invite(["dan@example.com"]);
  await deal.api("POST", `/invites/${(await deal.row("bob@example.com")).id}/resend`);
  await stack.fault("down", 0);
  await enter(page, deal.manager);
  const states = { ann: /Accepted/, bob: /Resending\s+Last email sent on \d+\s\w+\.[^]*\s–\s/, cat: /Pending – not delivered\s+The email could not be sent on .*: the email service refused it/, dan: /Sending…/, eve: /Expired\s+Did not answer by/ };
  for (const [name, words] of Object.entries(states)) assert.match(await rowOf(page, `${name}@example.com`).innerText(), words);
  const resendable = page.getByRole("button", { name: /^Resend invite to/, disabled: false });
  assert.equal(await resendable.count(), 2, "only cat and eve have no mail in the queue");
});

check.detail("an invite that was declined and expired says when, and its correction says that it asks again", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  const sent = await deal.api("GET", "/seats");
  const time = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
  const change = { status: "declined", declinedAt: time(60), expiresAt: time(5.5), delivery: { state: "bounced", at: time(70), reason: "mailbox_unavailable" } };
  await page.route(`**/api${deal.path}/seats*`, (route) => route.fulfill({ json: { ...sent, invites: sent.invites.map((row) => ({ ...row, ...change })) } }));
  await enter(page, deal.manager, deal.path);
  await rowOf(page, "ann@example.com").locator("[data-label=Expired]").getByText(/^[56]\sminutes\sago$/).waitFor();
  await hand.press("button", "Correct address ann@example.com");
  await page.getByText(/^This person said no on \d+\s\w+: the new invite asks again\.$/).waitFor();
});

check.detail("an open list says who expired, and who accepted in time", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  const [ann, bob] = [`ann@${deal.org}.example`, `bob@${deal.org}.example`];
  await deal.invite([ann, bob]);
  const link = await stack.linkTo(ann);
  await stack.linkTo(bob);
  await page.clock.install();
  await enter(page, deal.manager, deal.path);
  await rowOf(page, ann).getByText(/^Email (sent|delivered) on/).waitFor();
  await stack.accept("ann@home.example", link);
  const { expiresAt } = await deal.row(bob);
  await page.route(`**/api${deal.path}/seats*`, async (route) => {
    const answer = await route.fetch();
    const listed = await answer.json();
    const invites = listed.invites.map((row) => (row.email === bob ? { ...row, status: "expired" } : row));
    await route.fulfill({ response: answer, json: { ...listed, invites } });
  });
  await page.clock.fastForward(Date.parse(expiresAt) - Date.now() + 90_000);
  await rowOf(page, bob).getByText("Expired", { exact: true }).first().waitFor();
  await rowOf(page, ann).getByText(/^Has held a seat since/).waitFor();
  assert.equal(await page.getByText("Did not answer by").count(), 1);
  await page.getByRole("link", { name: "Accepted 1" }).waitFor();
});

check("the address of a delivered invite is corrected", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const [wrong, right] = [`ann.smith@${deal.org}.example`, `anna.smith@${deal.org}.example`];
  await deal.invite([wrong]);
  await until("its delivery", async () => (await deal.row(wrong)).delivery.state === "delivered");
  await enter(page, deal.manager, deal.path);
  await hand.press("button", `Correct address ${wrong}`);
  await hand.write("textbox", "Correct address", right);
  await hand.press("button", "Correct and send");
  await page.getByText(`${wrong} is corrected to ${right}.`).waitFor();
  await rowOf(page, right).waitFor();
  assert.equal(await rowOf(page, wrong).count(), 0);
});

check.detail("the form that corrects the lowest row is in view, whole", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 500 });
  await deal.invite(addresses("ann", 20));
  await enter(page, deal.manager, deal.path);
  const last = list(page).getByRole("button", { name: /^Correct address/ }).last();
  const name = await last.getAttribute("aria-label");
  await last.evaluate((button) => button.closest("tr").scrollIntoView({ block: "end" }));
  await hand.press("button", name);
  const { y, height } = await page.getByRole("form", { name: name.replace(" address", "") }).boundingBox();
  assert.ok(y >= 0 && y + height <= page.viewportSize().height, `${y} ${height}`);
});

check.detail("a correction that is on its way cannot be taken back, and its form says so", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@exmaple.com"]);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Correct address ann@exmaple.com");
  await hand.write("textbox", "Correct address", "ann@example.org");
  const answer = await held(page, "**/invites/*");
  await hand.press("button", "Correct and send");
  const form = page.getByRole("form", { name: "Correct ann@exmaple.com" });
  const late = form.getByText("Too late to stop: wait for the result.");
  await page.keyboard.press("Escape");
  await late.waitFor();
  await hand.press("button", "Keep address");
  await hand.press("button", "History of the invite to ann@exmaple.com");
  await late.waitFor();
  answer();
  await says(page, "ann@exmaple.com is corrected to ann@example.org.");
  await form.waitFor({ state: "detached" });
});

check.detail("a correction asks again about an address that may be mistyped, and Escape keeps the old one", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const ann = `ann@${deal.org}.example`;
  await deal.invite([ann]);
  await stack.linkTo(ann);
  await enter(page, deal.manager, deal.path);
  const open = page.getByRole("button", { name: `Correct address ${ann}` });
  await hand.press("button", `Correct address ${ann}`);
  for (const [typed, words] of [
    ["ann@gmial.com", "The part after the @ may be mistyped. Did you mean ann@gmail.com?"],
    ["ann@acme.n3t", "The part after the @ may be mistyped."],
  ]) {
    await hand.write("textbox", "Correct address", typed);
    await hand.press("button", "Correct and send");
    const question = page.getByRole("dialog", { name: `Correct to ${typed}?` });
    await question.getByText(words, { exact: true }).waitFor();
    await hand.press("button", "Look again", question);
  }
  await page.locator("input:focus").waitFor();
  for (const leave of ["Escape", "Keep address"]) {
    if (leave === "Escape") await page.keyboard.press(leave);
    else await hand.press("button", leave);
    await page.getByRole("textbox", { name: "Correct address" }).waitFor({ state: "detached" });
    assert.ok(await open.evaluate((button) => button === document.activeElement), leave);
    await page.keyboard.press("Enter");
  }
  assert.deepEqual((await deal.rows()).map(({ email, sends }) => [email, sends]), [[ann, 1]]);
  // Another spelling of the address: no new invite, and nothing is left to correct.
  await hand.write("textbox", "Correct address", `Ann Roe <ANN@${deal.org}.example>`);
  await hand.press("button", "Save");
  await says(page, `${ann} is corrected to ANN@${deal.org}.example.`);
  await page.getByRole("textbox", { name: "Correct address" }).waitFor({ state: "detached" });
  assert.deepEqual((await deal.rows()).map(({ email, sends }) => [email, sends]), [[`ANN@${deal.org}.example`, 1]]);
});

check.detail("a correction and a list ask about a domain that is like the usual one of the deal", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const people = ["ann", "bob", "cat"].map((name) => `${name}@${deal.org}.example`);
  const [ann] = people;
  await deal.invite(people);
  await enter(page, deal.manager, deal.path);
  await hand.write("searchbox", SEARCH, "ann");
  await shows(page, [ann]);
  await hand.press("button", `Correct address ${ann}`);
  await hand.write("textbox", "Correct address", `anna@${deal.org}.exmaple`);
  await page.getByText(`Did you mean anna@${deal.org}.example?`).waitFor();
  await hand.press("button", "Correct and send");
  await hand.press("button", "Look again", page.getByRole("dialog", { name: `Correct to anna@${deal.org}.exmaple?` }));
  await hand.press("button", `Use anna@${deal.org}.example`);
  assert.equal(await page.getByRole("textbox", { name: "Correct address" }).inputValue(), `anna@${deal.org}.example`);
  await hand.press("link", "Invite people");
  await hand.write("textbox", "Addresses", `zoe@${deal.org}.exmaple`);
  await hand.press("button", "Check…");
  await page.getByRole("heading", { name: "1 will be invited. 1 row says “Look again”." }).waitFor();
  await page.getByRole("button", { name: `zoe@${deal.org}.example`, exact: true }).waitFor();
});

check("a name is corrected without an email", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite([{ email: "ann@gmial.com", name: "Ann Row" }]);
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Correct address ann@gmial.com");
  await hand.write("textbox", "Name", "Ann Roe");
  await page.getByRole("button", { name: "Don’t save" }).waitFor();
  await hand.press("button", "Save");
  await says(page, "ann@gmial.com is now named Ann Roe.");
  await page.getByRole("textbox", { name: "Correct address" }).waitFor({ state: "detached" });
  assert.deepEqual((await deal.rows()).map(({ email, name, sends }) => [email, name, sends]), [["ann@gmial.com", "Ann Roe", 1]]);
});

check.detail("a queued mail's row is refreshed until the mail is sent", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  const sent = await deal.api("GET", "/seats");
  await page.route(`**/api${deal.path}/seats*`, (route) => route.fulfill({ json: {
    ...sent, invites: sent.invites.map((row) => ({ ...row, sentAt: null, expiresAt: null, delivery: { ...row.delivery, state: "queued" } })),
  } }));
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route(`**/api${deal.path}/invites/*`, async (route) => {
    await asked;
    await route.continue();
  });
  await enter(page, deal.manager);
  await rowOf(page, "ann@example.com").getByText("Sending…").waitFor();
  answer();
  await rowOf(page, "ann@example.com").getByText("Pending").waitFor();
});

check("an action on a changed invite says so and shows the current state", { expect: [answered(412), answered(409)] }, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com", `bob@${deal.org}.example`]);
  await enter(page, deal.manager);
  await rowOf(page, "ann@example.com").waitFor();
  const { id } = await deal.row("ann@example.com");
  await deal.api("POST", `/invites/${id}/resend`, undefined, { "if-match": '"1"' });
  await page.getByRole("button", { name: "Resend invite to ann@example.com" }).click();
  await says(page, `Not resent again: the invite to ann@example.com was resent by ${deal.manager} in the meantime.`);
  await stack.accept("bob@home.example", await stack.linkTo(`bob@${deal.org}.example`));
  await page.getByRole("button", { name: `Cancel invite to bob@${deal.org}.example` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel invite" }).click();
  await says(page, `Not cancelled: bob@${deal.org}.example accepted in the meantime and holds a seat.`);
  await page.getByRole("button", { name: `De-allocate seat of bob@${deal.org}.example` }).waitFor();
});

check.detail("if the reason of a refusal cannot be loaded, the page says what was refused, and loads it again", { expect: [answered(412), answered(503)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await enter(page, deal.manager);
  await rowOf(page, "ann@example.com").waitFor();
  await deal.api("POST", `/invites/${(await deal.row("ann@example.com")).id}/resend`, undefined, { "if-match": '"1"' });
  await page.route("**/invites/*", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }), { times: 1 });
  await hand.press("button", "Resend invite to ann@example.com");
  await page.getByRole("alert").filter({ hasText: "The resend to ann@example.com was refused, because the invite has changed." }).waitFor();
  await hand.press("button", "Try again");
  await says(page, `Not resent again: the invite to ann@example.com was resent by ${deal.manager} in the meantime.`);
  assert.equal((await deal.row("ann@example.com")).sends, 2);
});

/** The name of the focused element. */
const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
