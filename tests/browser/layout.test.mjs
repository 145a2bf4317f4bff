/** Nothing moves while an action is pending, nothing lies over something else, and a double click selects nothing. */
import assert from "node:assert/strict";
import { answered, chooseAccount, enter, PHONE } from "./browser.mjs";
import { ADMIN, addresses, until } from "./stack.mjs";
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

/** One window is made narrow and wide again, also while a request is held back: each window costs half a second of a core. */
async function positionsAtEachWidth(page) {
  const found = {};
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    found[width] = await page.evaluate(positions);
  }
  return found;
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
const undelivered = async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 5 });
  await stack.fault("reject", 1);
  await deal.invite(["ann@exmaple.com"]);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("rowheader", { name: "ann@exmaple.com" }).waitFor();
};
const pending = async ({ page, stack }) => {
  const deal = await stack.newDeal({ seats: 100 });
  await deal.invite(addresses("ann", 51));
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  await page.getByRole("link", { name: "All 51" }).waitFor();
  await page.getByRole("rowheader").nth(49).waitFor();
};
/** Opens an invite to a full deal, or with `account` one that can be accepted. */
const invitation = (account) => async ({ page, stack, hand }) => {
  const deal = await stack.newDeal({ seats: 1 });
  await deal.invite([`ann@${deal.org}.example`]);
  if (!account) await deal.seat(`bob@${deal.org}.example`);
  await page.goto(await stack.linkTo(`ann@${deal.org}.example`));
  if (!account) return page.getByRole("button", { name: "Ask for a seat" }).waitFor();
  await hand.press("button", "Sign in to accept");
  await chooseAccount(page, hand, account);
  await page.getByRole("button", { name: `Accept as ${account}` }).waitFor();
};
const press = (name) => ({ page }) => page.getByRole("button", { name, exact: true }).click();
/** Presses a button that asks first. */
const ask = (name) => async ({ page }) => {
  await press(name)({ page });
  await page.getByRole("dialog").waitFor();
};
const said = (text) => ({ page }) => page.getByText(text).first().waitFor();
const inDialog = (name) => ({ page }) => page.getByRole("dialog").getByRole("button", { name, exact: true }).click();

/**
 * `prepare` comes before the positions are taken, and `act` sends the request. With `done`, nothing moves afterwards either:
 * what the page adds then is below or above what was there. Other actions change what the page shows.
 */
