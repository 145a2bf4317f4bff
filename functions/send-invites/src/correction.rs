//! Correcting an invite: another address, another spelling of the address, or another name.

use serde::Deserialize;
use shared::audit::owner;
use shared::domain::correct::{Correction, correct_in_place, invite_instead, withdraw};
use shared::domain::send::Invitee;
use shared::domain::{Email, Invite, InviteId, InviteKey, Name};
use shared::http::{self, HandlerResult, InviteView, Problem, Request};
use shared::sending::{Row, RowOutcome, SendRequest, Sending};
use shared::store::{Changed, InviteRecord, Seen};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectBody {
    email: Option<String>,
    name: Option<String>,
}

pub(crate) async fn correct(sending: &Sending, request: &Request) -> HandlerResult {
    let CorrectBody { email, name } = request.json()?;
    if email.is_none() && name.is_none() {
        return Err(Problem::invalid("Give an email, a name, or both."));
    }
    let email = email.as_deref().map(Email::parse).transpose();
    let email = email.map_err(|error| Problem::field("email", error.to_string()))?;
    let (send_request, invite, record, expected) = sending.authorize_invite(request).await?;
    let by = send_request.manager.email.as_deref();
    let correction = Correction { expected, email, name: name.as_deref().map(Name::clean), by };
    let corrected = match correction.email.as_ref().map(|email| send_request.deal.invite_id(email)) {
        Some(new) if new != invite => {
            replace(sending, &send_request, [invite, new], record, &correction).await?
        }
        _ => {
            let key = InviteKey { deal: send_request.deal.id, invite };
            let rule = |existing: Option<&Invite>, now| correct_in_place(existing, &correction, now);
            let seen = Seen::Record(record);
            let change = sending.store.change(key, seen, request.now, request.deadline, rule);
            let changed = |answer: &Changed<_>| answer.is_ok().then(|| owner(&send_request.deal));
            request.ledger.note(Some(key.deal), Some(invite), change, changed).await??.invite
        }
    };
    let view = InviteView::new(&corrected, &send_request.deal, request.now);
    Ok(http::with_etag(200, corrected.sends, &view))
}

/// Cancels the old invite and invites the new address, both or neither.
async fn replace(
    sending: &Sending,
    request: &SendRequest,
    [old, new]: [InviteId; 2],
    record: Option<InviteRecord>,
    correction: &Correction<'_>,
) -> Result<Invite, Problem> {
    // Refuses without any quota, and says which name the new invite has.
    let existing = record.as_ref().map(|record| &record.invite);
    withdraw(existing, correction, new, request.now)?;
    request.check_active()?;
    let name = existing.and_then(|invite| invite.name.clone());
    let email = correction.email.clone().ok_or_else(Problem::not_found)?;
    let organisation = &request.deal.organisation.id;
    let opted_out = sending.store.opt_outs([(organisation, &email)]).await?.has(organisation, &email);
    let invitee = Invitee { id: new, email, name: correction.name.clone().unwrap_or(name) };
    let row = Row {
        invite: new,
        seen: Seen::Unread,
        opted_out: Some(opted_out),
        order: 0,
        rule: Box::new(|existing, send, now| invite_instead(existing, old, &invitee, send, now)),
        replaces: Some((old, Box::new(|existing, now| withdraw(existing, correction, new, now)))),
    };
    let outcome = sending.send(request, vec![row]).await?.pop();
    outcome.unwrap_or(RowOutcome::NoTime).into_invite().map(|invite| *invite)
}
