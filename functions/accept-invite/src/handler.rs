//! Previewing and accepting a link; the learner's own seats.

use serde::Serialize;
use serde_json::json;
use shared::audit::owner;
use shared::domain::accept::{AcceptRefusal, deal_accepts, may_preview};
use shared::domain::{AskedFor, Deal, DealId, Invite, Organisation, Status, Timestamp};
use shared::http::{self, App, DealSummary, HandlerResult, Problem, Request, Time};
use shared::store::{AcceptOutcome, Store};
use std::time::Duration;

/// Time reserved for the answer when conflicts have used up the rest.
const TO_ANSWER: Duration = Duration::from_secs(2);

pub(crate) async fn route(App { store, .. }: &App, request: Request) -> HandlerResult {
    match request.route() {
        "POST /api/invites/preview" => preview(store, &request).await,
        "POST /api/invites/accept" => accept(store, &request).await,
        "GET /api/me/seats" => seats(store, &request).await,
        _ => Err(Problem::not_found()),
    }
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
    declined_at: Option<Time>,
    asked_at: Option<Time>,
    asked_for: Option<AskedFor>,
    opted_out: bool,
}

impl<'a> PreviewView<'a> {
    fn new(invite: &Invite, deal: &'a Deal, opted_out: bool, now: Timestamp) -> Self {
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
            declined_at: invite.declined_at.map(Time::from),
            asked_at: invite.asked.map(|asked| asked.at.into()),
            asked_for: invite.asked.map(|asked| asked.wanted),
            opted_out,
        }
    }
}

/// Needs no sign-in: the link is the permission.
async fn preview(store: &Store, request: &Request) -> HandlerResult {
    let link = request.link()?;
    let (deal, record) = store.sent_link(&link).await?.ok_or(AcceptRefusal::UnknownInvite)?;
    let (organisation, invite) = (&deal.organisation, record.invite);
    let opted_out =
        store.opt_outs([(&organisation.id, &invite.email)]).await?.has(&organisation.id, &invite.email);
    match may_preview(&invite, &link.secret.hash()) {
        Ok(()) => Ok(http::json(200, &PreviewView::new(&invite, &deal, opted_out, request.now))),
        Err(refusal) => Err(Problem::from(refusal).with([
            ("organisation", json!(organisation)),
            ("askedAt", json!(invite.asked.map(|asked| Time::from(asked.at)))),
            ("optedOut", json!(opted_out)),
        ])),
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
    let link = request.link()?;
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

async fn seats(store: &Store, request: &Request) -> HandlerResult {
    let seats = store.seats_of(&request.caller.learner()?.id).await?;
    let seats = seats.iter().map(|seat| SeatView {
        accepted: AcceptedView::new(&seat.deal, seat.accepted_at),
        ends_at: seat.deal.ends_at.into(),
    });
    Ok(http::json(200, &json!({"seats": seats.collect::<Vec<_>>()})))
}
