//! Items, and what they are in the domain.
//!
//! `v` is the version of an item's shape. Readers accept this one and, from 2 on, the one before. Old and new functions run side by
//! side while one replaces the other, so what reads a new version ships before what writes it.

use super::keys::{self, Queue};
use super::{Item, StoreError};
use crate::domain::{
    Deal, DealId, Delivery, Email, FailureReason, Invite, InviteKey, InviteState, LinkHash, Links, Name,
    Organisation, OrganisationId, PersonId, Queued, Salt, Sent, Timestamp, Title,
};
use crate::telemetry;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration};
use serde::{Deserialize, Serialize};

/// The version of the shape that is written. Items of version 1 were never deployed and are not read.
pub(super) const VERSION: u8 = 2;

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

/// An invite as the table holds it: the invite, which write of it this is, and what other versions of this program have
/// stored beside it.
#[derive(Clone, PartialEq, Debug)]
pub struct InviteRecord {
    /// Which it is.
    pub key: InviteKey,
    /// The invite.
    pub invite: Invite,
    version: u32,
    writers: Vec<String>,
    unknown: Item,
}

/// Writers that an item remembers: a write is recognised when its repetition arrives if fewer others have written since.
const WRITERS: usize = 8;

impl InviteRecord {
    /// The record after `writer` made `invite` of what there was.
    pub(super) fn next(key: InviteKey, existing: Option<&Self>, invite: Invite, writer: &str) -> Self {
        let before = existing.map_or(&[][..], |record| &record.writers);
        let before = before.get(before.len().saturating_sub(WRITERS - 1)..).unwrap_or_default();
        Self {
            key,
            invite,
            version: existing.map_or(0, Self::version) + 1,
            writers: before.iter().map(String::as_str).chain([writer]).map(str::to_owned).collect(),
            unknown: existing.map(|record| record.unknown.clone()).unwrap_or_default(),
        }
    }

    /// How often it was written.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    pub(super) fn was_written_by(&self, writer: &str) -> bool {
        self.writers.iter().any(|known| known == writer)
    }
}

/// An invite's item. A row of an index has the projected part of it. A row of the listing has neither `status` nor
/// `queuedAt`, which its key says: a page is read by the kilobyte.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InviteItem {
    pk: String,
    sk: String,
    v: Option<u8>,
    version: Option<u32>,
    writers: Option<Vec<String>>,
    status: Option<InviteState>,
    queued_at: Option<i64>,
    email: Email,
    name: Option<Name>,
    sent_at: Option<i64>,
    // Left out where it is `expiresAt`.
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
    old_links: Option<Vec<Vec<LinkHash>>>,
    attempted_at: Option<i64>,
    attempts: Option<u32>,
    resent_at: Option<i64>,
    send_times: Option<Vec<i64>>,
    learner: Option<PersonId>,
    removed_at: Option<i64>,
    purge_at: Option<i64>,
    list_pk: Option<String>,
    list_sk: Option<String>,
    due_pk: Option<String>,
    due_at: Option<i64>,
    address_pk: Option<String>,
    address_sk: Option<String>,
    attention_pk: Option<String>,
    attention_sk: Option<String>,
}

/// The attributes of an invite that this version writes. All others are carried along as they are.
const OWNED: [&str; 36] = [
    "pk",
    "sk",
    "v",
    "version",
    "writers",
    "status",
    "queuedAt",
    "email",
    "name",
    "sentAt",
    "sentUntil",
    "expiresAt",
    "acceptedAt",
    "acceptedAs",
    "by",
    "sends",
    "delivery",
    "failure",
    "failedAt",
    "links",
    "oldLinks",
    "attemptedAt",
    "attempts",
    "resentAt",
    "sendTimes",
    "learner",
    "removedAt",
    "purgeAt",
    "listPk",
    "listSk",
    "duePk",
    "dueAt",
    "addressPk",
    "addressSk",
    "attentionPk",
    "attentionSk",
];

