//! Taking back: an invite that nobody accepted, or a seat.

use super::{Outcome, Store, StoreError, attempt_id, keys, n, s, values, written_invite};
use crate::domain::cancel::{CancelRefusal, may_cancel};
use crate::domain::release::{ReleaseRefusal, may_release};
use crate::domain::{DealId, InviteId, LearnerId};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{Delete, ReturnConsumedCapacity, TransactWriteItem, Update};
use aws_smithy_types::error::operation::BuildError;

/// How often a release looks again before it is clear that nobody else is changing the invite.
const LOOKS: usize = 10;

impl Store {
    /// Cancels an invite that is not accepted. `expected` is the number of sends that the caller saw.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_invite(
        &self,
        deal: DealId,
        invite: InviteId,
        expected: Option<u32>,
    ) -> Result<Outcome<CancelRefusal>, StoreError> {
        let attempt = attempt_id()?;
        let mut values = values([
            (":open", s("open")),
            (":expired", s("expired")),
            (":cancelled", s("cancelled")),
            (":attempt", s(&attempt)),
        ]);
        let unchanged = expected.map_or("", |sends| {
            values.insert(":sends".into(), n(sends));
            " AND sends = :sends"
        });
        let update = self
            .update_invite(deal, invite, values)
            .update_expression(
                "SET #status = :cancelled, attempt = :attempt \
                 REMOVE listPk, listSk, duePk, dueAt, addressPk, addressSk",
            )
            // Repeated after a new send, it must not cancel that one.
            .condition_expression(format!(
                "(attribute_not_exists(attempt) OR attempt <> :attempt) AND #status IN (:open, :expired){unchanged}"
            ))
            .expression_attribute_names("#status", "status");
        written_invite(
            update,
            |record| record.attempt.as_ref() == Some(&attempt),
            |record| may_cancel(record, expected).err().unwrap_or(CancelRefusal::Stale),
        )
        .await
    }

    /// Releases the seat of an accepted invite: invite, seat and deal in one transaction (I1). Whose seat it is has
    /// to be read first, because the seat's key is the learner's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release_seat(
        &self,
        deal: DealId,
        invite: InviteId,
        expected: Option<u32>,
    ) -> Result<Result<(), ReleaseRefusal>, StoreError> {
        let attempt = attempt_id()?;
        for _ in 0..LOOKS {
            let record = self.invite(deal, invite).await?;
            if record.as_ref().is_some_and(|record| record.attempt.as_ref() == Some(&attempt)) {
                return Ok(Ok(()));
            }
            let sends = record.as_ref().map_or(0, |record| record.invite.sends);
            let learner = match may_release(record.as_ref(), expected) {
                Ok(learner) => learner,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let actions: Result<Vec<_>, BuildError> = [
                self.release_action(deal, invite, sends, &attempt),
                self.leave_action(deal, learner),
                self.deallocate_action(deal),
            ]
            .into_iter()
            .collect();
            let sent = self
                .client
                .transact_write_items()
                .set_transact_items(Some(actions.map_err(|_| StoreError::Corrupt("not a transaction"))?))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            match sent {
                Ok(_) => return Ok(Ok(())),
                // Something happened since the read: look again.
                Err(SdkError::ServiceError(service)) if super::retry::is_answer(service.err()) => {}
                Err(error) => return Err(StoreError::from_sdk("TransactWriteItems", &error)),
            }
        }
        Err(StoreError::Corrupt("an accepted invite has no seat"))
    }

    fn release_action(
        &self,
        deal: DealId,
        invite: InviteId,
        sends: u32,
        attempt: &str,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", s(keys::deal(deal)))
            .key("sk", s(keys::invite(invite)))
            .update_expression(
                "SET #status = :released, attempt = :attempt REMOVE listPk, listSk, addressPk, addressSk",
            )
            // One send is accepted once: whose seat it is can't have changed while `sends` has not.
            .condition_expression("#status = :accepted AND sends = :sends")
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(values([
                (":accepted", s("accepted")),
                (":released", s("released")),
                (":sends", n(sends)),
                (":attempt", s(attempt)),
            ])))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn leave_action(&self, deal: DealId, learner: &LearnerId) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", s(keys::learner(learner)))
            .key("sk", s(keys::seat(deal)))
            .condition_expression("attribute_exists(pk)")
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn deallocate_action(&self, deal: DealId) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", s(keys::deal(deal)))
            .key("sk", s(keys::DEAL))
            .update_expression("SET allocated = allocated - :one")
            .condition_expression("allocated >= :one")
            .set_expression_attribute_values(Some(values([(":one", n(1))])))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
