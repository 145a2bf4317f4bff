//! Counts a deal's rows by status.

use super::{Part, View};
use crate::domain::{Attention, DealId, DealState, InviteState, Timestamp};
use crate::store::read::pages;
use crate::store::{Result, Store, keys};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use chrono::Duration;
use futures_util::TryStreamExt;
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
    pub async fn counts(&self, id: DealId, lifetime: Duration, now: Timestamp) -> Result<Option<Counts>> {
        let plan = |view: View| {
            let edge = keys::place_floor(view.fresh_since);
            let fresh = Part { range: Some(("listSk >= :edge", edge)), ..Part::whole(InviteState::Open) };
            // Filters for the open rows: beyond a megabyte, the local engine counts one scanned row too many a page.
            let late = Part { expiry: Some("expiresAt > :now"), ..view.unmarked() };
            (fresh, late, Part::whole(InviteState::Expired))
        };
        let read = async |(fresh, late, marked): &(Part, Part, Part)| {
            let part = |part| count(self.part_query(id, part, now));
            // A place begins with a digit, and so sorts behind this.
            let attention = |reason| count(self.attention(id, reason, "!"));
            let declined = Part::whole(InviteState::Declined);
            let ((fresh, _), (open, expired), (first, _), (declined, _), (asked, _), (undelivered, _)) = tokio::try_join!(
                part(fresh),
                part(late),
                part(marked),
                part(&declined),
                attention(Attention::Asked),
                attention(Attention::Undelivered),
            )?;
            // The sweep may be moving unmarked rows to the marked ones. A second count finds them.
            let marked = if expired == 0 { first } else { part(marked).await?.0 };
            Ok([fresh + open, expired + marked, declined, asked, undelivered])
        };
        let counted = self.with_deal(id, lifetime, now, plan, read).await?;
        Ok(counted.map(|(deal, [open, expired, declined, asked, undelivered])| {
            let is_ended = deal.state(now) == DealState::Ended;
            let (pending, expired) = if is_ended { (0, open + expired) } else { (open, expired) };
            let [pending, expired, declined, asked, undelivered] =
                [pending, expired, declined, asked, undelivered].map(|count| count.min(COUNTED_UP_TO + 1));
            let (accepted, exact_up_to) = (deal.allocated, COUNTED_UP_TO);
            Counts { pending, accepted, expired, declined, asked, undelivered, exact_up_to }
        }))
    }
}

/// Rows of the query and rows that its filter leaves out, each counted to the end or beyond `COUNTED_UP_TO`.
async fn count(query: QueryFluentBuilder) -> Result<(u32, u32)> {
    let is_filtered = query.get_filter_expression().is_some();
    // DynamoDB limits rows before it filters them.
    let limit = if is_filtered { i32::MAX } else { COUNTED_UP_TO.cast_signed() + 1 };
    let (mut pages, mut held, mut others) = (pin!(pages(query.limit(limit).select(Select::Count))), 0, 0);
    // DynamoDB ends a page of long rows earlier.
    while (held <= COUNTED_UP_TO || is_filtered && others <= COUNTED_UP_TO)
        && let Some(page) = pages.try_next().await?
    {
        held += page.count.unsigned_abs();
        others += (page.scanned_count - page.count).unsigned_abs();
    }
    Ok((held, others))
}
