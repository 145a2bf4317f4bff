/** Starts a browser and a stack for a file of tests. */
import { after, before } from "node:test";
import { journeys, launch } from "./browser.mjs";
import { Stack } from "./stack.mjs";

/** `prepare` sends invites with a lifetime of a second, for tests that need expired invites. */
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
