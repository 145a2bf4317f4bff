//! `/inbox`: the pages, the same as JSON, and the switch for faults.
//!
//! Invariant: a mail's HTML runs no script and reaches nothing of ours: it is shown in a sandboxed frame, escaped into
//! an attribute. Reading a mail changes nothing.

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
use serde_json::json;

use super::{Inbox, Mail};
use crate::page;
use crate::ses::{FaultRequest, Faults};

/// As many rows on the page; the JSON has all.
const SHOWN: usize = 500;

#[derive(Debug, Clone)]
struct Pages {
    inbox: Arc<Inbox>,
    faults: Arc<Faults>,
}

pub(crate) fn router(inbox: Arc<Inbox>, faults: Arc<Faults>) -> Router {
    Router::new()
        .route("/inbox", get(list))
        .route("/inbox/messages.json", get(messages))
        .route("/inbox/faults", post(set_fault))
        .route("/inbox/{id}", get(one))
        .with_state(Pages { inbox, faults })
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

/// A mail's HTML with its links opening at the top: in the frame, they could show nothing.
fn framed(html: &str) -> String {
    const AT_THE_TOP: &str = r#"<base target="_top">"#;
    match html.split_once("<head>") {
        Some((before, after)) => format!("{before}<head>{AT_THE_TOP}{after}"),
        None => format!("{AT_THE_TOP}{html}"),
    }
}

async fn list(State(pages): State<Pages>) -> Response {
    let mut mails = pages.inbox.mails();
    mails.reverse();
    let more = mails.len().saturating_sub(SHOWN);
    mails.truncate(SHOWN);
    page::html(&List { mails, more, dropped: pages.inbox.dropped() })
}

async fn one(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    match pages.inbox.find(&id) {
        Some(mail) => page::html(&One { framed: framed(&mail.html), mail }),
        None => (StatusCode::NOT_FOUND, "There is no such mail.\n").into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct Wanted {
    /// Those that came after this one; when it is gone, all.
    after: Option<String>,
    /// Those to one address, in whatever casing.
    to: Option<String>,
}

async fn messages(State(pages): State<Pages>, Query(Wanted { after, to }): Query<Wanted>) -> Response {
    let mails = pages.inbox.mails();
    let known = after.and_then(|id| mails.iter().rposition(|mail| mail.id == id));
    let wanted = |mail: &&Mail| to.as_ref().is_none_or(|to| mail.to.eq_ignore_ascii_case(to));
    let newer = mails.iter().skip(known.map_or(0, |known| known + 1)).map(AsRef::as_ref);
    let mails: Vec<&Mail> = newer.filter(wanted).collect();
    ([(CACHE_CONTROL, "no-store")], Json(mails)).into_response()
}

async fn set_fault(State(pages): State<Pages>, body: Bytes) -> Response {
    let request: Result<FaultRequest, _> = serde_json::from_slice(&body);
    let set = request.map_err(|error| error.to_string()).and_then(|request| pages.faults.set(&request));
    match set {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(message) => (StatusCode::BAD_REQUEST, Json(json!({ "message": message }))).into_response(),
    }
}
