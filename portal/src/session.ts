/**
 * Sign-in with OpenID Connect: authorisation code with PKCE.
 *
 * Invariant: access and refresh token exist only in this page's memory. `sessionStorage` holds the attempt (state, verifier, nonce,
 * return path) until the issuer redirects back; each attempt is used once. The issuer's code leaves the address first of all.
 */
import { computed, effect, signal } from "@preact/signals";
import * as oauth from "oauth4webapi";
import { type Config, loadConfig, PATIENCE } from "./config";
import { drop, dropAll, dropThose, hasText, keep, kept, survivesRedirect } from "./storage";
import { claimsOf, grantedScopes } from "./token";

export interface Session {
  accessToken: string;
  idToken: string | undefined;
  /** For display only. */
  email: string | undefined;
  scopes: ReadonlySet<string>;
  refreshToken: string | undefined;
  /** In milliseconds since 1970. */
  expiresAt: number;
}

/** The redirect URIs that are registered with the issuer. */
export type RedirectPath = "/" | "/accept";

/** Null before sign-in and after the session has ended. */
export const session = signal<Session | null>(null);

/** Set when a session ends while the page is in use. The page keeps its input and asks for another sign-in. */
export const sessionOver = signal(false);

/** The account of this tab before its last sign-in, if that was another: another tab may have changed it. */
export const replaced = signal<string | null>(null);

/** Set if the issuer knows the person by another account than that with which something was entered in this tab. */
export const another = signal<{
  account: string;
  /** With which it was entered. Whoever signed out goes unnamed. */
  before: string | undefined;
} | null>(null);

/**
 * Why sign-in failed. `blocked`: the browser blocks site data, so the attempt would be lost at the issuer. `asks`: the issuer
 * was told not to ask the person, and has to. `opaque`: the API cannot read the issuer's access token. `clock`: a fresh token is
 * out of date by this device's clock. `unreachable`: no proper answer came. `another`: see there.
 */
export type SignInFailure = "declined" | "failed" | "blocked" | "asks" | "opaque" | "clock" | "unreachable" | "another";

/** OpenID Connect Core, section 3.1.2.6: what an issuer answers to `prompt=none` if it has to ask. */
const ASKS = new Set(["login_required", "interaction_required", "consent_required", "account_selection_required"]);

/** The name of a lock that each tab holds while somebody is signed in there. */
const PRESENCE = "signed-in";

/** Tells new tabs that somebody is signed in here, as a manager or as a learner. They get no token, but may ask the issuer without a question. */
export function showPresence() {
  const present = computed(() => session.value !== null);
  effect(() => {
    if (!present.value) return;
    let leave: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (leave = resolve));
    navigator.locks?.request(PRESENCE, { mode: "shared" }, () => held).catch(() => undefined);
    return leave;
  });
}

/** Whether somebody is signed in in another tab. */
export async function isElsewhere(): Promise<boolean> {
  const locks = await navigator.locks?.query().catch(() => undefined);
  return locks?.held?.some(({ name }) => name === PRESENCE) ?? false;
}

const ATTEMPT = "sign-in";
/** Holds the page's redirect path while this tab is signed in: a reload then signs in again by itself. */
const SIGNED_IN = "signed-in";
/** Holds this tab's account on a page. */
const accountOn = (redirectPath: RedirectPath) => `account:${redirectPath}`;
/** Tells the other tabs that the person has signed out. */
const SIGNED_OUT = "signed-out";
/** Holds the page that this tab left when the person signed out in another one. */
const LEFT = "left";

/** Whether a text is what somebody entered on the portal's pages: a list, an address, a new deal. */
const isEntered = (name: string) => /^(?:(?:invite|typed|edited):|new-deal$)/.test(name);
/** Holds what the visits of the Deal seats page are searched for. */
export const SEARCH = "search";
/** Begins the names of what says who was offered a seat of a deal. */
export const OFFERS = "offers:";
/** Begins the names of what says what is left of an action on many invites of a deal. */
export const BULK = "bulk:";

