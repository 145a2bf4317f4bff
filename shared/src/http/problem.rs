//! Refusals as RFC 9457 problem documents: every refusal of the domain has its status and code here.

use crate::domain::accept::AcceptRefusal;
use crate::domain::cancel::CancelRefusal;
use crate::domain::release::ReleaseRefusal;
use crate::domain::resend::ResendRefusal;
use crate::domain::{DealChangeRefusal, DealState, Timestamp};
use crate::store::StoreError;
use chrono::Duration;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;

/// A refusal, and why.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<u32>,
    cause: Option<StoreError>,
}

/// What is wrong with one field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldError {
    /// The field's path, as in `invites[3].email`.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let (errors, retry_after, cause) = (Vec::new(), None, None);
        Self(Box::new(Parts { status, code, detail: detail.into(), errors, retry_after, cause }))
    }

    /// Blames a field.
    fn blaming(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldError { field: field.into(), detail: detail.into() });
        self
    }

    /// Says in how many seconds to try again.
    fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// 400: a field is wrong.
    #[must_use]
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let (field, detail) = (field.into(), detail.into());
        Self::invalid(format!("{field}: {detail}")).blaming(field, detail)
    }

    /// 400: the request as a whole can't be read.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// 403: the token does not entitle to this.
    #[must_use]
    pub fn forbidden(detail: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: not there, or another organisation's, which is the same answer (I6).
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing, or it is not yours.")
    }

    /// 413: over 1,000 rows.
    #[must_use]
    pub fn too_many_invites() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_many_invites",
            "At most 1,000 rows go into one request. Send the rest in another one.",
        )
    }

    /// 413: a body over so many bytes.
    pub(super) fn too_large(largest: usize) -> Self {
        let detail = format!("The body is larger than {} KiB. Send a smaller one.", largest / 1024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send the body as application/json.",
        )
    }

    /// 422: the idempotency key came with another body before.
    #[must_use]
    pub fn key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "This Idempotency-Key was used with another body. Use a new key for a new deal.",
        )
    }

    /// 409: the deal does not run now.
    #[must_use]
    pub fn deal_not_active(state: DealState) -> Self {
        if state == DealState::Upcoming {
            Self::from(AcceptRefusal::DealNotStarted)
        } else {
            Self::from(AcceptRefusal::DealEnded)
        }
    }

    /// Why an invite was not resent.
    #[must_use]
    pub fn of_resend(refusal: ResendRefusal, now: Timestamp) -> Self {
        match refusal {
            ResendRefusal::NotFound => Self::not_found(),
            ResendRefusal::AlreadyAccepted => Self::from(AcceptRefusal::AlreadyAccepted),
            ResendRefusal::Stale | ResendRefusal::JustResent => stale(),
            ResendRefusal::TooSoon(too_soon) => Self::too_many_requests(Some(too_soon.retry_at), now),
        }
    }

    /// 429: so much was sent lately that this has to wait.
    #[must_use]
    pub fn too_many_requests(retry_at: Option<Timestamp>, now: Timestamp) -> Self {
        let wait = retry_at.map_or(1, |at| (at - now + Duration::milliseconds(999)).num_seconds());
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many mails were sent lately, so nothing was sent now.",
        )
        .retry_after(u32::try_from(wait.max(1)).unwrap_or(u32::MAX))
    }

    /// 503: no answer in time, or none from the table.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "This did not work just now. Nothing is lost; please try again.",
        )
        .retry_after(2)
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status.as_u16()
    }

    /// The fields to blame.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// What went wrong inside, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&StoreError> {
        self.0.cause.as_ref()
    }

    /// The problem document.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let Parts { status, code, detail, errors, retry_after, .. } = *self.0;
        let document = Document {
            r#type: format!("urn:seatkeeper:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: &detail,
            code,
            errors: &errors,
        };
        let body = serde_json::to_string(&document).unwrap_or_default();
        let mut response = Response::new(Body::Text(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let mut problem = match error {
            StoreError::Unavailable { .. } => Self::unavailable(),
            StoreError::Corrupt(_) | StoreError::Random => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something is wrong on our side. It has been noted.",
            ),
        };
        problem.0.cause = Some(error);
        problem
    }
}

