//! Creating, resizing, ending and deleting deals, and setting their reminders. A learning manager's digest: whether it is
//! on.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use shared::audit::owner;
use shared::config::{duration_text, parse_duration};
use shared::domain::remind::check_reminders;
use shared::domain::{
    Deal, DealChange, NewDeal, Organisation, OrganisationId, Timestamp, Title, whole_seconds,
};
use shared::http::{self, App, HandlerResult, Object, Problem, Request, authorize_deal_id};
use shared::store::SwitchOff;

pub(crate) async fn route(app: &App, request: Request) -> HandlerResult {
    match request.route() {
        "POST /api/deals" => create(app, &request).await,
        "PATCH /api/deals/{dealId}" => change(app, &request).await,
        "DELETE /api/deals/{dealId}" => delete(app, &request).await,
        "PUT /api/deals/{dealId}/reminders" => set_reminders(app, &request).await,
        "GET /api/me/digest" => digest(app, &request).await,
        "PUT /api/me/digest" => switch_digest(app, &request).await,
        _ => Err(Problem::not_found()),
    }
}

/// Strict RFC 3339; chrono alone accepts other forms too.
#[derive(Serialize, Deserialize)]
struct Rfc3339(#[serde(deserialize_with = "rfc3339")] DateTime<Utc>);

fn rfc3339<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let at = DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc());
    at.map_err(|_| D::Error::custom("must be a time like 2026-11-23T15:04:05Z"))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationBody {
    id: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CreateBody {
    organisation: Object<OrganisationBody>,
    name: String,
    seats: i64,
    starts_at: Rfc3339,
    ends_at: Rfc3339,
}

/// With an `Idempotency-Key`, a repeated request creates no second deal.
async fn create(app: &App, request: &Request) -> HandlerResult {
    request.caller.require_scope("deals.admin")?;
    let body: CreateBody = request.json()?;
    let Object(organisation) = &body.organisation;
    let new = NewDeal {
        organisation: Organisation {
            id: OrganisationId::parse(&organisation.id)
                .ok_or_else(|| Problem::field("organisation.id", "must be 1 to 64 of a-z, 0-9 and -"))?,
            name: title("organisation.name", &organisation.name)?,
        },
        name: title("name", &body.name)?,
        seats: seats(body.seats),
        starts_at: time("startsAt", &body.starts_at)?,
        ends_at: time("endsAt", &body.ends_at)?,
    };
    new.check()?;
    let key = match request.header("Idempotency-Key") {
        Some(key)
            if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) =>
        {
            return Err(Problem::field("Idempotency-Key", "must be 1 to 255 printable ASCII characters"));
        }
        // Every person's id has the same length, so no two pairs give the same text.
        Some(key) => Some(hash(format!("{}{key}", request.caller.person()?))),
        None => None,
    };
    let body_hash = hash(serde_json::to_vec(&body).unwrap_or_default());
    let idempotency = key.as_deref().map(|key| (key, body_hash.as_str()));
    let create = app.store.create_deal(&new, idempotency, app.config.retention, request.now);
    let deal = request.ledger.note(None, None, create, |created| created.as_ref().ok().map(owner)).await??;
    let response = http::with_etag(201, deal.revision, &http::deal_view(&deal, request.now));
    Ok(response.with("location", format!("/api/deals/{}", deal.id)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationName {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ChangeBody {
    name: Option<String>,
    organisation: Option<Object<OrganisationName>>,
    seats: Option<i64>,
    starts_at: Option<Rfc3339>,
    ends_at: Option<Rfc3339>,
}

async fn change(app: &App, request: &Request) -> HandlerResult {
    request.caller.require_scope("deals.admin")?;
    let deal = request.deal_id()?;
    let body: ChangeBody = request.json()?;
    let change = DealChange {
        name: body.name.map(|name| title("name", &name)).transpose()?,
        organisation_name: body
            .organisation
            .map(|Object(organisation)| title("organisation.name", &organisation.name))
            .transpose()?,
        seats: body.seats.map(seats),
        starts_at: body.starts_at.map(|at| time("startsAt", &at)).transpose()?,
        ends_at: body.ends_at.map(|at| time("endsAt", &at)).transpose()?,
        reminders: None,
        expected_revision: request.if_match(app.store.deal(deal), |deal| deal.revision).await?,
    };
    if (DealChange { expected_revision: None, ..change.clone() }) == DealChange::default() {
        return Err(Problem::invalid("Give at least one of name, organisation, seats, startsAt or endsAt."));
    }
    let write = app.store.change_deal(deal, &change);
    let deal =
        request.ledger.note(Some(deal), None, write, |changed| changed.as_ref().ok().map(owner)).await??;
    Ok(http::with_etag(200, deal.revision, &http::deal_view(&deal, request.now)))
}

/// A deal that is gone already is deleted too, so a repetition succeeds.
async fn delete(app: &App, request: &Request) -> HandlerResult {
    request.caller.require_scope("deals.admin")?;
    let deal = request.deal_id()?;
    let expected_revision = request.if_match(app.store.deal(deal), |deal| deal.revision).await?;
    let write = app.store.delete_deal(deal, expected_revision);
    let deleted = |answer: &Result<Option<Deal>, _>| answer.as_ref().ok()?.as_ref().map(owner);
    request.ledger.note(Some(deal), None, write, deleted).await??;
    Ok(http::no_content())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RemindersBody {
    after: Vec<String>,
}

/// Applies to later sends.
async fn set_reminders(app: &App, request: &Request) -> HandlerResult {
    let (_, deal) = authorize_deal_id(&app.store, request).await?;
    let body: RemindersBody = request.json()?;
    let after: Option<Vec<_>> = body.after.iter().map(|text| parse_duration(text)).collect();
    let after = after
        .ok_or_else(|| Problem::field("after", "must have whole times of 1s or more, like 7d, 12h or 90s"))?;
    check_reminders(&after, app.config.lifetime).map_err(|detail| Problem::field("after", detail))?;
    let body = RemindersBody { after: after.iter().copied().map(duration_text).collect() };
    let change = DealChange { reminders: Some(after), ..DealChange::default() };
    let write = app.store.change_deal(deal, &change);
    request.ledger.note(Some(deal), None, write, |changed| changed.as_ref().ok().map(owner)).await??;
    Ok(http::json(200, &body))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestBody {
    on: bool,
}

async fn digest(app: &App, request: &Request) -> HandlerResult {
    let manager = request.caller.manager()?;
    let digest = app.store.digest(&manager.id).await?;
    let on = digest
        .is_some_and(|digest| digest.organisation == manager.organisation && request.now < digest.renew_by);
    Ok(http::json(200, &DigestBody { on }))
}

async fn switch_digest(app: &App, request: &Request) -> HandlerResult {
    let manager = request.caller.manager()?;
    let body: DigestBody = request.json()?;
    let (store, ledger, now) = (&app.store, &request.ledger, request.now);
    if body.on {
        let detail = "Your account has no verified email address. Verify one, sign in again, and switch the digest on.";
        let email = manager.email.ok_or_else(|| Problem::new(409, "no_verified_address", detail))?;
        let write = store.switch_digest_on(&manager.id, &manager.organisation, &email, now);
        ledger.note(None, None, write, |()| Some((None, manager.organisation.clone()))).await?;
    } else {
        let write = store.switch_digest_off(&manager.id, SwitchOff::ByManager, now);
        ledger.note(None, None, write, |owner| owner.clone().map(|owner| (None, owner))).await?;
    }
    Ok(http::json(200, &body))
}

fn title(field: &str, text: &str) -> Result<Title, Problem> {
    Title::parse(text).map_err(|detail| Problem::field(field, detail))
}

/// A number that no deal can have (negative, or beyond 32 bits) becomes 0, which the rule refuses.
fn seats(seats: i64) -> u32 {
    u32::try_from(seats).unwrap_or_default()
}

/// A time that can be stored and shown: whole seconds of the years 1970 to 9999.
fn time(field: &str, Rfc3339(at): &Rfc3339) -> Result<Timestamp, Problem> {
    if (0..253_402_300_800).contains(&at.timestamp()) {
        Ok(whole_seconds(*at))
    } else {
        Err(Problem::field(field, "must be a time between the years 1970 and 9999"))
    }
}

fn hash(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}
