//! An address is taken off SES's suppression list at most once a day, so that resends cannot keep mailing a dead
//! mailbox. The item holds a digest of the address, and is purged after the day.

use super::{Result, Store, item, keys, n, s, values};
use crate::domain::{Invite, Timestamp, mailbox_digest};
use chrono::Duration;

impl Store {
    /// False if the address was unblocked within the last day, except for the same resend: its last attempt, or the
    /// answer to it, was lost.
    pub async fn may_unblock(&self, invite: &Invite, now: Timestamp) -> Result<bool> {
        let day_over = (now + Duration::days(1)).timestamp();
        let taken = self.update(
            keys::unblocking_key(&mailbox_digest(&invite.email)),
            "SET v = :v, purgeAt = :over, resend = :resend",
            "attribute_not_exists(pk) OR purgeAt <= :now OR resend = :resend",
            values([
                (":v", n(item::VERSION)),
                (":over", n(day_over)),
                (":now", n(now.timestamp())),
                (":resend", s(format!("{}#{}", invite.id, invite.sends + 1))),
            ]),
        );
        Ok(taken.await?.is_ok())
    }
}
