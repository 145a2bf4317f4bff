//! Mailing what is queued and held by a claim, and recording what happened to it.
//!
//! A claim is the right to mail one invite until its lease ends. Whatever goes wrong on the way, a mail that was not
//! recorded as sent stays queued, and its lease ends by itself (I4).

use super::Sending;
use crate::clock::{self, Deadline, Stopwatch};
use crate::domain::claim::{MOST_ATTEMPTS, retry_delay};
use crate::domain::outcome::{Outcome, record_outcome};
use crate::domain::{Attempt, Deal, FailureReason, Invite, Link};
use crate::mail::compose;
use crate::mail::ses::{BULK, Outgoing, Verdict};
use crate::store::{Changed, InviteRecord, Seen, StoreError, jitter};
use crate::telemetry::{self, Mailed};
use chrono::Duration as Span;
use futures_util::future;
use futures_util::stream::{self, StreamExt};
use std::cell::Cell;
use std::time::Duration;

/// SES calls under way at once.
const CALLS: usize = 4;

/// The least time in which a call to SES is worth starting, and its outcome can be recorded.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// What is kept of a run's time to record the last outcomes.
const RECORDING: Duration = Duration::from_secs(1);

/// How long a request waits for its turn of the send rate. A waiting function takes one of the account's few, and the
/// deliverer waits for all of them.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Who runs, which says how long a run waits for its turn and what it does with mails that SES was not asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runner {
    /// A request. It waits two seconds in all, and leaves what was not attempted to the deliverer, under its lease.
    Request,
    /// The deliverer. It waits as long as it may run, and requeues what it claimed and did not attempt.
    Deliverer,
}

/// The right to mail one invite.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The invite, as the write that claimed it left it.
    pub record: InviteRecord,
    /// The link that goes into the mail; its hash is stored.
    pub link: Link,
    /// The attempt that this claim is.
    pub attempt: Attempt,
}

impl Claim {
    /// The claim that a write made. `None` if the invite was sent again or cancelled before the retried write was
    /// acknowledged: then there is nothing to mail for this one.
    #[must_use]
    pub fn of(record: InviteRecord, link: Link) -> Option<Self> {
        let attempt = record.invite.attempt(&link.secret.hash())?;
        Some(Self { record, link, attempt })
    }
}

/// One run of mailing: it ends when its time is up, or when SES will take nothing more for now. While sending is paused
/// it is over before it begins: nothing is claimed, reserved or mailed.
pub struct Run<'a> {
    sending: &'a Sending,
    runner: Runner,
    /// When the last outcome must be recorded.
    ends: Deadline,
    /// When the last mail must be out.
    until: Deadline,
    /// When the last turn may come.
    turns_until: Deadline,
    /// No turn comes in time any more.
    is_out_of_turns: Cell<bool>,
    is_stopped: Cell<bool>,
    unanswered: Cell<u32>,
    slowest: Cell<Duration>,
    mailed: Cell<Mailed>,
}

impl Sending {
    /// Starts a run that has to be over by `ends`.
    #[must_use]
    pub fn run(&self, runner: Runner, ends: Deadline) -> Run<'_> {
        let until = ends.earlier(RECORDING);
        let last_turn = until.earlier(LEAST_TIME);
        let turns_until = match runner {
            Runner::Request => Deadline::within(LONGEST_WAIT.min(last_turn.left())),
            Runner::Deliverer => last_turn,
        };
        Run {
            sending: self,
            runner,
            ends,
            until,
            turns_until,
            is_out_of_turns: Cell::default(),
            is_stopped: Cell::default(),
            unanswered: Cell::default(),
            slowest: Cell::default(),
            mailed: Cell::default(),
        }
    }

    /// Mails in one call: SES's most, or what a second of the send rate allows.
    #[must_use]
    pub fn batch(&self) -> usize {
        match self.mail.send_rate {
            0 => BULK,
            rate => usize::try_from(rate).unwrap_or(BULK).clamp(1, BULK),
        }
    }
}

