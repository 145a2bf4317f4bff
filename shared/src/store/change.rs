//! The one write of an invite, for every rule: optimistic locking on `version`
//! (`docs/decisions/0021-one-write-for-all-rules.md`). A refused write returns the current item, and the rule
//! is applied to that item. Every write leaves the id of its writer, and an item keeps the last eight, so
//! that a write whose response got lost recognises itself when the SDK repeats it.

use super::item::{self, InviteRecord};
use super::{Backoff, Result, Store, StoreError, in_time, n, s, writer_id};
use crate::clock::{self, Deadline};
use crate::domain::{Invite, InviteKey, Timestamp};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use chrono::Duration as Span;
use futures_util::future;

const ATTEMPTS: u32 = 10;

/// Every other write of an invite contains this clause. Without the clause, a change that read the invite
/// before would silently undo that write.
pub(super) const LEAVE_A_WRITER: &str = "version = version + :one, writers = list_append(writers, :writer)";

pub(super) fn list_of(writer: &str) -> AttributeValue {
    AttributeValue::L(vec![s(writer)])
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each write, and most have a record")]
pub enum Seen {
    /// Probably a new invite. If there is one after all, the refused write returns it.
    Nothing,
    /// As read, or as an earlier write left it; `None` if there was no invite.
    Record(Option<InviteRecord>),
    /// The invite probably exists, so it is read first.
    Unread,
}

#[derive(Clone, Debug)]
pub enum Changed<R> {
    /// The stored invite. After a lost response it may include later changes by others.
    Done(InviteRecord),
    /// The rule's refusal, and the current invite.
    Refused(R, Option<InviteRecord>),
}

impl Store {
    /// Applies `rule` and stores the result; after a conflict, applies `rule` to the current invite. An
    /// unchanged invite is not written. `now` is the time of the request; the rule gets the time of each
    /// attempt. After [`StoreError::Unavailable`] the change may have happened all the same.
    pub async fn change<R>(
        &self,
        key: InviteKey,
        seen: Seen,
        now: Timestamp,
        deadline: Deadline,
        rule: impl Fn(Option<&Invite>, Timestamp) -> Result<Invite, R>,
    ) -> Result<Changed<R>> {
        let (watch, asked_at) = (clock::start(), now);
        let changed = async {
            let writer = writer_id()?;
            let mut existing = match seen {
                Seen::Nothing => None,
                Seen::Record(record) => record,
                Seen::Unread => self.invite(key).await?,
            };
            let mut backoff = Backoff::default();
            for attempt in 0..ATTEMPTS {
                // The first retry is immediate; the others back off.
                if attempt > 1 {
                    backoff.wait().await;
                }
                let now = asked_at + Span::from_std(watch.elapsed()).unwrap_or_default();
                let invite = match rule(existing.as_ref().map(|record| &record.invite), now) {
                    Ok(invite) => invite,
                    Err(refusal) => return Ok(Changed::Refused(refusal, existing)),
                };
                if let Some(unchanged) = existing.take_if(|record| record.invite == invite) {
                    return Ok(Changed::Done(unchanged));
                }
                let next = InviteRecord::next(key, existing.as_ref(), invite, &writer, now);
                match self.put_invite(&next, existing.as_ref()).await? {
                    Ok(()) => return Ok(Changed::Done(next)),
                    Err(Some(met)) if met.writers.contains(&writer) => return Ok(Changed::Done(met)),
                    Err(met) => existing = met,
                }
            }
            Err(StoreError::without_answer("PutItem", "too many writers"))
        };
        in_time(deadline, "PutItem", changed).await
    }

    /// Applies a rule to each of two invites and stores both results or none, each on its version. Returns the second
    /// invite. The transaction's token recognises a repetition whose response was lost.
    pub async fn change_both<R>(
        &self,
        keys: [InviteKey; 2],
        now: Timestamp,
        deadline: Deadline,
        first: impl Fn(Option<&Invite>, Timestamp) -> Result<Invite, R>,
        second: impl Fn(Option<&Invite>, Timestamp) -> Result<Invite, R>,
    ) -> Result<Changed<R>> {
        let (watch, asked_at) = (clock::start(), now);
        let changed = async {
            let writer = writer_id()?;
            let mut backoff = Backoff::default();
            for attempt in 0..ATTEMPTS {
                if attempt > 1 {
                    backoff.wait().await;
                }
                let now = asked_at + Span::from_std(watch.elapsed()).unwrap_or_default();
                let [one, other] = keys.map(|key| self.invite(key));
                let (one, other) = future::try_join(one, other).await?;
                let invite =
                    |record: &Option<InviteRecord>| record.as_ref().map(|record| record.invite.clone());
                let ruled = first(invite(&one).as_ref(), now)
                    .and_then(|changed| Ok((changed, second(invite(&other).as_ref(), now)?)));
                let (changed, next) = match ruled {
                    Ok(both) => both,
                    Err(refusal) => return Ok(Changed::Refused(refusal, other)),
                };
                let [one_key, other_key] = keys;
                let changed = InviteRecord::next(one_key, one.as_ref(), changed, &writer, now);
                let next = InviteRecord::next(other_key, other.as_ref(), next, &writer, now);
                let puts =
                    [self.put_action(&changed, one.as_ref())?, self.put_action(&next, other.as_ref())?];
                if self.transact(puts.into()).await?.is_ok() {
                    return Ok(Changed::Done(next));
                }
            }
            Err(StoreError::without_answer("TransactWriteItems", "too many writers"))
        };
        in_time(deadline, "TransactWriteItems", changed).await
    }

    fn put_action(&self, next: &InviteRecord, seen: Option<&InviteRecord>) -> Result<TransactWriteItem> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item::of_invite(next)?));
        let put = match seen {
            Some(seen) => put
                .condition_expression("version = :seen")
                .expression_attribute_values(":seen", n(seen.version)),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        let put = put.build().map_err(|_| StoreError::Corrupt("not a put"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// After a conflict, returns the current invite.
    async fn put_invite(
        &self,
        next: &InviteRecord,
        seen: Option<&InviteRecord>,
    ) -> Result<Result<(), Option<InviteRecord>>> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item::of_invite(next)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let put = match seen {
            Some(seen) => put
                .condition_expression("version = :seen")
                .expression_attribute_values(":seen", n(seen.version)),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        let Err(error) = Box::pin(put.send()).await else { return Ok(Ok(())) };
        match (StoreError::from_sdk("PutItem", &error), error.into_service_error()) {
            (_, PutItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Err(refused.item.map(item::invite).transpose()?))
            }
            (error, _) => Err(error),
        }
    }
}
