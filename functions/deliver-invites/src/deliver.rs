//! One run of the deliverer: claims due mails and then due reminders, sends them and records the outcomes, batch by batch.

use futures_util::future;
use shared::clock::{self, Deadline};
use shared::domain::claim::{NewAttempt, take_up};
use shared::domain::remind::take_up_reminder;
use shared::domain::{Deal, DealId, Invite, Timestamp};
use shared::sending::{Claim, Run, Runner, Sending};
use shared::store::{InviteRecord, Seen, StoreError, jitter, keys::Queue, new_link};
use shared::sweep::{Report, sweep};
use shared::telemetry;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Each deal of a run is read once: a second batch that needs the deal waits for the first batch's read.
type Deals = RefCell<HashMap<DealId, Rc<OnceCell<Option<Rc<Deal>>>>>>;

struct Deliverer<'a> {
    sending: &'a Sending,
    run: Run<'a>,
    deals: Deals,
    deadline: Deadline,
    /// Seconds that the oldest claimed mail had been queued.
    longest: Cell<u64>,
}

pub(crate) async fn deliver(sending: &Sending, now: Timestamp, deadline: Deadline) -> Report {
    let watch = clock::start();
    let run = sending.run(Runner::Deliverer, deadline);
    let deliverer = Deliverer { sending, run, deals: Deals::default(), deadline, longest: Cell::default() };
    let walk = async |queue| {
        let work = async |due| deliverer.mail(queue, due).await;
        sweep(&sending.store, queue, sending.batch(), now, deadline, work).await
    };
    let mails = walk(Queue::Send).await;
    let report = mails.plus(walk(Queue::Remind).await);
    deliverer.run.report();
    // A mail that was seen but not claimed has been queued for longer than it has been due.
    let queued_for = Duration::from_secs(deliverer.longest.get().max(mails.lag_seconds));
    telemetry::swept(&report, Some(queued_for), watch.elapsed());
    report
}

impl Deliverer<'_> {
    /// Also stores the lifetime in the deal, as every send does first.
    async fn deal(&self, id: DealId) -> Result<Option<Rc<Deal>>, StoreError> {
        let deal = Rc::clone(self.deals.borrow_mut().entry(id).or_default());
        let read = async || {
            let deal = self.sending.store.deal(id).await?.map(Rc::new);
            if let Some(deal) = &deal {
                self.sending.store.remember_lifetime(deal, self.sending.config.lifetime).await?;
            }
            Ok(deal)
        };
        deal.get_or_try_init(read).await.cloned()
    }

    /// Drops reminders that nobody can mail for now.
    async fn mail(&self, queue: Queue, due: Vec<InviteRecord>) -> Report {
        let is_dropped = queue == Queue::Remind && self.run.is_stopped();
        if self.run.is_over() && !is_dropped {
            return Report { left_over: due.len() as u64, ..Report::default() };
        }
        let claimed = future::join_all(due.into_iter().map(|record| self.claim(queue, record))).await;
        let (mut swept, mut held) = (Report::default(), Vec::new());
        for claimed in claimed {
            match claimed {
                Ok(Some(claim)) => held.push(claim),
                Ok(None) => swept.skipped += 1,
                Err(error) => swept = swept.plus(Report::failed(&error)),
            }
        }
        if queue == Queue::Send
            && let Some(oldest) = held.iter().map(|(claim, _)| claim.record.invite.queued.at).min()
        {
            let queued_for = u64::try_from((clock::now() - oldest).num_seconds()).unwrap_or_default();
            self.longest.set(self.longest.get().max(queued_for));
        }
        // If another batch has just found that SES accepts no mail, these mails are requeued unattempted.
        let handled = if self.run.is_over() { &mut swept.left_over } else { &mut swept.done };
        *handled += held.len() as u64;
        self.run.mail(held.iter().map(|(claim, deal)| (claim.clone(), deal.as_ref())).collect()).await;
        swept
    }

    /// `None` if the mail must wait, is not due, or failed for a stored reason (I4), or the reminder is dropped.
    async fn claim(
        &self,
        queue: Queue,
        record: InviteRecord,
    ) -> Result<Option<(Claim, Rc<Deal>)>, StoreError> {
        let key = record.key;
        let Some(deal) = self.deal(key.deal).await? else { return Ok(None) };
        let link = new_link(key)?;
        let Sending { store, config, mail, limits, .. } = self.sending;
        let attempt = NewAttempt {
            link: link.secret.hash(),
            lifetime: config.lifetime,
            lease: mail.lease,
            jitter: jitter(),
        };
        let (limit, is_stopped) = (limits.recipient, self.run.is_stopped());
        let rule = |existing: Option<&Invite>, now| {
            if queue == Queue::Remind {
                take_up_reminder(existing, &deal, &attempt, limit, is_stopped, now)
            } else {
                take_up(existing, &deal, &attempt, now)
            }
        };
        let changed =
            store.change(key, Seen::Record(Some(record)), clock::now(), self.deadline, rule).await?;
        let claim = changed.ok().and_then(|record| Claim::of(record, link));
        Ok(claim.map(|claim| (claim, Rc::clone(&deal))))
    }
}
