//! Retries writes that conflict with other writers. The SDK retries neither `TransactionConflictException` (a
//! plain write met a transaction) nor a transaction cancelled by nothing but conflicts (aws-runtime 1.10).

use super::jitter;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::{put_item::PutItemError, update_item::UpdateItemError};
use aws_sdk_dynamodb::types::CancellationReason;
use aws_smithy_runtime_api::client::interceptors::context::{Error, InterceptorContext};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use std::time::Duration;

/// Reasons that say nothing about the items: conflicts and throttling.
const PASSING: [&str; 3] = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

#[derive(Debug)]
pub(super) struct RetryConflicts;

impl ClassifyRetry for RetryConflicts {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let is_conflict = error.and_then(|error| error.as_operation_error()).is_some_and(is_conflict);
        if is_conflict { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "conflicts with other writers"
    }
}

fn is_conflict(error: &Error) -> bool {
    let put = error.downcast_ref::<PutItemError>().and_then(ProvideErrorMetadata::code);
    let update = error.downcast_ref::<UpdateItemError>().and_then(ProvideErrorMetadata::code);
    let delete = error.downcast_ref::<DeleteItemError>().and_then(ProvideErrorMetadata::code);
    only_conflicts(error.downcast_ref()) || put.or(update).or(delete) == Some("TransactionConflictException")
}

/// One reason for each action, in order.
pub(super) fn reasons(error: Option<&TransactWriteItemsError>) -> &[CancellationReason] {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error else { return &[] };
    cancelled.cancellation_reasons()
}

pub(super) fn is_condition(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// An action without an objection has the code `None`.
pub(super) fn objections(reasons: &[CancellationReason]) -> impl Iterator<Item = &CancellationReason> {
    reasons.iter().filter(|reason| reason.code().is_some_and(|code| code != "None"))
}

/// True if the same transaction may succeed later.
pub(super) fn only_conflicts(error: Option<&TransactWriteItemsError>) -> bool {
    let mut codes = objections(reasons(error)).filter_map(CancellationReason::code).peekable();
    matches!(error, Some(TransactWriteItemsError::TransactionInProgressException(_)))
        || codes.peek().is_some() && codes.all(|code| PASSING.contains(&code))
}

/// Random waits from zero to a bound that doubles (full jitter).
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The next wait is no longer than this.
    pub(super) bound: Duration,
    longest: Duration,
}

/// The policy that degrades best of those in `docs/scale.md`.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(20), Duration::from_millis(250))
    }
}

impl Backoff {
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { bound: first, longest }
    }

    /// `random` is from 0 to 1.
    pub fn next(&mut self, random: f64) -> Duration {
        let wait = self.bound.mul_f64(random);
        self.bound = (self.bound * 2).min(self.longest);
        wait
    }

    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(self.next(jitter())).await;
    }
}
