/** Measures a load of the Deal seats page: requests to the API, their bytes, and the time until the page is complete. */
import { chooseAccount, enter, Mouse } from "./browser.mjs";

const ROWS = 50;

/** In the page: notes when the rows and the tabs' counts are there, in milliseconds since the document was requested. */
function watch(rows) {
  const look = () => {
    const counted = /Pending \d/.test(document.querySelector("nav.tabs")?.textContent ?? "");
    if (!counted || document.querySelectorAll("main tbody th").length !== rows) return;
    observer.disconnect();
    requestAnimationFrame(() => (globalThis.complete = performance.now()));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, characterData: true });
}

/** Signs in, so that each measured load goes directly to the issuer. */
export async function prepareLoads(page, deal) {
  await page.addInitScript(watch, ROWS);
  await enter(page, deal.manager, deal.path);
}

/** Loads the page of a deal again. Measures the document after sign-in: assets, settings, token and API. */
export async function loadSeats(page, deal) {
  const answers = [];
  const note = (response) => response.url().includes(`/api${deal.path}/`) && answers.push(response);
  await page.waitForLoadState("networkidle");
  await page.goto(deal.path);
  // The old document's responses have lost their bodies. Before sign-in, the new document sends the API no request.
  page.on("response", note);
  await chooseAccount(page, new Mouse(page), deal.manager);
  const milliseconds = await (await page.waitForFunction(() => globalThis.complete)).jsonValue();
  await page.waitForLoadState("networkidle");
  page.off("response", note);
  const requests = answers.map((answer) => `${answer.request().method()} ${new URL(answer.url()).pathname.split("/").at(-1)}`).sort();
  const bodies = await Promise.all(answers.map((answer) => answer.body()));
  return { requests, bytes: bodies.reduce((sum, { length }) => sum + length, 0), milliseconds };
}

/** A deal with this many invites. All addresses have the same length, so the rows of all deals have as many bytes. */
export async function dealOf(stack, invites) {
  const deal = await stack.newDeal({ seats: 20_000 });
  await deal.invite(Array.from({ length: invites }, (_, index) => `ann${String(index).padStart(6, "0")}@example.com`));
  return deal;
}
