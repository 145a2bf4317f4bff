/**
 * Sign-in: OpenID Connect, authorisation code with PKCE.
 *
 * Invariant: the access token lives in this page's memory and nowhere else, so it is gone with the page. What has to
 * outlive the way to the issuer and back (state, verifier, nonce, where the person was) lies in `sessionStorage` until
 * they are back, once. The issuer's answer leaves the address before anything is done with it.
 */
import { signal } from "@preact/signals";
import * as oauth from "oauth4webapi";
import { type Config, loadConfig } from "./config";
import { drop, dropAll, keep, kept, outlivesPage } from "./storage";

export interface Session {
  accessToken: string;
  idToken: string | undefined;
  /** For display only. */
  email: string | undefined;
  scopes: ReadonlySet<string>;
}

/** Where the issuer may send people back to: nowhere else is registered. */
export type RedirectPath = "/" | "/accept";

/** Null until somebody has signed in, and again when the session is over. */
export const session = signal<Session | null>(null);

/** Whether a session ended while somebody was at work: they are asked to sign in again, and lose nothing. */
export const sessionOver = signal(false);

/** Why nobody is signed in. `blocked`: the browser keeps nothing for this site, so no way leads back from the issuer. */
export type SignInFailure = "declined" | "failed" | "blocked";

const ATTEMPT = "sign-in";
/** Set while somebody is signed in in this tab, so that a reload signs them in again without being asked to. */
const SIGNED_IN = "signed-in";

interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  returnTo: string;
}

/** Tokens go over https; on this very machine, plain http will do. */
export function requestOptions(issuer: string) {
  const { protocol, hostname } = new URL(issuer);
  return { [oauth.allowInsecureRequests]: protocol === "http:" && (hostname === "localhost" || hostname === "127.0.0.1") };
}

async function discover(config: Config) {
  const issuer = new URL(config.issuer);
  const answer = await oauth.discoveryRequest(issuer, requestOptions(config.issuer));
  return oauth.processDiscoveryResponse(issuer, answer);
}

interface SignIn {
  redirectPath: RedirectPath;
  scopes: string[];
  /** Where this page goes on afterwards; it never reaches the issuer. */
  returnTo?: string;
  /** OpenID Connect's: `select_account` for another one than last time. */
  prompt?: string;
}

/** Leaves for the issuer. Returns why it did not, if so. */
export async function signIn(options: SignIn): Promise<SignInFailure | undefined> {
  if (!outlivesPage()) return "blocked";
  return leave(options).catch(() => "failed");
}

async function leave(options: SignIn): Promise<undefined> {
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

/**
 * Collapses the slashes of an address such as `//x.example/`: wherever its path is read as an address, it would be that
 * of another host.
 */
export function tidyAddress() {
  const { origin, pathname, search, hash } = location;
  if (pathname.includes("//")) history.replaceState(null, "", origin + pathname.replace(/\/{2,}/g, "/") + search + hash);
}

/** Whether this page was opened by the issuer, with somebody signed in or a refusal. */
export function isReturning(): boolean {
  const query = new URLSearchParams(location.search);
  return query.has("state") && (query.has("code") || query.has("error"));
}

/** Whether somebody was signed in in this tab before the page was loaded again. */
export const wasSignedIn = () => kept(SIGNED_IN) !== null;

/**
 * Takes what the issuer sent back with the person, and puts the address where they were in its place.
 * Returns why nobody is signed in, if so.
 */
export async function finishSignIn(redirectPath: RedirectPath): Promise<SignInFailure | undefined> {
  const answer = new URL(location.href);
  history.replaceState(null, "", redirectPath);
  const text = kept(ATTEMPT);
  drop(ATTEMPT);
  if (text === null) return outlivesPage() ? "failed" : "blocked";
  try {
    const attempt = JSON.parse(text) as Attempt;
    // With the origin before it, no path is read as the address of another host.
    history.replaceState(null, "", location.origin + attempt.returnTo);
    const config = await loadConfig();
    const server = await discover(config);
    const client: oauth.Client = { client_id: config.clientId };
    const parameters = oauth.validateAuthResponse(server, client, answer, attempt.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server, client, oauth.None(), parameters, location.origin + redirectPath, attempt.verifier, requestOptions(config.issuer),
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: attempt.nonce,
      requireIdToken: true,
    });
    const email = oauth.getValidatedIdTokenClaims(tokens)?.["email"];
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
 * What the person may do, to show what they can use; the API decides by itself. Some issuers say it only in the access
 * token, where the names are the API's own.
 */
export function grantedScopes(accessToken: string, scope: string | undefined): string[] {
  try {
    const payload = accessToken.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    const claim: unknown = JSON.parse(atob(payload)).scope;
    if (typeof claim === "string") return claim.split(" ");
  } catch {
    // Not a JWT: what the answer said will do.
  }
  return scope?.split(" ") ?? [];
}

/** The API no longer takes the token: whoever is at work signs in again. */
export function endSession() {
  session.value = null;
  sessionOver.value = true;
}

/** Signs out here and at the issuer, and forgets whatever this tab has kept. */
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
        // Cognito's own name for it.
        logout_uri: home,
        ...(idToken && { id_token_hint: idToken }),
      };
      for (const [name, value] of Object.entries(parameters)) leave.searchParams.set(name, value);
    }
  } catch {
    // Without its issuer, the session here is over all the same.
  }
  location.assign(leave);
}
