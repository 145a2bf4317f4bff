/**
 * Debian's Chromium, and people at it: one with a mouse, one with nothing but a keyboard.
 *
 * Invariant: whatever a test does, its pages log no error, break no part of their policy, and ask nothing of any other
 * origin. A test names what it provokes itself.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { test } from "node:test";
import { chromium } from "playwright-core";

// The headless shell paints no window, and needs half of Chromium's processor time.
const CHROMIUM = execFileSync("sh", ["-c", "command -v chromium-headless-shell || command -v chromium"], { encoding: "utf8" }).trim();
const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };
/** How long a page may take to show what it should, on a machine that does other work as well. */
const PATIENCE = 30_000;

export const launch = () => chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS });

/** A browser's own words for an answer of this status: said of each refusal, however well the page takes it. */
export const answered = (status) => new RegExp(`^Failed to load resource: the server responded with a status of ${status}\\b`);

/** Opens a window of its own: its page, and the faults that it has shown so far. */
export async function open(browser, origin, options = {}) {
  const context = await browser.newContext({
    baseURL: origin, viewport: DESKTOP, locale: "en-GB", timezoneId: "Europe/London", colorScheme: "light",
    reducedMotion: "reduce", ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const faults = [];
  // The console is the way out of the page that needs no script of the harness beside the page's own.
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  context.on("weberror", (error) => faults.push(`exception: ${error.error()}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== origin) faults.push(`another origin: ${url.origin}`);
  });
  context.on("requestfailed", (request) => {
    const { errorText } = request.failure();
    // Whoever leaves a page leaves its requests.
    if (errorText !== "net::ERR_ABORTED") faults.push(`${errorText}: ${request.url()}`);
  });
  return { context, page: await context.newPage(), faults };
}

/** Has the browser refuse whatever would be kept for the site, as it does once somebody has blocked site data. */
export const blockSiteData = (context) =>
  context.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException("Access is denied for this document.", "SecurityError");
        },
      });
    }
  });

/**
 * Translates each page as Chrome does: it puts elements of its own in the place of text nodes, those that come later
 * included. The words stay the same, so that a test can go by them.
 */
export const translate = (context) =>
  context.addInitScript(() => {
    window.translated = [];
    const translateText = (text) => {
      const { parentElement: parent } = text;
      if (text.data.trim() === "" || !parent?.closest("body") || parent.closest("font")) return;
      const font = document.createElement("font");
      font.append(document.createElement("font"));
      font.firstChild.textContent = text.data;
      text.replaceWith(font);
      window.translated.push({ text, font });
    };
    new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        for (const node of [target, ...addedNodes]) {
          const texts = document.createNodeIterator(node, NodeFilter.SHOW_TEXT);
          for (let text = texts.nextNode(); text; text = texts.nextNode()) translateText(text);
        }
      }
    }).observe(document, { childList: true, characterData: true, subtree: true });
  });

/** What a translated page shows and no longer means: the text that was translated has changed since. */
export const staleTexts = (page) =>
  page.evaluate(() => window.translated.flatMap(({ text, font }) =>
    font.isConnected && text.data !== font.textContent ? [`${font.textContent}, not ${text.data}`] : []));

/**
 * A test in a window of its own. `expect` has a pattern for each fault that the test itself provokes; `hands` runs it once
 * for each way to use a page. What `where` answers is known only when the tests run: the browser and the stack.
 */
export function journeys(where) {
  return (name, { expect = [], hands = [Mouse], ...options }, steps) => {
    for (const Hand of hands) {
      test(hands.length > 1 ? `${name}, by ${Hand.name.toLowerCase()}` : name, async (t) => {
        const { browser, stack } = where();
        const windows = [];
        const another = async (options) => {
          const window = await open(browser, stack.url, options);
          windows.push(window);
          return { ...window, hand: new Hand(window.page) };
        };
        try {
          await steps({ t, stack, another, ...await another(options) });
          const faults = windows.flatMap(({ faults }) => faults);
          const unforeseen = faults.filter((fault) => !expect.some((pattern) => pattern.test(fault)));
          assert.deepEqual(unforeseen, [], "the browser has nothing to complain of");
        } finally {
          for (const { context } of windows) await context.close();
        }
      });
    }
  };
}

/** Counts what a person does: a click, a key that does something, a paste. Going somewhere by Tab is none. */
class Hand {
  actions = 0;

  constructor(page) {
    this.page = page;
  }

  find(role, name, within = this.page) {
    return within.getByRole(role, { name, exact: typeof name === "string" });
  }

  /** Pastes what was copied elsewhere. */
  async paste(role, name, text, within) {
    await this.page.context().grantPermissions(["clipboard-write"]);
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await this.reach(role, name, within);
    this.actions += 1;
    await this.page.keyboard.press("ControlOrMeta+V");
  }

  /** Replaces what is in a field. */
  async write(role, name, text, within) {
    await this.reach(role, name, within);
    await this.page.keyboard.press("ControlOrMeta+A");
    this.actions += 1;
    await (text ? this.page.keyboard.insertText(text) : this.page.keyboard.press("Delete"));
  }
}

export class Mouse extends Hand {
  /** Where the next text goes. */
  async reach(role, name, within) {
    await this.find(role, name, within).click();
    this.actions += 1;
  }

  press(role, name, within) {
    return this.reach(role, name, within);
  }
}

export class Keyboard extends Hand {
  async reach(role, name, within) {
    const target = this.find(role, name, within);
    await target.waitFor();
    await tabTo(this.page, target);
  }

  async press(role, name, within) {
    await this.reach(role, name, within);
    this.actions += 1;
    await this.page.keyboard.press(role === "checkbox" || role === "radio" ? "Space" : "Enter");
  }
}

export const BOTH = [Mouse, Keyboard];

/** Far more than there are stops on the longest page. */
const STOPS = 400;

/**
 * Presses Tab until this element has the focus. Every stop on the way has to show its focus, to be in sight, and to lie
 * under the mouse at its centre: what the keyboard reaches, a mouse can click.
 */
export async function tabTo(page, target) {
  const element = await target.elementHandle();
  let focus = await element.evaluate(lookAtFocus);
  for (let stop = 0; !focus.reached; stop += 1) {
    assert.ok(stop < STOPS, `no way by Tab to ${target}`);
    await page.keyboard.press("Tab");
    focus = await element.evaluate(lookAtFocus);
    assert.equal(focus.hidden, null, "each stop shows that it has the focus");
  }
}

/** In the page: whether the target has the focus, and the element that has the focus and does not show it, if there is one. */
function lookAtFocus(target) {
  const element = document.activeElement;
  const reached = element === target;
  // The page itself focuses a heading, which is no stop of the Tab key.
  if (!element || element === document.body || element.tabIndex < 0) return { reached, hidden: null };
  const style = getComputedStyle(element);
  // `auto` is the browser's own ring.
  const outlined = style.outlineStyle === "auto" || (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2);
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const seen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
  const at = document.elementFromPoint(
    (Math.max(left, 0) + Math.min(right, innerWidth)) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2,
  );
  const covered = at && !element.contains(at) && !at.contains(element);
  const shown = (outlined || style.boxShadow !== "none") && seen && !covered;
  return { reached, hidden: shown ? null : element.outerHTML.slice(0, 200) };
}

/** Says to the issuer who one is, and waits to be back. */
export async function chooseAccount(page, hand, email) {
  await page.getByRole("heading", { name: "Who are you?" }).waitFor();
  await hand.write("textbox", "Any other address", email);
  await hand.press("button", "Sign in");
  await page.waitForURL((url) => !url.pathname.startsWith("/oidc"));
}

/** Opens a page of the portal as somebody without a session, who signs in on the way. */
export async function signInAt(page, email, path, hand) {
  await page.goto(path);
  await hand.press("button", "Sign in");
  await chooseAccount(page, hand, email);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/**
 * Opens a page of the portal as somebody whom the issuer has just sent back: the test talks to the issuer itself, which
 * saves two pages. `signInAt` is the way that people go.
 */
export async function enter(page, email, path = "/") {
  const { request } = page.context();
  const { issuer, clientId, scopePrefix } = await (await request.get("/config.json")).json();
  const [state, nonce, verifier] = Array.from({ length: 3 }, () => randomUUID() + randomUUID());
  const answer = await request.post(`${issuer}/authorize`, { maxRedirects: 0, form: {
    email, state, nonce, client_id: clientId, redirect_uri: `${new URL(issuer).origin}/`, response_type: "code",
    scope: ["openid email", "invites.manage", "deals.admin"].join(` ${scopePrefix}`),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256",
  } });
  await page.addInitScript(({ state, attempt }) => {
    if (new URLSearchParams(location.search).get("state") === state) sessionStorage.setItem("sign-in", attempt);
  }, { state, attempt: JSON.stringify({ state, nonce, verifier, returnTo: path }) });
  await page.goto(answer.headers().location);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}
