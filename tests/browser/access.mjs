/** Accessibility checks: the rules of WCAG 2.2 AA that axe can test, and the portal's own limits on sizes. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { until } from "./stack.mjs";

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** It is off by default. Who presses a button by voice says the words on it. */
const NAMES = { "label-content-name-mismatch": { enabled: true } };
const WIDTHS = [320, 768, 1280];
const SCHEMES = ["light", "dark"];
/** The rules that a colour scheme can break; the dark scheme changes nothing else. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];
const MAX_TYPE_SIZES = 4;
const SNAPSHOTS = join(import.meta.dirname, "snapshots");

/** Checks the page's layout on a phone, a tablet and a desktop, and at the last width the rules of WCAG in light and dark. */
export async function checkAccess(page, { target = 24 } = {}) {
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: before.height });
    assert.deepEqual(await page.evaluate(misfits, { target, sizes: MAX_TYPE_SIZES }), [], `the layout at ${width} px`);
  }
  await checkRules(page, "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await checkColours(page, "dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(before);
}

/** The kinds of links and buttons that `checkContrastInUse` has checked, in each colour scheme. */
const checked = new Set();

/**
 * Checks the contrast of each kind of link and button while the mouse is over it, and while it has the focus. A kind is
 * checked on the first page that shows it, and again where its colours differ. After `checkAccess`.
 */
export async function checkContrastInUse(page) {
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const { kind, index } of await page.evaluate(pressable)) {
      if (checked.has(`${colorScheme} ${kind}`)) continue;
      checked.add(`${colorScheme} ${kind}`);
      const element = page.locator("a[href], button, summary, [role=button]").nth(index);
      await element.hover();
      await checkContrast(element, `${colorScheme}, the mouse over ${kind}`);
      await element.focus();
      await checkContrast(element, `${colorScheme}, the focus on ${kind}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/** Checks all rules. The “legacy” way works in the page itself: there are no frames, for which the other opens a window each time. */
async function checkRules(page, where) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"], rules: NAMES }).withTags(WCAG).analyze();
  assert.deepEqual(inWords(violations), [], where);
}

/** Checks the rules about colours, with the axe that `checkRules` has left in the page. */
async function checkColours(page, where) {
  const { violations } = await page.evaluate((rules) => globalThis.axe.run({ runOnly: rules }), COLOUR_RULES);
  assert.deepEqual(inWords(violations), [], where);
}

/** Checks the contrast of an element and of the row that it is in, which may change with it. */
async function checkContrast(element, where) {
  const { violations } = await element.evaluate((element) =>
    globalThis.axe.run(element.closest("tr, li") ?? element, { runOnly: ["color-contrast"] }));
  assert.deepEqual(inWords(violations), [], where);
}

const inWords = (violations) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`));

/** In the page: the first of each kind of link and button that can be seen. A kind has one class, and one pair of colours. */
function pressable() {
  const kinds = new Map();
  const clear = "rgba(0, 0, 0, 0)";
  const colours = (element) => {
    let behind = element;
    while (behind && getComputedStyle(behind).backgroundColor === clear) behind = behind.parentElement;
    return `${getComputedStyle(element).color} on ${behind ? getComputedStyle(behind).backgroundColor : clear}`;
  };
  const open = document.querySelector("dialog[open]");
  for (const [index, element] of document.querySelectorAll("a[href], button, summary, [role=button]").entries()) {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.matches(":disabled") || (open && !open.contains(element))) continue;
    const current = element.hasAttribute("aria-current") ? " (current)" : "";
    const kind = `${element.localName}.${element.className}${current}, ${colours(element)}`;
    if (!kinds.has(kind)) kinds.set(kind, index);
  }
  return [...kinds].map(([kind, index]) => ({ kind, index }));
}

