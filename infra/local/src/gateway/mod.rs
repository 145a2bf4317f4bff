//! API Gateway's part: an HTTP API with a JWT authorizer, stage `$default` and payload format 2.0.
//!
//! Invariant: a request passes its route, its token, its scopes and the size limit before a function sees it. Each
//! refusal has API Gateway's own status and body.

mod answer;
mod authorizer;
mod event;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::StatusCode;

use crate::clock;
use crate::oidc::Issuer;
use crate::page::refusal;
use crate::random;
use crate::routes::{self, Route, Variables};
use crate::runtime::{Host, InvokeError};
use crate::terminal::Terminal;
use authorizer::Granted;
use event::Incoming;

/// API Gateway's limit for the payload of an HTTP API: 10 MB.
const MAX_BODY: usize = 10 * 1024 * 1024;

pub(crate) struct Gateway {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) host: Arc<Host>,
    pub(crate) port: u16,
    pub(crate) terminal: Terminal,
    /// Whether the stack has started. Requests before that are its own, and are not printed.
    pub(crate) ready: AtomicBool,
}

pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    // Not nested: the event needs the whole path.
    Router::new()
        .route("/api", any(handle))
        .route("/api/", any(handle))
        .route("/api/{*path}", any(handle))
        .with_state(gateway)
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let begun = clock::now();
    let (parts, body) = request.into_parts();
    let (key, response) = match routes::choose(parts.method.as_str(), parts.uri.path()) {
        None => (
            format!("{} (no route)", parts.method),
            refusal(StatusCode::NOT_FOUND, "Not Found").into_response(),
        ),
        Some((route, variables)) => (route.key(), gateway.admit(route, variables, &parts, body).await),
    };
    if gateway.ready.load(Ordering::SeqCst) {
        gateway.terminal.request(&key, response.status().as_u16(), clock::now() - begun);
    }
    response
}

impl Gateway {
    async fn admit(
        &self,
        route: &'static Route,
        variables: Variables<'_>,
        parts: &http::request::Parts,
        body: Body,
    ) -> Response {
        let now = clock::now();
        let granted = match authorizer::check(&self.issuer, route, &parts.headers, now) {
            Ok(granted) => granted,
            Err(denied) => return denied.into_response(),
        };
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large").into_response();
        };
        let (granted, port) = (granted.as_ref(), self.port);
        let incoming = Incoming { route, variables, parts, body: &body, granted, now, port };
        let invoked = self.host.invoke(route.function, &incoming.event(&random::hex())).await;
        let response = match invoked {
            Ok(returned) => answer::response(returned),
            Err(InvokeError::TimedOut { .. } | InvokeError::Stopping) => {
                return refusal(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable").into_response();
            }
            Err(error) => {
                self.terminal.warn(&error.to_string());
                None
            }
        };
        let failed = || refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response();
        response.unwrap_or_else(failed)
    }
}
