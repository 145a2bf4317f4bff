/** What a deployment tells its pages: `/config.json`. */
export interface Config {
  /** The OpenID issuer, exactly as its discovery document names it. */
  issuer: string;
  clientId: string;
  /** What the issuer puts before the names of the API's scopes when it is asked for them. */
  scopePrefix: string;
  /** Where *Start learning* leads. */
  startUrl: string;
  /** Who the invites come from, and under which subject: for those who let mail through. */
  mailFrom: string;
  mailSubject: string;
}

let loaded: Promise<Config> | undefined;

/** The settings of this deployment; asked for once, and again after a failure. */
export function loadConfig(): Promise<Config> {
  loaded ??= fetch("/config.json", { cache: "no-cache" }).then((answer) => {
    if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
    return answer.json() as Promise<Config>;
  });
  loaded.catch(() => (loaded = undefined));
  return loaded;
}
