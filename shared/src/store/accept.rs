//! Accepting and previewing: one round trip, whatever the token is worth.

use super::change::{LEAVE_A_WRITER, list_of, writer_id};
use super::{Store, StoreError, item, keys, n, s, values};
use crate::clock::{Deadline, Stopwatch};
use crate::domain::accept::{AcceptRefusal, deal_accepts, invite_accepts, known, may_accept};
use crate::domain::address_digest;
use crate::domain::{Deal, DealId, Email, Invite, InviteState, Link, PersonId, Timestamp, whole_seconds};
use aws_sdk_dynamodb::config;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Get, Put, ReturnConsumedCapacity, TransactGetItem, TransactWriteItem,
};
use aws_smithy_types::error::operation::BuildError;
use aws_smithy_types::retry::RetryConfig;
use chrono::Duration as Span;
use futures_util::future;
use std::time::Duration;

/// What became of accepting.
#[derive(Clone, PartialEq, Debug)]
pub enum AcceptOutcome {
    /// The learner holds a seat of this deal, since then.
    Accepted {
        /// The deal.
        deal: Box<Deal>,
        /// When the seat was taken.
        accepted_at: Timestamp,
    },
    /// No seat was given.
    Refused(AcceptRefusal),
}

/// What a link is worth.
#[derive(Clone, PartialEq, Debug)]
pub enum PreviewOutcome {
    /// A link of the newest send.
    Shown(Box<Invite>, Box<Deal>),
    /// A link that gives nothing to show.
    Refused(AcceptRefusal),
}

