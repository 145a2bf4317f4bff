/** Signing in to the portal with site data blocked, and from odd addresses. */
import assert from "node:assert/strict";
import { blockSiteData, chooseAccount, Keyboard } from "./browser.mjs";
import { suite } from "./suite.mjs";

const check = suite();

check("with site data blocked, the portal says what to allow", { hands: [Keyboard] }, async ({ context, page, stack, hand }) => {
  await blockSiteData(context);
  await page.goto("/");
  await hand.press("button", "Sign in");
  await page.getByRole("alert").filter({ hasText: `Allow cookies and site data for ${new URL(stack.url).host}, then reload this page.` }).waitFor();
  assert.equal(page.url(), `${stack.url}/`);
});

for (const [path, tidy] of [["//x.example/", "/x.example/"], ["///deals", "/deals"]]) {
  check(`signing in at ${path} succeeds and leaves no code in the address`, {}, async ({ page, stack, hand }) => {
    await page.goto(stack.url + path);
    await hand.press("button", "Sign in");
    await chooseAccount(page, hand, "manager@acme.example");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    assert.equal(page.url(), stack.url + tidy);
  });
}
