/** What each page and each action says when an answer is no answer, has another shape, never comes, or asks to wait. */
import assert from "node:assert/strict";
import { answered, chooseAccount, enter, Keyboard } from "./browser.mjs";
import { ADMIN, tokenOf, until } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

/** Gives the test the time limits of the page's requests, so that it need not wait for them. */
const holdTimeLimits = () => {
  globalThis.limits = [];
  AbortSignal.timeout = () => {
    const limit = new AbortController();
    globalThis.limits.push(limit);
    return limit.signal;
  };
};
const endTimeLimits = () => globalThis.limits.forEach((limit) => limit.abort());

const unavailable = (wait) => ({
  status: 503, contentType: "application/problem+json", headers: { "retry-after": String(wait) },
  json: { type: "urn:seatkeeper:problem:unavailable", title: "Unavailable", status: 503, code: "unavailable", detail: "Seatkeeper is not available right now." },
});

/**
 * What comes instead of an answer, and what the pages say of it. Neighbours have different words.
 * @type {[((route: any) => Promise<void>) | "slow", string][]}
 */
const FAULTS = [
  [(route) => route.fulfill({ contentType: "text/html", body: "<h1>Welcome to the guest network</h1>" }), "Seatkeeper’s answer could not be read"],
  ["slow", "Seatkeeper did not answer in time"],
  [(route) => route.fulfill({ json: { deals: "none" } }), "Seatkeeper’s answer could not be read"],
  [(route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }), "Seatkeeper is not available right now"],
  [(route) => route.abort("internetdisconnected"), "Can’t connect to Seatkeeper"],
];
const EXPECTED = [answered(503), /ERR_INTERNET_DISCONNECTED/];

/** Makes each fault happen to a request. `act` sends it, and `see` looks at what the page says then. */
async function breakEach(page, url, matches, act, see) {
  let asked;
  let fault;
  await page.route(url, (route) => {
    if (!matches(route.request())) return route.fallback();
    asked = true;
    return fault === "slow" ? undefined : fault(route);
  });
  for (const [place, [answer, words]] of FAULTS.entries()) {
    asked = false;
    fault = answer;
    await act(place);
    await until(`request ${place + 1}`, () => asked);
    if (fault === "slow") await page.evaluate(endTimeLimits);
    await see(words);
    // A button that is busy takes no press.
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
  }
  await page.unroute(url);
}

/**
 * Each page, the request that it depends on, and what shows that the page has loaded.
 * @type {[string, (deal: any, stack: any) => any, string, any, string | RegExp][]}
 */
const PAGES = [
  ["Deals", () => "/deals", "**/api/deals", "row", /Unlimited/],
  ["Deal seats", (deal) => deal.path, "**/api/deals/*/seats*", "rowheader", /ann@/],
  ["Invite people", (deal) => `${deal.path}/invite`, "**/api/deals/*/counts", "textbox", "Addresses"],
  ["Reminders", (deal) => `${deal.path}/settings`, "**/api/deals/*", "textbox", "First reminder after"],
  ["Deals admin", (deal) => `/admin?organisation=${deal.org}`, "**/api/deals?organisation=*", "row", /Unlimited/],
  ["organisations", () => "/admin", "**/api/organisations", "row", /Hill & Dale/],
  ["accept", async (deal, stack) => `/accept#${tokenOf(await stack.linkTo(`ann@${deal.org}.example`))}`, "**/api/invites/preview", "heading", /invites you/],
];
const FOR_ADMINS = ["Deals admin", "organisations"];
for (const [name, path, request, role, content] of PAGES) {
  check.detail(`the ${name} page survives every kind of broken answer`, { expect: EXPECTED, hands: [Keyboard] }, async ({ context, page, stack, hand }) => {
    const deal = await stack.newDeal();
    await deal.invite([`ann@${deal.org}.example`]);
    await context.addInitScript(holdTimeLimits);
    const says = (words) => page.getByText(words).first().waitFor();
    const address = await path(deal, stack);
    const open = () => (name === "accept" ? page.goto(address) : enter(page, FOR_ADMINS.includes(name) ? ADMIN : deal.manager, address));
    await breakEach(page, request, () => true, (place) => (place === 0 ? open() : hand.press("button", "Try again")), says);

    let attempts = 0;
    await page.route(request, (route) => (attempts++ === 0 ? route.fulfill(unavailable(5)) : route.continue()));
    // The countdown is soon over, so the wait for it comes first.
    await Promise.all([says(/Trying again in\s\d\sseconds?\./), hand.press("button", "Try again")]);
    await page.getByRole(role, { name: content }).first().waitFor();
  });
}