impl Store {
    /// Gives the learner a seat: invite, seat and deal in one transaction, and nothing before it (I1). The deal is
    /// read at the same time, for the organisation in the answer.
    ///
    /// # Errors
    /// [`StoreError`]; when it went through all the same, accepting again gives the same answer.
    pub async fn accept_invite(
        &self,
        link: &Link,
        learner: &PersonId,
        email: Option<&Email>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<AcceptOutcome, StoreError> {
        let (watch, asked_at) = (Stopwatch::start(), now);
        let digest = email.map(|email| address_digest(link.deal, email));
        let writer = writer_id()?;
        let mut wait = Duration::from_millis(20);
        loop {
            // Waiting for others must not carry anybody past an expiry (I2).
            let now = asked_at + Span::from_std(watch.elapsed()).unwrap_or_default();
            let accepted_at = whole_seconds(now);
            let (written, deal) = future::join(
                self.take_seat(link, learner, digest.as_deref(), &writer, accepted_at),
                self.deal(link.deal),
            )
            .await;
            let refusal = match written? {
                AcceptWrite::Taken => {
                    let deal = deal?.ok_or(StoreError::Corrupt("no deal"))?;
                    return Ok(AcceptOutcome::Accepted { deal: Box::new(deal), accepted_at });
                }
                AcceptWrite::Refused(reasons) => explain(reasons, link, learner, now)?,
                // Others are at the same deal: its seats may be gone by now, and then there is nothing to queue for. Or
                // the answer got lost: then the seat may be theirs.
                AcceptWrite::Unsure(error) => {
                    let refusal = self.look(link, learner, now).await?.and_then(Result::err);
                    if refusal.is_none() && deadline.left() <= wait {
                        return Err(error);
                    }
                    refusal
                }
            };
            match refusal {
                Some(AcceptRefusal::AlreadyYours { accepted_at }) => {
                    let deal = deal?.ok_or(StoreError::Corrupt("no deal"))?;
                    return Ok(AcceptOutcome::Accepted { deal: Box::new(deal), accepted_at });
                }
                Some(refusal) => return Ok(AcceptOutcome::Refused(refusal)),
                // Nothing speaks against it (any more): once more.
                None => {
                    tokio::time::sleep(wait.mul_f64(super::jitter())).await;
                    wait = (wait * 2).min(Duration::from_secs(1));
                }
            }
        }
    }

    /// What the link shows to whoever holds it; changes nothing.
    pub async fn preview(&self, link: &Link) -> Result<PreviewOutcome, StoreError> {
        let (deal, record) = self.deal_and_invite(link.key()).await?;
        let hash = link.secret.hash();
        let invite = record.map(|record| record.invite);
        let (Ok(invite), Some(deal)) = (known(invite.as_ref(), &hash), deal) else {
            return Ok(PreviewOutcome::Refused(AcceptRefusal::UnknownInvite));
        };
        Ok(if matches!(invite.state, InviteState::Cancelled | InviteState::Released) {
            PreviewOutcome::Refused(AcceptRefusal::Cancelled)
        } else if !invite.links.current.contains(&hash) {
            PreviewOutcome::Refused(AcceptRefusal::Superseded)
        } else {
            PreviewOutcome::Shown(Box::new(invite.clone()), Box::new(deal))
        })
    }

    async fn take_seat(
        &self,
        link: &Link,
        learner: &PersonId,
        accepted_as: Option<&str>,
        writer: &str,
        now: Timestamp,
    ) -> Result<AcceptWrite, StoreError> {
        let actions = vec![
            self.accept_action(link, learner, accepted_as, writer, now)?,
            self.seat_action(link, learner, now)?,
            self.allocate_action(link.deal, now)?,
        ];
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            // The caller repeats it: with the time as it is then, and after a look at what there is left to gain.
            .config_override(config::Config::builder().retry_config(RetryConfig::disabled()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(AcceptWrite::Taken),
            Err(SdkError::ServiceError(service)) if super::retry::is_first_answer(service.err()) => {
                match service.into_err() {
                    TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                        Ok(AcceptWrite::Refused(cancelled.cancellation_reasons.unwrap_or_default()))
                    }
                    _ => Err(StoreError::Corrupt("no reasons")),
                }
            }
            Err(SdkError::ServiceError(service))
                if super::retry::only_conflicts(service.err()) || super::retry::is_answer(service.err()) =>
            {
                let error = SdkError::ServiceError(service);
                Ok(AcceptWrite::Unsure(StoreError::from_sdk("TransactWriteItems", &error)))
            }
            Err(error) => {
                let error = StoreError::from_sdk("TransactWriteItems", &error);
                if error.is_passing() { Ok(AcceptWrite::Unsure(error)) } else { Err(error) }
            }
        }
    }

    fn accept_action(
        &self,
        link: &Link,
        learner: &PersonId,
        accepted_as: Option<&str>,
        writer: &str,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut values = values([
            (":open", s("open")),
            (":accepted", s("accepted")),
            (":sent", s("sent")),
            (":link", s(link.secret.hash().as_str())),
            (":now", n(now.timestamp())),
            (":learner", s(learner.as_str())),
            (":listPk", s(keys::list(link.deal, InviteState::Accepted))),
            (":one", n(1)),
            (":writer", list_of(writer)),
        ]);
        let digest = accepted_as.map_or("", |digest| {
            values.insert(":acceptedAs".into(), s(digest));
            ", acceptedAs = :acceptedAs"
        });
        self.update_action(
            (keys::deal(link.deal), keys::invite(link.invite)),
            // A click proves that a mail arrived: delivery is settled with it.
            format!(
                "SET #status = :accepted, acceptedAt = :now, learner = :learner, listPk = :listPk, \
                 delivery = :sent, sentAt = attemptedAt{digest}, {LEAVE_A_WRITER} \
                 REMOVE duePk, dueAt, attentionPk, attentionSk, sentUntil, failure, failedAt"
            ),
            "#status = :open AND contains(links, :link) AND expiresAt > :now",
            &[("#status", "status")],
            values,
        )
    }

    fn seat_action(
        &self,
        link: &Link,
        learner: &PersonId,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let seat = Put::builder()
            .table_name(&self.table)
            .item("pk", s(keys::learner(learner)))
            .item("sk", s(keys::seat(link.deal)))
            .item("v", n(item::VERSION))
            .item("invite", s(link.invite.to_string()))
            .item("acceptedAt", n(now.timestamp()))
            .item("purgeAt", n(link.deal.purge_at().timestamp()))
            .condition_expression("attribute_not_exists(pk)")
            .build();
        let seat = seat.map_err(|_| StoreError::Corrupt("not a put"))?;
        Ok(TransactWriteItem::builder().put(seat).build())
    }

    fn allocate_action(&self, deal: DealId, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        self.update_action(
            (keys::deal(deal), keys::DEAL.to_owned()),
            "SET allocated = allocated + :one",
            "allocated < seats AND startsAt <= :now AND endsAt > :now",
            &[],
            values([(":one", n(1)), (":now", n(now.timestamp()))]),
        )
    }

    /// Reads what the transaction would meet, all of one instant, and asks the rule. `None` when others are writing.
    async fn look(
        &self,
        link: &Link,
        learner: &PersonId,
        now: Timestamp,
    ) -> Result<Option<Result<(), AcceptRefusal>>, StoreError> {
        let keys = [
            (keys::deal(link.deal), keys::invite(link.invite)),
            (keys::deal(link.deal), keys::DEAL.to_owned()),
            (keys::learner(learner), keys::seat(link.deal)),
        ];
        let gets = keys.into_iter().map(|(pk, sk)| {
            let get = Get::builder().table_name(&self.table).key("pk", s(pk)).key("sk", s(sk)).build()?;
            Ok(TransactGetItem::builder().get(get).build())
        });
        let gets: Result<Vec<_>, BuildError> = gets.collect();
        let read = self
            .client
            .transact_get_items()
            .set_transact_items(Some(gets.map_err(|_| StoreError::Corrupt("not a transaction"))?))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let output = match read {
            Ok(output) => output,
            Err(SdkError::ServiceError(service)) if service.err().is_transaction_canceled_exception() => {
                return Ok(None);
            }
            Err(error) => return Err(StoreError::from_sdk("TransactGetItems", &error)),
        };
        let mut items = output.responses.unwrap_or_default().into_iter().map(|response| response.item);
        let mut next = || items.next().flatten().filter(|item| !item.is_empty());
        let (record, deal, seat) = (next(), next(), next());
        let (record, deal) = (record.map(item::invite).transpose()?, deal.map(item::deal).transpose()?);
        let (invite, hash) = (record.map(|record| record.invite), link.secret.hash());
        Ok(Some(may_accept(invite.as_ref(), deal.as_ref(), seat.is_some(), &hash, learner, now)))
    }
}

/// What DynamoDB said to the transaction.
enum AcceptWrite {
    Taken,
    /// A reason for each action, in their order.
    Refused(Vec<CancellationReason>),
    /// A conflict with others, or no (readable) answer at all.
    Unsure(StoreError),
}

fn failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Why the transaction was refused, from the items that its conditions met. `None` when the rule finds nothing
/// against it: what the condition met has changed since.
fn explain(
    reasons: Vec<CancellationReason>,
    link: &Link,
    learner: &PersonId,
    now: Timestamp,
) -> Result<Option<AcceptRefusal>, StoreError> {
    let mut reasons = reasons.into_iter();
    let mut next = || reasons.next().filter(failed);
    let (invite, seat, deal) = (next(), next(), next());
    if let Some(reason) = invite {
        let record = reason.item.filter(|item| !item.is_empty()).map(item::invite).transpose()?;
        let (invite, hash) = (record.map(|record| record.invite), link.secret.hash());
        let verdict =
            known(invite.as_ref(), &hash).and_then(|invite| invite_accepts(invite, &hash, learner, now));
        return Ok(verdict.err());
    }
    if seat.is_some() {
        return Ok(Some(AcceptRefusal::AlreadySeated));
    }
    match deal.and_then(|reason| reason.item).filter(|item| !item.is_empty()) {
        Some(item) => Ok(deal_accepts(&item::deal(item)?, now).err()),
        None => Ok(Some(AcceptRefusal::UnknownInvite)),
    }
}
