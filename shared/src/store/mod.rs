//! The table: one struct over the DynamoDB client, a function for each thing that the product does with it.
//!
//! An invite is written by [`Store::change`], whatever the rule. Accepting, releasing and changing a deal are transactions;
//! the counts behind the limits have conditions of their own.
//!
//! Every write leaves something that only its own call has: a writer, an attempt id, a transaction's token. When a write
//! is refused because it had happened before its answer was lost, the item that comes back shows that, and the write counts
//! as done. The SDK repeats nothing for longer than [`Store::new`] lets it.

mod accept;
mod allowance;
mod attempts;
mod change;
mod cursor;
mod deals;
mod due;
mod item;
pub mod keys;
mod listing;
mod meter;
mod release;
mod retry;
mod seats;
mod send_rate;

pub use accept::{AcceptOutcome, PreviewOutcome};
pub use allowance::{Allowance, Sender};
pub use change::{Changed, Seen};
pub use cursor::{Cursor, NotACursor};
pub use deals::CreateOutcome;
pub use due::Due;
pub use item::InviteRecord;
pub use listing::{COUNTED_UP_TO, Counts, Page, PageQuery, StatusFilter};
pub use meter::{Meter, Usage};
pub use seats::Seat;

use crate::domain::{Deal, DealId, InviteKey, Link, Secret};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder};
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ReturnConsumedCapacity, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use aws_sdk_dynamodb::{Client, config};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use std::collections::HashMap;
use std::time::Duration;

/// An item as DynamoDB has it.
pub type Item = HashMap<String, AttributeValue>;

/// How long init waits for the first answer.
const WARMING: Duration = Duration::from_secs(2);

/// The table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    meter: Meter,
    owners: deals::Owners,
}

/// The table could not be asked, or holds what this version can't read. Says what and where, never which item.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB gave no answer, or refused for a reason that is not in the data. Trying again may help.
    #[error("{operation} failed: {code} (status {status}, request {request_id})")]
    Unavailable {
        /// The DynamoDB operation.
        operation: &'static str,
        /// DynamoDB's error code, or the kind of failure below HTTP.
        code: String,
        /// The HTTP status; 0 without an answer.
        status: u16,
        /// AWS's id of the request.
        request_id: String,
    },
    /// An item has a shape that this version does not know.
    #[error("an item can't be read: {0}")]
    Corrupt(&'static str),
    /// The operating system gave no random bytes.
    #[error("no random bytes")]
    Random,
}

impl StoreError {
    /// True for what goes away by itself: no answer, a fault on the other side, too much at once.
    fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable { code, status, .. } => {
                *status == 0
                    || *status >= 500
                    || code.contains("Throttl")
                    || code.contains("Throughput")
                    || code.contains("Limit")
            }
            Self::Corrupt(_) | Self::Random => false,
        }
    }

    /// From a failed request; its texts are left out, since they may quote the item.
    fn from_sdk<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E>) -> Self {
        let code = match error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown"),
            SdkError::TimeoutError(_) => "timeout",
            SdkError::DispatchFailure(_) => "no connection",
            SdkError::ResponseError(_) => "unreadable answer",
            _ => "not sent",
        };
        Self::Unavailable {
            operation,
            code: code.to_owned(),
            status: error.raw_response().map_or(0, |response| response.status().as_u16()),
            request_id: error
                .raw_response()
                .and_then(|response| response.headers().get("x-amzn-requestid"))
                .unwrap_or("none")
                .to_owned(),
        }
    }
}

/// What became of a conditional write.
enum Written {
    /// Done; the item as it is now.
    Done(Item),
    /// Refused; the item that the condition met, if there is one.
    Refused(Option<Item>),
}

impl Store {
    /// Connects to the table as the environment says.
    pub async fn connect(table: &str) -> Self {
        Self::connect_with(&sdk_config().await, table).await
    }

    /// Connects to the table, and warms the connection: the first handshake then falls into init, which has a full vCPU,
    /// rather than into somebody's request.
    pub async fn connect_with(sdk: &SdkConfig, table: &str) -> Self {
        let store = Self::new(config::Builder::from(sdk), table);
        let key = AttributeValue::S("WARM".to_owned());
        // Whatever comes of it: a table that can't be reached is reported by the request that needs it.
        let warm = store.client.get_item().table_name(table).key("pk", key.clone()).key("sk", key).send();
        if !matches!(tokio::time::timeout(WARMING, warm).await, Ok(Ok(_))) {
            tracing::warn!("could not warm the connection");
        }
        let _ = store.usage();
        store
    }

