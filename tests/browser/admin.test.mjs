/** Deals admin: partnership managers find organisations, create, resize, edit, end and delete deals, and see why a change is refused. */
import assert from "node:assert/strict";
import { answered, chooseAccount, enter, Keyboard, watchFocus } from "./browser.mjs";
import { ADMIN, addresses, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

const says = (page, text) => page.getByRole("status").filter({ hasText: text }).first().waitFor();
const rowOf = (page, name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });

const FIND = "Organisation name or ID";
/** Opens the deals of an organisation. */
const show = (page, org) => enter(page, ADMIN, `/admin?organisation=${org}`);

check("organisations are found by any part of their name or ID, with the states of their deals", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const ended = await stack.newDeal({ org: "harbour", title: "Harbourside College" });
  await ended.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await stack.newDeal({ org: "harbour", title: "Harbourside College", seats: 1200, name: "Unlimited Plus" });
  await stack.newDeal({ org: "bayside", title: "Bay Side School", starts: 3 });
  await enter(page, ADMIN, "/admin");
  await hand.write("searchbox", FIND, "SIDE");
  await hand.press("button", "Find");
  await rowOf(page, "Harbourside College").getByText("1 active").waitFor();
  assert.match(await rowOf(page, "Harbourside College").innerText(), /harbour\s+1 active\s*1 ended/);
  await rowOf(page, "Bay Side School").getByText("1 upcoming").waitFor();
  assert.equal(await page.getByRole("row").count(), 3);
  await hand.press("link", "Harbourside College");
  assert.match(await rowOf(page, "Unlimited Plus").innerText(), /1,200\s+0\s+1,200/);
  assert.equal(page.url(), `${stack.url}/admin?organisation=harbour`);
  await page.getByText("2 deals of Harbourside College").waitFor({ state: "attached" });
  await page.setViewportSize({ width: 1000, height: 900 });
  const linesOfDays = await page.getByText(/^\d+\s\w+\s\d{4},/).evaluateAll((dates) => dates.map(({ firstChild: text }) => {
    const day = new Range();
    day.setStart(text, 0);
    day.setEnd(text, text.data.indexOf(",") + 1);
    return new Set([...day.getClientRects()].map(({ top }) => top)).size;
  }));
  assert.deepEqual(linesOfDays, [1, 1, 1, 1], "no line begins with the comma");
  await hand.write("searchbox", FIND, " side  college ");
  await hand.press("button", "Find");
  await rowOf(page, "Unlimited Plus").waitFor();
  assert.equal(page.url(), `${stack.url}/admin?organisation=harbour`, "an only organisation is opened");
  await hand.write("searchbox", FIND, "nobody-yet");
  await hand.press("button", "Find");
  await page.getByText("No organisation has “nobody-yet” in its name or ID.").waitFor();
  await hand.press("link", "‹ All organisations");
  await page.getByRole("link", { name: "Bay Side School" }).waitFor();
});

for (const [where, path, id] of [
  ["a search that finds nothing", "/admin?find=nobody", ""],
  ["a search for an ID that finds nothing", "/admin?find=nobody-yet", "nobody-yet"],
  ["an organisation without deals", "/admin?organisation=nobody-yet", "nobody-yet"],
]) {
  check.detail(`${where} leads to the organisation’s first deal, and back to all organisations`, { hands: [Keyboard] }, async ({ page, hand }) => {
    await enter(page, ADMIN, path);
    await hand.press("button", "Create its first deal");
    const form = page.getByRole("dialog", { name: "New deal" });
    assert.equal(await form.getByLabel("Organisation ID").inputValue(), id);
    await hand.press("button", "Cancel", form);
    await hand.press("link", "‹ All organisations");
    await page.waitForURL("**/admin");
  });
}

check.detail("if more organisations cannot be loaded, the page says so, and tries again by itself when it may", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  await stack.newDeal({ org: "further", title: "Further College" });
  await page.route("**/api/organisations", (route) => route.fulfill({ json: { organisations: [{ id: "first", name: "First School" }], nextCursor: "first" } }));
  let attempts = 0;
  await page.route("**/api/organisations?cursor=first", (route) => (attempts += 1) === 1
    ? route.fulfill({ status: 503, headers: { "retry-after": "1" }, json: { message: "Service Unavailable" } })
    : route.fulfill({ json: { organisations: [{ id: "further", name: "Further College" }], nextCursor: null } }));
  await enter(page, ADMIN, "/admin");
  const failed = page.getByRole("alert").filter({ hasText: "The other organisations are not shown." }).waitFor();
  await hand.press("button", "Show more");
  await failed;
  await page.getByRole("link", { name: "Further College" }).waitFor();
  await page.getByRole("link", { name: "First School" }).waitFor();
});

