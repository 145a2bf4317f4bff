/**
 * Debian's Chromium, used with a mouse or with a keyboard alone.
 *
 * Invariant: in every test the pages log no error, keep their security policy, and send no request to another origin.
 * A test lists the errors that it provokes itself.
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
  // Fewer processes: a sixth of the time of a core of a test that opens a page.
  "--renderer-process-limit=1", "--in-process-gpu",
];
/** Whether only the tests of the short form run, as in `make test`: docs/decisions/0024-short-and-long-proof.md. */
export const SHORT = process.env.PROOF === "short";
export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };
/** How long a test waits for a page, on a machine that does other work as well. */
const PATIENCE = 90_000;

export const launch = () => chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS, timeout: 2 * PATIENCE });

/** What Chromium logs for each response with this status, even if the page handles the response. */
export const answered = (status) => new RegExp(`^Failed to load resource: the server responded with a status of ${status}\\b`);

/** Opens a window with its own context. `faults` collects its errors. */
export async function open(browser, origin, options = {}) {
  const context = await browser.newContext({
    baseURL: origin, viewport: DESKTOP, locale: "en-GB", timezoneId: "Europe/London", colorScheme: "light",
    reducedMotion: "reduce", ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const faults = [];
  // The console reports a violation even while the page is loading.
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(`${message.text()} ${message.location().url}`);
  });
  context.on("weberror", (error) => faults.push(`exception: ${error.error()}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== origin) faults.push(`another origin: ${url.origin}`);
  });
  context.on("requestfailed", (request) => {
    const { errorText } = request.failure();
    // Leaving a page aborts its requests.
    if (errorText !== "net::ERR_ABORTED") faults.push(`${errorText}: ${request.url()}`);
  });
  return { context, page: await context.newPage(), faults };
}

/** Makes storage throw, as in a browser that blocks site data. */
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
 * Translates each page as Chrome does: it replaces each text node, later ones included, by its own elements. The words
 * stay the same, so that tests can find them.
 */
export const translate = (context) =>
  context.addInitScript(() => {
    globalThis.translated = [];
    const translateText = (text) => {
      const { parentElement: parent } = text;
      if (text.data.trim() === "" || !parent?.closest("body") || parent.closest("font")) return;
      const font = document.createElement("font");
      font.append(document.createElement("font"));
      font.firstChild.textContent = text.data;
      text.replaceWith(font);
      globalThis.translated.push({ text, font });
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

/** The translated texts that are still shown although their original has changed. */
export const staleTexts = (page) =>
  page.evaluate(() => globalThis.translated.flatMap(({ text, font }) =>
    font.isConnected && text.data !== font.textContent ? [`${font.textContent}, not ${text.data}`] : []));

/**
 * Defines tests, each in its own window, and returns them. `expect` has a pattern for each fault that the test provokes.
 * `hands` runs the test once for each way to use a page. `where` starts the browser and the stack, or returns those that run.
 */
export function journeys(where) {
  return (name, { expect = [], hands = [Mouse], ...options }, steps) =>
    hands.map((Hand) =>
      test(hands.length > 1 ? `${name}, by ${Hand.name.toLowerCase()}` : name, async (t) => {
        const { browser, stack } = await where();
        const windows = [];
        const another = async (options) => {
          const window = await open(browser, stack.url, options);
          windows.push(window);
          return { ...window, hand: new Hand(window.page) };
        };
        try {
          await steps({ t, stack, another, ...await another(options) });
          const faults = windows.flatMap(({ faults }) => faults);
          const unexpected = faults.filter((fault) => !expect.some((pattern) => pattern.test(fault)));
          assert.deepEqual(unexpected, [], "the browser logs no other fault");
        } finally {
          for (const { page, context } of windows) {
            // An answer that a test changes may come after its end.
            await page.unrouteAll({ behavior: "ignoreErrors" });
            await context.close();
          }
        }
      }),
    );
}

/** Counts a person's actions: a click, a key press, a paste. Moving the focus by Tab does not count. */
class Hand {
  actions = 0;

  constructor(page) {
    this.page = page;
  }

  /** Focuses an element. */
  async reach(_role, _name, _within) {
    throw new Error("a mouse and a keyboard differ");
  }

  find(role, name, within = this.page) {
    return within.getByRole(role, { name, exact: typeof name === "string" });
  }

  /** Copies a text and pastes it into a field. */
  async paste(role, name, text, within) {
    await this.page.context().grantPermissions(["clipboard-write"]);
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await this.reach(role, name, within);
    this.actions += 1;
    await this.page.keyboard.press("ControlOrMeta+V");
  }

  /** Replaces the text of a field. */
  async write(role, name, text, within) {
    await this.reach(role, name, within);
    await this.page.keyboard.press("ControlOrMeta+A");
    this.actions += 1;
    await (text ? this.page.keyboard.insertText(text) : this.page.keyboard.press("Delete"));
  }
}

export class Mouse extends Hand {
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

/** In the short form by keyboard, which shows more. */
export const BOTH = SHORT ? [Keyboard] : [Mouse, Keyboard];

/** More Tab stops than the longest page has. */
const STOPS = 400;

/**
 * Presses Tab until this element has the focus. Every stop on the way must show its focus, be in view, and not be
 * covered at its centre. So a mouse can click each control that the keyboard reaches.
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

/**
 * Watches for what this selector finds. The returned function says whether it had the focus as soon as it was in the page,
 * before the person could press a key.
 */
export async function watchFocus(page, selector) {
  await page.evaluate((selector) => {
    globalThis.hadFocus = new Promise((resolve) => {
      new MutationObserver((_, observer) => {
        const shown = document.querySelector(selector);
        if (!shown) return;
        observer.disconnect();
        resolve(document.activeElement !== document.body && document.activeElement.contains(shown));
      }).observe(document, { childList: true, subtree: true });
    });
  }, selector);
  return () => page.evaluate(() => globalThis.hadFocus);
}

/** In the page: whether the target has the focus, and the focused element if its focus does not show. */
function lookAtFocus(target) {
  const element = /** @type {HTMLElement} */ (document.activeElement);
  const reached = element === target;
  // The page focuses headings, which Tab does not reach.
  if (!element || element === document.body || element.tabIndex < 0) return { reached, hidden: null };
  const style = getComputedStyle(element);
  // `auto` is the browser's default focus ring.
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

/** Chooses an account on the issuer's page, unless the issuer remembers the person, and waits for the portal. */
export async function chooseAccount(page, hand, email) {
  const asked = page.getByRole("heading", { name: "Who are you?" });
  await asked.or(page.getByRole("button", { name: "Sign out" })).first().waitFor();
  if (!await asked.isVisible()) return;
  await hand.write("textbox", "Any other address", email);
  await hand.press("button", "Sign in");
  // The page takes the issuer's answer out of its address when it has read it.
  await page.waitForURL((url) => !url.pathname.startsWith("/oidc") && !url.searchParams.has("state"));
}

/** Opens a page of the portal and signs in by way of the issuer's page. */
export async function signInAt(page, email, path, hand) {
  await page.goto(path);
  await hand.press("button", "Sign in");
  await chooseAccount(page, hand, email);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/**
 * Opens a page of the portal, signed in. The test gets the code from the issuer itself, which saves two page loads;
 * people go the way of `signInAt`.
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
