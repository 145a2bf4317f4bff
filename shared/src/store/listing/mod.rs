//! The listing: a deal's rows by computed status, newest queued first. Each stored status has one partition,
//! sorted as it is shown. Expired rows that the sweep has not marked are still among the open ones: an
//! expired page also reads the old end of the open partition, and a pending page filters them out (I2). An
//! unchanged row keeps its place, so paging shows it exactly once.

mod counts;
mod page;
mod search;

pub use counts::Counts;

use super::{Result, Store, keys, n, s, values};
use crate::domain::{
    Attention, Deal, DealId, DealState, Invite, InviteState, Status, Timestamp, whole_seconds,
};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use chrono::Duration;
use futures_util::future;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Reads in sequence for one page. After these, the page ends early and has a cursor.
const MOST_ROUNDS: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusFilter {
    Pending,
    Accepted,
    Expired,
    Declined,
    /// The learner asked for a new link or a seat.
    Asked,
    /// The mail failed, bounced, or was complained of.
    Undelivered,
    /// Cancelled or released in the last 30 days. A search does not find them.
    #[serde(skip_deserializing)]
    Removed,
}

impl StatusFilter {
    pub fn parse(text: &str) -> Option<Self> {
        use StatusFilter::{Accepted, Asked, Declined, Expired, Pending, Removed, Undelivered};
        let all = [Pending, Accepted, Expired, Declined, Asked, Undelivered, Removed];
        all.into_iter().find(|known| json!(known) == *text)
    }

    fn holds(self, invite: &Invite, status: Status) -> bool {
        match self {
            Self::Pending => status == Status::Pending,
            Self::Accepted => status == Status::Accepted,
            Self::Expired => status == Status::Expired,
            Self::Declined => status == Status::Declined,
            Self::Asked | Self::Undelivered => {
                invite.attention().map(|(reason, _)| reason) == self.attention()
            }
            Self::Removed => matches!(status, Status::Cancelled | Status::Released),
        }
    }

    /// The partition of `attention` that is the list.
    fn attention(self) -> Option<Attention> {
        match self {
            Self::Asked => Some(Attention::Asked),
            Self::Undelivered => Some(Attention::Undelivered),
            _ => None,
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct PageQuery {
    /// `None` for all rows.
    pub filter: Option<StatusFilter>,
    pub limit: usize,
    /// Where the previous page ended.
    pub after: Option<String>,
    /// The current lifetime of new invites.
    pub lifetime: Duration,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Page {
    pub deal: Deal,
    pub invites: Vec<Invite>,
    /// `None` on the last page.
    pub next: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct View {
    /// An ended deal has no pending invites.
    ended: bool,
    /// Invites queued at or after this time can't have expired.
    fresh_since: Timestamp,
}

impl View {
    /// Without a deal, of a typical one.
    fn of(deal: Option<&Deal>, lifetime: Duration, now: Timestamp) -> Self {
        let ended = deal.is_some_and(|deal| deal.state(now) == DealState::Ended);
        let shortest = deal.and_then(|deal| deal.shortest_lifetime).unwrap_or(lifetime).min(lifetime);
        // Attempts begin in whole seconds: an invite expires as if queued at the beginning of its second.
        Self { ended, fresh_since: whole_seconds(now - shortest) + Duration::seconds(1) }
    }

    fn parts(self, filter: Option<StatusFilter>) -> Vec<Part> {
        use InviteState::{Accepted, Cancelled, Declined, Expired, Open};
        match filter {
            // Few of the newest rows have expired, and fewer were declined.
            None => [(Open, 12), (Expired, 7), (Accepted, 12), (Declined, 3)]
                .map(|(state, twelfths)| Part { twelfths, ..Part::whole(state) })
                .into(),
            // `attention_rows` reads these.
            Some(StatusFilter::Asked | StatusFilter::Undelivered) => Vec::new(),
            Some(StatusFilter::Accepted) => vec![Part::whole(Accepted)],
            Some(StatusFilter::Declined) => vec![Part::whole(Declined)],
            // Released invites are in the same partition.
            Some(StatusFilter::Removed) => vec![Part::whole(Cancelled)],
            Some(StatusFilter::Pending) if self.ended => Vec::new(),
            Some(StatusFilter::Pending) => {
                vec![Part { expiry: Some("expiresAt > :now"), ..Part::whole(Open) }]
            }
            Some(StatusFilter::Expired) if self.ended => [Open, Expired].map(Part::whole).into(),
            Some(StatusFilter::Expired) => vec![self.unmarked(), Part::whole(Expired)],
        }
    }

    /// Expired rows that the sweep has not marked yet.
    fn unmarked(self) -> Part {
        let range = Some(("listSk < :edge", keys::place_floor(self.fresh_since)));
        Part { range, expiry: Some("expiresAt <= :now"), ..Part::whole(InviteState::Open) }
    }
}

#[derive(Clone, PartialEq, Debug)]
struct Part {
    state: InviteState,
    /// A key condition on `:edge`, and the value of `:edge`.
    range: Option<(&'static str, String)>,
    /// A filter expression.
    expiry: Option<&'static str>,
    /// Of a page's rows, how many the first read looks for here. A page that is then incomplete reads all.
    twelfths: usize,
}

impl Part {
    fn whole(state: InviteState) -> Self {
        Self { state, range: None, expiry: None, twelfths: 12 }
    }
}

impl Store {
    /// Reads the deal and, at the same time, the rows that `plan` names for a typical deal. Reads again if
    /// this deal needs another plan. `None` if there is no such deal.
    async fn with_deal<P: PartialEq, T>(
        &self,
        id: DealId,
        lifetime: Duration,
        now: Timestamp,
        plan: impl Fn(View) -> P,
        read: impl AsyncFn(&P) -> Result<T>,
    ) -> Result<Option<(Deal, T)>> {
        let presumed = plan(View::of(None, lifetime, now));
        let (deal, found) = future::try_join(self.deal(id), read(&presumed)).await?;
        let Some(deal) = deal else { return Ok(None) };
        let planned = plan(View::of(Some(&deal), lifetime, now));
        let found = if planned == presumed { found } else { read(&planned).await? };
        Ok(Some((deal, found)))
    }

    /// Oldest first, from behind the place `after`.
    pub(in crate::store) fn attention(
        &self,
        deal: DealId,
        reason: Attention,
        after: &str,
    ) -> QueryFluentBuilder {
        let values = values([(":pk", s(keys::attention(deal, reason))), (":after", s(after))]);
        self.query(Some(keys::ATTENTION), "attentionPk = :pk AND attentionSk > :after", values)
    }

    /// Oldest first.
    fn part_query(&self, deal: DealId, part: &Part, now: Timestamp) -> QueryFluentBuilder {
        let mut keys = "listPk = :pk".to_owned();
        let mut values = values([(":pk", s(keys::list(deal, part.state)))]);
        if let Some((range, edge)) = &part.range {
            keys = format!("{keys} AND {range}");
            values.insert(":edge".to_owned(), s(edge));
        }
        if part.expiry.is_some() {
            values.insert(":now".to_owned(), n(now.timestamp()));
        }
        self.query(Some(keys::LISTING), &keys, values).set_filter_expression(part.expiry.map(str::to_owned))
    }
}
