//! Shapes of `docs/openapi.yaml` that several functions return. Times are in whole seconds.

use crate::config::duration_text;
use crate::domain::{Deal, Delivery, Invite, Timestamp, address_digest, whole_seconds};
use serde::ser::{Serialize, SerializeMap, Serializer};
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

#[derive(Clone, Copy, Debug)]
pub struct InviteView<'a> {
    invite: &'a Invite,
    deal: &'a Deal,
    now: Timestamp,
}

impl<'a> InviteView<'a> {
    pub fn new(invite: &'a Invite, deal: &'a Deal, now: Timestamp) -> Self {
        Self { invite, deal, now }
    }
}

impl Serialize for InviteView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { invite, deal, now } = *self;
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
        let mut view = serializer.serialize_map(None)?;
        view.serialize_entry("id", &invite.id)?;
        view.serialize_entry("email", invite.email.as_typed())?;
        view.serialize_entry("name", &invite.name)?;
        view.serialize_entry("status", &invite.status(deal.ends_at, now))?;
        view.serialize_entry("queuedAt", &queued_at)?;
        view.serialize_entry("sentAt", &invite.sent.map(|sent| sent.at))?;
        view.serialize_entry("expiresAt", &invite.sent.map(|sent| sent.until.min(deal.ends_at)))?;
        view.serialize_entry("acceptedAt", &invite.accepted_at)?;
        view.serialize_entry("acceptedWith", &accepted_with)?;
        view.serialize_entry("declinedAt", &invite.declined_at)?;
        view.serialize_entry("optedOutAt", &invite.opted_out_at)?;
        view.serialize_entry("askedAt", &invite.asked.map(|asked| asked.at))?;
        view.serialize_entry("askedFor", &invite.asked.map(|asked| asked.wanted))?;
        view.serialize_entry("remindAt", &invite.remind_at(deal.ends_at, now))?;
        view.serialize_entry("removedAt", &invite.removed_at.map(whole_seconds))?;
        view.serialize_entry("correctedTo", &invite.corrected_to)?;
        view.serialize_entry("invitedBy", &invite.invited_by)?;
        view.serialize_entry("sends", &invite.sends)?;
        view.serialize_entry("delivery", &json!({"state": state, "at": at, "reason": reason}))?;
        view.end()
    }
}

/// What happened to a row of a request about many invites.
#[derive(serde::Serialize)]
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
