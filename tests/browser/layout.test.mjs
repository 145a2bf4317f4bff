/** Nothing moves while an action is pending, nothing lies over something else, and a double click selects nothing. */
import assert from "node:assert/strict";
import { enter } from "./browser.mjs";
import { ADMIN } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();
const WIDTHS = [390, 768, 1280];

/** In the page: where each cell, control and heading is, by its kind. Messages lie over the page. */
function positions() {
  scrollTo(0, 0);
  const root = document.querySelector("dialog[open]") ?? document.querySelector("main");
  const found = [...root.querySelectorAll("tr > *, a, button, h1, h2, input, label, p, progress, textarea, .notice")]
    .filter((element) => element.checkVisibility() && !element.closest(".message"))
    .map((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return `${element.localName} ${[left, top, width, height].map(Math.round)}`;
    });
  return [...found, `page ${document.documentElement.scrollWidth}`];
}

/** Holds back requests until they are released. */
async function hold(page, url, method) {
  let release;
  let arrive;
  const held = new Promise((resolve) => (release = resolve));
  const arrived = new Promise((resolve) => (arrive = resolve));
  await page.route(url, async (route) => {
    if (route.request().method() !== method) return route.fallback();
    arrive();
    await held;
    await route.continue();
  });
  return { arrived, release: () => release() };
}

const seats = async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 5 });
  await deal.seat("bob@example.com");
  await deal.invite([{ email: "ann@example.com", name: "Ann Example" }, "a.long.address.of.a.person.with.many.names@a.large.organisation.example.com"]);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("link", { name: "All 3" }).waitFor();
  await page.getByRole("rowheader", { name: "ann@example.com" }).waitFor();
};
const invite = async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 2 });
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.paste("textbox", "Addresses", "ann@example.com, jo@gmial.com, nobody, bob@example.com, bob@example.com");
  await page.getByRole("heading", { name: /will be invited/ }).waitFor();
};
const admin = async ({ page, stack }) => {
  const { org } = await stack.newDeal();
  await enter(page, ADMIN, `/admin?organisation=${org}`);
  await page.getByRole("button", { name: "Resize Unlimited" }).waitFor();
};
const press = (name) => ({ page }) => page.getByRole("button", { name, exact: true }).click();
const said = (text) => ({ page }) => page.getByText(text).first().waitFor();
const inDialog = (name) => ({ page }) => page.getByRole("dialog").getByRole("button", { name, exact: true }).click();

/** `prepare` comes before the positions are taken, `act` sends the request, and with `done` nothing moves afterwards either. */
const ACTIONS = {
  "a resend": { at: seats, act: press("Resend invite to ann@example.com"), request: ["**/resend", "POST"], done: said("A new invite to ann@example.com") },
  "a cancellation": { at: seats, prepare: press("Cancel invite to ann@example.com"), act: inDialog("Cancel invite"), request: ["**/invites/*", "DELETE"] },
  "a de-allocation": { at: seats, prepare: press("De-allocate seat of bob@example.com"), act: inDialog("De-allocate seat"), request: ["**/seats/*", "DELETE"] },
  "resending the selected": {
    at: async (window) => {
      await seats(window);
      await window.page.getByRole("checkbox", { name: "Select all on this page" }).check();
    },
    prepare: press("Resend selected"), act: inDialog("Resend 2 invites"), request: ["**/invites/resend", "POST"], done: said("2 invites resent."),
  },
  "checking more addresses": { at: invite, prepare: ({ hand }) => hand.write("textbox", "More addresses", "cat@example.com"), act: press("Check…"), request: ["**/invites", "POST"] },
  "checking a correction": {
    at: invite, prepare: press("Edit ann@example.com"),
    act: async ({ page, hand }) => {
      await hand.write("textbox", "Address in row 4", "dan@example.com");
      await page.keyboard.press("Tab");
    },
    request: ["**/invites", "POST"], done: ({ page }) => page.getByText("Checking…").waitFor({ state: "detached" }),
  },
  "loading a deal to change it": { at: admin, act: press("Resize Unlimited"), request: ["**/api/deals/*", "GET"] },
  "saving a deal": {
    at: admin,
    prepare: async ({ page, hand }) => {
      await press("Edit Unlimited")({ page });
      await hand.write("textbox", "Subscription", "Unlimited Plus", page.getByRole("dialog"));
    },
    act: inDialog("Save"), request: ["**/api/deals/*", "PATCH"],
  },
};