impl From<AcceptRefusal> for Problem {
    fn from(refusal: AcceptRefusal) -> Self {
        let (status, code, detail) = match refusal {
            AcceptRefusal::UnknownInvite => {
                (StatusCode::NOT_FOUND, "unknown_invite", "This link belongs to no invite.")
            }
            AcceptRefusal::Cancelled => {
                (StatusCode::GONE, "invite_cancelled", "The organisation took this invite back.")
            }
            AcceptRefusal::Superseded => (
                StatusCode::GONE,
                "invite_superseded",
                "A newer invite was sent. Only the link in the newest mail works.",
            ),
            AcceptRefusal::Expired => (
                StatusCode::GONE,
                "invite_expired",
                "This invite was not accepted in time. Ask your learning manager to resend it.",
            ),
            AcceptRefusal::AlreadyAccepted | AcceptRefusal::AlreadyYours { .. } => {
                (StatusCode::CONFLICT, "already_accepted", "This invite has been accepted already.")
            }
            AcceptRefusal::AlreadySeated => {
                (StatusCode::CONFLICT, "already_seated", "You hold a seat of this deal already.")
            }
            AcceptRefusal::DealNotStarted => {
                (StatusCode::CONFLICT, "deal_not_started", "This deal has not started yet.")
            }
            AcceptRefusal::DealEnded => (StatusCode::CONFLICT, "deal_ended", "This deal has ended."),
            AcceptRefusal::DealFull => (
                StatusCode::CONFLICT,
                "deal_full",
                "Every seat of this deal is taken. The invite stays open in case one becomes free.",
            ),
        };
        Self::new(status, code, detail)
    }
}

fn stale() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "stale",
        "It was changed since you looked. Look again and decide anew.",
    )
}

impl From<CancelRefusal> for Problem {
    fn from(refusal: CancelRefusal) -> Self {
        match refusal {
            CancelRefusal::NotFound | CancelRefusal::AlreadyDone => Self::not_found(),
            CancelRefusal::AlreadyAccepted => Self::from(AcceptRefusal::AlreadyAccepted),
            CancelRefusal::Stale => stale(),
        }
    }
}

impl From<ReleaseRefusal> for Problem {
    fn from(refusal: ReleaseRefusal) -> Self {
        match refusal {
            ReleaseRefusal::NotFound | ReleaseRefusal::AlreadyDone => Self::not_found(),
            ReleaseRefusal::Stale => stale(),
        }
    }
}

impl From<DealChangeRefusal> for Problem {
    fn from(refusal: DealChangeRefusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            DealChangeRefusal::NotFound => Self::not_found(),
            DealChangeRefusal::Stale => stale(),
            DealChangeRefusal::SeatsBelowAllocated { .. } => {
                Self::new(StatusCode::CONFLICT, "seats_below_allocated", &detail).blaming("seats", &detail)
            }
            DealChangeRefusal::SeatsOutOfRange => Self::field("seats", detail),
            DealChangeRefusal::EndsBeforeStart | DealChangeRefusal::EndsTooLate { .. } => {
                Self::field("endsAt", detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_inside_says_nothing_of_the_inside() {
        let error = StoreError::Unavailable {
            operation: "UpdateItem",
            code: "ThrottlingException".to_owned(),
            status: 400,
            request_id: "secret-id".to_owned(),
        };
        let response = Problem::from(error).into_response();
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
        let Body::Text(body) = response.body() else { panic!("no text") };
        insta::assert_snapshot!(body, @r#"{"type":"urn:seatkeeper:problem:unavailable","title":"Service Unavailable","status":503,"detail":"This did not work just now. Nothing is lost; please try again.","code":"unavailable"}"#);
    }

    #[test]
    fn a_field_error_names_the_field() {
        let response = Problem::field("seats", "must be positive").into_response();
        let Body::Text(body) = response.body() else { panic!("no text") };
        insta::assert_snapshot!(body, @r#"{"type":"urn:seatkeeper:problem:invalid_request","title":"Bad Request","status":400,"detail":"seats: must be positive","code":"invalid_request","errors":[{"field":"seats","detail":"must be positive"}]}"#);
    }
}
