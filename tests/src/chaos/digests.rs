//! Managers who read digests, the learners of whom the digests tell, and the verdict on the mails. I4.
//!
//! Each learner does one thing, so a reason for a manager to look stays as it is: the table knows every fact at the end.
//! A mail has only numbers. So the verdict asks which numbers of facts may have been recorded as told after each mail.
//! After a mail of a run that failed, nobody knows whether it was recorded. Every other mail was.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastrand::Rng;
use futures_util::future::join_all;
use serde_json::json;

use super::{AFTERMATH, ChaosStack};
use crate::snapshot::text;
use crate::{Deal, Mail, TestStack, addresses, eventually, now, rfc3339, time};

/// The reasons for a manager to look at an invite, and how a digest says them.
const REASONS: [(&str, &str); 3] =
    [("asked", " asked for "), ("undelivered", " did not arrive"), ("declined", " declined")];

/// What is true of each deal from the start. A digest says it once.
const ONCE: [&str; 2] = ["- the only seat is taken", "- ends on "];

/// A day passes this often, for each manager who has got a digest.
const DAY: Duration = Duration::from_secs(3);
const MIDNIGHT: i64 = 86_400_000;

/// A manager of one deal, whose only seat is taken, so that learners ask for a seat.
pub(super) struct Reader {
    pub(super) deal: Deal,
    /// Nobody has answered these yet.
    mails: Vec<Mail>,
    /// Whether the manager switches the digest off now and then. For the others, the last period is the whole run.
    wavers: bool,
    periods: Vec<Period>,
}

/// A time in which the digest is on.
struct Period {
    asked: DateTime<Utc>,
    confirmed: DateTime<Utc>,
    /// When the last mail may come.
    until: DateTime<Utc>,
}

impl Reader {
    /// `learners` are invited before there are faults, so that every mail is sent.
    pub(super) async fn new(stack: &TestStack, learners: usize, wavers: bool) -> Self {
        let ends_at = rfc3339(now() + chrono::TimeDelta::days(9));
        let deal = stack.deal_with(1, &json!({ "endsAt": ends_at })).await;
        let holder = format!("holder@{}.example.com", deal.organisation);
        deal.invite_one(&holder).await;
        stack.accept(&stack.person(&holder).await, &stack.token_for(&holder).await).await.ok(200);
        for some in addresses(&format!("{}-", deal.organisation), learners).chunks(50) {
            deal.invite(some).await;
        }
        let mut mails = stack.inbox().await;
        mails.retain(|mail| mail.tag("deal") == deal.id && !mail.is_to(&holder));
        assert_eq!(mails.len(), learners, "every learner has a mail");
        Self { deal, mails, wavers, periods: Vec::new() }
    }

    /// Repeats the request until its outcome is known.
    async fn switch(&mut self, chaos: &ChaosStack, on: bool) {
        let (asked, body) = (now(), json!({ "on": on }));
        let operation = if on { "digest on" } else { "digest off" };
        loop {
            let answer = self.deal.manager.put("/api/me/digest", &body).await;
            chaos.ledger.note(operation, &answer);
            if !answer.is_unknown() {
                chaos.ledger.holds(answer.status == 200, || answer.show());
                break;
            }
        }
        match self.periods.last_mut() {
            Some(period) if !on => period.until = now() + AFTERMATH,
            _ => self.periods.push(Period { asked, confirmed: now(), until: DateTime::<Utc>::MAX_UTC }),
        }
    }

    /// Whether no earlier request can undo a switch.
    fn may_switch(&self) -> bool {
        let is_over = |period: &Period| period.confirmed + AFTERMATH < now();
        self.periods.last().is_none_or(|period| is_over(period) && (self.is_on() || period.until < now()))
    }

    fn is_on(&self) -> bool {
        self.periods.last().is_some_and(|period| period.until == DateTime::<Utc>::MAX_UTC)
    }

    /// Another learner declines or asks for a seat, or the mail bounces.
    async fn happen(&mut self, chaos: &ChaosStack, rng: &mut Rng) {
        let (Some(mail), Some((reason, _))) = (self.mails.pop(), rng.choice(REASONS)) else { return };
        match reason {
            "asked" => chaos.ledger.note("ask", &chaos.stack.answer("ask", &mail.token()).await),
            "declined" => chaos.ledger.note("decline", &chaos.stack.answer("decline", &mail.token()).await),
            _ => chaos.stack.publish(mail.field("to"), "bounce", rng.u32(1..3)).await,
        }
    }

    /// When we recorded each reason: its place in the index `attention`.
    async fn facts(&self, stack: &TestStack) -> Vec<(String, i64)> {
        let fact = |item: &_| {
            let reason = text(item, "attentionPk")?.strip_prefix(&self.deal.id)?.strip_prefix('#')?;
            Some((reason.to_owned(), text(item, "attentionSk")?.get(..13)?.parse().ok()?))
        };
        stack.items().await.iter().filter_map(fact).collect()
    }

