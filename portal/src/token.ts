/** What the issuer's access tokens say. The API checks them itself; here they show or hide pages. */
import type { Config } from "./config";

/** Said after a sign-in whose access token the API cannot read. */
export const OPAQUE =
  "The sign-in service gave a token that Seatkeeper cannot read. Tell the team that runs this site to set AUTHORIZE_PARAMETERS.";
/** Said after a sign-in whose fresh token is out of date by this device's clock. */
export const CLOCK =
  "Sign-in failed, because this device’s clock seems to be wrong. Set its date, time and time zone, then try again.";
/** Said after a sign-in that got no proper answer. */
export const UNREACHABLE =
  "The sign-in service did not answer properly. Check your internet connection, then try again.";

type Claims = Record<string, unknown>;

/** The claims of a signed JWT, or null for an opaque or encrypted token, which the API cannot read. */
export function claimsOf(accessToken: string): Claims | null {
  const [, payload, ...signature] = accessToken.split(".");
  if (!payload || signature.length !== 1) return null;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return claims && typeof claims === "object" ? (claims as Claims) : null;
  } catch {
    return null;
  }
}

/** The scopes by which the API lets a person in (`shared/src/http/caller.rs` has the same rule). */
export function grantedScopes(
  claims: Claims,
  { tokenScopePrefix, entitlementClaim }: Pick<Config, "tokenScopePrefix" | "entitlementClaim">,
): Set<string> {
  const named = ["scope", "scp"].flatMap((name) => {
    const claim = claims[name];
    return typeof claim === "string" ? claim.split(" ") : list(claim);
  });
  const ours = named
    .filter((scope) => scope.startsWith(tokenScopePrefix))
    .map((scope) => scope.slice(tokenScopePrefix.length));
  const entitled = entitlementClaim ? list(find(claims, entitlementClaim)) : ours;
  return new Set(ours.filter((scope) => scope === "seats.accept" || entitled.includes(scope)));
}

const list = (claim: unknown): string[] =>
  (Array.isArray(claim) ? claim : [claim]).filter((name) => typeof name === "string");

/** A name that begins with a slash is a path into nested claims. */
const find = (claims: Claims, name: string): unknown =>
  name.startsWith("/")
    ? name
        .slice(1)
        .split("/")
        .reduce<unknown>((within, key) => (within as Claims | undefined)?.[key], claims)
    : claims[name];
