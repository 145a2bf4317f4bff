/** What a file of tests has: a browser, a stack, and a way to write tests with both. */
import { after, before } from "node:test";
import { journeys, launch } from "./browser.mjs";
import { Stack } from "./stack.mjs";

/** `prepare` makes, under a short lifetime, what is to have expired by the time that the tests begin. */
export function suite(env = {}, prepare) {
  let browser;
  let stack;
  before(async () => {
    stack = await Stack.start(prepare ? { ...env, INVITE_LIFETIME: "1s" } : env);
    if (prepare) {
      await prepare(stack);
      await stack.restart(env);
    }
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await stack?.stop();
  });
  return journeys(() => ({ browser, stack }));
}
