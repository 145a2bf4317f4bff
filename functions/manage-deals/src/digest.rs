//! A learning manager's digest: whether it is on.

use serde::{Deserialize, Serialize};
use shared::http::{self, App, HandlerResult, Problem, Request};
use shared::store::SwitchOff;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestBody {
    on: bool,
}

pub(crate) async fn read(app: &App, request: &Request) -> HandlerResult {
    let manager = request.caller.manager(&app.config.organisation_claim)?;
    let digest = app.store.digest(&manager.id).await?;
    let on = digest
        .is_some_and(|digest| digest.organisation == manager.organisation && request.now < digest.renew_by);
    Ok(http::json(200, &DigestBody { on }))
}

pub(crate) async fn switch(app: &App, request: &Request) -> HandlerResult {
    let manager = request.caller.manager(&app.config.organisation_claim)?;
    let body: DigestBody = request.json()?;
    let (store, ledger, now) = (&app.store, &request.ledger, request.now);
    if body.on {
        let detail = "Your account has no verified email address. Verify one, sign in again, and switch the digest on.";
        let email = manager.email.ok_or_else(|| Problem::new(409, "no_verified_address", detail))?;
        let write = store.switch_digest_on(&manager.id, &manager.organisation, &email, now);
        ledger.note(None, None, write, |()| Some((None, manager.organisation.clone()))).await?;
    } else {
        let by = SwitchOff::ByManager(&manager.organisation);
        let write = store.switch_digest_off(&manager.id, by, now);
        ledger.note(None, None, write, |owner| owner.clone().map(|owner| (None, owner))).await?;
    }
    Ok(http::json(200, &body))
}
