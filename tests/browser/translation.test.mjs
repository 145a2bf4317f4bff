/** Pages that the browser has translated: every change has to be visible on them too. */
import assert from "node:assert/strict";
import { ADMIN, tokenOf } from "./stack.mjs";
import { answered, chooseAccount, enter, staleTexts, translate } from "./browser.mjs";
import { suite } from "./suite.mjs";

const check = suite();

const shown = (page) => page.locator("body").innerText();

check.detail("a translated invitation shows changes", { expect: [answered(401), answered(503)] }, async ({ context, page, stack, hand }) => {
  await translate(context);
  const deal = await stack.newDeal({ seats: 1 });
  await deal.seat("bob@example.com");
  await deal.invite(["ann@example.com"]);
  await page.goto(`/accept#${tokenOf(await stack.linkTo("ann@example.com"))}`);
  await page.getByRole("heading", { level: 1, name: "Hill & Dale invites you to Unlimited" }).waitFor();
  await page.getByText("All seats are taken.").waitFor();
  const nextYear = new Date().getFullYear() + 1;
  await deal.patch({ seats: 2, endsAt: `${nextYear}-12-31T00:00:00Z` });
  await hand.press("button", "Check again");
  await page.getByText(`A seat on the learning subscription, until 31 December ${nextYear}, 00:00 UTC`).waitFor();
  await hand.press("button", "Sign in to accept");
  await chooseAccount(page, hand, "ann@home.example");
  for (const [status, button] of [[503, "Try again"], [401, "Sign in to accept"]]) {
    await page.route("**/api/invites/accept", (route) => route.fulfill({ status, json: { message: "Refused" } }));
    await page.locator("main .actions button").first().click();
    await page.getByRole("button", { name: button, exact: true }).waitFor();
    await page.unroute("**/api/invites/accept");
    assert.deepEqual(await staleTexts(page), []);
  }
  assert.doesNotMatch(await shown(page), /Try again|Accept as|The mail went to/);
});

check.detail("a translated invitation shows the learner's answers", {}, async ({ context, page, stack, hand }) => {
  await translate(context);
  const deal = await stack.newDeal({ seats: 1 });
  await deal.seat("bob@example.com");
  await deal.invite(["ann@example.com"]);
  await page.goto(`/accept#${tokenOf(await stack.linkTo("ann@example.com"))}`);
  await hand.press("button", "Not me / stop inviting me");
  await page.getByText("Asking allows its emails again.").waitFor();
  await hand.press("button", "Allow invites again");
  await page.getByText("Hill & Dale can send you invites again.").waitFor();
  assert.doesNotMatch(await shown(page), /Asking allows|You stopped invites/);
  await hand.press("button", "Not me / stop inviting me");
  await deal.patch({ seats: 2 });
  await hand.press("button", "Check again");
  await page.getByText("You can still accept this one.").waitFor();
  await hand.press("button", "No thanks");
  await page.getByRole("heading", { level: 1, name: "You declined this invite" }).waitFor();
  assert.doesNotMatch(await shown(page), /No thanks|Not for you|invites you to/);
  assert.deepEqual(await staleTexts(page), []);
});

check.detail("a translated page keeps counting down the days", {}, async ({ context, page, stack }) => {
  await translate(context);
  const deal = await stack.newDeal();
  await deal.invite(["eve@example.com"]);
  await page.clock.install();
  await page.goto(`/accept#${tokenOf(await stack.linkTo("eve@example.com"))}`);
  await page.getByText("in 28 days").waitFor();
  await page.clock.fastForward(3 * 86_400_000);
  await page.getByText("in 25 days").waitFor();
  assert.deepEqual(await staleTexts(page), []);
});

check.detail("a translated list of invites shows changes", {}, async ({ context, page, stack, hand }) => {
  await translate(context);
  const deal = await stack.newDeal({ seats: 2 });
  await deal.seat("bob@example.com");
  await deal.invite(["ann@example.com", "cat@example.com", "dan@example.com"]);
  await enter(page, deal.manager, deal.path);
  const numbers = page.getByRole("region", { name: "Seats" });
  const pending = page.getByRole("link", { name: /^Pending/ });
  await page.getByText("3 pending, 1 seat left.").waitFor();
  await hand.press("button", "De-allocate seat of bob@example.com");
  await hand.press("button", "De-allocate seat", page.getByRole("dialog"));
  await page.getByText("bob@example.com no longer has a seat.").waitFor();
  assert.match(await numbers.innerText(), /Allocated\s+0\s+Available\s+2\b/);
  await page.getByText("3 pending, 2 seats left.").waitFor();
  await hand.press("button", "Cancel invite to ann@example.com");
  await hand.press("button", "Cancel invite", page.getByRole("dialog"));
  await page.getByText("The invite to ann@example.com is cancelled.").waitFor();
  assert.match(await pending.innerText(), /^Pending 2$/);
  assert.doesNotMatch(await shown(page), /seats? left|no longer has a seat/);
  for (const [email, count] of [["cat@example.com", 1], ["dan@example.com", 2]]) {
    await hand.press("checkbox", `Select ${email}`);
    await page.getByText(`${count} selected`).waitFor();
  }
  await hand.press("button", "Resend invite to cat@example.com");
  await page.getByText("A new invite to cat@example.com is on its way.").waitFor();
  assert.deepEqual(await staleTexts(page), []);
});

check.detail("a translated list of addresses shows changes", {}, async ({ context, page, stack, hand }) => {
  await translate(context);
  const deal = await stack.newDeal({ seats: 1 });
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.write("textbox", "Addresses", "ann@example.com, bob@example");
  await hand.press("button", "Check…");
  await page.getByRole("heading", { name: "1 will be invited, 1 is not an address" }).waitFor();
  await hand.write("textbox", "Address in row 1", "bob@example.com");
  await page.keyboard.press("Tab");
  await page.getByRole("heading", { name: "2 will be invited" }).waitFor();
  await page.getByRole("button", { name: "Send 2 invites" }).waitFor();
  await hand.write("textbox", "More addresses", "cat@example.com");
  await hand.press("button", "Check…");
  await page.getByText("With this list, 3 people may still accept, but only 1 seat is left.").waitFor();
  await hand.press("button", "Remove ann@example.com");
  await page.getByText("With this list, 2 people may still accept, but only 1 seat is left.").waitFor();
  assert.deepEqual(await staleTexts(page), []);
});

check.detail("a translated table of deals shows changes", {}, async ({ context, page, stack, hand }) => {
  await translate(context);
  const { org } = await stack.newDeal({ seats: 10 });
  await enter(page, ADMIN, `/admin?organisation=${org}`);
  await hand.press("button", "Resize Unlimited");
  await hand.write("textbox", "Seats", "25");
  await page.getByText(/15 more|more/).first().waitFor();
  await hand.press("button", "Resize", page.getByRole("dialog"));
  await page.getByText("Unlimited now has 25 seats").waitFor();
  assert.deepEqual(await page.getByRole("row").nth(1).getByRole("cell").allInnerTexts().then((cells) => cells.slice(0, 3)), ["25", "0", "25"]);
  await hand.press("button", "End now Unlimited");
  await hand.press("button", "End deal now");
  await page.getByRole("cell", { name: "Ended" }).waitFor();
  assert.deepEqual(await staleTexts(page), []);
});
