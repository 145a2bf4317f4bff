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
    let expected = request.if_match(store.sends(key)).await?;
    match request.route.as_str() {
        "DELETE /api/deals/{dealId}/invites/{inviteId}" => {
            let rule = |existing: Option<&Invite>, now| cancel(existing, expected, by, now);
            match store.change(key, Seen::Unread, request.now, request.deadline, rule).await? {
                Changed::Done(_) | Changed::Refused(CancelRefusal::AlreadyDone, _) => Ok(no_content()),
                Changed::Refused(refusal, _) => Err(refusal.into()),
            }
        }
        "DELETE /api/deals/{dealId}/seats/{inviteId}" => {
            match store.release_seat(key, expected, by, request.now, request.deadline).await? {
                Ok(()) | Err(ReleaseRefusal::AlreadyDone) => Ok(no_content()),
                Err(refusal) => Err(refusal.into()),
            }
        }
        _ => Err(Problem::not_found()),
    }
}
