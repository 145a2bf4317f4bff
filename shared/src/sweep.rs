//! Walks the due invites, all shards in parallel, and stops before the deadline. A sweep has no input and no
//! state: the next sweep finds the invites that this one leaves (I7).

use crate::clock::{Deadline, LEAST_TIME};
use crate::domain::{DealId, InviteKey, Timestamp};
use crate::store::{InviteRecord, Store, StoreError, in_time, keys};
use crate::telemetry;
use futures_util::future;
use futures_util::stream::StreamExt;
use keys::Queue;
use serde::Serialize;
use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

/// Limits the read of one deal's invites, so that a throttled partition does not hold up other deals.
const LONGEST_READ: Duration = Duration::from_secs(2);

/// The answer to the scheduler, and the metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub done: u64,
    /// Invites that needed nothing, or whose mail was deferred or failed for good.
    pub skipped: u64,
    /// How long the longest overdue invite had been due when the sweep began.
    pub lag_seconds: u64,
    /// Invites that were seen and left for the next sweep.
    pub left_over: u64,
    /// Failed requests to the table.
    pub failures: u64,
}

impl Report {
    pub fn failed(error: &StoreError) -> Self {
        telemetry::row_failed(error);
        Self { failures: 1, left_over: 1, ..Self::default() }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            skipped: self.skipped + other.skipped,
            lag_seconds: self.lag_seconds.max(other.lag_seconds),
            left_over: self.left_over + other.left_over,
            failures: self.failures + other.failures,
        }
    }
}

/// `work` gets at most `batch` invites at once from each shard.
pub async fn sweep(
    store: &Store,
    queue: Queue,
    batch: usize,
    now: Timestamp,
    deadline: Deadline,
    work: impl AsyncFn(Vec<InviteRecord>) -> Report,
) -> Report {
    // If time runs out, the whole batch counts as left over.
    let work_through = async |due: &[(InviteKey, Timestamp)]| {
        let oldest = due.iter().map(|(_, due_at)| *due_at).min().unwrap_or(now);
        let lag_seconds = u64::try_from((now - oldest).num_seconds()).unwrap_or_default();
        let left = Report { left_over: due.len() as u64, lag_seconds, ..Report::default() };
        if deadline.left() < LEAST_TIME {
            return left;
        }
        let worked = async {
            let mut deals: HashMap<DealId, Vec<InviteKey>> = HashMap::new();
            for (key, _) in due {
                deals.entry(key.deal).or_default().push(*key);
            }
            let reads = future::join_all(deals.into_values().map(|keys| read(store, keys))).await;
            let (records, reads): (Vec<_>, Vec<_>) = reads.into_iter().unzip();
            let worked = work(records.into_iter().flatten().collect()).await;
            reads.into_iter().fold(Report { lag_seconds, ..worked }, Report::plus)
        };
        tokio::time::timeout_at(deadline.instant(), worked).await.unwrap_or(left)
    };
    // A future for each shard, so that a slow shard does not hold up the others.
    let shards = (0..keys::DUE_SHARDS_READ).map(async |shard| {
        let mut pages = pin!(store.due_invites(queue, shard, now));
        let mut report = Report::default();
        // Reads the first page however little time is left, and the others while there is time for work.
        loop {
            match in_time(deadline, "Query", async { pages.next().await.transpose() }).await {
                Ok(Some(due)) => {
                    for due in due.chunks(batch) {
                        report = report.plus(work_through(due).await);
                    }
                }
                Ok(None) => return report,
                Err(error) => return report.plus(unread(&error)),
            }
            if deadline.left() < LEAST_TIME {
                return report;
            }
        }
    });
    future::join_all(shards).await.into_iter().fold(Report::default(), Report::plus)
}

async fn read(store: &Store, keys: Vec<InviteKey>) -> (Vec<InviteRecord>, Report) {
    let all = keys.len() as u64;
    match in_time(Deadline::within(LONGEST_READ), "BatchGetItem", store.invites(keys)).await {
        Ok(records) => {
            let skipped = all.saturating_sub(records.len() as u64);
            (records, Report { skipped, ..Report::default() })
        }
        Err(error) => (Vec::new(), Report { left_over: all, ..unread(&error) }),
    }
}

fn unread(error: &StoreError) -> Report {
    tracing::error!(error = %error, "due invites could not be read");
    Report { failures: 1, ..Report::default() }
}