for (const [what, request] of [["settings", "**/config.json"], ["issuer", "**/oidc/.well-known/*"], ["issuer’s tokens", "**/oidc/token"]]) {
  check.detail(`a sign-in that gets no proper answer from the ${what} says so`, { expect: EXPECTED }, async ({ context, page, stack, hand }) => {
    const deal = await stack.newDeal();
    await context.addInitScript(holdTimeLimits);
    await breakEach(page, request, () => true, async (place) => {
      // The page stays, unless the issuer has redirected to it.
      if (place === 0) await page.goto("/");
      await hand.press("button", "Sign in");
      // Later, the issuer remembers the person.
      if (place > 0 || !request.endsWith("token")) return;
      await hand.write("textbox", "Any other address", deal.manager);
      await hand.press("button", "Sign in");
    }, () => page.getByRole("alert").filter({ hasText: "The sign-in service did not answer properly. Check your internet connection, then try again." }).waitFor());
    await hand.press("button", "Sign in");
    await chooseAccount(page, hand, deal.manager);
    await page.getByRole("button", { name: "Sign out" }).waitFor();
  });
}

const ANN = "ann@a-school.example";
const BOB = "bob@a-school.example";
const seats = async ({ page, stack }) => {
  const deal = await stack.newDeal();
  await deal.seat(BOB);
  await stack.fault("reject", 1);
  await deal.invite([ANN]);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("rowheader", { name: ANN }).waitFor();
};
const selected = async (window) => {
  await seats(window);
  await window.page.getByRole("checkbox", { name: "Select all on this page" }).check();
};
const list = async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.write("textbox", "Addresses", `${ANN}, ${BOB}`);
};
const checked = async (window) => {
  await list(window);
  await window.hand.press("button", "Check…");
  await window.page.getByRole("heading", { name: "2 will be invited" }).waitFor();
};
const admin = async ({ page, stack }) => {
  const { org } = await stack.newDeal();
  await enter(page, ADMIN, `/admin?organisation=${org}`);
  await page.getByRole("button", { name: "Resize Unlimited" }).waitFor();
};
const invitation = async ({ page, stack, hand }, answer) => {
  const deal = await stack.newDeal({ seats: 1 });
  await deal.invite([`ann@${deal.org}.example`]);
  if (answer === "ask") await deal.seat(`bob@${deal.org}.example`);
  await page.goto(await stack.linkTo(`ann@${deal.org}.example`));
  if (answer === "accept") {
    await hand.press("button", "Sign in to accept");
    await chooseAccount(page, hand, "ann@home.example");
  }
  if (answer === "opt-in") await hand.press("button", "Not me / stop inviting me");
};
const press = (...names) => async ({ page, hand }) => {
  for (const [place, name] of names.entries()) await hand.press("button", name, place > 0 ? page.getByRole("dialog") : page);
};
const fill = (opener, values, action) => async ({ page, hand }) => {
  await hand.press("button", opener);
  const form = page.getByRole("dialog");
  for (const [label, value] of Object.entries(values)) await hand.write("textbox", label, value, form);
  await hand.press("button", action, form);
};
const dryRun = (is) => (request) => request.method() === "POST" && request.postDataJSON().dryRun === is;
const SAVED = "We don’t know whether this was saved. Try again";
const UNSAVED = "This was not saved. Try again.";

