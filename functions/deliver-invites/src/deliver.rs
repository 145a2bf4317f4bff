//! One run: what is due in the send queue is claimed, mailed and recorded, batch by batch.

use chrono::TimeDelta;
use futures_util::future;
use shared::clock::{self, Deadline, Stopwatch};
use shared::delivery::{Claim, Delivery, Run};
use shared::domain::claim::ClaimRefusal;
use shared::domain::limit::RecipientLimit;
use shared::domain::{Deal, DealId, Timestamp};
use shared::store::{Due, Outcome, StoreError, jitter, keys::Queue, new_link};
use shared::sweep::{Report, Swept, sweep};
use shared::telemetry;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Batches under way at once, in each shard.
const BATCHES: usize = 1;

/// How long a mail is put off at the most whose deal has not begun: its start may be moved again.
const LONGEST_PUT_OFF: TimeDelta = TimeDelta::hours(1);

/// The deals that a run has read: each once.
type Deals = Mutex<HashMap<DealId, Option<Arc<Deal>>>>;

pub(crate) async fn deliver(delivery: &Delivery, now: Timestamp, deadline: Deadline) -> Report {
    let watch = Stopwatch::start();
    let run = delivery.run(deadline);
    let deals = Deals::default();
    let longest = AtomicU64::new(0);
    let work = async |due| mail(delivery, &run, &deals, &longest, due).await;
    let report = sweep(&delivery.store, Queue::Send, delivery.batch(), BATCHES, now, deadline, work).await;
    run.report();
    // What was seen and not claimed has been queued for longer than it has been due.
    let queued_for = Duration::from_secs(longest.into_inner().max(report.lag_seconds));
    telemetry::swept(&report, Some(queued_for), watch.elapsed(), delivery.store.usage());
    report
}

/// Mails a batch. `longest` is for how many seconds the oldest of the claimed had been queued.
async fn mail(
    delivery: &Delivery,
    run: &Run<'_>,
    deals: &Deals,
    longest: &AtomicU64,
    due: Vec<Due>,
) -> Swept {
    if run.is_over() {
        return Swept { left_over: due.len() as u64, ..Swept::default() };
    }
    let claimed = future::join_all(due.iter().map(|due| claim(delivery, deals, due))).await;
    let mut swept = Swept::default();
    let mut held: Vec<(Claim, Arc<Deal>)> = Vec::new();
    for claimed in claimed {
        match claimed {
            Ok(Some((claim, deal))) => {
                let queued_for = (clock::now() - claim.record.invite.queued_at).num_seconds();
                longest.fetch_max(u64::try_from(queued_for).unwrap_or_default(), Ordering::Relaxed);
                held.push((claim, deal));
            }
            Ok(None) => swept.skipped += 1,
            Err(error) => {
                telemetry::row_failed(&error);
                swept.failures += 1;
                swept.left_over += 1;
            }
        }
    }
    if run.is_over() {
        // Another batch has just found that SES takes nothing: these have not been tried.
        swept.left_over += held.len() as u64;
        run.put_back(held.iter().map(|(claim, _)| claim)).await;
    } else {
        swept.done = held.len() as u64;
        run.mail(held.iter().map(|(claim, deal)| (claim.clone(), deal.as_ref())).collect()).await;
    }
    swept
}

/// Claims one invite. What can never be sent is recorded as failed, with the reason (I4).
async fn claim(
    delivery: &Delivery,
    deals: &Deals,
    due: &Due,
) -> Result<Option<(Claim, Arc<Deal>)>, StoreError> {
    let Some(deal) = deal(delivery, deals, due.deal).await? else { return Ok(None) };
    let link = new_link(due.deal, due.invite)?;
    let now = clock::now();
    let store = &delivery.store;
    // One more try of a send is no send more: limits are for those who ask.
    let inviter = delivery.inviter(None, RecipientLimit::NONE);
    match store.claim_invite(due, &deal, &link, &inviter, jitter(), now).await? {
        Outcome::Done(record) => Ok(Claim::of(*record, link).map(|claim| (claim, deal))),
        Outcome::Refused(ClaimRefusal::Never(reason), Some(record)) => {
            store.mark_failed(due.deal, &record, reason, now).await?;
            Ok(None)
        }
        Outcome::Refused(ClaimRefusal::DealNotStarted, _) => {
            store.put_off(due, deal.starts_at.min(now + LONGEST_PUT_OFF)).await?;
            Ok(None)
        }
        Outcome::Refused(..) => Ok(None),
    }
}

/// The deal of an invite, read once in a run and remembered with its lifetime, as for every send.
async fn deal(delivery: &Delivery, deals: &Deals, id: DealId) -> Result<Option<Arc<Deal>>, StoreError> {
    if let Some(deal) = deals.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
        return Ok(deal.clone());
    }
    let deal = delivery.store.deal(id).await?.map(Arc::new);
    if let Some(deal) = &deal {
        delivery.store.remember_lifetime(deal, delivery.lifetime).await?;
    }
    deals.lock().unwrap_or_else(PoisonError::into_inner).insert(id, deal.clone());
    Ok(deal)
}
