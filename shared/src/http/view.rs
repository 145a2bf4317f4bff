//! Shapes of `docs/openapi.yaml` that several functions return. Times are in whole seconds.

use crate::config::duration_text;
use crate::domain::{
    AskedFor, Deal, Delivery, Invite, InviteId, Name, Status, Timestamp, address_digest, whole_seconds,
};
use serde::Serialize;
use serde_json::{Value, json};

pub fn seats_view(deal: &Deal) -> Value {
    json!({"total": deal.seats, "allocated": deal.allocated, "available": deal.available()})
}

pub fn deal_summary(deal: &Deal, now: Timestamp) -> Value {
    json!({
        "id": deal.id,
        "name": deal.name,
        "organisation": deal.organisation,
        "startsAt": deal.starts_at,
        "endsAt": deal.ends_at,
        "state": deal.state(now),
    })
}

pub fn deal_view(deal: &Deal, now: Timestamp) -> Value {
    let reminders: Vec<_> = deal.reminders.iter().copied().map(duration_text).collect();
    let mut view = deal_summary(deal, now);
    if let Value::Object(view) = &mut view {
        view.insert("seats".to_owned(), seats_view(deal));
        view.insert("reminders".to_owned(), json!(reminders));
    }
    view
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteView<'a> {
    id: InviteId,
    email: &'a str,
    name: Option<&'a Name>,
    status: Status,
    queued_at: Timestamp,
    sent_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    accepted_at: Option<Timestamp>,
    accepted_with: Option<&'static str>,
    declined_at: Option<Timestamp>,
    opted_out_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    asked_for: Option<AskedFor>,
    remind_at: Option<Timestamp>,
    /// When it was cancelled or released.
    removed_at: Option<Timestamp>,
    invited_by: Option<&'a str>,
    sends: u32,
    delivery: Value,
}

impl<'a> InviteView<'a> {
    pub fn new(invite: &'a Invite, deal: &Deal, now: Timestamp) -> Self {
        let by_invited = || invite.accepted_as.as_ref() == Some(&address_digest(deal.id, &invite.email));
        let accepted_with =
            invite.accepted_at.map(|_| if by_invited() { "invited_address" } else { "other_address" });
        let queued_at = whole_seconds(invite.queued.at);
        let (state, at, reason) = match invite.delivery {
            Delivery::Queued => ("queued", Some(queued_at), Value::Null),
            Delivery::Sent => ("sent", invite.sent.map(|sent| sent.at), Value::Null),
            Delivery::Failed { reason, at } => ("failed", Some(at), json!(reason)),
            Delivery::Delayed { at } => ("delayed", Some(at), Value::Null),
            Delivery::Delivered { at } => ("delivered", Some(at), Value::Null),
            Delivery::Bounced { reason, at } => ("bounced", Some(at), json!(reason)),
            Delivery::Complained { at } => ("complained", Some(at), Value::Null),
        };
        Self {
            id: invite.id,
            email: invite.email.as_typed(),
            name: invite.name.as_ref(),
            status: invite.status(deal.ends_at, now),
            queued_at,
            sent_at: invite.sent.map(|sent| sent.at),
            expires_at: invite.sent.map(|sent| sent.until.min(deal.ends_at)),
            accepted_at: invite.accepted_at,
            accepted_with,
            declined_at: invite.declined_at,
            opted_out_at: invite.opted_out_at,
            asked_at: invite.asked.map(|asked| asked.at),
            asked_for: invite.asked.map(|asked| asked.wanted),
            remind_at: invite.remind_at(deal.ends_at, now),
            removed_at: invite.removed_at,
            invited_by: invite.invited_by.as_deref(),
            sends: invite.sends,
            delivery: json!({"state": state, "at": at, "reason": reason}),
        }
    }
}

/// What happened to a row of a request about many invites.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RowResult {
    pub invite_id: String,
    pub outcome: &'static str,
}

/// Counts the rows with the outcome `done`, the rows that failed, and all others, which were skipped.
pub fn summary(results: &[RowResult], done: &'static str) -> Value {
    let count = |outcome| results.iter().filter(|row| row.outcome == outcome).count();
    let (changed, failed) = (count(done), count("unavailable"));
    json!({done: changed, "skipped": results.len() - changed - failed, "failed": failed})
}