interface Account {
  /** The issuer's name for the person, unlike an address always known. */
  subject: string;
  email: string | undefined;
}

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
  /** OpenID Connect's `prompt`: `select_account` offers other accounts, `none` asks nothing. */
  prompt?: string;
  /** Whether no person started it. It then adds no entry to the browser's history, where *Back* would meet it again. */
  unasked?: boolean;
}

/** Redirects to the issuer, or returns why it could not. */
export async function signIn(options: SignIn): Promise<SignInFailure | undefined> {
  if (!survivesRedirect()) return "blocked";
  return redirectToIssuer(options).catch(failureOf);
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
  // Cognito, which needs no scope for a refresh token, refuses the unknown one.
  const offline = server.scopes_supported?.includes("offline_access") ? ["offline_access"] : [];
  const parameters = {
    ...Object.fromEntries(new URLSearchParams(config.authorizeParameters)),
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: location.origin + options.redirectPath,
    scope: ["openid", "email", ...offline, ...options.scopes.map((scope) => config.scopePrefix + scope)].join(" "),
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
    ...(options.prompt && { prompt: options.prompt }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  drop(SIGNED_IN);
  keep(ATTEMPT, JSON.stringify(attempt));
  if (options.unasked) location.replace(url);
  else location.assign(url);
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

/** Whether this tab was signed in on this page before the reload. */
export const wasSignedIn = (redirectPath: RedirectPath) => kept(SIGNED_IN) === redirectPath;

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
    const { sub, email: address } = oauth.getValidatedIdTokenClaims(tokens)!;
    const email = typeof address === "string" ? address : undefined;
    const claims = claimsOf(tokens.access_token);
    if (!claims) return "opaque";
    if (isForAnother(redirectPath, { subject: sub, email })) return "another";
    session.value = {
      ...held(tokens),
      idToken: tokens.id_token,
      email,
      scopes: grantedScopes(claims, config),
      refreshToken: tokens.refresh_token,
    };
    sessionOver.value = false;
    keep(SIGNED_IN, redirectPath);
    recogniseAccount(redirectPath, { subject: sub, email });
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}

/** What oauth4webapi calls an answer that is no issuer's: of a proxy, or of a service that is down. */
const NO_ANSWER: ReadonlySet<string | undefined> = new Set([
  oauth.INVALID_RESPONSE,
  oauth.RESPONSE_IS_NOT_CONFORM,
  oauth.RESPONSE_IS_NOT_JSON,
  oauth.PARSE_ERROR,
]);

function failureOf(error: unknown): SignInFailure {
  if (error instanceof oauth.AuthorizationResponseError)
    return error.error === "access_denied" ? "declined" : ASKS.has(error.error) ? "asks" : "failed";
  if (error instanceof oauth.OperationProcessingError && !NO_ANSWER.has(error.code))
    return error.code === oauth.JWT_TIMESTAMP_CHECK ? "clock" : "failed";
  return error instanceof oauth.ResponseBodyError ? "failed" : "unreachable";
}

const accountBefore = (redirectPath: RedirectPath) =>
  (JSON.parse(kept(accountOn(redirectPath)) ?? "null") as Account | null) ?? undefined;

/** The verified address of the manager who is signed in in this tab, or was until the session ended. */
export const managerHere = () => session.value?.email ?? accountBefore("/")?.email;

/** The learner who is signed in on the accept page of this tab. */
export const learnerHere = () => (wasSignedIn("/accept") ? accountBefore("/accept") : undefined);

/** Whether what was entered in this tab was entered with another account. An issuer may choose one without a question. */
function isForAnother(redirectPath: RedirectPath, { subject, email }: Account): boolean {
  const before = accountBefore(redirectPath);
  if (redirectPath !== "/" || !before || before.subject === subject || !hasEntered()) return false;
  const left = hasLeft();
  if (left) history.replaceState(null, "", redirectPath);
  another.value = { account: email ?? "somebody else", before: left ? undefined : before.email };
  return true;
}

export const hasEntered = () => hasText(isEntered);
export const removeEntered = () => void dropThose(isEntered);

/** What one person did is not for another. */
function recogniseAccount(redirectPath: RedirectPath, account: Account) {
  const before = accountBefore(redirectPath);
  const left = hasLeft();
  drop(LEFT);
  keep(accountOn(redirectPath), JSON.stringify(account));
  if (!before || before.subject === account.subject) return;
  if (redirectPath === "/") {
    dropThose((name) => name.startsWith(OFFERS) || name.startsWith(BULK) || name === SEARCH);
  }
  // Whoever signed out goes unnamed, and so does the page where they were.
  if (left) history.replaceState(null, "", redirectPath);
  else replaced.value = before.email ?? "somebody else";
}

const held = (tokens: oauth.TokenEndpointResponse) => ({
  accessToken: tokens.access_token,
  expiresAt: Date.now() + (tokens.expires_in ?? Number.POSITIVE_INFINITY) * 1000,
});

/** A token that expires sooner is refreshed before a request. */
const SOON = 60_000;

let refreshing: Promise<void> | undefined;

/** The access token. Tokens are short-lived, so it is refreshed in time: nobody has to sign in in the middle of their work. */
export async function currentToken(): Promise<string | undefined> {
  const { refreshToken, expiresAt } = session.value ?? {};
  if (refreshToken && Date.now() > expiresAt! - SOON) {
    refreshing ??= refresh(refreshToken).finally(() => (refreshing = undefined));
    await refreshing;
  }
  return session.value?.accessToken;
}

async function refresh(refreshToken: string) {
  try {
    const config = await loadConfig();
    const server = await discover(config);
    const client: oauth.Client = { client_id: config.clientId };
    const options = requestOptions(config.issuer);
    const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, options);
    const tokens = await oauth.processRefreshTokenResponse(server, client, response);
    const claims = claimsOf(tokens.access_token);
    // The person signed out during the refresh, or the token is refused.
    if (!session.value || !claims) return;
    session.value = {
      ...session.value,
      ...held(tokens),
      scopes: grantedScopes(claims, config),
      refreshToken: tokens.refresh_token ?? refreshToken,
    };
  } catch (error) {
    // The issuer ended the session. Without an answer, the request goes on with the old token.
    if (error instanceof oauth.ResponseBodyError) endSession();
  }
}

/** Called when the API rejects the token. After signing out, there is no session to end. */
export function endSession() {
  if (!session.value) return;
  session.value = null;
  sessionOver.value = true;
}

/**
 * Leaves this tab when the person signs out in another one. What they entered waits in this tab for their next sign-in. A full
 * load drops what the pages hold in memory.
 */
export function leaveTogether() {
  new BroadcastChannel(SIGNED_OUT).onmessage = () => {
    // An invitation that somebody reads without an account stays.
    if (!session.value && !sessionOver.value && kept(SIGNED_IN) === null) return;
    // A field that is being edited changes its row when it loses the focus.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    const { pathname, search } = location;
    // The page stays as it is until the next one has loaded.
    endSession();
    dropThose((name) => !isEntered(name) && name !== accountOn("/"));
    keep(LEFT, pathname === "/accept" ? "/" : pathname + search);
    location.assign(firstPage());
  };
}

/** Where a learner, or a manager, can go on after signing out. */
const firstPage = (): RedirectPath => (location.pathname === "/accept" ? "/accept" : "/");

/** Whether this tab left a page because the person signed out in another one. */
export const hasLeft = () => kept(LEFT) !== null;

/** The page that this tab left when the person signed out in another one, and whether something entered waits there. */
export function leftPage(): { path: string; entered: boolean } | undefined {
  const path = kept(LEFT);
  return path === null ? undefined : { path, entered: hasEntered() };
}

/** Signs out in all tabs and at the issuer, and deletes everything stored in this one. */
export async function signOut() {
  const idToken = session.value?.idToken;
  session.value = null;
  dropAll();
  // An answer that comes until the page is left may keep a list again.
  addEventListener("pagehide", () => dropThose((name) => name !== ATTEMPT));
  new BroadcastChannel(SIGNED_OUT).postMessage(null);
  const home = location.origin + firstPage();
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