impl Run<'_> {
    /// True when no further mail should be started.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.sending.mail.paused
            || self.is_stopped.get()
            || self.is_out_of_turns.get()
            || self.until.left() < LEAST_TIME.max(self.slowest.get() * 2)
    }

    /// Mails these invites of one deal, several calls at once, and returns them as they are then, in their order.
    /// Those that the run had no time for stay queued.
    pub async fn mail_all(&self, deal: &Deal, claims: Vec<Claim>) -> Vec<Invite> {
        let mailed = stream::iter(claims)
            .map(|claim| (claim, deal))
            .chunks(self.sending.batch())
            .map(|batch| self.mail(batch))
            .buffered(CALLS)
            .concat()
            .await;
        self.report();
        mailed
    }

    /// Mails up to a batch of invites, which may be of several deals.
    pub async fn mail(&self, claims: Vec<(Claim, &Deal)>) -> Vec<Invite> {
        if self.is_over() || claims.is_empty() {
            self.count(|mailed| mailed.untried += claims.len() as u64);
            return claims.into_iter().map(|(claim, _)| claim.record.invite).collect();
        }
        let verdicts = self.attempt(&claims).await;
        let recorded = claims.into_iter().zip(verdicts).map(async |((claim, _), verdict)| {
            let as_claimed = claim.record.invite.clone();
            self.record(claim, verdict).await.unwrap_or_else(|error| {
                tracing::error!(error = telemetry::chain(&error), "an outcome could not be recorded");
                as_claimed
            })
        });
        future::join_all(recorded).await
    }

    /// Requeues claims that were not attempted: they are due again after a lease, and the attempt does not count.
    pub async fn requeue(&self, claims: impl IntoIterator<Item = Claim>) {
        let requeued = claims.into_iter().map(|claim| self.record(claim, Verdict::Untried));
        for requeued in future::join_all(requeued).await {
            if let Err(error) = requeued {
                tracing::error!(error = telemetry::chain(&error), "a claim could not be requeued");
            }
        }
    }

    /// Sends the mails, again and again for those that SES was too busy for, while there is time.
    async fn attempt(&self, claims: &[(Claim, &Deal)]) -> Vec<Verdict> {
        let mails =
            claims.iter().map(|(claim, deal)| self.outgoing(claim, deal)).collect::<Result<Vec<_>, _>>();
        let Ok(mut mails) = mails else { return vec![Verdict::TryLater; claims.len()] };
        let mut verdicts = vec![Verdict::Untried; claims.len()];
        let mut waiting: Vec<usize> = (0..claims.len()).collect();
        loop {
            // While it waited for its turn, another call may have ended the run.
            if !self.turn(waiting.len()).await || self.is_stopped.get() {
                return verdicts;
            }
            let watch = Stopwatch::start();
            let answers = self.sending.mailer.send(&mails, self.until.left()).await;
            self.slowest.set(self.slowest.get().max(watch.elapsed()));
            // One answer may get lost; if two do, something is wrong with SES or the way there.
            let unanswered = self.unanswered.get() + u32::from(answers.contains(&Verdict::Unknown));
            self.unanswered.set(unanswered);
            if answers.iter().any(|verdict| verdict.ends_the_run())
                || (unanswered > 1 && answers.contains(&Verdict::Unknown))
            {
                self.is_stopped.set(true);
            }
            for (index, verdict) in waiting.iter().zip(answers) {
                if let Some(slot) = verdicts.get_mut(*index) {
                    *slot = verdict;
                }
            }
            let is_busy = |index: &usize| verdicts.get(*index) == Some(&Verdict::Throttled);
            (waiting, mails) = waiting.into_iter().zip(mails).filter(|(index, _)| is_busy(index)).unzip();
            if waiting.is_empty() || self.is_over() {
                return verdicts;
            }
            tokio::time::sleep(Duration::from_millis(500).mul_f64(1.0 + jitter())).await;
        }
    }

    fn outgoing(&self, claim: &Claim, deal: &Deal) -> Result<Outgoing, askama::Error> {
        let invite = &claim.record.invite;
        let tags = [
            ("deal", claim.link.deal.to_string()),
            ("invite", claim.link.invite.to_string()),
            ("send", invite.sends.to_string()),
        ];
        let mail = compose(&self.sending.mail, deal, invite, &claim.link, claim.attempt.sent)?;
        Ok(Outgoing { mail, tags })
    }

    /// Waits for the account's turn to send this many mails. False when it does not come in time.
    async fn turn(&self, mails: usize) -> bool {
        let rate = self.sending.mail.send_rate;
        if rate == 0 {
            return true;
        }
        let now = clock::now();
        let latest = now + Span::from_std(self.turns_until.left()).unwrap_or_default();
        match self.sending.store.reserve_sends(super::count(mails), rate, now, latest).await {
            Ok(Some(turn)) => {
                tokio::time::sleep((turn - now).to_std().unwrap_or_default()).await;
                true
            }
            Ok(None) => {
                self.is_out_of_turns.set(true);
                false
            }
            Err(error) => {
                tracing::error!(error = telemetry::chain(&error), "no turn to send could be reserved");
                false
            }
        }
    }

    /// Records what happened to one mail; returns the invite as it is then.
    async fn record(&self, claim: Claim, verdict: Verdict) -> Result<Invite, StoreError> {
        let now = clock::now();
        let delay = |attempt| retry_delay(self.sending.mail.lease, attempt, jitter());
        let attempts = claim.attempt.number;
        let outcome = match verdict {
            Verdict::Sent => Outcome::Sent,
            Verdict::Failed(reason) => Outcome::Failed(reason),
            Verdict::TryLater | Verdict::Malformed if attempts >= MOST_ATTEMPTS => {
                Outcome::Failed(FailureReason::TooManyAttempts)
            }
            Verdict::TryLater | Verdict::Malformed => {
                Outcome::Requeued { due_at: now + delay(attempts), was_attempted: true }
            }
            Verdict::Untried if self.runner == Runner::Request => {
                self.count(|mailed| mailed.untried += 1);
                return Ok(claim.record.invite);
            }
            Verdict::Throttled | Verdict::Stopped | Verdict::Untried => {
                Outcome::Requeued { due_at: now + delay(1), was_attempted: false }
            }
            Verdict::Unavailable | Verdict::Unknown => {
                self.count(|mailed| mailed.unanswered += 1);
                return Ok(claim.record.invite);
            }
        };
        self.count(|mailed| match outcome {
            Outcome::Sent => mailed.sent += 1,
            Outcome::Failed(_) => mailed.failed += 1,
            Outcome::Requeued { .. } => mailed.put_back += 1,
        });
        let Claim { record, link, attempt } = claim;
        let as_claimed = record.invite.clone();
        let rule = |existing: Option<&Invite>, now| record_outcome(existing, &attempt, outcome, now);
        let seen = Seen::Record(Some(record));
        Ok(match self.sending.store.change(link.key(), seen, now, self.ends, rule).await? {
            Changed::Done(record) => record.invite,
            Changed::Refused(_, existing) => existing.map_or(as_claimed, |record| record.invite),
        })
    }

    fn count(&self, count: impl FnOnce(&mut Mailed)) {
        let mut mailed = self.mailed.get();
        count(&mut mailed);
        self.mailed.set(mailed);
    }

    /// Writes the run's metrics and returns what it did.
    pub fn report(&self) -> Mailed {
        let mailed = Mailed { stopped: self.is_stopped.get(), ..self.mailed.get() };
        telemetry::mailed(mailed);
        mailed
    }
}
