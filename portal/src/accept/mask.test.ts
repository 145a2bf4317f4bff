import { expect, it } from "vitest";
import { isOther } from "./mask";

it.each([
  ["ann@example.com", false],
  ["Ann@Example.com", false],
  ["abe@example.com", false],
  ["bob@example.com", true],
  ["ann@home.example", true],
])("a•••@example.com, %s: another address: %s", (email, other) =>
  expect(isOther("a•••@example.com", email)).toBe(other),
);
