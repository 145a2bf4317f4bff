//! What DynamoDB refuses because somebody else was writing is no failure: it is tried again.
//!
//! The SDK retries neither `TransactionConflictException` (a plain write met a transaction) nor a cancelled
//! transaction whose reasons are conflicts only (aws-runtime 1.10). One classifier adds both.

use aws_sdk_dynamodb::{error::ProvideErrorMetadata, operation::transact_write_items::TransactWriteItemsError};
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

fn is_conflict(error: &OrchestratorError<aws_smithy_runtime_api::client::interceptors::context::Error>) -> bool {
    let Some(error) = error.as_operation_error() else { return false };
    match error.downcast_ref::<TransactWriteItemsError>() {
        Some(error) => only_conflicts(error),
        None => {
            use aws_sdk_dynamodb::operation::{put_item::PutItemError, update_item::UpdateItemError};
            let code = error
                .downcast_ref::<UpdateItemError>()
                .and_then(ProvideErrorMetadata::code)
                .or_else(|| error.downcast_ref::<PutItemError>().and_then(ProvideErrorMetadata::code));
            code == Some("TransactionConflictException")
        }
    }
}

/// True when every reason of a cancellation is a conflict: one that says why outranks it, and is an answer.
pub(super) fn only_conflicts(error: &TransactWriteItemsError) -> bool {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let mut codes = cancelled
                .cancellation_reasons()
                .iter()
                .filter_map(|reason| reason.code())
                .filter(|code| *code != "None")
                .peekable();
            codes.peek().is_some() && codes.all(|code| code == "TransactionConflict")
        }
        TransactWriteItemsError::TransactionInProgressException(_) => true,
        _ => false,
    }
}
