/**
 * Sign-in with OpenID Connect: authorisation code with PKCE.
 *
 * Invariant: the access token exists only in this page's memory. `sessionStorage` holds the attempt (state, verifier, nonce,
 * return path) until the issuer redirects back; each attempt is used once. The issuer's code leaves the address first of all.
 */
import { signal } from "@preact/signals";
import * as oauth from "oauth4webapi";
import { type Config, loadConfig, PATIENCE } from "./config";
import { drop, dropAll, keep, kept, survivesRedirect } from "./storage";

export interface Session {
  accessToken: string;
  idToken: string | undefined;
  /** For display only. */
  email: string | undefined;
  scopes: ReadonlySet<string>;
}

/** The redirect URIs that are registered with the issuer. */
export type RedirectPath = "/" | "/accept";

/** Null before sign-in and after the session has ended. */
export const session = signal<Session | null>(null);

/** Set when a session ends while the page is in use. The page keeps its input and asks for another sign-in. */
export const sessionOver = signal(false);

/** Why sign-in failed. `blocked`: the browser blocks site data, so the attempt would be lost at the issuer. */
export type SignInFailure = "declined" | "failed" | "blocked";

const ATTEMPT = "sign-in";
/** Stored while this tab is signed in: a reload then signs in again by itself. */
const SIGNED_IN = "signed-in";

interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  returnTo: string;
}

/** Allows plain http only to an issuer on this machine. */
export function requestOptions(issuer: string) {
  const { protocol, hostname } = new URL(issuer);
  return {
    signal: () => AbortSignal.timeout(PATIENCE),
    [oauth.allowInsecureRequests]: protocol === "http:" && (hostname === "localhost" || hostname === "127.0.0.1"),
  };
}

async function discover(config: Config) {
  const issuer = new URL(config.issuer);
  const response = await oauth.discoveryRequest(issuer, requestOptions(config.issuer));
  return oauth.processDiscoveryResponse(issuer, response);
}

interface SignIn {
  redirectPath: RedirectPath;
  scopes: string[];
  /** The path to show after sign-in. It is never sent to the issuer. */
  returnTo?: string;
  /** OpenID Connect's `prompt`: `select_account` offers other accounts. */
  prompt?: string;
}

/** Redirects to the issuer, or returns why it could not. */
export async function signIn(options: SignIn): Promise<SignInFailure | undefined> {
  if (!survivesRedirect()) return "blocked";
  return redirectToIssuer(options).catch(() => "failed");
}

async function redirectToIssuer(options: SignIn): Promise<undefined> {
  const config = await loadConfig();
  const server = await discover(config);
  const attempt: Attempt = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    returnTo: options.returnTo ?? options.redirectPath,
  };
  const url = new URL(server.authorization_endpoint!);
  const parameters = {
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: location.origin + options.redirectPath,
    scope: ["openid", "email", ...options.scopes.map((scope) => config.scopePrefix + scope)].join(" "),
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
    ...(options.prompt && { prompt: options.prompt }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  drop(SIGNED_IN);
  keep(ATTEMPT, JSON.stringify(attempt));
  location.assign(url);
}

/** Collapses double slashes: resolved as a URL, the path `//x.example/` would be another host. */
export function tidyAddress() {
  const { origin, pathname, search, hash } = location;
  if (pathname.includes("//"))
    history.replaceState(null, "", origin + pathname.replace(/\/{2,}/g, "/") + search + hash);
}

/** Whether the issuer redirected here, with a code or an error. */
export function isReturning(): boolean {
  const query = new URLSearchParams(location.search);
  return query.has("state") && (query.has("code") || query.has("error"));
}

/** Whether this tab was signed in before the reload. */
export const wasSignedIn = () => kept(SIGNED_IN) !== null;

/** Exchanges the issuer's code for tokens and restores the address from before. Returns why sign-in failed, if it did. */
export async function finishSignIn(redirectPath: RedirectPath): Promise<SignInFailure | undefined> {
  const returned = new URL(location.href);
  history.replaceState(null, "", redirectPath);
  const text = kept(ATTEMPT);
  drop(ATTEMPT);
  if (text === null) return survivesRedirect() ? "failed" : "blocked";
  try {
    const attempt = JSON.parse(text) as Attempt;
    // The origin in front keeps a path such as `//x.example/` on this host.
    history.replaceState(null, "", location.origin + attempt.returnTo);
    const config = await loadConfig();
    const server = await discover(config);
    const client: oauth.Client = { client_id: config.clientId };
    const parameters = oauth.validateAuthResponse(server, client, returned, attempt.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      location.origin + redirectPath,
      attempt.verifier,
      requestOptions(config.issuer),
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: attempt.nonce,
      requireIdToken: true,
    });
    const email = oauth.getValidatedIdTokenClaims(tokens)?.email;
    session.value = {
      accessToken: tokens.access_token,
      idToken: tokens.id_token,
      email: typeof email === "string" ? email : undefined,
      scopes: new Set(grantedScopes(tokens.access_token, tokens.scope)),
    };
    sessionOver.value = false;
    keep(SIGNED_IN, "");
    return undefined;
  } catch (error) {
    return error instanceof oauth.AuthorizationResponseError && error.error === "access_denied" ? "declined" : "failed";
  }
}

/**
 * The granted scopes, by which the portal shows or hides pages; the API checks its own. Some issuers list them only in the
 * access token, without a prefix.
 */
export function grantedScopes(accessToken: string, scope: string | undefined): string[] {
  try {
    const payload = accessToken.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    const claim: unknown = JSON.parse(atob(payload)).scope;
    if (typeof claim === "string") return claim.split(" ");
  } catch {
    // An opaque token: the response lists the scopes.
  }
  return scope?.split(" ") ?? [];
}

/** Called when the API rejects the token. */
export function endSession() {
  session.value = null;
  sessionOver.value = true;
}

/** Signs out here and at the issuer, and deletes everything stored in this tab. */
export async function signOut() {
  const idToken = session.value?.idToken;
  session.value = null;
  dropAll();
  const home = `${location.origin}/`;
  let leave: string | URL = home;
  try {
    const config = await loadConfig();
    const { end_session_endpoint: endpoint } = await discover(config);
    if (endpoint) {
      leave = new URL(endpoint);
      const parameters = {
        client_id: config.clientId,
        post_logout_redirect_uri: home,
        // Cognito's name for it.
        logout_uri: home,
        ...(idToken && { id_token_hint: idToken }),
      };
      for (const [name, value] of Object.entries(parameters)) leave.searchParams.set(name, value);
    }
  } catch {
    // If the issuer can't be reached, sign out here only.
  }
  location.assign(leave);
}
