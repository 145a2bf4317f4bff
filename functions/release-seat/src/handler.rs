//! Cancelling an invite or many, releasing a seat.

use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use serde_json::json;
use shared::domain::cancel::cancel;
use shared::domain::{DealId, Invite, InviteId, InviteKey, InviteRefusal};
use shared::http::{self, App, HandlerResult, Manager, Object, Problem, Request, RowResult, SeenInvite};
use shared::http::{TO_ANSWER, authorize_deal_id, check_rows, no_content, summary};
use shared::store::{Changed, Refused, Seen, StoreError, WRITES};
use std::collections::{HashMap, HashSet};

pub(crate) async fn route(app: &App, request: Request) -> HandlerResult {
    let manager = request.caller.manager()?;
    let deal = async || authorize_deal_id(&app.store, &request).await.map(|(_, deal)| deal);
    match request.route() {
        "POST /api/deals/{dealId}/invites/cancel" => {
            let CancelBody { invites } = request.json()?;
            check_rows(invites.len())?;
            cancel_many(app, &request, &manager, deal().await?, invites).await
        }
        "DELETE /api/deals/{dealId}/invites/{inviteId}" => {
            let key = InviteKey { invite: request.invite_id()?, deal: deal().await? };
            let expected = request.if_match(app.store.invite(key), |record| record.invite.sends).await?;
            match cancel_one(app, &request, &manager, key, Seen::Unread, expected).await? {
                Ok(_) | Err(Refused(InviteRefusal::AlreadyDone, _)) => Ok(no_content()),
                Err(refused) => Err(refused.into()),
            }
        }
        "DELETE /api/deals/{dealId}/seats/{inviteId}" => {
            let key = InviteKey { invite: request.invite_id()?, deal: deal().await? };
            let expected = request.if_match(app.store.invite(key), |record| record.invite.sends).await?;
            let by = manager.email.as_deref();
            let release = app.store.release_seat(key, expected, by, request.now, request.deadline);
            let released = |answer: &Result<(), _>| {
                answer.is_ok().then(|| (Some(key.deal), manager.organisation.clone()))
            };
            match request.ledger.note(Some(key.deal), Some(key.invite), release, released).await? {
                Ok(()) | Err(InviteRefusal::AlreadyDone) => Ok(no_content()),
                Err(refusal) => Err(refusal.into()),
            }
        }
        _ => Err(Problem::not_found()),
    }
}

async fn cancel_one(
    app: &App,
    request: &Request,
    manager: &Manager,
    key: InviteKey,
    seen: Seen,
    expected: Option<u32>,
) -> Result<Changed<InviteRefusal>, StoreError> {
    let rule = |existing: Option<&Invite>, now| cancel(existing, expected, manager.email.as_deref(), now);
    let cancel = app.store.change(key, seen, request.now, request.deadline.earlier(TO_ANSWER), rule);
    let cancelled =
        |answer: &Changed<_>| answer.is_ok().then(|| (Some(key.deal), manager.organisation.clone()));
    request.ledger.note(Some(key.deal), Some(key.invite), cancel, cancelled).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelBody {
    invites: Vec<Object<SeenInvite>>,
}

/// A row fails alone.
async fn cancel_many(
    app: &App,
    request: &Request,
    manager: &Manager,
    deal: DealId,
    rows: Vec<Object<SeenInvite>>,
) -> HandlerResult {
    let key = |row: &SeenInvite| InviteId::parse(&row.id).map(|invite| InviteKey { deal, invite });
    let keys: HashSet<_> = rows.iter().filter_map(|Object(row)| key(row)).collect();
    let records = app.store.invites(keys).await?;
    let records: HashMap<_, _> = records.into_iter().map(|record| (record.invite.id, record)).collect();
    let cancels = rows.into_iter().map(async |Object(row)| {
        let outcome = match key(&row) {
            None => "not_found",
            Some(key) => {
                let seen = Seen::Record(records.get(&key.invite).cloned());
                match cancel_one(app, request, manager, key, seen, Some(row.sends)).await {
                    Ok(Ok(_) | Err(Refused(InviteRefusal::AlreadyDone, _))) => "cancelled",
                    Ok(Err(refused)) => Problem::from(refused).code,
                    Err(_) => "unavailable",
                }
            }
        };
        RowResult { invite_id: row.id, outcome }
    });
    let results: Vec<RowResult> = stream::iter(cancels).buffered(WRITES).collect().await;
    Ok(http::json(200, &json!({"results": results, "summary": summary(&results, "cancelled")})))
}
