//! Opt-outs (I10): an item for each person and organisation, without the address, and never purged. Writing and deleting
//! it are idempotent.

use super::{Item, Result, Store, StoreError, item, keys, n, values};
use crate::domain::{Email, OrganisationId, Timestamp};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use std::collections::HashSet;

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
        Ok(OptOuts(found.iter().filter_map(|item| item::text(item, "pk").map(str::to_owned)).collect()))
    }

    pub async fn opt_out(&self, organisation: &OrganisationId, email: &Email, now: Timestamp) -> Result<()> {
        let mut item: Item = keys::opt_out_key(keys::opt_out(organisation, email));
        item.extend(values([("v", n(item::VERSION)), ("optedOutAt", n(now.timestamp()))]));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        Box::pin(put.send()).await.map_err(|error| StoreError::from_sdk("PutItem", &error))?;
        Ok(())
    }

    pub async fn opt_in(&self, organisation: &OrganisationId, email: &Email) -> Result<()> {
        let key = keys::opt_out_key(keys::opt_out(organisation, email));
        self.delete(key, "attribute_exists(pk)", Item::new()).await.map(drop)
    }
}
