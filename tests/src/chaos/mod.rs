//! Chaos: many managers and learners use many deals over HTTP, while processes are killed and calls meet faults. Then
//! the faults end, the queue empties, and every invariant is checked. Some managers read digests.
//!
//! Invariant: a seed repeats the requests, but not their order. A run collects its violations and reports them
//! together. Its logs, also of the function that reads SES's events, are searched for personal data.

mod digests;
mod faults;
mod ledger;
mod people;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use seatkeeper_local::Settings;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::leaks::stop_and_search;
use crate::proxy::Proxy;
use crate::{Deal, TestStack, now, past, settings_with};

pub use ledger::Ledger;

use digests::Reader;

const DEALS: usize = 5;
const LEARNERS: usize = 8;
/// Managers who want a digest. Each has a deal more.
const READERS: usize = 4;
/// No reader has more learners, however long the run is.
const MOST_FACTS: u64 = 900;
/// Leases and lifetimes are short, so that many end within a run. Limits and the send rate are written to the table,
/// but too high to refuse anybody.
const SETTINGS: [(&str, &str); 6] = [
    ("FUNCTION_TIMEOUT", "10s"),
    ("DELIVERY_LEASE", "11s"),
    ("INVITE_LIFETIME", "25s"),
    ("SEND_RATE", "500"),
    ("LIMIT_MANAGER_PER_HOUR", "4000000"),
    ("LIMIT_DEAL_PER_DAY", "4000000"),
];
/// The longest that a request can act after the last fault: a function's timeout, and a delayed call.
const AFTERMATH: chrono::TimeDelta = chrono::TimeDelta::seconds(16);

/// Responses that come in every run, by operation. On a slow machine a run goes on until they have, for at most `LONGER`
/// times its time.
const KINDS: [(&str, &str); 16] = [
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
    ("digest on", "200"),
    ("digest off", "200"),
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

/// Runs chaos and then checks the invariants. `say` receives a line for each part of the end.
pub async fn run(options: Options, say: impl Fn(&str)) -> Ledger {
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
    // Something happens in each reader's deal every second.
    let facts = usize::try_from(options.time.as_secs().min(MOST_FACTS)).unwrap_or_default() + 1;
    let readers = join_all((0..READERS).map(|number| Reader::new(&stack, facts, number % 2 == 0))).await;
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
    people.spawn(digests::pass_days(Arc::clone(&chaos)));
    let read = |reader| digests::read(Arc::clone(&chaos), reader, rng.fork());
    let readers: JoinSet<_> = readers.into_iter().map(read).collect();
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
    let mut readers = readers.join_all().await;
    say("No more faults. Waiting until no mail is queued.");
    past(now() + AFTERMATH).await;
    chaos.ledger.note_calls(&chaos.proxy);
    for deal in &chaos.deals {
        let forever =
            json!({ "seats": 1000, "endsAt": crate::rfc3339(now() + chrono::TimeDelta::days(300)) });
        chaos.stack.person(crate::PARTNERSHIPS).await.patch(&deal.path(""), &forever).await.ok(200);
    }
    say(&format!("No mail was queued {} s later.", verdict::wait_until_quiet(&chaos).await.as_secs()));
    sweeps.shutdown().await;
    verdict::check_invariants(&chaos, &mut readers).await;
    let ChaosStack { stack, ledger, .. } = Arc::into_inner(chaos).expect("every task has ended");
    say(&stop_and_search(stack, &logs).await);
    ledger
}
