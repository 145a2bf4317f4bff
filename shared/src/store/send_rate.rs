//! The account's send rate, which all functions share. One item holds the instant up to which the account's
//! sending is reserved (`docs/decisions/0010-one-item-keeps-the-send-rate.md`).

use super::{Item, Result, Store, StoreError, item, keys, n, values};
use crate::domain::Timestamp;
use chrono::Duration;

/// After this many conflicts the caller gets no turn.
const ATTEMPTS: usize = 10;

impl Store {
    /// Returns when to send the mails, or `None` if their turn comes after `until`.
    pub async fn reserve_sends(
        &self,
        mails: u32,
        per_second: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let cost = Duration::milliseconds(i64::from(mails) * 1_000 / i64::from(per_second.max(1)));
        let free_at = |item: &Item| item::number(item, "freeAt").map(item::millis);
        let now_millis = n(now.timestamp_millis());
        for _ in 0..ATTEMPTS {
            let behind = values([
                (":cost", n(cost.num_milliseconds())),
                (":now", now_millis.clone()),
                (":until", n(until.timestamp_millis())),
            ]);
            let (update, condition) = ("SET freeAt = freeAt + :cost", "freeAt BETWEEN :now AND :until");
            match self.update(keys::send_slots_key(), update, condition, behind).await? {
                Ok(item) => {
                    let free_at = free_at(&item).ok_or(StoreError::Corrupt("freeAt"))?;
                    return Ok(Some(free_at - cost));
                }
                Err(Some(item)) if free_at(&item) > Some(until) => return Ok(None),
                Err(_) => {}
            }
            let idle = values([(":free", n((now + cost).timestamp_millis())), (":now", now_millis.clone())]);
            let (update, condition) = ("SET freeAt = :free", "attribute_not_exists(freeAt) OR freeAt < :now");
            if self.update(keys::send_slots_key(), update, condition, idle).await?.is_ok() {
                return Ok(Some(now));
            }
        }
        Ok(None)
    }
}
