//! The account's suppression list. Nothing here adds to it but `PutSuppressedDestination`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Ses, SesError};
use crate::{clock, lock};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Blocked {
    email_address: String,
    /// `BOUNCE` or `COMPLAINT`.
    reason: String,
}

pub(super) async fn block(State(ses): State<Arc<Ses>>, Json(blocked): Json<Blocked>) -> Json<Value> {
    lock(&ses.suppressed).insert(blocked.email_address, blocked.reason);
    Json(json!({}))
}

pub(super) async fn find(
    State(ses): State<Arc<Ses>>,
    Path(address): Path<String>,
) -> Result<Json<Value>, SesError> {
    let reason = lock(&ses.suppressed).get(&address).cloned().ok_or_else(unknown)?;
    let at = clock::now().timestamp();
    Ok(Json(json!({ "SuppressedDestination": {
        "EmailAddress": address, "Reason": reason, "LastUpdateTime": at,
    } })))
}

pub(super) async fn lift(
    State(ses): State<Arc<Ses>>,
    Path(address): Path<String>,
) -> Result<Json<Value>, SesError> {
    lock(&ses.suppressed).remove(&address).ok_or_else(unknown)?;
    Ok(Json(json!({})))
}

fn unknown() -> SesError {
    SesError::new(StatusCode::NOT_FOUND, "NotFoundException", "The address is not on the suppression list.")
}
