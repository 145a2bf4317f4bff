//! `/oidc/authorize`: the page on which a person chooses who to be. It sends the browser back to the portal with a code.
//! A browser with a session goes back at once, unless `prompt` asks for the page. `/oidc/logout` ends the session.
//!
//! Invariant: a browser is sent to the portal's registered addresses only. A request that names another address is
//! refused on a page.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::key::decoded;
use super::person::{PEOPLE, Person};
use super::token::Grant;
use super::{AFTER_SIGN_IN, AFTER_SIGN_OUT, CLIENT, Issuer, is_registered};
use crate::{clock, page};

pub(super) fn router() -> Router<Arc<Issuer>> {
    Router::new().route("/authorize", get(authorize).post(authorize)).route("/logout", get(logout))
}

/// An authorisation request (RFC 6749 section 4.1.1, RFC 7636 section 4.3, `OpenID` Connect Core section 3.1.2.1).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Request {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    scope: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    /// The API that the access token is for, as some issuers need it.
    audience: Option<String>,
    code_challenge: String,
    code_challenge_method: String,
    /// `none` never shows the page, and any other value always does.
    prompt: Option<String>,
    /// The person's choice on the page.
    email: Option<String>,
    cancel: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'r> {
    request: &'r Request,
    people: [(&'static str, &'static str); 4],
    /// The content of the field for other addresses.
    typed: &'r str,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'m> {
    title: &'m str,
    text: &'m str,
}

impl Request {
    /// The answer to a request that can't be granted.
    fn refusal(&self, issuer: &Issuer) -> Option<Response> {
        if self.client_id != CLIENT {
            return Some(refused(SIGN_IN, "client_id must be seatkeeper-portal."));
        }
        if !is_registered(&issuer.origin, &self.redirect_uri, AFTER_SIGN_IN) {
            return Some(refused(SIGN_IN, "redirect_uri must be a registered address of the portal."));
        }
        let (error, description) = if self.response_type != "code" {
            ("unsupported_response_type", "response_type must be code")
        } else if self.code_challenge_method != "S256" || self.code_challenge.len() != CHALLENGE {
            ("invalid_request", "a code_challenge with the method S256 is needed")
        } else if self.is_silent() && self.prompt.as_deref() != Some("none") {
            ("invalid_request", "prompt must have no other value beside none")
        } else if self.cancel.is_some() {
            ("access_denied", "the user cancelled the sign-in")
        } else {
            return None;
        };
        Some(self.back(issuer, &[("error", error), ("error_description", description)]))
    }

    /// Back to the client, with these parameters, its state, and the issuer's name (RFC 9207).
    fn back(&self, issuer: &Issuer, parameters: &[(&str, &str)]) -> Response {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters).append_pair("iss", &issuer.name());
        query.extend_pairs(self.state.iter().map(|state| ("state", state)));
        Redirect::to(&format!("{}?{}", self.redirect_uri, query.finish())).into_response()
    }

    fn is_silent(&self) -> bool {
        self.prompt.iter().flat_map(|prompt| prompt.split(' ')).any(|value| value == "none")
    }

    /// The person of the browser's session, if the request accepts the session.
    fn signed_in(&self, issuer: &Issuer, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Person> {
        let accepts = self.prompt.is_none() || self.is_silent();
        sessions(headers).find_map(|id| issuer.sessions.find(id, now)).filter(|_| accepts)
    }

    fn page(&self, problem: Option<&'static str>) -> Response {
        let typed = self.email.as_deref().unwrap_or_default();
        page::html(&SignIn { request: self, people: PEOPLE, typed, problem })
    }
}

/// The length of a SHA-256 in base64url.
const CHALLENGE: usize = 43;

