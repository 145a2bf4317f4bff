//! The Deal seats page: rows by computed status, newest queued first; search by address; counts.
//!
//! Rows lie in one partition for each stored status, in the order in which they are shown. What the sweep has not
//! marked yet is still among the open ones: an expired page therefore reads the old end of the open partition too,
//! and a pending one leaves it out (I2). Whatever moves meanwhile, a row that stays as it is keeps its place, so
//! that paging shows it exactly once.

use super::{Item, Store, StoreError, item, keys, n, s, values};
use crate::domain::{
    AddressPrefix, Deal, DealId, DealState, Email, Invite, InviteId, InviteState, Status, Timestamp,
    whole_seconds,
};
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use chrono::Duration;
use futures_util::future;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::HashSet;

/// Up to this number, counts are exact; one more means "more than that".
pub const COUNTED_UP_TO: u32 = 1_000;

/// Reads in a row that one page may take before it is cut short (with a cursor to go on from).
const MOST_ROUNDS: usize = 8;

/// Which rows to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusFilter {
    /// Those that can be accepted.
    Pending,
    /// Those that hold a seat.
    Accepted,
    /// Those that were not accepted in time.
    Expired,
}

impl StatusFilter {
    /// The filter's name, as in the query string.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Expired => "expired",
        }
    }

    fn shows(self, status: Status) -> bool {
        status
            == match self {
                Self::Pending => Status::Pending,
                Self::Accepted => Status::Accepted,
                Self::Expired => Status::Expired,
            }
    }
}

/// What page to read.
#[derive(Clone, PartialEq, Debug)]
pub struct PageQuery {
    /// Which rows; `None` for all.
    pub filter: Option<StatusFilter>,
    /// At most this many.
    pub limit: usize,
    /// The position where the page before ended.
    pub after: Option<String>,
    /// The lifetime of invites that are sent now.
    pub lifetime: Duration,
}

/// A page of rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Page {
    /// The deal.
    pub deal: Deal,
    /// The rows, in order.
    pub invites: Vec<Invite>,
    /// The position to go on from; `None` at the end.
    pub next: Option<String>,
}

/// How many invites have which status; more than [`COUNTED_UP_TO`] is only known to be more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Those that can be accepted.
    pub pending: u32,
    /// Those that hold a seat: always exact.
    pub accepted: u32,
    /// Those that were not accepted in time.
    pub expired: u32,
}

/// What has to be known of a deal to find its expired invites.
#[derive(Clone, Copy, PartialEq, Debug)]
struct View {
    /// An ended deal has no pending invites.
    ended: bool,
    /// Invites queued at or after this time can't have expired.
    fresh_since: Timestamp,
}

impl View {
    /// What is most likely the case, to read rows before the deal is there.
    fn presumed(lifetime: Duration, now: Timestamp) -> Self {
        Self { ended: false, fresh_since: fresh_since(lifetime, now) }
    }

    fn of(deal: &Deal, lifetime: Duration, now: Timestamp) -> Self {
        let shortest = deal.shortest_lifetime.map_or(lifetime, |shortest| shortest.min(lifetime));
        Self { ended: deal.state(now) == DealState::Ended, fresh_since: fresh_since(shortest, now) }
    }
}

/// The first time of queuing with which an invite of this lifetime is not expired yet. A try begins in whole seconds,
/// so that an invite queued within a second expires with its beginning.
fn fresh_since(lifetime: Duration, now: Timestamp) -> Timestamp {
    whole_seconds(now - lifetime) + Duration::seconds(1)
}

/// Where a row stands. Rows are compared by this text, as the engine compares them, not by what it is made of: ids
/// sort differently as bytes.
fn place(row: &Invite) -> String {
    keys::place(row.queued, row.id)
}

/// Rows of one partition, read down to some place.
struct Stretch {
    rows: Vec<Invite>,
    /// The place down to which this is complete; `None` when the partition ended.
    down_to: Option<String>,
}

