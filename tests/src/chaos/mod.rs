//! Chaos: many managers and learners use many deals over HTTP, while processes are killed and calls meet faults. Then
//! the faults end, the queue empties, and every invariant is checked.
//!
//! Invariant: a seed repeats the requests, but not their order. A run collects its violations and reports them
//! together. Its logs, also of the function that reads SES's events, are searched for personal data.

mod faults;
mod ledger;
mod people;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use seatkeeper_local::Settings;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::leaks::stop_and_search;
use crate::proxy::Proxy;
use crate::{Deal, TestStack, now, past, settings_with};

pub use ledger::Summary;

use ledger::Ledger;

const DEALS: usize = 5;
const LEARNERS: usize = 8;
/// Leases and lifetimes are short, so that many end within a run. Limits and the send rate are written to the table,
/// but too high to refuse anybody.
const SETTINGS: [(&str, &str); 6] = [
    ("FUNCTION_TIMEOUT", "5s"),
    ("DELIVERY_LEASE", "6s"),
    ("INVITE_LIFETIME", "25s"),
    ("SEND_RATE", "500"),
    ("LIMIT_MANAGER_PER_HOUR", "4000000"),
    ("LIMIT_DEAL_PER_DAY", "4000000"),
];
/// The longest that a request can act after the last fault: a function's timeout, and a delayed call.
const AFTERMATH: chrono::TimeDelta = chrono::TimeDelta::seconds(11);

/// Responses that come in every run, by operation. On a slow machine a run goes on until they have, for at most `LONGER`
/// times its time.
pub const KINDS: [(&str, &str); 14] = [
    ("invite", "200"),
    ("resend", "200"),
    ("cancel", "204"),
    ("accept", "200"),
    ("accept", "409"),
    ("accept", "410"),
    ("release", "204"),
    ("resize", "200"),
    ("page", "200"),
    ("accept", "5"),
    ("decline", "200"),
    ("ask", "202"),
    ("opt-out", "200"),
    ("opt-in", "200"),
];
const LONGER: u32 = 8;

#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub seed: u64,
    pub time: Duration,
}

struct ChaosStack {
    stack: TestStack,
    proxy: Proxy,
    deals: Vec<Deal>,
    ledger: Ledger,
}

/// Runs chaos and then checks the invariants. `say` receives a line every few seconds.
pub async fn run(options: Options, say: impl Fn(&str)) -> Summary {
    let proxy = Proxy::start().await;
    let settings = Settings { keep_logs: true, ..settings_with(&SETTINGS) };
    let logs = settings.logs.clone();
    let stack = TestStack::behind(&proxy, settings).await;
    let mut rng = Rng::with_seed(options.seed);
    let mut deals = Vec::new();
    for _ in 0..DEALS {
        let deal = stack.deal(rng.u32(4..16)).await;
        deal.remind(&["3s", "9s"]).await;
        deals.push(deal);
    }
    let chaos = Arc::new(ChaosStack { stack, proxy, deals, ledger: Ledger::default() });

    let mut people = JoinSet::new();
    for number in 0..DEALS * 2 {
        people.spawn(people::manage(Arc::clone(&chaos), number % DEALS, rng.fork()));
    }
    for number in 0..LEARNERS {
        people.spawn(people::learn(Arc::clone(&chaos), number, LEARNERS, rng.fork()));
    }
    people.spawn(people::resize(Arc::clone(&chaos), rng.fork()));
    people.spawn(people::read_mail(Arc::clone(&chaos)));
    let mut faults = JoinSet::new();
    faults.spawn(faults::inject(Arc::clone(&chaos), rng.fork()));
    faults.spawn(faults::kill(Arc::clone(&chaos), rng.fork()));
    let mut sweeps = JoinSet::new();
    for _ in 0..2 {
        sweeps.spawn(people::sweep(Arc::clone(&chaos)));
    }

    let (end, latest) = (now() + options.time, now() + options.time * LONGER);
    let mut ticks = interval(Duration::from_secs(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let is_over = || now() >= latest || (now() >= end && chaos.ledger.has_enough());
    while !is_over() && chaos.ledger.may_go_on() {
        ticks.tick().await;
        say(&chaos.ledger.progress(&chaos.proxy, (end - now()).num_seconds().max(0)));
        if let Some(ended) = people.try_join_next() {
            ended.expect("no task ends before the run does");
        }
    }

    faults.shutdown().await;
    chaos.proxy.clear_faults();
    chaos.ledger.closing.store(true, Ordering::SeqCst);
    while let Some(ended) = people.join_next().await {
        ended.expect("no task panics");
    }
    say("No more faults. Waiting until no mail is queued.");
    past(now() + AFTERMATH).await;
    chaos.ledger.note_calls(&chaos.proxy);
    for deal in &chaos.deals {
        let forever =
            json!({ "seats": 1000, "endsAt": crate::rfc3339(now() + chrono::TimeDelta::days(300)) });
        chaos.stack.person(crate::PARTNERSHIPS).await.patch(&deal.path(""), &forever).await.ok(200);
    }
    let quiet_after = verdict::wait_until_quiet(&chaos).await;
    sweeps.shutdown().await;
    verdict::check_invariants(&chaos).await;
    let summary = chaos.ledger.summary(options, quiet_after);
    if let Some(chaos) = Arc::into_inner(chaos) {
        say(&stop_and_search(chaos.stack, &logs).await);
    }
    summary
}
