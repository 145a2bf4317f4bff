//! The Lambda Runtime API, with a path of its own for each process: `/{function}/{instance}/2018-06-01/runtime/…`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::instance::{Instance, Outcome};
use super::{ACCOUNT, FunctionError, Pools, REGION};

/// Lambda takes answers of up to 6 MB; the rest is room for what base64 and JSON add.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

pub(super) fn router(pools: Pools) -> Router {
    let runtime = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{request}/response", post(response))
        .route("/invocation/{request}/error", post(error))
        .route("/init/error", post(init_error));
    Router::new()
        .nest("/{function}/{instance}/2018-06-01/runtime", runtime)
        .layer(DefaultBodyLimit::max(MAX_ANSWER))
        .with_state(pools)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Report {
    error_type: String,
    error_message: String,
}

impl Report {
    fn read(body: &[u8]) -> FunctionError {
        let Self { error_type, error_message } = serde_json::from_slice(body).unwrap_or_default();
        FunctionError { kind: error_type, message: error_message }
    }
}

fn instance(pools: &Pools, function: &str, id: u64) -> Option<Arc<Instance>> {
    pools.get(function)?.instance(id)
}

async fn next(State(pools): State<Pools>, Path((function, id)): Path<(String, u64)>) -> Response {
    let Some(instance) = instance(&pools, &function, id) else { return unknown() };
    let Some((id, event, deadline)) = instance.next().await else { return unknown() };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.timestamp_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"),
        ),
        ("lambda-runtime-trace-id", crate::random::trace_id()),
    ];
    (headers_of(headers), event).into_response()
}

fn headers_of<const N: usize>(headers: [(&'static str, String); N]) -> http::HeaderMap {
    headers
        .into_iter()
        .filter_map(|(name, value)| Some((http::HeaderName::from_static(name), value.parse().ok()?)))
        .collect()
}

async fn response(
    State(pools): State<Pools>,
    Path((function, id, request)): Path<(String, u64, String)>,
    body: Bytes,
) -> Response {
    finish(&pools, &function, id, &request, Outcome::Answered(body))
}

async fn error(
    State(pools): State<Pools>,
    Path((function, id, request)): Path<(String, u64, String)>,
    body: Bytes,
) -> Response {
    finish(&pools, &function, id, &request, Outcome::Failed(Report::read(&body)))
}

async fn init_error(
    State(pools): State<Pools>,
    Path((function, id)): Path<(String, u64)>,
    body: Bytes,
) -> Response {
    let Some(instance) = instance(&pools, &function, id) else { return unknown() };
    instance.init_failed(&Report::read(&body));
    accepted()
}

fn finish(pools: &Pools, function: &str, id: u64, request: &str, outcome: Outcome) -> Response {
    match instance(pools, function, id) {
        Some(instance) if instance.finish(request, outcome) => accepted(),
        _ => unknown(),
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn unknown() -> Response {
    let body =
        json!({ "errorType": "InvalidRequestID", "errorMessage": "no such invocation of this process" });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}