/** Shows one organisation, and holds the answer with the others until the returned function is called. */
async function holdMore(page) {
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route("**/api/organisations", (route) => route.fulfill({ json: { organisations: [{ id: "first", name: "First School" }], nextCursor: "first" } }));
  await page.route("**/api/organisations?cursor=first", async (route) => {
    await asked;
    await route.fulfill({ json: { organisations: [{ id: "further", name: "Further College" }], nextCursor: null } });
  });
  await enter(page, ADMIN, "/admin");
  return answer;
}

check.detail("“Show more” that is pressed twice shows more once, and leads to it", { hands: [Keyboard] }, async ({ page, hand }) => {
  const answer = await holdMore(page);
  await hand.reach("button", "Show more");
  await page.keyboard.press("Enter");
  await page.locator("button[aria-busy=true]").waitFor();
  await page.keyboard.press("Enter");
  answer();
  await page.getByRole("link", { name: "Further College" }).first().waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal(await page.getByRole("link", { name: "Further College" }).count(), 1);
  await page.locator("a:focus", { hasText: "Further College" }).waitFor();
});

check.detail("what “Show more” brings too late is not shown in the next search", {}, async ({ page, stack, hand }) => {
  await stack.newDeal({ org: "late-1", title: "Lateral School" });
  await stack.newDeal({ org: "late-2", title: "Plate School" });
  const answer = await holdMore(page);
  await hand.press("button", "Show more");
  await hand.write("searchbox", FIND, "late");
  await hand.press("button", "Find");
  await page.getByRole("link", { name: "Plate School" }).waitFor();
  const came = page.waitForResponse((response) => response.url().endsWith("cursor=first"));
  answer();
  await (await came).finished();
  await page.waitForLoadState("networkidle");
  assert.deepEqual((await page.getByRole("rowheader").allInnerTexts()).sort(), ["Lateral School", "Plate School"]);
});

/** Fills in a new deal. */
async function fillIn(hand, form, values) {
  for (const [label, value] of Object.entries(values)) await hand.write("textbox", label, value, form);
}

check("a deal that would have ended already is created only after a question, and can be deleted", {}, async ({ page, stack, hand }) => {
  const org = "by-mistake";
  await show(page, org);
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await fillIn(hand, form, { "Organisation name": "Dale & Co", Subscription: "Unlimited", Seats: "25" });
  await form.getByLabel("Starts").fill("2025-01-01T00:00");
  await form.getByLabel("Ends").fill("2026-01-01T00:00");
  await hand.press("button", "Create deal", form);
  const question = page.getByRole("dialog", { name: "Create a deal that has already ended?" });
  await hand.press("button", "Change the dates", question);
  assert.deepEqual((await stack.api(ADMIN, "GET", `/deals?organisation=${org}`)).deals, []);
  await hand.press("button", "Create deal", form);
  await hand.press("button", "Create ended deal", question);
  await rowOf(page, "Unlimited").getByText("Ended").waitFor();
  await hand.press("button", "Delete Unlimited");
  await hand.press("button", "Delete deal", page.getByRole("dialog", { name: "Delete Unlimited of Dale & Co?" }));
  await says(page, "Unlimited of Dale & Co was deleted.");
  await rowOf(page, "Unlimited").waitFor({ state: "detached" });
  assert.deepEqual((await stack.api(ADMIN, "GET", `/deals?organisation=${org}`)).deals, []);
});

