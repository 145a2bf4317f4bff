//! A table for each test, with a deal and a watched store.

use super::wire::Wire;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use chrono::{DateTime, Duration};
use futures_util::StreamExt;
use futures_util::future::join_all;
use seatkeeper_local::database;
use shared::clock::Deadline;
use shared::domain::accept::LinkRefusal;
use shared::domain::answer::{ask, decline, opt_in, opt_out};
use shared::domain::cancel::cancel;
use shared::domain::claim::{NewAttempt, take_up};
use shared::domain::correct::{Correction, invite_instead, withdraw};
use shared::domain::expire::expire;
use shared::domain::limit::RecipientLimit;
use shared::domain::outcome::{Outcome, record_outcome};
use shared::domain::remind::{DEFAULT_REMINDERS, take_up_reminder};
use shared::domain::resend::resend;
use shared::domain::send::{Invitee, invite};
use shared::domain::track::track;
use shared::domain::{
    Deal, DealId, Delivery, Email, Invite, InviteKey, InviteRefusal, Link, Name, NewDeal, NewSend,
    Organisation, OrganisationId, Outdated, PersonId, Queued, Secret, Timestamp, Title,
};
use shared::store::{
    Changed, InviteRecord, Item, PageQuery, Refused, Seen, StatusFilter, Store, StoreError, keys::Queue,
    random,
};
use std::collections::HashMap;
use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) store: Store,
    pub(crate) wire: Wire,
    pub(crate) deal: Deal,
    client: aws_sdk_dynamodb::Client,
    _database: Arc<database::Database>,
}

pub(crate) type Change<R> = Result<Changed<R>, StoreError>;

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Answer {
    Decline,
    Ask,
    OptOut,
    OptIn,
}

pub(crate) const TABLE: &str = "seatkeeper";
pub(crate) const ANN: &str = "ann@example.com";
pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const DAY: i64 = 86_400;
pub(crate) const LIFETIME: Duration = Duration::days(28);
pub(crate) const LEASE: Duration = Duration::seconds(60);

pub(crate) fn start() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(crate) fn after(seconds: i64) -> Timestamp {
    start() + Duration::seconds(seconds)
}

pub(crate) fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

pub(crate) fn learner(name: &str) -> PersonId {
    PersonId::new("https://issuer.example", name)
}

pub(crate) fn soon() -> Deadline {
    Deadline::within(std::time::Duration::from_secs(20))
}

pub(crate) fn new_send(link: &Link, now: Timestamp) -> NewSend {
    NewSend {
        link: link.secret.hash(),
        queued: Queued::in_order(now, 0),
        invited_by: Some("manager@acme.example".to_owned()),
        opted_out: false,
        lifetime: LIFETIME,
        lease: LEASE,
        limit: RecipientLimit::NONE,
        reminders: DEFAULT_REMINDERS.to_vec(),
    }
}

fn new_attempt(link: &Link) -> NewAttempt {
    NewAttempt { link: link.secret.hash(), lifetime: LIFETIME, lease: LEASE, jitter: 0.5 }
}

pub(crate) fn new_deal(seats: u32) -> NewDeal {
    new_deal_of("acme", "Acme", seats)
}

/// A deal of the organisation with this id and name.
pub(crate) fn new_deal_of(id: &str, name: &str, seats: u32) -> NewDeal {
    let organisation =
        Organisation { id: OrganisationId::parse(id).unwrap(), name: Title::parse(name).unwrap() };
    let (starts_at, ends_at) = (start() - Duration::days(1), start() + Duration::days(365));
    NewDeal { organisation, name: Title::parse("Unlimited").unwrap(), seats, starts_at, ends_at }
}

pub(crate) fn page_query(filter: Option<StatusFilter>, limit: usize) -> PageQuery {
    PageQuery { filter, limit, after: None, lifetime: LIFETIME }
}

pub(crate) fn done<R: Debug>(changed: Change<R>) -> InviteRecord {
    changed.unwrap().unwrap()
}

pub(crate) fn refused<R: Debug>(changed: Change<R>) -> R {
    let Refused(reason, _) = changed.unwrap().unwrap_err();
    reason
}

