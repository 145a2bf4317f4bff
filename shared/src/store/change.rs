//! The one write of an invite: optimistic locking, for every rule, knowing none of them.
//!
//! What a rule returns replaces the item on condition that nobody wrote it since it was seen (`version`). A refused write
//! returns the item that it met, and the rule is asked again about that one.
//!
//! Every write leaves the id of its writer, and an item keeps the last eight. A write whose answer got lost is repeated
//! and refused by its own version; it finds its id among the writers then, whoever wrote since, and is done.

use super::item::{self, InviteRecord};
use super::{Result, Store, StoreError, in_time, jitter, n, s, writer_id};
use crate::clock::{Deadline, Stopwatch};
use crate::domain::{Invite, InviteKey, Timestamp};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use chrono::Duration as Span;
use std::time::Duration;

/// How often a rule is applied before it is clear that others keep writing the invite.
const ATTEMPTS: u32 = 10;

/// The longest wait after a first refusal; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(20);

const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What every other write of an invite does as well, in an update expression with `:one` and `:writer`. A write that left
/// it out would be undone silently by whoever saw the invite before it.
pub(super) const LEAVE_A_WRITER: &str = "version = version + :one, writers = list_append(writers, :writer)";

/// What `:writer` stands for.
pub(super) fn list_of(writer: &str) -> AttributeValue {
    AttributeValue::L(vec![s(writer)])
}

/// What the caller knows of an invite.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each write, and most have a record")]
pub enum Seen {
    /// Nothing: most likely there is none. If there is one after all, the refused write returns it.
    Nothing,
    /// The invite as it was read, or as an earlier write left it; none if there was none.
    Record(Option<InviteRecord>),
    /// Nothing, but there should be one: it is read first.
    Unread,
}

#[derive(Clone, Debug)]
pub enum Changed<R> {
    /// The rule allowed it, and it is stored; the invite as it is now. After a write whose answer got lost that may be
    /// what others have made of it since.
    Done(InviteRecord),
    /// The rule refused, for this reason; the invite as it is.
    Refused(R, Option<InviteRecord>),
}

impl Store {
    /// Applies `rule` to the invite and stores the result, unless somebody else wrote it first: then applies it to what
    /// is there now. If the rule changes nothing, nothing is written. `now` is the time of the request; the rule gets
    /// the time of each attempt. When the time is up or others keep writing the invite, the answer is
    /// [`StoreError::Unavailable`], and the change may have happened all the same.
    pub async fn change<R>(
        &self,
        key: InviteKey,
        seen: Seen,
        now: Timestamp,
        deadline: Deadline,
        rule: impl Fn(Option<&Invite>, Timestamp) -> Result<Invite, R>,
    ) -> Result<Changed<R>> {
        let (watch, asked_at) = (Stopwatch::start(), now);
        let changed = async {
            let writer = writer_id()?;
            let mut existing = match seen {
                Seen::Nothing => None,
                Seen::Record(record) => record,
                Seen::Unread => self.invite(key).await?,
            };
            let mut wait = FIRST_WAIT;
            for attempt in 0..ATTEMPTS {
                // From the second refusal on, others are given a moment.
                if attempt > 1 {
                    tokio::time::sleep(wait.mul_f64(jitter())).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                let now = asked_at + Span::from_std(watch.elapsed()).unwrap_or_default();
                let invite = match rule(existing.as_ref().map(|record| &record.invite), now) {
                    Ok(invite) => invite,
                    Err(refusal) => return Ok(Changed::Refused(refusal, existing)),
                };
                if let Some(unchanged) = existing.take_if(|record| record.invite == invite) {
                    return Ok(Changed::Done(unchanged));
                }
                let next = InviteRecord::next(key, existing.as_ref(), invite, &writer);
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

    /// Writes the whole item. If somebody wrote it since `seen`, the invite as it is comes back.
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
