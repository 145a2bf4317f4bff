//! Releases a seat: invite, seat and deal in one transaction (I1).

use super::{InviteRecord, Result, Store, StoreError, in_time, keys, n, values, writer_id};
use crate::clock::Deadline;
use crate::domain::release::release;
use crate::domain::{InviteKey, InviteRefusal, PersonId, Timestamp};
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};

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
                let record = self.invite(key).await?;
                let existing = record.as_ref().map(|record| &record.invite);
                let (released, learner) = match release(existing, expected, by, now) {
                    Ok(released) => released,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let next = InviteRecord::next(key, record.as_ref(), released, &writer_id()?, now);
                let release = TransactWriteItem::builder().put(self.put_of(&next, record.as_ref())?).build();
                let [leave, deallocate] = self.leave(key, learner)?;
                if self.transact(vec![release, leave, deallocate]).await?.is_ok() {
                    return Ok(Ok(()));
                }
            }
            Err(StoreError::Corrupt("an accepted invite has no seat"))
        };
        in_time(deadline, "TransactWriteItems", released).await
    }

    fn leave(&self, key: InviteKey, learner: &PersonId) -> Result<[TransactWriteItem; 2]> {
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
        Ok([TransactWriteItem::builder().delete(leave).build(), deallocate])
    }
}
