/** The page that a mail program opens to unsubscribe: one button, and where its id goes. */
import assert from "node:assert/strict";
import { answered, BOTH, PHONE } from "./browser.mjs";
import { suite } from "./suite.mjs";

const check = suite();

const ID = "b".repeat(64);
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const STOPPED = { json: { organisation: { id: "hill", name: "Hill & Dale" }, optedOut: true } };
const problem = (status, code) => ({ status, contentType: "application/problem+json", json: { code, status, title: "", detail: "Seatkeeper is not available right now." } });

/** Answers the page's requests one after another, and returns them. */
async function answers(page, ...list) {
  const requests = [];
  await page.route("**/api/invites/unsubscribe/*", (route) => {
    requests.push(route.request());
    return route.fulfill(list.shift());
  });
  return requests;
}

check("one button stops the invites, and the page says the way back", { viewport: PHONE, hands: BOTH }, async ({ page, stack, hand }) => {
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
  await page.getByText("To undo this, open that link and press “Allow invites again”.").waitFor();
  assert.deepEqual(posted.map((request) => [request.method(), request.postData()]), [["POST", "List-Unsubscribe=One-Click"]]);
  assert.match(posted[0].headers()["content-type"], /^application\/x-www-form-urlencoded/);
  const carriers = addresses.filter((address) => address.includes(ID) && !address.startsWith("/unsubscribe#"));
  assert.deepEqual(carriers, [`/api/invites/unsubscribe/${ID}`]);
  assert.deepEqual(await page.evaluate(() => ({ ...sessionStorage })), {});
});

check("without a complete id, the page points to the link in the email", { expect: [answered(404)] }, async ({ page, hand }) => {
  await page.goto("/unsubscribe");
  await heading(page, "This link does not work");
  await answers(page, problem(404, "unknown_invite"));
  await page.goto("/unsubscribe#cut");
  await hand.press("button", "Stop inviting me");
  await heading(page, "This link does not work");
  await page.getByText("Open the link in your invitation email.").waitFor();
});

check("when unsubscribing fails, the page says so, and the button works again", { expect: [answered(503)] }, async ({ page, hand }) => {
  const posted = await answers(page, problem(503, "unavailable"), STOPPED);
  await page.goto(`/unsubscribe#${ID}`);
  await hand.press("button", "Stop inviting me");
  await page.getByRole("alert").filter({ hasText: "Seatkeeper is not available right now." }).waitFor();
  await hand.press("button", "Stop inviting me");
  await heading(page, "You get no more invites from Hill & Dale");
  assert.equal(posted.length, 2);
});