/**
 * Each action: its request, the buttons that send it, and what the page says of it besides the fault. `again` sends it
 * again, if not “Try again”. A form does not tell one fault from another.
 */
const ACTIONS = {
  "resending an invite": { at: seats, act: press(`Resend invite to ${ANN}`), request: ["**/resend", "POST"], says: `The resend to ${ANN} has not gone through.` },
  "cancelling an invite": { at: seats, act: press(`Cancel invite to ${ANN}`, "Cancel invite"), request: ["**/invites/*", "DELETE"], says: `The cancellation of the invite to ${ANN} has not gone through.` },
  "de-allocating a seat": { at: seats, act: press(`De-allocate seat of ${BOB}`, "De-allocate seat"), request: ["**/seats/*", "DELETE"], says: `The de-allocation of the seat of ${BOB} has not gone through.` },
  "correcting an address": {
    at: seats, request: ["**/invites/*", "PATCH"], says: `The correction of ${ANN} has not gone through.`,
    act: async ({ hand }) => {
      await hand.press("button", `Correct address ${ANN}`);
      await hand.write("textbox", "Correct address", "ann@b-school.example");
      await hand.press("button", "Correct and send");
    },
  },
  "checking a corrected address": {
    at: seats, again: "Correct and send", request: ["**/invites", dryRun(true)], says: "The address was not checked, and nothing was sent.",
    act: async ({ hand }) => {
      await hand.press("button", `Correct address ${ANN}`);
      await hand.write("textbox", "Correct address", "ann@b-school.example");
      await hand.press("button", "Correct and send");
    },
  },
  "resending many invites": { at: selected, act: press("Resend selected", "Resend 1 invite"), request: ["**/invites/resend", "POST"], says: `1 invite is not resent yet: ${ANN}.` },
  "cancelling many invites": { at: selected, act: press("Cancel selected", "Cancel 1 invite"), request: ["**/invites/cancel", "POST"], says: `1 invite is not cancelled yet: ${ANN}.` },
  "downloading a list": { at: seats, act: press("Download CSV"), request: ["**/seats.csv", "GET"], says: "No file was saved." },
  "reading a history": { at: seats, act: press(`History of the invite to ${ANN}`), request: ["**/invites/*", "GET"] },
  "checking a list": { at: list, act: press("Check…"), request: ["**/invites", dryRun(true)], says: "The addresses were not checked, and nothing was sent." },
  "sending a list": {
    at: checked, act: press("Send 2 invites"), again: "Continue", request: ["**/invites", dryRun(false)],
    see: ({ page }) => page.getByText("No answer came for 2 invites, which may have been sent. “Continue” first finds out who was invited, and sends the others.").waitFor(),
  },
  "adding the people of another deal": {
    request: ["**/seats?status=accepted*", "GET"], says: "Nobody was added.",
    at: async ({ page, stack, hand }) => {
      const last = await stack.newDeal({ name: "Last year" });
      const next = await stack.newDeal({ org: last.org });
      await last.seat(`ann@${last.org}.example`);
      await enter(page, next.manager, `${next.path}/invite`);
      await hand.press("button", "From another deal");
    },
    act: press("Add people"),
  },
  "loading a deal to change it": { at: admin, act: press("Resize Unlimited"), request: ["**/api/deals/*", "GET"], says: "Unlimited of Hill & Dale could not be loaded. Nothing was changed." },
  "ending a deal": { at: admin, act: press("End now Unlimited", "End deal now"), request: ["**/api/deals/*", "PATCH"], says: "Ending Unlimited of Hill & Dale has not gone through." },
  "deleting a deal": { at: admin, act: press("Delete Unlimited", "Delete deal"), request: ["**/api/deals/*", "DELETE"], says: "Deleting Unlimited of Hill & Dale has not gone through." },
  "resizing a deal": { at: admin, act: fill("Resize Unlimited", { Seats: "30" }, "Resize"), again: "Resize", request: ["**/api/deals/*", "PATCH"], says: UNSAVED },
  "editing a deal": { at: admin, act: fill("Edit Unlimited", { Subscription: "Evening" }, "Save"), again: "Save", request: ["**/api/deals/*", "PATCH"], says: UNSAVED },
  "creating a deal": { at: admin, act: fill("New deal", { Subscription: "Evening", Seats: "30" }, "Create deal"), again: "Create deal", request: ["**/api/deals", "POST"], says: SAVED },
  "saving reminders": {
    act: press("Save reminders"), request: ["**/reminders", "PUT"], says: "The reminders were not saved.",
    at: async ({ page, stack, hand }) => {
      const deal = await stack.newDeal();
      await enter(page, deal.manager, `${deal.path}/settings`);
      await hand.write("textbox", "First reminder after", "5");
    },
  },
  "switching the daily email": {
    act: press("Switch on"), request: ["**/api/me/digest", "PUT"], says: "We don’t know whether the daily email was switched on.",
    at: async ({ page, stack }) => {
      const deal = await stack.newDeal();
      await enter(page, deal.manager, "/deals");
      await page.getByText("Daily email about deals that need your attention").click();
    },
  },
  "accepting": { at: (window) => invitation(window, "accept"), act: press("Accept as ann@home.example"), request: ["**/api/invites/accept", "POST"], says: "“Accept” has not gone through." },
  "declining": { at: (window) => invitation(window, "decline"), act: press("No thanks"), request: ["**/api/invites/decline", "POST"], says: "“No thanks” has not gone through." },
  "asking for a seat": { at: (window) => invitation(window, "ask"), act: press("Ask for a seat"), request: ["**/api/invites/ask", "POST"], says: "“Ask for a seat” has not gone through." },
  "stopping invites": { at: (window) => invitation(window, "opt-out"), act: press("Not me / stop inviting me"), request: ["**/api/invites/opt-out", "POST"], says: "“Not me / stop inviting me” has not gone through." },
  "allowing invites": { at: (window) => invitation(window, "opt-in"), act: press("Allow invites again"), request: ["**/api/invites/opt-in", "POST"], says: "“Allow invites again” has not gone through." },
  "unsubscribing": { at: ({ page }) => page.goto(`/unsubscribe#${"a".repeat(64)}`), act: press("Stop inviting me"), request: ["**/unsubscribe/*", "POST"], says: "The invites may have been stopped. Trying again is safe." },
};
for (const [what, { at, act, again = "Try again", request: [url, by], says = "", see }] of Object.entries(ACTIONS)) {
  check.detail(`${what} without a proper answer says what happened, to whom, and what to do`, { expect: EXPECTED, hands: [Keyboard] }, async ({ context, page, stack, hand }) => {
    const window = { page, stack, hand };
    await context.addInitScript(holdTimeLimits);
    await at(window);
    const matches = typeof by === "string" ? (request) => request.method() === by : by;
    await breakEach(page, url, matches, (place) => (place === 0 ? act(window) : hand.press("button", again)), async (words) => {
      const alert = page.getByRole("alert").filter({ hasText: says });
      await ([SAVED, UNSAVED].includes(says) ? alert : alert.filter({ hasText: words }).filter({ hasText: /try again|trying again|then reload this page/i })).waitFor();
      await see?.(window);
      await page.getByRole("button", { name: again, exact: true }).waitFor();
    });
  });
}

