//! Previewing and accepting a link; the learner's own seats.

use serde_json::{Value, json};
use shared::audit::owner;
use shared::domain::accept::{LinkRefusal, deal_accepts, may_preview};
use shared::domain::{Deal, Invite, Status, Timestamp};
use shared::http::{self, App, HandlerResult, Problem, Request, TO_ANSWER};
use shared::store::Store;

pub(crate) async fn route(App { store, .. }: &App, request: Request) -> HandlerResult {
    match request.route() {
        "POST /api/invites/preview" => preview(store, &request).await,
        "POST /api/invites/accept" => accept(store, &request).await,
        "GET /api/me/seats" => seats(store, &request).await,
        _ => Err(Problem::not_found()),
    }
}

fn preview_view(invite: &Invite, deal: &Deal, opted_out: bool, now: Timestamp) -> Value {
    let status = invite.status(deal.ends_at, now);
    let blocked = deal_accepts(deal, now).err().map(|refusal| Problem::from(refusal).code);
    json!({
        "organisation": deal.organisation,
        "deal": http::deal_summary(deal, now),
        "email": (status == Status::Pending).then(|| invite.email.masked()),
        "status": status,
        "expiresAt": invite.expires_at.min(deal.ends_at),
        "blocked": blocked,
        "declinedAt": invite.declined_at,
        "askedAt": invite.asked.map(|asked| asked.at),
        "askedFor": invite.asked.map(|asked| asked.wanted),
        "optedOut": opted_out,
    })
}

/// Needs no sign-in: the link is the permission.
async fn preview(store: &Store, request: &Request) -> HandlerResult {
    let link = request.link()?;
    let (deal, record) = store.sent_link(&link).await?.ok_or(LinkRefusal::UnknownInvite)?;
    let (organisation, invite) = (&deal.organisation, record.invite);
    let person = (&organisation.id, &invite.email);
    let opted_out = store.opt_outs([person]).await?.has(person.0, person.1);
    match may_preview(&invite, &link.secret.hash()) {
        Ok(()) => Ok(http::json(200, &preview_view(&invite, &deal, opted_out, request.now))),
        Err(refusal) => Err(Problem::from(refusal).with([
            ("organisation", json!(organisation)),
            ("askedAt", json!(invite.asked.map(|asked| asked.at))),
            ("optedOut", json!(opted_out)),
        ])),
    }
}

async fn accept(store: &Store, request: &Request) -> HandlerResult {
    let (learner, email) = (request.caller.learner()?, request.caller.verified_email());
    let link = request.link()?;
    let deadline = request.deadline.earlier(TO_ANSWER);
    let accept = store.accept_invite(&link, &learner, email.as_ref(), request.now, deadline);
    let accepted = |answer: &Result<(Deal, _), _>| answer.as_ref().ok().map(|(deal, _)| owner(deal));
    let (deal, accepted_at) =
        request.ledger.note(Some(link.deal), Some(link.invite), accept, accepted).await??;
    let seat = json!({"dealId": deal.id, "organisation": deal.organisation, "acceptedAt": accepted_at});
    Ok(http::json(200, &seat))
}

async fn seats(store: &Store, request: &Request) -> HandlerResult {
    let seats = store.seats_of(&request.caller.learner()?).await?;
    let seats = seats.iter().map(|(deal, accepted_at)| {
        json!({
            "dealId": deal.id,
            "organisation": deal.organisation,
            "acceptedAt": accepted_at,
            "endsAt": deal.ends_at,
        })
    });
    Ok(http::json(200, &json!({"seats": seats.collect::<Vec<_>>()})))
}
