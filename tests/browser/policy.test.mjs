/** The security headers of the pages, and the contents of the bundle. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { enter } from "./browser.mjs";
import { DIST } from "./stack.mjs";
import { suite } from "./suite.mjs";

const check = suite();

const POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'", "form-action 'none'",
  "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
];

check("each page has the security headers", {}, async ({ stack }) => {
  for (const path of ["/", "/deals", "/deals/x", "/deals/x/invite", "/deals/x/settings", "/admin", "/accept", "/unsubscribe"]) {
    const { headers, status } = await fetch(stack.url + path);
    assert.equal(status, 200, path);
    // The local issuer shares the portal's origin, so 'self' covers it.
    assert.deepEqual(headers.get("content-security-policy").split("; "), POLICY, path);
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("set-cookie"), null);
  }
});

check("the policy refuses strings as markup or scripts", { expect: [/^policy: /, /violates the following (Content Security Policy|.*directive)/, /requires 'Trusted/] }, async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  const refused = await page.evaluate(() => {
    const refused = (attempt) => {
      try {
        attempt();
      } catch (error) {
        return error.name;
      }
      return undefined;
    };
    const script = document.createElement("script");
    return [
      refused(() => document.body.insertAdjacentHTML("beforeend", "<b>hello</b>")),
      refused(() => document.body.setAttribute("onclick", "alert(1)")),
      refused(() => (script.text = "alert(1)")),
      refused(() => (script.src = "https://elsewhere.example/x.js")),
      refused(() => globalThis.trustedTypes.createPolicy("ours", {})),
    ];
  });
  assert.deepEqual(refused, Array(5).fill("TypeError"));
});

check("the portal does not know the inbox or the development issuer", {}, async ({ page, stack }) => {
  const assets = join(DIST, "assets");
  for (const name of await readdir(assets)) {
    const text = await readFile(join(assets, name), "utf8");
    for (const word of ["/inbox", "/oidc", "localhost:3000", "manager@acme"]) assert.ok(!text.includes(word), `${word} in ${name}`);
  }
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const deal = await stack.newDeal();
  await page.goto("/");
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  assert.deepEqual(asked.filter((path) => path.startsWith("/inbox") || path.startsWith("/oidc")), []);
  await enter(page, deal.manager);
  await page.getByRole("heading", { name: "Deal seats: Unlimited" }).waitFor();
  assert.deepEqual(asked.filter((path) => path.startsWith("/inbox")), []);
});
