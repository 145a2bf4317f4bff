//! The Lambda Runtime API. Each process has a path of its own: `/{function}/{instance}/2018-06-01/runtime/…`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;

use super::pool::Pool;
use super::{ACCOUNT, Pools, REGION};

/// Lambda accepts answers of up to 6 MB. Base64 and JSON make them longer.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

pub(super) fn router(pools: Pools) -> Router {
    let runtime = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{request}/{kind}", post(finish))
        .route("/init/error", post(init_error));
    Router::new()
        .nest("/{function}/{instance}/2018-06-01/runtime", runtime)
        .layer(DefaultBodyLimit::max(MAX_ANSWER))
        .with_state(pools)
}

/// An error as a function reports it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Report {
    error_type: String,
    error_message: String,
}

/// The refusal of a request that is not about an invocation of its process.
const UNKNOWN: StatusCode = StatusCode::FORBIDDEN;

fn pool<'p>(pools: &'p Pools, function: &str) -> Result<&'p Pool, StatusCode> {
    pools.get(function).map(AsRef::as_ref).ok_or(UNKNOWN)
}

fn report(body: &[u8]) -> Report {
    serde_json::from_slice(body).unwrap_or_default()
}

async fn next(
    State(pools): State<Pools>,
    Path((function, id)): Path<(String, u64)>,
) -> Result<impl IntoResponse, StatusCode> {
    let (request, event, deadline) = pool(&pools, &function)?.next(id).await.ok_or(UNKNOWN)?;
    let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}");
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", request),
        ("lambda-runtime-deadline-ms", deadline.timestamp_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", function),
        ("lambda-runtime-trace-id", crate::random::trace_id()),
    ];
    Ok((headers, event))
}

async fn finish(
    State(pools): State<Pools>,
    Path((function, id, request, kind)): Path<(String, u64, String, String)>,
    body: Bytes,
) -> Result<StatusCode, StatusCode> {
    let outcome = match kind.as_str() {
        "response" => Ok(body),
        "error" => Err(format!("failed: {}", report(&body).error_message)),
        _ => return Err(UNKNOWN),
    };
    let finished = pool(&pools, &function)?.finish(id, &request, outcome);
    finished.map(|()| StatusCode::ACCEPTED).ok_or(UNKNOWN)
}

async fn init_error(
    State(pools): State<Pools>,
    Path((function, id)): Path<(String, u64)>,
    body: Bytes,
) -> Result<StatusCode, StatusCode> {
    let Report { error_type, error_message } = report(&body);
    let failed = pool(&pools, &function)?.init_failed(id, format!("{error_type}: {error_message}"));
    failed.map(|()| StatusCode::ACCEPTED).ok_or(UNKNOWN)
}
