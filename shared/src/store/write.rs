//! Writes under a condition: of one item, and of several in a transaction.

use super::{Item, Result, Store, StoreError, retry};
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use std::collections::HashMap;

pub(super) enum WriteOutcome {
    /// The item as it is now.
    Done(Item),
    /// The item that the condition met, if there is one.
    Refused(Option<Item>),
}

impl Store {
    pub(super) async fn update(
        &self,
        key: Item,
        update: impl Into<String>,
        condition: impl Into<String>,
        values: Item,
    ) -> Result<WriteOutcome> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let sent = Box::pin(update.send()).await;
        match sent.map_err(|error| (StoreError::from_sdk("UpdateItem", &error), error.into_service_error())) {
            Ok(output) => Ok(WriteOutcome::Done(output.attributes.unwrap_or_default())),
            Err((_, UpdateItemError::ConditionalCheckFailedException(refused))) => {
                Ok(WriteOutcome::Refused(refused.item))
            }
            Err((error, _)) => Err(error),
        }
    }

    /// An update as one action of a transaction. `#name` in an expression is the attribute `name`, whose name is a
    /// reserved word.
    pub(super) fn update_action(
        &self,
        key: Item,
        update: &str,
        condition: &str,
        values: Item,
    ) -> Result<TransactWriteItem> {
        let names = [update, condition].into_iter().flat_map(|expression| expression.split('#').skip(1));
        let names: HashMap<_, _> = names
            .map(|text| text.chars().take_while(char::is_ascii_alphanumeric).collect())
            .map(|name: String| (format!("#{name}"), name))
            .collect();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let update = update.map_err(|_| StoreError::Corrupt("not an update"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// A put of an item that must be new, as one action of a transaction.
    pub(super) fn create_action(&self, item: Item) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let put = put.map_err(|_| StoreError::Corrupt("not a put"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A transaction, under a token that stays the same when the SDK repeats it.
    pub(super) fn transaction(&self, actions: Vec<TransactWriteItem>) -> TransactWriteItemsFluentBuilder {
        self.client
            .transact_write_items()
            .set_transact_items(Some(actions))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// Sends a transaction: done, by this attempt or an earlier one, or refused for these reasons, one for each action.
    pub(super) async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
    ) -> Result<Result<(), Vec<CancellationReason>>> {
        let Err(error) = Box::pin(self.transaction(actions).send()).await else { return Ok(Ok(())) };
        let reasons = retry::reasons(error.as_service_error());
        // A condition is an answer, and outranks conflicts.
        if reasons.iter().any(retry::is_condition) {
            return Ok(Err(reasons.to_vec()));
        }
        Err(StoreError::from_sdk("TransactWriteItems", &error))
    }
}