    /// A store on this client configuration, with the retries and time limits that all of DynamoDB gets here.
    #[must_use]
    pub fn new(config: config::Builder, table: &str) -> Self {
        let meter = Meter::default();
        let config = config
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(40)
                    .with_initial_backoff(Duration::from_millis(20))
                    .with_max_backoff(Duration::from_secs(1)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(1))
                    .operation_attempt_timeout(Duration::from_secs(3))
                    .operation_timeout(Duration::from_secs(25))
                    .build(),
            )
            // The SDK's quota of retries is the process's, not the request's, and does not fill up with time: a busy
            // table would use it up, and then every conflict would be a failure.
            .retry_partition(
                RetryPartition::custom("seatkeeper").token_bucket(TokenBucket::unlimited()).build(),
            )
            .retry_classifier(retry::RetryConflicts)
            .interceptor(meter.clone())
            .build();
        Self {
            client: Client::from_conf(config),
            table: table.to_owned(),
            meter,
            owners: deals::Owners::default(),
        }
    }

    /// What was used since the last call.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.meter.take()
    }

    /// An update of one item: asks for the new item when done and for the present one when refused.
    fn update(&self, pk: String, sk: String, values: Item) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(pk))
            .key("sk", s(sk))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// An update as one action of a transaction. `names` are placeholders of attributes whose names are reserved words.
    fn update_action(
        &self,
        (pk, sk): (String, String),
        update: impl Into<String>,
        condition: impl Into<String>,
        names: &[(&str, &str)],
        values: Item,
    ) -> Result<TransactWriteItem, StoreError> {
        let names = names.iter().map(|(placeholder, name)| ((*placeholder).to_owned(), (*name).to_owned()));
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", s(pk))
            .key("sk", s(sk))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(
                Some(names.collect()).filter(|names: &HashMap<_, _>| !names.is_empty()),
            )
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let update = update.map_err(|_| StoreError::Corrupt("not an update"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Sends a transaction, under a token that stays the same when the SDK repeats it: done, by this try or an earlier
    /// one, or refused for these reasons, one for each action.
    async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
    ) -> Result<Result<(), Vec<CancellationReason>>, StoreError> {
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Ok(())),
            Err(SdkError::ServiceError(service)) if retry::is_answer(service.err()) => {
                match service.into_err() {
                    TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                        Ok(Err(cancelled.cancellation_reasons.unwrap_or_default()))
                    }
                    _ => Err(StoreError::Corrupt("no reasons")),
                }
            }
            Err(error) => Err(StoreError::from_sdk("TransactWriteItems", &error)),
        }
    }

    /// One invite, as it is now.
    pub async fn invite(&self, key: InviteKey) -> Result<Option<InviteRecord>, StoreError> {
        let item = self.get(keys::deal(key.deal), keys::invite(key.invite)).await?;
        item.map(item::invite).transpose()
    }

    /// How often an invite was sent, as `If-Match` compares it.
    pub async fn sends(&self, key: InviteKey) -> Result<Option<u32>, StoreError> {
        Ok(self.invite(key).await?.map(|record| record.invite.sends))
    }

    /// A deal's revision, as `If-Match` compares it.
    pub async fn revision(&self, deal: DealId) -> Result<Option<u32>, StoreError> {
        Ok(self.deal(deal).await?.map(|deal| deal.revision))
    }

    /// A deal and one of its invites, read at once.
    pub async fn deal_and_invite(
        &self,
        key: InviteKey,
    ) -> Result<(Option<Deal>, Option<InviteRecord>), StoreError> {
        futures_util::future::try_join(self.deal(key.deal), self.invite(key)).await
    }

    /// These invites, in no order. Those that do not exist or cannot be read are left out.
    pub async fn invites(
        &self,
        keys: impl IntoIterator<Item = InviteKey>,
    ) -> Result<Vec<InviteRecord>, StoreError> {
        let keys = keys.into_iter().map(|key| (keys::deal(key.deal), keys::invite(key.invite))).collect();
        Ok(item::readable(self.get_all(keys, true).await?, item::invite))
    }

    /// Reads one item as it is now.
    async fn get(&self, pk: String, sk: String) -> Result<Option<Item>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(pk))
            .key("sk", s(sk))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        Ok(output.item)
    }
}

/// All that a query finds, page by page.
async fn all_items(query: QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
    let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
    let items = query.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    items.map_err(|error| StoreError::from_sdk("Query", &error))
}

/// Sends a conditional update.
async fn written(update: UpdateItemFluentBuilder) -> Result<Written, StoreError> {
    match update.send().await {
        Ok(output) => Ok(Written::Done(output.attributes.unwrap_or_default())),
        Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => {
            match service.into_err() {
                UpdateItemError::ConditionalCheckFailedException(refused) => {
                    Ok(Written::Refused(refused.item))
                }
                _ => Ok(Written::Refused(None)),
            }
        }
        Err(error) => Err(StoreError::from_sdk("UpdateItem", &error)),
    }
}

/// What the environment says to all clients of AWS.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await
}

/// Random bytes from the operating system.
///
/// # Errors
/// [`StoreError::Random`].
pub fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Random)?;
    Ok(bytes)
}

/// A link with a new secret.
///
/// # Errors
/// [`StoreError::Random`].
pub fn new_link(key: InviteKey) -> Result<Link, StoreError> {
    Ok(Link { deal: key.deal, invite: key.invite, secret: Secret::from_bytes(random()?) })
}

/// A random factor from 0 to 1; without randomness everything waits alike.
#[must_use]
pub fn jitter() -> f64 {
    random().map_or(0.5, |bytes| f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}

/// What only one attempt can have written.
fn attempt_id() -> Result<String, StoreError> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    Ok(URL_SAFE_NO_PAD.encode(random::<12>()?))
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

fn values<const N: usize>(pairs: [(&str, AttributeValue); N]) -> Item {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
