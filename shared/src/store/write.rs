//! Conditional writes: of one item, or of several in a transaction.

use super::{Item, Result, Store, StoreError, n, retry};
use aws_sdk_dynamodb::Error;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsFluentBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use std::collections::HashMap;

/// The item after an update or before a deletion, or the item that failed the condition, if there is one.
pub(super) type Written = Result<Item, Option<Item>>;

/// After a refusal, one reason for each action.
pub(super) type Transacted = Result<(), Vec<CancellationReason>>;

impl Store {
    pub(super) async fn update(
        &self,
        key: Item,
        update: impl Into<String>,
        condition: impl Into<String>,
        values: Item,
    ) -> Result<Written> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match Box::pin(update.send()).await {
            Ok(output) => Ok(Ok(output.attributes.unwrap_or_default())),
            Err(error) => refused("UpdateItem", error).map(Err),
        }
    }

    /// `Ok` also if the item was not there and the condition holds of nothing.
    pub(super) async fn delete(&self, key: Item, condition: String, values: Item) -> Result<Written> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match Box::pin(delete.send()).await {
            Ok(output) => Ok(Ok(output.attributes.unwrap_or_default())),
            Err(error) => refused("DeleteItem", error).map(Err),
        }
    }

    /// `#name` stands for the attribute `name`, where that is a word that DynamoDB reserves. The condition may be empty.
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
            .set_condition_expression(Some(condition.to_owned()).filter(|condition| !condition.is_empty()))
            .set_expression_attribute_names(Some(names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let update = update.map_err(|_| StoreError::Corrupt("not an update"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// A transaction of one update, for its token: a plain update that the SDK repeats late would undo a newer write.
    pub(super) async fn update_once(
        &self,
        key: Item,
        update: &str,
        condition: &str,
        values: Item,
    ) -> Result<Transacted> {
        self.transact(vec![self.update_action(key, update, condition, values)?]).await
    }

    pub(super) fn create_action(&self, item: Item) -> Result<TransactWriteItem> {
        Ok(TransactWriteItem::builder().put(self.put(item, None)?).build())
    }

    /// Replaces the item with this version, or creates an item.
    pub(super) fn put(&self, item: Item, seen: Option<u32>) -> Result<Put> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match seen {
            Some(version) => {
                put.condition_expression("version = :seen").expression_attribute_values(":seen", n(version))
            }
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        put.build().map_err(|_| StoreError::Corrupt("not a put"))
    }

    /// The SDK adds a token, which stays the same when it repeats the transaction.
    pub(super) fn transaction(&self, actions: Vec<TransactWriteItem>) -> TransactWriteItemsFluentBuilder {
        self.client.transact_write_items().set_transact_items(Some(actions))
    }

    pub(super) async fn transact(&self, actions: Vec<TransactWriteItem>) -> Result<Transacted> {
        let Err(error) = Box::pin(self.transaction(actions).send()).await else { return Ok(Ok(())) };
        let reasons = retry::reasons(error.as_service_error());
        // A failed condition is an answer, so it outranks conflicts.
        if reasons.iter().any(retry::is_condition) {
            return Ok(Err(reasons.to_vec()));
        }
        Err(StoreError::from_sdk("TransactWriteItems", &error))
    }
}

/// The item that failed the condition, if there is one.
pub(super) fn refused<E: ProvideErrorMetadata>(
    operation: &'static str,
    error: SdkError<E>,
) -> Result<Option<Item>>
where
    Error: From<SdkError<E>>,
{
    let failure = StoreError::from_sdk(operation, &error);
    match error.into() {
        Error::ConditionalCheckFailedException(refused) => Ok(refused.item),
        _ => Err(failure),
    }
}
