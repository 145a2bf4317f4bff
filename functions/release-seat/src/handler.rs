//! Cancelling an invite, de-allocating a seat.

use shared::config::Config;
use shared::domain::cancel::CancelRefusal;
use shared::domain::release::ReleaseRefusal;
use shared::http::{self, Answer, Call, Problem};
use shared::store::Store;

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) config: Config,
}

pub(crate) async fn route(app: App, call: Call) -> Answer {
    let manager = call.caller.manager(&app.config.organisation_claim)?;
    let (deal, invite) = (call.deal()?, call.invite()?);
    http::own(app.store.deal(deal).await?, &manager)?;
    let expected = call.if_match(app.store.sends(deal, invite)).await?;
    match call.route.as_str() {
        "DELETE /api/deals/{dealId}/invites/{inviteId}" => {
            match app.store.cancel_invite(deal, invite, expected).await? {
                Ok(()) | Err(CancelRefusal::AlreadyDone) => Ok(http::no_content()),
                Err(refusal) => Err(refusal.into()),
            }
        }
        "DELETE /api/deals/{dealId}/seats/{inviteId}" => {
            match app.store.release_seat(deal, invite, expected).await? {
                Ok(()) | Err(ReleaseRefusal::AlreadyDone) => Ok(http::no_content()),
                Err(refusal) => Err(refusal.into()),
            }
        }
        _ => Err(Problem::not_found()),
    }
}