impl Store {
    /// A page of the deal's rows, newest queued first: the deal and the rows at once. `None` if there is no such
    /// deal.
    pub async fn page(
        &self,
        id: DealId,
        query: &PageQuery,
        now: Timestamp,
    ) -> Result<Option<Page>, StoreError> {
        let presumed = View::presumed(query.lifetime, now);
        let (deal, rows) = future::try_join(self.deal(id), self.rows(id, query, presumed, now)).await?;
        let Some(deal) = deal else { return Ok(None) };
        let view = View::of(&deal, query.lifetime, now);
        let is_other = match query.filter {
            None | Some(StatusFilter::Accepted) => false,
            Some(StatusFilter::Pending) => view.ended != presumed.ended,
            Some(StatusFilter::Expired) => view != presumed,
        };
        let (invites, next) = if is_other { self.rows(id, query, view, now).await? } else { rows };
        Ok(Some(Page { deal, invites, next }))
    }

    /// The oldest expired invites, at most `limit`, to be resent together.
    pub async fn oldest_expired(
        &self,
        deal: &Deal,
        lifetime: Duration,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Invite>, StoreError> {
        let view = View::of(deal, lifetime, now);
        // The open ones first: what the sweep moves meanwhile is then found among the marked ones.
        let mut rows = self.oldest(deal.id, InviteState::Open, Some(view), limit, now).await?;
        rows.extend(self.oldest(deal.id, InviteState::Expired, None, limit, now).await?);
        rows.sort_by_cached_key(place);
        rows.dedup_by_key(|invite| invite.id);
        rows.truncate(limit);
        Ok(rows)
    }

    async fn oldest(
        &self,
        deal: DealId,
        state: InviteState,
        unmarked: Option<View>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Invite>, StoreError> {
        let mut rows = Vec::new();
        let mut after: Option<Item> = None;
        loop {
            let mut attributes = values([(":pk", s(keys::list(deal, state)))]);
            let mut query = self.listing_query();
            if let Some(view) = unmarked.filter(|view| !view.ended) {
                attributes.insert(":below".into(), s(keys::place_floor(view.fresh_since)));
                attributes.insert(":now".into(), n(now.timestamp()));
                query = query
                    .key_condition_expression("listPk = :pk AND listSk < :below")
                    .filter_expression("expiresAt <= :now");
            } else {
                query = query.key_condition_expression("listPk = :pk");
            }
            let output = query
                .set_expression_attribute_values(Some(attributes))
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(|error| StoreError::from_sdk("Query", &error))?;
            rows.extend(item::readable(output.items.unwrap_or_default(), item::row));
            after = output.last_evaluated_key;
            if after.is_none() || rows.len() >= limit {
                return Ok(rows);
            }
        }
    }

    async fn rows(
        &self,
        deal: DealId,
        query: &PageQuery,
        view: View,
        now: Timestamp,
    ) -> Result<(Vec<Invite>, Option<String>), StoreError> {
        let mut rows: Vec<Invite> = Vec::new();
        let mut after = query.after.clone();
        for _ in 0..MOST_ROUNDS {
            let wanted = query.limit - rows.len();
            let (mut found, down_to) =
                self.rows_below(deal, query.filter, after.as_deref(), wanted, view, now).await?;
            found.retain(|row| rows.iter().all(|shown| shown.id != row.id));
            if found.len() > wanted {
                found.truncate(wanted);
                rows.append(&mut found);
                let last = rows.last().map(place);
                return Ok((rows, last));
            }
            rows.append(&mut found);
            after = down_to;
            if after.is_none() || rows.len() == query.limit {
                break;
            }
        }
        Ok((rows, after))
    }

    /// The rows below `after`, in order: at least one more than `wanted` or all there are, unless many had to be
    /// passed over. Also the place down to which they are complete; `None` at the end.
    async fn rows_below(
        &self,
        deal: DealId,
        filter: Option<StatusFilter>,
        after: Option<&str>,
        wanted: usize,
        view: View,
        now: Timestamp,
    ) -> Result<(Vec<Invite>, Option<String>), StoreError> {
        let read = |state| self.stretch(deal, state, filter, after, wanted + 1, view, now);
        let stretches = match filter {
            Some(StatusFilter::Pending) if view.ended => Vec::new(),
            Some(StatusFilter::Pending) => vec![read(InviteState::Open).await?],
            Some(StatusFilter::Accepted) => vec![read(InviteState::Accepted).await?],
            Some(StatusFilter::Expired) => {
                let (open, marked) =
                    future::try_join(read(InviteState::Open), read(InviteState::Expired)).await?;
                let marked = if open.rows.is_empty() { marked } else { read(InviteState::Expired).await? };
                vec![open, marked]
            }
            None => {
                let (open, marked, accepted) = future::try_join3(
                    read(InviteState::Open),
                    read(InviteState::Expired),
                    read(InviteState::Accepted),
                )
                .await?;
                // Unmarked rows in sight: a sweep may be moving rows from the partition that was read last to the
                // one that was read first. Reading the latter again finds them.
                let is_unmarked = |row: &Invite| row.expires_at <= now;
                let marked = if open.rows.iter().any(is_unmarked) {
                    read(InviteState::Expired).await?
                } else {
                    marked
                };
                vec![open, marked, accepted]
            }
        };
        let down_to = stretches.iter().filter_map(|stretch| stretch.down_to.clone()).max();
        let mut rows: Vec<Invite> = stretches.into_iter().flat_map(|stretch| stretch.rows).collect();
        if let Some(down_to) = &down_to {
            rows.retain(|row| place(row) >= *down_to);
        }
        // A row that moved between two reads is there twice, and far from itself if it was sent again meanwhile: its
        // later state wins, which comes first.
        rows.sort_by_cached_key(|row| (Reverse(place(row)), row.state == InviteState::Open));
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(row.id));
        Ok((rows, down_to))
    }

    #[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
    async fn stretch(
        &self,
        deal: DealId,
        state: InviteState,
        filter: Option<StatusFilter>,
        after: Option<&str>,
        limit: usize,
        view: View,
        now: Timestamp,
    ) -> Result<Stretch, StoreError> {
        let mut attributes = values([(":pk", s(keys::list(deal, state)))]);
        let mut query = self.listing_query().scan_index_forward(false);
        let unmarked = state == InviteState::Open && filter == Some(StatusFilter::Expired) && !view.ended;
        let fresh = unmarked.then(|| keys::place_floor(view.fresh_since));
        let below = [after.map(str::to_owned), fresh].into_iter().flatten().min();
        if let Some(below) = below {
            attributes.insert(":below".into(), s(below));
            query = query.key_condition_expression("listPk = :pk AND listSk < :below");
        } else {
            query = query.key_condition_expression("listPk = :pk");
        }
        if state == InviteState::Open && filter == Some(StatusFilter::Pending) {
            attributes.insert(":now".into(), n(now.timestamp()));
            query = query.filter_expression("expiresAt > :now");
        } else if unmarked {
            attributes.insert(":now".into(), n(now.timestamp()));
            query = query.filter_expression("expiresAt <= :now");
        }
        let output = query
            .set_expression_attribute_values(Some(attributes))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("Query", &error))?;
        let rows = item::readable(output.items.unwrap_or_default(), item::row);
        let down_to = output.last_evaluated_key.and_then(|key| item::text(&key, "listSk").map(str::to_owned));
        Ok(Stretch { rows, down_to })
    }

