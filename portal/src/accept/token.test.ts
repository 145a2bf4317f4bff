import { describe, expect, it } from "vitest";
import { tokenIn, tokenPasted } from "./token";

const TOKEN = "AQEBAQEBAQEBAQEBAQEBAQICAgICAgICAgICAgICAgIDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD-_";

describe("the fragment", () => {
  it.each([
    ["as it was sent", `#${TOKEN}`],
    ["with a bracket of the mail around it", `#${TOKEN}>`],
    ["at the end of a sentence", `#${TOKEN}).`],
    ["with encoded blanks", `#%20${TOKEN}%0D%0A`],
  ])("%s is the token", (_, fragment) => expect(tokenIn(fragment)).toBe(TOKEN));

  it("that is no token is left to the API", () => {
    expect(tokenIn("#what?else")).toBe("what?else");
    expect(tokenIn("#100%")).toBe("100%");
    expect(tokenIn("")).toBe("");
    expect(tokenIn("#")).toBe("");
  });
});

describe("what is pasted", () => {
  it.each([
    ["a link", `https://seats.example/accept#${TOKEN}`],
    ["a link in brackets", ` <https://seats.example/accept#${TOKEN}>. `],
    ["a link that was broken over two lines", `https://seats.example/accept#${TOKEN.slice(0, 30)}\n ${TOKEN.slice(30)}`],
    ["a link within a filter's link", `https://safe.example/?url=https%3A%2F%2Fseats.example%2Faccept%23${TOKEN}&data=05`],
    ["the token alone", TOKEN],
    ["the token with its hash sign", `#${TOKEN}`],
  ])("as %s is understood", (_, text) => expect(tokenPasted(text)).toBe(TOKEN));

  it.each(["", "hello", "https://seats.example/accept", "https://seats.example/accept#", "ann@example.com"])(
    "as %o is not taken", (text) => expect(tokenPasted(text)).toBeUndefined(),
  );
});
