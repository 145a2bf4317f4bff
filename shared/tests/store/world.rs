//! A table of its own for each test, a client that can be watched and disturbed, and a deal.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{
    self, BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use chrono::{DateTime, Duration};
use seatkeeper_local::{database, table};
use shared::clock::Deadline;
use shared::domain::limit::RecipientLimit;
use shared::domain::{
    Deal, Email, InviteRecord, LearnerId, Link, NewDeal, Organisation, OrganisationId, Secret, Sent,
    Timestamp, Title,
};
use shared::store::{AcceptOutcome, CreateOutcome, Inviter, Item, Outcome, Store, random};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// What happens to a write.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Fault {
    /// It is carried out, and the answer is lost: the SDK sees a 500 and tries again.
    LoseAnswer,
    /// It meets another writer: `TransactionConflictException`, nothing is written.
    Conflict,
    /// The transaction meets another writer: cancelled by `TransactionConflict`, nothing is written.
    CancelByConflict,
    /// The same, and a condition behind the conflict has failed too.
    CancelByBoth,
}

/// Watches requests, and disturbs as many writes as it is told to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Mutex<WireState>>);

/// The fault of the attempt that is under way.
#[derive(Debug)]
struct Disturbed(Option<Fault>);

impl Storable for Disturbed {
    type Storer = StoreReplace<Self>;
}

#[derive(Debug, Default)]
struct WireState {
    faults: VecDeque<Fault>,
    events: Vec<bool>,
}

impl Wire {
    /// Disturbs the next writes, one after the other.
    pub(crate) fn disturb(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().faults.extend(faults);
    }

    /// True when every fault has happened.
    pub(crate) fn is_quiet(&self) -> bool {
        self.0.lock().unwrap().faults.is_empty()
    }

    /// How many requests followed one another, since the last call: the longest chain in which each began after the
    /// one before had ended.
    pub(crate) fn round_trips(&self) -> usize {
        let events = std::mem::take(&mut self.0.lock().unwrap().events);
        // Once a request has ended, the next one to begin starts a new link of the chain.
        let (mut links, mut ended) = (0, true);
        for begins in events {
            if begins && ended {
                links += 1;
                ended = false;
            } else if !begins {
                ended = true;
            }
        }
        links
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "wire"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        if !["UpdateItem", "PutItem", "TransactWriteItems"].iter().any(|write| target.ends_with(write)) {
            return Ok(());
        }
        let fault = self.0.lock().unwrap().faults.pop_front();
        bag.interceptor_state().store_put(Disturbed(fault));
        if matches!(fault, Some(Fault::Conflict | Fault::CancelByConflict | Fault::CancelByBoth)) {
            // Something else than the write reaches the engine.
            context.request_mut().headers_mut().insert("x-amz-target", "DynamoDB_20120810.ListTables");
            *context.request_mut().body_mut() = SdkBody::from("{}");
            context.request_mut().headers_mut().insert("content-length", "2");
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.lock().unwrap().events.push(true);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let disturbed = bag.load::<Disturbed>().and_then(|disturbed| disturbed.0);
        let (status, body) = match disturbed {
            None => return Ok(()),
            Some(Fault::LoseAnswer) => (500, r#"{"__type":"InternalServerError"}"#),
            Some(Fault::Conflict) => (400, r#"{"__type":"TransactionConflictException"}"#),
            Some(Fault::CancelByConflict) => (
                400,
                r#"{"__type":"TransactionCanceledException","CancellationReasons":
                    [{"Code":"TransactionConflict"},{"Code":"None"},{"Code":"None"}]}"#,
            ),
            Some(Fault::CancelByBoth) => (
                400,
                r#"{"__type":"TransactionCanceledException","CancellationReasons":
                    [{"Code":"TransactionConflict"},{"Code":"ConditionalCheckFailed"},{"Code":"ConditionalCheckFailed"}]}"#,
            ),
        };
        *context.response_mut() = Response::new(u16::try_into(status)?, SdkBody::from(body));
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.lock().unwrap().events.push(false);
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) wire: Wire,
    pub(crate) deal: Deal,
    client: aws_sdk_dynamodb::Client,
    _database: database::Database,
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

pub(crate) fn learner(name: &str) -> LearnerId {
    LearnerId::new("https://issuer.example", name)
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
        let world = Self { store, wire, deal, client, _database: database };
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

    /// Writes attributes of an item as they are given, beside the store.
    pub(crate) async fn overwrite(&self, pk: String, sk: String, attributes: Item) {
        let mut key =
            Item::from([("pk".into(), AttributeValue::S(pk)), ("sk".into(), AttributeValue::S(sk))]);
        let found = self.client.get_item().table_name(TABLE).set_key(Some(key.clone())).send().await.unwrap();
        key.extend(found.item.unwrap_or_default());
        key.extend(attributes);
        self.client.put_item().table_name(TABLE).set_item(Some(key)).send().await.unwrap();
    }
}

impl World {
    /// Writes many invites like this one, with addresses of these numbers, beside the store.
    pub(crate) async fn multiply(&self, like: &Link, numbers: std::ops::Range<usize>) {
        let key = [("pk", format!("D#{}", like.deal)), ("sk", format!("I#{}", like.invite))];
        let key: Item =
            key.into_iter().map(|(name, value)| (name.into(), AttributeValue::S(value))).collect();
        let model =
            self.client.get_item().table_name(TABLE).set_key(Some(key)).send().await.unwrap().item.unwrap();
        let place = model["listSk"].as_s().unwrap()[..13].to_owned();
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
