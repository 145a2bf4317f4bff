//! `POST /oidc/token`: tokens for a code, and for scripts that just say who they are.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::{CACHE_CONTROL, PRAGMA};
use serde::Deserialize;
use serde_json::{Value, json};

use super::person::Person;
use super::{AUDIENCE, CLIENT, Issuer, KeyError};
use crate::{clock, random};

const LIFETIME_SECONDS: i64 = 3600;

pub(super) fn router() -> Router<Arc<Issuer>> {
    Router::new().route("/token", post(token))
}

#[derive(Debug, Default, Deserialize)]
struct Request {
    grant_type: Option<String>,
    client_id: Option<String>,
    // authorization_code
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    // password
    username: Option<String>,
    scope: Option<String>,
    audience: Option<String>,
    expires_in: Option<String>,
}

/// A refusal as RFC 6749 (section 5.2) writes it: the error, and what it means here.
#[derive(Debug)]
struct Refusal(&'static str, &'static str);

const INVALID_REQUEST: &str = "invalid_request";
const INVALID_GRANT: &str = "invalid_grant";
const SERVER_ERROR: &str = "server_error";

impl From<KeyError> for Refusal {
    fn from(_: KeyError) -> Self {
        Self(SERVER_ERROR, "the token could not be signed")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(error, description) = self;
        let is_ours = error == SERVER_ERROR;
        let status = if is_ours { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
        (status, NOT_STORED, Json(json!({ "error": error, "error_description": description })))
            .into_response()
    }
}

const NOT_STORED: [(http::HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

async fn token(
    State(issuer): State<Arc<Issuer>>,
    request: Result<Form<Request>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(request) = request.map_err(|_| Refusal(INVALID_REQUEST, "the body is not a form"))?;
    if request.client_id.as_deref().is_some_and(|client| client != CLIENT) {
        return Err(Refusal("invalid_client", "the client is seatkeeper-portal"));
    }
    let now = clock::now();
    let answer = match request.grant_type.as_deref() {
        Some("authorization_code") => issuer.for_code(&request, now)?,
        Some("password") => issuer.for_name(&request, now)?,
        Some(_) => {
            let known = "authorization_code and password are supported";
            return Err(Refusal("unsupported_grant_type", known));
        }
        None => return Err(Refusal(INVALID_REQUEST, "grant_type is missing")),
    };
    Ok((NOT_STORED, Json(answer)).into_response())
}

impl Issuer {
    fn for_code(&self, request: &Request, now: DateTime<Utc>) -> Result<Value, Refusal> {
        let (Some(code), Some(uri), Some(verifier), Some(_client)) =
            (&request.code, &request.redirect_uri, &request.code_verifier, &request.client_id)
        else {
            return Err(Refusal(
                INVALID_REQUEST,
                "code, redirect_uri, client_id and code_verifier are needed",
            ));
        };
        let refused = Refusal(INVALID_GRANT, "the code is used up, too old, or not for this request");
        let grant = self.codes.redeem(code, uri, verifier, now).ok_or(refused)?;
        let scope = grant.person.grant(grant.scope.as_deref());
        let mut answer = self.access(&grant.person, &scope, AUDIENCE, LIFETIME_SECONDS, now)?;
        if scope.split(' ').any(|scope| scope == "openid")
            && let Value::Object(answer) = &mut answer
        {
            let identity = self.identity(&grant.person, grant.nonce.as_deref(), now)?;
            answer.insert("id_token".to_owned(), Value::String(identity));
        }
        Ok(answer)
    }

    fn for_name(&self, request: &Request, now: DateTime<Utc>) -> Result<Value, Refusal> {
        let name = request.username.as_deref().ok_or(Refusal(INVALID_REQUEST, "username is missing"))?;
        let person = Person::parse(name).ok_or(Refusal(INVALID_GRANT, "username is not an email address"))?;
        let lifetime = match request.expires_in.as_deref() {
            None => LIFETIME_SECONDS,
            Some(seconds) => seconds
                .parse()
                .ok()
                .filter(|seconds| (-1_000_000_000..=1_000_000_000).contains(seconds))
                .ok_or(Refusal(INVALID_REQUEST, "expires_in is a number of seconds"))?,
        };
        let scope = person.grant(request.scope.as_deref());
        let audience = request.audience.as_deref().unwrap_or(AUDIENCE);
        Ok(self.access(&person, &scope, audience, lifetime, now)?)
    }

    /// The answer with an access token (claims as in RFC 9068).
    fn access(
        &self,
        person: &Person,
        scope: &str,
        audience: &str,
        lifetime: i64,
        now: DateTime<Utc>,
    ) -> Result<Value, KeyError> {
        let mut claims = json!({
            "iss": self.name(),
            "sub": person.subject(),
            "aud": audience,
            "client_id": CLIENT,
            "iat": now.timestamp(),
            "exp": now.timestamp() + lifetime,
            "jti": random::uuid(),
            "scope": scope,
            "email": person.email(),
            "email_verified": true,
        });
        if let (Value::Object(claims), Some(organisation)) = (&mut claims, person.organisation()) {
            claims.insert("org".to_owned(), Value::String(organisation.to_owned()));
        }
        let token = self.key.sign(&claims)?;
        Ok(json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime, "scope": scope }))
    }

    fn identity(&self, person: &Person, nonce: Option<&str>, now: DateTime<Utc>) -> Result<String, KeyError> {
        self.key.sign(&json!({
            "iss": self.name(),
            "sub": person.subject(),
            "aud": CLIENT,
            "iat": now.timestamp(),
            "exp": now.timestamp() + LIFETIME_SECONDS,
            "nonce": nonce,
            "email": person.email(),
            "email_verified": true,
        }))
    }
}