impl Table {
    pub(crate) async fn new(seats: u32) -> Self {
        let database = database::serve(None).await.unwrap();
        let client = database.client();
        database.create_table(TABLE).unwrap();
        let wire = Wire::default();
        let store = store(&client, &wire);
        let made = store.create_deal(&new_deal(seats), None, Duration::days(365), start()).await.unwrap();
        let deal = made.unwrap();
        store.remember_lifetime(&deal, LIFETIME).await.unwrap();
        let deal = store.deal(deal.id).await.unwrap().unwrap();
        let table = Self { store, wire, deal, client, _database: Arc::new(database) };
        table.reset_counts();
        table
    }

    /// The same table for another function, without faults and counts.
    pub(crate) fn others(&self) -> Self {
        let wire = Wire::default();
        Self { store: store(&self.client, &wire), wire, ..self.clone() }
    }

    /// Resets the usage and the round trips.
    pub(crate) fn reset_counts(&self) {
        let _ = self.wire.usage();
        self.wire.round_trips();
    }

    pub(crate) fn link(&self, address: &str) -> Link {
        Link {
            deal: self.deal.id,
            invite: self.deal.invite_id(&email(address)),
            secret: Secret::from_bytes(random().unwrap()),
        }
    }

    pub(crate) async fn change<R>(
        &self,
        link: &Link,
        seen: Seen,
        now: Timestamp,
        rule: impl Fn(Option<&Invite>, Timestamp) -> Result<Invite, R>,
    ) -> Change<R> {
        self.store.change(link.key(), seen, now, soon(), rule).await
    }

    pub(crate) async fn invite(
        &self,
        address: &str,
        link: &Link,
        send: &NewSend,
        now: Timestamp,
    ) -> Change<InviteRefusal> {
        let name = Name::clean("First Lastname");
        let invitee = Invitee { id: link.invite, email: email(address), name };
        self.change(link, Seen::Nothing, now, |existing, now| invite(existing, &invitee, send, now)).await
    }

    pub(crate) async fn resend(
        &self,
        link: &Link,
        expected: Option<u32>,
        now: Timestamp,
    ) -> Change<InviteRefusal> {
        let send = new_send(link, now);
        self.change(link, Seen::Unread, now, |existing, now| resend(existing, expected, &send, now)).await
    }

    pub(crate) async fn cancel(&self, link: &Link, now: Timestamp) -> Change<InviteRefusal> {
        self.change(link, Seen::Unread, now, |existing, now| cancel(existing, None, None, now)).await
    }

    /// Records what SES says of the first send's mail.
    pub(crate) async fn track(&self, link: &Link, told: Delivery, now: Timestamp) -> Change<Outdated> {
        let rule = |existing: Option<&Invite>, _| track(existing, 1, told);
        self.change(link, Seen::Unread, now, rule).await
    }

    /// Withdraws the first invite and invites the second address, with this link.
    pub(crate) async fn correct(&self, old: &Link, address: &str, link: &Link) -> Change<InviteRefusal> {
        let email = email(address);
        let correction = Correction { expected: Some(1), email: Some(email.clone()), name: None, by: None };
        let invitee = Invitee { id: link.invite, email, name: None };
        let send = new_send(link, after(1));
        let withdraw = |existing: Option<&Invite>, now| withdraw(existing, &correction, link.invite, now);
        let invite =
            |existing: Option<&Invite>, now| invite_instead(existing, old.invite, &invitee, &send, now);
        self.store.change_both([old.key(), link.key()], after(1), soon(), withdraw, invite).await
    }

    /// Answers with the link as `answer-invite` does.
    pub(crate) async fn answer(&self, link: &Link, answer: Answer, now: Timestamp) -> Change<LinkRefusal> {
        let (deal, record) = self.store.sent_link(link).await?.unwrap();
        let (hash, email) = (link.secret.hash(), record.invite.email.clone());
        let (store, organisation) = (&self.store, &deal.organisation.id);
        let rule = |existing: Option<&Invite>, now| match answer {
            Answer::Decline => decline(existing, &deal, &hash, now),
            Answer::Ask => ask(existing, &deal, &hash, now),
            Answer::OptOut => opt_out(existing, Some(&hash), now),
            Answer::OptIn => opt_in(existing),
        };
        let opt_out = async {
            match answer {
                Answer::Decline => Ok(()),
                Answer::Ask | Answer::OptIn => store.opt_in(organisation, &email, now).await,
                Answer::OptOut => store.opt_out(organisation, &email, now, None).await,
            }
        };
        let change = self.change(link, Seen::Record(Some(record)), now, rule);
        tokio::try_join!(change, opt_out).map(|(changed, ())| changed)
    }

