//! Releases a seat: invite, seat and deal in one transaction (I1).

use super::change::{LEAVE_A_WRITER, list_of};
use super::{Result, Store, StoreError, in_time, keys, n, s, values, writer_id};
use crate::clock::Deadline;
use crate::domain::release::{ReleaseRefusal, may_release};
use crate::domain::{InviteKey, InviteState, PersonId, Queued, Timestamp, whole_seconds};
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};

/// After this many refused transactions the items must disagree: nobody changes an invite that often.
const LOOKS: usize = 10;

impl Store {
    /// Reads the invite first: the seat's key holds the learner. After an error the seat may be released.
    pub async fn release_seat(
        &self,
        key: InviteKey,
        expected: Option<u32>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Result<(), ReleaseRefusal>> {
        let released = async {
            for _ in 0..LOOKS {
                let invite = self.invite(key).await?.map(|record| record.invite);
                let learner = match may_release(invite.as_ref(), expected) {
                    Ok(learner) => learner,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let sends = invite.as_ref().map_or(0, |invite| invite.sends);
                if self.transact(self.release_actions(key, learner, sends, now)?).await?.is_ok() {
                    return Ok(Ok(()));
                }
            }
            Err(StoreError::Corrupt("an accepted invite has no seat"))
        };
        in_time(deadline, "TransactWriteItems", released).await
    }

    fn release_actions(
        &self,
        key: InviteKey,
        learner: &PersonId,
        sends: u32,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>> {
        let removed = Queued { at: whole_seconds(now), order: 0 };
        let release = self.update_action(
            keys::invite_key(key),
            &format!(
                "SET #status = :released, removedAt = :now, listPk = :listPk, listSk = :listSk, \
                 {LEAVE_A_WRITER} REMOVE addressPk, addressSk"
            ),
            // A send is accepted only once, so an unchanged `sends` means the same learner.
            "#status = :accepted AND sends = :sends",
            values([
                (":accepted", s("accepted")),
                (":released", s("released")),
                (":sends", n(sends)),
                (":now", n(now.timestamp())),
                (":listPk", s(keys::list(key.deal, InviteState::Released))),
                (":listSk", s(keys::place(removed, key.invite))),
                (":one", n(1)),
                (":writer", list_of(&writer_id()?)),
            ]),
        )?;
        let leave = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(keys::seat_key(learner, key.deal)))
            .condition_expression("attribute_exists(pk)")
            .build();
        let leave = leave.map_err(|_| StoreError::Corrupt("not a delete"))?;
        let deallocate = self.update_action(
            keys::deal_key(key.deal),
            "SET allocated = allocated - :one",
            "allocated >= :one",
            values([(":one", n(1))]),
        )?;
        Ok(vec![release, TransactWriteItem::builder().delete(leave).build(), deallocate])
    }
}
