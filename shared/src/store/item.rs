//! Converts between items and domain types, here for invites. `v` is the version of an item's shape. Old and new
//! functions run side by side during a deployment, so readers of a new version ship before its writers.

use super::keys::{self, Queue};
use super::{Item, Result, StoreError, n, s};
use crate::domain::cancel::REMOVED_KEPT;
use crate::domain::remind::DEFAULT_REMINDERS;
use crate::domain::{
    Asked, Attention, DealId, Delivery, History, HistoryEvent, Invite, InviteKey, InviteState, Links, Queued,
    Sent, Timestamp,
};
use crate::telemetry;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Items of version 1 were never deployed and are not read.
pub(super) const VERSION: u8 = 2;

/// Reading an attribute removes it. The attributes that remain are unknown to this version. A list, because
/// comparing a few dozen names costs less than hashing one.
pub(super) struct Attributes(Vec<(String, AttributeValue)>);

impl Attributes {
    pub(super) fn of(item: Item) -> Self {
        Self(item.into_iter().collect())
    }

    /// Of an item that must have this version.
    pub(super) fn versioned(item: Item) -> Result<Self> {
        let mut item = Self::of(item);
        if item.take::<u8>("v")? == VERSION { Ok(item) } else { Err(StoreError::Corrupt("v")) }
    }

    pub(super) fn into_item(self) -> Item {
        self.0.into_iter().collect()
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<AttributeValue> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// A missing attribute reads as null, which is an `Option`'s `None`.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T> {
        let value = self.remove(name).unwrap_or(AttributeValue::Null(true));
        // The error's text may quote the value, so the text is left out.
        serde_dynamo::from_attribute_value(value).map_err(|_| StoreError::Corrupt(name))
    }

