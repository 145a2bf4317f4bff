/** The whole story, from a spreadsheet to the first seat, with a limit on the manager's actions. */
import assert from "node:assert/strict";
import { BOTH, chooseAccount, PHONE, signInAt } from "./browser.mjs";
import { addresses } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

/** Forty rows as a spreadsheet copies them: a header, then name and address separated by a tab. */
const nameOf = (index) => `Person ${"ABCDEFGHIJ"[Math.floor(index / 10)]}${"abcdefghij"[index % 10]}`;
const spreadsheet = (people) => ["Name\tEmail", ...people.map((email, index) => `${nameOf(index)}\t${email}`)].join("\r\n");

check("a manager invites forty people from a spreadsheet, and one accepts", { hands: BOTH }, async ({ page, hand, stack, another }) => {
  const deal = await stack.newDeal({ seats: 100 });
  const people = addresses(`${deal.org}-ann`, 40);

  await signInAt(page, deal.manager, "/", hand);
  await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  hand.actions = 0;
  await hand.press("link", "Invite people");
  await hand.paste("textbox", "Addresses", spreadsheet(people));
  await page.getByRole("heading", { name: "40 will be invited" }).waitFor();
  assert.equal((await stack.mails(people[0])).length, 0, "nothing is sent before the manager confirms");
  await hand.press("button", "Send 40 invites");
  await page.getByRole("heading", { name: "40 people invited" }).waitFor();
  assert.ok(hand.actions <= 5, `${hand.actions} actions`);
  const mails = (await stack.mails()).filter(({ to }) => people.includes(to));
  assert.deepEqual(mails.map(({ to }) => to).sort(), people);

  const learner = await another({ viewport: PHONE });
  await learner.page.goto(await stack.linkTo(people[0]));
  await learner.page.getByRole("heading", { name: "Hill & Dale invites you to Unlimited" }).waitFor();
  await learner.hand.press("button", "Sign in to accept");
  await chooseAccount(learner.page, learner.hand, "ann@home.example");
  await learner.hand.press("button", "Accept as ann@home.example");
  await learner.page.getByRole("link", { name: "Start learning" }).waitFor();

  await hand.press("link", "See the deal’s seats");
  await page.getByRole("link", { name: "Accepted 1" }).waitFor();
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: people[0] }) });
  assert.match(await row.innerText(), /Person Aa[\s\S]*Accepted[\s\S]*with another address/);
  assert.match(await page.getByRole("region", { name: "Seats" }).innerText(), /Allocated\s+1\s+Available\s+99/);
});
