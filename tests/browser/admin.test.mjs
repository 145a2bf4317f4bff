/** Deals admin: partnership managers find, create, resize, edit and end deals, and see why a change is refused. */
import assert from "node:assert/strict";
import { answered, BOTH, enter, Keyboard } from "./browser.mjs";
import { ADMIN, addresses } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

const says = (page, text) => page.getByRole("status").filter({ hasText: text }).first().waitFor();
const rowOf = (page, name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });

/** Opens the deals of an organisation. */
async function find(page, hand, org) {
  await enter(page, ADMIN, "/admin");
  await hand.write("textbox", "Organisation ID", org);
  await hand.press("button", "Find deals");
}

check("a search by organisation id lists its deals and keeps the id in the address", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 1200 });
  await find(page, hand, deal.org);
  assert.match(await rowOf(page, "Unlimited").innerText(), /1,200\s+0\s+1,200/);
  assert.equal(page.url(), `${stack.url}/admin?organisation=${deal.org}`);
  await hand.write("textbox", "Organisation ID", "No Such!");
  await hand.press("button", "Find deals");
  await page.getByRole("alert").waitFor();
  await hand.write("textbox", "Organisation ID", "nobody-yet");
  await hand.press("button", "Find deals");
  await page.getByText("nobody-yet has no deals yet.").waitFor();
});

check("a lost response to creating a deal creates no second deal", { expect: [/ERR_CONNECTION_RESET/], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const org = "new";
  await find(page, hand, org);
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await hand.press("button", "Create deal", form);
  assert.equal(await form.locator("[aria-invalid=true]").count(), 3, "each missing value is shown at its field");
  await hand.write("textbox", "Organisation name", "Dale & Co", form);
  await hand.write("textbox", "Subscription", "Unlimited", form);
  await hand.write("textbox", /^Seats/, "25", form);
  await page.route("**/api/deals", async (route) => {
    await route.fetch();
    await route.abort("connectionreset");
  }, { times: 1 });
  await hand.press("button", "Create deal", form);
  await form.getByText("We don’t know whether this was saved.").waitFor();
  await hand.press("button", "Create deal", form);
  await says(page, "Unlimited was created for Dale & Co: 25 seats");
  await rowOf(page, "Unlimited").waitFor();
  const { deals } = await stack.api(ADMIN, "GET", `/deals?organisation=${org}`);
  assert.deepEqual(deals.map(({ seats }) => seats.total), [25]);
});

check("a deal is resized, but not below its allocated seats", { expect: [answered(409)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 5 });
  for (const learner of addresses(deal.org, 2)) await deal.seat(learner);
  await find(page, hand, deal.org);
  await hand.press("button", "Resize Unlimited");
  const form = page.getByRole("dialog", { name: "Resize Unlimited" });
  await hand.write("textbox", /^Seats/, "1", form);
  await hand.press("button", "Resize", form);
  await form.locator("[aria-invalid=true]").waitFor();
  assert.equal((await deal.api("GET")).seats.total, 5);
  await hand.write("textbox", /^Seats/, "8", form);
  await form.getByText("3 more than now: 6 would be available.").waitFor();
  await hand.press("button", "Resize", form);
  await says(page, "Unlimited now has 8 seats, 6 of them available.");
  assert.equal((await deal.api("GET")).seats.total, 8);
});

check("another manager's change is shown before it is overwritten", { expect: [answered(412)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 5 });
  await find(page, hand, deal.org);
  await hand.press("button", "Resize Unlimited");
  const form = page.getByRole("dialog", { name: "Resize Unlimited" });
  await hand.write("textbox", /^Seats/, "8", form);
  await deal.patch({ seats: 7 });
  await hand.press("button", "Resize", form);
  await form.getByText("This deal changed since you opened it.").waitFor();
  await form.getByText("7 seats").waitFor();
  await hand.press("button", "Resize", form);
  await says(page, "Unlimited now has 8 seats");
});

check("ending a deal first says how many learners lose their seats", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.seat(`ann@${deal.org}.example`);
  await find(page, hand, deal.org);
  await hand.press("button", "End now Unlimited");
  const question = page.getByRole("dialog", { name: /^End Unlimited/ });
  await question.getByText(/1 learner/i).waitFor();
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "hidden" });
  assert.equal((await deal.api("GET")).state, "active");
  await hand.press("button", "End now Unlimited");
  await hand.press("button", "End deal now", question);
  await says(page, "Unlimited of Hill & Dale has ended.");
  await rowOf(page, "Unlimited").getByText("Ended").waitFor();
  assert.equal((await deal.api("GET")).state, "ended");
});

check("a deal's name is edited", { hands: BOTH }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await find(page, hand, deal.org);
  await hand.press("button", "Edit Unlimited");
  const form = page.getByRole("dialog", { name: "Edit Unlimited" });
  await hand.write("textbox", "Subscription", "Unlimited Plus", form);
  await hand.press("button", "Save", form);
  await says(page, "Unlimited Plus was saved");
  assert.equal((await deal.api("GET")).name, "Unlimited Plus");
});

check("a learning manager is told that they may not manage deals", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, "/admin");
  await page.getByText("This account does not have permission to manage deals.").waitFor();
  assert.equal(await page.getByRole("button", { name: "New deal" }).count(), 0);
});