const ACTIONS = {
  "a resend": { at: seats, act: press("Resend invite to ann@example.com"), request: ["**/resend", "POST"], done: said("A new invite to ann@example.com") },
  "a cancellation": { at: seats, prepare: ask("Cancel invite to ann@example.com"), act: inDialog("Cancel invite"), request: ["**/invites/*", "DELETE"] },
  "a de-allocation": { at: seats, prepare: ask("De-allocate seat of bob@example.com"), act: inDialog("De-allocate seat"), request: ["**/seats/*", "DELETE"] },
  "resending the selected": {
    at: async (window) => {
      await seats(window);
      await window.page.getByRole("checkbox", { name: "Select all on this page" }).check();
    },
    prepare: ask("Resend selected"), act: inDialog("Resend 2 invites"), request: ["**/invites/resend", "POST"], done: said("2 invites resent: "),
  },
  "correcting an address": {
    at: undelivered,
    prepare: async ({ page, hand }) => {
      await press("Correct address ann@exmaple.com")({ page });
      await hand.write("textbox", "Correct address", "ann@example.com");
    },
    act: press("Correct and send"), request: ["**/invites/*", "PATCH"],
  },
  "cancelling the selected": {
    at: async (window) => {
      await seats(window);
      await window.page.getByRole("checkbox", { name: "Select all on this page" }).check();
    },
    prepare: ask("Cancel selected"), act: inDialog("Cancel 2 invites"), request: ["**/invites/cancel", "POST"],
  },
  "loading a whole list": { at: pending, act: press("Resend all pending"), request: ["**/seats?*limit=200*", "GET"] },
  "resending a whole list": {
    at: pending, prepare: ask("Resend all pending"), act: inDialog("Resend 51 invites"), request: ["**/invites/resend", "POST"],
    done: said("51 invites resent: "),
  },
  "a download": { at: seats, act: press("Download CSV"), request: ["**/seats.csv", "GET"], done: said("saved as") },
  "checking addresses": {
    at: async ({ page, stack, hand }) => {
      const deal = await stack.newDeal({ seats: 2 });
      await enter(page, deal.manager, `${deal.path}/invite`);
      await hand.write("textbox", "Addresses", "ann@example.com");
    },
    act: press("Check…"), request: ["**/invites", "POST"],
  },
  "taking the people of another deal": {
    at: async ({ page, stack }) => {
      const last = await stack.newDeal({ name: "Last year" });
      const next = await stack.newDeal({ org: last.org });
      await last.seat(`ann@${last.org}.example`);
      await enter(page, next.manager, `${next.path}/invite`);
      await press("From another deal")({ page });
      await page.getByRole("button", { name: "Add people" }).waitFor();
    },
    act: press("Add people"), request: ["**/seats?status=accepted*", "GET"],
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
    act: inDialog("Save"), request: ["**/api/deals/*", "PATCH"], inForm: true,
  },
  "creating a deal": {
    at: admin,
    prepare: async ({ page, hand }) => {
      await press("New deal")({ page });
      await hand.write("textbox", "Subscription", "Evening", page.getByRole("dialog"));
      await hand.write("textbox", "Seats", "30", page.getByRole("dialog"));
    },
    act: inDialog("Create deal"), request: ["**/api/deals", "POST"], inForm: true,
  },
  "ending a deal": { at: admin, prepare: ask("End now Unlimited"), act: inDialog("End deal now"), request: ["**/api/deals/*", "PATCH"] },
  "deleting a deal": { at: admin, prepare: ask("Delete Unlimited"), act: inDialog("Delete deal"), request: ["**/api/deals/*", "DELETE"] },
  "saving reminders": {
    at: async ({ page, stack }) => {
      const deal = await stack.newDeal();
      await enter(page, deal.manager, `${deal.path}/settings`);
      await page.getByRole("button", { name: "Save reminders" }).waitFor();
    },
    act: press("Save reminders"), request: ["**/reminders", "PUT"], done: said("Reminders saved."),
  },
  "switching the daily email": {
    at: async ({ page, stack }) => {
      const deal = await stack.newDeal();
      await stack.newDeal({ org: deal.org });
      await enter(page, deal.manager, "/deals");
      await page.getByText("Daily email about deals that need your attention").click();
      await page.getByRole("button", { name: "Switch on" }).waitFor();
    },
    act: press("Switch on"), request: ["**/api/me/digest", "PUT"],
  },
  "accepting": { at: invitation("ann@home.example"), act: press("Accept as ann@home.example"), request: ["**/api/invites/accept", "POST"] },
  "declining": { at: invitation(), act: press("No thanks"), request: ["**/api/invites/decline", "POST"] },
  "asking for a seat": { at: invitation(), act: press("Ask for a seat"), request: ["**/api/invites/ask", "POST"] },
  "stopping invites": { at: invitation(), act: press("Not me / stop inviting me"), request: ["**/api/invites/opt-out", "POST"] },
  "allowing invites": {
    at: async (window) => {
      await invitation()(window);
      await press("Not me / stop inviting me")(window);
      await window.page.getByRole("button", { name: "Allow invites again" }).waitFor();
    },
    act: press("Allow invites again"), request: ["**/api/invites/opt-in", "POST"],
  },
  "unsubscribing": {
    at: ({ page }) => page.goto(`/unsubscribe#${"a".repeat(64)}`), act: press("Stop inviting me"), request: ["**/unsubscribe/*", "POST"],
    expect: [answered(404)],
  },
};

