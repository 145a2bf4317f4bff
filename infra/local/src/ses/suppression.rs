//! The account's suppression list. Nothing here adds to it but `PutSuppressedDestination`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Ses, SesError};
use crate::{clock, lock};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Blocked {
    email_address: String,
    /// `BOUNCE` or `COMPLAINT`.
    reason: String,
}

/// By address. SES compares the case of letters, too.
#[derive(Debug, Default)]
pub(crate) struct Suppressed(Mutex<BTreeMap<String, Blocked>>);

impl Suppressed {
    pub(super) fn has(&self, address: &str) -> bool {
        lock(&self.0).contains_key(address)
    }
}

pub(super) async fn block(State(ses): State<Arc<Ses>>, Json(blocked): Json<Blocked>) -> Json<Value> {
    lock(&ses.suppressed.0).insert(blocked.email_address.clone(), blocked);
    Json(json!({}))
}

pub(super) async fn find(
    State(ses): State<Arc<Ses>>,
    Path(address): Path<String>,
) -> Result<Json<Value>, SesError> {
    let blocked = lock(&ses.suppressed.0).get(&address).cloned().ok_or_else(unknown)?;
    let Blocked { email_address, reason } = blocked;
    let at = clock::now().timestamp();
    Ok(Json(json!({ "SuppressedDestination": {
        "EmailAddress": email_address, "Reason": reason, "LastUpdateTime": at,
    } })))
}

pub(super) async fn lift(
    State(ses): State<Arc<Ses>>,
    Path(address): Path<String>,
) -> Result<Json<Value>, SesError> {
    lock(&ses.suppressed.0).remove(&address).ok_or_else(unknown)?;
    Ok(Json(json!({})))
}

fn unknown() -> SesError {
    SesError::new(StatusCode::NOT_FOUND, "NotFoundException", "The address is not on the suppression list.")
}
