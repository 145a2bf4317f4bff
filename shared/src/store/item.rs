//! Converts between items and domain types. `v` is the version of an item's shape. Old and new functions run
//! side by side during a deployment, so readers of a new version ship before its writers.

use super::keys::{self, Queue};
use super::{Digest, Due, Item, Result, StoreError, n, s};
use crate::domain::cancel::removed_until;
use crate::domain::digest::{DigestId, Told};
use crate::domain::remind::DEFAULT_REMINDERS;
use crate::domain::{
    Asked, Deal, DealId, Delivery, History, HistoryEvent, Invite, InviteKey, InviteState, Links,
    Organisation, PersonId, Queued, Sent, Timestamp,
};
use crate::telemetry;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Items of version 1 were never deployed and are not read.
pub(super) const VERSION: u8 = 2;

/// Reading an attribute removes it. The attributes that remain are unknown to this version. A list, because
/// comparing a few dozen names costs less than hashing one.
struct Attributes(Vec<(String, AttributeValue)>);

impl Attributes {
    fn of(item: Item) -> Self {
        Self(item.into_iter().collect())
    }

    fn into_item(self) -> Item {
        self.0.into_iter().collect()
    }

    fn remove(&mut self, name: &str) -> Option<AttributeValue> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// A missing attribute reads as null, which is an `Option`'s `None`.
    fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T> {
        let value = self.remove(name).unwrap_or(AttributeValue::Null(true));
        // The error's text may quote the value, so the text is left out.
        serde_dynamo::from_attribute_value(value).map_err(|_| StoreError::Corrupt(name))
    }

    fn take_seconds(&mut self, name: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.take::<Option<i64>>(name)?.map(seconds))
    }

    fn take_millis(&mut self, name: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.take::<Option<i64>>(name)?.map(millis))
    }

    fn take_list<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Vec<T>> {
        Ok(self.take::<Option<Vec<T>>>(name)?.unwrap_or_default())
    }

    fn take_version(&mut self) -> Result<()> {
        if self.take::<u8>("v")? == VERSION { Ok(()) } else { Err(StoreError::Corrupt("v")) }
    }

    fn take_key(&mut self) -> Result<InviteKey> {
        let deal = keys::parse_deal(&self.take::<String>("pk")?).ok_or(StoreError::Corrupt("deal id"))?;
        let invite =
            keys::parse_invite(&self.take::<String>("sk")?).ok_or(StoreError::Corrupt("invite id"))?;
        Ok(InviteKey { deal, invite })
    }

    fn put<T: Serialize>(&mut self, name: &'static str, value: T) -> Result<()> {
        let value: AttributeValue =
            serde_dynamo::to_attribute_value(value).map_err(|_| StoreError::Corrupt(name))?;
        if !value.is_null() && !value.as_l().is_ok_and(Vec::is_empty) {
            self.0.push((name.to_owned(), value));
        }
        Ok(())
    }
}

/// A stored invite, with the attributes of other versions of this program, which every write carries along.
#[derive(Clone, PartialEq, Debug)]
pub struct InviteRecord {
    pub key: InviteKey,
    pub invite: Invite,
    /// The number of writes, for optimistic locking.
    pub(super) version: u32,
    pub(super) writers: Vec<String>,
    /// When the reason for a manager to look at the invite was recorded: its place in the index `attention`. An event of
    /// SES may be much older, and a digest asks for what was recorded since the last one.
    noted_at: Option<Timestamp>,
    unknown: Item,
}

/// A repeated write recognises itself if fewer than this many writes came in between.
const WRITERS: usize = 8;

impl InviteRecord {
    pub(super) fn next(
        key: InviteKey,
        existing: Option<&Self>,
        invite: Invite,
        writer: &str,
        now: Timestamp,
    ) -> Self {
        let mut writers = existing.map(|record| record.writers.clone()).unwrap_or_default();
        writers.drain(..writers.len().saturating_sub(WRITERS - 1));
        writers.push(writer.to_owned());
        let unknown = existing.map(|record| record.unknown.clone()).unwrap_or_default();
        let noted_at = noted_at(existing, &invite, now);
        let version = existing.map_or(0, |record| record.version) + 1;
        Self { key, invite, version, writers, noted_at, unknown }
    }
}

