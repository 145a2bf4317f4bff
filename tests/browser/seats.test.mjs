/** The Deal seats page: what it shows of each invite, and what can be done about it. */
import assert from "node:assert/strict";
import { answered, BOTH, enter } from "./browser.mjs";
import { addresses, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

const expired = {};
const check = suite({}, async (stack) => {
  for (const name of ["resend", "all"]) expired[name] = await stack.newDeal({ name: "Unlimited" });
  await expired.resend.invite(["ann@example.com", "bob@example.com"]);
  await expired.all.invite(addresses("old", 60));
  for (const deal of Object.values(expired)) await deal.expired();
});

const list = (page) => page.getByRole("table", { name: "Invites" });
const rowOf = (page, email) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: email }) });
const tab = (page, name) => page.getByRole("navigation", { name: "Invitation status" }).getByRole("link", { name });
/** The addresses that are listed, from the top. */
const listed = (page) => list(page).getByRole("rowheader").allInnerTexts();
const says = (page, text) => page.getByRole("status").filter({ hasText: text }).or(page.getByRole("alert").filter({ hasText: text })).first().waitFor();

check("a manager's single deal opens at once, and Deals stays in the navigation", { hands: BOTH }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, "/", hand);
  await page.waitForURL(`**${deal.path}`);
  await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  await hand.press("link", "Deals");
  await hand.press("link", "Unlimited");
  await page.waitForURL(`**${deal.path}`);
});

check("the numbers, the tabs and the list say what is true", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 3 });
  await deal.seat("ann@example.com");
  await deal.seat("bob@example.com", "bob@home.example");
  await deal.invite([{ email: "cat@example.com", name: "Cat Example" }, "dan@example.com"]);
  await enter(page, deal.manager);
  const numbers = await page.getByRole("region", { name: "Seats" }).innerText();
  assert.match(numbers, /Seats\s+3\s+Allocated\s+2\s+Available\s+1/);
  await page.getByText("2 people may still accept, 1 seat is left. Seats go to the first one.").waitFor();
  for (const name of ["All 4", "Pending 2", "Accepted 2", "Expired 0"]) await tab(page, name).waitFor();
  await rowOf(page, "cat@example.com").getByText("Cat Example").waitFor();
  await rowOf(page, "bob@example.com").getByText("with another address of theirs").waitFor();
  await tab(page, "Accepted").click();
  await page.waitForURL("**?status=accepted");
  await rowOf(page, "ann@example.com").waitFor();
  assert.deepEqual((await listed(page)).sort(), ["ann@example.com", "bob@example.com"]);
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});
