//! SES v2, as strict as SES: it refuses what SES refuses, and drops what SES drops.
//!
//! Invariant: a mail is in the inbox exactly if SES would have sent it. There are the operations that Seatkeeper uses,
//! and `PutSuppressedDestination`, by which a test blocks an address. For each mail that SES takes, it publishes an event.

mod check;
mod events;
mod suppression;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use events::{EventKind, Events, hand_over};

use crate::inbox::Inbox;
use crate::lock;
use check::Entry;

/// SES accepts messages of up to 40 MB. 50 entries with the largest template data fit.
const MAX_REQUEST: usize = 40 * 1024 * 1024;

pub(crate) struct Ses {
    pub(crate) inbox: Inbox,
    /// The fault that was set last.
    pub(crate) fault: Mutex<Option<Fault>>,
    pub(crate) events: Events,
    /// Whether a mail's first events come unasked.
    pub(crate) tells: bool,
    /// The account's suppression list: a reason for each address. SES compares the case of letters, too.
    pub(crate) suppressed: Mutex<BTreeMap<String, String>>,
}

pub(crate) fn router(ses: Arc<Ses>) -> Router {
    Router::new()
        .route("/v2/email/outbound-bulk-emails", post(send_bulk))
        .route("/v2/email/suppression/addresses", put(suppression::block))
        .route("/v2/email/suppression/addresses/{address}", get(suppression::find).delete(suppression::lift))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(ses)
}

/// An error in the form of SES v2 (restJson1).
#[derive(Debug)]
struct SesError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl SesError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequestException", message)
    }
}

impl IntoResponse for SesError {
    fn into_response(self) -> Response {
        let headers = [
            (HeaderName::from_static("x-amzn-errortype"), self.code.to_owned()),
            (HeaderName::from_static("x-amzn-requestid"), crate::random::uuid()),
        ];
        (self.status, headers, Json(json!({ "message": self.message }))).into_response()
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// SES answers 429 and sends nothing.
    Throttle,
    /// SES rejects every entry and sends nothing.
    Reject,
    /// SES answers 503 and sends nothing.
    Down,
    /// SES sends the mails, then closes the connection without an answer.
    LostAnswer,
}

/// A fault that the next calls meet, set by tests and by people who try the portal: the body of `POST /inbox/faults`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    mode: Mode,
    /// How many more calls meet the fault; with 0, none.
    count: u32,
}

impl Fault {
    /// The fault of this call.
    fn next(&mut self) -> Option<Mode> {
        self.count = self.count.checked_sub(1)?;
        Some(self.mode)
    }
}

async fn unknown() -> SesError {
    let message = "This SES does not have the operation";
    SesError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
}

async fn send_bulk(State(ses): State<Arc<Ses>>, body: Bytes) -> Result<Response, SesError> {
    let request: Value = serde_json::from_slice(&body)
        .map_err(|error| SesError::bad_request(format!("The request can't be read: {error}")))?;
    // The checks come before the fault: a test of faults can't pass because of a wrong request.
    let entries = check::check(&request)?;
    let fault = lock(&ses.fault).as_mut().and_then(Fault::next);
    match fault {
        None => Ok(sent(&ses.deliver(entries))),
        Some(Mode::Throttle) => {
            let (status, message) = (StatusCode::TOO_MANY_REQUESTS, "Maximum sending rate exceeded.");
            Err(SesError::new(status, "TooManyRequestsException", message))
        }
        Some(Mode::Down) => {
            let (status, message) = (StatusCode::SERVICE_UNAVAILABLE, "Service is unavailable.");
            Err(SesError::new(status, "ServiceUnavailable", message))
        }
        Some(Mode::Reject) => {
            let rejected = json!({ "Status": "MESSAGE_REJECTED", "Error": "Email address is not verified." });
            Ok(sent(&vec![rejected; entries.len()]))
        }
        Some(Mode::LostAnswer) => {
            ses.deliver(entries);
            Ok(no_answer())
        }
    }
}

impl Ses {
    /// Delivers the mails, and returns the result of each entry.
    fn deliver(&self, entries: Vec<Entry>) -> Vec<Value> {
        let success = |id: &str| json!({ "Status": "SUCCESS", "MessageId": id });
        let deliver = |entry: Entry| match entry {
            Err(why) => json!({ "Status": "INVALID_PARAMETER", "Error": why }),
            Ok(None) => {
                self.inbox.drop_one();
                success(&message_id())
            }
            Ok(Some(mail)) => {
                let result = success(&mail.id);
                if lock(&self.suppressed).contains_key(&mail.to) {
                    self.events.publish(&mail, EventKind::Suppressed, 1);
                    return result;
                }
                if self.tells {
                    self.events.publish_first(&mail);
                }
                self.inbox.deliver(mail);
                result
            }
        };
        entries.into_iter().map(deliver).collect()
    }
}

fn sent(results: &[Value]) -> Response {
    Json(json!({ "BulkEmailEntryResults": results })).into_response()
}

/// A message id in the form of SES's own.
fn message_id() -> String {
    format!("{:.16}-{}-000000", crate::random::hex(), crate::random::uuid())
}

/// No answer at all: a body that fails before its first byte makes hyper close the connection without a status.
fn no_answer() -> Response {
    let lost = futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("the answer is lost")) });
    Response::new(Body::from_stream(lost))
}
