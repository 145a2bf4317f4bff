//! What a sweep has to do.

use super::item::{self, DueItem};
use super::{Item, Store, StoreError, keys, n, s, values};
use crate::domain::{InviteKey, Timestamp};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use keys::Queue;

/// Rows of the due index in one request.
const PAGE: i32 = 250;

/// An invite that is due, as the index shows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Due {
    /// The invite.
    pub key: InviteKey,
    /// Since when it is due.
    pub due_at: Timestamp,
}

impl Store {
    /// What is due in one shard, the longest overdue first, and where to go on. The index may lag behind the table:
    /// what it shows is a hint, and the write that follows decides.
    pub async fn due_invites(
        &self,
        queue: Queue,
        shard: u8,
        now: Timestamp,
        after: Option<Item>,
    ) -> Result<(Vec<Due>, Option<Item>), StoreError> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(keys::DUE)
            .key_condition_expression("duePk = :pk AND dueAt <= :now")
            .set_expression_attribute_values(Some(values([
                (":pk", s(keys::due(queue, shard))),
                (":now", n(now.timestamp_millis())),
            ])))
            .limit(PAGE)
            .set_exclusive_start_key(after)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("Query", &error))?;
        let due = item::readable(output.items.unwrap_or_default(), due);
        Ok((due, output.last_evaluated_key))
    }
}

fn due(item: Item) -> Result<Due, StoreError> {
    let DueItem { pk, sk, due_at } = item::read(item)?;
    Ok(Due { key: keys::parse_invite_key(&pk, &sk)?, due_at: item::millis(due_at) })
}
