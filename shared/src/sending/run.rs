//! Mails claimed invites and records the outcomes. A claim is the right to mail one invite until its lease
//! ends. A mail that was not recorded as sent stays queued, and its lease ends by itself (I4).

use super::Sending;
use crate::clock::{self, Deadline, LEAST_TIME};
use crate::domain::claim::{MOST_ATTEMPTS, retry_delay};
use crate::domain::outcome::{Outcome, record_outcome};
use crate::domain::{Attempt, Deal, FailureReason, Invite, Link, Timestamp};
use crate::mail::ses::{BULK, Verdict};
use crate::mail::{Mail, compose};
use crate::store::{InviteRecord, Refused, Seen, in_time, jitter};
use crate::telemetry::{self, Mailed};
use chrono::Duration as Span;
use futures_util::future;
use futures_util::stream::{self, StreamExt};
use std::cell::RefCell;
use std::time::Duration;

/// SES calls in flight.
const CALLS: usize = 4;

/// Reserved at the end of a run to record the last outcomes.
const RECORDING: Duration = Duration::from_secs(1);

/// How long a request waits for its turn of the send rate. A waiting request holds one of the account's few
/// concurrent functions, and the deliverer waits for all of them.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runner {
    /// Waits at most `LONGEST_WAIT`, and leaves unattempted mails to the deliverer, under their lease.
    Request,
    /// Waits as long as it may run, and requeues the mails that it claimed and did not attempt.
    Deliverer,
}

#[derive(Clone, Debug)]
pub struct Claim {
    /// The invite as the claiming write stored it.
    pub record: InviteRecord,
    /// The link in the mail. Only its hash is stored.
    pub link: Link,
    pub attempt: Attempt,
}

impl Claim {
    /// `None` if the stored invite has no attempt with this link: its rule mails nothing, or somebody changed it since.
    pub fn of(record: InviteRecord, link: Link) -> Option<Self> {
        let attempt = record.invite.attempt(&link.secret.hash())?;
        Some(Self { record, link, attempt })
    }
}

/// A run ends when its time is up or SES accepts no more mail. While sending is paused, it ends at once.
pub struct Run<'a> {
    sending: &'a Sending,
    runner: Runner,
    /// The last outcome must be recorded by then.
    ends: Deadline,
    turns_until: Deadline,
    progress: RefCell<Progress>,
}

#[derive(Default)]
struct Progress {
    is_out_of_turns: bool,
    /// SES refuses the account's mail.
    is_refused: bool,
    lost_answers: u32,
    slowest_call: Duration,
    mailed: Mailed,
}

impl Sending {
    pub fn run(&self, runner: Runner, ends: Deadline) -> Run<'_> {
        let last_turn = ends.earlier(RECORDING + LEAST_TIME);
        let turns_until = match runner {
            Runner::Request => Deadline::within(LONGEST_WAIT.min(last_turn.left())),
            Runner::Deliverer => last_turn,
        };
        Run { sending: self, runner, ends, turns_until, progress: RefCell::default() }
    }

    /// Mails in one call: at most one second's worth of the send rate.
    pub fn batch(&self) -> usize {
        match self.mail.send_rate {
            0 => BULK,
            rate => usize::try_from(rate).unwrap_or(BULK).clamp(1, BULK),
        }
    }
}

