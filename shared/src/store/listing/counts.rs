//! Counts a deal's rows by status.

use super::{Part, View};
use crate::domain::{Attention, Deal, DealId, DealState, InviteState, Timestamp};
use crate::store::read::pages;
use crate::store::{Result, Store, keys};
use aws_sdk_dynamodb::types::Select;
use chrono::Duration;
use futures_util::{TryStreamExt, future};
use serde::Serialize;
use std::pin::pin;

/// Counts are exact up to this number; one more means "more than that".
const COUNTED_UP_TO: u32 = 1_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub pending: u32,
    /// Always exact.
    pub accepted: u32,
    pub expired: u32,
    pub declined: u32,
    pub asked: u32,
    pub undelivered: u32,
    exact_up_to: u32,
}

impl Store {
    /// `None` if there is no such deal.
    pub async fn counts(
        &self,
        id: DealId,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<Option<(Deal, Counts)>> {
        let plan = |view: View| {
            let edge = keys::place_floor(view.fresh_since);
            let fresh = Part { range: Some(("listSk >= :edge", edge)), ..Part::whole(InviteState::Open) };
            // Filters for the open rows: beyond a megabyte, the local engine counts one scanned row too many a page.
            let late = Part { expiry: Some("expiresAt > :now"), ..view.unmarked() };
            (fresh, late, Part::whole(InviteState::Expired))
        };
        let read = async |(fresh, late, marked): &(Part, Part, Part)| {
            let count = |part| self.count(id, part, now, COUNTED_UP_TO + 1);
            let declined = Part::whole(InviteState::Declined);
            let asked = self.count_attention(id, Attention::Asked);
            let undelivered = self.count_attention(id, Attention::Undelivered);
            let statuses = future::try_join4(count(fresh), count(late), count(marked), count(&declined));
            let (((fresh, _), (open, expired), (first, _), (declined, _)), asked, undelivered) =
                future::try_join3(statuses, asked, undelivered).await?;
            // The sweep may be moving unmarked rows to the marked ones. A second count finds them.
            let marked = if expired == 0 { first } else { count(marked).await?.0 };
            Ok((fresh + open, expired + marked, [declined, asked, undelivered]))
        };
        let counted = self.with_deal(id, lifetime, now, plan, read).await?;
        Ok(counted.map(|(deal, (open, expired, others))| {
            let is_ended = deal.state(now) == DealState::Ended;
            let (pending, expired) = if is_ended { (0, open + expired) } else { (open, expired) };
            let up_to = |count: u32| count.min(COUNTED_UP_TO + 1);
            let ([declined, asked, undelivered], accepted) = (others.map(up_to), deal.allocated);
            let (pending, expired) = (up_to(pending), up_to(expired));
            let exact_up_to = COUNTED_UP_TO;
            (deal, Counts { pending, accepted, expired, declined, asked, undelivered, exact_up_to })
        }))
    }

    async fn count_attention(&self, deal: DealId, reason: Attention) -> Result<u32> {
        let most = i32::try_from(COUNTED_UP_TO + 1).unwrap_or(i32::MAX);
        // A place begins with a digit, and so sorts behind this.
        let query = self.attention(deal, reason, "!").limit(most).select(Select::Count);
        let (mut pages, mut held) = (pin!(pages(query)), 0);
        // DynamoDB ends a page of long rows earlier.
        while held <= COUNTED_UP_TO
            && let Some(page) = pages.try_next().await?
        {
            held += page.count.unsigned_abs();
        }
        Ok(held)
    }

    /// Rows of the part, and rows that its expiry filters out, each counted up to `most` or beyond.
    async fn count(&self, deal: DealId, part: &Part, now: Timestamp, most: u32) -> Result<(u32, u32)> {
        // DynamoDB limits rows before it filters them.
        let limit = part.expiry.map_or(most as usize, |_| usize::MAX);
        let query = self.part_query(deal, part, now, limit).select(Select::Count);
        let (mut pages, mut held, mut others) = (pin!(pages(query)), 0, 0);
        while (held < most || part.expiry.is_some() && others < most)
            && let Some(page) = pages.try_next().await?
        {
            held += page.count.unsigned_abs();
            others += (page.scanned_count - page.count).unsigned_abs();
        }
        Ok((held, others))
    }
}
