/** The Deal seats page loads as little for many invites as for few. `npm run pages-bench` measures the time as well. */
import assert from "node:assert/strict";
import { dealOf, loadSeats, prepareLoads } from "./load.mjs";
import { suite } from "./suite.mjs";

const check = suite();

check.detail("a page of 200 invites makes the same two requests as a page of 50, with as many bytes", {}, async ({ stack, another }) => {
  const [few, many] = await Promise.all([50, 200].map(async (invites) => {
    const deal = await dealOf(stack, invites);
    const { page } = await another();
    await prepareLoads(page, deal);
    return loadSeats(page, deal);
  }));
  assert.deepEqual(few.requests, ["GET counts", "GET seats"]);
  assert.deepEqual(many.requests, few.requests);
  assert.ok(Math.abs(many.bytes / few.bytes - 1) <= 0.05, `${few.bytes} and ${many.bytes} bytes`);
});