for (const [what, { at, prepare, act, request, done, inForm = false, expect = [] }] of Object.entries(ACTIONS)) {
  check.detail(`nothing moves during ${what}`, { expect }, async (window) => {
    const { page } = window;
    await at(window);
    const rest = await positionsAtEachWidth(page);
    await prepare?.(window);
    // A dialog that asks is closed when the request begins.
    const asks = !inForm && (await page.getByRole("dialog").count()) > 0;
    const before = asks ? rest : await positionsAtEachWidth(page);
    const { arrived, release } = await hold(page, ...request);
    await act(window);
    await arrived;
    assert.deepEqual(await positionsAtEachWidth(page), before, "during");
    assert.ok((await page.locator("[aria-busy=true]").count()) > 0 || (await page.getByRole("progressbar").count()) > 1, "the page shows that something is pending");
    release();
    if (!done) return;
    await done(window);
    const after = await positionsAtEachWidth(page);
    const moved = WIDTHS.flatMap((width) => before[width].filter((position) => !after[width].includes(position)));
    assert.deepEqual(moved, [], "after");
  });
}

check.detail("the second press of a double click selects no text of what the first one brought", {}, async ({ page, stack, hand }) => {
  await invite({ page, stack, hand });
  await page.getByRole("button", { name: "Remove jo@gmial.com" }).click();
  await page.getByRole("button", { name: "Send 2 invites" }).click();
  const brought = page.getByRole("heading", { name: "2 people invited" });
  /** Presses once more where a text is now, as a part of a double click. */
  const pressAgain = async (clickCount) => {
    const { x, y } = await brought.boundingBox();
    await page.mouse.move(x + 20, y + 10);
    for (const part of ["down", "up"]) await page.mouse[part]({ clickCount });
  };
  await brought.waitFor();
  await pressAgain(2);
  assert.equal(await page.evaluate(() => String(getSelection())), "");
  // A double click in a text still selects a word.
  await pressAgain(1);
  await pressAgain(2);
  assert.equal(await page.evaluate(() => String(getSelection()).trim()), "people");
});

