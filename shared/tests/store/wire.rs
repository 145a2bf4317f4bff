//! The wire between the store and the engine: requests are watched on it, and writes disturbed.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
    FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

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
    /// Nothing is written, and it is never tried again.
    Refuse,
    None,
}

enum Event {
    Fault(Fault),
    Meanwhile { happens: BoxFuture<'static, ()>, is_late: bool },
}

/// Watches requests, and disturbs as many writes as it is told to. Whatever a test does, it holds every write of an
/// invite to raising the invite's version and leaving a writer.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<WireState>>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

/// The fault of the attempt that is under way.
impl Storable for Fault {
    type Storer = StoreReplace<Self>;
}

#[derive(Default)]
struct WireState {
    events: VecDeque<Event>,
    round_trips: usize,
    /// Whether no request has ended since the newest round trip began.
    is_under_way: bool,
}

impl Wire {
    /// Disturbs the next writes, one after the other.
    pub(crate) fn disturb(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().events.extend(faults.into_iter().map(Event::Fault));
    }

    /// Lets this happen when the next write is about to arrive, and before it does. A test that uses it needs a runtime
    /// of several threads.
    pub(crate) fn meanwhile(&self, happens: impl Future<Output = ()> + Send + 'static) {
        let meanwhile = Event::Meanwhile { happens: Box::pin(happens), is_late: false };
        self.0.lock().unwrap().events.push_back(meanwhile);
    }

    /// The same, and the write arrives so late that the engine has forgotten its transaction's token.
    pub(crate) fn much_later(&self, happens: impl Future<Output = ()> + Send + 'static) {
        let meanwhile = Event::Meanwhile { happens: Box::pin(happens), is_late: true };
        self.0.lock().unwrap().events.push_back(meanwhile);
    }

    pub(crate) fn calm(&self) {
        self.0.lock().unwrap().events.clear();
    }

    /// True when all has happened.
    pub(crate) fn is_quiet(&self) -> bool {
        self.0.lock().unwrap().events.is_empty()
    }

    /// How many requests followed one another, since the last call: the longest chain in which each began after the
    /// one before had ended.
    pub(crate) fn round_trips(&self) -> usize {
        let mut state = self.0.lock().unwrap();
        state.is_under_way = false;
        std::mem::take(&mut state.round_trips)
    }
}

/// Every write of an invite raises its version by one and adds its writer; a whole item keeps eight. A write that did
/// not would be undone silently, somebody's seat with it, by whoever saw the invite before.
fn leaves_a_writer(operation: &str, body: &Value) {
    let single = [json!({ operation.trim_end_matches("Item"): body })];
    let actions = body["TransactItems"].as_array().map_or(&single[..], Vec::as_slice);
    for (kind, action) in actions.iter().filter_map(Value::as_object).flatten() {
        let place = action.get("Key").or(action.get("Item")).unwrap_or(action);
        if !place["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("I#")) {
            continue;
        }
        let values = &action["ExpressionAttributeValues"];
        let written = match kind.as_str() {
            "Put" => {
                let number = |value: &Value| value["N"].as_str().map_or(0, |n| n.parse::<u32>().unwrap());
                let (version, seen) = (number(&action["Item"]["version"]), number(&values[":seen"]));
                assert_eq!(version, seen + 1, "a write raises the version");
                let writers = action["Item"]["writers"]["L"].as_array().unwrap();
                assert!((1..=8).contains(&writers.len()), "{writers:?}");
                writers.last().unwrap()
            }
            "Update" => {
                let expression = action["UpdateExpression"].as_str().unwrap();
                let leaves = "version = version + :one, writers = list_append(writers, :writer)";
                assert!(expression.contains(leaves), "{expression}");
                assert_eq!(values[":one"]["N"], "1");
                &values[":writer"]["L"][0]
            }
            // It checks, and writes nothing.
            "ConditionCheck" => continue,
            other => panic!("{other} of an invite leaves no writer"),
        };
        assert_eq!(written["S"].as_str().unwrap().len(), 8, "{kind}: {written}");
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
        let mut state = self.0.lock().unwrap();
        if !std::mem::replace(&mut state.is_under_way, true) {
            state.round_trips += 1;
        }
        drop(state);
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.split_once('.').map_or("", |(_, operation)| operation).to_owned();
        if !["UpdateItem", "PutItem", "DeleteItem", "TransactWriteItems"].contains(&operation.as_str()) {
            return Ok(());
        }
        let body = context.request().body().bytes().unwrap_or_default();
        let mut body: Value = serde_json::from_slice(body)?;
        leaves_a_writer(&operation, &body);
        let event = self.0.lock().unwrap().events.pop_front();
        let fault = match event {
            Some(Event::Fault(fault)) => fault,
            Some(Event::Meanwhile { happens, is_late }) => {
                block_in_place(|| Handle::current().block_on(happens));
                if is_late {
                    body["ClientRequestToken"] = "another".into();
                    replace(context, &operation, &body)?;
                }
                Fault::None
            }
            None => Fault::None,
        };
        if !matches!(fault, Fault::LoseAnswer | Fault::None) {
            // Something that changes nothing reaches the engine in its place.
            replace(context, "ListTables", &json!({}))?;
        }
        bag.interceptor_state().store_put(fault);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let cancelled = |reasons: [&str; 3]| {
            let reasons = reasons.map(|code| json!({ "Code": code }));
            (400, json!({ "__type": "TransactionCanceledException", "CancellationReasons": reasons }))
        };
        let failed = "ConditionalCheckFailed";
        let (status, body) = match bag.load::<Fault>().copied().unwrap_or(Fault::None) {
            Fault::None => return Ok(()),
            Fault::Refuse => (400, json!({ "__type": "ValidationException" })),
            Fault::LoseAnswer => (500, json!({ "__type": "InternalServerError" })),
            Fault::Conflict => (400, json!({ "__type": "TransactionConflictException" })),
            Fault::CancelByConflict => cancelled(["TransactionConflict", "None", "None"]),
            Fault::CancelByBoth => cancelled(["TransactionConflict", failed, failed]),
        };
        *context.response_mut() = Response::new(u16::try_into(status)?, SdkBody::from(body.to_string()));
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.lock().unwrap().is_under_way = false;
        Ok(())
    }
}

/// Takes the place of the request that is under way.
fn replace(
    context: &mut BeforeTransmitInterceptorContextMut<'_>,
    operation: &str,
    body: &Value,
) -> Result<(), BoxError> {
    let body = serde_json::to_vec(body)?;
    let request = context.request_mut();
    request.headers_mut().insert("x-amz-target", format!("DynamoDB_20120810.{operation}"));
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
    Ok(())
}
