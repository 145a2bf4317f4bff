//! An address is taken off SES's suppression list at most once a day, so that resends cannot keep mailing a dead
//! mailbox. The item holds a digest of the address, and is purged after the day.

use super::write::WriteOutcome;
use super::{Result, Store, item, keys, n, values};
use crate::domain::{Email, Timestamp, mailbox_digest};
use chrono::Duration;

impl Store {
    /// False if the address was unblocked within the last day.
    pub async fn may_unblock(&self, email: &Email, now: Timestamp) -> Result<bool> {
        let day_over = (now + Duration::days(1)).timestamp();
        let taken = self.update(
            keys::unblocking_key(&mailbox_digest(email)),
            "SET v = :v, purgeAt = :over",
            "attribute_not_exists(pk) OR purgeAt <= :now",
            values([(":v", n(item::VERSION)), (":over", n(day_over)), (":now", n(now.timestamp()))]),
        );
        Ok(matches!(taken.await?, WriteOutcome::Done(_)))
    }
}
