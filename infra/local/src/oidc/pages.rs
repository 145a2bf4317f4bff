//! `/oidc/authorize`: the page to choose who you are, and the way back to the portal with a code; `/oidc/logout`, the way
//! back without one.
//!
//! Invariant: a browser is sent to the portal's registered addresses only; a request that names another is refused on a
//! page.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::code::Grant;
use super::person::{PEOPLE, Person};
use super::{AFTER_SIGN_IN, AFTER_SIGN_OUT, CLIENT, Issuer};
use crate::{clock, page};

pub(super) fn router() -> Router<Arc<Issuer>> {
    Router::new().route("/authorize", get(choose).post(chosen)).route("/logout", get(logout).post(logout))
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
    code_challenge: String,
    code_challenge_method: String,
    /// Nobody is signed in here from one request to the next, so `login` and `select_account` ask for what happens anyway.
    prompt: Option<String>,
    login_hint: Option<String>,
    /// Who somebody chose to be, or that they would rather not; only the page itself sends these.
    email: Option<String>,
    cancel: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'r> {
    request: &'r Request,
    people: &'static [(&'static str, &'static str)],
    /// What the field for other addresses holds.
    typed: &'r str,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'m> {
    title: &'m str,
    text: &'m str,
}

enum Flaw {
    /// Nobody to tell but the person at the browser.
    Untrusted(&'static str),
    /// The client is told.
    Error(&'static str, &'static str),
}

impl Request {
    fn check(&self, issuer: &Issuer) -> Result<(), Flaw> {
        if self.client_id != CLIENT {
            return Err(Flaw::Untrusted("client_id is not seatkeeper-portal."));
        }
        if !issuer.is_registered(&self.redirect_uri, AFTER_SIGN_IN) {
            return Err(Flaw::Untrusted("redirect_uri is none of the portal's."));
        }
        if self.response_type != "code" {
            return Err(Flaw::Error("unsupported_response_type", "response_type is code"));
        }
        // The challenge is the SHA-256 of the verifier in base64url: 43 characters.
        if self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            return Err(Flaw::Error("invalid_request", "a code_challenge with the method S256 is needed"));
        }
        if self.prompt.as_deref() == Some("none") {
            return Err(Flaw::Error("login_required", "nobody is signed in without being asked"));
        }
        if self.cancel.is_some() {
            return Err(Flaw::Error("access_denied", "the person would rather not"));
        }
        Ok(())
    }

    /// Back to the client, with these parameters, its state, and who answers (RFC 9207).
    fn back(&self, issuer: &Issuer, parameters: &[(&str, &str)]) -> Response {
        let name = issuer.name();
        let state = self.state.as_deref().map(|state| ("state", state));
        let all = parameters.iter().copied().chain([("iss", name.as_str())]).chain(state);
        redirect(&self.redirect_uri, all)
    }
}

fn redirect<'p>(address: &str, parameters: impl Iterator<Item = (&'p str, &'p str)>) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let mark = if query.is_empty() { "" } else { "?" };
    Redirect::to(&format!("{address}{mark}{query}")).into_response()
}

async fn choose(
    State(issuer): State<Arc<Issuer>>,
    request: Result<Query<Request>, QueryRejection>,
) -> Response {
    let Ok(Query(request)) = request else { return refused(SIGN_IN, UNREADABLE) };
    match request.check(&issuer) {
        Ok(()) => sign_in(&request, None),
        Err(flaw) => refuse(&issuer, &request, &flaw),
    }
}

async fn chosen(
    State(issuer): State<Arc<Issuer>>,
    request: Result<Form<Request>, FormRejection>,
) -> Response {
    let Ok(Form(request)) = request else { return refused(SIGN_IN, UNREADABLE) };
    if let Err(flaw) = request.check(&issuer) {
        return refuse(&issuer, &request, &flaw);
    }
    let Some(person) = request.email.as_deref().and_then(Person::parse) else {
        return sign_in(&request, Some("That is not an email address."));
    };
    let grant = Grant {
        person,
        scope: request.scope.clone(),
        nonce: request.nonce.clone(),
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.code_challenge.clone(),
    };
    let code = issuer.codes.issue(grant, clock::now());
    request.back(&issuer, &[("code", &code)])
}

fn sign_in(request: &Request, problem: Option<&'static str>) -> Response {
    let typed = request.email.as_deref().or(request.login_hint.as_deref()).unwrap_or_default();
    page::html(&SignIn { request, people: PEOPLE, typed, problem })
}

fn refuse(issuer: &Issuer, request: &Request, flaw: &Flaw) -> Response {
    match flaw {
        Flaw::Untrusted(why) => refused(SIGN_IN, why),
        Flaw::Error(error, description) => {
            request.back(issuer, &[("error", error), ("error_description", description)])
        }
    }
}

const SIGN_IN: &str = "This sign-in can't go on";
const SIGN_OUT: &str = "This sign-out can't go on";
const UNREADABLE: &str = "The request can't be read.";

fn refused(title: &str, why: &str) -> Response {
    (StatusCode::BAD_REQUEST, page::html(&Message { title, text: why })).into_response()
}

/// The end of a session (`OpenID` Connect RP-Initiated Logout 1.0). There is none here to end: only the way back, which
/// the client has to be known for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Logout {
    client_id: Option<String>,
    id_token_hint: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

impl Logout {
    fn check(&self, issuer: &Issuer) -> Result<(), &'static str> {
        if self.client_id.is_none() && self.id_token_hint.is_none() {
            return Err("Neither client_id nor id_token_hint says who asks.");
        }
        if self.client_id.as_deref().is_some_and(|client| client != CLIENT) {
            return Err("client_id is not seatkeeper-portal.");
        }
        if self.id_token_hint.as_deref().is_some_and(|token| !is_for_the_portal(token, &issuer.name())) {
            return Err("id_token_hint is no ID token of the portal's.");
        }
        if self
            .post_logout_redirect_uri
            .as_deref()
            .is_some_and(|address| !issuer.is_registered(address, AFTER_SIGN_OUT))
        {
            return Err("post_logout_redirect_uri is none of the portal's.");
        }
        Ok(())
    }
}

/// Whether an ID token says that we gave it to the portal. It may have expired, and its key is gone with the start before
/// this one, so nobody verifies it; nor does anything depend on it.
fn is_for_the_portal(token: &str, issuer: &str) -> bool {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Option<Value> = claims.and_then(|json| serde_json::from_slice(&json).ok());
    claims.is_some_and(|claims| {
        claims.get("iss").is_some_and(|name| name == issuer)
            && claims.get("aud").is_some_and(|name| name == CLIENT)
    })
}

async fn logout(State(issuer): State<Arc<Issuer>>, request: Result<Form<Logout>, FormRejection>) -> Response {
    let Ok(Form(request)) = request else { return refused(SIGN_OUT, UNREADABLE) };
    if let Err(why) = request.check(&issuer) {
        return refused(SIGN_OUT, why);
    }
    match &request.post_logout_redirect_uri {
        Some(address) => {
            redirect(address, request.state.as_deref().map(|state| ("state", state)).into_iter())
        }
        None => page::html(&Message { title: "You are signed out", text: "Nothing of you is kept here." }),
    }
}
