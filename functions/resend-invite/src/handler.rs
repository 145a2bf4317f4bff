//! Resending: one invite, or many at once.

use futures_util::future;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use shared::config::Config;
use shared::delivery::{Claim, Delivery, MOST_ROWS, Runner, TO_ANSWER, TO_STORE, WRITES};
use shared::domain::limit::SendingLimits;
use shared::domain::resend::{ResendRefusal, may_resend};
use shared::domain::{Deal, DealState, Invite, InviteId, Queued};
use shared::http::{self, Answer, Call, InviteView, Manager, Object, Problem};
use shared::store::{Allowance, Inviter, Outcome, Sender, StoreError, new_link};
use std::collections::HashSet;

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) delivery: Delivery,
    pub(crate) config: Config,
    pub(crate) limits: SendingLimits,
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
    let invite = call.invite()?;
    let deal = active_deal(app, call, &manager).await?;
    let store = &app.delivery.store;
    let expected = call.if_match(store.sends(deal.id, invite)).await?;
    let sender = Sender { manager: &manager.id, deal: &deal, limits: &app.limits };
    let link = new_link(deal.id, invite)?;
    let inviter = app.delivery.inviter(manager.email, app.limits.recipient);
    let allowance = store.take_allowance(sender, 1, call.now).await?;
    let answer = |invite: &Invite| http::tagged(200, invite.sends, &InviteView::new(invite, &deal, call.now));
    let (refusal, record) = if allowance.sends == 0 {
        let retry_at = allowance.retry_at;
        // One of the two limits may have granted the send that the other one refused.
        let (record, ()) =
            future::join(store.invite(deal.id, invite), app.delivery.give_back(allowance, 0)).await;
        let record = record?;
        // What speaks against the resend anyway is the better answer.
        match may_resend(record.as_ref(), expected, app.limits.recipient, call.now) {
            Ok(()) => return Err(Problem::too_many_requests(retry_at, call.now)),
            Err(refusal) => (refusal, record),
        }
    } else {
        // A write that failed may have been stored all the same, so its send stays counted.
        match store.resend_invite(&link, expected, &inviter, call.now).await? {
            Outcome::Done(record) => {
                let stored = record.invite.clone();
                let claims = Claim::of(*record, link).into_iter().collect();
                let run = app.delivery.run(Runner::Request, call.deadline.earlier(TO_ANSWER));
                let mailed = run.mail_all(&deal, claims).await;
                let invite = mailed.into_iter().next().map_or(stored, |record| record.invite);
                return Ok(answer(&invite));
            }
            Outcome::Refused(refusal, record) => {
                app.delivery.give_back(allowance, 0).await;
                (refusal, record.map(|record| *record))
            }
        }
    };
    match (refusal, record) {
        (ResendRefusal::JustResent, Some(record)) => Ok(answer(&record.invite)),
        (refusal, _) => Err(Problem::of_resend(refusal, call.now)),
    }
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
    TooSoon,
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
    let rows = read(wanted);
    let wanted = u32::try_from(rows.iter().filter(|row| row.is_ok()).count()).unwrap_or(u32::MAX);
    let sender = Sender { manager: &manager.id, deal: &deal, limits: &app.limits };
    let allowance = store.take_allowance(sender, wanted, call.now).await?;
    let (rows, allowance) = if allowance.sends < wanted {
        let judged = judge(app, &deal, rows, &allowance, call).await;
        app.delivery.judged(judged, allowance).await?
    } else {
        (rows, allowance)
    };
    let inviter = app.delivery.inviter(manager.email, app.limits.recipient);
    // Named invites are listed as they are given here. The oldest expired ones keep the order of the list.
    let last = rows.len().saturating_sub(1);
    let order = |index: usize| if expired.is_some() { last.saturating_sub(index) } else { index };
    let (results, claims) = renew(app, &deal, rows, &inviter, order, call).await;
    let used = results.iter().filter(|result| result.may_be_stored()).count();
    let used = u32::try_from(used).unwrap_or(u32::MAX);
    let run = app.delivery.run(Runner::Request, call.deadline.earlier(TO_ANSWER));
    future::join(run.mail_all(&deal, claims), app.delivery.give_back(allowance, used)).await;
    let summary = summary(&results);
    let resent = u32::try_from(summary.resent).unwrap_or(u32::MAX);
    let remaining = expired.map_or(0, |expired| expired.saturating_sub(resent));
    Ok(http::json(200, &Answered { results, summary, remaining }))
}

/// The rows that the table has to decide about, each with the number of sends that the caller saw; of the others, what
/// is said of them.
type Rows = Vec<Result<(InviteId, u32), RowResult>>;

