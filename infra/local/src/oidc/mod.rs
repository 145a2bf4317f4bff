//! A development OpenID issuer. It believes people's word for who they are.
//!
//! Invariant: every token has only scopes that were requested *and* that its person is entitled to, unless the issuer that
//! this one is like grants them to everybody ([`Like`]). The issuer exists in `infra/local` only. Its key is new in each process and never leaves it.

mod kept;
mod key;
mod like;
mod pages;
mod person;
mod token;

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

pub(crate) use key::Key;
pub use like::Like;
pub(crate) use person::{PARTNERSHIP_MANAGER, PEOPLE};

use crate::template;
use kept::Kept;
use person::Person;
use token::Grant;

pub(crate) const CLIENT: &str = "seatkeeper-portal";

/// The template's lists of addresses that a browser may return to: properties of its user pool's client.
const AFTER_SIGN_IN: &str = "/CallbackURLs";
const AFTER_SIGN_OUT: &str = "/LogoutURLs";

pub(crate) struct Issuer {
    origin: String,
    pub(crate) key: Key,
    pub(crate) like: &'static Like,
    codes: Kept<Grant>,
    /// What each refresh token was issued for.
    refreshes: Kept<Grant>,
    /// Who each browser signed in as.
    sessions: Kept<Person>,
}

impl Issuer {
    pub(crate) fn new(origin: String, key: Key, like: &'static Like) -> Self {
        let (codes, refreshes, sessions) = (Kept::default(), Kept::default(), Kept::default());
        Self { origin, key, like, codes, refreshes, sessions }
    }

    /// The issuer's identifier, as tokens have it in `iss`.
    pub(crate) fn name(&self) -> String {
        format!("{}/oidc", self.origin)
    }
}

/// Whether a browser may return to this address of the portal at `origin`.
fn is_registered(origin: &str, address: &str, list: &str) -> bool {
    let urls =
        template::resources("AWS::Cognito::UserPoolClient").filter_map(|client| client.get(list).as_array());
    let mut paths =
        urls.flatten().filter_map(|url| url.get("Fn::Sub")?.as_str()?.strip_prefix("${PortalUrl.Value}"));
    address.strip_prefix(origin).is_some_and(|path| paths.any(|registered| path == registered))
}

pub(crate) fn router(issuer: Arc<Issuer>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route("/jwks", get(jwks))
        .merge(pages::router())
        .merge(token::router())
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(issuer)
}

/// `OpenID` Connect Discovery 1.0, section 3.
async fn configuration(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let name = issuer.name();
    Json(json!({
        "issuer": name,
        "authorization_endpoint": format!("{name}/authorize"),
        "token_endpoint": format!("{name}/token"),
        "jwks_uri": format!("{name}/jwks"),
        "end_session_endpoint": format!("{name}/logout"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "select_account"],
        "grant_types_supported": ["authorization_code", "password", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": person::OPENID,
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "email", "email_verified", "org"],
    }))
}

async fn jwks(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    Json(json!({ "keys": [issuer.key.jwk()] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_portals_own_addresses_are_registered() {
        let origin = "http://localhost:3000";
        for address in ["http://localhost:3000/", "http://localhost:3000/accept"] {
            for list in [AFTER_SIGN_IN, AFTER_SIGN_OUT] {
                assert!(is_registered(origin, address, list), "{address} {list}");
            }
        }
        for address in [
            "http://localhost:3000",
            "http://localhost:3000/inbox",
            "http://localhost:3000/accept/",
            "http://localhost:3000/?a=b",
            "http://localhost:3000/#x",
            "http://localhost:30001/",
            "http://localhost:3000@evil.example/",
            "https://localhost:3000/",
            "http://127.0.0.1:3000/",
            "//localhost:3000/",
            "",
        ] {
            assert!(!is_registered(origin, address, AFTER_SIGN_IN), "{address}");
        }
    }
}
