//! `POST /oidc/token`: tokens for a code, and for scripts that only give an address.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use http::header::{CACHE_CONTROL, PRAGMA};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::person::{OFFLINE, Person};
use super::{CLIENT, Issuer};
use crate::{clock, random};

/// How many seconds a token is valid, unless the request says otherwise.
const LIFETIME: i64 = 900;
/// How long a refresh token works.
const REFRESH: TimeDelta = TimeDelta::hours(12);

pub(super) fn router() -> Router<Arc<Issuer>> {
    Router::new().route("/token", post(token))
}

/// What a person granted: a code works for its own request and with that request's PKCE verifier (RFC 7636).
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) person: Person,
    pub(super) scope: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    /// The request lacked what the issuer needs to issue a JWT.
    pub(super) is_opaque: bool,
}

#[derive(Debug, Deserialize)]
struct Request {
    grant_type: Option<String>,
    client_id: Option<String>,
    // authorization_code
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    // refresh_token
    refresh_token: Option<String>,
    // password
    username: Option<String>,
    scope: Option<String>,
    audience: Option<String>,
    expires_in: Option<String>,
}

/// A successful answer (RFC 6749, section 5.1).
type Answer = Map<String, Value>;

/// A refusal with an error code and a description (RFC 6749, section 5.2).
struct Refusal(&'static str, &'static str);

const INVALID_REQUEST: &str = "invalid_request";
const INVALID_GRANT: &str = "invalid_grant";

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(error, description) = self;
        let body = Json(json!({ "error": error, "error_description": description }));
        (StatusCode::BAD_REQUEST, NOT_STORED, body).into_response()
    }
}

const NOT_STORED: [(http::HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

async fn token(
    State(issuer): State<Arc<Issuer>>,
    request: Result<Form<Request>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(request) = request.map_err(|_| Refusal(INVALID_REQUEST, "the body must be a form"))?;
    if request.client_id.as_deref().is_some_and(|client| client != CLIENT) {
        return Err(Refusal("invalid_client", "client_id must be seatkeeper-portal"));
    }
    let now = clock::now();
    let answer = match request.grant_type.as_deref() {
        Some("authorization_code") => issuer.code_grant(&request, now)?,
        Some("refresh_token") => issuer.refresh_grant(&request, now)?,
        Some("password") => issuer.password_grant(&request, now)?,
        Some(_) => {
            let known = "grant_type must be authorization_code, refresh_token or password";
            return Err(Refusal("unsupported_grant_type", known));
        }
        None => return Err(Refusal(INVALID_REQUEST, "grant_type is missing")),
    };
    Ok((NOT_STORED, Json(answer)).into_response())
}

impl Issuer {
    fn code_grant(&self, request: &Request, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let (Some(code), Some(uri), Some(verifier), Some(_client)) =
            (&request.code, &request.redirect_uri, &request.code_verifier, &request.client_id)
        else {
            return Err(Refusal(
                INVALID_REQUEST,
                "code, redirect_uri, client_id and code_verifier are needed",
            ));
        };
        let refusal = Refusal(INVALID_GRANT, "the code is used up, expired, or for another request");
        // A failed attempt uses the code up, too.
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let is_meant = |grant: &Grant| *uri == grant.redirect_uri && challenge == grant.challenge;
        let grant = self.codes.take(code, now).filter(is_meant).ok_or(refusal)?;
        let mut answer = self.tokens(grant.clone(), now);
        if self.like.grant(&grant.person, grant.scope.as_deref()).iter().any(|scope| scope == "openid") {
            let identity = self.identity(&grant.person, grant.nonce.as_deref(), now);
            answer.insert("id_token".to_owned(), identity.into());
        }
        Ok(answer)
    }

    /// Refresh tokens rotate, as RFC 9700 asks for a page that cannot keep a secret.
    fn refresh_grant(&self, request: &Request, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let token = request.refresh_token.as_deref().unwrap_or_default();
        let refusal = Refusal(INVALID_GRANT, "the refresh token is used up or expired");
        Ok(self.tokens(self.refreshes.take(token, now).ok_or(refusal)?, now))
    }

    /// An access token, and a refresh token if the request's scopes ask for one.
    fn tokens(&self, grant: Grant, now: DateTime<Utc>) -> Answer {
        let scopes = self.like.grant(&grant.person, grant.scope.as_deref());
        let mut answer = self.access(&grant.person, &scopes, None, LIFETIME, now);
        if grant.is_opaque {
            answer.insert("access_token".to_owned(), random::hex().into());
        }
        if scopes.iter().any(|scope| scope == OFFLINE) {
            let refresh = self.refreshes.keep(grant, REFRESH, now);
            answer.insert("refresh_token".to_owned(), refresh.into());
        }
        answer
    }

    fn password_grant(&self, request: &Request, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let name = request.username.as_deref().ok_or(Refusal(INVALID_REQUEST, "username is missing"))?;
        let person =
            Person::parse(name).ok_or(Refusal(INVALID_GRANT, "username must be an email address"))?;
        let seconds = request.expires_in.as_deref().map_or(Ok(LIFETIME), str::parse).ok();
        let lifetime = seconds
            .filter(|seconds| (-1_000_000_000..=1_000_000_000).contains(seconds))
            .ok_or(Refusal(INVALID_REQUEST, "expires_in must be a number of seconds"))?;
        let scopes = self.like.grant(&person, request.scope.as_deref());
        Ok(self.access(&person, &scopes, request.audience.as_deref(), lifetime, now))
    }

    /// The answer with an access token.
    fn access(
        &self,
        person: &Person,
        scopes: &[String],
        audience: Option<&str>,
        lifetime: i64,
        now: DateTime<Utc>,
    ) -> Answer {
        let times = [now, now + TimeDelta::seconds(lifetime)];
        let token = self.key.sign(&self.like.claims(&self.name(), person, scopes, audience, times));
        let answer = [
            ("access_token", token.into()),
            ("token_type", "Bearer".into()),
            ("expires_in", lifetime.into()),
            ("scope", scopes.join(" ").into()),
        ];
        answer.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    fn identity(&self, person: &Person, nonce: Option<&str>, now: DateTime<Utc>) -> String {
        self.key.sign(&json!({
            "iss": self.name(),
            "sub": person.subject(),
            "aud": CLIENT,
            "iat": now.timestamp(),
            "exp": now.timestamp() + LIFETIME,
            "nonce": nonce,
            "email": person.email,
            "email_verified": true,
        }))
    }
}
