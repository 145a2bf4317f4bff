/** What a manager sets: a deal's reminders, and the daily email. */
import assert from "node:assert/strict";
import { answered, chooseAccount, enter, Keyboard } from "./browser.mjs";
import { suite } from "./suite.mjs";

const check = suite();

/** Answers for the reminders of a deal: `answer` gives status and body of each `PUT`. */
async function reminders(page, deal, after, answer) {
  const asked = [];
  const loaded = await deal.api("GET");
  let now = after;
  await page.route(`**/api${deal.path}`, (route) => route.fulfill({ json: { ...loaded, reminders: now } }));
  await page.route(`**/api${deal.path}/reminders`, (route) => {
    asked.push(route.request().postDataJSON());
    const answered = answer(asked.at(-1));
    now = answered.json.after ?? now;
    return route.fulfill(answered);
  });
  return asked;
}
const stored = (body) => ({ json: body });
const says = (page, text) => page.getByText(text).first().waitFor();

check("a manager sets a deal's reminders, and reads what they mean", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const asked = await reminders(page, deal, ["7d", "21d"], stored);
  await enter(page, deal.manager, "/deals");
  await hand.press("link", "Reminders of Unlimited");
  const second = page.getByRole("textbox", { name: "Second reminder after" });
  await says(page, /^Somebody who is invited today and does not answer is reminded on [\w\s]+ \(after 7 days\), and again on [\w\s]+ \(after 21 days\)\.$/);
  await says(page, "This applies to invites that you send or resend from now on.");
  await hand.write("textbox", "First reminder after", "14");
  await hand.write("textbox", "Second reminder after", "7");
  await hand.press("button", "Save reminders");
  await says(page, "The second reminder must be later than the first.");
  assert.ok(await second.evaluate((field) => field === document.activeElement), "the wrong field has the focus");
  await hand.write("textbox", "Second reminder after", "");
  await page.getByText("The second reminder must be later than the first.").waitFor({ state: "detached" });
  await says(page, /is reminded on [\w\s]+ \(after 14 days\)\.$/);
  await hand.press("button", "Save reminders");
  await says(page, "Reminders saved.");
  await hand.write("textbox", "First reminder after", "");
  await says(page, "Nobody is reminded.");
  await hand.press("button", "Save reminders");
  await says(page, "Reminders saved.");
  assert.deepEqual(asked, [{ after: ["14d"] }, { after: [] }]);
});

check.detail("a refused reminder says why at its field, and a lost answer whether the reminders were saved", { expect: [answered(400), /ERR_CONNECTION_RESET/], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const errors = [{ field: "after", detail: "must be shorter than the lifetime of an invite" }];
  await reminders(page, deal, ["7d", "21d"], ({ after }) => after[1] === "30d"
    ? { status: 400, contentType: "application/problem+json", json: { code: "invalid_request", status: 400, title: "", detail: "Invalid request.", errors } }
    : stored({ after }));
  await enter(page, deal.manager, `${deal.path}/settings`);
  await hand.write("textbox", "Second reminder after", "30");
  await hand.press("button", "Save reminders");
  await says(page, "The invite will have expired by then. Enter a shorter time.");
  assert.equal(await page.getByText("Somebody who is invited today").count(), 0, "what is refused is not promised");
  await hand.write("textbox", "Second reminder after", "20");
  await says(page, /\(after 20 days\)\.$/);
  const lose = () => page.route(`**/api${deal.path}/reminders`, (route) => route.abort("connectionreset"), { times: 1 });
  await lose();
  await hand.press("button", "Save reminders");
  await says(page, "The reminders were not saved.");
  await lose();
  let reads = 0;
  await page.route(`**/api${deal.path}`, (route) => ((reads += 1) === 2 ? route.abort("connectionreset") : route.fallback()));
  await hand.press("button", "Try again");
  await says(page, "We don’t know whether the reminders were saved. Saving twice does no harm.");
  await page.unroute(`**/api${deal.path}`);
  await page.route(`**/api${deal.path}/reminders`, async (route) => (await route.fetch(), route.abort("connectionreset")), { times: 1 });
  await hand.press("button", "Try again");
  await says(page, "Reminders saved.");
  assert.deepEqual((await deal.api("GET")).reminders, ["7d", "20d"]);
});

check.detail("reminders that were not saved are kept, and said to be", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await reminders(page, deal, ["7d", "21d"], stored);
  await enter(page, deal.manager, "/deals");
  await hand.press("link", "Reminders of Unlimited");
  const first = page.getByRole("textbox", { name: "First reminder after" });
  await hand.write("textbox", "First reminder after", "9");
  await page.goBack();
  await hand.press("link", "Reminders of Unlimited");
  await says(page, "You changed this before, and did not save it.");
  assert.equal(await first.inputValue(), "9");
  await hand.press("button", "Start again");
  assert.equal(await first.inputValue(), "7");
  await hand.write("textbox", "First reminder after", "9");
  await hand.press("button", "Save reminders");
  await says(page, "Reminders saved.");
  await hand.press("link", /^‹ Deal seats/);
  await hand.press("link", "Reminders");
  await first.waitFor();
  assert.equal(await page.getByText("You changed this before").count(), 0, "what is saved is no draft");
});