check.detail("a deal's buttons are in one line, and ended and pending have colours of their own", {}, async ({ page, stack }) => {
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

check.detail("the chevron of a text that unfolds follows its words", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/invite`);
  const gap = await page.getByText("Emails not arriving?").evaluate((summary) => {
    const words = new Range();
    words.selectNodeContents(summary);
    return summary.getBoundingClientRect().right - words.getBoundingClientRect().right;
  });
  assert.ok(gap < 40, `${gap} px after the words`);
});

check.detail("Stop keeps clear of the progress bar, and a card of a list is low", {}, async ({ another, stack }) => {
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

/** In the page: which texts of a table lie over others, and which lie outside the window. */
function misplaced(table) {
  const texts = document.createTreeWalker(table.tBodies[0], NodeFilter.SHOW_TEXT);
  const boxes = [];
  while (texts.nextNode()) {
    const range = new Range();
    range.selectNodeContents(texts.currentNode);
    for (const { left, top, right, bottom } of range.getClientRects()) boxes.push({ left, top, right, bottom, text: texts.currentNode.textContent });
  }
  const covers = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4;
  return [
    ...boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => covers(a, b)).map((b) => `${a.text} over ${b.text}`)),
    ...boxes.filter(({ left, right }) => left < 0 || right > innerWidth).map(({ text }) => `${text} outside`),
  ];
}

check.detail("on a phone, a long address lies over no other text", {}, async ({ another, stack }) => {
  const { page, hand } = await another({ viewport: { width: 390, height: 844 } });
  const deal = await stack.newDeal();
  const long = `${"a".repeat(60)}@${"b".repeat(60)}.example`;
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.paste("textbox", "Addresses", `Ann Example <${long}>\nBob Example <nobody@>`);
  await page.getByRole("heading", { name: "1 will be invited, 1 is not an address" }).waitFor();
  assert.deepEqual(await page.getByRole("table", { name: "What will happen" }).evaluate(misplaced), []);
  await hand.press("button", "Send 1 invite");
  await hand.press("link", "See the deal’s seats");
  await page.getByRole("rowheader", { name: long }).waitFor();
  assert.deepEqual(await page.getByRole("table", { name: "Invites" }).evaluate(misplaced), []);
});

check.detail("a long address breaks after its @ and its dots, not within a word", {}, async ({ page, stack }) => {
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

check.detail("at 1280 px, an address has one line, the actions have two, and a row is low", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  const emails = ["anna.mueller@acme.example", "bob@acme.example", "cat@acme.example"];
  await deal.invite(emails.map((email, index) => (index === 0 ? { email, name: "Anna Müller" } : email)));
  await stack.event(emails[1], "bounce");
  await stack.event(emails[2], "delivery");
  await enter(page, deal.manager, deal.path);
  await page.getByText("Pending – not delivered").waitFor();
  const rowOf = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
  const tops = (places) => new Set(places.map(({ top }) => Math.round(top))).size;
  const places = (all) => all.map((element) => element.getBoundingClientRect()).map(({ top, height }) => ({ top, height }));
  for (const email of emails) {
    const [address] = await rowOf(email).getByRole("rowheader").locator("> span").evaluateAll(places);
    assert.ok(address.height < 30, `${email} is ${address.height} px high`);
    const buttons = await rowOf(email).getByRole("button").evaluateAll(places);
    assert.deepEqual([buttons.length, tops(buttons)], [4, 2], `the actions of ${email}`);
  }
  const { height } = await rowOf(emails[0]).boundingBox();
  assert.ok(height <= 66, `a row of ${height} px`);
});

check.detail("at 1280 px, a history starts under the address, with and without checkboxes", {}, async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.seat("ann@acme.example");
  await enter(page, deal.manager, deal.path);
  for (const list of ["All 1", "Accepted 1"]) {
    await page.getByRole("link", { name: list }).click();
    await page.getByRole("columnheader", { name: "Select" }).waitFor({ state: list === "All 1" ? "attached" : "detached" });
    await page.getByRole("button", { name: "History of the invite to ann@acme.example" }).click();
    const history = await page.getByRole("list", { name: /^History/ }).boundingBox();
    const address = await page.getByRole("rowheader").locator("> span").boundingBox();
    assert.equal(history.x, address.x, list);
    await page.reload();
  }
});

check.detail("on a phone, the lower edge of a list of people fades while more follow", {}, async ({ another, stack }) => {
  const { page, hand } = await another({ viewport: { width: 390, height: 844 } });
  const deal = await stack.newDeal();
  await deal.invite(addresses("ann", 12));
  await enter(page, deal.manager, deal.path);
  await hand.press("checkbox", "Select all on this page");
  await hand.press("button", "Resend selected");
  const list = page.getByRole("dialog").getByRole("region", { name: "People" });
  const edge = async () => {
    const { x, y, width, height } = await list.boundingBox();
    return page.screenshot({ clip: { x, y: y + height - 30, width, height: 30 } });
  };
  const faded = await edge();
  await page.evaluate(() => {
    const style = new CSSStyleSheet();
    style.replaceSync(".people::after { visibility: hidden }");
    document.adoptedStyleSheets = [style];
  });
  assert.ok(!faded.equals(await edge()));
});

check.detail("where the table is narrow, addresses still break at their dots", { viewport: { width: 1000, height: 900 } }, async ({ page, stack }) => {
  await seats({ page, stack });
  const { height } = await page.getByRole("rowheader", { name: "ann@example.com" }).boundingBox();
  assert.ok(height <= 90, `a row of ${height} px`);
});

check.detail("on a phone, a message is the lower edge of the page, and goes when the person goes on", { viewport: PHONE, hasTouch: true }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const emails = addresses(`m${deal.org}-`, 8);
  await deal.invite(emails);
  await enter(page, deal.manager, deal.path);
  const notice = page.locator(".message .notice");
  const ways = {
    "a press on a control": () => hand.press("button", `History of the invite to ${emails[0]}`),
    "a swipe": () => page.evaluate(() => {
      const at = { bubbles: true, touches: [new Touch({ identifier: 1, target: document.body, clientX: 9, clientY: 9 })] };
      for (const type of ["touchstart", "touchmove"]) document.body.dispatchEvent(new TouchEvent(type, at));
    }),
    "the way back": () => page.goBack(),
  };
  for (const [index, [way, goOn]] of Object.entries(ways).entries()) {
    await hand.press("link", /^Pending/);
    await hand.press("button", `Resend invite to ${emails[index]}`);
    await notice.getByText(`A new invite to ${emails[index]} is on its way.`).waitFor();
    const { x, y, width, height } = await notice.boundingBox();
    assert.deepEqual([x, width, y + height], [0, PHONE.width, PHONE.height]);
    // The last row can be scrolled clear of it.
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    const last = await page.getByRole("button", { name: /^History of/ }).last().boundingBox();
    assert.ok(last.y + last.height < y, "the last row is clear of the message");
    await goOn();
    await notice.waitFor({ state: "detached" }).catch(() => assert.fail(`${way} closes the message`));
  }
});

check.detail("on a phone, each value of a deal is beside its label", {}, async ({ another, stack }) => {
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

/** In the page: whether all of an element is in the window, and nothing lies over its corners. */
function inWindow(element) {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return false;
  return [top + 3, bottom - 3].every((y) => element.contains(document.elementFromPoint((left + right) / 2, y)));
}

check.detail("on a low phone, a long question and its long result keep their buttons in the window", {}, async ({ another, stack }) => {
  const { page, hand } = await another({ viewport: { width: 390, height: 600 } });
  const deal = await stack.newDeal({ seats: 1 });
  const long = [1, 2, 3, 4].map((n) => `a.person.with.many.names.${n}@${"a.large.organisation.".repeat(3)}example.com`);
  const bounced = [1, 2, 3, 4].map((n) => `bounce+${n}.${deal.org}@simulator.amazonses.com`);
  await deal.invite([...long, ...bounced]);
  await deal.seat("zoe@example.com");
  await until("the bounces", async () => (await deal.rows("undelivered")).length === bounced.length);
  await enter(page, deal.manager, `${deal.path}?status=pending`);
  await hand.press("checkbox", "Select all on this page");
  await hand.press("button", "Resend selected");
  const question = page.getByRole("dialog", { name: /^Resend \d+ invites\?$/ });
  await question.waitFor();
  for (const part of [question.getByRole("heading"), ...(await question.getByRole("button").all())]) assert.ok(await part.evaluate(inWindow), await part.innerText());
  await question.getByRole("button", { name: /^Resend/ }).click();
  const message = page.locator(".message").filter({ hasText: "resent:" });
  await message.waitFor();
  await page.setViewportSize({ width: 390, height: 400 });
  await message.locator("p").first().evaluate((text) => text.scrollTo(0, text.scrollHeight));
  for (const part of await message.getByRole("button").all()) assert.ok(await part.evaluate(inWindow), await part.innerText());
});

check.detail("on a low phone, a form keeps its title and its buttons in the window", {}, async ({ another, stack }) => {
  const { page, hand } = await another({ viewport: { width: 390, height: 600 } });
  await admin({ page, stack });
  await hand.press("button", "New deal");
  const form = page.getByRole("dialog", { name: "New deal" });
  for (const part of [form.getByRole("heading"), ...(await form.getByRole("button").all())]) assert.ok(await part.evaluate(inWindow), await part.innerText());
});

check.detail("on a page of one card, the logo is above its edge", {}, async ({ page }) => {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`/unsubscribe#${"a".repeat(64)}`);
    const card = page.locator(".card");
    const [logo, edge] = [await page.locator(".bar img").boundingBox(), await card.boundingBox()];
    assert.equal(logo.x, edge.x, `at ${width} px`);
  }
});
