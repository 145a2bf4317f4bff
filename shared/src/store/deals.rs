//! Creates, changes and reads deals. No organisation has an item of its own, which could disagree with the deals.

use super::item::Attributes;
use super::read::{all_items, pages};
use super::{Item, Result, Store, StoreError, item, keys, n, random, s, values};
use crate::domain::remind::DEFAULT_REMINDERS;
use crate::domain::{
    Deal, DealChange, DealId, DealRefusal, NamePart, NewDeal, Organisation, OrganisationId, Salt, Timestamp,
};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use chrono::Duration;
use futures_util::{TryStreamExt, stream};
use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

/// A process may cache owners, because a deal never changes its organisation.
pub(super) type Owners = Arc<Mutex<HashSet<(DealId, OrganisationId)>>>;

/// About 2 MB.
const MOST_OWNERS: usize = 10_000;

/// After this many changes by others, a change of a deal gives up.
const ATTEMPTS: usize = 10;

/// Deals that one request for organisations reads.
const DEALS_AT_ONCE: i32 = 500;

impl Store {
    /// `idempotency`: a hash of caller and key, and a hash of the body. A repetition returns the same deal.
    pub async fn create_deal(
        &self,
        new: &NewDeal,
        idempotency: Option<(&str, &str)>,
        retention: Duration,
        now: Timestamp,
    ) -> Result<Result<Deal, DealRefusal>> {
        let Some(id) = new.id(random()?, retention) else { return Ok(Err(DealRefusal::EndsTooFar)) };
        let deal = Deal {
            id,
            name: new.name.clone(),
            organisation: new.organisation.clone(),
            seats: new.seats,
            allocated: 0,
            starts_at: new.starts_at,
            ends_at: new.ends_at,
            revision: 1,
            salt: Salt(random()?),
            shortest_lifetime: None,
            reminders: DEFAULT_REMINDERS.to_vec(),
        };
        let mut actions = Vec::new();
        if let Some((key, body)) = idempotency {
            let mut creation = keys::creation_key(key);
            creation.extend(values([
                ("v", n(item::VERSION)),
                ("deal", s(id.to_string())),
                ("body", s(body)),
                ("purgeAt", n(id.purge_at().timestamp())),
            ]));
            actions.push(self.create_action(creation)?);
        }
        actions.push(self.create_action(of_deal(&deal, now)?)?);
        let refused = self.transact(actions).await?.err();
        let (Some(reasons), Some((_, body))) = (refused, idempotency) else {
            // The id is random, so a deal that exists already was written by this very call.
            return Ok(Ok(deal));
        };
        // Only the other creation's condition can have failed.
        let found =
            reasons.into_iter().find_map(|reason| reason.item).ok_or(StoreError::Corrupt("no item"))?;
        if item::text(&found, "body") != Some(body) {
            return Ok(Err(DealRefusal::KeyReused));
        }
        let id = item::text(&found, "deal").and_then(DealId::parse).ok_or(StoreError::Corrupt("deal id"))?;
        Ok(self.deal(id).await?.ok_or(DealRefusal::Deleted))
    }

