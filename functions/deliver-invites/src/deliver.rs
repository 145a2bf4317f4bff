//! One run: what is due in the send queue is claimed, mailed and recorded, batch by batch.

use chrono::TimeDelta;
use futures_util::future;
use shared::clock::{self, Deadline, Stopwatch};
use shared::delivery::{Claim, Delivery, Run, Runner};
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
use tokio::sync::OnceCell;

/// Batches under way at once, in each shard.
const BATCHES: usize = 1;

/// How long a mail is put off at the most whose deal has not begun: its start may be moved again.
const LONGEST_PUT_OFF: TimeDelta = TimeDelta::hours(1);

/// A deal that is read once; `None` when there is no such deal.
type ReadOnce = OnceCell<Option<Arc<Deal>>>;

/// The deals of a run, each read once: who needs a deal that somebody else is reading waits for that answer.
#[derive(Default)]
struct Deals(Mutex<HashMap<DealId, Arc<ReadOnce>>>);

impl Deals {
    /// The deal, which `read` reads if nobody has yet.
    async fn get(
        &self,
        id: DealId,
        read: impl Future<Output = Result<Option<Arc<Deal>>, StoreError>>,
    ) -> Result<Option<Arc<Deal>>, StoreError> {
        let deal = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default());
        deal.get_or_try_init(|| read).await.cloned()
    }
}

pub(crate) async fn deliver(delivery: &Delivery, now: Timestamp, deadline: Deadline) -> Report {
    let watch = Stopwatch::start();
    let run = delivery.run(Runner::Deliverer, deadline);
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
    let deal = deals.get(due.deal, read_deal(delivery, due.deal)).await?;
    let Some(deal) = deal else { return Ok(None) };
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

/// A deal, which remembers the lifetime that its invites are about to be sent with, as for every send.
async fn read_deal(delivery: &Delivery, id: DealId) -> Result<Option<Arc<Deal>>, StoreError> {
    let deal = delivery.store.deal(id).await?.map(Arc::new);
    if let Some(deal) = &deal {
        delivery.store.remember_lifetime(deal, delivery.lifetime).await?;
    }
    Ok(deal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_deal_is_read_once_however_many_need_it_at_once() {
        let (deals, reads) = (Deals::default(), AtomicU64::new(0));
        let id = DealId::from_bytes([1; 16]);
        let read = async || {
            reads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(None)
        };
        let got = future::join_all((0..50).map(|_| deals.get(id, read()))).await;
        assert!(got.iter().all(|deal| matches!(deal, Ok(None))));
        assert_eq!(reads.load(Ordering::Relaxed), 1);
        assert!(matches!(deals.get(DealId::from_bytes([2; 16]), read()).await, Ok(None)));
        assert_eq!(reads.load(Ordering::Relaxed), 2, "another deal");
    }

    #[tokio::test]
    async fn a_deal_that_could_not_be_read_is_read_again() {
        let (deals, id) = (Deals::default(), DealId::from_bytes([1; 16]));
        assert!(deals.get(id, async { Err(StoreError::Random) }).await.is_err());
        assert!(matches!(deals.get(id, async { Ok(None) }).await, Ok(None)));
    }
}
