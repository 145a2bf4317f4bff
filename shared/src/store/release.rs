//! Releases a seat: invite, seat and deal in one transaction (I1).

use super::change::{LEAVE_A_TRACE, trace};
use super::{Result, Store, StoreError, in_time, keys, n, s, values, writer_id};
use crate::clock::Deadline;
use crate::domain::cancel::removed_until;
use crate::domain::release::may_release;
use crate::domain::{
    History, HistoryEvent, Invite, InviteKey, InviteRefusal, InviteState, PersonId, Timestamp, whole_seconds,
};
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};

/// After this many refused transactions the items must disagree: nobody changes an invite that often.
const LOOKS: usize = 10;

impl Store {
    /// Reads the invite first: the seat's key holds the learner. After an error the seat may be released. `by` is the
    /// manager's address.
    pub async fn release_seat(
        &self,
        key: InviteKey,
        expected: Option<u32>,
        by: Option<&str>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Result<(), InviteRefusal>> {
        let released = async {
            for _ in 0..LOOKS {
                let invite = self.invite(key).await?.map(|record| record.invite);
                let (invite, learner) = match may_release(invite.as_ref(), expected) {
                    Ok(held) => held,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                if self.transact(self.release_actions(key, invite, learner, by, now)?).await?.is_ok() {
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
        invite: &Invite,
        learner: &PersonId,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>> {
        // While the seat is held, only events change the history, and they name no manager.
        let (manager, managers) = invite.history.with_manager(by);
        let released = History::pack(HistoryEvent::Released, now, manager);
        let place = keys::removed_place(whole_seconds(now), invite.queued, key.invite);
        let mut release = values([
            (":accepted", s("accepted")),
            (":released", s("released")),
            (":sends", n(invite.sends)),
            (":now", n(now.timestamp())),
            (":purgeAt", n(removed_until(whole_seconds(now), key.deal).timestamp())),
            (":listPk", s(keys::list(key.deal, InviteState::Released))),
            (":listSk", s(place)),
        ]);
        release.extend(trace(&writer_id()?, released));
        let by = by.map_or("", |_| {
            release.insert(":managers".into(), AttributeValue::L(managers.into_iter().map(s).collect()));
            ", historyBy = :managers"
        });
        let release = self.update_action(
            keys::invite_key(key),
            &format!(
                "SET #status = :released, removedAt = :now, purgeAt = :purgeAt, listPk = :listPk, listSk = :listSk, \
                 {LEAVE_A_TRACE}{by} REMOVE #name, addressPk, addressSk"
            ),
            // A send is accepted only once, so an unchanged `sends` means the same learner.
            "#status = :accepted AND sends = :sends",
            release,
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
