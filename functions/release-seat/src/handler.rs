//! Cancelling an invite, releasing a seat.

use shared::domain::cancel::{CancelRefusal, cancel};
use shared::domain::release::ReleaseRefusal;
use shared::domain::{Invite, InviteKey};
use shared::http::{App, HandlerResult, Problem, Request, authorize_deal_id, no_content};
use shared::store::{Changed, Seen};

pub(crate) async fn route(app: &App, request: Request) -> HandlerResult {
    let manager = request.caller.manager(&app.config.organisation_claim)?;
    let (store, invite) = (&app.store, request.invite_id()?);
    let key = InviteKey { deal: authorize_deal_id(store, &request, &manager).await?, invite };
    let by = manager.email.as_deref();
    let (deal, invite) = (Some(key.deal), Some(key.invite));
    let changed = |is_changed: bool| is_changed.then(|| (key.deal, manager.organisation.clone()));
    let expected = request.if_match(store.sends(key)).await?;
    match request.route.as_str() {
        "DELETE /api/deals/{dealId}/invites/{inviteId}" => {
            let rule = |existing: Option<&Invite>, now| cancel(existing, expected, by, now);
            let cancel = store.change(key, Seen::Unread, request.now, request.deadline, rule);
            let cancelled = |answer: &Changed<_>| changed(matches!(answer, Changed::Done(_)));
            match request.ledger.note(deal, invite, cancel, cancelled).await? {
                Changed::Done(_) | Changed::Refused(CancelRefusal::AlreadyDone, _) => Ok(no_content()),
                Changed::Refused(refusal, _) => Err(refusal.into()),
            }
        }
        "DELETE /api/deals/{dealId}/seats/{inviteId}" => {
            let release = store.release_seat(key, expected, by, request.now, request.deadline);
            match request.ledger.note(deal, invite, release, |answer| changed(answer.is_ok())).await? {
                Ok(()) | Err(ReleaseRefusal::AlreadyDone) => Ok(no_content()),
                Err(refusal) => Err(refusal.into()),
            }
        }
        _ => Err(Problem::not_found()),
    }
}
