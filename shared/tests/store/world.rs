//! A table of its own for each test, a client that can be watched and disturbed, and a deal.

use super::wire::Wire;
use aws_sdk_dynamodb::config::{self, BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use chrono::{DateTime, Duration};
use seatkeeper_local::{database, table};
use shared::clock::Deadline;
use shared::domain::limit::RecipientLimit;
use shared::domain::{
    Deal, DealId, Email, InviteRecord, Link, NewDeal, Organisation, OrganisationId, PersonId, Secret, Sent,
    Timestamp, Title,
};
use shared::store::{AcceptOutcome, CreateOutcome, Inviter, Item, Outcome, Store, random};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) wire: Wire,
    pub(crate) deal: Deal,
    client: aws_sdk_dynamodb::Client,
    _database: Arc<database::Database>,
}

pub(crate) const TABLE: &str = "seatkeeper";
pub(crate) const LIFETIME: Duration = Duration::days(28);

/// Some instant; the tests' clocks start here.
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

pub(crate) fn inviter() -> Inviter {
    Inviter {
        email: Some("manager@acme.example".to_owned()),
        lifetime: LIFETIME,
        lease: Duration::seconds(60),
        limit: RecipientLimit::NONE,
    }
}

pub(crate) fn soon() -> Deadline {
    Deadline::within(std::time::Duration::from_secs(20))
}

impl World {
    /// A table with a deal of so many seats, which runs for a year.
    pub(crate) async fn new(seats: u32) -> Self {
        let database = database::serve(None).await.unwrap();
        let client = database.client();
        table::create(&client, TABLE).await.unwrap();
        let wire = Wire::default();
        let config = config::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(database.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .interceptor(wire.clone());
        let store = Store::new(config, TABLE);
        let new = NewDeal {
            organisation: Organisation {
                id: OrganisationId::parse("acme").unwrap(),
                name: Title::parse("Acme").unwrap(),
            },
            name: Title::parse("Unlimited").unwrap(),
            seats,
            starts_at: start() - Duration::days(1),
            ends_at: start() + Duration::days(365),
        };
        let made = store.create_deal(&new, None, Duration::days(365), start()).await.unwrap();
        let CreateOutcome::Created(deal) = made else { panic!("{made:?}") };
        store.remember_lifetime(&deal, LIFETIME).await.unwrap();
        let deal = store.deal(deal.id).await.unwrap().unwrap();
        let world = Self { store, wire, deal, client, _database: Arc::new(database) };
        world.forget();
        world
    }

    /// Starts counting anew.
    pub(crate) fn forget(&self) {
        let _ = self.store.usage();
        self.wire.round_trips();
    }

    pub(crate) fn link(&self, address: &str) -> Link {
        Link {
            deal: self.deal.id,
            invite: self.deal.invite_id(&email(address)),
            secret: Secret::from_bytes(random().unwrap()),
        }
    }

    /// Invites an address at some time; it is queued, with this link.
    pub(crate) async fn queue(&self, address: &str, now: Timestamp) -> (Link, InviteRecord) {
        let link = self.link(address);
        let queued =
            self.store.queue_invite(&self.deal, &email(address), None, &link, &inviter(), now).await.unwrap();
        let Outcome::Done(record) = queued else { panic!("{queued:?}") };
        (link, *record)
    }

    /// Invites an address, and its mail goes out.
    pub(crate) async fn send(&self, address: &str, now: Timestamp) -> (Link, InviteRecord) {
        let (link, record) = self.queue(address, now).await;
        let record = self.store.mark_sent(&link, sent(&record)).await.unwrap().unwrap();
        (link, record)
    }

    pub(crate) async fn accept(&self, link: &Link, who: &str, now: Timestamp) -> AcceptOutcome {
        self.store.accept_invite(link, &learner(who), None, now, soon()).await.unwrap()
    }

    pub(crate) async fn record(&self, link: &Link) -> Option<InviteRecord> {
        self.store.invite(link.deal, link.invite).await.unwrap()
    }

    pub(crate) async fn deal_now(&self) -> Deal {
        self.store.deal(self.deal.id).await.unwrap().unwrap()
    }

    /// The same table, and a deal in it of which nothing is stored yet.
    pub(crate) fn with_another_deal(&self) -> Self {
        let mut id = *self.deal.id.as_bytes();
        // The first two bytes say when it is purged.
        id[2..].copy_from_slice(&random::<14>().unwrap());
        Self { deal: Deal { id: DealId::from_bytes(id), ..self.deal.clone() }, ..self.clone() }
    }

    /// Reads items as they are, beside the store.
    pub(crate) async fn items<const N: usize>(&self, keys: [Key; N]) -> [Option<Item>; N] {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys.iter().cloned().map(key).collect()));
        let request = self.client.batch_get_item().request_items(TABLE, wanted.build().unwrap());
        let found = request.send().await.unwrap().responses.unwrap().remove(TABLE).unwrap_or_default();
        keys.map(|wanted| {
            let wanted = key(wanted);
            found
                .iter()
                .find(|item| wanted.iter().all(|(name, value)| item.get(name) == Some(value)))
                .cloned()
        })
    }

    /// Writes items as they are given, and deletes those of which nothing is given, beside the store.
    pub(crate) async fn lay(&self, items: impl IntoIterator<Item = (Key, Option<Item>)>) {
        let writes = items.into_iter().map(|(place, attributes)| {
            if let Some(attributes) = attributes {
                let item = Some(attributes.into_iter().chain(key(place)).collect());
                let put = PutRequest::builder().set_item(item).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            } else {
                let delete = DeleteRequest::builder().set_key(Some(key(place))).build().unwrap();
                WriteRequest::builder().delete_request(delete).build()
            }
        });
        let request = self.client.batch_write_item().request_items(TABLE, writes.collect());
        assert!(request.send().await.unwrap().unprocessed_items().is_none_or(HashMap::is_empty));
    }
}

/// An item's `pk` and `sk`.
pub(crate) type Key = (String, String);

fn key((pk, sk): Key) -> Item {
    Item::from([("pk".into(), AttributeValue::S(pk)), ("sk".into(), AttributeValue::S(sk))])
}

impl World {
    /// Writes many invites like this one, with addresses of these numbers, beside the store.
    pub(crate) async fn multiply(&self, like: &Link, numbers: std::ops::Range<usize>) {
        let key = key((format!("D#{}", like.deal), format!("I#{}", like.invite)));
        let model =
            self.client.get_item().table_name(TABLE).set_key(Some(key)).send().await.unwrap().item.unwrap();
        let place = model["listSk"].as_s().unwrap()[..16].to_owned();
        for numbers in numbers.collect::<Vec<_>>().chunks(25) {
            let puts = numbers.iter().map(|number| {
                let email = email(&format!("first.last{number:05}@acme.example"));
                let id = self.deal.invite_id(&email).to_string();
                let mut item = model.clone();
                let mut set = |name: &str, value: String| item.insert(name.into(), AttributeValue::S(value));
                set("sk", format!("I#{id}"));
                set("email", email.as_typed().to_owned());
                set("addressSk", email.normalised().to_owned());
                set("listSk", format!("{place}{id:.16}"));
                let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            });
            let request = self.client.batch_write_item().request_items(TABLE, puts.collect());
            assert!(request.send().await.unwrap().unprocessed_items().is_none_or(HashMap::is_empty));
        }
    }
}

/// When the try of this record was made, and until when its link works.
pub(crate) fn sent(record: &InviteRecord) -> Sent {
    Sent { at: record.tried_at, until: record.invite.expires_at }
}
