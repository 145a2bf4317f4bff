import { describe, expect, it } from "vitest";
import contract from "../../../docs/openapi.yaml?raw";
import { codes, wordsFor } from "./words";

/** The codes of an operation's responses, in the contract itself or in a component that it refers to. */
function codesOf(path: string): string[] {
  const operation = block(`  ${path}:`);
  const responses = [...operation.matchAll(/#\/components\/responses\/(\w+)/g)].map(([, name]) =>
    block(`    ${name}:`),
  );
  return [operation, ...responses].flatMap((text) =>
    [...text.matchAll(/\bcode: \{(?:const: (\w+)|enum: \[([^\]]+)\])\}/g)].flatMap(
      ([, one, many]) => one ?? many!.split(", "),
    ),
  );
}

/** The lines that are indented below `head`. */
function block(head: string): string {
  const lines = contract.split("\n");
  const start = lines.indexOf(head);
  expect(start, head).toBeGreaterThan(0);
  const depth = head.search(/\S/);
  const length = lines.slice(start + 1).findIndex((line) => line !== "" && line.search(/\S/) <= depth);
  return lines.slice(start, start + 1 + length).join("\n");
}

describe("words", () => {
  const routes = ["preview", "accept", "decline", "ask", "opt-out", "opt-in"];
  const contracted = new Set(routes.flatMap((route) => codesOf(`/api/invites/${route}`)));

  it("finds the contract's codes", () => {
    expect(contracted).toContain("unknown_invite");
    expect(contracted).toContain("deal_full");
    expect(contracted).toContain("still_valid");
    expect(contracted).toContain("unavailable");
  });

  it.each([...contracted, "offline", "session_over", "no_permission"])("exist for %s", (code) => {
    expect(codes).toContain(code);
  });

  it("have a different title for each problem that people can tell apart", () => {
    const alike = new Set(["invalid_request", "unsupported_media_type", "no_permission", "forbidden"]);
    const titles = codes.filter((code) => !alike.has(code)).map((code) => wordsFor(code).title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it("say whom to ask if another account has the seat", () => {
    const { title, text } = wordsFor("already_accepted");
    expect(title).toMatch(/another account/i);
    expect(text).toMatch(/deleted.* ask the learning manager .* invite you again/);
    expect(text).not.toMatch(/you are done/);
  });

  it("name the organisation", () => {
    expect(wordsFor("invite_cancelled", "$& Sons").text).toContain("write to the learning manager at $& Sons,");
    expect(wordsFor("invite_cancelled").text).toContain("write to the learning manager at your organisation,");
  });

  it.each(["invite_superseded", "deal_full"])("for %s, tell nobody to ask who has asked", (code) => {
    expect(wordsFor(code).text).toMatch(/\bask for\b/i);
    expect(wordsFor(code, "Acme", true).text).not.toMatch(/\bask for\b/i);
  });

  it("exist for unknown codes", () => {
    expect(wordsFor("toString").title).toBe(wordsFor("internal").title);
  });

  it("give up the link only if it can do nothing more", () => {
    expect(codes.filter((code) => wordsFor(code).final).sort()).toEqual(["payload_too_large", "unknown_invite"]);
  });
});
