/** What each page says when an answer is no answer, has another shape, never comes, or asks to wait. */
import { answered, enter, Keyboard } from "./browser.mjs";
import { ADMIN, tokenOf } from "./stack.mjs";
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
 * Each page, the request that it depends on, and what shows that the page has loaded.
 * @type {[string, (deal: any, stack: any) => any, string, any, string | RegExp][]}
 */
const PAGES = [
  ["Deals", () => "/deals", "**/api/deals", "row", /Unlimited/],
  ["Deal seats", (deal) => deal.path, "**/api/deals/*/seats*", "rowheader", /ann@/],
  ["Invite people", (deal) => `${deal.path}/invite`, "**/api/deals/*/counts", "textbox", "Addresses"],
  ["Deals admin", (deal) => `/admin?organisation=${deal.org}`, "**/api/deals?organisation=*", "row", /Unlimited/],
  ["accept", async (deal, stack) => `/accept#${tokenOf(await stack.linkTo(`ann@${deal.org}.example`))}`, "**/api/invites/preview", "heading", /invites you/],
];
for (const [name, path, request, role, content] of PAGES) {
  check(`the ${name} page survives every kind of broken answer`, { expect: [answered(503)], hands: [Keyboard] }, async ({ context, page, stack, hand }) => {
    const deal = await stack.newDeal();
    await deal.invite([`ann@${deal.org}.example`]);
    await context.addInitScript(holdTimeLimits);
    const says = (words) => page.getByText(words).first().waitFor();
    let fault = (route) => route.fulfill({ contentType: "text/html", body: "<h1>Welcome to the guest network</h1>" });
    await page.route(request, (route) => fault(route));
    const address = await path(deal, stack);
    await (name === "accept" ? page.goto(address) : enter(page, name === "Deals admin" ? ADMIN : deal.manager, address));
    await says("Seatkeeper’s answer could not be read");
    fault = (route) => route.fulfill({ json: { deals: "none" } });
    await hand.press("button", "Try again");
    await says("Seatkeeper’s answer could not be read");

    fault = () => undefined;
    const asked = page.waitForRequest(request);
    await hand.press("button", "Try again");
    await asked;
    await page.evaluate(endTimeLimits);
    await says("Seatkeeper did not answer in time");

    let attempts = 0;
    fault = (route) => (attempts++ === 0 ? route.fulfill(unavailable(5)) : route.continue());
    // The countdown is soon over, so the wait for it comes first.
    await Promise.all([says(/Trying again in\s\d\sseconds?\./), hand.press("button", "Try again")]);
    await page.getByRole(role, { name: content }).first().waitFor();
  });
}

check("an action that is told to wait counts down, and waits for the person", { expect: [answered(503)], hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  await deal.invite(["ann@example.com"]);
  await page.route("**/resend", (route) => route.fulfill(unavailable(1)), { times: 1 });
  await enter(page, deal.manager, deal.path);
  await hand.press("button", "Resend invite to ann@example.com");
  await page.getByText("You can try again now.").waitFor();
  await hand.press("button", "Try again");
  await page.getByText("A new invite to ann@example.com is on its way.").first().waitFor();
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
