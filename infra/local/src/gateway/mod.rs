//! API Gateway's part: an HTTP API with JWT authorizer, stage `$default` and payload format 2.0.
//!
//! Invariant: route, then token, then scope, then function, each refused with the gateway's own status and body, so
//! that no function sees a request that API Gateway would not have let through.

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
use http::{HeaderName, StatusCode};

pub(crate) use authorizer::Authorizer;

use crate::clock::{self, Stopwatch};
use crate::random;
use crate::routes::{self, Route, Variables};
use crate::runtime::{Host, InvokeError};
use crate::terminal::Terminal;
use authorizer::{Denied, Granted};
use event::Incoming;

/// API Gateway's limit for the payload of an HTTP API: 10 MB.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// The API: what it checks with, and where it hands on to.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) authorizer: Authorizer,
    pub(crate) host: Arc<Host>,
    pub(crate) port: u16,
    pub(crate) terminal: Terminal,
    /// Set once all is up; requests before that are our own and not worth a line.
    pub(crate) ready: Arc<AtomicBool>,
}

pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    // Not nested: the event needs the path as it was asked for.
    Router::new()
        .route("/api", any(handle))
        .route("/api/", any(handle))
        .route("/api/{*path}", any(handle))
        .with_state(gateway)
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let watch = Stopwatch::start();
    let (parts, body) = request.into_parts();
    let chosen = routes::choose(parts.method.as_str(), parts.uri.path());
    let key =
        chosen.as_ref().map_or_else(|| format!("{} (no route)", parts.method), |(route, _)| route.key());
    let response = match chosen {
        None => refuse(StatusCode::NOT_FOUND, "Not Found"),
        Some((route, variables)) => gateway.admit(route, variables, &parts, body).await,
    };
    if gateway.ready.load(Ordering::SeqCst) {
        gateway.terminal.request(&key, response.status().as_u16(), watch.elapsed());
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
        let granted = match self.authorizer.check(route.scopes, &parts.headers, now) {
            Ok(granted) => granted,
            Err(denied) => return deny(&denied),
        };
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let incoming = Incoming {
            route,
            variables,
            parts,
            body: &body,
            granted: granted.as_ref(),
            now,
            port: self.port,
        };
        let outcome = self.host.invoke(route.function, &incoming.event(&random::base64url::<12>())).await;
        match outcome {
            Ok(returned) => answer::response(&returned).unwrap_or_else(failed_integration),
            Err(InvokeError::TimedOut { .. } | InvokeError::Stopping) => {
                refuse(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            Err(error) => {
                self.terminal.warn(&error.to_string());
                failed_integration()
            }
        }
    }
}

fn failed_integration() -> Response {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn deny(denied: &Denied) -> Response {
    let (status, message) = match denied {
        Denied::NoToken | Denied::Invalid(_) => (StatusCode::UNAUTHORIZED, "Unauthorized"),
        Denied::Scope(_) => (StatusCode::FORBIDDEN, "Forbidden"),
    };
    ([(HeaderName::from_static("www-authenticate"), denied.challenge())], refuse(status, message))
        .into_response()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "message": message }))).into_response()
}
