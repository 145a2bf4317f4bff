//! What DynamoDB refuses because somebody else was writing is no failure: it is tried again.
//!
//! The SDK retries neither `TransactionConflictException` (a plain write met a transaction) nor a cancelled
//! transaction whose reasons are conflicts only (aws-runtime 1.10). One classifier adds both.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::{put_item::PutItemError, update_item::UpdateItemError};
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    orchestrator::OrchestratorError,
    retries::classifiers::{ClassifyRetry, RetryAction},
};

/// See the module.
#[derive(Debug)]
pub(super) struct RetryConflicts;

impl ClassifyRetry for RetryConflicts {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        if is_conflict(error) { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "conflicts with other writers"
    }
}

fn is_conflict(
    error: &OrchestratorError<aws_smithy_runtime_api::client::interceptors::context::Error>,
) -> bool {
    let Some(error) = error.as_operation_error() else { return false };
    if let Some(error) = error.downcast_ref::<TransactWriteItemsError>() {
        return only_conflicts(error);
    }
    let put = error.downcast_ref::<PutItemError>().and_then(ProvideErrorMetadata::code);
    let update = error.downcast_ref::<UpdateItemError>().and_then(ProvideErrorMetadata::code);
    put.or(update) == Some("TransactionConflictException")
}

/// True when a cancellation has a condition among its reasons: that is an answer, and outranks the others.
pub(super) fn is_answer(error: &TransactWriteItemsError) -> bool {
    matches!(error, TransactWriteItemsError::TransactionCanceledException(cancelled)
        if cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")))
}

/// True when a condition is the first reason of a cancellation, in the order of its actions. One behind a conflict may
/// have met what the other writer is only just writing, or may not be this caller's to know.
pub(super) fn is_first_answer(error: &TransactWriteItemsError) -> bool {
    matches!(error, TransactWriteItemsError::TransactionCanceledException(cancelled)
        if cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).find(|code| *code != "None")
            == Some("ConditionalCheckFailed"))
}

/// Reasons that say nothing about the items: others were writing, or too much was.
const PASSING: [&str; 3] = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/// True when every reason of a cancellation will pass by itself.
pub(super) fn only_conflicts(error: &TransactWriteItemsError) -> bool {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let mut codes = cancelled
                .cancellation_reasons()
                .iter()
                .filter_map(|reason| reason.code())
                .filter(|code| *code != "None")
                .peekable();
            codes.peek().is_some() && codes.all(|code| PASSING.contains(&code))
        }
        TransactWriteItemsError::TransactionInProgressException(_) => true,
        _ => false,
    }
}
