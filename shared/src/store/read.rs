//! Reads: one item, many by their keys, and queries. Requests to the SDK are boxed, here and in the writes:
//! their futures are large, and each caller would move them.

use super::item::{self, Attributes, InviteRecord};
use super::keys::Queue;
use super::{Item, Result, Store, StoreError, keys, n, s, values};
use crate::domain::{Deal, DealId, InviteKey, PersonId, Timestamp};
use aws_sdk_dynamodb::operation::query::{QueryOutput, builders::QueryFluentBuilder};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use std::time::Duration;

/// DynamoDB's limit for one `BatchGetItem`.
pub const BATCH: usize = 100;

/// Batches that are read at once: as many as there are in a request of a thousand rows.
const BATCHES: usize = 10;

/// The wait before unprocessed keys are requested again.
const BUSY: Duration = Duration::from_millis(50);

/// Rows of the due index that one request reads.
const DUE_AT_ONCE: i32 = 250;

impl Store {
    pub async fn invite(&self, key: InviteKey) -> Result<Option<InviteRecord>> {
        self.get(keys::invite_key(key)).await?.map(item::invite).transpose()
    }

    pub async fn deal_and_invite(&self, key: InviteKey) -> Result<(Option<Deal>, Option<InviteRecord>)> {
        future::try_join(self.deal(key.deal), self.invite(key)).await
    }

    /// In no order. Invites that do not exist or cannot be read are left out.
    pub async fn invites(&self, keys: impl IntoIterator<Item = InviteKey>) -> Result<Vec<InviteRecord>> {
        let keys = keys.into_iter().map(keys::invite_key).collect();
        Ok(item::readable(self.get_all(keys, true).await?, item::invite))
    }

    /// When each of the shard's invites was due, longest overdue first. The index may lag behind the table: a row is a hint,
    /// and the write that follows decides.
    pub fn due_invites(
        &self,
        queue: Queue,
        shard: u8,
        now: Timestamp,
    ) -> impl Stream<Item = Result<Vec<(InviteKey, Timestamp)>>> + use<> {
        let values = values([(":pk", s(keys::due(queue, shard))), (":now", n(now.timestamp_millis()))]);
        let query = self.query(Some(keys::DUE), "duePk = :pk AND dueAt <= :now", values).limit(DUE_AT_ONCE);
        pages(query).map_ok(|page| item::readable(page.items.unwrap_or_default(), due))
    }

    /// The entitlement check: the deals of the seats that a learner holds, and when they were taken, oldest first.
    pub async fn seats_of(&self, learner: &PersonId) -> Result<Vec<(Deal, Timestamp)>> {
        let values = values([(":pk", s(keys::learner(learner))), (":seat", s("S#"))]);
        let query = self.query(None, "pk = :pk AND begins_with(sk, :seat)", values).consistent_read(true);
        let held = item::readable(all_items(query).await?, seat_of);
        let deals = self.deals(&held.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
        let seat = |(id, accepted_at)| Some((deals.iter().find(|deal| deal.id == id)?.clone(), accepted_at));
        let mut seats: Vec<_> = held.into_iter().filter_map(seat).collect();
        seats.sort_by_key(|(deal, accepted_at)| (*accepted_at, deal.id));
        Ok(seats)
    }

    pub(super) async fn get(&self, key: Item) -> Result<Option<Item>> {
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let output = Box::pin(read.send()).await.map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        Ok(output.item)
    }

    /// In order of batches, of which some are read at once.
    pub(super) async fn get_all(&self, keys: Vec<Item>, consistent: bool) -> Result<Vec<Item>> {
        let batches: Vec<_> = keys.chunks(BATCH).map(|batch| self.get_batch(batch, consistent)).collect();
        stream::iter(batches).buffered(BATCHES).try_concat().await
    }

    async fn get_batch(&self, keys: &[Item], consistent: bool) -> Result<Vec<Item>> {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys.to_vec())).consistent_read(consistent);
        let mut wanted = Some(wanted.build().map_err(|_| StoreError::Corrupt("no keys"))?);
        let mut items = Vec::new();
        while let Some(keys) = wanted {
            let output = Box::pin(self.client.batch_get_item().request_items(&self.table, keys).send()).await;
            let output = output.map_err(|error| StoreError::from_sdk("BatchGetItem", &error))?;
            items.extend(output.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
            wanted = output.unprocessed_keys.unwrap_or_default().remove(&self.table);
            if wanted.is_some() {
                tokio::time::sleep(BUSY).await;
            }
        }
        Ok(items)
    }

    pub(super) fn query(&self, index: Option<&str>, keys: &str, values: Item) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .set_index_name(index.map(str::to_owned))
            .key_condition_expression(keys)
            .set_expression_attribute_values(Some(values))
    }
}

pub(super) fn pages(query: QueryFluentBuilder) -> impl Stream<Item = Result<QueryOutput>> {
    stream::unfold(query.into_paginator().send(), async |mut pages| {
        let page = pages.next().await?;
        Some((page.map_err(|error| StoreError::from_sdk("Query", &error)), pages))
    })
}

pub(super) async fn all_items(query: QueryFluentBuilder) -> Result<Vec<Item>> {
    pages(query).map_ok(|page| page.items.unwrap_or_default()).try_concat().await
}

pub(super) async fn one_page(query: QueryFluentBuilder) -> Result<QueryOutput> {
    Box::pin(query.send()).await.map_err(|error| StoreError::from_sdk("Query", &error))
}

fn due(item: Item) -> Result<(InviteKey, Timestamp)> {
    let mut item = Attributes::of(item);
    Ok((item.take_key()?, item::millis(item.take("dueAt")?)))
}

fn seat_of(item: Item) -> Result<(DealId, Timestamp)> {
    let mut item = Attributes::versioned(item)?;
    let deal = keys::parse_seat(&item.take::<String>("sk")?).ok_or(StoreError::Corrupt("deal id"))?;
    Ok((deal, item::seconds(item.take("acceptedAt")?)))
}
