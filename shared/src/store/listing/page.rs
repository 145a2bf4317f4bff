//! The Deal seats page, and the oldest expired rows.

use super::{MOST_ROUNDS, Page, PageQuery, Part, StatusFilter, View};
use crate::domain::cancel::REMOVED_KEPT;
use crate::domain::{Attention, Deal, DealId, Invite, InviteState, Timestamp};
use crate::store::item::list_place as place;
use crate::store::read::{one_page, pages};
use crate::store::{Result, Store, StoreError, item, keys};
use chrono::Duration;
use futures_util::{TryStreamExt, future};
use std::cmp::Reverse;
use std::collections::HashSet;

/// Rows in order, and the place down to which they are complete; `None` at the end.
type Rows = (Vec<Invite>, Option<String>);

impl Store {
    /// `None` if there is no such deal.
    pub async fn page(&self, id: DealId, query: &PageQuery, now: Timestamp) -> Result<Option<Page>> {
        let plan = |view: View| view.parts(query.filter);
        let read = async |parts: &Vec<Part>| match query.filter.and_then(StatusFilter::attention) {
            Some(reason) => self.attention_rows(id, reason, query).await,
            None => self.rows(id, parts, query, now).await,
        };
        let found = self.with_deal(id, query.lifetime, now, plan, read).await?;
        Ok(found.map(|(deal, (invites, next))| Page { deal, invites, next }))
    }

    /// The expired invites that can be resent, oldest first: none that is undeliverable or of a person who opted out.
    pub async fn resendable(&self, deal: &Deal, lifetime: Duration, now: Timestamp) -> Result<Vec<Invite>> {
        let mut rows = Vec::new();
        // Open rows first: a row that the sweep moves in between is then found among the marked rows.
        for part in View::of(Some(deal), lifetime, now).parts(Some(StatusFilter::Expired)) {
            let pages = pages(self.part_query(deal.id, &part, now));
            let found = pages.map_ok(|page| item::readable(page.items.unwrap_or_default(), item::row));
            rows.extend(found.try_concat().await?);
        }
        rows.retain(|row| !row.is_undeliverable());
        rows.sort_by_cached_key(place);
        rows.dedup_by_key(|invite| invite.id);
        let organisation = &deal.organisation.id;
        let opt_outs = self.opt_outs(rows.iter().map(|row| (organisation, &row.email))).await?;
        rows.retain(|row| !opt_outs.has(organisation, &row.email));
        Ok(rows)
    }

    /// Oldest first.
    async fn attention_rows(&self, deal: DealId, reason: Attention, query: &PageQuery) -> Result<Rows> {
        // A place begins with a digit, and so sorts behind this.
        let after = query.after.as_deref().unwrap_or("!");
        let limit = i32::try_from(query.limit + 1).unwrap_or(i32::MAX);
        let read = one_page(self.attention(deal, reason, after).limit(limit)).await?;
        // DynamoDB ends a page of long rows earlier.
        let is_cut = read.last_evaluated_key.is_some();
        let mut items = read.items.unwrap_or_default();
        let is_more = is_cut || items.len() > query.limit;
        items.truncate(query.limit);
        let last = items.last().filter(|_| is_more).and_then(|item| item::text(item, "attentionSk"));
        let next = last.map(str::to_owned);
        Ok((item::readable(items, item::row), next))
    }

    async fn rows(&self, deal: DealId, parts: &[Part], query: &PageQuery, now: Timestamp) -> Result<Rows> {
        // No row below the floor is shown. Every place is above the empty one.
        let is_limited = query.filter == Some(StatusFilter::Removed);
        let floor = if is_limited { keys::place_floor(now - REMOVED_KEPT) } else { String::new() };
        let (mut rows, mut after) = (Vec::<Invite>::new(), query.after.clone());
        for round in 0..MOST_ROUNDS {
            let wanted = query.limit - rows.len();
            let limit = |part: &Part| if round == 0 { (wanted + 1) * part.twelfths / 12 } else { wanted + 1 };
            let (mut found, down_to) = self.rows_below(deal, parts, after.as_deref(), limit, now).await?;
            found.retain(|row| place(row) >= floor && rows.iter().all(|shown| shown.id != row.id));
            let is_more = found.len() > wanted;
            rows.extend(found.into_iter().take(wanted));
            after = if is_more { rows.last().map(place) } else { down_to.filter(|end| *end >= floor) };
            if after.is_none() || rows.len() == query.limit {
                break;
            }
        }
        Ok((rows, after))
    }

    /// May return fewer than `limit` rows if many had to be skipped.
    async fn rows_below(
        &self,
        deal: DealId,
        parts: &[Part],
        after: Option<&str>,
        limit: impl Fn(&Part) -> usize,
        now: Timestamp,
    ) -> Result<Rows> {
        let read = async |part: &Part| {
            let edge = part.range.iter().map(|(_, edge)| edge.as_str()).chain(after).min();
            let limit = i32::try_from(limit(part).max(1)).unwrap_or(i32::MAX);
            let part = Part { range: edge.map(|edge| ("listSk < :edge", edge.to_owned())), ..part.clone() };
            let query = self.part_query(deal, &part, now).limit(limit).scan_index_forward(false);
            let output = one_page(query).await?;
            let last = output.last_evaluated_key.as_ref().and_then(|key| item::text(key, "listSk"));
            let down_to = last.map(str::to_owned);
            Ok::<Rows, StoreError>((item::readable(output.items.unwrap_or_default(), item::row), down_to))
        };
        let mut found = future::try_join_all(parts.iter().map(read)).await?;
        // The sweep may have moved unmarked rows after the expired ones were read. A second read finds them.
        let is_unmarked = |row: &Invite| row.state == InviteState::Open && row.expires_at <= now;
        if found.iter().flat_map(|(rows, _)| rows).any(is_unmarked) {
            for (part, found) in parts.iter().zip(&mut found) {
                if part.state == InviteState::Expired {
                    *found = read(part).await?;
                }
            }
        }
        let (rows, ends): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let down_to = ends.into_iter().flatten().max();
        let mut rows: Vec<Invite> = rows.into_iter().flatten().collect();
        if let Some(down_to) = &down_to {
            rows.retain(|row| place(row) >= *down_to);
        }
        // A row that moved between reads appears twice, maybe far apart. The later state sorts first.
        rows.sort_by_cached_key(|row| (Reverse(place(row)), row.state == InviteState::Open));
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(row.id));
        Ok((rows, down_to))
    }
}
