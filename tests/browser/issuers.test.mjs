/** Signing in at an issuer that needs a parameter to give a JWT, and whose scopes entitle nobody alone (Auth0). */
import assert from "node:assert/strict";
import { answered, chooseAccount, signInAt } from "./browser.mjs";
import { ADMIN } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite({ ISSUER_LIKE: "auth0" });

check("a manager invites, and a learner accepts, with another issuer's tokens", {}, async ({ page, hand, stack, another }) => {
  const deal = await stack.newDeal();
  await signInAt(page, deal.manager, "/", hand);
  await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Deals admin" }).count(), 0);
  await hand.press("link", "Invite people");
  await hand.paste("textbox", "Addresses", "ann@example.com\r\nbob@example.com");
  await hand.press("button", "Send 2 invites");
  await page.getByRole("heading", { name: "2 people invited" }).waitFor();

  const learner = await another();
  await learner.page.goto(await stack.linkTo("ann@example.com"));
  await learner.hand.press("button", "Sign in to accept");
  await chooseAccount(learner.page, learner.hand, "ann@home.example");
  await learner.hand.press("button", "Accept as ann@home.example");
  await learner.page.getByRole("link", { name: "Start learning" }).waitFor();

  const partner = await another();
  await signInAt(partner.page, ADMIN, "/", partner.hand);
  await partner.page.getByRole("link", { name: "Deals admin" }).waitFor();
});

check.detail("an access token that the API cannot read is refused with a sentence", {}, async ({ page, hand, stack }) => {
  const config = await (await fetch(`${stack.url}/config.json`)).json();
  await page.route("**/config.json", (route) => route.fulfill({ json: { ...config, authorizeParameters: "" } }));
  await page.goto("/");
  await hand.press("button", "Sign in");
  await chooseAccount(page, hand, "manager@acme.example");
  await page.getByRole("alert").filter({ hasText: "a token that Seatkeeper cannot read" }).waitFor();
});

/** Signs in, lets 14.5 minutes pass, and does something. Returns the answer of the token endpoint. */
async function refreshed(page, hand, stack, prepare = () => {}) {
  const deal = await stack.newDeal();
  await page.clock.install();
  await signInAt(page, deal.manager, deal.path, hand);
  await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  await prepare();
  await page.clock.fastForward("14:30");
  const answer = page.waitForResponse((response) => response.url().endsWith("/oidc/token"));
  await hand.press("link", "Accepted 0");
  assert.match((await answer).request().postData(), /grant_type=refresh_token/);
  return answer;
}

check.detail("tokens are refreshed in memory before they expire", {}, async ({ page, hand, stack }) => {
  assert.equal((await refreshed(page, hand, stack)).status(), 200);
  await page.getByRole("link", { name: "Invite people" }).waitFor();
  const kept = await page.evaluate(() => [...Object.keys(sessionStorage), ...Object.keys(localStorage)]);
  assert.deepEqual(kept.sort(), ["account:/", "search", "signed-in"]);
});

check.detail("a refused refresh ends the session", { expect: [answered(400), answered(401)] }, async ({ page, hand, stack }) => {
  const refuse = () => page.route("**/oidc/token", (route) => route.fulfill({ status: 400, json: { error: "invalid_grant" } }));
  assert.equal((await refreshed(page, hand, stack, refuse)).status(), 400);
  await page.getByText("Your session has ended.").waitFor();
});
