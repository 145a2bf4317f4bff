//! The stack serves this machine only. Each of its ports listens on loopback. On every path, a guard refuses a request
//! that a foreign page or a foreign name (DNS rebinding) brought, before other code looks at it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;

#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error("port {0} is in use. Stop the program that uses it, or choose another port: PORT={next} make run", next = .0.wrapping_add(1).max(1024))]
    Busy(u16),
    #[error("port {0} can't be used: {1}")]
    Refused(u16, #[source] io::Error),
    #[error("no port can be opened: {0}")]
    None(#[from] io::Error),
}

/// Listens on loopback: IPv4 and, if the machine has it, IPv6. `localhost` may mean either address, so the port must be
/// free on both. Returns the port, too, since port 0 stands for any free one.
pub(crate) async fn listen(port: u16) -> Result<(u16, Vec<TcpListener>), PortError> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => PortError::Busy(port),
        _ => PortError::Refused(port, error),
    };
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
    let bound = first.local_addr().map_err(refused)?.port();
    let second = match TcpListener::bind((Ipv6Addr::LOCALHOST, bound)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && port != 0 => {
            return Err(PortError::Busy(port));
        }
        // Without IPv6, no other program can listen there either.
        second => second.ok(),
    };
    Ok((bound, std::iter::once(first).chain(second).collect()))
}

/// A loopback port, chosen by the system, that only processes of this machine call.
pub(crate) struct InnerPort {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl InnerPort {
    pub(crate) async fn bind() -> Result<Self, PortError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves `app` behind the guard, until the task that runs this ends.
    pub(crate) async fn serve(self, app: Router) {
        serve(self.listener, guarded(app, self.address.port())).await;
    }
}

pub(crate) async fn serve(listener: TcpListener, app: Router) {
    // Serving does not fail. It ends with its task.
    let _never = axum::serve(listener, app).await;
}

/// Puts the guard of `port` before `app`.
pub(crate) fn guarded(app: Router, port: u16) -> Router {
    app.layer(from_fn_with_state(port, guard))
}

/// Lets a request pass if it names our host and comes from our pages, or from no page.
async fn guard(State(port): State<u16>, request: Request, next: Next) -> Response {
    match refusal(request.headers(), port) {
        None => next.run(request).await,
        Some((status, message)) => (status, Json(json!({ "message": message }))).into_response(),
    }
}

fn refusal(headers: &HeaderMap, port: u16) -> Option<(StatusCode, &'static str)> {
    let ours = |host: &str| {
        ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")))
    };
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    if hosts.next().is_some() || !host.is_some_and(ours) {
        return Some((StatusCode::MISDIRECTED_REQUEST, "This host serves other names only"));
    }
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(ours);
    let foreign = headers.get_all(ORIGIN).iter().any(|origin| !origin.to_str().is_ok_and(own));
    foreign.then_some((StatusCode::FORBIDDEN, "Requests of other origins are refused"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(headers: &[(http::HeaderName, &str)]) -> Option<u16> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        refusal(&headers, 3000).map(|(status, _)| status.as_u16())
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for host in ["localhost:3000", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000"] {
            assert_eq!(status(&[(HOST, host)]), None, "{host}");
        }
        for host in ["localhost", "localhost:3001", "evil.example:3000", "localhost.evil.example:3000", ""] {
            assert_eq!(status(&[(HOST, host)]), Some(421), "{host}");
        }
        assert_eq!(status(&[]), Some(421));
    }

    #[test]
    fn only_our_own_pages_may_ask() {
        let from = |origin| status(&[(HOST, "localhost:3000"), (ORIGIN, origin)]);
        assert_eq!(from("http://localhost:3000"), None);
        for origin in
            ["https://localhost:3000", "http://evil.example", "null", "http://localhost:3000.evil.example"]
        {
            assert_eq!(from(origin), Some(403), "{origin}");
        }
    }

    #[tokio::test]
    async fn a_busy_port_is_an_error_that_says_what_to_do() {
        let (port, _listeners) = listen(0).await.unwrap();
        let error = listen(port).await.unwrap_err().to_string();
        assert!(error.contains("is in use") && error.contains("PORT="), "{error}");
    }
}