    pub(super) fn take_seconds(&mut self, name: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.take::<Option<i64>>(name)?.map(seconds))
    }

    pub(super) fn take_millis(&mut self, name: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.take::<Option<i64>>(name)?.map(millis))
    }

    pub(super) fn take_list<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Vec<T>> {
        Ok(self.take::<Option<Vec<T>>>(name)?.unwrap_or_default())
    }

    pub(super) fn take_key(&mut self) -> Result<InviteKey> {
        let deal = keys::parse_deal(&self.take::<String>("pk")?).ok_or(StoreError::Corrupt("deal id"))?;
        let invite =
            keys::parse_invite(&self.take::<String>("sk")?).ok_or(StoreError::Corrupt("invite id"))?;
        Ok(InviteKey { deal, invite })
    }

    pub(super) fn put<T: Serialize>(&mut self, name: &'static str, value: T) -> Result<()> {
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
    /// When each of [`Invite::reasons`] was recorded: the first one's is its place in the index `attention`. An event of
    /// SES may be much older, and a digest asks for what was recorded since the last one.
    noted_at: [Option<Timestamp>; 2],
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

/// An unchanged reason keeps its time, also while a question hides it: it is not news again.
fn noted_at(existing: Option<&InviteRecord>, invite: &Invite, now: Timestamp) -> [Option<Timestamp>; 2] {
    type Reason = Option<(Attention, Timestamp)>;
    let noted = |reason: Reason, before: Reason, noted: Option<Timestamp>| {
        let is_kept = reason.map(|(reason, _)| reason) == before.map(|(before, _)| before);
        reason.map(|_| noted.filter(|_| is_kept).unwrap_or(now))
    };
    let [question, hidden] = invite.reasons();
    let ([old_question, old_hidden], [asked_at, hidden_at]) =
        existing.map(|record| (record.invite.reasons(), record.noted_at)).unwrap_or_default();
    [noted(question, old_question, asked_at), noted(hidden, old_hidden, hidden_at)]
}

/// The invite's keys in each index; `None` takes the invite out. Only accepting, which does not write the
/// whole item, sets these attributes itself.
fn places(
    deal: DealId,
    invite: &Invite,
    noted_at: [Option<Timestamp>; 2],
) -> [([&'static str; 2], Option<[AttributeValue; 2]>); 4] {
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
        let at = noted_at.into_iter().flatten().next().unwrap_or(at);
        [s(keys::attention(deal, reason)), s(keys::place(Queued { at, order: 0 }, invite.id))]
    });
    let listing = Some([s(keys::list(deal, invite.state)), s(list_place(invite))]);
    let due = due.map(|(queue, at)| [s(keys::due_of(queue, invite.id)), n(at.timestamp_millis())]);
    let is_found = invite.removed_at.is_none();
    let address = is_found.then(|| [s(keys::addresses(deal)), s(invite.email.searchable())]);
    [
        (["listPk", "listSk"], listing),
        (["duePk", "dueAt"], due),
        (["addressPk", "addressSk"], address),
        (["attentionPk", "attentionSk"], attention),
    ]
}

/// An invite's sort key in the listing. DynamoDB compares rows by this text; ids would sort differently as bytes.
pub(super) fn list_place(invite: &Invite) -> String {
    match invite.removed_at {
        Some(at) => keys::removed_place(at, invite.queued, invite.id),
        None => keys::place(invite.queued, invite.id),
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

pub(super) fn invite(item: Item) -> Result<InviteRecord> {
    let mut item = Attributes::versioned(item)?;
    let (version, writers) = (item.take("version")?, item.take("writers")?);
    let (key, invite) = take_invite(&mut item)?;
    let noted = item.take::<Option<String>>("attentionSk")?.and_then(|place| keys::queued(&place));
    let (noted, hidden) = (noted.map(|place| place.at), item.take_millis("notedAt")?);
    let noted_at = if invite.asked.is_some() { [noted, hidden] } else { [None, noted] };
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
    let removed_at = item.take_millis("removedAt")?;
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
        opted_out_at: item.take_seconds("optedOutAt")?,
        corrected_to: item.take("correctedTo")?,
        corrected_from: item.take("correctedFrom")?,
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
    let parts = ["delivery", "failedAt", "failure"].map(|name| Some((name.to_owned(), item.remove(name)?)));
    let parts: Item = parts.into_iter().flatten().collect();
    let delivery: Delivery = serde_dynamo::from_item(parts).map_err(|_| StoreError::Corrupt("delivery"))?;
    let is_accepted = matches!(state, InviteState::Accepted | InviteState::Released);
    Ok(if is_accepted && !delivery.is_out() { Delivery::Sent } else { delivery })
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
    let delivery: Item =
        serde_dynamo::to_item(invite.delivery).map_err(|_| StoreError::Corrupt("delivery"))?;
    item.0.extend(delivery);
    item.put("links", &invite.links.current)?;
    item.put("oldLinks", &invite.links.superseded)?;
    item.put("attemptedAt", invite.attempted_at.timestamp())?;
    item.put("attempts", invite.attempts)?;
    item.put("resentAt", invite.resent_at.map(|at| at.timestamp_millis()))?;
    item.put("sendTimes", invite.send_times.iter().map(Timestamp::timestamp_millis).collect::<Vec<_>>())?;
    item.put("learner", &invite.learner)?;
    item.put("removedAt", invite.removed_at.map(|at| at.timestamp_millis()))?;
    item.put("declinedAt", invite.declined_at.map(|at| at.timestamp()))?;
    item.put("optedOutAt", invite.opted_out_at.map(|at| at.timestamp()))?;
    item.put("correctedTo", invite.corrected_to)?;
    item.put("correctedFrom", invite.corrected_from)?;
    item.put("askedAt", invite.asked.map(|asked| asked.at.timestamp()))?;
    item.put("askedFor", invite.asked.map(|asked| asked.wanted))?;
    // The default takes no room in a row of a page.
    if invite.reminders != DEFAULT_REMINDERS {
        item.0.push(("reminders".to_owned(), list_of(&invite.reminders)));
    }
    item.put("reminded", Some(invite.reminded).filter(|done| *done > 0))?;
    item.put("remindAttempts", Some(invite.remind_attempts).filter(|attempts| *attempts > 0))?;
    item.put("notedAt", noted_at[0].and(noted_at[1]).map(|at| at.timestamp_millis()))?;
    item.put("history", &invite.history.entries)?;
    item.put("historyBy", &invite.history.managers)?;
    let deal_purged_at = key.deal.purge_at();
    let purge_at = invite.removed_at.map_or(deal_purged_at, |at| deal_purged_at.min(at + REMOVED_KEPT));
    item.put("purgeAt", purge_at.timestamp())?;
    for (names, place) in places(key.deal, invite, *noted_at) {
        item.0.extend(names.map(str::to_owned).into_iter().zip(place.into_iter().flatten()));
    }
    item.0.extend(unknown.clone());
    Ok(item.into_item())
}

pub(super) fn take_reminders(item: &mut Attributes) -> Result<Vec<Duration>> {
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
mod tests;
