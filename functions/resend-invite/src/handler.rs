//! Resending: one invite, or many at once.

use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use shared::config::Config;
use shared::delivery::{Claim, Delivery, MOST_ROWS, TO_ANSWER, TO_STORE, WRITES};
use shared::domain::resend::ResendRefusal;
use shared::domain::{Deal, DealState, InviteId};
use shared::http::{self, Answer, Call, InviteView, Manager, Object, Problem};
use shared::store::{Inviter, Outcome, StoreError, new_link};
use std::collections::HashSet;

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) delivery: Delivery,
    pub(crate) config: Config,
}

pub(crate) async fn route(app: App, call: Call) -> Answer {
    match call.route.as_str() {
        "POST /api/deals/{dealId}/invites/{inviteId}/resend" => one(&app, &call).await,
        "POST /api/deals/{dealId}/invites/resend" => many(&app, &call).await,
        _ => Err(Problem::not_found()),
    }
}

/// The deal, if it is the manager's and runs.
async fn active_deal(app: &App, call: &Call, manager: &Manager) -> Result<Deal, Problem> {
    let store = &app.delivery.store;
    let deal = http::own(store.deal(call.deal()?).await?, manager)?;
    match deal.state(call.now) {
        DealState::Active => {}
        state => return Err(Problem::deal_not_active(state)),
    }
    store.remember_lifetime(&deal, app.config.lifetime).await?;
    Ok(deal)
}

