//! A stack behind the proxy, with the most verbose logs, and the checks that end every test of faults.

use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{self, StreamExt};
use seatkeeper_local::Settings;
use tests::leaks::stop_and_search;
use tests::proxy::Proxy;
use tests::snapshot::{Findings, Item, Mailed, Snapshot, number, text};
use tests::{Deal, TABLE, TestStack, eventually, now, past, settings_with};

use crate::scenario::{Operation, Scenario};

/// No mail is queued this long after the last fault.
const REPAIRED: Duration = Duration::from_mins(5);

/// Four weeks and a minute, in seconds.
const LIFETIME: i64 = 28 * 86_400 + 60;

pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:events";

/// Whether this is the long form (`make prove`).
pub(crate) fn is_long() -> bool {
    std::env::var_os("PROOF").is_some_and(|form| form == "long")
}

/// All cases in the long form, and every `one_of`th in the short form, beginning at `shift`.
pub(crate) fn in_this_form<T>(all: Vec<T>, one_of: usize, shift: usize) -> Vec<T> {
    let is_chosen = |index: usize| is_long() || (index + shift).is_multiple_of(one_of);
    all.into_iter().enumerate().filter(|(index, _)| is_chosen(*index)).map(|(_, one)| one).collect()
}

pub(crate) struct DisturbedStack {
    pub(crate) stack: TestStack,
    pub(crate) proxy: Proxy,
    logs: PathBuf,
}

impl DisturbedStack {
    /// A stack with this timeout for each function, and a lease that is a second longer.
    pub(crate) async fn new(timeout: u64) -> Self {
        Self::of(Proxy::start().await, settings(timeout)).await
    }

    pub(crate) async fn of(proxy: Proxy, settings: Settings) -> Self {
        let logs = settings.logs.clone();
        Self { stack: TestStack::behind(&proxy, settings).await, proxy, logs }
    }

    /// Sweeps until no mail is queued and no reminder due, each time once another lease ends.
    pub(crate) async fn until_nothing_is_queued(&self) {
        eventually("nothing is queued", REPAIRED, || async {
            self.stack.sweep().await;
            let Some(due_at) = self.next_due().await else { return Some(()) };
            past(due_at.min(now() + TimeDelta::seconds(20))).await;
            None
        })
        .await;
    }

    /// When the first queued mail or due reminder is due.
    async fn next_due(&self) -> Option<DateTime<Utc>> {
        // A lease ends within seconds; the next reminder is due in days.
        let soon = (now() + TimeDelta::days(1)).timestamp_millis();
        let due_at = |item: &Item| {
            let (queue, due_at) = (text(item, "duePk")?.chars().next(), number(item, "dueAt")?);
            (queue == Some('Q') || queue == Some('R') && due_at <= soon).then_some(due_at)
        };
        DateTime::from_timestamp_millis(self.stack.items().await.iter().filter_map(due_at).min()?)
    }

    /// Checks every invariant of these scenarios, once no mail is queued. Each has a name for a failure.
    pub(crate) async fn check(
        &self,
        cases: impl IntoIterator<Item = (&Scenario, Mailed, String)>,
    ) -> Vec<Findings> {
        self.until_nothing_is_queued().await;
        let snapshot = Snapshot::take(&self.stack).await;
        let checks = cases.into_iter().map(async |(scenario, mailed, what)| {
            scenario.is_done(&what).await;
            let found = snapshot.check(&self.stack, &scenario.deal, mailed, &what).await;
            assert_eq!(found.queued, 0, "{what}");
            let is_single = scenario.operation == Operation::Digest && mailed == Mailed::Once;
            assert!(!is_single || scenario.digests().await == 1, "{what}: the digest came twice");
            found
        });
        let findings: Vec<Findings> = stream::iter(checks).buffered(4).collect().await;
        let sum = |of: fn(&Findings) -> usize| findings.iter().map(of).sum::<usize>();
        println!(
            "{} cases: {} invites, {} failed with a reason, {} sends mailed twice, none lost",
            findings.len(),
            sum(|found| found.invites),
            sum(|found| found.failed),
            sum(|found| found.doubled)
        );
        findings
    }

