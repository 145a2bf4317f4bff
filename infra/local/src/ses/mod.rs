//! SES v2, as strict as SES: what it refuses is refused here, and what it drops is dropped here.
//!
//! Invariant: a mail is in the inbox exactly if SES would have sent it. Only `SendBulkEmail` exists: nothing else is
//! used.

mod check;
mod fault;
mod request;
mod template;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

pub(crate) use fault::{Fault, FaultRequest, Faults};

use crate::clock;
use crate::inbox::{Inbox, Mail};
use check::{Checked, Entry};
use request::BulkRequest;

/// SES takes messages of up to 40 MB; 50 entries of the largest template data fit.
const MAX_REQUEST: usize = 40 * 1024 * 1024;

/// The endpoint: where it delivers, and what it is told to do wrong.
#[derive(Debug)]
pub(crate) struct Ses {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) faults: Arc<Faults>,
}

pub(crate) fn router(ses: Arc<Ses>) -> Router {
    Router::new()
        .route("/v2/email/outbound-bulk-emails", post(send_bulk))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(ses)
}

/// An error in the shape of SES v2 (restJson1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SesError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl SesError {
    fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "BadRequestException", message: message.into() }
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

async fn unknown() -> SesError {
    SesError {
        status: StatusCode::NOT_FOUND,
        code: "UnknownOperationException",
        message: "Only SendBulkEmail is known here".to_owned(),
    }
}

async fn send_bulk(State(ses): State<Arc<Ses>>, body: Bytes) -> Result<Response, SesError> {
    let request: BulkRequest = serde_json::from_slice(&body)
        .map_err(|error| SesError::bad_request(format!("The request can't be read: {error}")))?;
    let checked = check::check(&request)?;
    // Only a request that would have been sent meets a fault, so that a test of faults can't pass by a mistake.
    match ses.faults.next() {
        None => Ok(sent(&ses.deliver(checked))),
        Some(Fault::Throttle) => Err(SesError {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: "TooManyRequestsException",
            message: "Maximum sending rate exceeded.".to_owned(),
        }),
        Some(Fault::Down) => Err(SesError {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "ServiceUnavailable",
            message: "Service is unavailable.".to_owned(),
        }),
        Some(Fault::Reject) => Ok(sent(&vec![rejected(); checked.entries.len()])),
        Some(Fault::LostAnswer) => {
            ses.deliver(checked);
            Ok(no_answer())
        }
        Some(Fault::Slow(wait)) => {
            // Sent at the end of the wait whether or not the caller is still there, as SES would.
            let late = tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                ses.deliver(checked)
            });
            Ok(late.await.map_or_else(|_| no_answer(), |results| sent(&results)))
        }
    }
}

impl Ses {
    fn deliver(&self, checked: Checked) -> Vec<Value> {
        let Checked { from, headers, tags, entries } = checked;
        let deliver = |entry: Entry| match entry {
            Entry::Invalid(error) => json!({ "Status": "INVALID_PARAMETER", "Error": error }),
            Entry::Unrendered => {
                self.inbox.drop_one();
                success(&message_id())
            }
            Entry::Mail(mail) => {
                let id = message_id();
                let mut with = (headers.clone(), tags.clone());
                with.0.extend(mail.headers);
                with.1.extend(mail.tags);
                self.inbox.deliver(Mail {
                    id: id.clone(),
                    at: clock::now(),
                    from: from.clone(),
                    to: mail.to,
                    subject: mail.subject,
                    text: mail.text,
                    html: mail.html,
                    headers: with.0,
                    tags: with.1,
                });
                success(&id)
            }
        };
        entries.into_iter().map(deliver).collect()
    }
}

fn success(id: &str) -> Value {
    json!({ "Status": "SUCCESS", "MessageId": id })
}

fn rejected() -> Value {
    json!({ "Status": "MESSAGE_REJECTED", "Error": "Email address is not verified." })
}

fn sent(results: &[Value]) -> Response {
    Json(json!({ "BulkEmailEntryResults": results })).into_response()
}

/// In the form of SES's own.
fn message_id() -> String {
    format!("{}-{}-000000", crate::random::hex::<8>(), crate::random::uuid())
}

/// A body that fails before its first byte: hyper then closes the connection and sends nothing, no status either.
fn no_answer() -> Response {
    let lost = futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("the answer is lost")) });
    Response::new(Body::from_stream(lost))
}

/// The longest that a slow answer may take: no SDK waits longer.
const SLOWEST: Duration = Duration::from_mins(5);
