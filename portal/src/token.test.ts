import { expect, test } from "vitest";
import { claimsOf, grantedScopes } from "./token";

const token = (claims: unknown) =>
  `e30.${btoa(JSON.stringify(claims)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.x`;

test.each([
  ["a signed JWT", token({ sub: "?>~" }), { sub: "?>~" }],
  ["an opaque token", "tGzv3JOkF0XG5Qx2TlKWIA", null],
  ["an encrypted token", `${token({})}.a.b`, null],
  ["a JWT without an object", token(1), null],
  ["nothing", "", null],
])("the claims of %s", (_, accessToken, claims) => {
  expect(claimsOf(accessToken)).toEqual(claims);
});

test.each([
  [{ scope: "openid deals.admin" }, "", "", ["openid", "deals.admin"]],
  [{ scp: ["deals.admin"] }, "", "", ["deals.admin"]],
  [{ scp: ["x deals.admin"] }, "", "", ["x deals.admin"]],
  [{ scope: "openid seatkeeper/deals.admin" }, "seatkeeper/", "", ["deals.admin"]],
  [{ scope: "seats.accept deals.admin" }, "", "roles", ["seats.accept"]],
  [{ scope: "seats.accept deals.admin", roles: ["x deals.admin"] }, "", "roles", ["seats.accept"]],
  [{ scope: "deals.admin invites.manage", roles: ["deals.admin"] }, "", "roles", ["deals.admin"]],
  [{ scope: "deals.admin", realm_access: { roles: ["deals.admin"] } }, "", "/realm_access/roles", ["deals.admin"]],
  [{ scope: "deals.admin" }, "", "/realm_access/roles", []],
  [{}, "", "", []],
])("the scopes of %j, with the prefix %j and the claim %j", (claims, tokenScopePrefix, entitlementClaim, scopes) => {
  expect([...grantedScopes(claims, { tokenScopePrefix, entitlementClaim })]).toEqual(scopes);
});