    /// Seats may be taken meanwhile, and no other change.
    pub async fn change_deal(&self, id: DealId, change: &DealChange) -> Result<Result<Deal, DealRefusal>> {
        for _ in 0..ATTEMPTS {
            let existing = self.deal(id).await?.ok_or(DealRefusal::NotFound);
            let deal = match existing.and_then(|deal| deal.changed(change)) {
                Ok(deal) => deal,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let mut values = values([
                (":seen", n(deal.revision - 1)),
                (":revision", n(deal.revision)),
                (":name", s(deal.name.as_str())),
                (":organisationName", s(deal.organisation.name.as_str())),
                (":seats", n(deal.seats)),
                (":startsAt", n(deal.starts_at.timestamp())),
                (":endsAt", n(deal.ends_at.timestamp())),
            ]);
            // The default is not stored: a row of the listing would have it too.
            let reminders = change.reminders.as_deref().map_or("", |after| {
                values.insert(":reminders".into(), item::list_of(after));
                ", reminders = :reminders"
            });
            let update = format!(
                "SET revision = :revision, #name = :name, organisationName = :organisationName, seats = :seats, \
                 startsAt = :startsAt, endsAt = :endsAt{reminders}"
            );
            let condition = "revision = :seen AND allocated <= :seats";
            if self.update_once(keys::deal_key(id), &update, condition, values).await?.is_ok() {
                return Ok(Ok(deal));
            }
        }
        Err(StoreError::without_answer("TransactWriteItems", "too many writers"))
    }

    /// `None` if the deal is gone already, so that a repetition succeeds. The first send writes the same item
    /// before it stores an invite, so one of the two is refused: no invite is without a deal.
    pub async fn delete_deal(
        &self,
        id: DealId,
        expected_revision: Option<u32>,
    ) -> Result<Result<Option<Deal>, DealRefusal>> {
        let (mut condition, mut values) = ("attribute_not_exists(shortestLifetime)".to_owned(), Item::new());
        if let Some(revision) = expected_revision {
            condition = format!("attribute_not_exists(pk) OR {condition} AND revision = :revision");
            values.insert(":revision".to_owned(), n(revision));
        }
        Ok(match self.delete(keys::deal_key(id), condition, values).await? {
            Ok(deleted) if !deleted.is_empty() => Ok(Some(deal_of(deleted)?)),
            Err(Some(existing)) => deal_of(existing)?.may_delete(expected_revision).map(|()| None),
            Ok(_) | Err(None) => Ok(None),
        })
    }

    pub async fn deal(&self, id: DealId) -> Result<Option<Deal>> {
        self.get(keys::deal_key(id)).await?.map(deal_of).transpose()
    }

    /// Another organisation's deal and a missing one cost one read each time, so they look alike (I6).
    pub async fn is_deal_of(&self, id: DealId, organisation: &OrganisationId) -> Result<bool> {
        let owner = (id, organisation.clone());
        let owners = || self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners().contains(&owner) {
            return Ok(true);
        }
        let is_theirs = self.deal(id).await?.is_some_and(|deal| deal.organisation.id == *organisation);
        if is_theirs {
            let mut owners = owners();
            if owners.len() >= MOST_OWNERS {
                owners.clear();
            }
            owners.insert(owner);
        }
        Ok(is_theirs)
    }

    /// Must succeed before invites of this lifetime are sent; see [`Deal::shortest_lifetime`]. False if the deal
    /// has been deleted.
    pub async fn remember_lifetime(&self, deal: &Deal, lifetime: Duration) -> Result<bool> {
        if deal.shortest_lifetime.is_some_and(|shortest| shortest <= lifetime) {
            return Ok(true);
        }
        let condition = "attribute_exists(pk) AND \
            (attribute_not_exists(shortestLifetime) OR shortestLifetime > :lifetime)";
        let values = values([(":lifetime", n(lifetime.num_seconds()))]);
        let update = "SET shortestLifetime = :lifetime";
        let written = self.update(keys::deal_key(deal.id), update, condition, values).await?;
        Ok(!matches!(written, Err(None)))
    }

    /// Oldest first.
    pub async fn deals_of(&self, organisation: &OrganisationId) -> Result<Vec<Deal>> {
        let organisation = values([(":pk", s(keys::organisation(organisation)))]);
        let items = all_items(self.query(Some(keys::ADDRESS), "addressPk = :pk", organisation)).await?;
        let ids: Vec<DealId> =
            items.iter().filter_map(|item| keys::parse_deal(item::text(item, "pk")?)).collect();
        let mut deals = self.deals(&ids).await?;
        deals.sort_by_key(|deal| ids.iter().position(|id| *id == deal.id));
        Ok(deals)
    }

    /// The organisations with this part in their id or in the name that one of their deals shows, in the order of ids, and
    /// a deal of the last one if there are more. The newest deal says an organisation's name.
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
        let (mut deals, mut newest, mut found) = (pin!(deals.try_flatten()), None, Vec::new());
        while found.len() <= limit
            && let Some((deal, organisation)) = deals.try_next().await?
        {
            let is_found = part.is_in(&organisation);
            let newest_known = newest.take().filter(|newest: &Organisation| newest.id == organisation.id);
            let shown = newest_known.unwrap_or(organisation);
            if is_found && found.last().is_none_or(|(last, _): &(Organisation, _)| last.id != shown.id) {
                found.push((shown.clone(), deal));
            }
            newest = Some(shown);
        }
        let is_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| is_more).map(|(_, deal)| *deal);
        Ok((found.into_iter().map(|(organisation, _)| organisation).collect(), next))
    }

    /// In no order. Deals that do not exist or cannot be read are left out.
    pub(super) async fn deals(&self, ids: &[DealId]) -> Result<Vec<Deal>> {
        let keys = ids.iter().copied().map(keys::deal_key).collect();
        Ok(item::readable(self.get_all(keys, true).await?, deal_of))
    }
}