check("a mistyped year or number of seats is asked about, in a new deal as in an old one", {}, async ({ page, stack, hand }) => {
  const org = "mistyped";
  await show(page, org);
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await fillIn(hand, form, { "Organisation name": "Dale & Co", Subscription: "Unlimited", Seats: "1000000" });
  await form.getByLabel("Ends").fill("2216-01-01T00:00");
  await hand.press("button", "Create deal", form);
  const question = page.getByRole("dialog", { name: "Create this deal?" });
  await question.getByText(/^The deal lasts 1\d\d years: /).waitFor();
  await question.getByText("The deal has 1,000,000 seats.").waitFor();
  await hand.press("button", "Change the deal", question);
  assert.deepEqual((await stack.api(ADMIN, "GET", `/deals?organisation=${org}`)).deals, []);
  await hand.press("button", "Create deal", form);
  await hand.press("button", "Create deal", question);
  await says(page, "Unlimited was created for Dale & Co");
  const deal = await stack.newDeal();
  await show(page, deal.org);
  await hand.press("button", "Resize Unlimited");
  await hand.write("textbox", /^Seats/, "20000", page.getByRole("dialog", { name: "Resize Unlimited" }));
  await hand.press("button", "Resize", page.getByRole("dialog", { name: "Resize Unlimited" }));
  await hand.press("button", "Resize to 20,000 seats", page.getByRole("dialog").filter({ hasText: "The deal has 20,000 seats instead of 20." }));
  await says(page, "Unlimited now has 20,000 seats");
});

check.detail("a deal to which somebody was invited is not deleted", { expect: [answered(409)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await show(page, deal.org);
  await hand.press("button", "Delete Unlimited");
  const question = page.getByRole("dialog");
  await question.getByText("If somebody was ever invited to this deal, Seatkeeper refuses, and nothing changes: end the deal instead.").waitFor();
  await hand.press("button", "Delete deal", question);
  await page.getByRole("alert").filter({ hasText: "Once it has ended, nobody can be invited or accept." }).waitFor();
  await rowOf(page, "Unlimited").locator("button:focus", { hasText: "Resize" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Delete Unlimited" }).count(), 0);
});

check.detail("the question before deleting an ended deal does not say to end it", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.patch({ endsAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "") });
  await show(page, deal.org);
  await hand.press("button", "Delete Unlimited");
  await page.getByRole("dialog").getByText("Seatkeeper refuses, and nothing changes. To create a deleted deal again").waitFor();
});

/** Waits until an organisation's list has this many deals. */
const listed = (stack, org, count) => until(`${count} deals`, async () => (await seatsOf(stack, org)).length === count);

check.detail("a deal that was deleted meanwhile leaves the list, with each action that was asked for", { expect: [answered(404)] }, async ({ page, stack, hand }) => {
  const names = ["Edit", "Resize", "End now", "Delete", "Save", "Confirm"];
  const deals = [];
  for (const name of names) deals.push(await stack.newDeal({ org: "meanwhile", name }));
  await listed(stack, "meanwhile", names.length);
  await show(page, "meanwhile");
  await rowOf(page, "Confirm").waitFor();
  const remove = (name) => stack.api(ADMIN, "DELETE", `/deals/${deals[names.indexOf(name)].id}`);
  const leaves = async (name) => {
    await says(page, `${name} of Hill & Dale was deleted meanwhile.`);
    await rowOf(page, name).waitFor({ state: "detached" });
  };
  for (const name of names.slice(0, 4)) {
    await remove(name);
    await hand.press("button", `${name} ${name}`);
    await leaves(name);
  }
  await hand.press("button", "Edit Save");
  const form = page.getByRole("dialog", { name: "Edit Save" });
  await hand.write("textbox", "Subscription", "Saved", form);
  await remove("Save");
  await hand.press("button", "Save", form);
  await leaves("Save");
  await hand.press("button", "End now Confirm");
  const question = page.getByRole("dialog", { name: /^End Confirm/ });
  await question.waitFor();
  await remove("Confirm");
  await hand.press("button", "End deal now", question);
  await leaves("Confirm");
  await page.getByText("meanwhile has no deals").waitFor();
});

check("a second deal shows the organisation's name, which can be corrected", {}, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ title: "Dale & Cou" });
  await enter(page, ADMIN, "/admin");
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await hand.write("textbox", "Organisation ID", deal.org, form);
  const name = form.getByRole("textbox", { name: "Organisation name" });
  await until("the name", async () => (await name.inputValue()) === "Dale & Cou");
  await fillIn(hand, form, { "Organisation name": "Dale & Sons" });
  await form.getByText("The organisation’s other deals show “Dale & Cou”.").waitFor();
  await hand.press("button", "Cancel", form);
  await show(page, deal.org);
  await hand.press("button", "Edit Unlimited");
  const edit = page.getByRole("dialog", { name: "Edit Unlimited" });
  await hand.write("textbox", "Organisation name", "Dale & Sons", edit);
  await hand.press("button", "Save", edit);
  await page.getByRole("heading", { name: "Dale & Sons", exact: true }).waitFor();
  assert.equal((await deal.api("GET")).organisation.name, "Dale & Sons");
});

