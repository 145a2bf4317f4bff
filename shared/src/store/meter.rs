//! Counts what the table is asked: requests and capacity units, as DynamoDB reports them.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::{
    batch_get_item::BatchGetItemOutput, get_item::GetItemOutput, put_item::PutItemOutput, query::QueryOutput,
    transact_get_items::TransactGetItemsOutput, transact_write_items::TransactWriteItemsOutput,
    update_item::UpdateItemOutput,
};
use aws_sdk_dynamodb::types::ConsumedCapacity;
use std::sync::{Arc, Mutex, PoisonError};

/// What an invocation asked of the table.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Usage {
    /// HTTP requests, repeated ones included.
    pub requests: u32,
    /// Read request units.
    pub read_units: f64,
    /// Write request units, indexes included.
    pub write_units: f64,
}

/// The meter of one client.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Usage>>);

impl Meter {
    /// What was used since the last call.
    #[must_use]
    pub fn take(&self) -> Usage {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

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
        let one = |capacity: Option<&ConsumedCapacity>| units(capacity.into_iter());
        if let Some(output) = output.downcast_ref::<GetItemOutput>() {
            self.add(|usage| usage.read_units += one(output.consumed_capacity()));
        } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
            self.add(|usage| usage.read_units += one(output.consumed_capacity()));
        } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            self.add(|usage| usage.read_units += units(output.consumed_capacity().iter()));
        } else if let Some(output) = output.downcast_ref::<TransactGetItemsOutput>() {
            self.add(|usage| usage.read_units += units(output.consumed_capacity().iter()));
        } else if let Some(output) = output.downcast_ref::<PutItemOutput>() {
            self.add(|usage| usage.write_units += one(output.consumed_capacity()));
        } else if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
            self.add(|usage| usage.write_units += one(output.consumed_capacity()));
        } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            self.add(|usage| usage.write_units += units(output.consumed_capacity().iter()));
        }
        Ok(())
    }
}

fn units<'a>(capacity: impl Iterator<Item = &'a ConsumedCapacity>) -> f64 {
    capacity.filter_map(ConsumedCapacity::capacity_units).sum()
}
