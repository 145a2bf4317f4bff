//! Deals: made, changed and read.

use super::item::{self, CreationItem, DealItem};
use super::{Item, Store, StoreError, all_items, keys, n, random, s, values, written};
use crate::domain::{
    Deal, DealChange, DealChangeRefusal, DealId, NewDeal, OrganisationId, Salt, Timestamp, Title,
};
use aws_sdk_dynamodb::types::{
    CancellationReason, KeysAndAttributes, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use chrono::Duration;
use futures_util::future;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What became of making a deal.
#[derive(Clone, PartialEq, Debug)]
pub enum CreateOutcome {
    /// It is there: new, or made before with the same key and body.
    Created(Box<Deal>),
    /// The key was used with another body.
    KeyReused,
    /// It would end too far in the future for its id to say when it is purged.
    EndsTooLate,
}

/// Deals with their organisation, as a process remembers them: a deal never changes hands.
pub(super) type Owners = Arc<Mutex<HashSet<(DealId, OrganisationId)>>>;

/// Deals that a process remembers: about 2 MB.
const MOST_OWNERS: usize = 10_000;

/// Items in one `BatchGetItem`.
const BATCH: usize = 100;

impl Store {
    /// Makes a deal. With `idempotency`, a hash of caller and key and a hash of the body, doing it again gives the
    /// same deal.
    pub async fn create_deal(
        &self,
        new: &NewDeal,
        idempotency: Option<(&str, &str)>,
        retention: Duration,
        now: Timestamp,
    ) -> Result<CreateOutcome, StoreError> {
        let Some(id) = new.id(random()?, retention) else { return Ok(CreateOutcome::EndsTooLate) };
        let deal = DealItem {
            pk: keys::deal(id),
            sk: keys::DEAL.to_owned(),
            v: item::VERSION,
            address_pk: keys::organisation(&new.organisation.id),
            address_sk: keys::made(now, id),
            name: new.name.clone(),
            organisation_id: new.organisation.id.clone(),
            organisation_name: new.organisation.name.clone(),
            seats: new.seats,
            allocated: 0,
            starts_at: new.starts_at.timestamp(),
            ends_at: new.ends_at.timestamp(),
            revision: 1,
            salt: Salt::from_bytes(random()?),
            shortest_lifetime: None,
            purge_at: id.purge_at().timestamp(),
        };
        let put_deal = put(&self.table, item::write(&deal)?)?;
        let Some((key, body)) = idempotency else {
            // The id is random: an item that is there already is this attempt's own.
            let (Ok(()) | Err(_)) = self.transact(vec![put_deal]).await?;
            return Ok(CreateOutcome::Created(Box::new(deal.into_deal()?)));
        };
        let creation = CreationItem {
            pk: keys::creation(key),
            sk: keys::CREATION.to_owned(),
            v: item::VERSION,
            deal: id.to_string(),
            body: body.to_owned(),
            purge_at: deal.purge_at,
        };
        let Err(reasons) = self.transact(vec![put(&self.table, item::write(creation)?)?, put_deal]).await?
        else {
            return Ok(CreateOutcome::Created(Box::new(deal.into_deal()?)));
        };
        let made: CreationItem = item::read(met(reasons).ok_or(StoreError::Corrupt("no item"))?)?;
        if made.body != body {
            return Ok(CreateOutcome::KeyReused);
        }
        let id = DealId::parse(&made.deal).ok_or(StoreError::Corrupt("deal id"))?;
        let deal = self.deal(id).await?.ok_or(StoreError::Corrupt("no deal"))?;
        Ok(CreateOutcome::Created(Box::new(deal)))
    }

    /// Changes a deal and returns it as it is afterwards.
    ///
    /// The write is a transaction of one action, for its token. Without `expected_revision` no condition could tell a
    /// plain update that is retried from one that overwrites somebody else's newer change.
    pub async fn change_deal(
        &self,
        id: DealId,
        change: &DealChange,
    ) -> Result<Result<Deal, DealChangeRefusal>, StoreError> {
        if let Err(refusal) = change.check() {
            return Ok(Err(refusal));
        }
        if change.ends_at.is_some_and(|ends_at| ends_at >= id.purge_at()) {
            let deal = self.deal(id).await?;
            let refusal = deal.and_then(|deal| deal.may_change(change).err());
            return Ok(Err(refusal.unwrap_or(DealChangeRefusal::NotFound)));
        }
        let action = self.change_action(id, change)?;
        let Err(reasons) = self.transact(vec![action]).await? else {
            return self.deal(id).await?.map(Ok).ok_or(StoreError::Corrupt("no deal"));
        };
        let refusal = match met(reasons).map(item::deal).transpose()? {
            Some(deal) => deal.may_change(change).err().unwrap_or(DealChangeRefusal::Stale),
            None => DealChangeRefusal::NotFound,
        };
        Ok(Err(refusal))
    }

    fn change_action(&self, id: DealId, change: &DealChange) -> Result<TransactWriteItem, StoreError> {
        let mut set = String::from("SET revision = revision + :one");
        let mut conditions = Vec::new();
        let mut values = values([(":one", n(1))]);
        let mut add = |name: &str, assignment: &str, value| {
            set.push_str(assignment);
            values.insert(name.to_owned(), value);
        };
        if let Some(name) = change.name.as_ref().map(Title::as_str) {
            add(":name", ", #name = :name", s(name));
        }
        if let Some(name) = change.organisation_name.as_ref().map(Title::as_str) {
            add(":organisation", ", organisationName = :organisation", s(name));
        }
        if let Some(seats) = change.seats {
            add(":seats", ", seats = :seats", n(seats));
            conditions.push("allocated <= :seats");
        }
        if let Some(starts_at) = change.starts_at {
            add(":startsAt", ", startsAt = :startsAt", n(starts_at.timestamp()));
        }
        if let Some(ends_at) = change.ends_at {
            add(":endsAt", ", endsAt = :endsAt", n(ends_at.timestamp()));
        }
        match (change.starts_at, change.ends_at) {
            (Some(_), None) => conditions.push("endsAt > :startsAt"),
            (None, Some(_)) => conditions.push("startsAt < :endsAt"),
            _ => {}
        }
        if let Some(revision) = change.expected_revision {
            values.insert(":revision".to_owned(), n(revision));
            conditions.push("revision = :revision");
        }
        // Any of these fails where there is no deal.
        if conditions.is_empty() {
            conditions.push("attribute_exists(pk)");
        }
        let names = if change.name.is_some() { &[("#name", "name")][..] } else { &[] };
        self.update_action(
            (keys::deal(id), keys::DEAL.to_owned()),
            set,
            conditions.join(" AND "),
            names,
            values,
        )
    }

    /// One deal, as it is now.
    pub async fn deal(&self, id: DealId) -> Result<Option<Deal>, StoreError> {
        self.get(keys::deal(id), keys::DEAL.to_owned()).await?.map(item::deal).transpose()
    }

    /// Whether the deal is this organisation's (I6). The process remembers the deals that are, and reads them once. Any
    /// other deal costs one read each time, whether it is somebody else's or does not exist.
    pub async fn is_deal_of(&self, id: DealId, organisation: &OrganisationId) -> Result<bool, StoreError> {
        let owner = (id, organisation.clone());
        if self.owners.lock().unwrap_or_else(PoisonError::into_inner).contains(&owner) {
            return Ok(true);
        }
        let is_theirs = self.deal(id).await?.is_some_and(|deal| deal.organisation.id == *organisation);
        if is_theirs {
            let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            if owners.len() >= MOST_OWNERS {
                owners.clear();
            }
            owners.insert(owner);
        }
        Ok(is_theirs)
    }

    /// Remembers that invites of this lifetime are about to be sent; see [`Deal::shortest_lifetime`]. A write only
    /// when the lifetime is shorter than ever before: once in a deal's life, usually.
    ///
    /// # Errors
    /// [`StoreError`]; nothing may be sent then.
    pub async fn remember_lifetime(&self, deal: &Deal, lifetime: Duration) -> Result<(), StoreError> {
        if deal.shortest_lifetime.is_some_and(|shortest| shortest <= lifetime) {
            return Ok(());
        }
        let update = self
            .update(
                keys::deal(deal.id),
                keys::DEAL.to_owned(),
                values([(":lifetime", n(lifetime.num_seconds()))]),
            )
            .update_expression("SET shortestLifetime = :lifetime")
            .condition_expression(
                "attribute_exists(pk) AND \
                 (attribute_not_exists(shortestLifetime) OR shortestLifetime > :lifetime)",
            );
        written(update).await.map(|_| ())
    }

    /// An organisation's deals, oldest first.
    pub async fn deals_of(&self, organisation: &OrganisationId) -> Result<Vec<Deal>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(keys::ADDRESS)
            .key_condition_expression("addressPk = :pk")
            .set_expression_attribute_values(Some(values([(":pk", s(keys::organisation(organisation)))])));
        let items = all_items(query).await?;
        let ids: Vec<DealId> =
            items.iter().filter_map(|item| keys::parse_deal(item::text(item, "pk")?)).collect();
        let mut deals = self.deals(&ids).await?;
        deals.sort_by_key(|deal| ids.iter().position(|id| *id == deal.id));
        Ok(deals)
    }

    /// These deals, in no order. Those that do not exist or cannot be read are left out.
    pub(super) async fn deals(&self, ids: &[DealId]) -> Result<Vec<Deal>, StoreError> {
        let keys = ids.iter().map(|id| (keys::deal(*id), keys::DEAL.to_owned())).collect();
        Ok(item::readable(self.get_all(keys, true).await?, item::deal))
    }

    /// Reads many items by their keys, a hundred in a request, the requests at once.
    pub(super) async fn get_all(
        &self,
        keys: Vec<(String, String)>,
        consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let batches = keys.chunks(BATCH).map(|batch| self.get_batch(batch, consistent));
        Ok(future::try_join_all(batches).await?.into_iter().flatten().collect())
    }

    async fn get_batch(&self, keys: &[(String, String)], consistent: bool) -> Result<Vec<Item>, StoreError> {
        let keys: Vec<Item> = keys.iter().map(|(pk, sk)| values([("pk", s(pk)), ("sk", s(sk))])).collect();
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent).build();
        let mut wanted = Some(wanted.map_err(|_| StoreError::Corrupt("no keys"))?);
        let mut items = Vec::new();
        while let Some(keys) = wanted {
            let output = self
                .client
                .batch_get_item()
                .request_items(&self.table, keys)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| StoreError::from_sdk("BatchGetItem", &error))?;
            items.extend(output.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
            wanted = output.unprocessed_keys.unwrap_or_default().remove(&self.table);
            if wanted.is_some() {
                // The table is busy: what is left is asked for a little later.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        Ok(items)
    }
}

/// The item that a condition of a cancelled transaction met.
fn met(reasons: Vec<CancellationReason>) -> Option<Item> {
    reasons.into_iter().find_map(|reason| reason.item.filter(|item| !item.is_empty()))
}

/// A put of an item that must be new.
fn put(table: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(|_| StoreError::Corrupt("not a put"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}