/// An unchanged reason keeps its time, and a reason that shows again when another is withdrawn gets its old one: neither
/// is news.
fn noted_at(existing: Option<&InviteRecord>, invite: &Invite, now: Timestamp) -> Option<Timestamp> {
    let (reason, at) = invite.attention()?;
    let before = existing.map(|record| &record.invite);
    if before.and_then(Invite::attention).is_some_and(|(before, _)| before == reason) {
        return existing?.noted_at;
    }
    let is_withdrawn = before.is_some_and(|before| {
        before.asked.is_some()
            && before.delivery == invite.delivery
            && before.declined_at == invite.declined_at
    });
    Some(if is_withdrawn { at } else { now })
}

/// The invite's keys in each index; `None` takes the invite out. Only accepting and releasing, which do not
/// write the whole item, set these attributes themselves.
fn places(
    deal: DealId,
    invite: &Invite,
    noted_at: Option<Timestamp>,
) -> [([&'static str; 2], Option<[AttributeValue; 2]>); 4] {
    let is_removed = matches!(invite.state, InviteState::Cancelled | InviteState::Released);
    // An invite has at most one due entry, for its next step.
    let due = match invite.state {
        _ if invite.is_queued() => invite.lease_until.map(|at| (Queue::Send, at)),
        InviteState::Open => {
            let reminder = invite.reminder_due_at().map(|at| (Queue::Remind, at));
            Some(reminder.unwrap_or((Queue::Expire, invite.expires_at)))
        }
        _ => None,
    };
    let attention = invite.attention().map(|(reason, at)| {
        let at = noted_at.unwrap_or(at);
        [s(keys::attention(deal, reason)), s(keys::place(Queued { at, order: 0 }, invite.id))]
    });
    let listing = Some([s(keys::list(deal, invite.state)), s(list_place(invite))]);
    let due = due.map(|(queue, at)| [s(keys::due_of(queue, invite.id)), n(at.timestamp_millis())]);
    let address = (!is_removed).then(|| [s(keys::addresses(deal)), s(invite.email.searchable())]);
    [
        (["listPk", "listSk"], listing),
        (["duePk", "dueAt"], due),
        (["addressPk", "addressSk"], address),
        (["attentionPk", "attentionSk"], attention),
    ]
}

/// An invite's sort key in the listing. DynamoDB compares rows by this text; ids would sort differently as bytes.
pub(super) fn list_place(invite: &Invite) -> String {
    match (invite.state, invite.removed_at) {
        (InviteState::Cancelled | InviteState::Released, Some(at)) => {
            keys::removed_place(at, invite.queued, invite.id)
        }
        _ => keys::place(invite.queued, invite.id),
    }
}

/// Reports and skips unreadable items, so that one of them cannot hide the others.
pub(super) fn readable<T>(items: Vec<Item>, read: impl Fn(Item) -> Result<T>) -> Vec<T> {
    let read = |item: Item| {
        let deal = text(&item, "pk").and_then(keys::parse_deal);
        read(item).inspect_err(|error| telemetry::unreadable(error, deal)).ok()
    };
    items.into_iter().filter_map(read).collect()
}

pub(super) fn deal(item: Item) -> Result<Deal> {
    let mut item = Attributes::of(item);
    item.take_version()?;
    Ok(Deal {
        id: keys::parse_deal(&item.take::<String>("pk")?).ok_or(StoreError::Corrupt("deal id"))?,
        name: item.take("name")?,
        organisation: Organisation { id: item.take("organisationId")?, name: item.take("organisationName")? },
        seats: item.take("seats")?,
        allocated: item.take("allocated")?,
        starts_at: seconds(item.take("startsAt")?),
        ends_at: seconds(item.take("endsAt")?),
        revision: item.take("revision")?,
        salt: item.take("salt")?,
        shortest_lifetime: item.take::<Option<i64>>("shortestLifetime")?.map(Duration::seconds),
        reminders: take_reminders(&mut item)?,
    })
}

pub(super) fn of_deal(deal: &Deal, now: Timestamp) -> Result<Item> {
    let mut item = Attributes::of(keys::deal_key(deal.id));
    item.put("v", VERSION)?;
    item.put("addressPk", keys::organisation(&deal.organisation.id))?;
    item.put("addressSk", keys::made(now, deal.id))?;
    item.put("listPk", keys::ORGANISATIONS)?;
    item.put("listSk", keys::newest(&deal.organisation.id, now))?;
    item.put("name", &deal.name)?;
    item.put("organisationId", &deal.organisation.id)?;
    item.put("organisationName", &deal.organisation.name)?;
    item.put("seats", deal.seats)?;
    item.put("allocated", deal.allocated)?;
    item.put("startsAt", deal.starts_at.timestamp())?;
    item.put("endsAt", deal.ends_at.timestamp())?;
    item.put("revision", deal.revision)?;
    item.put("salt", &deal.salt)?;
    item.put("purgeAt", deal.id.purge_at().timestamp())?;
    Ok(item.into_item())
}

/// A deal and its organisation, from the listing.
pub(super) fn deal_organisation(item: Item) -> Result<(DealId, Organisation)> {
    let mut item = Attributes::of(item);
    let deal = keys::parse_deal(&item.take::<String>("pk")?).ok_or(StoreError::Corrupt("deal id"))?;
    let id = keys::parse_newest(&item.take::<String>("listSk")?).ok_or(StoreError::Corrupt("listSk"))?;
    Ok((deal, Organisation { id, name: item.take("organisationName")? }))
}

pub(super) fn due(item: Item) -> Result<Due> {
    let mut item = Attributes::of(item);
    Ok(Due { key: item.take_key()?, due_at: millis(item.take("dueAt")?) })
}

/// `None` if it is off.
pub(super) fn digest(manager: &PersonId, item: Item) -> Result<Option<Digest>> {
    let mut item = Attributes::of(item);
    item.take_version()?;
    if item.remove("duePk").is_none() {
        return Ok(None);
    }
    let secret = URL_SAFE_NO_PAD.decode(item.take::<String>("secret")?).ok();
    let secret = secret.and_then(|secret| secret.try_into().ok()).ok_or(StoreError::Corrupt("secret"))?;
    Ok(Some(Digest {
        id: DigestId { person: manager.clone(), secret },
        organisation: item.take("organisationId")?,
        email: item.take("email")?,
        renew_by: seconds(item.take("renewBy")?),
        due_at: millis(item.take("dueAt")?),
        told: item.take::<Option<Told>>("told")?.unwrap_or_default(),
        since: millis(item.take("since")?),
        recent: item.take_list("recent")?,
    }))
}

pub(super) fn seat(item: Item) -> Result<(DealId, Timestamp)> {
    let mut item = Attributes::of(item);
    item.take_version()?;
    let deal = keys::parse_seat(&item.take::<String>("sk")?).ok_or(StoreError::Corrupt("deal id"))?;
    Ok((deal, seconds(item.take("acceptedAt")?)))
}

pub(super) fn invite(item: Item) -> Result<InviteRecord> {
    let mut item = Attributes::of(item);
    item.take_version()?;
    let (version, writers) = (item.take("version")?, item.take("writers")?);
    let (key, invite) = take_invite(&mut item)?;
    let noted = item.take::<Option<String>>("attentionSk")?.and_then(|place| keys::queued(&place));
    let noted_at = noted.map(|place| place.at);
    for written_anew in ["duePk", "addressPk", "addressSk", "attentionPk", "purgeAt"] {
        item.remove(written_anew);
    }
    Ok(InviteRecord { key, invite, version, writers, noted_at, unknown: item.into_item() })
}

pub(super) fn row(item: Item) -> Result<Invite> {
    take_invite(&mut Attributes::of(item)).map(|(_, invite)| invite)
}

/// To keep pages small, a row of the listing has no `status`, `queuedAt` and `removedAt`. Its key holds them.
fn take_invite(item: &mut Attributes) -> Result<(InviteKey, Invite)> {
    let key = item.take_key()?;
    let partition = item.take::<Option<String>>("listPk")?;
    let place = item.take::<Option<String>>("listSk")?;
    let listed = place.as_deref().and_then(keys::queued);
    let before_removal = place.as_deref().and_then(keys::queued_before_removal);
    let removed_at = item.take_seconds("removedAt")?;
    let accepted_at = item.take_seconds("acceptedAt")?;
    let status = item.take::<Option<InviteState>>("status")?;
    let queued_at = item.take_millis("queuedAt")?.or(before_removal).or(listed.map(|listed| listed.at));
    let expires_at = seconds(item.take("expiresAt")?);
    // Stored only if it differs from `expiresAt`.
    let until = item.take_seconds("sentUntil")?.unwrap_or(expires_at);
    let state = status
        .or_else(|| keys::parse_list(partition.as_deref()?, accepted_at.is_some()))
        .ok_or(StoreError::Corrupt("status"))?;
    let delivery = take_delivery(item, state)?;
    let mut invite = Invite {
        id: key.invite,
        email: item.take("email")?,
        name: item.take("name")?,
        state,
        queued: Queued {
            at: queued_at.ok_or(StoreError::Corrupt("queuedAt"))?,
            order: listed.map_or(0, |listed| listed.order),
        },
        sent: item.take_seconds("sentAt")?.map(|at| Sent { at, until }),
        expires_at,
        accepted_at,
        accepted_as: item.take("acceptedAs")?,
        invited_by: item.take("by")?,
        sends: item.take("sends")?,
        delivery,
        links: Links { current: item.take_list("links")?, superseded: item.take_list("oldLinks")? },
        attempted_at: item.take_seconds("attemptedAt")?.unwrap_or_default(),
        attempts: item.take::<Option<u32>>("attempts")?.unwrap_or_default(),
        lease_until: None,
        resent_at: item.take_millis("resentAt")?,
        send_times: item.take_list("sendTimes")?.into_iter().map(millis).collect(),
        learner: item.take("learner")?,
        removed_at: removed_at.or(before_removal.and(listed).map(|listed| listed.at)),
        declined_at: item.take_seconds("declinedAt")?,
        asked: match item.take_seconds("askedAt")? {
            Some(at) => Some(Asked { at, wanted: item.take("askedFor")? }),
            None => None,
        },
        reminders: take_reminders(item)?,
        reminded: item.take::<Option<u8>>("reminded")?.unwrap_or_default(),
        remind_attempts: item.take::<Option<u32>>("remindAttempts")?.unwrap_or_default(),
        history: History { entries: item.take_list("history")?, managers: item.take_list("historyBy")? },
    };
    // Nobody has claimed a reminder that is due at its own time.
    let is_lease = |at: &Timestamp| match invite.reminder_due_at() {
        Some(begins) => *at != begins,
        None => invite.is_queued(),
    };
    invite.lease_until = item.take_millis("dueAt")?.filter(is_lease);
    // Accepting proves that a mail is out, but reads nothing, so it cannot say so in the history.
    if let (Delivery::Sent, Some(_), Some(sent)) = (invite.delivery, accepted_at, invite.sent) {
        invite.history = invite.history.with(HistoryEvent::Sent, sent.at, None);
    }
    Ok((key, invite))
}

/// Accepting does not know what events said, so it leaves the delivery alone. Its click proves that a mail arrived.
fn take_delivery(item: &mut Attributes, state: InviteState) -> Result<Delivery> {
    let delivery = item.take::<String>("delivery")?;
    let at = item.take_seconds("failedAt")?.unwrap_or_default();
    Ok(match (delivery.as_str(), state) {
        ("queued" | "failed", InviteState::Accepted | InviteState::Released) => {
            item.remove("failure");
            Delivery::Sent
        }
        ("queued", _) => Delivery::Queued,
        ("sent", _) => Delivery::Sent,
        ("failed", _) => Delivery::Failed { reason: item.take("failure")?, at },
        ("delayed", _) => Delivery::Delayed { at },
        ("delivered", _) => Delivery::Delivered { at },
        ("bounced", _) => Delivery::Bounced { reason: item.take("failure")?, at },
        ("complained", _) => Delivery::Complained { at },
        _ => return Err(StoreError::Corrupt("delivery")),
    })
}

fn put_delivery(item: &mut Attributes, delivery: Delivery) -> Result<()> {
    let (state, at) = match delivery {
        Delivery::Queued => ("queued", None),
        Delivery::Sent => ("sent", None),
        Delivery::Failed { reason, at } => {
            item.put("failure", reason)?;
            ("failed", Some(at))
        }
        Delivery::Delayed { at } => ("delayed", Some(at)),
        Delivery::Delivered { at } => ("delivered", Some(at)),
        Delivery::Bounced { reason, at } => {
            item.put("failure", reason)?;
            ("bounced", Some(at))
        }
        Delivery::Complained { at } => ("complained", Some(at)),
    };
    item.put("failedAt", at.map(|at| at.timestamp()))?;
    item.put("delivery", state)
}

pub(super) fn of_invite(record: &InviteRecord) -> Result<Item> {
    let InviteRecord { key, invite, version, writers, noted_at, unknown } = record;
    let sent_until = invite.sent.map(|sent| sent.until).filter(|until| *until != invite.expires_at);
    let mut item = Attributes::of(keys::invite_key(*key));
    item.put("v", VERSION)?;
    item.put("version", version)?;
    item.put("writers", writers)?;
    item.put("status", invite.state)?;
    item.put("queuedAt", invite.queued.at.timestamp_millis())?;
    item.put("email", &invite.email)?;
    item.put("name", &invite.name)?;
    item.put("sentAt", invite.sent.map(|sent| sent.at.timestamp()))?;
    item.put("sentUntil", sent_until.map(|until| until.timestamp()))?;
    item.put("expiresAt", invite.expires_at.timestamp())?;
    item.put("acceptedAt", invite.accepted_at.map(|at| at.timestamp()))?;
    item.put("acceptedAs", &invite.accepted_as)?;
    item.put("by", &invite.invited_by)?;
    item.put("sends", invite.sends)?;
    put_delivery(&mut item, invite.delivery)?;
    item.put("links", &invite.links.current)?;
    item.put("oldLinks", &invite.links.superseded)?;
    item.put("attemptedAt", invite.attempted_at.timestamp())?;
    item.put("attempts", invite.attempts)?;
    item.put("resentAt", invite.resent_at.map(|at| at.timestamp_millis()))?;
    item.put("sendTimes", invite.send_times.iter().map(Timestamp::timestamp_millis).collect::<Vec<_>>())?;
    item.put("learner", &invite.learner)?;
    item.put("removedAt", invite.removed_at.map(|at| at.timestamp()))?;
    item.put("declinedAt", invite.declined_at.map(|at| at.timestamp()))?;
    item.put("askedAt", invite.asked.map(|asked| asked.at.timestamp()))?;
    item.put("askedFor", invite.asked.map(|asked| asked.wanted))?;
    // The default takes no room in a row of a page.
    if invite.reminders != DEFAULT_REMINDERS {
        item.0.push(("reminders".to_owned(), list_of(&invite.reminders)));
    }
    item.put("reminded", Some(invite.reminded).filter(|done| *done > 0))?;
    item.put("remindAttempts", Some(invite.remind_attempts).filter(|attempts| *attempts > 0))?;
    item.put("history", &invite.history.entries)?;
    item.put("historyBy", &invite.history.managers)?;
    let removed_until = invite.removed_at.map(|at| removed_until(at, key.deal));
    item.put("purgeAt", removed_until.unwrap_or_else(|| key.deal.purge_at()).timestamp())?;
    for (names, place) in places(key.deal, invite, *noted_at) {
        item.0.extend(names.map(str::to_owned).into_iter().zip(place.into_iter().flatten()));
    }
    item.0.extend(unknown.clone());
    Ok(item.into_item())
}

fn take_reminders(item: &mut Attributes) -> Result<Vec<Duration>> {
    let stored = item.take::<Option<Vec<i64>>>("reminders")?;
    let default = || DEFAULT_REMINDERS.to_vec();
    Ok(stored.map_or_else(default, |after| after.into_iter().map(Duration::seconds).collect()))
}

/// May be empty: without the attribute, the default holds.
pub(super) fn list_of(reminders: &[Duration]) -> AttributeValue {
    AttributeValue::L(reminders.iter().map(Duration::num_seconds).map(n).collect())
}

pub(super) fn seconds(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

pub(super) fn millis(millis: i64) -> Timestamp {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

pub(super) fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name).and_then(|value| value.as_n().ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::RecipientLimit;
    use crate::domain::send::{Invitee, invite as invited};
    use crate::domain::{BounceReason, Email, FailureReason, InviteId, NewSend, Secret};

    /// The record of an invite that was queued at second 1, with a lease until second 61.
    fn queued() -> InviteRecord {
        let (id, email) = (InviteId::from_bytes([2; 16]), Email::parse("Ann@BÜCHER.example").unwrap());
        let send = NewSend {
            link: Secret::from_bytes([3; 32]).hash(),
            queued: Queued { at: seconds(1), order: 0 },
            invited_by: None,
            opted_out: false,
            lifetime: Duration::seconds(100),
            lease: Duration::seconds(60),
            limit: RecipientLimit::NONE,
            reminders: Vec::new(),
        };
        let first = invited(None, &Invitee { id, email, name: None }, &send, seconds(1)).unwrap();
        InviteRecord::next(
            InviteKey { deal: DealId::from_bytes([1; 16]), invite: id },
            None,
            first,
            "writer01",
            seconds(1),
        )
    }

    #[test]
    fn every_state_has_its_places_in_the_indexes() {
        use InviteState::{Accepted, Cancelled, Declined, Expired, Open, Released};
        let failed = Delivery::Failed { reason: FailureReason::MessageRejected, at: seconds(2) };
        let bounced = Delivery::Bounced { reason: BounceReason::Temporary, at: seconds(2) };
        let complained = Delivery::Complained { at: seconds(2) };
        // The beginnings of partition and place in each index; `None` if there is no place.
        let (sending, expiring) = (Some(("Q#2", "61000")), Some(("E#2", "101000")));
        let ann = Some(("A#", "ann@bücher.example"));
        let undelivered = Some(("#undelivered", "0000000002000"));
        let listed = "0000000001000";
        let removed = "0000000009000";
        let cases = [
            (Open, Delivery::Queued, ("#o", listed), sending, ann, None),
            (Open, Delivery::Sent, ("#o", listed), expiring, ann, None),
            (Open, failed, ("#o", listed), expiring, ann, undelivered),
            (Open, bounced, ("#o", listed), expiring, ann, undelivered),
            (Open, complained, ("#o", listed), expiring, ann, undelivered),
            (Open, Delivery::Delayed { at: seconds(2) }, ("#o", listed), expiring, ann, None),
            (Open, Delivery::Delivered { at: seconds(2) }, ("#o", listed), expiring, ann, None),
            (Expired, Delivery::Sent, ("#x", listed), None, ann, None),
            (Expired, failed, ("#x", listed), None, ann, undelivered),
            // A declined invite does not expire, and its queued mail still goes out.
            (Declined, Delivery::Sent, ("#d", listed), None, ann, Some(("#declined", "0000000005000"))),
            (Declined, bounced, ("#d", listed), None, ann, undelivered),
            (Declined, Delivery::Queued, ("#d", listed), sending, ann, Some(("#declined", "0000000005000"))),
            (Accepted, Delivery::Sent, ("#a", listed), None, ann, None),
            (Accepted, bounced, ("#a", listed), None, ann, None),
            (Cancelled, Delivery::Queued, ("#r", removed), None, None, None),
            (Cancelled, failed, ("#r", removed), None, None, None),
            (Released, Delivery::Sent, ("#r", removed), None, None, None),
        ];
        for (state, delivery, listing, due, address, attention) in cases {
            let removed_at = matches!(state, Cancelled | Released).then(|| seconds(9));
            let declined_at = (state == Declined).then(|| seconds(5));
            let invite = Invite { state, delivery, removed_at, declined_at, ..queued().invite };
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
    fn an_item_is_read_as_written_and_unknown_attributes_are_kept() {
        let mut written = of_invite(&queued()).unwrap();
        assert!(!written.values().any(AttributeValue::is_null), "{written:?}");
        written.insert("notes".to_owned(), AttributeValue::L(vec![AttributeValue::N("1".to_owned())]));
        let read = invite(written.clone()).unwrap();
        assert_eq!((&read.invite, of_invite(&read).unwrap()), (&queued().invite, written));
        let (key, next) = (read.key, read.invite.clone());
        let carried = of_invite(&InviteRecord::next(key, Some(&read), next, "writer02", seconds(2))).unwrap();
        assert!(carried.contains_key("notes"));
    }

    #[test]
    fn a_delivery_is_read_as_written_and_an_accepted_mail_is_sent() {
        let at = seconds(9);
        let deliveries = [
            Delivery::Queued,
            Delivery::Sent,
            Delivery::Failed { reason: FailureReason::RenderingFailed, at },
            Delivery::Delayed { at },
            Delivery::Delivered { at },
            Delivery::Bounced { reason: BounceReason::MailboxUnavailable, at },
            Delivery::Complained { at },
        ];
        for delivery in deliveries {
            let kept = |state, accepted_at| {
                let sent = Some(Sent { at: seconds(8), until: queued().invite.expires_at });
                let changed = Invite { state, sent, accepted_at, delivery, ..queued().invite };
                let item = of_invite(&InviteRecord { invite: changed, ..queued() }).unwrap();
                let kept = invite(item).unwrap().invite;
                let is_told = kept.history.newest_first().any(|it| it.event == HistoryEvent::Sent);
                (kept.delivery, is_told)
            };
            assert_eq!(kept(InviteState::Open, None), (delivery, false));
            let is_unsent = matches!(delivery, Delivery::Queued | Delivery::Failed { .. });
            let expected = if is_unsent { Delivery::Sent } else { delivery };
            assert_eq!(kept(InviteState::Accepted, Some(at)), (expected, expected == Delivery::Sent));
        }
    }

    #[test]
    fn a_reminder_waits_in_the_due_index_and_its_claim_is_read_back() {
        let reminders = vec![Duration::seconds(20)];
        let sent = Some(Sent { at: seconds(1), until: seconds(101) });
        let sent = Invite { delivery: Delivery::Sent, sent, lease_until: None, reminders, ..queued().invite };
        let lease = Some(seconds(30));
        let deferred = Invite { lease_until: lease, ..sent.clone() };
        let claimed = Invite { remind_attempts: 1, ..deferred.clone() };
        let done = Invite { reminded: 1, ..sent.clone() };
        for (stored, place) in [
            (sent, ("R#2", "21000")),
            (deferred, ("R#2", "30000")),
            (claimed, ("R#2", "30000")),
            (done, ("E#2", "101000")),
        ] {
            let item = of_invite(&InviteRecord { invite: stored.clone(), ..queued() }).unwrap();
            let found = (item["duePk"].as_s().unwrap().as_str(), item["dueAt"].as_n().unwrap().as_str());
            assert_eq!(found, place);
            assert_eq!(invite(item).unwrap().invite, stored);
        }
    }

    #[test]
    fn a_deal_has_the_default_reminders_until_a_manager_sets_others() {
        let after = |days: &[i64]| days.iter().copied().map(Duration::days).collect::<Vec<_>>();
        for (stored, reminders) in
            [(None, after(&[7, 21])), (Some(&[][..]), after(&[])), (Some(&[3][..]), after(&[3]))]
        {
            let mut item = keys::deal_key(DealId::from_bytes([1; 16]));
            item.extend(stored.map(|days: &[i64]| ("reminders".to_owned(), list_of(&after(days)))));
            let salt = String::from(crate::domain::Salt::from_bytes([1; 32]));
            for (name, text) in
                [("name", "Deal"), ("organisationId", "acme"), ("organisationName", "Acme"), ("salt", &salt)]
            {
                item.insert(name.to_owned(), s(text));
            }
            for name in ["v", "seats", "allocated", "startsAt", "endsAt", "revision"] {
                item.insert(name.to_owned(), n(2));
            }
            assert_eq!(deal(item).unwrap().reminders, reminders);
        }
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
