//! `/oidc/authorize`: the page to choose who you are, and the way back to the portal with a code.
//!
//! Invariant: nothing is sent to an address outside our own origin; a request that names one is refused on a page.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::code::Grant;
use super::person::{PEOPLE, Person};
use super::{CLIENT, Issuer};
use crate::{clock, page, url};

pub(super) fn router() -> Router<Arc<Issuer>> {
    Router::new().route("/authorize", get(choose).post(chosen)).route("/logout", get(logout))
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
    login_hint: Option<String>,
    /// Who somebody chose to be; only the page itself sends it.
    email: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'r> {
    request: &'r Request,
    people: &'static [(&'static str, &'static str)],
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'m> {
    title: &'m str,
    text: &'m str,
}

/// What is wrong with a request.
enum Flaw {
    /// Nobody to tell but the person at the browser.
    Untrusted(&'static str),
    /// The client is told.
    Error(&'static str, &'static str),
}

impl Request {
    fn check(&self, origin: &str) -> Result<(), Flaw> {
        if self.client_id != CLIENT {
            return Err(Flaw::Untrusted("client_id is not seatkeeper-portal."));
        }
        if !is_our_own(&self.redirect_uri, origin) {
            return Err(Flaw::Untrusted("redirect_uri is not on this stack's own origin."));
        }
        if self.response_type != "code" {
            return Err(Flaw::Error("unsupported_response_type", "response_type is code"));
        }
        // The challenge is the SHA-256 of the verifier in base64url: 43 characters.
        if self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            return Err(Flaw::Error("invalid_request", "a code_challenge with the method S256 is needed"));
        }
        Ok(())
    }

    /// Back to the client, with these parameters and its state.
    fn back(&self, parameters: &[(&str, &str)]) -> Response {
        let state = self.state.as_deref().map(|state| ("state", state));
        let query: Vec<_> = parameters
            .iter()
            .copied()
            .chain(state)
            .map(|(name, value)| format!("{name}={}", url::encode(value)))
            .collect();
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        Redirect::to(&format!("{}{joint}{}", self.redirect_uri, query.join("&"))).into_response()
    }
}

/// Whether an address lies on our origin: its authority ends at the slash that the origin is followed by.
fn is_our_own(address: &str, origin: &str) -> bool {
    let visible = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#');
    visible && address.strip_prefix(origin).is_some_and(|path| path.starts_with('/'))
}

async fn choose(
    State(issuer): State<Arc<Issuer>>,
    request: Result<Query<Request>, QueryRejection>,
) -> Response {
    let Ok(Query(request)) = request else { return untrusted("The request can't be read.") };
    match request.check(&issuer.origin) {
        Ok(()) => sign_in(&request, None),
        Err(flaw) => refuse(&request, &flaw),
    }
}

async fn chosen(
    State(issuer): State<Arc<Issuer>>,
    request: Result<Form<Request>, FormRejection>,
) -> Response {
    let Ok(Form(request)) = request else { return untrusted("The request can't be read.") };
    if let Err(flaw) = request.check(&issuer.origin) {
        return refuse(&request, &flaw);
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
    request.back(&[("code", &code), ("iss", &issuer.name())])
}

fn sign_in(request: &Request, problem: Option<&'static str>) -> Response {
    page::html(&SignIn { request, people: PEOPLE, problem })
}

fn refuse(request: &Request, flaw: &Flaw) -> Response {
    match flaw {
        Flaw::Untrusted(why) => untrusted(why),
        Flaw::Error(error, description) => {
            request.back(&[("error", error), ("error_description", description)])
        }
    }
}

fn untrusted(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, page::html(&Message { title: "This sign-in can't go on", text: why }))
        .into_response()
}

/// The end of a session (`OpenID` Connect RP-Initiated Logout 1.0). There is none here to end: only the way back.
#[derive(Debug, Deserialize)]
struct Logout {
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

async fn logout(State(issuer): State<Arc<Issuer>>, Query(logout): Query<Logout>) -> Response {
    let own = logout.post_logout_redirect_uri.filter(|address| is_our_own(address, &issuer.origin));
    let Some(redirect_uri) = own else { return Redirect::to("/").into_response() };
    match &logout.state {
        None => Redirect::to(&redirect_uri).into_response(),
        Some(_) => Request { redirect_uri, state: logout.state, ..Request::default() }.back(&[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_origin_is_our_own() {
        let origin = "http://localhost:3000";
        assert!(is_our_own("http://localhost:3000/", origin));
        assert!(is_our_own("http://localhost:3000/back?a=b", origin));
        for address in [
            "http://localhost:3000",
            "http://localhost:30001/",
            "http://localhost:3000@evil.example/",
            "https://localhost:3000/",
            "http://localhost:3000/#x",
            "http://localhost:3000/\r\nX: y",
            "http://localhost:3000/\\evil",
            "//localhost:3000/",
            "",
        ] {
            assert!(!is_our_own(address, origin), "{address}");
        }
    }
}
