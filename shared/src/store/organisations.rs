//! The organisations, as their deals name them: no item of their own could disagree with the deals.

use super::item::{self, Attributes};
use super::read::pages;
use super::{Item, Result, Store, StoreError, keys, s, values};
use crate::domain::{DealId, NamePart, Organisation, OrganisationId};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use futures_util::{TryStreamExt, stream};
use std::pin::pin;

/// Deals that one request to the table reads.
const DEALS_AT_ONCE: i32 = 500;

impl Store {
    /// The organisations with this part in their name or id, in the order of ids, and a deal of the last one if
    /// there are more. The newest deal says an organisation's name.
    pub async fn organisations(
        &self,
        part: &NamePart,
        after: Option<&OrganisationId>,
        limit: usize,
    ) -> Result<(Vec<Organisation>, Option<DealId>)> {
        let range = values([(":pk", s(keys::ORGANISATIONS)), (":after", s(keys::after(after)))]);
        let query = self.query(Some(keys::LISTING), "listPk = :pk AND listSk > :after", range);
        let read = |page: QueryOutput| item::readable(page.items.unwrap_or_default(), deal_organisation);
        let deals =
            pages(query.limit(DEALS_AT_ONCE)).map_ok(|page| stream::iter(read(page).into_iter().map(Ok)));
        let (mut deals, mut last, mut found) = (pin!(deals.try_flatten()), None, Vec::new());
        while found.len() <= limit
            && let Some((deal, organisation)) = deals.try_next().await?
        {
            if last.replace(organisation.id.clone()).as_ref() != Some(&organisation.id)
                && part.is_in(&organisation)
            {
                found.push((organisation, deal));
            }
        }
        let is_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| is_more).map(|(_, deal)| *deal);
        Ok((found.into_iter().map(|(organisation, _)| organisation).collect(), next))
    }
}

/// A deal and its organisation, from the listing.
fn deal_organisation(item: Item) -> Result<(DealId, Organisation)> {
    let mut item = Attributes::of(item);
    let deal = keys::parse_deal(&item.take::<String>("pk")?).ok_or(StoreError::Corrupt("deal id"))?;
    let id = keys::parse_newest(&item.take::<String>("listSk")?).ok_or(StoreError::Corrupt("listSk"))?;
    Ok((deal, Organisation { id, name: item.take("organisationName")? }))
}
