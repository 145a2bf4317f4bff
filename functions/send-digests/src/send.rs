//! One run: for each digest that is due, reads what is new, claims the digest, mails it and records that. A digest with
//! nothing to say costs no write.

use futures_util::future;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use shared::clock::{self, Deadline};
use shared::domain::digest::{COUNTED_UP_TO, Section, digest, next_day};
use shared::domain::{Attention, Deal, DealState, PersonId, Timestamp};
use shared::mail::compose_digest;
use shared::mail::ses::Verdict;
use shared::sending::{Run, Runner, Sending};
use shared::store::{Digest, StoreError, SwitchOff, keys};
use shared::sweep::Report;
use shared::telemetry;
use std::slice;
use std::time::Duration;

/// Digests under way at once, in each shard.
const AT_ONCE: usize = 4;

/// Deals that are read at once, for each digest.
const DEALS_AT_ONCE: usize = 8;

/// The wait before another attempt, after SES throttled a mail.
const BUSY: Duration = Duration::from_millis(500);

const REASONS: [Attention; 3] = [Attention::Asked, Attention::Undelivered, Attention::Declined];

/// The places of a deal's news, and how many there are for each reason.
type DealNews = (Vec<String>, (Deal, Vec<(Attention, u32)>));

struct Digests<'a> {
    sending: &'a Sending,
    run: Run<'a>,
    now: Timestamp,
    deadline: Deadline,
}

pub(crate) async fn send_digests(sending: &Sending, now: Timestamp, deadline: Deadline) -> Report {
    let watch = clock::start();
    let digests = Digests { sending, run: sending.run(Runner::Deliverer, deadline), now, deadline };
    let shards = (0..keys::DUE_SHARDS_READ).map(|shard| digests.walk(shard));
    let report = future::join_all(shards).await.into_iter().fold(Report::default(), Report::plus);
    telemetry::digested(&report, watch.elapsed());
    report
}

impl Digests<'_> {
    async fn walk(&self, shard: u8) -> Report {
        let due = self.sending.store.due_digests(shard, self.now);
        due.try_take_while(|_| future::ready(Ok(!self.run.is_over())))
            .map_ok(|managers| stream::iter(managers.into_iter().map(Ok)))
            .try_flatten()
            .map(|manager| self.send_in_time(manager))
            .buffer_unordered(AT_ONCE)
            .fold(Report::default(), async |sum, sent| {
                sum.plus(sent.unwrap_or_else(|error| Report::failed(&error)))
            })
            .await
    }

    async fn send_in_time(&self, manager: Result<PersonId, StoreError>) -> Result<Report, StoreError> {
        let manager = manager?;
        let left = Report { left_over: 1, ..Report::default() };
        if self.run.is_over() {
            return Ok(left);
        }
        tokio::time::timeout_at(self.deadline.instant(), self.send(&manager)).await.unwrap_or(Ok(left))
    }

    /// Counts as skipped if there is nothing to say, or if another run has the digest.
    async fn send(&self, manager: &PersonId) -> Result<Report, StoreError> {
        let (store, skipped) = (&self.sending.store, Report { skipped: 1, ..Report::default() });
        let due = store.digest(manager).await?.filter(|digest| digest.due_at <= self.now);
        let Some(due) = due else { return Ok(skipped) };
        if due.renew_by <= self.now {
            store.switch_digest_off(manager, SwitchOff::Ended, self.now).await?;
            return Ok(skipped);
        }
        let (seen, deals): (Vec<_>, Vec<_>) = self.read(&due).await?.into_iter().unzip();
        let (sections, told) = digest(deals, &due.told, self.now);
        if sections.is_empty() {
            return Ok(skipped);
        }
        let Some(claim) = store.claim_digest(&due, clock::now() + self.sending.mail.lease).await? else {
            return Ok(skipped);
        };
        let verdict = self.mail(&due, &sections).await;
        let tomorrow = next_day(clock::now());
        let (next, is_done) = match verdict {
            Verdict::Sent => (due.after(seen.concat(), told, tomorrow, self.now), true),
            // Tomorrow's digest tells the same and more.
            Verdict::Failed(_) => (Digest { due_at: tomorrow, ..due }, false),
            // SES may have sent it, so it waits until the claim ends.
            Verdict::Unavailable | Verdict::Unknown => {
                return Ok(Report { left_over: 1, ..Report::default() });
            }
            _ => (due, false),
        };
        store.record_digest(&next, &claim).await?;
        Ok(Report { done: is_done.into(), left_over: (!is_done).into(), ..Report::default() })
    }

    /// The organisation's deals with their news, and the places in the index that were counted.
    async fn read(&self, digest: &Digest) -> Result<Vec<DealNews>, StoreError> {
        let store = &self.sending.store;
        let deals = store.deals_of(&digest.organisation).await?;
        let read = async |deal: Deal| {
            let reasons = REASONS.iter().filter(|_| deal.state(self.now) != DealState::Ended);
            let news = reasons.map(|reason| store.news(digest, deal.id, *reason, COUNTED_UP_TO));
            let (places, counts): (Vec<_>, Vec<_>) = future::try_join_all(news).await?.into_iter().unzip();
            Ok((places.concat(), (deal, REASONS.into_iter().zip(counts).collect())))
        };
        stream::iter(deals).map(read).buffered(DEALS_AT_ONCE).try_collect().await
    }

    async fn mail(&self, digest: &Digest, sections: &[Section]) -> Verdict {
        let Digest { email, id, renew_by, .. } = digest;
        let mail = compose_digest(&self.sending.mail, email, id, *renew_by, sections);
        let Ok(mail) = mail else { return Verdict::TryLater };
        let mut verdict = Verdict::Untried;
        while !self.run.is_over() && self.run.turn(1).await {
            verdict = self.run.send(slice::from_ref(&mail)).await.pop().unwrap_or(Verdict::Unknown);
            if verdict != Verdict::Throttled {
                break;
            }
            tokio::time::sleep(BUSY).await;
        }
        verdict
    }
}