    /// `end`: when a run that told everything began.
    async fn check(&self, chaos: &ChaosStack, end: DateTime<Utc>) {
        let (ledger, deal) = (&chaos.ledger, &self.deal);
        let facts = self.facts(&chaos.stack).await;
        let mut mails = Vec::new();
        for mail in chaos.stack.inbox_for(&deal.manager.email).await {
            let at = time(&mail.0["at"]);
            let whole = mail.0.to_string();
            ledger.holds(!whole.contains("example.com") && !whole.contains("/accept"), || {
                format!("I6: a digest has an address or a link that accepts: {whole}")
            });
            let is_on = self.periods.iter().any(|period| (period.asked..=period.until).contains(&at));
            ledger.holds(is_on, || format!("I4: a digest came although it was off: {whole}"));
            mails.push((at, ledger.note_digest(at), mail.field("text").to_owned()));
        }
        for once in ONCE {
            let told: Vec<_> = mails.iter().filter(|(.., text)| text.contains(once)).collect();
            let recorded = told.iter().filter(|(_, is_recorded, _)| *is_recorded).count();
            ledger.holds(!told.is_empty() && recorded < 2, || format!("I4: not told once: {told:?}"));
        }
        // Midnight may come during the run.
        let (recorded, days) =
            (mails.iter().filter(|mail| mail.1).count(), ledger.days.load(Ordering::SeqCst));
        ledger.holds(recorded <= days + 2, || format!("I4: {recorded} digests in {days} days"));
        for (period, (reason, words)) in self.periods.iter().flat_map(|period| REASONS.map(|of| (period, of)))
        {
            let count = |from: DateTime<Utc>, until: DateTime<Utc>| {
                let times = from.timestamp_millis()..=until.timestamp_millis();
                facts.iter().filter(|(of, at)| of == reason && times.contains(at)).count()
            };
            // How many facts may have been recorded as told.
            let mut told = BTreeSet::from([0]);
            for (at, is_recorded, text) in &mails {
                if !(period.asked..=period.until).contains(at) {
                    continue;
                }
                let (before, happened) = (told.clone(), count(period.asked, *at));
                told = before.iter().map(|told| told + said(text, words)).collect();
                told.retain(|told| *told <= happened);
                if !is_recorded {
                    told.extend(&before);
                }
                if told.is_empty() {
                    ledger.wrong(format!(
                        "I4: {reason}: {happened} happened, {before:?} were told before: {at} {text}"
                    ));
                    break;
                }
            }
            let least = count(period.confirmed, end);
            ledger.holds(period.until < now() || told.iter().any(|told| *told >= least), || {
                format!("I4: {reason}: {least} happened and {told:?} were told in {}", deal.id)
            });
        }
    }
}

/// The number in the line of a digest that has these words.
fn said(text: &str, words: &str) -> usize {
    let line = text.lines().find(|line| line.contains(words)).and_then(|line| line.split(' ').nth(1));
    line.map_or(0, |number| number.parse().expect("a number"))
}

/// The manager of a reader's deal, and its learners.
pub(super) async fn read(chaos: Arc<ChaosStack>, mut reader: Reader, mut rng: Rng) -> Reader {
    reader.switch(&chaos, true).await;
    let mut pause = tokio::time::interval(Duration::from_secs(1));
    while !chaos.ledger.closing.load(Ordering::SeqCst) {
        pause.tick().await;
        // The last learner waits for the end.
        if reader.mails.len() > 1 {
            reader.happen(&chaos, &mut rng).await;
        }
        if reader.wavers && rng.u8(0..8) == 0 && reader.may_switch() {
            reader.switch(&chaos, !reader.is_on()).await;
        }
    }
    reader
}

/// Days, which pass quickly.
pub(super) async fn pass_days(chaos: Arc<ChaosStack>) {
    let mut pause = tokio::time::interval(DAY);
    while !chaos.ledger.closing.load(Ordering::SeqCst) {
        pause.tick().await;
        pass_day(&chaos).await;
    }
}

/// Returns when each digest was due.
async fn pass_day(chaos: &ChaosStack) -> Vec<i64> {
    chaos.ledger.days.fetch_add(1, Ordering::SeqCst);
    chaos.stack.next_day().await
}

/// Runs `send-digests`. A run that fails may have mailed what it did not record.
pub(super) async fn send(chaos: &ChaosStack) -> bool {
    let begun = now();
    let report = chaos.stack.local.invoke("send-digests", json!({})).await;
    let is_whole = report.is_ok_and(|report| report["failures"] == 0 && report["leftOver"] == 0);
    if !is_whole {
        chaos.ledger.note_failed_run(begun);
    }
    is_whole
}

/// I4: no fact is told twice, unless a run failed, and none is lost. Without faults, the next digest tells what is left.
pub(super) async fn check(chaos: &ChaosStack, readers: &mut [Reader]) {
    for reader in readers.iter_mut() {
        if !reader.is_on() {
            reader.switch(chaos, true).await;
        }
    }
    eventually("no run has a claim", Duration::from_secs(30), || async {
        send(chaos).await;
        let due = pass_day(chaos).await;
        due.iter().all(|at| at % MIDNIGHT == 0 || *at <= now().timestamp_millis()).then_some(())
    })
    .await;
    for reader in readers.iter_mut() {
        reader.happen(chaos, &mut Rng::new()).await;
    }
    pass_day(chaos).await;
    let end = now();
    let runs = join_all((0..3).map(|_| send(chaos))).await;
    chaos.ledger.holds(!runs.contains(&false), || "I7: undisturbed digests were left".to_owned());
    for reader in readers {
        reader.check(chaos, end).await;
    }
}
