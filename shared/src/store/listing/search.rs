//! Searches a deal's invites by address.

use super::{MOST_ROUNDS, Page, PageQuery};
use crate::domain::{AddressPrefix, DealId, Email, InviteId, InviteKey, Status, Timestamp};
use crate::store::read::one_page;
use crate::store::{Item, Result, Store, item, keys, s, values};
use futures_util::future;

/// An invite and its `addressSk`.
type Place = (InviteId, String);

impl Store {
    /// In the order of addresses. `None` if there is no such deal.
    pub async fn search(
        &self,
        id: DealId,
        prefix: &AddressPrefix,
        query: &PageQuery,
        now: Timestamp,
    ) -> Result<Option<Page>> {
        let first = async {
            let Some(after) = query.after.as_deref().and_then(InviteId::parse) else {
                return self.addresses(id, prefix, None, query.limit + 1).await;
            };
            // A removed invite has no `addressSk`, so its place comes from its email.
            let item = self.get(keys::invite_key(InviteKey { deal: id, invite: after })).await?;
            let from = item.and_then(|item| {
                let listed = item::text(&item, "addressSk").map(str::to_owned);
                listed.or_else(|| Some(Email::parse(item::text(&item, "email")?).ok()?.searchable()))
            });
            match from.filter(|address| address.starts_with(&prefix.range)) {
                Some(from) => self.addresses(id, prefix, Some(&(after, from)), query.limit + 1).await,
                // Outside the prefix: no cursor of this search leads there.
                None => Ok(Vec::new()),
            }
        };
        let (deal, mut found) = future::try_join(self.deal(id), first).await?;
        let Some(deal) = deal else { return Ok(None) };
        let (mut invites, mut rounds) = (Vec::new(), 0..MOST_ROUNDS - 1);
        loop {
            let wanted = query.limit - invites.len();
            let is_more = found.len() > wanted;
            found.truncate(wanted);
            let keys =
                found.iter().map(|(invite, _)| keys::invite_key(InviteKey { deal: id, invite: *invite }));
            let mut rows = item::readable(self.get_all(keys.collect(), false).await?, item::invite);
            rows.sort_by_key(|row| found.iter().position(|(invite, _)| *invite == row.invite.id));
            invites.extend(rows.into_iter().map(|row| row.invite).filter(|row| {
                let status = row.status(deal.ends_at, now);
                let is_listed = !matches!(status, Status::Cancelled | Status::Released);
                is_listed
                    && prefix.matches(&row.email)
                    && query.filter.is_none_or(|filter| filter.holds(row, status))
            }));
            // The last row read, whether or not it is shown.
            let last = found.pop().filter(|_| is_more);
            if let Some(from) = &last
                && invites.len() < query.limit
                && rounds.next().is_some()
            {
                found = self.addresses(id, prefix, Some(from), query.limit - invites.len() + 1).await?;
            } else {
                return Ok(Some(Page { deal, invites, next: last.map(|(invite, _)| invite.to_string()) }));
            }
        }
    }

    async fn addresses(
        &self,
        deal: DealId,
        prefix: &AddressPrefix,
        start: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Place>> {
        let start = start.map(|(invite, address)| {
            let mut key = keys::invite_key(InviteKey { deal, invite: *invite });
            key.extend(values([("addressPk", s(keys::addresses(deal))), ("addressSk", s(address))]));
            key
        });
        let range = values([(":pk", s(keys::addresses(deal))), (":prefix", s(&prefix.range))]);
        let query = self
            .query(Some(keys::ADDRESS), "addressPk = :pk AND begins_with(addressSk, :prefix)", range)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start);
        let place = |item: &Item| {
            Some((keys::parse_invite(item::text(item, "sk")?)?, item::text(item, "addressSk")?.to_owned()))
        };
        Ok(one_page(query).await?.items.unwrap_or_default().iter().filter_map(place).collect())
    }
}
