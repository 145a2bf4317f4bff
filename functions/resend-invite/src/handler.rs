//! Resending: one invite, or many at once.

use serde::Deserialize;
use serde_json::json;
use shared::domain::resend::{resend, resend_among_many};
use shared::domain::{Delivery, Invite, InviteId, InviteRefusal};
use shared::http::{
    self, HandlerResult, InviteView, MOST_ROWS, Object, Problem, Request, RowResult, SeenInvite, check_rows,
    summary,
};
use shared::sending::{Row, RowOutcome, Rule, SendRequest, Sending};
use shared::store::{Seen, StoreError};
use std::collections::HashSet;

pub(crate) async fn route(sending: &Sending, request: Request) -> HandlerResult {
    match request.route() {
        "POST /api/deals/{dealId}/invites/{inviteId}/resend" => resend_one(sending, &request).await,
        "POST /api/deals/{dealId}/invites/resend" => resend_many(sending, &request).await,
        _ => Err(Problem::not_found()),
    }
}

async fn resend_one(sending: &Sending, request: &Request) -> HandlerResult {
    let (send_request, invite, record, expected) = sending.authorize_invite(request).await?;
    let existing = record.as_ref().map(|record| &record.invite).ok_or_else(Problem::not_found)?;
    send_request.check_active()?;
    let row = || {
        let rule: Rule<'_> = Box::new(move |existing, send, now| resend(existing, expected, send, now));
        Row { invite, seen: Seen::Record(record.clone()), opted_out: None, order: 0, rule, replaces: None }
    };
    if let Delivery::Bounced { .. } = existing.delivery
        // A resend that is refused unblocks nothing.
        && let Some(RowOutcome::Queued(_)) = sending.dry_run(&send_request, vec![row()]).await?.pop()
    {
        sending.unblock(existing, send_request.now).await?;
    }
    let outcome = sending.send(&send_request, vec![row()]).await?.pop();
    let invite = match outcome.unwrap_or(RowOutcome::NoTime) {
        RowOutcome::Refused(InviteRefusal::JustResent, Some(invite)) => invite,
        outcome => outcome.into_invite()?,
    };
    Ok(http::with_etag(200, invite.sends, &InviteView::new(&invite, &send_request.deal, send_request.now)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResendBody {
    status: Option<String>,
    invites: Option<Vec<Object<SeenInvite>>>,
}

fn outcome_name(outcome: &RowOutcome) -> &'static str {
    match outcome {
        RowOutcome::Queued(_) => "resent",
        RowOutcome::Refused(InviteRefusal::Complained | InviteRefusal::Undeliverable, _) => "undeliverable",
        RowOutcome::Refused(InviteRefusal::TooSoon(_), _) => "too_soon",
        RowOutcome::Refused(refusal, _) => Problem::from(*refusal).code,
        RowOutcome::Failed(_) | RowOutcome::NoTime => "unavailable",
    }
}

/// Resends the named invites, or the expired ones, oldest first.
async fn resend_many(sending: &Sending, request: &Request) -> HandlerResult {
    let body: ResendBody = request.json()?;
    let named = match (body.status.as_deref(), body.invites) {
        (Some("expired"), None) => None,
        (Some(_), None) => return Err(Problem::field("status", "must be expired")),
        (None, Some(invites)) => {
            check_rows(invites.len())?;
            Some(invites.into_iter().map(|Object(invite)| invite).collect())
        }
        _ => return Err(Problem::invalid("Give either status or invites.")),
    };
    let is_by_status = named.is_none();
    let (send_request, _) = sending.authorize(request, []).await?;
    let (wanted, expired) = match named {
        Some(named) => (named, 0),
        None => oldest_expired(sending, &send_request).await?,
    };
    // Named invites are listed in the order of the body. The oldest expired ones keep the order of the list.
    let last = wanted.len().saturating_sub(1);
    let order = |index: usize| if is_by_status { last - index } else { index };
    let (mut rows, mut given, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (index, SeenInvite { id, sends }) in wanted.into_iter().enumerate() {
        let outcome = match InviteId::parse(&id) {
            None => Some("not_found"),
            // Named twice: the first row counts, so this row saw an older state.
            Some(invite) if !seen.insert(invite) => Some("stale"),
            Some(invite) => {
                let rule: Rule<'_> = Box::new(move |existing, send, now| {
                    resend_among_many(existing, sends, is_by_status, send, now)
                });
                let (seen, order) = (Seen::Unread, order(index));
                let opted_out = is_by_status.then_some(false);
                rows.push(Row { invite, seen, opted_out, order, rule, replaces: None });
                None
            }
        };
        given.push((id, outcome));
    }
    let mut outcomes = sending.send(&send_request, rows).await?.into_iter();
    let results = given.into_iter().map(|(invite_id, outcome)| {
        let outcome = outcome.or_else(|| outcomes.next().as_ref().map(outcome_name)).unwrap_or("unavailable");
        RowResult { invite_id, outcome }
    });
    let results: Vec<RowResult> = results.collect();
    let resent = results.iter().filter(|row| row.outcome == "resent").count();
    let (summary, remaining) = (summary(&results, "resent"), expired.saturating_sub(resent));
    Ok(http::json(200, &json!({"results": results, "summary": summary, "remaining": remaining})))
}

/// Also returns how many could be resent in all.
async fn oldest_expired(
    sending: &Sending,
    send_request: &SendRequest,
) -> Result<(Vec<SeenInvite>, usize), StoreError> {
    let (deal, lifetime) = (&send_request.deal, sending.config.lifetime);
    let all = sending.store.resendable(deal, lifetime, send_request.now).await?;
    let seen = |invite: &Invite| SeenInvite { id: invite.id.to_string(), sends: invite.sends };
    Ok((all.iter().take(MOST_ROWS).map(seen).collect(), all.len()))
}
