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

check.detail("a search refreshes all numbers or none, and another tab all of them", {}, async ({ page, stack, hand }) => {
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

check.detail("numbers that could not be refreshed say from when they are", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
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

check.detail("numbers in view for minutes say from when they are", {}, async ({ page, stack }) => {
  const { deal } = await twoInvited(stack);
  await page.clock.install();
  await opened(page, deal);
  await page.clock.fastForward("04:30");
  assert.equal(await page.getByText("All numbers are as of").count(), 0);
  await page.clock.fastForward("01:30");
  await page.getByText(/All numbers are as of .*Reload the page to refresh them\./).waitFor();
});

check("after an action, all numbers are those of the server", { expect: [answered(409)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 4 });
  const people = [1, 2, 3, 4].map((n) => `a${n}@${deal.org}.example`);
  await deal.invite(people);
  const links = await Promise.all(people.map((person) => stack.linkTo(person)));
  const accept = (n) => stack.accept(`a${n}@home.example`, links[n - 1]);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("link", { name: "Pending 4" }).waitFor();
  await accept(1);
  await accept(2);
  await hand.press("button", `Resend invite to ${people[1]}`);
  await page.getByText("accepted in the meantime").first().waitFor();
  await page.getByRole("link", { name: "Pending 2" }).waitFor();
  assert.deepEqual(await numbersOf(page), { allocated: "2", accepted: "2", pending: "2" });
  await accept(3);
  await hand.press("button", `Cancel invite to ${people[3]}`);
  await hand.press("button", "Cancel invite", page.getByRole("dialog"));
  await page.getByRole("link", { name: "Pending 0" }).waitFor();
  assert.deepEqual(await numbersOf(page), { allocated: "3", accepted: "3", pending: "0" });
});

check.detail("an action whose numbers could not be refreshed says from when they are", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  const { deal, ann } = await twoInvited(stack);
  await opened(page, deal);
  await page.route("**/counts", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }));
  await hand.press("button", `Resend invite to ${ann}`);
  await page.getByText(/All numbers are as of .*They could not be refreshed\./).waitFor();
});

check.detail("after sending a list, numbers that could not be refreshed say from when they are", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.write("textbox", "Addresses", `ann@${deal.org}.example`);
  await hand.press("button", "Check…");
  await page.route("**/counts", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }));
  await hand.press("button", "Send 1 invite");
  await page.getByRole("heading", { name: "1 person invited" }).waitFor();
  await page.getByText(/All numbers are as of .*They could not be refreshed\./).waitFor();
});

check.detail("coming back to the list of deals refreshes its numbers, or says from when they are", { expect: [answered(503)] }, async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 3 });
  await enter(page, deal.manager, "/deals");
  const available = (number) => page.getByRole("row").filter({ hasText: "Unlimited" }).getByRole("cell", { name: number, exact: true }).nth(-1).waitFor();
  await available("3");
  await deal.seat(`ann@${deal.org}.example`);
  const back = async (minutes) => {
    await page.clock.setFixedTime(Date.now() + minutes * 61_000);
    await page.evaluate(() => dispatchEvent(new Event("focus")));
  };
  await back(1);
  await available("2");
  await page.route("**/api/deals", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }));
  await back(3);
  await page.getByText(/All numbers are as of .*They could not be refreshed\./).waitFor();
  await available("2");
});

for (const event of ["visibilitychange", "focus"]) {
  check.detail(`coming back to a browser tab or its window after a minute refreshes it, by ${event}`, {}, async ({ page, stack }) => {
    const { deal, accept } = await twoInvited(stack);
    await opened(page, deal);
    await accept();
    await page.clock.setFixedTime(Date.now() + 61_000);
    await page.evaluate((type) => (type === "focus" ? window : document).dispatchEvent(new Event(type)), event);
    await page.getByRole("link", { name: "Pending 1" }).waitFor();
    assert.deepEqual(await numbersOf(page), AFTER);
  });
}

check.detail("a time that has passed is never shown as to come, even if the server's clock is ahead", {}, async ({ page, stack }) => {
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
