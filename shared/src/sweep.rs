//! Sweeps: walk what is due, shard by shard, many writes at once, and stop before the deadline.
//!
//! A sweep takes no input and keeps no state: what one leaves, the next one finds again (I7).

use crate::clock::Deadline;
use crate::domain::{DealId, InviteKey, Timestamp};
use crate::store::{Due, InviteRecord, Item, Store, StoreError, keys};
use crate::telemetry;
use futures_util::future;
use futures_util::stream::{self, StreamExt};
use keys::Queue;
use serde::Serialize;
use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

/// The least time in which a batch is worth starting.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// How long the invites of one deal may take to be read: a deal whose partition is throttled holds up no other.
const LONGEST_READ: Duration = Duration::from_secs(2);

/// What a sweep did. Its answer to the scheduler, and its metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Invites that were dealt with.
    pub done: u64,
    /// Invites to which something else had happened meanwhile.
    pub skipped: u64,
    /// How long the longest overdue one was due when the sweep began, in seconds.
    pub lag_seconds: u64,
    /// Invites that were seen and left for the next sweep.
    pub left_over: u64,
    /// Requests to the table that failed.
    pub failures: u64,
}

/// What became of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Dealt with.
    pub done: u64,
    /// No longer theirs to deal with.
    pub skipped: u64,
    /// Left for the next sweep.
    pub left_over: u64,
    /// Failed requests.
    pub failures: u64,
}

/// Walks all that is due in `queue` at `now`, all shards at once, in batches of at most `batch`, `at_once` of them under
/// way in each shard, until `deadline`.
pub async fn sweep(
    store: &Store,
    queue: Queue,
    batch: usize,
    at_once: usize,
    now: Timestamp,
    deadline: Deadline,
    work: impl AsyncFn(Vec<InviteRecord>) -> Swept,
) -> Report {
    let (lag, work) = (&Cell::new(0), &work);
    // Each shard is driven by itself: one that waits for its batches does not keep another from reading.
    let shards = (0..keys::DUE_SHARDS_READ).map(|shard| {
        stream::unfold(Walk::Start, move |walk| page(store, queue, shard, now, deadline, walk))
            .flat_map(move |page| match page {
                Ok(due) => {
                    stream::iter(due.chunks(batch).map(|batch| Ok(batch.to_vec())).collect::<Vec<_>>())
                }
                Err(error) => stream::iter(vec![Err(error)]),
            })
            .map(move |batch| async move {
                match batch {
                    Ok(due) => {
                        let oldest = due.iter().map(|due| due.due_at).min().unwrap_or(now);
                        let seconds = u64::try_from((now - oldest).num_seconds()).unwrap_or_default();
                        lag.set(lag.get().max(seconds));
                        in_time(store, due, deadline, work).await
                    }
                    Err(error) => unread(&error),
                }
            })
            .buffer_unordered(at_once)
            .collect::<Vec<_>>()
    });
    let mut report = Report::default();
    for swept in future::join_all(shards).await.into_iter().flatten() {
        report.done += swept.done;
        report.skipped += swept.skipped;
        report.left_over += swept.left_over;
        report.failures += swept.failures;
    }
    report.lag_seconds = lag.get();
    report
}

/// Reads the invites of a batch and works on them, unless the time is up before, or runs out meanwhile: then the next
/// sweep finds what is left.
async fn in_time(
    store: &Store,
    due: Vec<Due>,
    deadline: Deadline,
    work: &impl AsyncFn(Vec<InviteRecord>) -> Swept,
) -> Swept {
    let all = due.len() as u64;
    let left = Swept { left_over: all, ..Swept::default() };
    if deadline.left() < LEAST_TIME {
        return left;
    }
    let swept = async {
        let mut deals: HashMap<DealId, Vec<InviteKey>> = HashMap::new();
        for Due { key, .. } in due {
            deals.entry(key.deal).or_default().push(key);
        }
        let reads = future::join_all(deals.into_values().map(|keys| read(store, keys))).await;
        let (records, reads): (Vec<_>, Vec<_>) = reads.into_iter().unzip();
        let mut swept = work(records.into_iter().flatten().collect()).await;
        for read in reads {
            swept.skipped += read.skipped;
            swept.left_over += read.left_over;
            swept.failures += read.failures;
        }
        swept
    };
    tokio::time::timeout_at(deadline.instant(), swept).await.unwrap_or(left)
}

/// Reads invites of one deal; what is said of those that are gone or could not be read.
async fn read(store: &Store, keys: Vec<InviteKey>) -> (Vec<InviteRecord>, Swept) {
    let all = keys.len() as u64;
    match tokio::time::timeout(LONGEST_READ, store.invites(keys)).await {
        Ok(Ok(records)) => {
            let skipped = all.saturating_sub(records.len() as u64);
            (records, Swept { skipped, ..Swept::default() })
        }
        Ok(Err(error)) => (Vec::new(), Swept { left_over: all, ..unread(&error) }),
        Err(_) => {
            tracing::error!("the invites of a deal could not be read in time");
            (Vec::new(), Swept { left_over: all, failures: 1, ..Swept::default() })
        }
    }
}

fn unread(error: &StoreError) -> Swept {
    tracing::error!(error = telemetry::chain(error), "what is due could not be read");
    Swept { failures: 1, ..Swept::default() }
}

/// Where a walk over a shard is.
enum Walk {
    Start,
    After(Item),
    End,
}

async fn page(
    store: &Store,
    queue: Queue,
    shard: u8,
    now: Timestamp,
    deadline: Deadline,
    walk: Walk,
) -> Option<(Result<Vec<Due>, StoreError>, Walk)> {
    let after = match walk {
        Walk::Start => None,
        Walk::After(_) if deadline.left() < LEAST_TIME => return None,
        Walk::After(key) => Some(key),
        Walk::End => return None,
    };
    match store.due_invites(queue, shard, now, after).await {
        Ok((due, next)) => Some((Ok(due), next.map_or(Walk::End, Walk::After))),
        Err(error) => Some((Err(error), Walk::End)),
    }
}
