//! Delivering: mails what is queued and held by a claim, and records what became of it. Sending, resending and the
//! deliverer's sweep all end here.
//!
//! A claim is the right to mail one invite until its lease ends. Whatever goes wrong on the way, a mail that was not
//! recorded as sent stays queued, and its lease ends by itself (I4).

use crate::clock::{self, Deadline, Stopwatch};
use crate::config::{Config, ConfigError, MailConfig};
use crate::domain::claim::{MOST_TRIES, retry_delay};
use crate::domain::limit::RecipientLimit;
use crate::domain::settle::may_mail;
use crate::domain::{Deal, FailureReason, InviteRecord, Link, Sent, Timestamp};
use crate::mail::compose;
use crate::mail::ses::{BULK, Mailer, Outgoing, Verdict};
use crate::store::{Allowance, Inviter, Store, StoreError, jitter, sdk_config};
use crate::telemetry::{self, Mailed};
use aws_config::SdkConfig;
use chrono::Duration as Span;
use futures_util::stream::{self, StreamExt};
use futures_util::{FutureExt, future};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// SES calls under way at once.
const CALLS: usize = 4;

/// Most invites that one request may send or resend.
pub const MOST_ROWS: usize = 1_000;

/// Invites that a request stores at once.
pub const WRITES: usize = 32;

/// What a request keeps of its time to answer, once mailing is over. No row is begun to be stored after that.
pub const TO_ANSWER: Duration = Duration::from_secs(1);

/// What a request keeps of its time when the last row is being stored: it has to be enough to answer for all the others.
pub const TO_STORE: Duration = Duration::from_millis(700);

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
    /// A request. It waits two seconds in all, and leaves what is not tried to the deliverer, under the lease that it has.
    Request,
    /// The deliverer. It waits as long as it may run, and puts back what it claimed and did not try.
    Deliverer,
}

/// The right to mail one invite.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The invite, as the write that claimed it left it.
    pub record: InviteRecord,
    /// The link that goes into the mail; its hash is stored.
    pub link: Link,
}

impl Claim {
    /// The right that comes of a write. `None` if its answer got lost, and before it was given again others came: a newer
    /// send, whose mail goes out instead, or a cancellation.
    #[must_use]
    pub fn of(record: InviteRecord, link: Link) -> Option<Self> {
        may_mail(&record, &link.secret.hash()).then_some(Self { record, link })
    }

    /// When this try began, and until when its link works.
    fn sent(&self) -> Sent {
        Sent { at: self.record.tried_at, until: self.record.invite.expires_at }
    }
}

/// What mails are sent with.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where outcomes are recorded.
    pub store: Store,
    /// SES.
    pub mailer: Mailer,
    /// How mails look, and how fast they may go out.
    pub config: MailConfig,
    /// How long an invite can be accepted.
    pub lifetime: Span,
}

/// One run of mailing: it ends when its time is up, or when SES will take nothing more for now. While sending is paused
/// it is over before it begins: nothing is claimed, reserved or mailed.
pub struct Run<'a> {
    delivery: &'a Delivery,
    runner: Runner,
    until: Deadline,
    /// When the last turn may come.
    turns_until: Deadline,
    /// No turn comes in time any more.
    out_of_turns: AtomicBool,
    stopped: AtomicBool,
    unanswered: AtomicU32,
    slowest: Mutex<Duration>,
    mailed: Mutex<Mailed>,
}

impl Delivery {
    /// Connects to the table and to SES as the environment says.
    ///
    /// # Errors
    /// All settings that are missing or wrong.
    pub async fn from_env() -> Result<(Config, Self), ConfigError> {
        let (config, mail) = MailConfig::from_env()?;
        let delivery = Self::connect(&sdk_config().await, &config, mail).await;
        Ok((config, delivery))
    }

    /// Connects to the table and to SES at once.
    pub async fn connect(sdk: &SdkConfig, config: &Config, mail: MailConfig) -> Self {
        let (store, mailer) =
            future::join(Store::connect_with(sdk, &config.table), Mailer::connect(sdk, &mail)).await;
        Self { store, mailer, config: mail, lifetime: config.lifetime }
    }

    /// Who invites with this verified address, as often as the limit lets them.
    #[must_use]
    pub fn inviter(&self, email: Option<String>, limit: RecipientLimit) -> Inviter {
        Inviter { email, lifetime: self.lifetime, lease: self.config.lease, limit }
    }

    /// Gives back what of an allowance was not used.
    pub async fn give_back(&self, allowance: Allowance, used: u32) {
        if let Err(error) = self.store.give_back(allowance, used).await {
            tracing::error!(error = telemetry::chain(&error), "an allowance could not be given back");
        }
    }

