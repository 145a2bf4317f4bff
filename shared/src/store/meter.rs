//! Counts requests and capacity units, as DynamoDB reports them.

use super::Store;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::{
    batch_get_item::BatchGetItemOutput, delete_item::DeleteItemOutput, get_item::GetItemOutput,
    put_item::PutItemOutput, query::QueryOutput, transact_get_items::TransactGetItemsOutput,
    transact_write_items::TransactWriteItemsOutput, update_item::UpdateItemOutput,
};
use aws_sdk_dynamodb::types::ConsumedCapacity;
use aws_smithy_runtime_api::client::interceptors::context::Output;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Usage {
    /// Including retries.
    pub requests: u32,
    pub read_units: f64,
    /// Including indexes.
    pub write_units: f64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<Mutex<Usage>>);

impl Store {
    /// Usage since the last call.
    pub fn usage(&self) -> Usage {
        std::mem::take(&mut *self.meter.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Meter {
    fn add(&self, add: impl FnOnce(&mut Usage)) {
        add(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "meter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.add(|usage| usage.requests += 1);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let read = units::<GetItemOutput>(output, |output| output.consumed_capacity.as_slice())
            + units::<QueryOutput>(output, |output| output.consumed_capacity.as_slice())
            + units::<BatchGetItemOutput>(output, |output| output.consumed_capacity())
            + units::<TransactGetItemsOutput>(output, |output| output.consumed_capacity());
        let written = units::<PutItemOutput>(output, |output| output.consumed_capacity.as_slice())
            + units::<DeleteItemOutput>(output, |output| output.consumed_capacity.as_slice())
            + units::<UpdateItemOutput>(output, |output| output.consumed_capacity.as_slice())
            + units::<TransactWriteItemsOutput>(output, |output| output.consumed_capacity());
        self.add(|usage| {
            usage.read_units += read;
            usage.write_units += written;
        });
        Ok(())
    }
}

/// 0 for an output of another type.
fn units<T: Debug + Send + Sync + 'static>(output: &Output, capacity: fn(&T) -> &[ConsumedCapacity]) -> f64 {
    let capacity = output.downcast_ref().map_or(&[][..], capacity);
    capacity.iter().filter_map(ConsumedCapacity::capacity_units).sum()
}
