//! The wire between the store and the engine: requests are watched on it, and writes disturbed, held back or rewritten.

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use serde_json::Value;
use shared::domain::DealId;
use std::collections::{BTreeSet, VecDeque};
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
    /// Somebody else's write arrives first: the next of those that [`Wire::meanwhile`] was given.
    Meanwhile,
    /// It is held back, and never tried again: [`Wire::caught`] has it.
    Catch,
    /// Nothing.
    None,
}

/// A write, as it went over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    target: String,
    body: Vec<u8>,
}

/// What is sent in place of the conditions that the store wants to send.
#[derive(Clone, Debug, Default)]
pub(crate) enum Rewriting {
    /// They are sent as they are.
    #[default]
    None,
    /// For this one another expression is sent.
    One(Condition, String),
    /// This is made of each.
    All(fn(&str) -> String),
}

/// A condition of a write, as it went over the wire.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Condition {
    /// What is done to what kind of item: `Update invite`.
    pub(crate) write: String,
    /// The expression.
    pub(crate) expression: String,
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
    caught: Vec<Request>,
    meanwhile: VecDeque<Request>,
    repeated: u32,
    conditions: BTreeSet<Condition>,
    rewriting: Rewriting,
    misread: Option<String>,
}

impl Wire {
    /// Disturbs the next writes, one after the other.
    pub(crate) fn disturb(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().faults.extend(faults);
    }

    /// What the last writes were that were held back.
    pub(crate) fn caught(&self) -> Vec<Request> {
        std::mem::take(&mut self.0.lock().unwrap().caught)
    }

    /// Lets these writes arrive, one after the other, each when the next write is about to and before it does.
    pub(crate) fn meanwhile(&self, requests: impl IntoIterator<Item = Request>) {
        let mut state = self.0.lock().unwrap();
        for request in requests {
            state.faults.push_back(Fault::Meanwhile);
            state.meanwhile.push_back(request);
        }
    }

    /// The conditions that were sent since the last call.
    pub(crate) fn conditions(&self) -> BTreeSet<Condition> {
        std::mem::take(&mut self.0.lock().unwrap().conditions)
    }

    /// From now on rewrites conditions like this.
    pub(crate) fn rewrite(&self, rewriting: Rewriting) {
        self.0.lock().unwrap().rewriting = rewriting;
    }

    /// What the engine said of an expression that it could not read, since the last call.
    pub(crate) fn misread(&self) -> Option<String> {
        self.0.lock().unwrap().misread.take()
    }

    /// Forgets the faults that have not happened.
    pub(crate) fn calm(&self) {
        let mut state = self.0.lock().unwrap();
        state.faults.clear();
        state.meanwhile.clear();
        state.caught.clear();
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

impl WireState {
    /// Notes the conditions of a write, and rewrites those that are to be. True when one was.
    fn watch(&mut self, request: &mut Request) -> Result<bool, BoxError> {
        let mut body: Value = serde_json::from_slice(&request.body)?;
        let mut actions: Vec<(&str, &mut Value)> = match body.get_mut("TransactItems") {
            Some(items) => items
                .as_array_mut()
                .into_iter()
                .flatten()
                .filter_map(Value::as_object_mut)
                .flatten()
                .map(|(kind, action)| (kind.as_str(), action))
                .collect(),
            None => vec![(request.target.trim_end_matches("Item"), &mut body)],
        };
        let mut is_rewritten = false;
        for (kind, action) in &mut actions {
            let place = action.get("Key").or(action.get("Item"));
            let place = place.and_then(|place| place["sk"]["S"].as_str()).unwrap_or_default();
            let item = match place.split('#').next() {
                Some("DEAL") => "deal",
                Some("I") => "invite",
                Some("S") => "seat",
                Some("K") => "creation",
                Some("RATE") => "send slots",
                Some("SENDS") => "window of sends",
                _ => "unknown item",
            };
            let Some(Value::String(expression)) = action.get_mut("ConditionExpression") else { continue };
            let condition = Condition { write: format!("{kind} {item}"), expression: expression.clone() };
            match &self.rewriting {
                Rewriting::One(other, _) if *other != condition => {}
                Rewriting::One(_, instead) => expression.clone_from(instead),
                Rewriting::All(rewrite) => *expression = rewrite(expression),
                Rewriting::None => {}
            }
            is_rewritten |= *expression != condition.expression;
            self.conditions.insert(condition);
        }
        request.body = serde_json::to_vec(&body)?;
        Ok(is_rewritten)
    }
}

impl Request {
    /// One that changes nothing.
    fn nothing() -> Self {
        Self { target: "ListTables".to_owned(), body: b"{}".to_vec() }
    }

    /// The deal that it puts there.
    pub(crate) fn deal(&self) -> Option<DealId> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let puts = body["TransactItems"].as_array()?.iter().map(|action| &action["Put"]["Item"]["pk"]["S"]);
        puts.filter_map(Value::as_str).find_map(|pk| DealId::parse(pk.strip_prefix("D#")?))
    }

    /// The same, later than the engine remembers a transaction by its token.
    fn anew(self, number: u32) -> Result<Self, BoxError> {
        let mut body: Value = serde_json::from_slice(&self.body)?;
        if let Some(token) = body.get_mut("ClientRequestToken") {
            *token = Value::String(format!("again-{number}"));
        }
        Ok(Self { body: serde_json::to_vec(&body)?, ..self })
    }

    /// Takes the place of the request that is under way.
    fn replace(self, context: &mut BeforeTransmitInterceptorContextMut<'_>) {
        let request = context.request_mut();
        request.headers_mut().insert("x-amz-target", format!("DynamoDB_20120810.{}", self.target));
        request.headers_mut().insert("content-length", self.body.len().to_string());
        *request.body_mut() = SdkBody::from(self.body);
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
        let headers = context.request().headers();
        let Some((_, operation)) = headers.get("x-amz-target").unwrap_or_default().split_once('.') else {
            return Ok(());
        };
        if !["UpdateItem", "PutItem", "TransactWriteItems"].contains(&operation) {
            return Ok(());
        }
        let mut request = Request {
            target: operation.to_owned(),
            body: context.request().body().bytes().unwrap_or_default().to_vec(),
        };
        let mut state = self.0.lock().unwrap();
        let is_rewritten = state.watch(&mut request)?;
        let fault = state.faults.pop_front();
        match fault {
            // Something else than the write reaches the engine.
            Some(Fault::Conflict | Fault::CancelByConflict | Fault::CancelByBoth) => {
                Request::nothing().replace(context);
            }
            Some(Fault::Catch) => {
                state.caught.push(request);
                Request::nothing().replace(context);
            }
            Some(Fault::Meanwhile) => {
                state.repeated += 1;
                let other = state.meanwhile.pop_front().ok_or("nothing happens meanwhile")?;
                other.anew(state.repeated)?.replace(context);
            }
            Some(Fault::LoseAnswer | Fault::None) | None if is_rewritten => request.replace(context),
            Some(Fault::LoseAnswer | Fault::None) | None => {}
        }
        bag.interceptor_state().store_put(Disturbed(fault));
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
            None | Some(Fault::None) => return Ok(()),
            Some(Fault::Catch) => (400, r#"{"__type":"ValidationException"}"#),
            Some(Fault::LoseAnswer | Fault::Meanwhile) => (500, r#"{"__type":"InternalServerError"}"#),
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

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = String::from_utf8_lossy(context.response().body().bytes().unwrap_or_default());
        if body.contains("Invalid ConditionExpression") || body.contains("unused in expressions") {
            self.0.lock().unwrap().misread = Some(body.into_owned());
        }
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