fn read(wanted: Vec<Wanted>) -> Rows {
    let mut seen = HashSet::new();
    let read = wanted.into_iter().map(|Wanted { id, sends }| {
        let answer = |outcome| RowResult { invite_id: id.clone(), outcome };
        let invite = InviteId::parse(&id).ok_or_else(|| answer(RowOutcome::NotFound))?;
        // Named twice: the first one counts, and the second saw an older state then.
        if seen.insert(invite) { Ok((invite, sends)) } else { Err(answer(RowOutcome::Stale)) }
    });
    read.collect()
}

impl RowResult {
    fn new(invite: InviteId, outcome: RowOutcome) -> Self {
        Self { invite_id: invite.to_string(), outcome }
    }

    /// False when it is certain that nothing was stored for this row.
    fn may_be_stored(&self) -> bool {
        matches!(self.outcome, RowOutcome::Resent | RowOutcome::Unavailable)
    }
}

fn outcome_of(refusal: ResendRefusal) -> RowOutcome {
    match refusal {
        ResendRefusal::NotFound => RowOutcome::NotFound,
        ResendRefusal::AlreadyAccepted => RowOutcome::AlreadyAccepted,
        ResendRefusal::Stale | ResendRefusal::JustResent => RowOutcome::Stale,
        ResendRefusal::TooSoon(_) => RowOutcome::TooSoon,
    }
}

/// Judges every row by what there is, and lets through as many as may be sent.
async fn judge(
    app: &App,
    deal: &Deal,
    rows: Rows,
    allowance: &Allowance,
    call: &Call,
) -> Result<Rows, StoreError> {
    let read = rows.into_iter().map(|row| async move {
        let (invite, sends) = match row {
            Ok(row) => row,
            Err(result) => return Ok(Err(result)),
        };
        let existing = match app.delivery.store.invite(deal.id, invite).await {
            // One invite that cannot be read keeps no other from being resent.
            Err(error @ StoreError::Corrupt(_)) => {
                shared::telemetry::row_failed(&error);
                return Ok(Err(RowResult::new(invite, RowOutcome::Unavailable)));
            }
            read => read?,
        };
        let verdict = may_resend(existing.as_ref(), Some(sends), app.limits.recipient, call.now);
        let refused = |refusal| RowResult::new(invite, outcome_of(refusal));
        Ok::<_, StoreError>(verdict.map(|()| (invite, sends)).map_err(refused))
    });
    let mut judged: Rows = stream::iter(read).buffered(WRITES).try_collect().await?;
    let over =
        judged.iter_mut().filter(|row| row.is_ok()).skip(usize::try_from(allowance.sends).unwrap_or(0));
    for row in over {
        if let Ok((invite, _)) = *row {
            *row = Err(RowResult::new(invite, RowOutcome::TooSoon));
        }
    }
    Ok(judged)
}

/// Renews every invite, many at once; the claims are the right to mail them.
async fn renew(
    app: &App,
    deal: &Deal,
    rows: Rows,
    inviter: &Inviter,
    order: impl Fn(usize) -> usize,
    call: &Call,
) -> (Vec<RowResult>, Vec<Claim>) {
    let renewed: Vec<(RowResult, Option<Claim>)> = stream::iter(rows)
        .enumerate()
        .map(|(index, row)| {
            let at = Queued::in_order(call.now, order(index));
            async move {
                match row {
                    Ok((invite, sends)) => {
                        let (outcome, claim) = renew_one(app, deal, invite, sends, inviter, at, call).await;
                        (RowResult::new(invite, outcome), claim)
                    }
                    Err(result) => (result, None),
                }
            }
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
    at: Queued,
    call: &Call,
) -> (RowOutcome, Option<Claim>) {
    if call.deadline.earlier(TO_ANSWER).left().is_zero() {
        return (RowOutcome::Unavailable, None);
    }
    let renewed = async {
        let link = new_link(deal.id, invite)?;
        let outcome = app.delivery.store.resend_invite(&link, Some(sends), inviter, at).await?;
        Ok::<_, StoreError>((outcome, link))
    };
    let limit = call.deadline.earlier(TO_STORE).instant();
    let Ok(renewed) = tokio::time::timeout_at(limit, renewed).await else {
        return (RowOutcome::Unavailable, None);
    };
    match renewed {
        Ok((Outcome::Done(record), link)) => (RowOutcome::Resent, Claim::of(*record, link)),
        Ok((Outcome::Refused(refusal, _), _)) => (outcome_of(refusal), None),
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
            RowOutcome::Stale | RowOutcome::AlreadyAccepted | RowOutcome::NotFound | RowOutcome::TooSoon => {
                &mut summary.skipped
            }
            RowOutcome::Unavailable => &mut summary.failed,
        } += 1;
    }
    summary
}
