//! The stack serves this machine only. Each of its ports listens on loopback. On every path, a guard refuses a request
//! that a foreign page or a foreign name (DNS rebinding) brought, before other code looks at it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;

use crate::StartError;
use crate::page::refusal;

/// A port on loopback.
pub(crate) struct Port {
    pub(crate) number: u16,
    listeners: Vec<TcpListener>,
}

impl Port {
    /// Listens on IPv4 and, if the machine has it, on IPv6. `localhost` may mean either address, so the port must be free
    /// on both. Port 0 stands for any free one.
    pub(crate) async fn bind(port: u16) -> Result<Self, StartError> {
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::Busy(port),
            _ => StartError::Port(port, error),
        };
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
        let number = first.local_addr().map_err(refused)?.port();
        let second = match TcpListener::bind((Ipv6Addr::LOCALHOST, number)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && port != 0 => {
                return Err(StartError::Busy(port));
            }
            // Without IPv6, no other program can listen there either.
            second => second.ok(),
        };
        Ok(Self { number, listeners: std::iter::once(first).chain(second).collect() })
    }

    /// The URL for programs of this machine.
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.number)
    }

    /// Serves `app` behind the guard, until the task that runs this ends.
    pub(crate) async fn serve(self, app: Router) {
        let app = app.layer(from_fn_with_state(self.number, guard));
        // Serving does not fail. It ends with its task.
        join_all(self.listeners.into_iter().map(|listener| axum::serve(listener, app.clone()).into_future()))
            .await;
    }
}

/// Lets a request pass if it names our host and comes from our pages, or from no page.
async fn guard(State(port): State<u16>, request: Request, next: Next) -> Response {
    match problem(request.headers(), port) {
        None => next.run(request).await,
        Some((status, message)) => refusal(status, message).into_response(),
    }
}

fn problem(headers: &HeaderMap, port: u16) -> Option<(StatusCode, &'static str)> {
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
    use http::{HeaderName, HeaderValue};

    #[test]
    fn only_our_own_names_and_pages_are_answered() {
        let status = |headers: &[_]| {
            let headers = headers.iter().map(|(name, value): &(_, &'static str)| {
                (HeaderName::clone(name), HeaderValue::from_static(value))
            });
            problem(&headers.collect(), 3000).map(|(status, _)| status.as_u16())
        };
        for host in ["localhost:3000", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000"] {
            assert_eq!(status(&[(HOST, host), (ORIGIN, "http://localhost:3000")]), None, "{host}");
        }
        for host in ["localhost", "localhost:3001", "evil.example:3000", "localhost.evil.example:3000", ""] {
            assert_eq!(status(&[(HOST, host)]), Some(421), "{host}");
        }
        assert_eq!(status(&[]), Some(421));
        for origin in
            ["https://localhost:3000", "http://evil.example", "null", "http://localhost:3000.evil.example"]
        {
            assert_eq!(status(&[(HOST, "localhost:3000"), (ORIGIN, origin)]), Some(403), "{origin}");
        }
    }

    #[tokio::test]
    async fn each_port_is_on_loopback() {
        let port = Port::bind(0).await.unwrap();
        let addresses: Vec<_> =
            port.listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        assert!(!addresses.is_empty());
        assert!(addresses.iter().all(|address| address.ip().is_loopback()), "{addresses:?}");
    }

    #[tokio::test]
    async fn a_busy_port_is_an_error_that_says_what_to_do() {
        let port = Port::bind(0).await.unwrap();
        let error = Port::bind(port.number).await.err().unwrap().to_string();
        assert!(error.contains("is in use") && error.contains("PORT="), "{error}");
    }
}
