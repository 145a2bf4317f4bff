//! HTML pages of the inbox and the issuer, which are never stored or framed and have no script and no foreign content;
//! and refusals of programs.

use askama::Template;
use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use serde_json::{Value, json};

/// `frame-src` lets the inbox show a mail in a frame.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; \
                      form-action 'self'; frame-ancestors 'self'; base-uri 'none'";

pub(crate) fn html(template: &impl Template) -> Response {
    let Ok(html) = template.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        // With `no-referrer`, a form would post with the origin `null`, which the guard refuses.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(html)).into_response()
}

/// A refusal in API Gateway's form.
pub(crate) type Refusal = (StatusCode, Json<Value>);

pub(crate) fn refusal(status: StatusCode, message: &str) -> Refusal {
    (status, Json(json!({ "message": message })))
}
