//! Taking back: an invite that nobody accepted, or a seat.

use super::{Store, StoreError, item, keys, n, s, values};
use crate::domain::cancel::{CancelRefusal, may_cancel};
use crate::domain::release::{ReleaseRefusal, may_release};
use crate::domain::{DealId, InviteId, PersonId};
use aws_sdk_dynamodb::types::{Delete, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use aws_smithy_types::error::operation::BuildError;

/// How often a release looks again before it is clear that nobody else is changing the invite.
const LOOKS: usize = 10;

impl Store {
    /// Cancels an invite that is not accepted. `expected` is the number of sends that the caller saw.
    ///
    /// It is a transaction, of one action, for its token: without `expected` no condition could tell the repetition of
    /// a plain update from a cancellation of what was invited again since.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_invite(
        &self,
        deal: DealId,
        invite: InviteId,
        expected: Option<u32>,
    ) -> Result<Result<(), CancelRefusal>, StoreError> {
        let action = self.cancel_action(deal, invite, expected);
        let action = action.map_err(|_| StoreError::Corrupt("not a transaction"))?;
        let Err(reasons) = self.transact(vec![action]).await? else { return Ok(Ok(())) };
        let met = reasons.into_iter().find_map(|reason| reason.item.filter(|item| !item.is_empty()));
        let record = met.map(item::invite).transpose()?;
        Ok(Err(may_cancel(record.as_ref(), expected).err().unwrap_or(CancelRefusal::Stale)))
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
        for _ in 0..LOOKS {
            let record = self.invite(deal, invite).await?;
            let sends = record.as_ref().map_or(0, |record| record.invite.sends);
            let learner = match may_release(record.as_ref(), expected) {
                Ok(learner) => learner,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let actions: Result<Vec<_>, BuildError> = [
                self.release_action(deal, invite, sends),
                self.leave_action(deal, learner),
                self.deallocate_action(deal),
            ]
            .into_iter()
            .collect();
            let actions = actions.map_err(|_| StoreError::Corrupt("not a transaction"))?;
            if self.transact(actions).await?.is_ok() {
                return Ok(Ok(()));
            }
            // Something happened since the read: look again.
        }
        Err(StoreError::Corrupt("an accepted invite has no seat"))
    }

    fn cancel_action(
        &self,
        deal: DealId,
        invite: InviteId,
        expected: Option<u32>,
    ) -> Result<TransactWriteItem, BuildError> {
        let mut values =
            values([(":open", s("open")), (":expired", s("expired")), (":cancelled", s("cancelled"))]);
        let unchanged = expected.map_or("", |sends| {
            values.insert(":sends".into(), n(sends));
            " AND sends = :sends"
        });
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", s(keys::deal(deal)))
            .key("sk", s(keys::invite(invite)))
            .update_expression(
                "SET #status = :cancelled REMOVE listPk, listSk, duePk, dueAt, addressPk, addressSk",
            )
            .condition_expression(format!("#status IN (:open, :expired){unchanged}"))
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn release_action(
        &self,
        deal: DealId,
        invite: InviteId,
        sends: u32,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", s(keys::deal(deal)))
            .key("sk", s(keys::invite(invite)))
            .update_expression("SET #status = :released REMOVE listPk, listSk, addressPk, addressSk")
            // One send is accepted once: whose seat it is can't have changed while `sends` has not.
            .condition_expression("#status = :accepted AND sends = :sends")
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(values([
                (":accepted", s("accepted")),
                (":released", s("released")),
                (":sends", n(sends)),
            ])))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn leave_action(&self, deal: DealId, learner: &PersonId) -> Result<TransactWriteItem, BuildError> {
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