    /// Whether the person at this address has opted out of the organisation's invites.
    pub(crate) async fn is_out(&self, address: &str) -> bool {
        let (organisation, email) = (&self.deal.organisation.id, email(address));
        self.store.opt_outs([(organisation, &email)]).await.unwrap().has(organisation, &email)
    }

    pub(crate) async fn expire(&self, record: InviteRecord, now: Timestamp) -> Change<Outdated> {
        self.store.change(record.key, Seen::Record(Some(record)), now, soon(), expire).await
    }

    /// A deliverer claims the invite that it saw, for another attempt with this link.
    pub(crate) async fn claim(&self, seen: InviteRecord, link: &Link, now: Timestamp) -> Change<Outdated> {
        let new = new_attempt(link);
        let rule = |existing: Option<&Invite>, now| take_up(existing, &self.deal, &new, now);
        self.change(link, Seen::Record(Some(seen)), now, rule).await
    }

    /// A deliverer claims the reminder of the invite that it saw, with this link.
    pub(crate) async fn remind(&self, seen: InviteRecord, link: &Link, now: Timestamp) -> Change<Outdated> {
        let (new, limit) = (new_attempt(link), RecipientLimit::NONE);
        let rule =
            |existing: Option<&Invite>, now| take_up_reminder(existing, &self.deal, &new, limit, false, now);
        self.change(link, Seen::Record(Some(seen)), now, rule).await
    }

    /// Records the outcome of the mail with this link, for the invite as its claim left it.
    pub(crate) async fn record_outcome(
        &self,
        seen: &InviteRecord,
        link: &Link,
        outcome: Outcome,
        now: Timestamp,
    ) -> Change<Outdated> {
        let attempt = seen.invite.attempt(&link.secret.hash()).unwrap();
        let rule = |existing: Option<&Invite>, now| record_outcome(existing, &attempt, outcome, now);
        self.change(link, Seen::Record(Some(seen.clone())), now, rule).await
    }

    pub(crate) async fn queue(&self, address: &str, now: Timestamp) -> (Link, InviteRecord) {
        let link = self.link(address);
        let queued = done(self.invite(address, &link, &new_send(&link, now), now).await);
        (link, queued)
    }

    pub(crate) async fn send(&self, address: &str, now: Timestamp) -> (Link, InviteRecord) {
        let (link, queued) = self.queue(address, now).await;
        let sent = done(self.record_outcome(&queued, &link, Outcome::Sent, now).await);
        (link, sent)
    }

    pub(crate) async fn accept(
        &self,
        link: &Link,
        who: &str,
        now: Timestamp,
    ) -> Result<Timestamp, LinkRefusal> {
        let accepted = self.store.accept_invite(link, &learner(who), None, now, soon()).await.unwrap();
        accepted.map(|(_, accepted_at)| accepted_at)
    }

    pub(crate) async fn accepts(&self, link: &Link, who: &str, now: Timestamp) {
        self.accept(link, who, now).await.unwrap();
    }

    pub(crate) async fn releases(&self, link: &Link, now: Timestamp) {
        self.store.release_seat(link.key(), None, None, now, soon()).await.unwrap().unwrap();
    }

    pub(crate) async fn now(&self, link: &Link) -> Invite {
        self.store.invite(link.key()).await.unwrap().unwrap().invite
    }

    /// The first page of due invites in a shard.
    pub(crate) async fn due(&self, queue: Queue, shard: u8, now: Timestamp) -> Vec<(InviteKey, Timestamp)> {
        pin!(self.store.due_invites(queue, shard, now)).next().await.unwrap().unwrap()
    }

