/** A page of many invites asks for no more than one of few. `npm run pages-bench` has the whole measure, with the time. */
import assert from "node:assert/strict";
import { begin, dealOf, loadSeats } from "./load.mjs";
import { suite } from "./suite.mjs";

const check = suite();

check("a page of 200 invites makes the same two requests as one of 50, with as many bytes", {}, async ({ stack, another }) => {
  const [few, many] = await Promise.all([50, 200].map(async (invites) => {
    const deal = await dealOf(stack, invites);
    const { page } = await another();
    await begin(page, deal);
    return loadSeats(page, deal);
  }));
  assert.deepEqual(few.requests, ["GET counts", "GET seats"]);
  assert.deepEqual(many.requests, few.requests);
  assert.ok(Math.abs(many.bytes / few.bytes - 1) <= 0.05, `${few.bytes} and ${many.bytes} bytes`);
});
