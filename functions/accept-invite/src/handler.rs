//! Preview and accept a link; the learner's own seats.

use serde::{Deserialize, Serialize};
use shared::clock::Deadline;
use shared::domain::accept::{AcceptRefusal, deal_accepts};
use shared::domain::{Deal, DealId, Invite, Link, Organisation, Status, Timestamp};
use shared::http::{self, Answer, Call, DealSummary, Problem, SeatView, Time};
use shared::store::{AcceptOutcome, PreviewOutcome, Store};
use std::time::Duration;

/// What is kept of the time to answer once conflicts have taken the rest.
const TO_ANSWER: Duration = Duration::from_secs(2);

pub(crate) async fn route(store: &Store, call: Call) -> Answer {
    match call.route.as_str() {
        "POST /api/invites/preview" => preview(store, &call).await,
        "POST /api/invites/accept" => accept(store, &call).await,
        "GET /api/me/seats" => seats(store, &call).await,
        _ => Err(Problem::not_found()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    token: String,
}

/// The link in the body. Whatever is none belongs to no invite: there is no other answer to it (I6).
fn link(call: &Call) -> Result<Link, Problem> {
    let body: TokenBody = call.json()?;
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

/// `POST /api/invites/preview`: what the link is, for whoever holds it.
async fn preview(store: &Store, call: &Call) -> Answer {
    match store.preview(&link(call)?).await? {
        PreviewOutcome::Shown(invite, deal) => {
            Ok(http::json(200, &PreviewView::new(&invite, &deal, call.now)))
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

/// `POST /api/invites/accept`: the signed-in learner takes a seat.
async fn accept(store: &Store, call: &Call) -> Answer {
    let learner = call.caller.learner()?;
    let link = link(call)?;
    let deadline: Deadline = call.deadline.earlier(TO_ANSWER);
    match store.accept_invite(&link, &learner.id, learner.email.as_ref(), call.now, deadline).await? {
        AcceptOutcome::Accepted { deal, accepted_at } => Ok(http::json(
            200,
            &AcceptedView {
                deal_id: deal.id,
                organisation: &deal.organisation,
                accepted_at: accepted_at.into(),
            },
        )),
        AcceptOutcome::Refused(refusal) => Err(refusal.into()),
    }
}

#[derive(Serialize)]
struct Seats<'a> {
    seats: Vec<SeatView<'a>>,
}

/// `GET /api/me/seats`: what the learner is entitled to.
async fn seats(store: &Store, call: &Call) -> Answer {
    let seats = store.seats_of(&call.caller.learner()?.id).await?;
    Ok(http::json(200, &Seats { seats: seats.iter().map(SeatView::from).collect() }))
}