/// `POST /api/deals/{dealId}/invites/{inviteId}/resend`: a double click sends once.
async fn one(app: &App, call: &Call) -> Answer {
    let manager = call.caller.manager(&app.config.organisation_claim)?;
    let (invite, expected) = (call.invite()?, call.if_match()?);
    let deal = active_deal(app, call, &manager).await?;
    let link = new_link(deal.id, invite)?;
    let inviter = app.delivery.inviter(manager.email);
    let invite = match app.delivery.store.resend_invite(&link, expected, &inviter, call.now).await? {
        Outcome::Done(record) => {
            let claim = Claim { record: *record, link };
            let run = app.delivery.run(call.deadline.earlier(TO_ANSWER));
            let mailed = run.mail_all(&deal, vec![claim]).await;
            mailed.into_iter().next().ok_or_else(Problem::not_found)?.invite
        }
        Outcome::Refused(ResendRefusal::JustResent, Some(record)) => record.invite,
        Outcome::Refused(refusal, _) => return Err(refusal.into()),
    };
    Ok(http::tagged(200, invite.sends, &InviteView::new(&invite, &deal, call.now)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    status: Option<String>,
    invites: Option<Vec<Object<Wanted>>>,
}

/// An invite to resend, and how many sends the caller saw.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    id: String,
    sends: u32,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum RowOutcome {
    Resent,
    Stale,
    AlreadyAccepted,
    NotFound,
    Unavailable,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowResult {
    invite_id: String,
    outcome: RowOutcome,
}

#[derive(Default, Serialize)]
struct Summary {
    resent: usize,
    skipped: usize,
    failed: usize,
}

#[derive(Serialize)]
struct Answered {
    results: Vec<RowResult>,
    summary: Summary,
    remaining: u32,
}

/// `POST /api/deals/{dealId}/invites/resend`: those that are named, or the expired ones, oldest first.
async fn many(app: &App, call: &Call) -> Answer {
    let manager = call.caller.manager(&app.config.organisation_claim)?;
    call.deal()?;
    let body: Body = call.json()?;
    let named = match (body.status.as_deref(), body.invites) {
        (Some("expired"), None) => None,
        (Some(_), None) => return Err(Problem::field("status", "must be expired")),
        (None, Some(invites)) if invites.is_empty() => {
            return Err(Problem::field("invites", "must have at least one row"));
        }
        (None, Some(invites)) if invites.len() > MOST_ROWS => return Err(Problem::too_many_invites()),
        (None, Some(invites)) => Some(invites),
        _ => return Err(Problem::invalid("Say either status or invites.")),
    };
    let deal = active_deal(app, call, &manager).await?;
    let store = &app.delivery.store;
    let (wanted, expired): (Vec<Wanted>, _) = if let Some(named) = named {
        (named.into_iter().map(|Object(wanted)| wanted).collect(), None)
    } else {
        let (lifetime, now) = (app.config.lifetime, call.now);
        let oldest = store.oldest_expired(&deal, lifetime, MOST_ROWS, now).await?;
        let wanted =
            oldest.into_iter().map(|invite| Wanted { id: invite.id.to_string(), sends: invite.sends });
        (wanted.collect(), Some(store.count_expired(&deal, lifetime, now).await?))
    };
    let inviter = app.delivery.inviter(manager.email);
    let (results, claims) = renew(app, &deal, wanted, &inviter, call).await;
    app.delivery.run(call.deadline.earlier(TO_ANSWER)).mail_all(&deal, claims).await;
    let summary = summary(&results);
    let resent = u32::try_from(summary.resent).unwrap_or(u32::MAX);
    let remaining = expired.map_or(0, |expired| expired.saturating_sub(resent));
    Ok(http::json(200, &Answered { results, summary, remaining }))
}

/// Renews every invite, many at once; the claims are the right to mail them.
async fn renew(
    app: &App,
    deal: &Deal,
    wanted: Vec<Wanted>,
    inviter: &Inviter,
    call: &Call,
) -> (Vec<RowResult>, Vec<Claim>) {
    let mut seen = HashSet::new();
    let rows: Vec<_> = wanted
        .into_iter()
        .map(|row| {
            // Named twice: the first one counts, and the second saw an older state then.
            let repeated = !seen.insert(row.id.clone());
            (row, repeated)
        })
        .collect();
    let renewed: Vec<(RowResult, Option<Claim>)> = stream::iter(rows)
        .map(|(row, repeated)| async move {
            let (outcome, claim) = match InviteId::parse(&row.id) {
                None => (RowOutcome::NotFound, None),
                Some(_) if repeated => (RowOutcome::Stale, None),
                Some(_) if call.deadline.earlier(TO_ANSWER).left().is_zero() => {
                    (RowOutcome::Unavailable, None)
                }
                Some(invite) => renew_one(app, deal, invite, row.sends, inviter, call).await,
            };
            (RowResult { invite_id: row.id, outcome }, claim)
        })
        .buffered(WRITES)
        .collect()
        .await;
    let (results, claims): (Vec<_>, Vec<_>) = renewed.into_iter().unzip();
    (results, claims.into_iter().flatten().collect())
}

async fn renew_one(
    app: &App,
    deal: &Deal,
    invite: InviteId,
    sends: u32,
    inviter: &Inviter,
    call: &Call,
) -> (RowOutcome, Option<Claim>) {
    let renewed = async {
        let link = new_link(deal.id, invite)?;
        let outcome = app.delivery.store.resend_invite(&link, Some(sends), inviter, call.now).await?;
        Ok::<_, StoreError>((outcome, link))
    };
    let limit = call.deadline.earlier(TO_STORE).instant();
    let Ok(renewed) = tokio::time::timeout_at(limit, renewed).await else {
        return (RowOutcome::Unavailable, None);
    };
    match renewed {
        Ok((Outcome::Done(record), link)) => (RowOutcome::Resent, Some(Claim { record: *record, link })),
        Ok((Outcome::Refused(refusal, _), _)) => {
            let outcome = match refusal {
                ResendRefusal::NotFound => RowOutcome::NotFound,
                ResendRefusal::AlreadyAccepted => RowOutcome::AlreadyAccepted,
                ResendRefusal::Stale | ResendRefusal::JustResent => RowOutcome::Stale,
            };
            (outcome, None)
        }
        Err(error) => {
            shared::telemetry::row_failed(&error);
            (RowOutcome::Unavailable, None)
        }
    }
}

fn summary(results: &[RowResult]) -> Summary {
    let mut summary = Summary::default();
    for result in results {
        *match result.outcome {
            RowOutcome::Resent => &mut summary.resent,
            RowOutcome::Stale | RowOutcome::AlreadyAccepted | RowOutcome::NotFound => &mut summary.skipped,
            RowOutcome::Unavailable => &mut summary.failed,
        } += 1;
    }
    summary
}
