//! Items, and what they are in the domain.
//!
//! `v` is the version of an item's shape. Readers accept this one and the one before. Old and new functions run side by
//! side while one replaces the other, so what reads a new version ships before what writes it.

use super::{Item, StoreError, keys};
use crate::domain::limit::MOST_PER_DAY;
use crate::domain::{
    Deal, Delivery, Email, FailureReason, Invite, InviteRecord, LinkHash, Links, Name, Organisation,
    OrganisationId, PersonId, Salt, Sent, Stored, Timestamp, Title,
};
use crate::telemetry;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration};
use serde::{Deserialize, Serialize};

/// The version of the shape that is written.
pub(super) const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DealItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) v: u8,
    pub(super) address_pk: String,
    pub(super) address_sk: String,
    pub(super) name: Title,
    pub(super) organisation_id: OrganisationId,
    pub(super) organisation_name: Title,
    pub(super) seats: u32,
    pub(super) allocated: u32,
    pub(super) starts_at: i64,
    pub(super) ends_at: i64,
    pub(super) revision: u32,
    pub(super) salt: Salt,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shortest_lifetime: Option<i64>,
    pub(super) purge_at: i64,
}

impl DealItem {
    pub(super) fn into_deal(self) -> Result<Deal, StoreError> {
        check_version(self.v)?;
        Ok(Deal {
            id: keys::parse_deal(&self.pk).ok_or(StoreError::Corrupt("deal id"))?,
            name: self.name,
            organisation: Organisation { id: self.organisation_id, name: self.organisation_name },
            seats: self.seats,
            allocated: self.allocated,
            starts_at: seconds(self.starts_at),
            ends_at: seconds(self.ends_at),
            revision: self.revision,
            salt: self.salt,
            shortest_lifetime: self.shortest_lifetime.map(Duration::seconds),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InviteItem {
    sk: String,
    // Not in the listing, whose partition says the status instead.
    v: Option<u8>,
    status: Option<Stored>,
    list_pk: Option<String>,
    list_sk: Option<String>,
    queued_at: Option<i64>,
    email: Email,
    name: Option<Name>,
    sent_at: Option<i64>,
    sent_until: Option<i64>,
    expires_at: i64,
    accepted_at: Option<i64>,
    accepted_as: Option<String>,
    by: Option<String>,
    sends: u32,
    delivery: DeliveryState,
    failure: Option<FailureReason>,
    failed_at: Option<i64>,
    links: Option<Vec<LinkHash>>,
    old_links1: Option<Vec<LinkHash>>,
    old_links2: Option<Vec<LinkHash>>,
    old_links3: Option<Vec<LinkHash>>,
    tried_at: Option<i64>,
    tries: Option<u32>,
    due_at: Option<i64>,
    resent_at: Option<i64>,
    learner: Option<PersonId>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DeliveryState {
    Queued,
    Sent,
    Failed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SeatItem {
    pub(super) sk: String,
    pub(super) v: u8,
    pub(super) accepted_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreationItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) v: u8,
    pub(super) deal: String,
    pub(super) body: String,
    pub(super) purge_at: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DueItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) sends: u32,
    pub(super) tries: u32,
    pub(super) due_at: i64,
}

/// Reads an item of any kind.
pub(super) fn read<T: serde::de::DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    // The error's text may quote a value, so it is left out.
    serde_dynamo::from_item(item)
        .map_err(|_| StoreError::Corrupt("an attribute is missing or of another type"))
}

/// Those of a list's items that can be read. One that cannot is reported and left out, so that it hides no other.
pub(super) fn readable<T>(items: Vec<Item>, read: impl Fn(Item) -> Result<T, StoreError>) -> Vec<T> {
    let read = |item: Item| {
        let deal = text(&item, "pk").and_then(keys::parse_deal);
        read(item).inspect_err(|error| telemetry::unreadable(error, deal)).ok()
    };
    items.into_iter().filter_map(read).collect()
}

/// Writes an item of any kind.
pub(super) fn write<T: Serialize>(item: T) -> Result<Item, StoreError> {
    serde_dynamo::to_item(item).map_err(|_| StoreError::Corrupt("not an item"))
}

pub(super) fn deal(item: Item) -> Result<Deal, StoreError> {
    read::<DealItem>(item)?.into_deal()
}

pub(super) fn seat(item: Item) -> Result<SeatItem, StoreError> {
    let seat: SeatItem = read(item)?;
    check_version(seat.v)?;
    Ok(seat)
}

/// When the sends before the newest were asked for, the newest of them first.
fn asked(item: &Item) -> Vec<Timestamp> {
    let at = |place| item.get(&format!("asked{place}"))?.as_n().ok()?.parse::<i64>().ok();
    (1..MOST_PER_DAY).map_while(at).take_while(|at| *at > 0).map(millis).collect()
}

/// An invite with all that is stored of it.
pub(super) fn invite(item: Item) -> Result<InviteRecord, StoreError> {
    let asked = asked(&item);
    let item: InviteItem = read(item)?;
    check_version(item.v.ok_or(StoreError::Corrupt("version"))?)?;
    let superseded = [&item.old_links1, &item.old_links2, &item.old_links3];
    Ok(InviteRecord {
        links: Links {
            current: item.links.clone().unwrap_or_default(),
            superseded: superseded.into_iter().flatten().flatten().cloned().collect(),
        },
        tried_at: seconds(item.tried_at.unwrap_or_default()),
        tries: item.tries.unwrap_or_default(),
        due_at: item.due_at.map(millis),
        resent_at: item.resent_at.map(millis),
        asked,
        learner: item.learner.clone(),
        invite: item.into_invite()?,
    })
}

/// What a row of the listing shows of an invite.
pub(super) fn row(item: Item) -> Result<Invite, StoreError> {
    read::<InviteItem>(item)?.into_invite()
}

impl InviteItem {
    fn into_invite(self) -> Result<Invite, StoreError> {
        let listed = self.list_sk.as_deref().and_then(keys::queued);
        let queued_at = self.queued_at.map(millis).or(listed.map(|listed| listed.at));
        let stored = self.status.or_else(|| keys::parse_list(self.list_pk.as_deref()?));
        let sent = self.sent_at.map(|at| (at, self.sent_until.unwrap_or(self.expires_at)));
        Ok(Invite {
            id: keys::parse_invite(&self.sk).ok_or(StoreError::Corrupt("invite id"))?,
            email: self.email,
            name: self.name,
            stored: stored.ok_or(StoreError::Corrupt("status"))?,
            queued_at: queued_at.ok_or(StoreError::Corrupt("queuedAt"))?,
            order: listed.map_or(0, |listed| listed.order),
            sent: sent.map(|(at, until)| Sent { at: seconds(at), until: seconds(until) }),
            expires_at: seconds(self.expires_at),
            accepted_at: self.accepted_at.map(seconds),
            accepted_as: self.accepted_as,
            invited_by: self.by,
            sends: self.sends,
            delivery: match (self.delivery, self.failure) {
                (DeliveryState::Queued, _) => Delivery::Queued,
                (DeliveryState::Sent, _) => Delivery::Sent,
                (DeliveryState::Failed, reason) => Delivery::Failed {
                    reason: reason.ok_or(StoreError::Corrupt("failure"))?,
                    at: seconds(self.failed_at.unwrap_or_default()),
                },
            },
        })
    }
}

fn check_version(v: u8) -> Result<(), StoreError> {
    if v == VERSION || v + 1 == VERSION { Ok(()) } else { Err(StoreError::Corrupt("version")) }
}

pub(super) fn seconds(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

pub(super) fn millis(millis: i64) -> Timestamp {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The text of a string attribute.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value: &AttributeValue| value.as_s().ok()).map(String::as_str)
}
