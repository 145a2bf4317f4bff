//! Declining, asking for a new link or a seat, opting out and in, unsubscribing from a digest. The link is the permission,
//! or the id of one-click unsubscribe: nobody signs in.

use serde_json::json;
use shared::audit::owner;
use shared::domain::accept::LinkRefusal;
use shared::domain::answer::{ask, decline, opt_in, opt_out};
use shared::domain::digest::DigestId;
use shared::domain::{Deal, Invite, LinkHash, Timestamp, UnsubscribeId, whole_seconds};
use shared::http::{self, App, HandlerResult, Problem, Request};
use shared::store::{Changed, InviteRecord, Seen, Store, StoreError, SwitchOff};
use std::future;

pub(crate) async fn route(App { store, .. }: &App, request: Request) -> HandlerResult {
    match request.route() {
        "POST /api/invites/decline" => declined(store, &request).await,
        "POST /api/invites/ask" => asked(store, &request).await,
        "POST /api/invites/opt-out" => opted_out(store, &request).await,
        "POST /api/invites/opt-in" => opted_in(store, &request).await,
        "POST /api/invites/unsubscribe/{id}" => unsubscribed(store, &request).await,
        "POST /api/digests/unsubscribe/{id}" => digest_switched_off(store, &request).await,
        // Mail scanners open every URL, so nothing is read. The page asks.
        "GET /api/invites/unsubscribe/{id}" | "GET /api/digests/unsubscribe/{id}" => {
            Ok(http::see_other("/unsubscribe", request.id()))
        }
        _ => Err(Problem::not_found()),
    }
}

async fn declined(store: &Store, request: &Request) -> HandlerResult {
    let (deal, record, hash) = sent_link(store, request).await?;
    let rule = |existing: Option<&Invite>, now| decline(existing, &deal, &hash, now);
    let invite = answer(store, request, &deal, record, rule, future::ready(Ok(()))).await?;
    let declined_at = invite.declined_at.unwrap_or_else(|| whole_seconds(request.now));
    Ok(http::json(200, &json!({"organisation": deal.organisation, "declinedAt": declined_at})))
}

/// Lifts an opt-out, at the same time as the ask is stored.
async fn asked(store: &Store, request: &Request) -> HandlerResult {
    let (deal, record, hash) = sent_link(store, request).await?;
    // A refusal lifts nothing.
    let foreseen = ask(Some(&record.invite), &deal, &hash, request.now)?.asked;
    // From here on the ask stands: who ends the invite before the write, ends it after the ask.
    let rule = |existing: Option<&Invite>, now| {
        ask(existing, &deal, &hash, now).or_else(|refusal| existing.cloned().ok_or(refusal))
    };
    let email = record.invite.email.clone();
    let lifted = store.opt_in(&deal.organisation.id, &email, request.now);
    let invite = answer(store, request, &deal, record, rule, lifted).await?;
    // A newer send may have cleared the request before its write was acknowledged.
    let asked = invite.asked.or(foreseen).ok_or(LinkRefusal::StillValid)?;
    Ok(http::json(202, &json!({"askedAt": asked.at, "askedFor": asked.wanted})))
}

async fn opted_out(store: &Store, request: &Request) -> HandlerResult {
    let (deal, record, hash) = sent_link(store, request).await?;
    stop_mail(store, request, &deal, record, Some(&hash)).await
}

/// Mail providers post this (RFC 8058). It works in every state of the invite, and a wrong id gets the answer of a link
/// that was never sent.
async fn unsubscribed(store: &Store, request: &Request) -> HandlerResult {
    request.one_click()?;
    let id = UnsubscribeId::parse(request.id()).ok_or(LinkRefusal::UnknownInvite)?;
    let (deal, record) = store.deal_and_invite(id.key).await?;
    let found = deal.zip(record).filter(|(deal, _)| id.is_genuine(&deal.salt));
    let (deal, record) = found.ok_or(LinkRefusal::UnknownInvite)?;
    stop_mail(store, request, &deal, record, None).await
}

/// As [`unsubscribed`], for a manager's digest.
async fn digest_switched_off(store: &Store, request: &Request) -> HandlerResult {
    request.one_click()?;
    let id = DigestId::parse(request.id()).ok_or(LinkRefusal::UnknownInvite)?;
    let write = store.switch_digest_off(&id.person, SwitchOff::ById(&id.secret), request.now);
    let off =
        request.ledger.note(None, None, write, |owner| owner.clone().map(|owner| (None, owner))).await?;
    off.ok_or(LinkRefusal::UnknownInvite)?;
    Ok(http::json(200, &json!({"on": false})))
}

async fn stop_mail(
    store: &Store,
    request: &Request,
    deal: &Deal,
    record: InviteRecord,
    link: Option<&LinkHash>,
) -> HandlerResult {
    let rule = |existing: Option<&Invite>, now| opt_out(existing, link, now);
    let email = record.invite.email.clone();
    let stored = store.opt_out(&deal.organisation.id, &email, request.now, None);
    answer(store, request, deal, record, rule, stored).await?;
    Ok(http::json(200, &json!({"organisation": deal.organisation, "optedOut": true})))
}

async fn opted_in(store: &Store, request: &Request) -> HandlerResult {
    let (deal, record, _) = sent_link(store, request).await?;
    let email = record.invite.email.clone();
    let lifted = store.opt_in(&deal.organisation.id, &email, request.now);
    answer(store, request, &deal, record, |existing, _| opt_in(existing), lifted).await?;
    Ok(http::json(200, &json!({"organisation": deal.organisation, "optedOut": false})))
}

/// Every link that was never sent gets the same answer, after one round trip (I6).
async fn sent_link(store: &Store, request: &Request) -> Result<(Deal, InviteRecord, LinkHash), Problem> {
    let link = request.link()?;
    let (deal, record) = store.sent_link(&link).await?.ok_or(LinkRefusal::UnknownInvite)?;
    Ok((deal, record, link.secret.hash()))
}

/// Stores the answer and, at the same time, what it means for the opt-out. Both are idempotent, so a repetition
/// completes what a crash left.
async fn answer(
    store: &Store,
    request: &Request,
    deal: &Deal,
    record: InviteRecord,
    rule: impl Fn(Option<&Invite>, Timestamp) -> Result<Invite, LinkRefusal>,
    opt_out: impl Future<Output = Result<(), StoreError>>,
) -> Result<Invite, Problem> {
    let key = record.key;
    let change = store.change(key, Seen::Record(Some(record)), request.now, request.deadline, rule);
    let both = async { tokio::try_join!(change, opt_out).map(|(changed, ())| changed) };
    let is_done = |changed: &Changed<_>| changed.is_ok().then(|| owner(deal));
    Ok(request.ledger.note(Some(key.deal), Some(key.invite), both, is_done).await??.invite)
}