check.detail("a corrected name of the organisation says that its other deals keep theirs", {}, async ({ page, stack, hand }) => {
  const { org } = await stack.newDeal({ title: "Firth" });
  await stack.newDeal({ org, title: "Firth", name: "Evening" });
  await listed(stack, org, 2);
  await show(page, org);
  await hand.press("button", "Edit Unlimited");
  const form = page.getByRole("dialog", { name: "Edit Unlimited" });
  await form.getByText("For this deal only. The organisation’s other deal keeps the name that it shows.").waitFor();
  await hand.write("textbox", "Organisation name", "Firth Ltd", form);
  await hand.press("button", "Save", form);
  await says(page, "It shows the organisation’s name “Firth Ltd”. The organisation’s other deal keeps the name that it shows. " +
    "The list of organisations shows the name in the newest deal, “Firth”.");
  await page.getByRole("heading", { name: "Firth", exact: true }).waitFor();
});

check.detail("a deal with another name of its organisation is created only after a question, and list and page show one name", {}, async ({ page, stack, hand }) => {
  const { org } = await stack.newDeal({ title: "Harbour" });
  await show(page, org);
  await page.getByRole("heading", { name: "Harbour", exact: true }).waitFor();
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await fillIn(hand, form, { "Organisation name": "Harbour Inc", Subscription: "Unlimited Plus", Seats: "25" });
  await hand.press("button", "Create deal", form);
  const question = page.getByRole("dialog", { name: `Use the name “Harbour Inc” for ${org}?` });
  await question.getByText("The organisation’s other deals show “Harbour”.").waitFor();
  await hand.press("button", "Change the name", question);
  assert.equal((await stack.api(ADMIN, "GET", `/deals?organisation=${org}`)).deals.length, 1);
  await hand.press("button", "Create deal", form);
  await hand.press("button", "Use this name", question);
  await says(page, "Unlimited Plus was created for Harbour Inc");
  await page.getByRole("heading", { name: "Harbour Inc", exact: true }).waitFor();
  await page.getByRole("rowheader", { name: "For Harbour" }).waitFor();
  await hand.press("link", "‹ All organisations");
  await rowOf(page, "Harbour Inc").getByText("2 active").waitFor();
  assert.equal(await page.getByText("Unlimited Plus was created").count(), 0, "a message does not follow to another page");
});

check.detail("a second deal with the name and times of the first is created only after a question", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const org = "same-again";
  const form = page.getByRole("dialog", { name: "New deal" });
  const create = async () => {
    await hand.press("button", "New deal");
    await fillIn(hand, form, { "Organisation name": "Twice & Co", Subscription: "Unlimited", Seats: "25" });
    await hand.press("button", "Create deal", form);
  };
  await show(page, org);
  await create();
  await says(page, "Unlimited was created for Twice & Co");
  await create();
  const question = page.getByRole("dialog", { name: "Create this deal?" });
  await question.getByText("Twice & Co has a deal Unlimited for the same time already, with 25 seats. Nobody could tell the two apart.").waitFor();
  await hand.press("button", "Change the deal", question);
  assert.equal((await stack.api(ADMIN, "GET", `/deals?organisation=${org}`)).deals.length, 1);
  await until("the field to change to have the focus", () => form.getByLabel("Subscription").evaluate((field) => field === document.activeElement));
  await hand.press("button", "Create deal", form);
  await hand.press("button", "Create deal", question);
  await page.getByRole("status").filter({ hasText: "2 deals of Twice & Co" }).waitFor({ state: "attached" });
  await until("both deals", async () => (await stack.api(ADMIN, "GET", `/deals?organisation=${org}`)).deals.length === 2);
});

check.detail("a name that exists under another organisation ID is asked about before the deal is created", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  await stack.newDeal({ org: "twin", title: "Twin School" });
  await show(page, "twinn");
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await fillIn(hand, form, { "Organisation name": "twin school", Subscription: "Unlimited", Seats: "25" });
  await hand.press("button", "Create deal", form);
  const question = page.getByRole("dialog", { name: "Create another organisation named “twin school”?" });
  await question.getByText("“twin school” has the ID twin.").waitFor();
  await hand.press("button", "Change the ID", question);
  assert.deepEqual((await stack.api(ADMIN, "GET", "/deals?organisation=twinn")).deals, []);
  await hand.press("button", "Create deal", form);
  await hand.press("button", "Create it for twinn", question);
  await says(page, "Unlimited was created for twin school");
});

