/** Starts a stack for each file of tests, and one browser for all files of a process. */
import { after } from "node:test";
import { journeys, launch, SHORT } from "./browser.mjs";
import { Stack } from "./stack.mjs";

let browser;
let stack;
let tests = [];

/** Waits for the tests of the files so far, and stops their stack. */
export async function finish() {
  await Promise.all(tests);
  tests = [];
  const old = await stack?.catch(() => undefined);
  stack = undefined;
  await old?.stop();
}

export async function close() {
  await finish();
  await (await browser)?.close();
}

// A file alone. For several, lane.mjs says when it is the last.
if (!process.connected) after(close);

async function start(env, prepare) {
  const started = await Stack.start(prepare ? { ...env, INVITE_LIFETIME: "1s" } : env);
  if (prepare) {
    await prepare(started);
    await started.restart(env);
  }
  return started;
}

/** `prepare` sends invites with a lifetime of a second, for tests that need expired invites. */
export function suite(env = {}, prepare) {
  const define = journeys(async () => {
    stack ??= start(env, prepare);
    browser ??= launch();
    return { browser: await browser, stack: await stack };
  });
  const check = (...of) => tests.push(...define(...of));
  let details = 0;
  /** A test of which the short form runs one in five. */
  check.detail = (...of) => SHORT && details++ % 5 > 0 ? undefined : check(...of);
  return check;
}
