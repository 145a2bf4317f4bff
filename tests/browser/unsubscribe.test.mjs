/** The page that a mail program opens to unsubscribe: one button, where its id goes, and the way back. */
import assert from "node:assert/strict";
import { answered, Keyboard, PHONE } from "./browser.mjs";
import { tokenOf } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

const ID = "b".repeat(64);
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
/** The id of a manager's daily email. */
const DIGEST = `digest-${"b".repeat(64)}`;
const OFF = { json: { on: false } };
const STOPPED = { json: { organisation: { id: "hill", name: "Hill & Dale" }, optedOut: true } };
const problem = (status, code) => ({ status, contentType: "application/problem+json", json: { code, status, title: "", detail: "Seatkeeper is not available right now." } });

/** Answers the page's requests one after another, without an answer if it is undefined, and returns them. */
async function answers(page, ...list) {
  const requests = [];
  await page.route("**/api/*/unsubscribe/*", (route) => {
    requests.push(route.request());
    const answer = list.shift();
    return answer ? route.fulfill(answer) : route.abort("internetdisconnected");
  });
  return requests;
}

check.detail("the address in the mail's header leads to the page, and the mail's link to the way back", { viewport: PHONE }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const email = `ann@${deal.org}.example`;
  await deal.invite([email]);
  const link = await stack.linkTo(email);
  const headers = Object.entries((await stack.mails(email))[0].headers);
  const [, value] = headers.find(([name]) => name.toLowerCase() === "list-unsubscribe");
  await page.goto(/<(\S+)>/.exec(value)[1]);
  await heading(page, "Stop these invites?");
  assert.equal(page.url(), `${stack.url}/unsubscribe`);
  const optedOut = async () => (await deal.api("GET", `/invites/${(await deal.row(email)).id}`)).optedOut;
  assert.equal(await optedOut(), false);
  await hand.press("button", "Stop inviting me");
  await heading(page, "You get no more invites from Hill & Dale");
  assert.equal(await optedOut(), true);
  await page.goto(`/accept#${tokenOf(link)}`);
  await hand.press("button", "Allow invites again");
  await page.getByText("Hill & Dale can send you invites again.").waitFor();
  assert.equal(await optedOut(), false);
});

check("one button stops the invites, and the page says the way back", { viewport: PHONE, hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const posted = await answers(page, STOPPED);
  const addresses = [];
  page.on("request", (request) => addresses.push(request.url().replace(stack.url, ""), page.url().replace(stack.url, "")));
  await page.goto(`/unsubscribe#${ID}`);
  await heading(page, "Stop these invites?");
  await page.waitForLoadState("networkidle");
  assert.equal(page.url(), `${stack.url}/unsubscribe`);
  assert.deepEqual(posted, [], "opening the page changes nothing");
  await page.reload();
  await hand.press("button", "Stop inviting me");
  await heading(page, "You get no more invites from Hill & Dale");
  const undo = page.getByText("Open the link in the invitation email again, or paste it here, and press “Allow invites again”.");
  await undo.waitFor();
  assert.deepEqual(posted.map((request) => [request.method(), request.postData()]), [["POST", "List-Unsubscribe=One-Click"]]);
  assert.match(posted[0].headers()["content-type"], /^application\/x-www-form-urlencoded/);
  const carriers = addresses.filter((address) => address.includes(ID) && !address.startsWith("/unsubscribe#"));
  assert.deepEqual(carriers, [`/api/invites/unsubscribe/${ID}`]);
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), new RegExp(ID));
  await page.reload();
  await heading(page, "You get no more invites from Hill & Dale");
  await undo.waitFor();
  await hand.press("link", "paste it here");
  await heading(page, "Open the link in your email");
  // The next email is a question of its own.
  await page.goto(`/unsubscribe#${ID}`);
  await heading(page, "Stop these invites?");
});

check.detail("“paste it here” leads to the box, also where this tab has shown another invite", { hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const deal = await stack.newDeal();
  const email = `ann@${deal.org}.example`;
  await deal.invite([email]);
  await page.goto(`/accept#${tokenOf(await stack.linkTo(email))}`);
  await heading(page, "Hill & Dale invites you to Unlimited");
  await answers(page, STOPPED);
  await page.goto(`/unsubscribe#${ID}`);
  await hand.press("button", "Stop inviting me");
  await hand.press("link", "paste it here");
  await page.getByRole("textbox", { name: "Link does not open? Paste it here" }).waitFor();
});

