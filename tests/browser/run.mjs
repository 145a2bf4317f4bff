/** Runs all tests, two files at a time. The largest start first, so that no core waits for a long file at the end. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const FOLDER = import.meta.dirname;
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".test.mjs")).map((name) => join(FOLDER, name));
files.sort((one, other) => statSync(other).size - statSync(one).size);
const tests = run({ files, concurrency: 2 });
tests.on("test:fail", () => (process.exitCode = 1));
tests.compose(new spec()).pipe(process.stdout);
