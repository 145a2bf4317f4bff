//! Cancelling an invite, de-allocating a seat.

use shared::config::Config;
use shared::domain::cancel::{CancelRefusal, cancel};
use shared::domain::release::ReleaseRefusal;
use shared::domain::{Invite, InviteKey};
use shared::http::{self, Answer, Call, Problem};
use shared::store::{Changed, Seen, Store};

pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) config: Config,
}

pub(crate) async fn route(app: &App, call: Call) -> Answer {
    let manager = call.caller.manager(&app.config.organisation_claim)?;
    let (store, key) = (&app.store, InviteKey { deal: call.deal()?, invite: call.invite()? });
    if !store.is_deal_of(key.deal, &manager.organisation).await? {
        return Err(Problem::not_found());
    }
    let expected = call.if_match(store.sends(key)).await?;
    match call.route.as_str() {
        "DELETE /api/deals/{dealId}/invites/{inviteId}" => {
            let rule = |existing: Option<&Invite>, now| cancel(existing, expected, now);
            match store.change(key, Seen::Unread, call.now, call.deadline, rule).await? {
                Changed::Done(_) | Changed::Refused(CancelRefusal::AlreadyDone, _) => Ok(http::no_content()),
                Changed::Refused(refusal, _) => Err(refusal.into()),
            }
        }
        "DELETE /api/deals/{dealId}/seats/{inviteId}" => {
            match store.release_seat(key, expected, call.now, call.deadline).await? {
                Ok(()) | Err(ReleaseRefusal::AlreadyDone) => Ok(http::no_content()),
                Err(refusal) => Err(refusal.into()),
            }
        }
        _ => Err(Problem::not_found()),
    }
}