for (const [what, { at, prepare, act, request, done }] of Object.entries(ACTIONS)) {
  check(`nothing moves during ${what}`, {}, async ({ another, stack }) => {
    for (const width of WIDTHS) {
      const { page, hand } = await another({ viewport: { width, height: 900 } });
      const window = { page, hand, stack };
      await at(window);
      const rest = await page.evaluate(positions);
      await prepare?.(window);
      // A dialog that asks is closed when the request begins.
      const asks = act !== ACTIONS["saving a deal"].act && (await page.getByRole("dialog").count()) > 0;
      const before = asks ? rest : await page.evaluate(positions);
      const { arrived, release } = await hold(page, ...request);
      await act(window);
      await arrived;
      assert.deepEqual(await page.evaluate(positions), before, `during, at ${width} px`);
      assert.ok((await page.locator("[aria-busy=true]").count()) > 0 || (await page.getByRole("progressbar").count()) > 1, "the page shows that something is pending");
      release();
      if (!done) continue;
      await done(window);
      assert.deepEqual(await page.evaluate(positions), before, `after, at ${width} px`);
    }
  });
}

check("a double click on a button selects no text of the next page", {}, async ({ page, stack, hand }) => {
  await invite({ page, stack, hand });
  await page.getByRole("button", { name: "Remove jo@gmial.com" }).click();
  await page.getByRole("button", { name: "Send 2 invites" }).dblclick();
  await page.getByRole("heading", { name: "2 people invited" }).waitFor();
  assert.equal(await page.evaluate(() => String(getSelection())), "");
  // A double click in a text still selects a word.
  await page.getByRole("heading", { level: 1 }).dblclick({ position: { x: 20, y: 20 } });
  assert.match(await page.evaluate(() => String(getSelection())), /Invite|people/);
});

check("a deal's buttons are in one line, and ended and pending have colours of their own", {}, async ({ page, stack }) => {
  await admin({ page, stack });
  const buttons = page.getByRole("row").nth(1).getByRole("button");
  assert.equal(new Set(await buttons.evaluateAll((all) => all.map((button) => button.getBoundingClientRect().top))).size, 1);
  const colours = await page.evaluate(() => ["pending", "ended", "active", "expired", "failed"].map((state) => {
    const label = Object.assign(document.createElement("span"), { className: `state ${state}` });
    document.body.append(label);
    return getComputedStyle(label).backgroundColor;
  }));
  assert.equal(new Set(colours).size, colours.length);
});

check("the chevron of a text that unfolds follows its words", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/invite`);
  const gap = await page.getByText("Emails not arriving?").evaluate((summary) => {
    const words = new Range();
    words.selectNodeContents(summary);
    return summary.getBoundingClientRect().right - words.getBoundingClientRect().right;
  });
  assert.ok(gap < 40, `${gap} px after the words`);
});

check("Stop keeps clear of the progress bar, and a card of a list is low", {}, async ({ another, stack }) => {
  const { page } = await another({ viewport: { width: 390, height: 844 } });
  await seats({ page, stack });
  const { height } = await page.getByRole("row").filter({ hasText: "Ann Example" }).boundingBox();
  assert.ok(height <= 150, `a card of ${height} px`);
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  await page.route("**/resend", () => undefined);
  await page.getByRole("button", { name: "Resend selected" }).click();
  await inDialog("Resend 2 invites")({ page });
  const [bar, stop] = await Promise.all([
    page.getByRole("progressbar", { name: "Resending" }).boundingBox(), page.getByRole("button", { name: "Stop" }).boundingBox(),
  ]);
  assert.ok(stop.y - (bar.y + bar.height) >= 4, "there is room between the bar and Stop");
});

check("a long address breaks after its @ and its dots, not within a word", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  const email = `success+${deal.org}@simulator.amazonses.com`;
  await deal.invite([email]);
  await enter(page, deal.manager, deal.path);
  const lines = await page.getByRole("rowheader", { name: email }).evaluate((cell) => {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const lines = [];
    while (texts.nextNode()) {
      const range = new Range();
      range.selectNodeContents(texts.currentNode);
      lines.push(new Set([...range.getClientRects()].map(({ top }) => top)).size);
    }
    return lines;
  });
  assert.deepEqual(lines, [1, 1, 1, 1]);
});

check("on a phone, each value of a deal is beside its label", {}, async ({ another, stack }) => {
  const { page } = await another({ viewport: { width: 390, height: 844 } });
  const { org, manager } = await stack.newDeal();
  // A manager of a single deal is led to it.
  await stack.newDeal({ org });
  await enter(page, manager);
  const cells = page.locator("td[data-label]");
  await cells.first().waitFor();
  const values = await cells.evaluateAll((cells) =>
    cells.map((cell) => [cell.dataset.label, ...[...cell.children].map((value) => value.getBoundingClientRect().left)]),
  );
  assert.ok(values.length >= 5);
  const [[, left]] = values.filter(([label]) => label === "State");
  for (const [label, ...lefts] of values) assert.ok(lefts.every((at) => at >= left - 1), `${label}: ${lefts}, not ${left}`);
});
