//! Previewing and accepting a link; the learner's own seats.

use serde::{Deserialize, Serialize};
use shared::audit::owner;
use shared::domain::accept::{AcceptRefusal, deal_accepts};
use shared::domain::{Deal, DealId, Invite, Link, Organisation, Status, Timestamp};
use shared::http::{self, DealSummary, HandlerResult, Problem, Request, Time};
use shared::store::{AcceptOutcome, PreviewOutcome, Store};
use std::time::Duration;

/// Time reserved for the answer when conflicts have used up the rest.
const TO_ANSWER: Duration = Duration::from_secs(2);

pub(crate) async fn route(store: &Store, request: Request) -> HandlerResult {
    match request.route.as_str() {
        "POST /api/invites/preview" => preview(store, &request).await,
        "POST /api/invites/accept" => accept(store, &request).await,
        "GET /api/me/seats" => seats(store, &request).await,
        _ => Err(Problem::not_found()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    token: String,
}

/// A malformed token gets the same answer as one that belongs to no invite (I6).
fn link(request: &Request) -> Result<Link, Problem> {
    let body: TokenBody = request.json()?;
    Link::parse(&body.token).ok_or_else(|| AcceptRefusal::UnknownInvite.into())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PreviewView<'a> {
    organisation: &'a Organisation,
    deal: DealSummary<'a>,
    email: Option<String>,
    status: Status,
    expires_at: Time,
    blocked: Option<&'static str>,
}

impl<'a> PreviewView<'a> {
    fn new(invite: &Invite, deal: &'a Deal, now: Timestamp) -> Self {
        let status = invite.status(deal.ends_at, now);
        let blocked = match deal_accepts(deal, now) {
            Err(AcceptRefusal::DealNotStarted) => Some("deal_not_started"),
            Err(AcceptRefusal::DealEnded) => Some("deal_ended"),
            Err(_) => Some("deal_full"),
            Ok(()) => None,
        };
        Self {
            organisation: &deal.organisation,
            deal: DealSummary::new(deal, now),
            email: (status == Status::Pending).then(|| invite.email.masked()),
            status,
            expires_at: invite.expires_at.min(deal.ends_at).into(),
            blocked,
        }
    }
}

/// Needs no sign-in: the link is the permission.
async fn preview(store: &Store, request: &Request) -> HandlerResult {
    match store.preview(&link(request)?).await? {
        PreviewOutcome::Shown(invite, deal) => {
            Ok(http::json(200, &PreviewView::new(&invite, &deal, request.now)))
        }
        PreviewOutcome::Refused(refusal) => Err(refusal.into()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedView<'a> {
    deal_id: DealId,
    organisation: &'a Organisation,
    accepted_at: Time,
}

impl<'a> AcceptedView<'a> {
    fn new(deal: &'a Deal, accepted_at: Timestamp) -> Self {
        Self { deal_id: deal.id, organisation: &deal.organisation, accepted_at: accepted_at.into() }
    }
}

async fn accept(store: &Store, request: &Request) -> HandlerResult {
    let learner = request.caller.learner()?;
    let link = link(request)?;
    let deadline = request.deadline.earlier(TO_ANSWER);
    let accept = store.accept_invite(&link, &learner.id, learner.email.as_ref(), request.now, deadline);
    let accepted = |outcome: &AcceptOutcome| match outcome {
        AcceptOutcome::Accepted { deal, .. } => Some(owner(deal)),
        AcceptOutcome::Refused(_) => None,
    };
    match request.ledger.note(Some(link.deal), Some(link.invite), accept, accepted).await? {
        AcceptOutcome::Accepted { deal, accepted_at } => {
            Ok(http::json(200, &AcceptedView::new(&deal, accepted_at)))
        }
        AcceptOutcome::Refused(refusal) => Err(refusal.into()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeatView<'a> {
    #[serde(flatten)]
    accepted: AcceptedView<'a>,
    ends_at: Time,
}

#[derive(Serialize)]
struct SeatsView<'a> {
    seats: Vec<SeatView<'a>>,
}

async fn seats(store: &Store, request: &Request) -> HandlerResult {
    let seats = store.seats_of(&request.caller.learner()?.id).await?;
    let seats = seats.iter().map(|seat| SeatView {
        accepted: AcceptedView::new(&seat.deal, seat.accepted_at),
        ends_at: seat.deal.ends_at.into(),
    });
    Ok(http::json(200, &SeatsView { seats: seats.collect() }))
}