check.detail("without an id, the page says that it can change nothing, and how to stop each kind of email", { hands: [Keyboard] }, async ({ page, hand }) => {
  await page.goto("/unsubscribe");
  await heading(page, "Open the link in your email");
  await page.getByText("Without the link from an email, this page can change nothing.").waitFor();
  await page.getByText("To stop invites, open the link in your invitation email.").waitFor();
  await hand.press("link", "your deals page");
  await page.waitForURL("**/deals");
});

for (const [what, id, requests] of [["a part of its id is missing", "cut", 0], ["its id is unknown", ID, 1], ["the id of its daily email is unknown", DIGEST, 1]]) {
  check.detail(`if ${what}, the page says that nothing has changed, and what to do`, { expect: [answered(404)] }, async ({ page, hand }) => {
    const posted = await answers(page, problem(404, "unknown_invite"));
    await page.goto(`/unsubscribe#${id}`);
    if (requests) await hand.press("button", /^Stop/);
    await heading(page, "This link does not work");
    await page.getByText("Nothing has changed.").waitFor();
    await page.getByText("To stop invites, open the link in your invitation email.").waitFor();
    assert.equal(posted.length, requests);
  });
}

for (const [what, id, lost, answer, done, doubt] of /** @type {const} */ ([
  ["the invites", ID, "The invites may have been stopped.", STOPPED, "You get no more invites from Hill & Dale", "Were these invites stopped?"],
  ["the daily email", DIGEST, "The daily email may have been stopped.", OFF, "You get no more of these emails", "Was the daily email stopped?"],
])) {
  check.detail(`when no answer comes about ${what}, the page says so, and tries again`, { expect: [/ERR_INTERNET_DISCONNECTED/], hands: [Keyboard] }, async ({ page, hand }) => {
    const posted = await answers(page, undefined, { contentType: "text/html", body: "<h1>Welcome to the guest network</h1>" }, answer);
    await page.goto(`/unsubscribe#${id}`);
    await hand.press("button", /^Stop/);
    await page.locator(":focus", { hasText: `Can’t connect to Seatkeeper. ${lost} Trying again is safe.` }).waitFor();
    await hand.press("button", "Try again");
    await page.locator(":focus", { hasText: `Seatkeeper’s answer could not be read. ${lost} Trying again is safe. If this network asks you to sign in, do that first.` }).waitFor();
    assert.equal(await page.getByText("reload").count(), 0);
    await page.reload();
    await heading(page, doubt);
    await page.getByRole("status").filter({ hasText: `No answer came to the last attempt. ${lost} Trying again is safe.` }).waitFor();
    await hand.press("button", "Try again");
    await heading(page, done);
    assert.equal(posted.length, 3);
  });
}

check.detail("a refused request is said to have changed nothing", { expect: [answered(429)] }, async ({ page, hand }) => {
  await answers(page, { status: 429, json: { message: "Too Many Requests" } });
  await page.goto(`/unsubscribe#${ID}`);
  await hand.press("button", "Stop inviting me");
  await page.getByRole("alert").filter({ hasText: "Too many requests. This attempt changed nothing." }).waitFor();
  await page.reload();
  await heading(page, "Stop these invites?");
});

check("one button stops a manager's daily email, and the page leads to where it is switched on again", { viewport: PHONE, hands: [Keyboard] }, async ({ page, stack, hand }) => {
  const posted = await answers(page, OFF);
  await page.goto(`/unsubscribe#${DIGEST}`);
  await heading(page, "Stop the daily email?");
  assert.equal(page.url(), `${stack.url}/unsubscribe`);
  assert.deepEqual(posted, [], "opening the page changes nothing");
  await hand.press("button", "Stop the daily email");
  await heading(page, "You get no more of these emails");
  assert.deepEqual(posted.map((request) => [request.method(), request.url(), request.postData()]),
    [["POST", `${stack.url}/api/digests/unsubscribe/${DIGEST}`, "List-Unsubscribe=One-Click"]]);
  await page.reload();
  await heading(page, "You get no more of these emails");
  await hand.press("link", "Go to your deals");
  await page.waitForURL("**/deals");
});
