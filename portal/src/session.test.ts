import * as oauth from "oauth4webapi";
import { expect, test } from "vitest";
import { grantedScopes, requestOptions } from "./session";

test.each([
  ["http://localhost:3000/oidc", true],
  ["http://127.0.0.1:3000/oidc", true],
  ["http://localhost.example.com", false],
  ["http://issuer.example.com", false],
  ["https://issuer.example.com", false],
])("plain http goes to this machine only: %s", (issuer, allowed) => {
  expect(requestOptions(issuer)[oauth.allowInsecureRequests]).toBe(allowed);
});

test("the library refuses plain http to anybody else, before anything is sent", async () => {
  const issuer = "http://issuer.example.com";
  await expect(oauth.discoveryRequest(new URL(issuer), requestOptions(issuer))).rejects.toThrow(/HTTPS/);
});

test("scopes are read from the access token, or from the answer where it is no JWT", () => {
  const token = (claims: object) => `e30.${btoa(JSON.stringify(claims)).replaceAll("+", "-").replaceAll("/", "_")}.x`;
  expect(grantedScopes(token({ scope: "openid invites.manage" }), "openid")).toEqual(["openid", "invites.manage"]);
  expect(grantedScopes(token({}), "deals.admin")).toEqual(["deals.admin"]);
  expect(grantedScopes("opaque", "deals.admin openid")).toEqual(["deals.admin", "openid"]);
  expect(grantedScopes("opaque", undefined)).toEqual([]);
});
