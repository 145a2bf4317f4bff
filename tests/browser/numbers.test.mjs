/** The numbers of a page come from one refresh, and a time that has passed is not shown as to come. */
import assert from "node:assert/strict";
import { answered, enter } from "./browser.mjs";
import { suite } from "./suite.mjs";

const check = suite();

/** A deal with two invites, one of which is accepted once `accept` is called. */
async function twoInvited(stack) {
  const deal = await stack.newDeal();
  const [ann, bob] = [`ann@${deal.org}.example`, `bob@${deal.org}.example`];
  await deal.invite([ann, bob]);
  const link = await stack.linkTo(ann);
  return { deal, ann, bob, accept: () => stack.accept("ann@home.example", link) };
}

/** The page's numbers: allocated seats, and what the tabs count. */
const numbersOf = (page) =>
  page.evaluate(() => {
    const tabs = document.querySelector("nav.tabs").textContent;
    const [, pending] = /Pending (\d+)/.exec(tabs);
    const [, accepted] = /Accepted (\d+)/.exec(tabs);
    const [, allocated] = /Allocated(\d+)/.exec(document.querySelector("dl").textContent);
    return { allocated, accepted, pending };
  });
const BEFORE = { allocated: "0", accepted: "0", pending: "2" };
const AFTER = { allocated: "1", accepted: "1", pending: "1" };

async function opened(page, deal) {
  await enter(page, deal.manager, deal.path);
  await page.getByRole("link", { name: "Pending 2" }).waitFor();
}

check("a search refreshes all numbers or none, and another tab all of them", {}, async ({ page, stack, hand }) => {
  const { deal, ann, bob, accept } = await twoInvited(stack);
  await opened(page, deal);
  await accept();
  await hand.write("searchbox", "Name or address contains", "bob");
  await page.getByRole("rowheader", { name: ann }).waitFor({ state: "detached" });
  await page.getByRole("rowheader", { name: bob }).waitFor();
  assert.deepEqual(await numbersOf(page), BEFORE);
  await hand.press("link", "Accepted 0");
  await hand.write("searchbox", "Name or address contains", "");
  await page.getByRole("link", { name: "Pending 1" }).waitFor();
  assert.deepEqual(await numbersOf(page), AFTER);
});

check("numbers that could not be refreshed say from when they are", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  const { deal, ann, accept } = await twoInvited(stack);
  await opened(page, deal);
  await accept();
  await page.route("**/counts", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }), { times: 1 });
  await hand.press("link", "Accepted 0");
  await page.getByText(/All numbers are as of .*They could not be refreshed\./).waitFor();
  await page.getByRole("rowheader", { name: ann }).waitFor();
  assert.deepEqual(await numbersOf(page), BEFORE);
  await hand.press("link", /^All/);
  await page.getByText("All numbers are as of").waitFor({ state: "detached" });
  assert.deepEqual(await numbersOf(page), AFTER);
});

check("coming back to a browser tab after a minute refreshes it", {}, async ({ page, stack }) => {
  const { deal, accept } = await twoInvited(stack);
  await opened(page, deal);
  await accept();
  await page.clock.setFixedTime(Date.now() + 61_000);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.getByRole("link", { name: "Pending 1" }).waitFor();
  assert.deepEqual(await numbersOf(page), AFTER);
});

check("a time that has passed is never shown as to come, even if the server's clock is ahead", {}, async ({ page, stack }) => {
  const { deal, ann } = await twoInvited(stack);
  const later = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, "");
  await page.route("**/api/deals/*/seats*", async (route) => {
    const body = await (await route.fetch()).json();
    const invites = body.invites.map((row) => ({ ...row, status: "expired", sentAt: later(90), expiresAt: later(600) }));
    await route.fulfill({ json: { ...body, invites } });
  });
  await enter(page, deal.manager, deal.path);
  const row = await page.getByRole("row", { name: ann }).innerText();
  assert.match(row, /just now/);
  assert.doesNotMatch(row, /\bin (under|\d)/);
});
