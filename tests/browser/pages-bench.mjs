/** Compares a Deal seats page of 10,000 invites with a page of 50, and fails if the larger one costs more. */
import { launch, open } from "./browser.mjs";
import { dealOf, loadSeats, prepareLoads } from "./load.mjs";
import { Stack } from "./stack.mjs";

const LOADS = 20;
const MOST_BYTES = 1.05;
const MOST_TIME = 1.1;

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

const stack = await Stack.start();
const browser = await launch();
try {
  console.log("Inviting 10,050 people…");
  const deals = [await dealOf(stack, 50), await dealOf(stack, 10_000)];
  const windows = await Promise.all(deals.map(() => open(browser, stack.url)));
  for (const [index, { page }] of windows.entries()) await prepareLoads(page, deals[index]);
  const loads = deals.map(() => []);
  // The first load of each page warms the functions up, and is not counted.
  for (let turn = 0; turn <= LOADS; turn += 1) {
    for (const [index, deal] of deals.entries()) {
      const load = await loadSeats(windows[index].page, deal);
      if (turn > 0) loads[index].push(load);
    }
  }
  const [few, many] = loads.map((loads) => ({
    requests: loads.map(({ requests }) => requests.join(", ")),
    bytes: median(loads.map(({ bytes }) => bytes)),
    milliseconds: median(loads.map(({ milliseconds }) => milliseconds)),
  }));
  for (const [name, { requests, bytes, milliseconds }] of /** @type {const} */ ([["50 invites", few], ["10,000 invites", many]])) {
    console.log(`${name}: ${requests[0]}; ${bytes} bytes; ${milliseconds.toFixed(1)} ms, median of ${LOADS} loads`);
  }
  const [size, time] = [many.bytes / few.bytes, many.milliseconds / few.milliseconds];
  console.log(`bytes × ${size.toFixed(3)}, time × ${time.toFixed(3)}`);
  const same = new Set([...few.requests, ...many.requests]).size === 1;
  if (!same || size > MOST_BYTES || size < 2 - MOST_BYTES || time > MOST_TIME) {
    console.error("The page of 10,000 invites costs more than its limit allows.");
    process.exitCode = 1;
  }
} finally {
  await browser.close();
  await stack.stop();
}