impl Run<'_> {
    pub fn is_over(&self) -> bool {
        let progress = self.progress.borrow();
        self.sending.mail.paused
            || progress.mailed.stopped
            || progress.is_out_of_turns
            || self.time_to_mail() < LEAST_TIME.max(progress.slowest_call * 2)
    }

    /// No mail goes out until somebody acts: sending is paused, or SES refuses the account's mail.
    pub fn is_stopped(&self) -> bool {
        self.sending.mail.paused || self.progress.borrow().is_refused
    }

    fn time_to_mail(&self) -> Duration {
        self.ends.earlier(RECORDING).left()
    }

    /// Returns the invites after the run, in order. Mails that the run had no time for stay queued.
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

    /// Mails at most one [`Sending::batch`].
    pub async fn mail(&self, claims: Vec<(Claim, &Deal)>) -> Vec<Invite> {
        let verdicts = self.attempt(&claims).await;
        let claims = claims.into_iter().map(|(claim, _)| claim);
        future::join_all(claims.zip(verdicts).map(|(claim, verdict)| self.record(claim, verdict))).await
    }

    /// SES refuses a call with a malformed mail. Then each mail goes alone, so that it cannot block the others. If every
    /// mail is malformed, our settings may be at fault, so the run ends. The attempts count all the same: the addresses may
    /// be at fault, and a mail must not return for ever.
    async fn attempt(&self, claims: &[(Claim, &Deal)]) -> Vec<Verdict> {
        let mut verdicts = self.attempt_together(claims).await;
        if claims.len() > 1 && verdicts.contains(&Verdict::Malformed) {
            for (verdict, claim) in verdicts.iter_mut().zip(claims.chunks(1)) {
                if *verdict == Verdict::Malformed {
                    *verdict = self.attempt_together(claim).await.pop().unwrap_or(Verdict::Untried);
                }
            }
            if verdicts.iter().all(|verdict| *verdict == Verdict::Malformed) {
                self.progress.borrow_mut().mailed.stopped = true;
            }
        }
        verdicts
    }

    /// Sends the mails, and retries throttled ones while there is time for another turn.
    async fn attempt_together(&self, claims: &[(Claim, &Deal)]) -> Vec<Verdict> {
        let mut verdicts = vec![Verdict::Untried; claims.len()];
        let mut waiting: Vec<_> = verdicts.iter_mut().zip(claims).collect();
        while !waiting.is_empty() && !self.is_over() {
            // Another call may have ended the run while this one waited for its turn.
            if !self.turn(waiting.len()).await || self.progress.borrow().mailed.stopped {
                break;
            }
            // I10: a person who opted out while the mail was queued gets no mail.
            let people =
                waiting.iter().map(|(_, (claim, deal))| (&deal.organisation.id, &claim.record.invite.email));
            let opt_outs = in_time(self.ends, "BatchGetItem", self.sending.store.opt_outs(people)).await;
            let unread = |error: &_| tracing::error!(%error, "the opt-outs could not be read");
            let Ok(opt_outs) = opt_outs.inspect_err(unread) else { break };
            let has_opted_out = |(_, (claim, deal)): &mut (_, &(Claim, &Deal))| {
                opt_outs.has(&deal.organisation.id, &claim.record.invite.email)
            };
            for (verdict, _) in waiting.extract_if(.., has_opted_out) {
                *verdict = Verdict::Failed(FailureReason::OptedOut);
            }
            if waiting.is_empty() {
                break;
            }
            let answers = self.call(waiting.iter().map(|(_, claim)| *claim)).await;
            for ((verdict, _), answer) in waiting.iter_mut().zip(answers) {
                **verdict = answer;
            }
            waiting.retain(|(verdict, _)| **verdict == Verdict::Throttled);
            if self.turns_until.left().is_zero() {
                break;
            }
            if !waiting.is_empty() && !self.is_over() {
                tokio::time::sleep(Duration::from_millis(500).mul_f64(1.0 + jitter())).await;
            }
        }
        verdicts
    }

    async fn call<'a>(&self, claims: impl ExactSizeIterator<Item = &'a (Claim, &'a Deal)>) -> Vec<Verdict> {
        let count = claims.len();
        let mails = claims.map(|(Claim { record, link, attempt }, deal)| {
            compose(&self.sending.mail, deal, &record.invite, link, attempt)
        });
        let mails: Result<Vec<_>, _> = mails.collect();
        let Ok(mails) = mails else { return vec![Verdict::TryLater; count] };
        self.send(&mails).await
    }

    /// One call to SES. Ends the run if SES accepts no mail.
    pub async fn send(&self, mails: &[Mail]) -> Vec<Verdict> {
        let watch = clock::start();
        let verdicts = self.sending.mailer.send(mails, self.time_to_mail()).await;
        let mut progress = self.progress.borrow_mut();
        progress.slowest_call = progress.slowest_call.max(watch.elapsed());
        progress.lost_answers += u32::from(verdicts.contains(&Verdict::Unknown));
        progress.is_refused |= verdicts.contains(&Verdict::Stopped);
        // One response may get lost. If two do, SES or the network is failing.
        progress.mailed.stopped |=
            progress.lost_answers > 1 || verdicts.iter().any(|verdict| verdict.ends_the_run());
        verdicts
    }

    /// Waits for a turn in the account's send rate. False if no turn comes in time.
    pub async fn turn(&self, mails: usize) -> bool {
        let rate = self.sending.mail.send_rate;
        if rate == 0 {
            return true;
        }
        let now = clock::now();
        let latest = now + Span::from_std(self.turns_until.left()).unwrap_or_default();
        let reserved = self.sending.store.reserve_sends(super::count(mails), rate, now, latest);
        match in_time(self.ends, "UpdateItem", reserved).await {
            Ok(Some(turn)) => {
                tokio::time::sleep((turn - now).to_std().unwrap_or_default()).await;
                true
            }
            Ok(None) => {
                self.progress.borrow_mut().is_out_of_turns = true;
                false
            }
            Err(error) => {
                tracing::error!(%error, "no turn to send could be reserved");
                false
            }
        }
    }

    async fn record(&self, claim: Claim, verdict: Verdict) -> Invite {
        let Claim { record, link, attempt } = claim;
        let (now, as_claimed) = (clock::now(), record.invite.clone());
        let Some(outcome) = self.outcome(&attempt, verdict, now) else { return as_claimed };
        let rule = |existing: Option<&Invite>, now| record_outcome(existing, &attempt, outcome, now);
        let seen = Seen::Record(Some(record));
        match self.sending.store.change(link.key(), seen, now, self.ends, rule).await {
            Ok(Ok(record)) => record.invite,
            Ok(Err(Refused(_, existing))) => existing.map_or(as_claimed, |record| record.invite),
            Err(error) => {
                tracing::error!(%error, "an outcome could not be recorded");
                as_claimed
            }
        }
    }

    /// Counts the verdict. `None` leaves the invite alone until its lease ends.
    fn outcome(&self, attempt: &Attempt, verdict: Verdict, now: Timestamp) -> Option<Outcome> {
        let mailed = &mut self.progress.borrow_mut().mailed;
        let requeued = |attempts, was_attempted| {
            let due_at = now + retry_delay(self.sending.mail.lease, attempts, jitter());
            Outcome::Requeued { due_at, was_attempted }
        };
        let outcome = match verdict {
            Verdict::Sent => Outcome::Sent,
            Verdict::Failed(reason) => Outcome::Failed(reason),
            Verdict::Stopped if attempt.reminder.is_some() => Outcome::Failed(FailureReason::NotSentInTime),
            Verdict::TryLater | Verdict::Malformed if attempt.number >= MOST_ATTEMPTS => {
                Outcome::Failed(FailureReason::TooManyAttempts)
            }
            Verdict::TryLater | Verdict::Malformed => requeued(attempt.number, true),
            Verdict::Untried if self.runner == Runner::Request => {
                mailed.untried += 1;
                return None;
            }
            Verdict::Throttled | Verdict::Stopped | Verdict::Unreached | Verdict::Untried => {
                requeued(1, false)
            }
            Verdict::Unavailable | Verdict::Unknown => {
                mailed.unanswered += 1;
                return None;
            }
        };
        match outcome {
            Outcome::Sent => mailed.sent += 1,
            Outcome::Failed(_) => mailed.failed += 1,
            Outcome::Requeued { .. } => mailed.requeued += 1,
        }
        Some(outcome)
    }

    pub fn report(&self) -> Mailed {
        let mailed = self.progress.borrow().mailed;
        telemetry::mailed(mailed);
        mailed
    }
}