/// Where an invite stands in the indexes; in an index that it left, it has no place.
struct Places {
    /// In the listing: partition and place.
    listing: (String, String),
    /// In the due index: what it is due for, and when.
    due: Option<(Queue, Timestamp)>,
    /// In the index of addresses: partition and address.
    address: Option<(String, String)>,
    /// In the index of what needs the manager: partition and place.
    attention: Option<(String, String)>,
}

/// Where this invite belongs in the indexes. Nothing else sets these attributes but accepting and releasing, which do
/// not write the whole item.
fn places(deal: DealId, invite: &Invite) -> Places {
    let is_removed = matches!(invite.state, InviteState::Cancelled | InviteState::Released);
    let listed = match invite.removed_at {
        Some(at) if is_removed => Queued { at, order: 0 },
        _ => invite.queued,
    };
    // An invite is due once, for its next step.
    let due = match (invite.state, invite.delivery) {
        (InviteState::Open, Delivery::Queued) => invite.lease_until.map(|at| (Queue::Send, at)),
        (InviteState::Open, Delivery::Sent | Delivery::Failed { .. }) => {
            Some((Queue::Expire, invite.expires_at))
        }
        _ => None,
    };
    let attention = match (invite.state, invite.delivery) {
        (InviteState::Open | InviteState::Expired, Delivery::Failed { at, .. }) => {
            Some((keys::undelivered(deal), keys::place(Queued { at, order: 0 }, invite.id)))
        }
        _ => None,
    };
    Places {
        listing: (keys::list(deal, invite.state), keys::place(listed, invite.id)),
        attention,
        due,
        address: (!is_removed).then(|| (keys::addresses(deal), invite.email.searchable())),
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
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

/// An invite with all that is stored of it.
pub(super) fn invite(mut item: Item) -> Result<InviteRecord, StoreError> {
    let unknown = item.extract_if(|name, _| !OWNED.contains(&name.as_str())).collect();
    let item: InviteItem = read(item)?;
    check_version(item.v.ok_or(StoreError::Corrupt("v"))?)?;
    Ok(InviteRecord {
        key: keys::parse_invite_key(&item.pk, &item.sk)?,
        version: item.version.ok_or(StoreError::Corrupt("version"))?,
        writers: item.writers.clone().unwrap_or_default(),
        unknown,
        invite: item.into_invite()?,
    })
}

/// What a row of an index shows of an invite.
pub(super) fn row(item: Item) -> Result<Invite, StoreError> {
    read::<InviteItem>(item)?.into_invite()
}

/// The item of an invite, whole: its places in the indexes come with it.
pub(super) fn of_invite(record: &InviteRecord) -> Result<Item, StoreError> {
    let deal = record.key.deal;
    let invite = record.invite.clone();
    let (delivery, failure) = match invite.delivery {
        Delivery::Queued => (DeliveryState::Queued, None),
        Delivery::Sent => (DeliveryState::Sent, None),
        Delivery::Failed { reason, at } => (DeliveryState::Failed, Some((reason, at))),
    };
    let sent_until = invite.sent.map(|sent| sent.until).filter(|until| *until != invite.expires_at);
    let Places { listing, due, address, attention } = places(deal, &invite);
    let (address, attention) = (address.unzip(), attention.unzip());
    let item = InviteItem {
        pk: keys::deal(deal),
        sk: keys::invite(invite.id),
        v: Some(VERSION),
        version: Some(record.version),
        writers: Some(record.writers.clone()),
        status: Some(invite.state),
        queued_at: Some(invite.queued.at.timestamp_millis()),
        sent_at: invite.sent.map(|sent| sent.at.timestamp()),
        sent_until: sent_until.map(|until| until.timestamp()),
        expires_at: invite.expires_at.timestamp(),
        accepted_at: invite.accepted_at.map(|at| at.timestamp()),
        accepted_as: invite.accepted_as.clone(),
        by: invite.invited_by.clone(),
        sends: invite.sends,
        delivery,
        failure: failure.map(|(reason, _)| reason),
        failed_at: failure.map(|(_, at)| at.timestamp()),
        attempted_at: Some(invite.attempted_at.timestamp()),
        attempts: Some(invite.attempts),
        resent_at: invite.resent_at.map(|at| at.timestamp_millis()),
        send_times: some_of(invite.send_times.iter().map(Timestamp::timestamp_millis)),
        removed_at: invite.removed_at.map(|at| at.timestamp()),
        purge_at: Some(deal.purge_at().timestamp()),
        list_pk: Some(listing.0),
        list_sk: Some(listing.1),
        due_pk: due.map(|(queue, _)| keys::due_of(queue, invite.id)),
        due_at: due.map(|(_, at)| at.timestamp_millis()),
        address_pk: address.0,
        address_sk: address.1,
        attention_pk: attention.0,
        attention_sk: attention.1,
        links: some_of(invite.links.current),
        old_links: some_of(invite.links.superseded),
        email: invite.email,
        name: invite.name,
        learner: invite.learner,
    };
    let mut written = write(item)?;
    written.retain(|_, value| !value.is_null());
    written.extend(record.unknown.clone());
    Ok(written)
}

/// A list, where there is anything in it.
fn some_of<T>(values: impl IntoIterator<Item = T>) -> Option<Vec<T>> {
    Some(values.into_iter().collect()).filter(|values: &Vec<T>| !values.is_empty())
}

impl InviteItem {
    fn into_invite(self) -> Result<Invite, StoreError> {
        let sent = self.sent_at.map(|at| (at, self.sent_until.unwrap_or(self.expires_at)));
        let delivery = match (self.delivery, self.failure) {
            (DeliveryState::Queued, _) => Delivery::Queued,
            (DeliveryState::Sent, _) => Delivery::Sent,
            (DeliveryState::Failed, reason) => Delivery::Failed {
                reason: reason.ok_or(StoreError::Corrupt("failure"))?,
                at: seconds(self.failed_at.unwrap_or_default()),
            },
        };
        let state = self.status.or_else(|| keys::parse_list(self.list_pk.as_deref()?));
        let listed = self.list_sk.as_deref().and_then(keys::queued);
        let queued_at = self.queued_at.map(millis).or(listed.map(|listed| listed.at));
        let invite = Invite {
            id: keys::parse_invite(&self.sk).ok_or(StoreError::Corrupt("invite id"))?,
            email: self.email,
            name: self.name,
            state: state.ok_or(StoreError::Corrupt("status"))?,
            queued: Queued {
                at: queued_at.ok_or(StoreError::Corrupt("queuedAt"))?,
                order: listed.map_or(0, |listed| listed.order),
            },
            sent: sent.map(|(at, until)| Sent { at: seconds(at), until: seconds(until) }),
            expires_at: seconds(self.expires_at),
            accepted_at: self.accepted_at.map(seconds),
            accepted_as: self.accepted_as,
            invited_by: self.by,
            sends: self.sends,
            delivery,
            links: Links {
                current: self.links.unwrap_or_default(),
                superseded: self.old_links.unwrap_or_default(),
            },
            attempted_at: seconds(self.attempted_at.unwrap_or_default()),
            attempts: self.attempts.unwrap_or_default(),
            lease_until: None,
            resent_at: self.resent_at.map(millis),
            send_times: self.send_times.unwrap_or_default().into_iter().map(millis).collect(),
            learner: self.learner,
            removed_at: self.removed_at.map(seconds),
        };
        let lease_until = self.due_at.map(millis).filter(|_| invite.is_queued());
        Ok(Invite { lease_until, ..invite })
    }
}

fn check_version(v: u8) -> Result<(), StoreError> {
    if v == VERSION { Ok(()) } else { Err(StoreError::Corrupt("v")) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::RecipientLimit;
    use crate::domain::send::{Invitee, invite as invited};
    use crate::domain::{InviteId, NewSend, Secret};

    /// The record of an invite that was queued at second 1 and is held until second 61.
    fn queued() -> InviteRecord {
        let (id, email) = (InviteId::from_bytes([2; 16]), Email::parse("Ann@BÜCHER.example").unwrap());
        let send = NewSend {
            link: Secret::from_bytes([3; 32]).hash(),
            queued: Queued { at: seconds(1), order: 0 },
            invited_by: None,
            lifetime: Duration::seconds(100),
            lease: Duration::seconds(60),
            limit: RecipientLimit::NONE,
        };
        let first = invited(None, &Invitee { id, email, name: None }, &send, seconds(1)).unwrap();
        InviteRecord::next(
            InviteKey { deal: DealId::from_bytes([1; 16]), invite: id },
            None,
            first,
            "writer01",
        )
    }

    #[test]
    fn every_state_stands_in_its_places() {
        use InviteState::{Accepted, Cancelled, Expired, Open, Released};
        let failed = Delivery::Failed { reason: FailureReason::MessageRejected, at: seconds(2) };
        // Of each index the beginning of the partition and of the place; none where it has no place.
        let (sending, expiring) = (Some(("Q#2", "61000")), Some(("E#2", "101000")));
        let ann = Some(("A#", "ann@bücher.example"));
        let undelivered = Some(("#undelivered", "0000000002000"));
        let listed = "0000000001000";
        let removed = "0000000009000";
        let cases = [
            (Open, Delivery::Queued, ("#o", listed), sending, ann, None),
            (Open, Delivery::Sent, ("#o", listed), expiring, ann, None),
            (Open, failed, ("#o", listed), expiring, ann, undelivered),
            (Expired, Delivery::Sent, ("#x", listed), None, ann, None),
            (Expired, failed, ("#x", listed), None, ann, undelivered),
            (Accepted, Delivery::Sent, ("#a", listed), None, ann, None),
            (Cancelled, Delivery::Queued, ("#r", removed), None, None, None),
            (Cancelled, failed, ("#r", removed), None, None, None),
            (Released, Delivery::Sent, ("#r", removed), None, None, None),
        ];
        for (state, delivery, listing, due, address, attention) in cases {
            let removed_at = matches!(state, Cancelled | Released).then(|| seconds(9));
            let invite = Invite { state, delivery, removed_at, ..queued().invite };
            let item = of_invite(&InviteRecord { invite, ..queued() }).unwrap();
            let attribute = |name| item.get(name).and_then(|value| value.as_s().or(value.as_n()).ok());
            let indexes = [
                ("listPk", "listSk", Some(listing)),
                ("duePk", "dueAt", due),
                ("addressPk", "addressSk", address),
                ("attentionPk", "attentionSk", attention),
            ];
            for (partition, place, expected) in indexes {
                let found = attribute(partition).zip(attribute(place));
                let is_there = found.zip(expected).is_some_and(|(found, expected)| {
                    found.0.contains(expected.0) && found.1.starts_with(expected.1)
                });
                assert_eq!(is_there, expected.is_some(), "{state:?}, {delivery:?}: {found:?}, {expected:?}");
                assert_eq!(found.is_some(), expected.is_some(), "{state:?}, {delivery:?}: {partition}");
            }
        }
    }

    #[test]
    fn an_item_is_read_as_it_was_written_with_what_is_not_known() {
        let mut written = of_invite(&queued()).unwrap();
        assert!(!written.values().any(AttributeValue::is_null), "{written:?}");
        written.insert("history".to_owned(), AttributeValue::L(vec![AttributeValue::N("1".to_owned())]));
        let read = invite(written.clone()).unwrap();
        assert_eq!((&read.invite, of_invite(&read).unwrap()), (&queued().invite, written));
        let (key, next) = (read.key, read.invite.clone());
        let carried = of_invite(&InviteRecord::next(key, Some(&read), next, "writer02")).unwrap();
        assert!(carried.contains_key("history"));
    }

    /// Items of version 1 were never deployed.
    #[test]
    fn an_invite_of_another_version_is_not_read() {
        for (v, is_read) in [("1", false), ("2", true), ("3", false)] {
            let mut item = of_invite(&queued()).unwrap();
            item.insert("v".to_owned(), AttributeValue::N(v.to_owned()));
            assert_eq!(invite(item).is_ok(), is_read, "version {v}");
        }
    }
}