check.detail("a deal's times with seconds fit into their fields, also with AM and PM", {}, async ({ another, stack }) => {
  const { org } = await stack.newDeal();
  const { page, hand } = await another({ locale: "en-US" });
  await show(page, org);
  await hand.press("button", "Edit Unlimited");
  for (const name of ["Starts", "Ends"]) {
    const field = page.getByRole("dialog").getByLabel(name);
    assert.equal((await field.inputValue()).length, 19, "with seconds");
    const [needed, given] = await field.evaluate((field) => {
      const whole = /** @type {HTMLInputElement} */ (field.cloneNode());
      whole.style.width = "max-content";
      field.after(whole);
      whole.value = field.value;
      const widths = [whole.offsetWidth, field.offsetWidth];
      whole.remove();
      return widths;
    });
    assert.ok(needed <= given, `${name} needs ${needed} px and has ${given}`);
  }
});

check.detail("a new deal keeps the organisation's name if it cannot be looked up again", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await show(page, deal.org);
  await rowOf(page, "Unlimited").waitFor();
  await page.route("**/api/deals?organisation=*", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }), { times: 1 });
  const failed = page.waitForResponse((response) => response.status() === 503);
  await hand.press("button", "New deal");
  await failed;
  const form = page.getByRole("dialog", { name: "New deal" });
  await fillIn(hand, form, { Subscription: "Evening", Seats: "25" });
  await hand.press("button", "Create deal", form);
  await says(page, "Evening was created for Hill & Dale");
});

check.detail("what was entered for a new deal stays until the deal is created", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  await show(page, "kept");
  const form = page.getByRole("dialog", { name: "New deal" });
  const entered = () => Promise.all(["Organisation name", "Subscription", "Seats"].map((name) => form.getByRole("textbox", { name }).inputValue()));
  await hand.press("button", "New deal");
  await fillIn(hand, form, { "Organisation name": "Kept & Co", Subscription: "Unlimited" });
  await page.keyboard.press("Escape");
  await form.waitFor({ state: "detached" });
  await hand.press("button", "New deal");
  assert.deepEqual(await entered(), ["Kept & Co", "Unlimited", ""]);
  await fillIn(hand, form, { Seats: "25" });
  await hand.press("button", "Cancel", form);
  await page.reload();
  await chooseAccount(page, hand, ADMIN);
  await hand.press("button", "New deal");
  assert.deepEqual(await entered(), ["Kept & Co", "Unlimited", "25"]);
  await hand.press("button", "Create deal", form);
  await says(page, "Unlimited was created for Kept & Co: 25 seats");
  await hand.press("button", "New deal");
  await until("the name of the other deal", async () => (await entered()).join() === "Kept & Co,,");
  await fillIn(hand, form, { Subscription: "Other" });
  await hand.press("button", "Cancel", form);
  await hand.press("button", "New deal");
  await hand.press("button", "Start again", form);
  await until("an empty form", async () => (await entered()).join() === "Kept & Co,,");
  assert.equal((await stack.api(ADMIN, "GET", "/deals?organisation=kept")).deals.length, 1);
});

check.detail("when a partnership manager's session ends, the page and the form stay", { expect: [answered(401)], hands: [Keyboard] }, async ({ page, hand }) => {
  await enter(page, ADMIN);
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await fillIn(hand, form, { "Organisation ID": "over", "Organisation name": "Over & Co", Subscription: "Unlimited", Seats: "25" });
  await page.route("**/api/deals", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }), { times: 1 });
  await hand.press("button", "Create deal", form);
  await form.getByText("Your session has ended, and nothing was changed.").waitFor();
  await hand.press("button", "Cancel", form);
  await page.getByRole("heading", { name: "Deals admin" }).waitFor();
  assert.deepEqual(await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allInnerTexts(), ["Deals admin"]);
  await hand.press("button", "Sign in again");
  await chooseAccount(page, hand, ADMIN);
  await hand.press("button", "New deal");
  assert.equal(await form.getByRole("textbox", { name: "Organisation name" }).inputValue(), "Over & Co");
});

