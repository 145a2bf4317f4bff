//! `/inbox`: the pages, the mails as JSON, the switch for faults, and SES's events on demand.
//!
//! Invariant: a mail's HTML runs no script and reaches nothing of this stack. A sandboxed frame shows it, from an
//! attribute. Reading a mail changes nothing.

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Mail;
use crate::lock;
use crate::page::{self, Refusal, refusal};
use crate::ses::{EventKind, Ses};

/// The most rows of the page. The JSON has all mails.
const SHOWN: usize = 500;
/// The most copies of an event in one request.
const MAX_COPIES: u32 = 1_000;

pub(crate) fn router(ses: Arc<Ses>) -> Router {
    Router::new()
        .route("/inbox", get(list))
        .route("/inbox/messages.json", get(messages))
        .route("/inbox/faults", post(set_fault))
        .route("/inbox/events", post(publish))
        .route("/inbox/{id}", get(one))
        .with_state(ses)
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct List {
    mails: Vec<Arc<Mail>>,
    more: usize,
    dropped: u64,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct One {
    framed: String,
    mail: Arc<Mail>,
}

/// A mail's HTML whose links open outside of the frame: the sandbox would show nothing of their pages.
fn framed(html: &str) -> String {
    const AT_THE_TOP: &str = r#"<base target="_top">"#;
    match html.split_once("<head>") {
        Some((before, after)) => format!("{before}<head>{AT_THE_TOP}{after}"),
        None => format!("{AT_THE_TOP}{html}"),
    }
}

async fn list(State(ses): State<Arc<Ses>>) -> Response {
    let mut mails = ses.inbox.mails();
    mails.reverse();
    let more = mails.len().saturating_sub(SHOWN);
    mails.truncate(SHOWN);
    page::html(&List { mails, more, dropped: ses.inbox.dropped() })
}

async fn one(State(ses): State<Arc<Ses>>, Path(id): Path<String>) -> Response {
    match ses.inbox.find(&id) {
        Some(mail) => page::html(&One { framed: framed(&mail.html), mail }),
        None => (StatusCode::NOT_FOUND, "The inbox has no mail with this id.\n").into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct Filter {
    /// Only mails after the one with this id. If that mail is gone, all mails.
    after: Option<String>,
    /// Only mails to this address, in any case.
    to: Option<String>,
}

async fn messages(State(ses): State<Arc<Ses>>, Query(Filter { after, to }): Query<Filter>) -> Response {
    let mails = ses.inbox.mails();
    let seen = after.and_then(|id| mails.iter().rposition(|mail| mail.id == id));
    let newer = mails.iter().skip(seen.map_or(0, |seen| seen + 1)).map(AsRef::as_ref);
    let is_wanted = |mail: &&Mail| to.as_ref().is_none_or(|to| mail.to.eq_ignore_ascii_case(to));
    let mails: Vec<&Mail> = newer.filter(is_wanted).collect();
    ([(CACHE_CONTROL, "no-store")], Json(mails)).into_response()
}

/// Reads a body of JSON, of any content type.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| refusal(StatusCode::BAD_REQUEST, &error.to_string()))
}

async fn set_fault(State(ses): State<Arc<Ses>>, body: Bytes) -> Result<StatusCode, Refusal> {
    *lock(&ses.fault) = Some(read(&body)?);
    Ok(StatusCode::NO_CONTENT)
}

/// The body of `POST /inbox/events`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishRequest {
    /// A mail's id.
    id: String,
    event: EventKind,
    copies: Option<u32>,
}

async fn publish(State(ses): State<Arc<Ses>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let PublishRequest { id, event, copies } = read(&body)?;
    let copies = copies.unwrap_or(1);
    if !(1..=MAX_COPIES).contains(&copies) {
        return Err(refusal(StatusCode::BAD_REQUEST, &format!("copies must be from 1 to {MAX_COPIES}")));
    }
    let no_mail = || refusal(StatusCode::NOT_FOUND, "The inbox has no mail with this id.");
    let mail = ses.inbox.find(&id).ok_or_else(no_mail)?;
    ses.events.publish(&mail, event, copies);
    Ok(StatusCode::ACCEPTED)
}