    /// A page of the rows whose address begins with `prefix`, in the order of addresses. `None` if there is no such deal.
    pub async fn search(
        &self,
        id: DealId,
        prefix: &AddressPrefix,
        query: &PageQuery,
        now: Timestamp,
    ) -> Result<Option<Page>, StoreError> {
        let after = query.after.as_deref().and_then(InviteId::parse);
        let (deal, mut from, first) = if let Some(invite) = after {
            let (deal, from) = future::try_join(self.deal(id), self.address(id, invite)).await?;
            (deal, from, None)
        } else {
            let first = self.addresses(id, prefix, None, query.limit + 1);
            let (deal, first) = future::try_join(self.deal(id), first).await?;
            (deal, None, Some(first))
        };
        let Some(deal) = deal else { return Ok(None) };
        if after.is_some() && !from.as_ref().is_some_and(|(_, address)| address.starts_with(prefix.range())) {
            // A position outside of what is searched: no cursor of this search leads there.
            return Ok(Some(Page { deal, invites: Vec::new(), next: None }));
        }
        let mut batch = first;
        let mut invites: Vec<Invite> = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let wanted = query.limit - invites.len();
            let found = match batch.take() {
                Some(found) => found,
                None => self.addresses(id, prefix, from.as_ref(), wanted + 1).await?,
            };
            let shown = found.get(..wanted.min(found.len())).unwrap_or_default();
            let keys = shown.iter().map(|(invite, _)| (keys::deal(id), keys::invite(*invite))).collect();
            let mut rows = item::readable(self.get_all(keys, false).await?, item::invite);
            rows.sort_by_key(|row| shown.iter().position(|(invite, _)| *invite == row.invite.id));
            invites.extend(rows.into_iter().map(|row| row.invite).filter(|row| {
                let status = row.status(deal.ends_at, now);
                let is_listed = !matches!(status, Status::Cancelled | Status::Released);
                is_listed
                    && prefix.matches(&row.email)
                    && query.filter.is_none_or(|filter| filter.shows(status))
            }));
            // The last one that was read, whether or not it is shown.
            from = if found.len() > wanted { shown.last().cloned() } else { None };
            if from.is_none() || invites.len() == query.limit {
                break;
            }
        }
        Ok(Some(Page { deal, invites, next: from.map(|(invite, _)| invite.to_string()) }))
    }

    /// Ids and addresses of the rows in the range of `prefix`, from after `start` on.
    async fn addresses(
        &self,
        deal: DealId,
        prefix: &AddressPrefix,
        start: Option<&(InviteId, String)>,
        limit: usize,
    ) -> Result<Vec<(InviteId, String)>, StoreError> {
        let start = start.map(|(invite, address)| {
            values([
                ("pk", s(keys::deal(deal))),
                ("sk", s(keys::invite(*invite))),
                ("addressPk", s(keys::addresses(deal))),
                ("addressSk", s(address)),
            ])
        });
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(keys::ADDRESS)
            .key_condition_expression("addressPk = :pk AND begins_with(addressSk, :prefix)")
            .set_expression_attribute_values(Some(values([
                (":pk", s(keys::addresses(deal))),
                (":prefix", s(prefix.range())),
            ])))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("Query", &error))?;
        let place = |item: &Item| {
            Some((keys::parse_invite(item::text(item, "sk")?)?, item::text(item, "addressSk")?.to_owned()))
        };
        Ok(output.items.unwrap_or_default().iter().filter_map(place).collect())
    }

    /// Where an invite stands, or stood before it was taken back, among the addresses.
    async fn address(
        &self,
        deal: DealId,
        invite: InviteId,
    ) -> Result<Option<(InviteId, String)>, StoreError> {
        let item = self.get(keys::deal(deal), keys::invite(invite)).await?;
        let address = item.and_then(|item| {
            let listed = item::text(&item, "addressSk").map(str::to_owned);
            listed.or_else(|| Some(Email::parse(item::text(&item, "email")?).ok()?.searchable()))
        });
        Ok(address.map(|address| (invite, address)))
    }

    /// How many invites have which status, with the deal. `None` if there is no such deal.
    pub async fn counts(
        &self,
        id: DealId,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<Option<(Deal, Counts)>, StoreError> {
        let presumed = View::presumed(lifetime, now);
        let (deal, counted) = future::try_join(self.deal(id), self.count(id, presumed, now)).await?;
        let Some(deal) = deal else { return Ok(None) };
        let view = View::of(&deal, lifetime, now);
        let (pending, expired) = if view.fresh_since == presumed.fresh_since {
            counted
        } else {
            self.count(id, view, now).await?
        };
        let (pending, expired) = if view.ended { (0, pending + expired) } else { (pending, expired) };
        let counts = Counts {
            pending: pending.min(COUNTED_UP_TO + 1),
            accepted: deal.allocated,
            expired: expired.min(COUNTED_UP_TO + 1),
        };
        Ok(Some((deal, counts)))
    }

    /// How many invites of a running deal are expired: all of them, at 30 read units a thousand.
    pub async fn count_expired(
        &self,
        deal: &Deal,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let edge = keys::place_floor(View::of(deal, lifetime, now).fresh_since);
        let older = Some(("listSk < :edge", edge.as_str()));
        let (_, unmarked) = self.count_range(deal.id, InviteState::Open, older, Some(now), u32::MAX).await?;
        let (marked, _) = self.count_range(deal.id, InviteState::Expired, None, None, u32::MAX).await?;
        Ok(unmarked + marked)
    }

    /// Pending and expired ones, of a deal that runs.
    async fn count(&self, deal: DealId, view: View, now: Timestamp) -> Result<(u32, u32), StoreError> {
        let (edge, most) = (keys::place_floor(view.fresh_since), COUNTED_UP_TO + 1);
        let ((fresh, _), (late, unmarked), (marked, _)) = future::try_join3(
            self.count_range(deal, InviteState::Open, Some(("listSk >= :edge", &edge)), None, most),
            self.count_range(deal, InviteState::Open, Some(("listSk < :edge", &edge)), Some(now), most),
            self.count_range(deal, InviteState::Expired, None, None, most),
        )
        .await?;
        // As in `rows_below`: what is being moved is found where it goes.
        let marked = if unmarked == 0 {
            marked
        } else {
            self.count_range(deal, InviteState::Expired, None, None, most).await?.0
        };
        Ok((fresh + late, unmarked + marked))
    }

    /// How many rows of a partition there are, up to `most`. With `now`, those that expire later and
    /// those that have expired, all of them.
    async fn count_range(
        &self,
        deal: DealId,
        state: InviteState,
        range: Option<(&str, &str)>,
        now: Option<Timestamp>,
        most: u32,
    ) -> Result<(u32, u32), StoreError> {
        let (mut kept, mut dropped) = (0, 0);
        let mut after: Option<Item> = None;
        loop {
            let mut attributes = values([(":pk", s(keys::list(deal, state)))]);
            let mut condition = String::from("listPk = :pk");
            if let Some((part, edge)) = range {
                condition = format!("{condition} AND {part}");
                attributes.insert(":edge".into(), s(edge));
            }
            let mut query = self.listing_query().select(Select::Count).key_condition_expression(condition);
            if let Some(now) = now {
                attributes.insert(":now".into(), n(now.timestamp()));
                query = query.filter_expression("expiresAt > :now");
            } else {
                let left = most.saturating_sub(kept);
                query = query.limit(i32::try_from(left).unwrap_or(i32::MAX));
            }
            let output = query
                .set_expression_attribute_values(Some(attributes))
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(|error| StoreError::from_sdk("Query", &error))?;
            kept += output.count.unsigned_abs();
            dropped += (output.scanned_count - output.count).unsigned_abs();
            after = output.last_evaluated_key;
            if after.is_none() || (kept >= most && (now.is_none() || dropped >= most)) {
                return Ok((kept, dropped));
            }
        }
    }

    fn listing_query(&self) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(keys::LISTING)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }
}
