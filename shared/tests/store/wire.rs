//! The wire between the store and the engine, which watches requests and injects faults into writes.

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
    /// The write is carried out, and the response is lost: the SDK sees a 500 and retries.
    LoseAnswer,
    /// `TransactionConflictException`, and nothing is written.
    Conflict,
    /// The transaction is cancelled by `TransactionConflict`, and nothing is written.
    CancelByConflict,
    /// The same, and conditions after the conflict fail too.
    CancelByBoth,
    /// Nothing is written, and the SDK does not retry.
    Refuse,
    None,
}

enum Event {
    Fault(Fault),
    OtherWrite { happens: BoxFuture<'static, ()>, is_late: bool },
    LostBefore(BoxFuture<'static, ()>),
}

/// Requests, retries included, and the units of the successful ones, as the engine reports them.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) requests: u32,
    pub(crate) read_units: f64,
    /// Including indexes.
    pub(crate) write_units: f64,
}

/// Counts round trips, requests and units, and injects faults. In every test, it checks that each write of an invite raises the version and
/// records a writer.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<WireState>>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

/// The fault of the current attempt of a write.
impl Storable for Fault {
    type Storer = StoreReplace<Self>;
}

#[derive(Default)]
struct WireState {
    events: VecDeque<Event>,
    /// What happens between the current write and its lost response.
    meanwhile: Option<BoxFuture<'static, ()>>,
    round_trips: usize,
    usage: Usage,
    /// Whether no request has ended in the current round trip.
    is_under_way: bool,
}

impl Wire {
    /// Injects faults into the next writes, one after the other.
    pub(crate) fn disturb(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().events.extend(faults.into_iter().map(Event::Fault));
    }

    /// Runs this just before the next write arrives. The test needs a runtime with several threads.
    pub(crate) fn before_next_write(&self, happens: impl Future<Output = ()> + Send + 'static) {
        let event = Event::OtherWrite { happens: Box::pin(happens), is_late: false };
        self.0.lock().unwrap().events.push_back(event);
    }

    /// The same, and the write arrives after the engine has dropped its transaction's token.
    pub(crate) fn before_late_write(&self, happens: impl Future<Output = ()> + Send + 'static) {
        let event = Event::OtherWrite { happens: Box::pin(happens), is_late: true };
        self.0.lock().unwrap().events.push_back(event);
    }

    /// The next write is carried out, then this happens, and then the response is lost.
    pub(crate) fn lose_answer_after(&self, happens: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap().events.push_back(Event::LostBefore(Box::pin(happens)));
    }

    pub(crate) fn clear_faults(&self) {
        self.0.lock().unwrap().events.clear();
    }

    /// Whether no event is left.
    pub(crate) fn is_quiet(&self) -> bool {
        self.0.lock().unwrap().events.is_empty()
    }

    /// The longest chain of requests since the last call, in which each began after the previous one ended.
    pub(crate) fn round_trips(&self) -> usize {
        let mut state = self.0.lock().unwrap();
        state.is_under_way = false;
        std::mem::take(&mut state.round_trips)
    }

    /// Usage since the last call.
    pub(crate) fn usage(&self) -> Usage {
        std::mem::take(&mut self.0.lock().unwrap().usage)
    }
}

/// Checks that a write of an invite raises the version by one and adds its writer, otherwise a function with an old copy
/// would undo the write silently. A whole item keeps eight writers, and has no nulls and no sets.
fn check_writer(operation: &str, body: &Value) {
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
                let is_plain = |value: &Value| ["S", "N", "L"].iter().any(|kind| value.get(kind).is_some());
                let item = action["Item"].as_object().unwrap();
                assert!(item.values().all(is_plain), "no nulls and no sets: {item:?}");
                let writers = item["writers"]["L"].as_array().unwrap();
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
            // A check writes nothing.
            "ConditionCheck" => continue,
            other => panic!("{other} of an invite records no writer"),
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
        state.usage.requests += 1;
        drop(state);
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.split_once('.').map_or("", |(_, operation)| operation).to_owned();
        let body = context.request().body().bytes().unwrap_or_default();
        let mut body: Value = serde_json::from_slice(body)?;
        body["ReturnConsumedCapacity"] = "TOTAL".into();
        replace(context, &operation, &body)?;
        if !["UpdateItem", "PutItem", "DeleteItem", "TransactWriteItems"].contains(&operation.as_str()) {
            return Ok(());
        }
        check_writer(&operation, &body);
        let event = self.0.lock().unwrap().events.pop_front();
        let fault = match event {
            Some(Event::Fault(fault)) => fault,
            Some(Event::OtherWrite { happens, is_late }) => {
                block_in_place(|| Handle::current().block_on(happens));
                if is_late {
                    body["ClientRequestToken"] = "another".into();
                    replace(context, &operation, &body)?;
                }
                Fault::None
            }
            Some(Event::LostBefore(happens)) => {
                self.0.lock().unwrap().meanwhile = Some(happens);
                Fault::LoseAnswer
            }
            None => Fault::None,
        };
        if !matches!(fault, Fault::LoseAnswer | Fault::None) {
            // A request without effect reaches the engine instead.
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
            Fault::LoseAnswer => {
                let meanwhile = self.0.lock().unwrap().meanwhile.take();
                if let Some(happens) = meanwhile {
                    block_in_place(|| Handle::current().block_on(happens));
                }
                (500, json!({ "__type": "InternalServerError" }))
            }
            Fault::Conflict => (400, json!({ "__type": "TransactionConflictException" })),
            Fault::CancelByConflict => cancelled(["TransactionConflict", "None", "None"]),
            Fault::CancelByBoth => cancelled(["TransactionConflict", failed, failed]),
        };
        *context.response_mut() = Response::new(u16::try_into(status)?, SdkBody::from(body.to_string()));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut state = self.0.lock().unwrap();
        state.is_under_way = false;
        let body = context.response().and_then(|response| response.body().bytes()).unwrap_or_default();
        let consumed = serde_json::from_slice::<Value>(body).unwrap_or_default()["ConsumedCapacity"].take();
        let tables = consumed.as_array().map_or(std::slice::from_ref(&consumed), Vec::as_slice);
        let units: f64 = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        let Usage { read_units, write_units, .. } = &mut state.usage;
        let is_write = bag.load::<Fault>().is_some();
        *(if is_write { write_units } else { read_units }) += units;
        Ok(())
    }
}

/// Replaces the current request.
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
