//! The one write of an invite, for every rule: optimistic locking on `version`
//! (`docs/decisions/0021-one-write-for-all-rules.md`). A refused write returns the current item, and the rule
//! is applied to that item. Every write leaves the id of its writer, and an item keeps the last eight, so
//! that a write whose response got lost recognises itself when the SDK repeats it.

use super::item::{self, InviteRecord};
use super::write::refused;
use super::{Backoff, Result, Store, StoreError, in_time, writer_id};
use crate::clock::{self, Deadline};
use crate::domain::{Invite, InviteKey, Timestamp};
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use chrono::Duration as Span;
use futures_util::future;

const ATTEMPTS: u32 = 10;

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

/// The stored invite. After a lost response it may include later changes by others.
pub type Changed<R> = Result<InviteRecord, Refused<R>>;

/// The rule's refusal, and the current invite.
#[derive(Clone, Debug)]
pub struct Refused<R>(pub R, pub Option<Box<InviteRecord>>);

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
                    Err(refusal) => return Ok(Err(Refused(refusal, existing.map(Box::new)))),
                };
                if let Some(unchanged) = existing.take_if(|record| record.invite == invite) {
                    return Ok(Ok(unchanged));
                }
                let next = InviteRecord::next(key, existing.as_ref(), invite, &writer, now);
                match self.put_invite(&next, existing.as_ref()).await? {
                    Ok(()) => return Ok(Ok(next)),
                    Err(Some(met)) if met.writers.contains(&writer) => return Ok(Ok(met)),
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
                let ruled = first(one.as_ref().map(|record| &record.invite), now).and_then(|changed| {
                    Ok((changed, second(other.as_ref().map(|record| &record.invite), now)?))
                });
                let (changed, next) = match ruled {
                    Ok(both) => both,
                    Err(refusal) => return Ok(Err(Refused(refusal, other.map(Box::new)))),
                };
                let [one_key, other_key] = keys;
                let changed = InviteRecord::next(one_key, one.as_ref(), changed, &writer, now);
                let next = InviteRecord::next(other_key, other.as_ref(), next, &writer, now);
                let puts = [self.put_of(&changed, one.as_ref())?, self.put_of(&next, other.as_ref())?];
                let puts = puts.map(|put| TransactWriteItem::builder().put(put).build());
                if self.transact(puts.into()).await?.is_ok() {
                    return Ok(Ok(next));
                }
            }
            Err(StoreError::without_answer("TransactWriteItems", "too many writers"))
        };
        in_time(deadline, "TransactWriteItems", changed).await
    }

    pub(super) fn put_of(&self, next: &InviteRecord, seen: Option<&InviteRecord>) -> Result<Put> {
        self.put(item::of_invite(next)?, seen.map(|record| record.version))
    }

    /// After a conflict, returns the current invite.
    async fn put_invite(
        &self,
        next: &InviteRecord,
        seen: Option<&InviteRecord>,
    ) -> Result<Result<(), Option<InviteRecord>>> {
        let put = self.put_of(next, seen)?;
        let put = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_values(put.expression_attribute_values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = Box::pin(put.send()).await else { return Ok(Ok(())) };
        Ok(Err(refused("PutItem", error)?.map(item::invite).transpose()?))
    }
}
