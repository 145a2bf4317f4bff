import * as oauth from "oauth4webapi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { finishSignIn, requestOptions, signIn, tidyAddress } from "./session";
import { keep } from "./storage";

test.each([
  ["http://localhost:3000/oidc", true],
  ["http://127.0.0.1:3000/oidc", true],
  ["http://localhost.example.com", false],
  ["http://issuer.example.com", false],
  ["https://issuer.example.com", false],
])("plain http is allowed to this machine only: %s", (issuer, allowed) => {
  expect(requestOptions(issuer)[oauth.allowInsecureRequests]).toBe(allowed);
});

test("the library refuses plain http to any other issuer, before it sends anything", async () => {
  const issuer = "http://issuer.example.com";
  await expect(oauth.discoveryRequest(new URL(issuer), requestOptions(issuer))).rejects.toThrow(/HTTPS/);
});

describe("the address", () => {
  const ORIGIN = "https://seats.example";
  let address: URL;

  beforeEach(() => {
    // Browsers refuse an address of another origin.
    vi.stubGlobal("history", {
      replaceState(_: unknown, __: string, next: string) {
        const resolved = new URL(next, address);
        if (resolved.origin !== ORIGIN) throw new DOMException("another origin", "SecurityError");
        address = resolved;
        vi.stubGlobal("location", address);
      },
    });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
  });
  afterEach(() => vi.unstubAllGlobals());

  const open = (path: string) => vi.stubGlobal("location", (address = new URL(ORIGIN + path)));

  test.each([
    ["of a page", { returnTo: "/deals?status=expired" }, "/deals?status=expired"],
    ["that looks like another host's", { returnTo: "//x.example/" }, "//x.example/"],
    ["made of slashes", { returnTo: "///" }, "///"],
  ])("%s is restored after sign-in, without the code", async (_, attempt, path) => {
    keep("sign-in", JSON.stringify(attempt));
    open("/?code=spent&state=x");
    expect(await finishSignIn("/")).toBe("unreachable");
    expect(address.href).toBe(ORIGIN + path);
  });

  test("loses the code even if the stored attempt cannot be read", async () => {
    keep("sign-in", "{");
    open("/?code=spent&state=x");
    expect(await finishSignIn("/")).toBe("unreachable");
    expect(address.href).toBe(`${ORIGIN}/`);
  });

  test.each([
    ["//x.example/", "/x.example/"],
    ["///", "/"],
    ["/deals//abc?after=a//b", "/deals/abc?after=a//b"],
    ["/deals/abc", "/deals/abc"],
  ])("%s becomes %s", (path, tidy) => {
    open(path);
    tidyAddress();
    expect(address.href).toBe(ORIGIN + tidy);
  });
});

test("without storage, sign-in is blocked before the redirect and after it", async () => {
  vi.stubGlobal("location", new URL("https://seats.example/?code=x&state=y"));
  vi.stubGlobal("history", { replaceState: () => undefined });
  expect(await signIn({ redirectPath: "/accept", scopes: [] })).toBe("blocked");
  expect(await finishSignIn("/accept")).toBe("blocked");
  vi.unstubAllGlobals();
});