    pub(crate) async fn deal_now(&self) -> Deal {
        self.store.deal(self.deal.id).await.unwrap().unwrap()
    }

    /// The deal's allocated seats, and whether this learner holds one.
    pub(crate) async fn held(&self, who: &str) -> (u32, bool) {
        let seats = self.store.seats_of(&learner(who)).await.unwrap();
        (self.deal_now().await.allocated, seats.iter().any(|(deal, _)| deal.id == self.deal.id))
    }

    /// The same table with another deal, which is not stored yet.
    pub(crate) fn with_another_deal(&self) -> Self {
        let mut id = self.deal.id.0;
        // The first two bytes are the purge time.
        id[2..].copy_from_slice(&random::<14>().unwrap());
        Self { deal: Deal { id: DealId(id), ..self.deal.clone() }, ..self.clone() }
    }
}

fn store(client: &aws_sdk_dynamodb::Client, wire: &Wire) -> Store {
    Store::new(client.config().to_builder().interceptor(wire.clone()), TABLE)
}

/// An item's `pk` and `sk`.
pub(crate) type Key = (String, String);

fn key((pk, sk): Key) -> Item {
    Item::from([("pk".into(), AttributeValue::S(pk)), ("sk".into(), AttributeValue::S(sk))])
}

pub(crate) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn n(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(crate) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Table {
    pub(crate) fn deal_key(&self) -> Key {
        (format!("D#{}", self.deal.id), "DEAL".to_owned())
    }

    pub(crate) fn invite_key(&self, link: &Link) -> Key {
        (format!("D#{}", self.deal.id), format!("I#{}", link.invite))
    }

    pub(crate) fn seat_key(&self, who: &str) -> Key {
        (format!("L#{}", learner(who)), format!("S#{}", self.deal.id))
    }

    /// Reads items, past the store.
    pub(crate) async fn items<const N: usize>(&self, keys: [Key; N]) -> [Option<Item>; N] {
        let read = keys.map(async |place| {
            let get =
                self.client.get_item().table_name(TABLE).set_key(Some(key(place))).consistent_read(true);
            get.send().await.unwrap().item
        });
        join_all(read).await.try_into().unwrap()
    }

    pub(crate) async fn item(&self, link: &Link) -> Item {
        let [item] = self.items([self.invite_key(link)]).await;
        item.unwrap()
    }

    /// Writes items under these keys, past the store, as many at a time as DynamoDB allows.
    pub(crate) async fn put(&self, items: impl IntoIterator<Item = (Key, Item)>) {
        let writes = items.into_iter().map(|(place, attributes)| {
            let item = Some(attributes.into_iter().chain(key(place)).collect());
            let put = PutRequest::builder().set_item(item).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        for writes in writes.collect::<Vec<_>>().chunks(25) {
            let request = self.client.batch_write_item().request_items(TABLE, writes.to_vec());
            assert!(request.send().await.unwrap().unprocessed_items().is_none_or(HashMap::is_empty));
        }
    }

    /// Changes attributes of an invite's item, past the store.
    pub(crate) async fn set<const N: usize>(&self, link: &Link, attributes: [(&str, AttributeValue); N]) {
        let mut changed = self.item(link).await;
        changed.extend(item(attributes));
        self.put([(self.invite_key(link), changed)]).await;
    }

    /// Writes copies of an invite with these numbered addresses, past the store.
    pub(crate) async fn write_copies(&self, like: &Link, numbers: std::ops::Range<usize>) {
        let model = self.item(like).await;
        let place = model["listSk"].as_s().unwrap();
        let (place, after_id) = (place[..16].to_owned(), place[32..].to_owned());
        let copies = numbers.map(|number| {
            let email = email(&format!("first.last{number:05}@acme.example"));
            let id = self.deal.invite_id(&email);
            let mut copy = model.clone();
            copy.extend(item([
                ("email", s(email.as_typed())),
                ("addressSk", s(email.normalised())),
                ("listSk", s(&format!("{place}{:.16}{after_id}", id.to_string()))),
            ]));
            (self.invite_key(&Link { invite: id, ..like.clone() }), copy)
        });
        self.put(copies).await;
    }
}
