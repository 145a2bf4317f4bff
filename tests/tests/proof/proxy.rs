//! The proxy itself: each fault does what its name says.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use seatkeeper_local::{Endpoints, database};
use tests::eventually;
use tests::proxy::{Calls, Fault, Proxy, Side};

const TABLE: &str = "table";
/// Twice as long as a caller waits here.
const LATE: Duration = Duration::from_secs(10);

struct ProxiedTable {
    proxy: Proxy,
    _database: database::Database,
    client: Client,
}

fn key(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

impl ProxiedTable {
    async fn new() -> Self {
        let (proxy, database) = (Proxy::start().await, database::serve(None).await.unwrap());
        database.create_table(TABLE).unwrap();
        let ses = "http://127.0.0.1:9".to_owned();
        proxy.forward_to(Endpoints { dynamodb: database.endpoint.clone(), ses });
        let config = database.client().config().to_builder();
        let config = config
            .endpoint_url(proxy.endpoints().dynamodb)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(LATE / 2).build());
        Self { proxy, _database: database, client: Client::from_conf(config.build()) }
    }

    /// Adds one to a number. The error is its code or the kind of failure.
    async fn add(&self, item: &str) -> Result<(), String> {
        let update = self.client.update_item().table_name(TABLE).key("pk", key(item)).key("sk", key(item));
        let update = update.update_expression("ADD n :one");
        let sent = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned())).send().await;
        sent.map(|_| ()).map_err(|error| kind(&error))
    }

    async fn transact(&self, item: &str) -> Result<(), String> {
        let put =
            Put::builder().table_name(TABLE).item("pk", key(item)).item("sk", key(item)).build().unwrap();
        let action = TransactWriteItem::builder().put(put).build();
        let sent = self.client.transact_write_items().transact_items(action).send().await;
        sent.map(|_| ()).map_err(|error| kind(&error))
    }

    async fn number(&self, item: &str) -> usize {
        let get = self.client.get_item().table_name(TABLE).key("pk", key(item)).key("sk", key(item));
        let item = get.consistent_read(true).send().await.unwrap().item;
        item.map_or(0, |item| item["n"].as_n().unwrap().parse().unwrap())
    }
}

fn kind<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("none").to_owned(),
        SdkError::TimeoutError(_) => "timeout".to_owned(),
        SdkError::DispatchFailure(_) => "no answer".to_owned(),
        _ => "something else".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_does_what_its_name_says() {
    let table = ProxiedTable::new().await;
    for (fault, seen, done) in [
        (Fault::Throttle, "ThrottlingException", 0),
        (Fault::Throughput, "ProvisionedThroughputExceededException", 0),
        (Fault::Conflict, "TransactionConflictException", 0),
        (Fault::Fail, "InternalServerError", 0),
        (Fault::FailAfter, "InternalServerError", 1),
        (Fault::Reset, "no answer", 0),
        (Fault::LoseAnswer, "no answer", 1),
        (Fault::Refuse, "ResourceNotFoundException", 0),
        (Fault::AnswerLate(LATE), "timeout", 1),
    ] {
        let item = format!("{fault:?}");
        let disturbance = table.proxy.disturb(Calls::of("UpdateItem").containing(&item), 1, 1, fault);
        assert_eq!(table.add(&item).await, Ok(()), "{item}: the first call passes");
        assert_eq!(table.add(&item).await, Err(seen.to_owned()), "{item}");
        assert_eq!((table.number(&item).await, disturbance.met()), (1 + done, 1), "{item}");
        assert_eq!(table.add(&item).await, Ok(()), "{item}: the fault happens once");
    }

    let late = Fault::ArriveLate(LATE);
    table.proxy.disturb(Calls::of("UpdateItem"), 0, 1, late);
    assert_eq!(table.add("late").await, Err("timeout".to_owned()));
    assert_eq!(table.number("late").await, 0, "not yet");
    eventually("the call is carried out without its caller", Duration::from_mins(2), || async {
        (table.number("late").await == 1).then_some(())
    })
    .await;

    table.proxy.disturb(Calls::all(), 0, 1, Fault::Conflict);
    assert_eq!(table.number("GetItem").await, 0, "a plain read meets no conflict");
    assert_eq!(table.transact("T").await, Err("TransactionCanceledException".to_owned()));
    assert_eq!(table.transact("T").await, Ok(()));
    let tally = table.proxy.tally();
    assert_eq!(tally[&("UpdateItem".to_owned(), Some(Fault::Conflict))], 1);
    assert_eq!(tally[&("TransactWriteItems".to_owned(), None)], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_index_answers_with_an_older_state() {
    let table = ProxiedTable::new().await;
    let rows = async |now: &str| {
        let query = table.client.query().table_name(TABLE).index_name("due");
        let query = query.key_condition_expression("duePk = :pk AND dueAt <= :now");
        let query = query.expression_attribute_values(":pk", key("Q#0"));
        let query = query.expression_attribute_values(":now", AttributeValue::N(now.to_owned()));
        query.send().await.unwrap().count
    };
    let put = async |name: &str| {
        let put = table.client.put_item().table_name(TABLE).item("pk", key(name)).item("sk", key(name));
        let put = put.item("duePk", key("Q#0")).item("dueAt", AttributeValue::N("1".to_owned()));
        put.send().await.unwrap();
    };
    put("a").await;
    table.proxy.disturb(Calls::all(), 0, 1, Fault::Stale);
    assert_eq!(rows("7").await, 0, "the oldest state");
    assert_eq!(rows("8").await, 1);
    put("b").await;
    table.proxy.disturb(Calls::all(), 0, 2, Fault::Stale);
    assert_eq!((rows("9").await, rows("9").await, rows("9").await), (1, 1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_holds_every_call() {
    let table = ProxiedTable::new().await;
    for (side, done) in [(Side::Before, 1), (Side::After, 2)] {
        let item = format!("{side:?}");
        let stop = table.proxy.stop_at(Calls::of("UpdateItem"), 1, side);
        assert_eq!(table.add(&item).await, Ok(()));
        assert!(!stop.was_reached());
        // The caller gives up, and a held call is never carried out.
        assert_eq!(table.add(&item).await, Err("timeout".to_owned()));
        stop.reached().await;
        assert_eq!(table.add(&item).await, Err("timeout".to_owned()), "later calls are held too");
        drop(stop);
        assert_eq!(table.number(&item).await, done, "{side:?}");
    }
}
