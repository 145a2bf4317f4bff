//! Opt-outs (I10): an item for each person and organisation, without the address, and not purged while it stands.

use super::{Result, Store, item, keys, n, values};
use crate::domain::{Email, OrganisationId, Timestamp};
use chrono::Duration;
use std::collections::HashSet;

/// Longer than an event about a complaint waits in any queue.
const MARK_KEPT: Duration = Duration::days(30);

/// Who among the people that were looked up has opted out.
#[derive(Clone, Debug, Default)]
pub struct OptOuts(HashSet<String>);

impl OptOuts {
    pub fn has(&self, organisation: &OrganisationId, email: &Email) -> bool {
        self.0.contains(&keys::opt_out(organisation, email))
    }
}

impl Store {
    /// Reads strongly: an opt-out that was answered is seen.
    pub async fn opt_outs(
        &self,
        people: impl IntoIterator<Item = (&OrganisationId, &Email)>,
    ) -> Result<OptOuts> {
        let wanted: HashSet<_> =
            people.into_iter().map(|(organisation, email)| keys::opt_out(organisation, email)).collect();
        let found = self.get_all(wanted.into_iter().map(keys::opt_out_key).collect(), true).await?;
        let standing = found.iter().filter(|item| item.contains_key("optedOutAt"));
        Ok(OptOuts(standing.filter_map(|item| item::text(item, "pk").map(str::to_owned)).collect()))
    }

    /// A complaint does not count if the person has opted in since, in a later second. Their own "no" always counts.
    pub async fn opt_out(
        &self,
        organisation: &OrganisationId,
        email: &Email,
        now: Timestamp,
        complained_at: Option<Timestamp>,
    ) -> Result<()> {
        let update = "SET v = :v, optedOutAt = :now REMOVE liftedAt, purgeAt";
        let mut values = values([(":v", n(item::VERSION)), (":now", n(now.timestamp()))]);
        let condition = complained_at.map(|at| {
            values.insert(":saidAt".into(), n(at.timestamp()));
            "attribute_not_exists(liftedAt) OR liftedAt <= :saidAt"
        });
        let key = keys::opt_out_key(keys::opt_out(organisation, email));
        self.update_once(key, update, condition.unwrap_or_default(), values).await.map(drop)
    }

    /// Leaves a mark, because the event of an older complaint may come later, or again.
    pub async fn opt_in(&self, organisation: &OrganisationId, email: &Email, now: Timestamp) -> Result<()> {
        let update = "SET v = :v, liftedAt = :now, purgeAt = :purgeAt REMOVE optedOutAt";
        let purge_at = (now + MARK_KEPT).timestamp();
        let values =
            values([(":v", n(item::VERSION)), (":now", n(now.timestamp())), (":purgeAt", n(purge_at))]);
        let key = keys::opt_out_key(keys::opt_out(organisation, email));
        self.update_once(key, update, "", values).await.map(drop)
    }
}
