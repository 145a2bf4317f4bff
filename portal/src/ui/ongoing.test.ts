import { expect, test } from "vitest";
import { goesOn, nameDeal, ongoing, visit, wordsOf } from "./ongoing";

const shown = () => [...ongoing.value].map(([path, work]) => wordsOf(path, work));

test("work that ends at another page stays until its page is opened", () => {
  nameDeal("a", "Unlimited");
  visit("/deals/a");
  goesOn("/deals/a", { what: "Resending", done: 0, total: 1200 });
  visit("/deals");
  goesOn("/deals/a", { what: "Resending", done: 1150, total: 1200 });
  expect(shown()).toEqual(["Unlimited: resending, 1,150 of 1,200 done."]);
  goesOn("/deals/a", undefined);
  goesOn("/deals/a", undefined);
  visit("/deals/b");
  expect(shown()).toEqual(["Unlimited: resending has ended, 1,150 of 1,200 done."]);
  visit("/deals/a");
  expect(shown()).toEqual([]);
});

test("work that ends at its own page is told there alone", () => {
  visit("/deals/a/invite");
  goesOn("/deals/a/invite", { what: "Inviting people", done: 1 });
  expect(shown()).toEqual(["Unlimited: inviting people, 1 done."]);
  goesOn("/deals/a/invite", undefined);
  visit("/deals");
  expect(shown()).toEqual([]);
});