    /// What rows were judged to be under an allowance; when they could not be, it is given back whole.
    ///
    /// # Errors
    /// Those of the judging.
    pub async fn judged<R>(
        &self,
        judged: Result<R, StoreError>,
        allowance: Allowance,
    ) -> Result<(R, Allowance), StoreError> {
        match judged {
            Ok(rows) => Ok((rows, allowance)),
            Err(error) => {
                self.give_back(allowance, 0).await;
                Err(error)
            }
        }
    }

    /// Starts a run that has to be over by `until`.
    #[must_use]
    pub fn run(&self, runner: Runner, until: Deadline) -> Run<'_> {
        let until = until.earlier(RECORDING);
        let last_turn = until.earlier(LEAST_TIME);
        let turns_until = match runner {
            Runner::Request => Deadline::within(LONGEST_WAIT.min(last_turn.left())),
            Runner::Deliverer => last_turn,
        };
        Run {
            delivery: self,
            runner,
            until,
            turns_until,
            out_of_turns: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            unanswered: AtomicU32::new(0),
            slowest: Mutex::default(),
            mailed: Mutex::default(),
        }
    }

    /// Mails in one call: SES's most, or what a second of the send rate allows.
    #[must_use]
    pub fn batch(&self) -> usize {
        match self.config.send_rate {
            0 => BULK,
            rate => usize::try_from(rate).unwrap_or(BULK).clamp(1, BULK),
        }
    }
}