pub(super) fn deal_of(item: Item) -> Result<Deal> {
    let mut item = Attributes::versioned(item)?;
    Ok(Deal {
        id: keys::parse_deal(&item.take::<String>("pk")?).ok_or(StoreError::Corrupt("deal id"))?,
        name: item.take("name")?,
        organisation: Organisation { id: item.take("organisationId")?, name: item.take("organisationName")? },
        seats: item.take("seats")?,
        allocated: item.take("allocated")?,
        starts_at: item::seconds(item.take("startsAt")?),
        ends_at: item::seconds(item.take("endsAt")?),
        revision: item.take("revision")?,
        salt: item.take("salt")?,
        shortest_lifetime: item.take::<Option<i64>>("shortestLifetime")?.map(Duration::seconds),
        reminders: item::take_reminders(&mut item)?,
    })
}

/// A deal and its organisation, from the listing.
fn deal_organisation(item: Item) -> Result<(DealId, Organisation)> {
    let mut item = Attributes::of(item);
    let deal = keys::parse_deal(&item.take::<String>("pk")?).ok_or(StoreError::Corrupt("deal id"))?;
    let id = keys::parse_newest(&item.take::<String>("listSk")?).ok_or(StoreError::Corrupt("listSk"))?;
    Ok((deal, Organisation { id, name: item.take("organisationName")? }))
}

fn of_deal(deal: &Deal, now: Timestamp) -> Result<Item> {
    let mut item = Attributes::of(keys::deal_key(deal.id));
    item.put("v", item::VERSION)?;
    item.put("addressPk", keys::organisation(&deal.organisation.id))?;
    item.put("addressSk", keys::made(now, deal.id))?;
    item.put("listPk", keys::ORGANISATIONS)?;
    item.put("listSk", keys::newest(&deal.organisation.id, now))?;
    item.put("name", &deal.name)?;
    item.put("organisationId", &deal.organisation.id)?;
    item.put("organisationName", &deal.organisation.name)?;
    item.put("seats", deal.seats)?;
    item.put("allocated", deal.allocated)?;
    item.put("startsAt", deal.starts_at.timestamp())?;
    item.put("endsAt", deal.ends_at.timestamp())?;
    item.put("revision", deal.revision)?;
    item.put("salt", &deal.salt)?;
    item.put("purgeAt", deal.id.purge_at().timestamp())?;
    Ok(item.into_item())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deal_has_the_default_reminders_until_a_manager_sets_others() {
        let after = |days: &[i64]| days.iter().copied().map(Duration::days).collect::<Vec<_>>();
        for (stored, reminders) in
            [(None, after(&[7, 21])), (Some(&[][..]), after(&[])), (Some(&[3][..]), after(&[3]))]
        {
            let mut item = keys::deal_key(DealId([1; 16]));
            item.extend(stored.map(|days: &[i64]| ("reminders".to_owned(), item::list_of(&after(days)))));
            let salt = "A".repeat(43);
            for (name, text) in
                [("name", "Deal"), ("organisationId", "acme"), ("organisationName", "Acme"), ("salt", &salt)]
            {
                item.insert(name.to_owned(), s(text));
            }
            for name in ["v", "seats", "allocated", "startsAt", "endsAt", "revision"] {
                item.insert(name.to_owned(), n(2));
            }
            assert_eq!(deal_of(item).unwrap().reminders, reminders);
        }
    }
}
