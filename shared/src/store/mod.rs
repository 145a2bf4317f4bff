//! The table: one struct over the DynamoDB client. [`Store::change`] writes an invite; accepting and
//! releasing are transactions over several items. The SDK repeats a write whose response it lost, and an attempt may
//! arrive late. So a write has an id (a writer, an attempt's id or a transaction's token) by which a repetition is
//! recognised, or a condition that its repetition does not meet.

mod accept;
mod change;
mod cursor;
mod deals;
mod digests;
mod item;
pub mod keys;
mod limits;
mod listing;
mod opt_out;
mod read;
mod release;
mod retry;
mod write;

pub use change::{Changed, Refused, Seen};
pub use cursor::Cursor;
pub use digests::{Digest, SwitchOff};
pub use item::InviteRecord;
pub use limits::{Allowance, Sender};
pub use listing::{Counts, Page, PageQuery, StatusFilter};
pub use opt_out::OptOuts;
pub use read::BATCH;
pub use retry::Backoff;

use crate::aws;
use crate::clock::Deadline;
use crate::config::ConfigError;
use crate::domain::{InviteKey, Link, Secret};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::{Client, config};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::collections::HashMap;
use std::time::Duration;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// An item, a key, or the values of an expression.
pub type Item = HashMap<String, AttributeValue>;

/// Writes under way at once, in a request or in a batch of a sweep.
pub const WRITES: usize = 32;

/// How long init waits for the first answer.
const WARMING: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    owners: deals::Owners,
}

/// Never names or quotes an item (I8).
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer, or a refusal for a reason that is not in the data. A retry may help.
    #[error("{operation} failed: {code} (status {status}, request {request_id})")]
    Unavailable {
        operation: &'static str,
        /// DynamoDB's error code, or the kind of failure below HTTP.
        code: String,
        /// 0 without an answer.
        status: u16,
        request_id: String,
    },
    #[error("an item can't be read: {0}")]
    Corrupt(&'static str),
    #[error("no random bytes")]
    Random,
    /// The manager was dismissed.
    #[error("the manager is blocked")]
    Blocked,
}

impl StoreError {
    /// True for failures that pass: no answer, a server error, throttling.
    fn is_passing(&self) -> bool {
        let Self::Unavailable { code, status, .. } = self else { return false };
        let is_throttled = ["Throttl", "Throughput", "Limit"].iter().any(|part| code.contains(part));
        *status == 0 || *status >= 500 || is_throttled
    }

    /// Drops the SDK's messages, since they may quote the item.
    fn from_sdk<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E>) -> Self {
        let code = match error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown"),
            SdkError::TimeoutError(_) => "timeout",
            SdkError::DispatchFailure(_) => "no connection",
            SdkError::ResponseError(_) => "unreadable answer",
            _ => "not sent",
        };
        let Some(response) = error.raw_response() else { return Self::without_answer(operation, code) };
        Self::Unavailable {
            operation,
            code: code.to_owned(),
            status: response.status().as_u16(),
            request_id: response.headers().get("x-amzn-requestid").unwrap_or("none").to_owned(),
        }
    }

    fn without_answer(operation: &'static str, code: &str) -> Self {
        Self::Unavailable { operation, code: code.to_owned(), status: 0, request_id: "none".to_owned() }
    }
}

impl Store {
    pub async fn connect(table: &str) -> Result<Self, ConfigError> {
        Ok(Self::connect_with(&aws::sdk_config()?, table).await)
    }

    /// Warms the connection: the TLS handshake then runs in init, which has a full vCPU, not in a request.
    pub async fn connect_with(sdk: &SdkConfig, table: &str) -> Self {
        let store = Self::new(config::Builder::from(sdk), table);
        let key = AttributeValue::S("WARM".to_owned());
        // If the table cannot be reached, the request that needs it reports that.
        let warm = store.client.get_item().table_name(table).key("pk", key.clone()).key("sk", key).send();
        if !matches!(tokio::time::timeout(WARMING, warm).await, Ok(Ok(_))) {
            tracing::warn!("could not warm the connection");
        }
        store
    }

    pub fn new(config: config::Builder, table: &str) -> Self {
        let config = config
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(40)
                    .with_initial_backoff(Duration::from_millis(20))
                    .with_max_backoff(Duration::from_secs(1)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(Duration::from_secs(3))
                    .operation_timeout(Duration::from_secs(25))
                    .build(),
            )
            // The SDK's retry quota belongs to the process and does not refill with time. A busy table would
            // use it up, and every conflict would then fail.
            .retry_partition(
                RetryPartition::custom("seatkeeper").token_bucket(TokenBucket::unlimited()).build(),
            )
            .retry_classifier(retry::RetryConflicts)
            .build();
        let client = Client::from_conf(config);
        Self { client, table: table.to_owned(), owners: deals::Owners::default() }
    }
}

/// Without any time left, `work` does not begin. After a timeout, it may have happened all the same.
pub(crate) async fn in_time<T>(
    deadline: Deadline,
    operation: &'static str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    // A timer rounds up to a millisecond, in which an answer may come.
    let is_over = deadline.left().is_zero();
    let answer = if is_over { None } else { tokio::time::timeout_at(deadline.instant(), work).await.ok() };
    answer.unwrap_or_else(|| Err(StoreError::without_answer(operation, "timeout")))
}

pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Random)?;
    Ok(bytes)
}

pub fn new_link(key: InviteKey) -> Result<Link> {
    Ok(Link { deal: key.deal, invite: key.invite, secret: Secret::from_bytes(random()?) })
}

/// A random factor from 0 to 1; a constant if there are no random bytes.
pub fn jitter() -> f64 {
    random().map_or(0.5, |bytes| f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}

/// Unique to a call, and the same for all its attempts.
fn writer_id() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<6>()?))
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
