//! Resending: one invite, or many at once.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::domain::resend::{ResendRefusal, resend};
use shared::domain::{Invite, InviteId, NewSend, Timestamp};
use shared::http::{self, Answer, Call, InviteView, Object, Problem};
use shared::sending::{MOST_ROWS, Row, RowOutcome, SendRequest, Sending};
use shared::store::{Seen, StoreError};
use std::collections::HashSet;
use std::future;

pub(crate) async fn route(sending: &Sending, call: Call) -> Answer {
    match call.route.as_str() {
        "POST /api/deals/{dealId}/invites/{inviteId}/resend" => one(sending, &call).await,
        "POST /api/deals/{dealId}/invites/resend" => many(sending, &call).await,
        _ => Err(Problem::not_found()),
    }
}

/// The rule for an invite of which the caller saw so many sends.
fn rule(
    expected: Option<u32>,
) -> impl Fn(Option<&Invite>, &NewSend, Timestamp) -> Result<Invite, ResendRefusal> {
    move |existing, send, now| resend(existing, expected, send, now)
}

/// `POST /api/deals/{dealId}/invites/{inviteId}/resend`: a double click sends once.
async fn one(sending: &Sending, call: &Call) -> Answer {
    let invite = call.invite()?;
    let (request, record) = sending.request_with_invite(call, invite).await?;
    let sends = record.as_ref().map(|record| record.invite.sends);
    let expected = call.if_match(future::ready(Ok(sends))).await?;
    let row = Row { invite, seen: Seen::Record(record), order: 0, rule: rule(expected) };
    let invite = match sending.send(&request, vec![row]).await?.pop() {
        Some(RowOutcome::Queued(invite) | RowOutcome::Refused(ResendRefusal::JustResent, Some(invite))) => {
            invite
        }
        Some(RowOutcome::Refused(refusal, _)) => return Err(Problem::of_resend(refusal, call.now)),
        Some(RowOutcome::OverLimit(retry_at)) => return Err(Problem::too_many_requests(retry_at, call.now)),
        Some(RowOutcome::Failed(error)) => return Err(error.into()),
        Some(RowOutcome::NoTime) | None => return Err(Problem::unavailable()),
    };
    Ok(http::tagged(200, invite.sends, &InviteView::new(&invite, &request.deal, call.now)))
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
enum Outcome {
    Resent,
    Stale,
    AlreadyAccepted,
    NotFound,
    TooSoon,
    Unavailable,
}

impl From<RowOutcome<ResendRefusal>> for Outcome {
    fn from(outcome: RowOutcome<ResendRefusal>) -> Self {
        match outcome {
            RowOutcome::Queued(_) => Self::Resent,
            RowOutcome::Refused(ResendRefusal::Stale | ResendRefusal::JustResent, _) => Self::Stale,
            RowOutcome::Refused(ResendRefusal::AlreadyAccepted, _) => Self::AlreadyAccepted,
            RowOutcome::Refused(ResendRefusal::NotFound, _) => Self::NotFound,
            RowOutcome::Refused(ResendRefusal::TooSoon(_), _) | RowOutcome::OverLimit(_) => Self::TooSoon,
            RowOutcome::Failed(_) | RowOutcome::NoTime => Self::Unavailable,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowResult {
    invite_id: String,
    outcome: Outcome,
}

/// `POST /api/deals/{dealId}/invites/resend`: those that are named, or the expired ones, oldest first.
async fn many(sending: &Sending, call: &Call) -> Answer {
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
    let is_by_status = named.is_none();
    let request = sending.request(call).await?;
    let (wanted, expired) = match named {
        Some(named) => (named.into_iter().map(|Object(wanted)| wanted).collect(), 0),
        None => oldest_expired(sending, &request).await?,
    };
    // Named invites are listed as they are given here. The oldest expired ones keep the order of the list.
    let last = wanted.len().saturating_sub(1);
    let order = |index: usize| if is_by_status { last - index } else { index };
    let (mut rows, mut given, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (index, Wanted { id, sends }) in wanted.into_iter().enumerate() {
        let outcome = match InviteId::parse(&id) {
            None => Some(Outcome::NotFound),
            // Named twice: the first one counts, and the second saw an older state then.
            Some(invite) if !seen.insert(invite) => Some(Outcome::Stale),
            Some(invite) => {
                let rule = rule(Some(sends));
                rows.push(Row { invite, seen: Seen::Unread, order: order(index), rule });
                None
            }
        };
        given.push((id, outcome));
    }
    let mut outcomes = sending.send(&request, rows).await?.into_iter();
    let results = given.into_iter().map(|(invite_id, outcome)| {
        let outcome = outcome.or_else(|| outcomes.next().map(Outcome::from)).unwrap_or(Outcome::Unavailable);
        RowResult { invite_id, outcome }
    });
    let results: Vec<RowResult> = results.collect();
    let count = |counted: fn(Outcome) -> bool| results.iter().filter(|row| counted(row.outcome)).count();
    let resent = count(|outcome| outcome == Outcome::Resent);
    let failed = count(|outcome| outcome == Outcome::Unavailable);
    let summary = json!({"resent": resent, "skipped": results.len() - resent - failed, "failed": failed});
    let remaining = expired.saturating_sub(u32::try_from(resent).unwrap_or(u32::MAX));
    Ok(http::json(200, &json!({"results": results, "summary": summary, "remaining": remaining})))
}

/// The oldest expired invites, and how many there are in all.
async fn oldest_expired(sending: &Sending, request: &SendRequest) -> Result<(Vec<Wanted>, u32), StoreError> {
    let (deal, lifetime) = (&request.deal, sending.config.lifetime);
    let oldest = sending.store.oldest_expired(deal, lifetime, MOST_ROWS, request.now).await?;
    let wanted = oldest.into_iter().map(|invite| Wanted { id: invite.id.to_string(), sends: invite.sends });
    Ok((wanted.collect(), sending.store.count_expired(deal, lifetime, request.now).await?))
}