const LOST = { expect: [/ERR_CONNECTION_RESET/, answered(422)], hands: [Keyboard] };

const loseIt = async (route) => {
  await route.fetch();
  await route.abort("connectionreset");
};

/** Fills in a new deal of 25 seats, and loses the answer to its creation. */
async function loseCreation({ page, hand }, org) {
  await show(page, org);
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await hand.press("button", "Create deal", form);
  assert.equal(await form.locator("[aria-invalid=true]").count(), 3, "each missing value is shown at its field");
  await fillIn(hand, form, { "Organisation name": `Dale ${org}`, Subscription: "Unlimited", Seats: "25" });
  assert.equal(await form.locator("[aria-invalid=true]").count(), 0, "a corrected value is no longer called wrong");
  await page.route("**/api/deals", loseIt, { times: 1 });
  await hand.press("button", "Create deal", form);
  await form.getByText("We don’t know whether this was saved.").waitFor();
  return form;
}
const seatsOf = async (stack, org) => (await stack.api(ADMIN, "GET", `/deals?organisation=${org}`)).deals.map(({ seats }) => seats.total);

check.detail("a deal that is created on the first page is told of on the organisation’s page", {}, async ({ page, hand }) => {
  await enter(page, ADMIN, "/");
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  await fillIn(hand, form, { "Organisation ID": "first-school", "Organisation name": "First School", Subscription: "Unlimited", Seats: "5" });
  await hand.press("button", "Create deal", form);
  await rowOf(page, "Unlimited").waitFor();
  await says(page, "Unlimited was created for First School: 5 seats");
  assert.match(page.url(), /\/admin\?organisation=first-school$/);
});

check("a lost response to creating a deal creates no second deal", LOST, async ({ page, stack, hand }) => {
  const form = await loseCreation({ page, hand }, "new");
  await hand.press("button", "Create deal", form);
  await says(page, "Unlimited was created for Dale new: 25 seats");
  await rowOf(page, "Unlimited").waitFor();
  assert.deepEqual(await seatsOf(stack, "new"), [25]);
});

check.detail("a new deal that was changed after a lost answer is created once, and the page says with which values", LOST, async ({ page, stack, hand }) => {
  const form = await loseCreation({ page, hand }, "changed");
  await hand.write("textbox", "Subscription", "Expert", form);
  await hand.write("textbox", "Seats", "30", form);
  await hand.press("button", "Create deal", form);
  await says(page, "Your first attempt had gone through. Unlimited was created for Dale changed: 25 seats");
  await says(page, "What you entered later was not saved: Expert, 30 seats. Resize or edit the deal, or press “New deal” to create another with what you entered.");
  await hand.press("button", "New deal");
  assert.equal(await form.getByRole("textbox", { name: "Subscription" }).inputValue(), "Expert");
  await hand.press("button", "Cancel", form);
  await says(page, "Your first attempt had gone through.");
  assert.deepEqual(await seatsOf(stack, "changed"), [25]);
});

check.detail("a form that is closed after a lost answer says whether the deal was created, and the next deal is another one", LOST, async ({ page, stack, hand }) => {
  const form = await loseCreation({ page, hand }, "closed");
  const hadFocus = await watchFocus(page, ".message .notice");
  await hand.press("button", "Cancel", form);
  assert.ok(await hadFocus(), "the focus moves at once, not when the next button is pressed");
  await says(page, "No answer came, but Unlimited was created for Dale closed: 25 seats");
  await rowOf(page, "Unlimited").waitFor();
  await hand.press("button", "New deal");
  assert.equal(await form.getByRole("textbox", { name: "Subscription" }).inputValue(), "", "what was created is not offered again");
  await fillIn(hand, form, { Subscription: "Evening", Seats: "30" });
  await page.route("**/api/deals", (route) => route.abort("connectionreset"), { times: 1 });
  await hand.press("button", "Create deal", form);
  await form.getByText("We don’t know whether this was saved.").waitFor();
  await hand.press("button", "Cancel", form);
  await says(page, "Dale closed has no new deal Evening");
  await show(page, "closed-too");
  await hand.press("button", "New deal");
  await fillIn(hand, form, { "Organisation name": "Closed too", Subscription: "Morning", Seats: "5" });
  await hand.press("button", "Create deal", form);
  await says(page, "Morning was created for Closed too: 5 seats");
  await show(page, "closed");
  await hand.press("button", "New deal");
  await form.getByText("An earlier attempt to create Evening for Dale closed got no answer.").waitFor();
  await hand.press("button", "Create deal", form);
  await says(page, "Evening was created for Dale closed: 30 seats");
  assert.deepEqual((await seatsOf(stack, "closed")).sort(), [25, 30]);
  assert.deepEqual(await seatsOf(stack, "closed-too"), [5]);
});

