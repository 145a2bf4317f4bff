//! The two organisations of a first start, made as anybody would make them: through the API.
//!
//! Invariant: a start makes those deals that are not there yet, so it completes a start that ended half-way.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::StatusCode;
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::oidc::PARTNERSHIP_MANAGER;

/// The id and the name of an organisation, the name of its deal, and how many seats it has.
const DEALS: [(&str, &str, &str, u32); 2] =
    [("acme", "Acme", "Unlimited", 100), ("globex", "Globex", "Unlimited Starter", 3)];

#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("the API did not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("the API refused: {status} {body}")]
    Refused { status: StatusCode, body: String },
}

/// Makes the deals of organisations that have none, through the gateway at `origin`. Returns whether it made any.
pub(crate) async fn seed(origin: &str, now: DateTime<Utc>) -> Result<bool, SeedError> {
    let client = Client::new();
    let form = [("grant_type", "password"), ("username", PARTNERSHIP_MANAGER)];
    let token = accepted(client.post(format!("{origin}/oidc/token")).form(&form).send().await?).await?;
    let token = token.get("access_token").and_then(Value::as_str).unwrap_or_default();
    let url = format!("{origin}/api/deals");
    let mut made = false;
    for (organisation, name, deal, seats) in DEALS {
        let there =
            client.get(format!("{url}?organisation={organisation}")).bearer_auth(token).send().await?;
        let there = accepted(there).await?;
        if there.get("deals").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            let body = body(organisation, name, deal, seats, now);
            accepted(client.post(&url).bearer_auth(token).json(&body).send().await?).await?;
            made = true;
        }
    }
    Ok(made)
}

async fn accepted(answer: Response) -> Result<Value, SeedError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer.json().await?);
    }
    Err(SeedError::Refused { status, body: answer.text().await? })
}

/// A deal that began yesterday and lasts a year.
fn body(organisation: &str, name: &str, deal: &str, seats: u32, now: DateTime<Utc>) -> Value {
    let at = |days| (now + TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({
        "organisation": { "id": organisation, "name": name },
        "name": deal,
        "seats": seats,
        "startsAt": at(-1),
        "endsAt": at(365),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::extract::Query;
    use axum::routing::{get, post};
    use axum::{Json, Router};

    use super::*;
    use crate::origin::InnerPort;

    #[tokio::test]
    async fn only_an_organisation_without_a_deal_gets_one() {
        let made = Arc::new(Mutex::new(vec![json!("acme")]));
        let (listed, added) = (Arc::clone(&made), Arc::clone(&made));
        let list = move |Query(query): Query<Value>| {
            let deals: Vec<_> =
                listed.lock().unwrap().iter().filter(|id| **id == query["organisation"]).cloned().collect();
            std::future::ready(Json(json!({ "deals": deals })))
        };
        let add = move |Json(body): Json<Value>| {
            added.lock().unwrap().push(body["organisation"]["id"].clone());
            std::future::ready(Json(body))
        };
        let app = Router::new()
            .route("/oidc/token", post(async || Json(json!({ "access_token": "t" }))))
            .route("/api/deals", get(list).post(add));
        let port = InnerPort::bind().await.unwrap();
        let origin = port.url();
        tokio::spawn(port.serve(app));

        let now = DateTime::UNIX_EPOCH;
        assert!(seed(&origin, now).await.unwrap());
        assert_eq!(*made.lock().unwrap(), ["acme", "globex"]);
        assert!(!seed(&origin, now).await.unwrap());
    }
}
