/** Runs the files of tests that run.mjs sends, one after the other. */
import { test } from "node:test";
import { close, finish } from "./suite.mjs";

process.on("message", async (/** @type {string} */ file) => {
  await import(file).catch((error) => test(file, () => Promise.reject(error)));
  await finish();
  process.send("done");
});
process.once("disconnect", close);
process.send("ready");
