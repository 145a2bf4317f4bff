//! Problem documents (RFC 9457).

use super::{Response, response};
use crate::domain::{Timestamp, readable};
use crate::store::StoreError;
use chrono::Duration;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Serialize)]
pub struct Problem {
    r#type: String,
    title: &'static str,
    pub(super) status: u16,
    /// Boxed, because a large error slows down every result.
    detail: Box<str>,
    /// Clients rely on the code, so it never changes.
    pub code: &'static str,
    /// More members, for programs.
    #[serde(flatten)]
    members: Map<String, Value>,
    #[serde(skip)]
    retry_at: Option<Timestamp>,
    /// For the log only.
    #[serde(skip)]
    pub(super) cause: Option<Box<StoreError>>,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, detail: impl Into<Box<str>>) -> Self {
        let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        Self {
            r#type: format!("urn:seatkeeper:problem:{code}"),
            title: title.unwrap_or("Problem"),
            status,
            detail: detail.into(),
            code,
            members: Map::new(),
            retry_at: None,
            cause: None,
        }
    }

    /// `field` is a path like `invites[3].email`.
    pub fn field(field: &str, detail: impl AsRef<str>) -> Self {
        let detail = detail.as_ref();
        Self::invalid(format!("{field}: {detail}")).blaming(field, detail)
    }

    pub fn invalid(detail: impl Into<Box<str>>) -> Self {
        Self::new(400, "invalid_request", detail)
    }

    pub fn forbidden(detail: &str) -> Self {
        Self::new(403, "forbidden", detail)
    }

    /// Another organisation's deal gets the same answer as a missing one (I6).
    pub fn not_found() -> Self {
        Self::new(404, "not_found", "Not found, or you do not have access to it.")
    }

    pub fn too_many_requests(retry_at: Timestamp) -> Self {
        // Rounded up to the minute, so that nobody comes back too early.
        let from = readable(retry_at + Duration::seconds(59));
        let detail = format!("Sending limit reached. You can send this invite again from {from}.");
        Self { retry_at: Some(retry_at), ..Self::new(429, "too_many_requests", detail) }
    }

    pub fn unavailable() -> Self {
        let detail = "The service is temporarily unavailable. Try again in a few seconds.";
        Self::new(503, "unavailable", detail)
    }

    #[must_use]
    pub(super) fn blaming(self, field: &str, detail: &str) -> Self {
        self.with([("errors", json!([{ "field": field, "detail": detail }]))])
    }

    #[must_use]
    pub fn with<const N: usize>(mut self, members: [(&str, Value); N]) -> Self {
        self.members.extend(members.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    pub(super) fn into_response(self, now: Timestamp) -> Response {
        let response = response::json(self.status, &self).with("content-type", "application/problem+json");
        let wait = match self.retry_at {
            Some(retry_at) => (retry_at - now + Duration::milliseconds(999)).num_seconds().max(1),
            None if self.status == 503 => 2,
            None => return response,
        };
        response.with("retry-after", wait.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let problem = match error {
            StoreError::Unavailable { .. } => Self::unavailable(),
            StoreError::Blocked => {
                Self::forbidden("You can no longer send invites. Ask the person who appointed you.")
            }
            StoreError::Corrupt(_) | StoreError::Random => {
                Self::new(500, "internal", "Something went wrong on our side. Try again later.")
            }
        };
        Self { cause: Some(Box::new(error)), ..problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_error_reveals_nothing() {
        let error = StoreError::Unavailable {
            operation: "UpdateItem",
            code: "ThrottlingException".to_owned(),
            status: 400,
            request_id: "secret-id".to_owned(),
        };
        let response = Problem::from(error).into_response(Timestamp::default());
        assert_eq!(response.status_code, 503);
        assert!(response.headers.contains_key("retry-after"));
        insta::assert_snapshot!(response.body, @r#"{"type":"urn:seatkeeper:problem:unavailable","title":"Service Unavailable","status":503,"detail":"The service is temporarily unavailable. Try again in a few seconds.","code":"unavailable"}"#);
    }

    #[test]
    fn a_limit_is_refused_with_a_minute_by_which_it_has_ended() {
        let now = "2026-11-23T14:00:00Z".parse().unwrap();
        for (retry_at, minute) in [("14:05:00", "14:05"), ("14:05:01", "14:06")] {
            let retry_at: Timestamp = format!("2026-11-23T{retry_at}Z").parse().unwrap();
            let response = Problem::too_many_requests(retry_at).into_response(now);
            assert_eq!(response.headers["retry-after"], (retry_at - now).num_seconds().to_string());
            let detail = format!("You can send this invite again from 23 November 2026, {minute} UTC.");
            assert!(response.body.contains(&detail), "{}", response.body);
        }
    }

    #[test]
    fn a_field_error_names_the_field() {
        let response = Problem::field("seats", "must be positive").into_response(Timestamp::default());
        insta::assert_snapshot!(response.body, @r#"{"type":"urn:seatkeeper:problem:invalid_request","title":"Bad Request","status":400,"detail":"seats: must be positive","code":"invalid_request","errors":[{"detail":"must be positive","field":"seats"}]}"#);
    }
}