check("a deal is resized, but not below its allocated seats", { expect: [answered(409)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 5 });
  for (const learner of addresses(deal.org, 2)) await deal.seat(learner);
  await show(page, deal.org);
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
  await show(page, deal.org);
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
  await show(page, deal.org);
  await hand.press("button", "End now Unlimited");
  const question = page.getByRole("dialog", { name: /^End Unlimited/ });
  await question.getByText("1 learner loses a seat and access to Unlimited. Pending invites can no longer be accepted.").waitFor();
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "hidden" });
  assert.equal((await deal.api("GET")).state, "active");
  await hand.press("button", "End now Unlimited");
  await hand.press("button", "End deal now", question);
  await says(page, "Unlimited of Hill & Dale has ended.");
  await rowOf(page, "Unlimited").getByText("Ended").waitFor();
  assert.equal((await deal.api("GET")).state, "ended");
});

check.detail("ending an upcoming deal says before and after what its start was", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ starts: 3 });
  await show(page, deal.org);
  await hand.press("button", "End now Unlimited");
  const question = page.getByRole("dialog", { name: /^End Unlimited/ });
  const { startsAt, endsAt } = await deal.api("GET");
  const day = (time) => new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(time)).replaceAll(" ", "\\s");
  const dates = `It was to start on ${day(startsAt)}, .* and to end on ${day(endsAt)}, .*: to undo this, edit the deal and set start and end again\\.`;
  await question.getByText(new RegExp(`The start moves to now too\\. ${dates}`)).waitFor();
  await hand.press("button", "End deal now", question);
  await says(page, new RegExp(`Unlimited of Hill & Dale has ended\\. ${dates}`));
});

check("a deal's name is edited", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await show(page, deal.org);
  await hand.press("button", "Edit Unlimited");
  const form = page.getByRole("dialog", { name: "Edit Unlimited" });
  await hand.write("textbox", "Subscription", "Unlimited Plus", form);
  await hand.press("button", "Save", form);
  await says(page, "Unlimited Plus was saved");
  assert.equal((await deal.api("GET")).name, "Unlimited Plus");
});

check.detail("what was changed in a deal and not saved is kept when the page is left, but not when the form is cancelled", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await show(page, deal.org);
  await hand.press("button", "Edit Unlimited");
  const form = page.getByRole("dialog", { name: "Edit Unlimited" });
  const name = form.getByRole("textbox", { name: "Subscription" });
  await hand.write("textbox", "Subscription", "Unlimited Plus", form);
  await page.reload();
  await chooseAccount(page, hand, ADMIN);
  await hand.press("button", "Edit Unlimited");
  await form.getByText("You changed this before, and did not save it.").waitFor();
  assert.equal(await name.inputValue(), "Unlimited Plus");
  await hand.press("button", "Start again", form);
  assert.equal(await name.inputValue(), "Unlimited");
  await hand.write("textbox", "Subscription", "Unlimited Plus", form);
  await hand.press("button", "Cancel", form);
  await hand.press("button", "Edit Unlimited");
  assert.equal(await name.inputValue(), "Unlimited");
  assert.equal(await form.getByText("You changed this before").count(), 0);
  await hand.press("button", "Cancel", form);
  await hand.press("link", "‹ All organisations");
  await page.goBack();
  await hand.press("button", "Edit Unlimited");
  await hand.write("textbox", "Subscription", "Unlimited Plus", form);
  await page.goForward();
  await form.waitFor({ state: "detached" });
  await page.goBack();
  await hand.press("button", "Edit Unlimited");
  await form.getByText("You changed this before, and did not save it.").waitFor();
});

check("a learning manager is told that they may not manage deals", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, "/admin");
  await page.getByText("This account does not have permission to manage deals.").waitFor();
  assert.equal(await page.getByRole("button", { name: "New deal" }).count(), 0);
  await page.getByRole("button", { name: "Use another account" }).waitFor();
});