    /// Makes four weeks pass for the open invites of a deal, and their reminders.
    pub(crate) async fn age(&self, deal: &Deal) {
        self.pass(deal, LIFETIME).await;
        for mut item in self.open_invites(deal).await {
            let Some(shard) = text(&item, "duePk").and_then(|key| key.strip_prefix("R#")) else { continue };
            let due_pk = format!("E#{shard}");
            let due_at = number(&item, "expiresAt").unwrap() * 1_000;
            item.insert("duePk".to_owned(), AttributeValue::S(due_pk));
            item.insert("dueAt".to_owned(), AttributeValue::N(due_at.to_string()));
            item.insert("reminders".to_owned(), AttributeValue::L(Vec::new()));
            self.put(item).await;
        }
    }

    /// Makes this many seconds pass for the open invites of a deal.
    pub(crate) async fn pass(&self, deal: &Deal, seconds: i64) {
        for mut item in self.open_invites(deal).await {
            for (name, unit) in
                [("expiresAt", 1), ("sentAt", 1), ("attemptedAt", 1), ("dueAt", 1_000), ("queuedAt", 1_000)]
            {
                if let Some(then) = number(&item, name) {
                    item.insert(name.to_owned(), AttributeValue::N((then - seconds * unit).to_string()));
                }
            }
            let place = text(&item, "listSk").unwrap()[13..].to_owned();
            let place = format!("{:013}{place}", number(&item, "queuedAt").unwrap());
            item.insert("listSk".to_owned(), AttributeValue::S(place));
            self.put(item).await;
        }
    }

    pub(crate) async fn end_leases(&self, deal: &Deal) {
        for mut item in self.open_invites(deal).await {
            if text(&item, "delivery") == Some("queued") || item.contains_key("remindAttempts") {
                let past = now().timestamp_millis() - 1_000;
                item.insert("dueAt".to_owned(), AttributeValue::N(past.to_string()));
                self.put(item).await;
            }
        }
    }

    /// A digest that was not told is due.
    pub(crate) async fn end_claim(&self, deal: &Deal) {
        let is_theirs = |item: &Item| text(item, "organisationId") == Some(&deal.organisation);
        for mut item in self.stack.items().await.into_iter().filter(is_theirs) {
            let is_told =
                item.get("recent").and_then(|told| told.as_l().ok()).is_some_and(|told| !told.is_empty());
            if text(&item, "sk") == Some("DIGEST") && !is_told {
                let past = now().timestamp_millis() - 1_000;
                item.insert("dueAt".to_owned(), AttributeValue::N(past.to_string()));
                self.put(item).await;
            }
        }
    }

    async fn open_invites(&self, deal: &Deal) -> Vec<Item> {
        let is_open = |item: &Item| text(item, "status") == Some("open");
        self.stack.items_of(&format!("D#{}", deal.id)).await.into_iter().filter(is_open).collect()
    }

    async fn put(&self, mut item: Item) {
        // A new version, so that a function's late write does not undo this one.
        if let Some(version) = number(&item, "version") {
            item.insert("version".to_owned(), AttributeValue::N((version + 1).to_string()));
        }
        let put = self.stack.local.dynamodb().put_item().table_name(TABLE).set_item(Some(item));
        put.send().await.unwrap();
    }

    /// Stops the stack and searches its logs and refusals for personal data. I8
    pub(crate) async fn stop(self) {
        println!("{}", stop_and_search(self.stack, &self.logs).await);
    }
}

pub(crate) fn settings(timeout: u64) -> Settings {
    let (timeout, lease) = (format!("{timeout}s"), format!("{}s", timeout + 1));
    let env = [
        ("FUNCTION_TIMEOUT", timeout.as_str()),
        ("DELIVERY_LEASE", &lease),
        // A rate that delays no mail, but makes functions reserve their sends.
        ("SEND_RATE", "1000"),
        ("EVENT_TOPIC", TOPIC),
        ("RUST_LOG", "trace"),
    ];
    Settings { keep_logs: true, ..settings_with(&env) }
}