impl Run<'_> {
    /// True when no further mail should be started.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let slowest = *self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        self.delivery.config.paused
            || self.stopped.load(Ordering::Relaxed)
            || self.out_of_turns.load(Ordering::Relaxed)
            || self.until.left() < LEAST_TIME.max(slowest * 2)
    }

    /// Mails these invites of one deal, several calls at once, and returns them as they are then, in their order.
    /// Those that the run had no time for stay queued.
    pub async fn mail_all(&self, deal: &Deal, claims: Vec<Claim>) -> Vec<InviteRecord> {
        let mut batches: Vec<Vec<Claim>> = Vec::new();
        let mut rest = claims.into_iter().peekable();
        while rest.peek().is_some() {
            batches.push(rest.by_ref().take(self.delivery.batch()).collect());
        }
        let mailed = stream::iter(batches)
            .map(|batch| {
                async move {
                    let batch: Vec<_> = batch.into_iter().map(|claim| (claim, deal)).collect();
                    self.mail(batch).await
                }
                .boxed()
            })
            .buffered(CALLS)
            .concat()
            .await;
        self.report();
        mailed
    }

    /// Mails up to a batch of invites, which may be of several deals.
    pub async fn mail(&self, claims: Vec<(Claim, &Deal)>) -> Vec<InviteRecord> {
        if self.is_over() || claims.is_empty() {
            self.count(|mailed| mailed.untried += claims.len() as u64);
            return claims.into_iter().map(|(claim, _)| claim.record).collect();
        }
        let verdicts = self.send(&claims).await;
        let settled = claims.iter().zip(verdicts).map(|((claim, _), verdict)| self.settle(claim, verdict));
        let settled = future::join_all(settled).await;
        claims
            .into_iter()
            .zip(settled)
            .map(|((claim, _), settled)| match settled {
                Ok(record) => record.unwrap_or(claim.record),
                Err(error) => {
                    tracing::error!(error = telemetry::chain(&error), "an outcome could not be recorded");
                    claim.record
                }
            })
            .collect()
    }

    /// Gives back claims that were not tried: they are due again after a lease, and the try does not count.
    pub async fn put_back(&self, claims: impl Iterator<Item = &Claim>) {
        let settled = claims.map(|claim| self.settle(claim, Verdict::Untried));
        for settled in future::join_all(settled).await {
            if let Err(error) = settled {
                tracing::error!(error = telemetry::chain(&error), "a claim could not be given back");
            }
        }
    }

    /// Sends the mails, again and again for those that SES was too busy for, while there is time.
    async fn send(&self, claims: &[(Claim, &Deal)]) -> Vec<Verdict> {
        let mails =
            claims.iter().map(|(claim, deal)| self.outgoing(claim, deal)).collect::<Result<Vec<_>, _>>();
        let Ok(mut mails) = mails else { return vec![Verdict::TryLater; claims.len()] };
        let mut verdicts = vec![Verdict::Untried; claims.len()];
        let mut waiting: Vec<usize> = (0..claims.len()).collect();
        loop {
            // While it waited for its turn, another call may have ended the run.
            if !self.turn(waiting.len()).await || self.stopped.load(Ordering::Relaxed) {
                return verdicts;
            }
            let watch = Stopwatch::start();
            let answers = self.delivery.mailer.send(&mails, self.until.left()).await;
            self.took(watch.elapsed());
            // One answer may get lost; if two do, something is wrong with SES or the way there.
            let is_unanswered = answers.contains(&Verdict::Unknown);
            let is_too_much = is_unanswered && self.unanswered.fetch_add(1, Ordering::Relaxed) > 0;
            if is_too_much || answers.iter().any(|verdict| verdict.ends_the_run()) {
                self.stopped.store(true, Ordering::Relaxed);
            }
            for (index, verdict) in waiting.iter().zip(answers) {
                if let Some(slot) = verdicts.get_mut(*index) {
                    *slot = verdict;
                }
            }
            let is_busy = |index: &usize| verdicts.get(*index) == Some(&Verdict::Throttled);
            let still: Vec<bool> = waiting.iter().map(is_busy).collect();
            let mut keep = still.iter();
            mails.retain(|_| keep.next().copied().unwrap_or_default());
            let mut keep = still.iter();
            waiting.retain(|_| keep.next().copied().unwrap_or_default());
            if waiting.is_empty() || self.is_over() {
                return verdicts;
            }
            tokio::time::sleep(Duration::from_millis(500).mul_f64(1.0 + jitter())).await;
        }
    }

    fn outgoing(&self, claim: &Claim, deal: &Deal) -> Result<Outgoing, askama::Error> {
        let mail = compose(&self.delivery.config, deal, &claim.record, &claim.link, claim.sent())?;
        let tags = [
            ("deal", claim.link.deal.to_string()),
            ("invite", claim.link.invite.to_string()),
            ("send", claim.record.invite.sends.to_string()),
        ];
        Ok(Outgoing { mail, tags })
    }

    /// Waits for the account's turn to send this many mails. False when it does not come in time.
    async fn turn(&self, mails: usize) -> bool {
        let rate = self.delivery.config.send_rate;
        if rate == 0 {
            return true;
        }
        let now = clock::now();
        let latest = now + Span::from_std(self.turns_until.left()).unwrap_or_default();
        let mails = u32::try_from(mails).unwrap_or(u32::MAX);
        match self.delivery.store.reserve_sends(mails, rate, now, latest).await {
            Ok(Some(turn)) => {
                tokio::time::sleep((turn - now).to_std().unwrap_or_default()).await;
                true
            }
            Ok(None) => {
                self.out_of_turns.store(true, Ordering::Relaxed);
                false
            }
            Err(error) => {
                tracing::error!(error = telemetry::chain(&error), "no turn to send could be reserved");
                false
            }
        }
    }

    /// Records what became of one mail.
    async fn settle(&self, claim: &Claim, verdict: Verdict) -> Result<Option<InviteRecord>, StoreError> {
        let store = &self.delivery.store;
        let now = clock::now();
        let lease = self.delivery.config.lease;
        let put_back = async |delay: Span, untried: bool| {
            self.count(|mailed| mailed.put_back += 1);
            store.put_back(&claim.link, &claim.record, now + delay, untried).await.map(|()| None)
        };
        match verdict {
            Verdict::Sent => {
                self.count(|mailed| mailed.sent += 1);
                store.mark_sent(&claim.link, claim.sent()).await
            }
            Verdict::Failed(reason) => self.fail(claim, reason, now).await,
            Verdict::TryLater | Verdict::Malformed if claim.record.tries >= MOST_TRIES => {
                self.fail(claim, FailureReason::TooManyTries, now).await
            }
            Verdict::TryLater | Verdict::Malformed => {
                put_back(retry_delay(lease, claim.record.tries, jitter()), false).await
            }
            Verdict::Untried if self.runner == Runner::Request => {
                self.count(|mailed| mailed.untried += 1);
                Ok(None)
            }
            Verdict::Throttled | Verdict::Stopped | Verdict::Untried => {
                put_back(retry_delay(lease, 1, jitter()), true).await
            }
            Verdict::Unavailable | Verdict::Unknown => {
                self.count(|mailed| mailed.unanswered += 1);
                Ok(None)
            }
        }
    }

    async fn fail(
        &self,
        claim: &Claim,
        reason: FailureReason,
        now: Timestamp,
    ) -> Result<Option<InviteRecord>, StoreError> {
        self.count(|mailed| mailed.failed += 1);
        self.delivery.store.mark_failed(claim.link.deal, &claim.record, reason, now).await
    }

    fn took(&self, time: Duration) {
        let mut slowest = self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        *slowest = slowest.max(time);
    }

    fn count(&self, count: impl FnOnce(&mut Mailed)) {
        count(&mut self.mailed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Writes the run's metrics and returns what it did.
    pub fn report(&self) -> Mailed {
        let mut mailed = *self.mailed.lock().unwrap_or_else(PoisonError::into_inner);
        mailed.stopped = self.stopped.load(Ordering::Relaxed);
        telemetry::mailed(mailed);
        mailed
    }
}
