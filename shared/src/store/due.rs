//! What a sweep has to do, and marking invites as expired.

use super::item::{self, DueItem};
use super::{Item, Store, StoreError, Written, keys, n, s, values, written};
use crate::domain::{DealId, InviteId, Stored, Timestamp};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use keys::Queue;

/// Rows of the due index in one request.
const PAGE: i32 = 250;

/// An invite that is due, as the index shows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Due {
    /// Its deal.
    pub deal: DealId,
    /// The invite.
    pub invite: InviteId,
    /// The send that is due.
    pub sends: u32,
    /// How many tries that send had.
    pub tries: u32,
    /// Since when it is due.
    pub due_at: Timestamp,
}

impl Store {
    /// What is due in one shard, the longest overdue first, and where to go on. The index may lag behind the table:
    /// what it shows is a hint, and the write that follows decides.
    ///
    /// # Errors
    /// [`StoreError`].
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

    /// Marks an invite as expired, unless something happened to it since (I7): the rule is
    /// [`may_expire`](crate::domain::expire::may_expire). True when it is marked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expire_invite(&self, due: &Due) -> Result<bool, StoreError> {
        let update = self
            .update_invite(
                due.deal,
                due.invite,
                values([
                    (":open", s("open")),
                    (":expired", s("expired")),
                    (":sends", n(due.sends)),
                    (":expiresAt", n(due.due_at.timestamp())),
                    (":listPk", s(keys::list(due.deal, Stored::Expired).unwrap_or_default())),
                ]),
            )
            .update_expression("SET #status = :expired, listPk = :listPk REMOVE duePk, dueAt")
            .condition_expression("#status = :open AND sends = :sends AND expiresAt = :expiresAt")
            .expression_attribute_names("#status", "status");
        Ok(match written(update).await? {
            Written::Done(_) => true,
            // An earlier try of this sweep, or another sweep, has marked this very send.
            Written::Refused(Some(item)) => {
                let invite = item::invite(item)?.invite;
                invite.stored == Stored::Expired
                    && invite.sends == due.sends
                    && invite.expires_at == due.due_at
            }
            Written::Refused(None) => false,
        })
    }
}

fn due(item: Item) -> Result<Due, StoreError> {
    let item: DueItem = item::read(item)?;
    Ok(Due {
        deal: keys::parse_deal(&item.pk).ok_or(StoreError::Corrupt("deal id"))?,
        invite: keys::parse_invite(&item.sk).ok_or(StoreError::Corrupt("invite id"))?,
        sends: item.sends,
        tries: item.tries,
        due_at: item::millis(item.due_at),
    })
}
