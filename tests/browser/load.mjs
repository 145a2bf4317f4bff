/** What a load of the Deal seats page costs: requests to the API, their bytes, and the time until all of it is there. */
import { chooseAccount, enter, Mouse } from "./browser.mjs";

const ROWS = 50;

/** In the page: notes when the rows and the tabs' counts stand there, counted from when this document was asked for. */
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

/** A window in which somebody has signed in, so that each load goes straight to the issuer, and is measured. */
export async function begin(page, deal) {
  await page.addInitScript(watch, ROWS);
  await enter(page, deal.manager, deal.path);
}

/** Opens the page of a deal anew; measured is the document that comes after signing in: pages, settings, token, API. */
export async function loadSeats(page, deal) {
  const answers = [];
  const note = (response) => response.url().includes(`/api${deal.path}/`) && answers.push(response);
  await page.waitForLoadState("networkidle");
  await page.goto(deal.path);
  // Before sign-in the new document asks nothing of the API, and the old document's responses have no body any more.
  page.on("response", note);
  await chooseAccount(page, new Mouse(page), deal.manager);
  const milliseconds = await (await page.waitForFunction(() => globalThis.complete)).jsonValue();
  await page.waitForLoadState("networkidle");
  page.off("response", note);
  const requests = answers.map((answer) => `${answer.request().method()} ${new URL(answer.url()).pathname.split("/").at(-1)}`).sort();
  const bodies = await Promise.all(answers.map((answer) => answer.body()));
  return { requests, bytes: bodies.reduce((sum, { length }) => sum + length, 0), milliseconds };
}

/** A deal with as many invites, to addresses of one length, so that rows are as long in one deal as in another. */
export async function dealOf(stack, invites) {
  const deal = await stack.newDeal({ seats: 20_000 });
  await deal.invite(Array.from({ length: invites }, (_, index) => `ann${String(index).padStart(6, "0")}@example.com`));
  return deal;
}