async fn authorize(
    State(issuer): State<Arc<Issuer>>,
    method: Method,
    headers: HeaderMap,
    request: Result<Form<Request>, FormRejection>,
) -> Response {
    let Ok(Form(request)) = request else { return refused(SIGN_IN, UNREADABLE) };
    if let Some(refusal) = request.refusal(&issuer) {
        return refusal;
    }
    let now = clock::now();
    // Only the page's own form signs somebody in: a link must not.
    let chosen = request.email.as_deref().filter(|_| method == Method::POST && !request.is_silent());
    let (person, cookie) = match chosen.map(Person::parse) {
        Some(Some(person)) => {
            end_sessions(&issuer, &headers, now);
            (person.clone(), Some(cookie(&issuer.sessions.keep(person, SESSION, now), "")))
        }
        Some(None) => return request.page(Some("That is not an email address.")),
        None => match request.signed_in(&issuer, &headers, now) {
            Some(person) => (person, None),
            None if request.is_silent() => {
                let description = "the user must choose an account";
                let error = [("error", "login_required"), ("error_description", description)];
                return request.back(&issuer, &error);
            }
            None => return request.page(None),
        },
    };
    let grant = Grant {
        person,
        scope: request.scope.clone(),
        nonce: request.nonce.clone(),
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.code_challenge.clone(),
        is_opaque: request.audience.as_ref() != issuer.like.authorize.get("audience"),
    };
    let code = issuer.codes.keep(grant, CODE, now);
    (cookie.map(|cookie| [(SET_COOKIE, cookie)]), request.back(&issuer, &[("code", &code)])).into_response()
}

const CODE: TimeDelta = TimeDelta::minutes(1);
/// Afterwards a browser must sign in again.
const SESSION: TimeDelta = TimeDelta::hours(12);

/// Scripts cannot read the cookie, only the issuer's paths get it, and requests that another site makes in the background
/// do not have it.
fn cookie(session: &str, more: &str) -> String {
    format!("session={session}; Path=/oidc; HttpOnly; SameSite=Lax{more}")
}

/// The browser's sessions.
fn sessions(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().strip_prefix("session="))
}

fn end_sessions(issuer: &Issuer, headers: &HeaderMap, now: DateTime<Utc>) {
    for id in sessions(headers) {
        let _ended = issuer.sessions.take(id, now);
    }
}

const SIGN_IN: &str = "Sign-in failed";
const SIGN_OUT: &str = "Sign-out failed";
const UNREADABLE: &str = "The request can't be read.";

fn refused(title: &str, why: &str) -> Response {
    (StatusCode::BAD_REQUEST, page::html(&Message { title, text: why })).into_response()
}

/// The portal's request to sign out (`OpenID` Connect RP-Initiated Logout 1.0).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Logout {
    client_id: String,
    id_token_hint: Option<String>,
    post_logout_redirect_uri: String,
}

/// Whether an ID token claims to be ours and for the portal. Its signature is not checked, since a token from before the
/// last start was signed by another key. At most, a browser is signed out.
fn is_for_the_portal(token: &str, issuer: &str) -> bool {
    let claims = token.split('.').nth(1).and_then(|part| decoded::<Value>(part).ok());
    claims.is_some_and(|claims| {
        claims.get("iss").is_some_and(|name| name == issuer)
            && claims.get("aud").is_some_and(|name| name == CLIENT)
    })
}

async fn logout(
    State(issuer): State<Arc<Issuer>>,
    headers: HeaderMap,
    request: Result<Form<Logout>, FormRejection>,
) -> Response {
    let Ok(Form(request)) = request else { return refused(SIGN_OUT, UNREADABLE) };
    if request.client_id != CLIENT {
        return refused(SIGN_OUT, "client_id must be seatkeeper-portal.");
    }
    if request.id_token_hint.is_some_and(|token| !is_for_the_portal(&token, &issuer.name())) {
        return refused(SIGN_OUT, "id_token_hint must be an ID token of the portal.");
    }
    if !is_registered(&issuer.origin, &request.post_logout_redirect_uri, AFTER_SIGN_OUT) {
        return refused(SIGN_OUT, "post_logout_redirect_uri must be a registered address of the portal.");
    }
    end_sessions(&issuer, &headers, clock::now());
    let cookie = [(SET_COOKIE, cookie("", "; Max-Age=0"))];
    (cookie, Redirect::to(&request.post_logout_redirect_uri)).into_response()
}
