/** How long a request may take, in milliseconds. The gateway answers within 30 s. */
export const PATIENCE = 32_000;

/** The settings of a deployment, from `/config.json`. */
export interface Config {
  /** The OpenID issuer, exactly as its discovery document names it. */
  issuer: string;
  clientId: string;
  /** The prefix of the API's scopes in a request to the issuer, and in its access tokens. */
  scopePrefix: string;
  tokenScopePrefix: string;
  /** The claim that must list a scope of administrators as well. Empty if the issuer grants scopes by person. */
  entitlementClaim: string;
  /** Further parameters of a request to sign in, as a query. */
  authorizeParameters: string;
  /** The target of *Start learning*. */
  startUrl: string;
  /** The invites' sender and subject, for IT teams that filter mail. */
  mailFrom: string;
  mailSubject: string;
  /** How long an invite can be accepted: `28d`. */
  inviteLifetime: string;
}

let loaded: Promise<Config> | undefined;

/** Requests the settings once; a request without a proper answer is repeated by the next call. */
export function loadConfig(): Promise<Config> {
  const signal = AbortSignal.timeout(PATIENCE);
  loaded ??= fetch("/config.json", { cache: "no-cache", signal }).then(async (response) => {
    const config = response.ok && ((await response.json()) as Config);
    // A network that asks people to sign in answers for every site.
    if (!config || !URL.canParse(config.issuer)) throw new Error(`config.json: ${response.status}, not the settings`);
    return config;
  });
  loaded.catch(() => (loaded = undefined));
  return loaded;
}
