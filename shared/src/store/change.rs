//! The one write of an invite: optimistic locking, for every rule, knowing none of them.
//!
//! A rule is a pure function from the invite as it is to the invite as it will be. What it returns replaces the item
//! on condition that nobody wrote it since it was seen (`version`). A refused write returns the item that it met, and
//! the rule is asked again about that one.
//!
//! Every write leaves the id of its writer, and an item keeps the last eight. A write whose answer got lost is repeated
//! and refused by its own version; it finds its id among the writers then, whoever wrote since, and is done.
//!
//! Accepting and releasing touch more than one item and have conditions of their own
//! ([`accept`](super::accept), [`release`](super::release)). They raise `version` and leave a writer as well.

use super::item::{self, InviteRecord};
use super::{Store, StoreError, jitter, n, random, s};
use crate::clock::{Deadline, Stopwatch};
use crate::domain::{Invite, InviteKey, Timestamp};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration as Span;
use std::time::Duration;

/// How often a rule is applied before it is clear that others keep writing the invite.
const ATTEMPTS: u32 = 10;

/// The longest wait after a first conflict; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What every other write of an invite does as well, in an update expression with `:one` and `:writer`. A write that left
/// it out would be undone silently by whoever saw the invite before it.
pub(super) const LEAVE_A_WRITER: &str = "version = version + :one, writers = list_append(writers, :writer)";

/// What only one call can have written: the same for all its attempts.
pub(super) fn writer_id() -> Result<String, StoreError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<6>()?))
}

/// The value of `:writer` in [`LEAVE_A_WRITER`].
pub(super) fn list_of(writer: &str) -> AttributeValue {
    AttributeValue::L(vec![s(writer)])
}

/// What the caller knows of an invite.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each write, and most have a record")]
pub enum Seen {
    /// Nothing: most likely there is none. It is written without being read, and if there is one after all, the
    /// refusal returns it.
    Nothing,
    /// The invite as it was read, or as an earlier write left it; none if there was none.
    Record(Option<InviteRecord>),
    /// Nothing, but there should be one: it is read first.
    Unread,
}

/// What happened to a change.
#[derive(Clone, Debug)]
pub enum Changed<R> {
    /// The rule allowed it, and it is stored; the invite as it is now. After a write whose answer got lost that may be
    /// what others have made of it since.
    Done(InviteRecord),
    /// The rule refused, for this reason; the invite as it is.
    Refused(R, Option<InviteRecord>),
}

/// What happened to one write.
#[expect(clippy::large_enum_variant, reason = "it is matched at once")]
enum Put {
    Done,
    /// Somebody wrote the invite since it was seen; the invite as it is.
    Met(Option<InviteRecord>),
}

impl Store {
    /// Applies `rule` to the invite and stores the result, unless somebody else wrote it first: then applies it to what
    /// is there now. If the rule changes nothing, nothing is written. `now` is the time of the request; the rule gets
    /// the time of each attempt.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the time is up or others keep writing the invite; the change may have happened
    /// all the same. Other [`StoreError`]s.
    pub async fn change<R>(
        &self,
        key: InviteKey,
        seen: Seen,
        now: Timestamp,
        deadline: Deadline,
        rule: impl Fn(Option<&Invite>, Timestamp) -> Result<Invite, R>,
    ) -> Result<Changed<R>, StoreError> {
        let changed = self.change_until_stored(key, seen, now, rule);
        tokio::time::timeout_at(deadline.instant(), changed)
            .await
            .unwrap_or_else(|_| Err(contended("timeout")))
    }

    async fn change_until_stored<R>(
        &self,
        key: InviteKey,
        seen: Seen,
        asked_at: Timestamp,
        rule: impl Fn(Option<&Invite>, Timestamp) -> Result<Invite, R>,
    ) -> Result<Changed<R>, StoreError> {
        let watch = Stopwatch::start();
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
                Put::Done => return Ok(Changed::Done(next)),
                Put::Met(Some(met)) if met.was_written_by(&writer) => return Ok(Changed::Done(met)),
                Put::Met(met) => existing = met,
            }
        }
        Err(contended("too many writers"))
    }

    /// Writes the whole item, if nobody wrote it since `seen`.
    async fn put_invite(&self, next: &InviteRecord, seen: Option<&InviteRecord>) -> Result<Put, StoreError> {
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
                .expression_attribute_values(":seen", n(seen.version())),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        match put.send().await {
            Ok(_) => Ok(Put::Done),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => {
                match service.into_err() {
                    PutItemError::ConditionalCheckFailedException(refused) => {
                        Ok(Put::Met(refused.item.map(item::invite).transpose()?))
                    }
                    _ => Err(StoreError::Corrupt("no reason")),
                }
            }
            Err(error) => Err(StoreError::from_sdk("PutItem", &error)),
        }
    }
}

/// Nothing is wrong with the data, and asking again later may help.
fn contended(code: &str) -> StoreError {
    StoreError::Unavailable {
        operation: "PutItem",
        code: code.to_owned(),
        status: 0,
        request_id: "none".to_owned(),
    }
}
