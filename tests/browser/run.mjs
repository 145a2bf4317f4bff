/**
 * Runs all tests in some processes, a file at a time in each. The largest files start first, so that no core waits for a long
 * file at the end.
 */
import { fork } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

// More than the cores of a small machine: a test often waits for the stack.
const LANES = 3;
const FOLDER = import.meta.dirname;
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".test.mjs")).map((name) => join(FOLDER, name));
files.sort((one, other) => statSync(other).size - statSync(one).size);

for (let lane = 0; lane < LANES; lane += 1) {
  const child = fork(join(FOLDER, "lane.mjs"), { execArgv: ["--test-reporter=spec"] });
  let ended = false;
  child.on("message", () => {
    ended = files.length === 0;
    if (ended) child.disconnect();
    else child.send(files.shift());
  });
  child.on("exit", (code) => {
    if (code !== 0 || !ended) process.exitCode = 1;
  });
}
