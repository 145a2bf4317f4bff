//! The two organisations of a first start, made as anybody would make them: through the API.
//!
//! Invariant: a start that ends half-way through seeding is made good by the next one. What was begun is noted, with
//! its time, until it is done; the same time and the same key make the same deal, not a second one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::oidc::PARTNERSHIP_MANAGER;

/// A deal to begin with.
struct SeedDeal {
    organisation: (&'static str, &'static str),
    name: &'static str,
    seats: u32,
}

const DEALS: [SeedDeal; 2] = [
    SeedDeal { organisation: ("acme", "Acme"), name: "Unlimited", seats: 100 },
    SeedDeal { organisation: ("globex", "Globex"), name: "Unlimited Starter", seats: 3 },
];

/// Why there is nothing to begin with.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The note can't be read or written.
    #[error("{} can't be used: {error}", path.display())]
    Note {
        /// The note.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The API can't be reached.
    #[error("the API did not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The API refused.
    #[error("the deal of {organisation} was not made: {status} {body}")]
    Refused {
        /// The organisation.
        organisation: &'static str,
        /// The answer's status.
        status: StatusCode,
        /// The answer's body.
        body: String,
    },
}

/// Seeding that is still to be done.
#[derive(Debug)]
pub(crate) struct Plan {
    begun: DateTime<Utc>,
    note: Option<PathBuf>,
}

impl Plan {
    /// What is to be done: all of it for a new database, the rest of it for one whose first start was cut short.
    pub(crate) fn make(
        data: Option<&Path>,
        new: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, SeedError> {
        let Some(path) = data.map(|data| data.join("seeding")) else {
            return Ok(new.then_some(Self { begun: now, note: None }));
        };
        let unusable = |error| SeedError::Note { path: path.clone(), error };
        if new {
            fs::write(&path, now.to_rfc3339()).map_err(unusable)?;
        } else if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(unusable)?;
        let begun = DateTime::parse_from_rfc3339(text.trim())
            .map_err(|error| unusable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        Ok(Some(Self { begun: begun.to_utc(), note: Some(path) }))
    }

    /// Makes the deals, through the gateway at `origin`.
    pub(crate) async fn carry_out(self, origin: &str) -> Result<(), SeedError> {
        let client = reqwest::Client::new();
        let token = token(&client, origin).await?;
        for deal in &DEALS {
            let request = client
                .post(format!("{origin}/api/deals"))
                .bearer_auth(&token)
                .header("idempotency-key", format!("seed-{}", deal.organisation.0))
                .json(&deal.body(self.begun));
            let answer = request.send().await?;
            let status = answer.status();
            if status != StatusCode::CREATED {
                let body = answer.text().await?;
                return Err(SeedError::Refused { organisation: deal.organisation.0, status, body });
            }
        }
        match self.note {
            Some(path) => fs::remove_file(&path).map_err(|error| SeedError::Note { path, error }),
            None => Ok(()),
        }
    }
}

impl SeedDeal {
    fn body(&self, now: DateTime<Utc>) -> Value {
        let at = |days| (now + TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true);
        let (id, name) = self.organisation;
        json!({
            "organisation": { "id": id, "name": name },
            "name": self.name,
            "seats": self.seats,
            "startsAt": at(-1),
            "endsAt": at(365),
        })
    }
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

async fn token(client: &reqwest::Client, origin: &str) -> Result<String, reqwest::Error> {
    let form = [("grant_type", "password"), ("username", PARTNERSHIP_MANAGER)];
    let answer = client.post(format!("{origin}/oidc/token")).form(&form).send().await?.error_for_status()?;
    Ok(answer.json::<Token>().await?.access_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_start_that_was_cut_short_is_taken_up_with_its_own_time() {
        let data = crate::settings::temporary_folder();
        fs::create_dir_all(&data).unwrap();
        let (first, later) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(1));

        let plan = Plan::make(Some(&data), true, first).unwrap().unwrap();
        drop(plan);
        let plan = Plan::make(Some(&data), false, later).unwrap().unwrap();
        assert_eq!(plan.begun, first);

        fs::remove_file(plan.note.unwrap()).unwrap();
        assert!(Plan::make(Some(&data), false, later).unwrap().is_none());
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn a_deal_began_yesterday_and_lasts_a_year() {
        let body = DEALS[1].body(DateTime::from_timestamp(1_795_446_245, 0).unwrap());
        let expected = json!({"organisation": {"id": "globex", "name": "Globex"}, "name": "Unlimited Starter",
            "seats": 3, "startsAt": "2026-11-22T15:04:05Z", "endsAt": "2027-11-23T15:04:05Z"});
        assert_eq!(body, expected);
    }
}
