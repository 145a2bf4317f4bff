/** Signing in to the portal, where something stands in its way. */
import assert from "node:assert/strict";
import { blockSiteData, BOTH, chooseAccount } from "./browser.mjs";
import { suite } from "./suite.mjs";

const check = suite();

check("with site data blocked the portal says what to allow", { hands: BOTH }, async ({ context, page, stack, hand }) => {
  await blockSiteData(context);
  await page.goto("/");
  await hand.press("button", "Sign in");
  await page.getByRole("alert").filter({ hasText: `Allow cookies and site data for ${new URL(stack.url).host}, then reload this page.` }).waitFor();
  assert.equal(page.url(), `${stack.url}/`);
});

check("signing in ends at an address with doubled slashes as well", {}, async ({ page, stack, hand }) => {
  for (const [path, tidy] of [["//x.example/", "/x.example/"], ["///", "/deals"]]) {
    await page.goto(`${stack.url}${path}`);
    // Who was signed in before is signed in again by the issuer, after one look at the list of accounts.
    if (path !== "///") await hand.press("button", "Sign in");
    await chooseAccount(page, hand, "manager@acme.example");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    const { pathname, search } = new URL(page.url());
    assert.ok(pathname.startsWith(tidy), pathname);
    assert.equal(search, "");
  }
});