check("an action that meets the end of the session says that it was not done, and to whom", { expect: [answered(401)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  await selected({ page, stack, hand });
  await page.route("**/resend", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }));
  await hand.press("button", `Resend invite to ${ANN}`);
  await page.getByRole("alert").filter({ hasText: `The resend to ${ANN} failed. Sign in again, then repeat it.` }).waitFor();
  assert.equal(await page.getByText("Your session has ended.").count(), 1);
});

check.detail("an action that is told to wait counts down, and waits for the person", { expect: [answered(503)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await page.route("**/resend", (route) => route.fulfill(unavailable(1)), { times: 1 });
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Resend invite to ann@example.com");
  await page.getByText("You can try again now.").waitFor();
  await hand.press("button", "Try again");
  await page.getByText("A new invite to ann@example.com is on its way.").first().waitFor();
});

check.detail("a read within an action, too, waits for the person before the action goes on", { expect: [answered(503), /ERR_INTERNET_DISCONNECTED/], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite([ANN]);
  await enter(page, deal.manager, deal.path);
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  let sent = 0;
  await page.route("**/invites/resend", async (route) => {
    sent += 1;
    const response = await route.fetch();
    await (sent === 1 ? route.abort("internetdisconnected") : route.fulfill({ response }));
  });
  const reading = (answer) => page.route("**/invites/*", (route) => (route.request().method() === "GET" ? answer(route) : route.fallback()));
  await reading((route) => route.abort("internetdisconnected"));
  await press("Resend selected", "Resend 1 invite")({ page, hand });
  await page.getByText(`No answer came for ${ANN}`).waitFor();
  // The second attempt is refused, and the page reads the invite to find out why.
  await page.unroute("**/invites/*");
  await reading((route) => route.fulfill(unavailable(1)));
  await hand.press("button", "Try again");
  await page.getByText("You can try again now.").waitFor();
  assert.equal(sent, 2);
  await page.unroute("**/invites/*");
  await hand.press("button", "Try again");
  await page.getByText("1 invite resent").first().waitFor();
});

check.detail("a form opens only by the person's hand, and no other takes its place", { expect: [answered(503)] }, async ({ page, stack, hand }) => {
  await admin({ page, stack });
  await page.route("**/api/deals/*", (route) => route.fulfill(unavailable(1)), { times: 1 });
  await hand.press("button", "Resize Unlimited");
  await page.getByText("You can try again now.").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  let answer = (_) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route("**/api/deals/*", async (route) => {
    await asked;
    await route.continue();
  }, { times: 1 });
  await hand.press("button", "Try again");
  await hand.press("button", "New deal");
  const loaded = page.waitForResponse("**/api/deals/*");
  answer();
  await (await loaded).finished();
  await page.waitForLoadState("networkidle");
  await page.getByRole("dialog", { name: "New deal" }).waitFor();
});

check.detail("a check that failed after a reload leaves no row “Checking…”", { expect: EXPECTED, hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await enter(page, deal.manager, `${deal.path}/invite`);
  await hand.paste("textbox", "Addresses", `${ANN}\n${BOB}`);
  await page.getByRole("heading", { name: "2 will be invited" }).waitFor();
  await page.route("**/invites", (route) => route.fulfill({ status: 503, json: { message: "Service Unavailable" } }));
  await page.reload();
  await chooseAccount(page, hand, deal.manager);
  await page.getByRole("alert").filter({ hasText: "The addresses were not checked" }).waitFor();
  await page.getByRole("heading", { name: "Not checked" }).waitFor({ timeout: 5000 });
  await page.getByText("Checking…").waitFor({ state: "detached" });
  await page.unroute("**/invites");
  await hand.press("button", "Try again");
  await page.getByRole("heading", { name: "2 will be invited" }).waitFor();
});

check("a page that fails leaves a way on", { expect: [/Invalid time value/], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await page.route("**/api/deals/*/seats*", async (route) => {
    const body = await (await route.fetch()).json();
    await route.fulfill({ json: { ...body, deal: { ...body.deal, endsAt: "soon" } } });
  }, { times: 1 });
  await enter(page, deal.manager, deal.path);
  await page.getByRole("heading", { level: 1, name: "Something went wrong" }).waitFor();
  await page.getByRole("button", { name: "Reload the page" }).waitFor();
  await hand.press("link", "Deals");
  await page.getByRole("row", { name: /Unlimited/ }).waitFor();
});