/** In the page: every overflow, broken word, overprint, control that is too small, and excess of type sizes. */
function misfits({ target, sizes }) {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`sideways scroll: ${root.scrollWidth} in ${root.clientWidth}`);
  const name = (element) => `${element.localName}.${element.className} “${element.textContent.trim().slice(0, 40)}”`;
  // Text for screen readers only.
  const unseen = (element) => element.closest(".visually-hidden, thead") && getComputedStyle(element.closest(".visually-hidden, thead")).clipPath !== "none";
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const types = new Map();
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility() || unseen(element)) continue;
    const style = getComputedStyle(element);
    const field = element.matches("input:not([type=checkbox], [type=radio], [type=file]), textarea, select");
    if (hasText(element) || field) types.set(style.fontSize, name(element));
    const cut = /hidden|clip/.test(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
    if (cut && !field && element.textContent.trim()) found.push(`clipped: ${name(element)}`);
    if (hasText(element)) {
      const { left, right } = element.getBoundingClientRect();
      const scrolled = element.closest("pre, .scroll, textarea");
      if (!scrolled && (left < -1 || right > root.clientWidth + 1)) found.push(`out of sight: ${name(element)}`);
    }
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = /** @type {Text} */ (texts.currentNode);
    if (!parentElement.checkVisibility() || unseen(parentElement)) continue;
    // Addresses and links may break across lines; words may not.
    for (const { index, 0: word } of data.matchAll(/(?<!\S)\p{L}{2,20}(?!\S)/gu)) {
      const range = new Range();
      range.setStart(texts.currentNode, index);
      range.setEnd(texts.currentNode, index + word.length);
      if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) found.push(`a broken word: ${word} in ${name(parentElement)}`);
    }
  }
  const boxes = [];
  const dialog = document.querySelector("dialog[open]");
  for (const element of (dialog ?? document.body).querySelectorAll("*")) {
    // What stays in view lies over the page, or over the rest of a dialog.
    if (!element.checkVisibility({ visibilityProperty: true }) || unseen(element) || element.closest(".message, .bulk, .send, dialog footer")) continue;
    // What is scrolled out of a list lies over nothing.
    const list = element.closest(".people")?.getBoundingClientRect();
    const isShown = (box) => !list || (box.top > list.top - 1 && box.bottom < list.bottom + 1);
    if (element.matches("button, input, textarea, select, progress")) boxes.push({ element, box: element.getBoundingClientRect() });
    for (const text of element.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE || element.closest("textarea, select, progress")) continue;
      const range = new Range();
      range.selectNodeContents(text);
      boxes.push(...[...range.getClientRects()].filter(isShown).map((box) => ({ element, box })));
    }
  }
  boxes.sort((one, other) => one.box.top - other.box.top);
  for (const [index, { element: one, box: a }] of boxes.entries()) {
    for (let next = index + 1; next < boxes.length && boxes[next].box.top < a.bottom - 3; next += 1) {
      const { element: other, box: b } = boxes[next];
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && !one.contains(other) && !other.contains(one)) {
        found.push(`${name(one)} over ${name(other)}`);
      }
    }
  }
  if (types.size > sizes) found.push(`${types.size} type sizes: ${[...types].map((pair) => pair.join(" "))}`);
  const inText = (element) =>
    element.matches("a, button.link") && [...element.parentElement.childNodes].some((node) => node !== element && node.nodeType === Node.TEXT_NODE && node.data.trim());
  for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]")) {
    if (!element.checkVisibility() || unseen(element) || inText(element)) continue;
    // A click on a label that holds its field counts for the field.
    const { width, height } = (element.matches("input") && element.closest("label") || element).getBoundingClientRect();
    if (Math.min(width, height) < target - 0.5) found.push(`${Math.round(width)} × ${Math.round(height)} px: ${name(element)}`);
  }
  return found;
}

/** Texts that differ between runs. @type {[RegExp, string][]} */
const VOLATILE = [
  [/\d{1,2}\s[A-Z][a-z]+\s\d{4}(, \d{2}:\d{2}\s\w+)?/g, "‹date›"],
  [/\d{4}-\d{2}-\d{2}T/g, "‹date›T"],
  [/\b(just now|now|today|tomorrow|yesterday|in under a minute|in\s\d+\s(day|hour|minute|month|year)s?|\d+\s(day|hour|minute|second)s?\sago)\b/g, "‹when›"],
  [/\b\d{1,2}\s(Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)\b/g, "‹day›"],
  [/\/deals\/[\w-]+/g, "/deals/‹deal›"],
  [/\b(org)-\d+\b/g, "$1"],
  [/after=[\w%.-]+/g, "after=‹place›"],
  [/localhost:\d+/g, "‹origin›"],
];

/** What a screen reader is told of the page, without the texts that differ between runs. */
async function accessibleText(page) {
  const tree = `${await page.locator("body").ariaSnapshot()}\n`;
  return VOLATILE.reduce((text, [pattern, stand]) => text.replace(pattern, stand), tree);
}

/** Waits until a screen reader is told what the file of this name says; `UPDATE=1` writes the file. */
export async function checkSnapshot(page, name) {
  const file = join(SNAPSHOTS, `${name}.yml`);
  if (process.env.UPDATE) {
    await mkdir(SNAPSHOTS, { recursive: true });
    return writeFile(file, await accessibleText(page));
  }
  const expected = await readFile(file, "utf8");
  let seen;
  const matched = until("the page to match the file", async () => (seen = await accessibleText(page)) === expected, 60);
  await matched.catch(() => assert.equal(seen, expected, `${file} (UPDATE=1 writes the file: review the difference)`));
}
