//! The send rate of the account, which all functions share.

use super::{Item, Store, StoreError, Written, item, keys, n, values, written};
use crate::domain::Timestamp;
use chrono::Duration;

impl Store {
    /// Reserves the account's time for `mails` mails at `per_second`, all functions together: when to send them, or
    /// `None` if their turn does not come before `until`.
    ///
    /// One item holds the instant up to which the account is spoken for; whoever wants to send moves it on.
    pub async fn reserve_sends(
        &self,
        mails: u32,
        per_second: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let cost = Duration::milliseconds(i64::from(mails) * 1_000 / i64::from(per_second.max(1)));
        let slots = |values| self.update(keys::SEND_SLOTS.into(), keys::SEND_SLOTS.into(), values);
        let now_millis = n(now.timestamp_millis());
        for _ in 0..10 {
            let behind = slots(values([
                (":cost", n(cost.num_milliseconds())),
                (":now", now_millis.clone()),
                (":until", n(until.timestamp_millis())),
            ]))
            .update_expression("SET freeAt = freeAt + :cost")
            .condition_expression("freeAt BETWEEN :now AND :until");
            let free_at = |item: &Item| item.get("freeAt").and_then(|at| at.as_n().ok()?.parse::<i64>().ok());
            match written(behind).await? {
                Written::Done(item) => {
                    let free_at = free_at(&item).ok_or(StoreError::Corrupt("freeAt"))?;
                    return Ok(Some(item::millis(free_at) - cost));
                }
                Written::Refused(Some(item)) if free_at(&item) > Some(until.timestamp_millis()) => {
                    return Ok(None);
                }
                Written::Refused(_) => {}
            }
            let idle =
                slots(values([(":free", n((now + cost).timestamp_millis())), (":now", now_millis.clone())]))
                    .update_expression("SET freeAt = :free")
                    .condition_expression("attribute_not_exists(freeAt) OR freeAt < :now");
            if let Written::Done(_) = written(idle).await? {
                return Ok(Some(now));
            }
        }
        Ok(None)
    }
}
