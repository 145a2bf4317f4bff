//! The two organisations of a first start, created through the API.
//!
//! Invariant: every start creates the deals that are missing. It completes a start that ended half-way.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::StartError;
use crate::oidc::PARTNERSHIP_MANAGER;

/// The id and name of an organisation, and the name and seats of its deal.
const DEALS: [(&str, &str, &str, u32); 2] =
    [("acme", "Acme", "Unlimited", 100), ("globex", "Globex", "Unlimited Starter", 3)];

/// Creates a deal for each organisation that has none, through the gateway at `origin`. Returns whether any was missing.
pub(crate) async fn seed(origin: &str, now: DateTime<Utc>) -> Result<bool, StartError> {
    let client = Client::new();
    let form = [("grant_type", "password"), ("username", PARTNERSHIP_MANAGER)];
    let token = accepted(client.post(format!("{origin}/oidc/token")).form(&form)).await?;
    let token = token.get("access_token").and_then(Value::as_str).unwrap_or_default();
    let url = format!("{origin}/api/deals");
    let at = |days| (now + TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut any_missing = false;
    for (organisation, name, deal, seats) in DEALS {
        let list = client.get(format!("{url}?organisation={organisation}")).bearer_auth(token);
        if accepted(list).await?.get("deals").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            let body = json!({
                "organisation": { "id": organisation, "name": name },
                "name": deal,
                "seats": seats,
                "startsAt": at(-1),
                "endsAt": at(365),
            });
            accepted(client.post(&url).bearer_auth(token).json(&body)).await?;
            any_missing = true;
        }
    }
    Ok(any_missing)
}

async fn accepted(request: RequestBuilder) -> Result<Value, StartError> {
    Ok(request.send().await?.error_for_status()?.json().await?)
}