check.detail("reminders that another manager saves meanwhile are told, and not undone", { expect: [answered(503)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/settings`);
  const [first, second] = ["First", "Second"].map((name) => page.getByRole("textbox", { name: `${name} reminder after` }));
  const save = (after) => deal.api("PUT", "/reminders", { after });
  const stored = async () => (await deal.api("GET")).reminders;
  await hand.write("textbox", "First reminder after", "2");
  await save(["7d", "20d"]);
  // What was changed and not saved is kept with the setting that was changed.
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await says(page, "You changed this before, and did not save it.");
  await page.route(`**/api${deal.path}`, (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }), { times: 1 });
  await hand.press("button", "Save reminders");
  await says(page, "The reminders were not saved.");
  await hand.press("button", "Try again");
  await says(page, /^Reminders saved\. Meanwhile, somebody else set the second reminder to 20\sdays: that stays\.$/);
  assert.deepEqual([await first.inputValue(), await second.inputValue(), await stored()], ["2", "20", ["2d", "20d"]]);
  await hand.write("textbox", "First reminder after", "12");
  await save(["2d", "10d"]);
  await hand.press("button", "Save reminders");
  await says(page, /^Not saved\. Meanwhile, somebody else set the second reminder to 10\sdays: that stays\.$/);
  await says(page, "The second reminder must be later than the first.");
  assert.deepEqual(await stored(), ["2d", "10d"]);
});

check.detail("when the session ends, reminders that were not saved are kept", { expect: [answered(401)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/settings`);
  const first = page.getByRole("textbox", { name: "First reminder after" });
  await hand.write("textbox", "First reminder after", "9");
  await page.route(`**/api${deal.path}/reminders`, (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }), { times: 1 });
  await hand.press("button", "Save reminders");
  await says(page, "Your session has ended.");
  await says(page, "A list of people to invite, reminders and the fields of a deal are kept.");
  await hand.press("button", "Sign in again");
  await chooseAccount(page, hand, deal.manager);
  await says(page, "You changed this before, and did not save it.");
  assert.equal(await first.inputValue(), "9");
});

check.detail("the reminders of a deal that has ended cannot be set", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await enter(page, deal.manager, `${deal.path}/settings`);
  await says(page, /^This deal ended on .*UTC\. Nobody can be invited or reminded any more\.$/);
  assert.equal(await page.getByRole("textbox").or(page.getByRole("button", { name: "Save reminders" })).count(), 0);
});

/** A daily email that is off, behind answers that a test may replace. */
async function digest(page) {
  const digest = { on: false, asked: [] };
  await page.route("**/api/me/digest", (route) => {
    if (route.request().method() === "PUT") {
      digest.on = route.request().postDataJSON().on;
      digest.asked.push(digest.on);
    }
    return route.fulfill({ json: { on: digest.on } });
  });
  return digest;
}
const SUMMARY = "Daily email about deals that need your attention";

check("the daily email is switched on, renewed and switched off on the deals page", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const { asked } = await digest(page);
  await enter(page, deal.manager, "/deals");
  await page.getByText(`${SUMMARY}: off`).click();
  await says(page, "It is off.");
  await hand.press("button", "Switch on");
  const on = `It is on, and goes to ${deal.manager}. It ends 180 days after you last switched it on or renewed it: each email names the day.`;
  await says(page, on);
  await says(page, `${SUMMARY}: on`);
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await page.getByText(SUMMARY).click();
  await says(page, on);
  await hand.press("button", "Renew for 180 days");
  await says(page, "Renewed for 180 days.");
  await says(page, on);
  await hand.press("button", "Switch off");
  await says(page, "It is off.");
  assert.deepEqual(asked, [true, true, false]);
});

check.detail("the daily email says what is missing, and whether it is on after a lost answer", { expect: [answered(409), /ERR_CONNECTION_RESET/] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const state = await digest(page);
  await enter(page, deal.manager, "/deals");
  await page.getByText(SUMMARY).click();
  await says(page, "It is off.");
  await page.route("**/api/me/digest", (route) => route.fulfill({
    status: 409, contentType: "application/problem+json", json: { code: "no_verified_address", status: 409, title: "", detail: "No verified address." },
  }), { times: 1 });
  await hand.press("button", "Switch on");
  await page.getByRole("alert").filter({ hasText: "Your account has no verified email address" }).waitFor();
  await says(page, "It is off.");
  let arrives = false;
  const lose = () => page.route("**/api/me/digest", (route) => {
    state.on = arrives;
    return route.abort("connectionreset");
  }, { times: 1 });
  await lose();
  await hand.press("button", "Switch on");
  await says(page, "We don’t know whether the daily email was switched on.");
  arrives = true;
  await lose();
  await hand.press("button", "Try again");
  await says(page, "It is on, and goes to");
  await page.getByRole("alert").waitFor({ state: "detached" });
});

check.detail("a renewal of the daily email that fails is said to be one", { expect: [answered(503), answered(429)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  (await digest(page)).on = true;
  await enter(page, deal.manager, "/deals");
  await page.getByText(SUMMARY).click();
  await says(page, "It is on, and goes to");
  const failing = (answer) => page.route("**/api/me/digest", (route) => route.fulfill(answer), { times: 1 });
  const alert = (text) => page.getByRole("alert").filter({ hasText: text }).waitFor();
  await failing({ status: 503, json: { message: "Service Unavailable" } });
  await hand.press("button", "Renew for 180 days");
  await alert("Seatkeeper is not available right now. We don’t know whether the daily email was renewed.");
  await failing({ contentType: "text/html", body: "<h1>Welcome to the guest network</h1>" });
  await hand.press("button", "Try again");
  await alert("Seatkeeper’s answer could not be read. We don’t know whether the daily email was renewed.");
  await failing({ status: 429, json: { message: "Too Many Requests" } });
  await hand.press("button", "Try again");
  await alert("The daily email was not renewed.");
  await hand.press("button", "Try again");
  await says(page, "Renewed for 180 days.");
});
