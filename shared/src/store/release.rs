//! Releasing a seat.

use super::change::{LEAVE_A_WRITER, list_of, writer_id};
use super::{Store, StoreError, keys, n, s, values};
use crate::domain::release::{ReleaseRefusal, may_release};
use crate::domain::{DealId, Invite, InviteKey, InviteState, PersonId, Queued, Timestamp, whole_seconds};
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};

/// How often a release looks again before it is clear that nobody else is changing the invite.
const LOOKS: usize = 10;

impl Store {
    /// Releases the seat of an accepted invite: invite, seat and deal in one transaction (I1). Whose seat it is has
    /// to be read first, because the seat's key is the learner's.
    pub async fn release_seat(
        &self,
        key: InviteKey,
        expected: Option<u32>,
        now: Timestamp,
    ) -> Result<Result<(), ReleaseRefusal>, StoreError> {
        for _ in 0..LOOKS {
            let invite = self.invite(key).await?.map(|record| record.invite);
            let learner = match may_release(invite.as_ref(), expected) {
                Ok(learner) => learner,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let Some(invite) = &invite else { return Ok(Err(ReleaseRefusal::NotFound)) };
            let actions = vec![
                self.release_action(key.deal, invite, &writer_id()?, now)?,
                self.leave_action(key.deal, learner)?,
                self.deallocate_action(key.deal)?,
            ];
            if self.transact(actions).await?.is_ok() {
                return Ok(Ok(()));
            }
            // Something happened since the read: look again.
        }
        Err(StoreError::Corrupt("an accepted invite has no seat"))
    }

    fn release_action(
        &self,
        deal: DealId,
        invite: &Invite,
        writer: &str,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let removed = Queued { at: whole_seconds(now), order: 0 };
        self.update_action(
            (keys::deal(deal), keys::invite(invite.id)),
            format!(
                "SET #status = :released, removedAt = :now, listPk = :listPk, listSk = :listSk, \
                 {LEAVE_A_WRITER} REMOVE addressPk, addressSk"
            ),
            // One send is accepted once: whose seat it is can't have changed while `sends` has not.
            "#status = :accepted AND sends = :sends",
            &[("#status", "status")],
            values([
                (":accepted", s("accepted")),
                (":released", s("released")),
                (":sends", n(invite.sends)),
                (":now", n(now.timestamp())),
                (":listPk", s(keys::list(deal, InviteState::Released))),
                (":listSk", s(keys::place(removed, invite.id))),
                (":one", n(1)),
                (":writer", list_of(writer)),
            ]),
        )
    }

    fn leave_action(&self, deal: DealId, learner: &PersonId) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", s(keys::learner(learner)))
            .key("sk", s(keys::seat(deal)))
            .condition_expression("attribute_exists(pk)")
            .build();
        let delete = delete.map_err(|_| StoreError::Corrupt("not a delete"))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn deallocate_action(&self, deal: DealId) -> Result<TransactWriteItem, StoreError> {
        self.update_action(
            (keys::deal(deal), keys::DEAL.to_owned()),
            "SET allocated = allocated - :one",
            "allocated >= :one",
            &[],
            values([(":one", n(1))]),
        )
    }
}
