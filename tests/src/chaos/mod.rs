//! Chaos: many managers and learners at many deals, over HTTP, while processes are killed and calls are disturbed. Then
//! the disturbances end, everything settles, and all invariants are looked at.
//!
//! Invariant: the same seed asks for the same things, in an order that chance still decides. What is wrong is collected,
//! so that one run tells all that it has seen.

mod ledger;
mod people;
mod verdict;
mod weather;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use seatkeeper_local::Settings;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::proxy::Proxy;
use crate::{Deal, TestStack, now, past};

pub use ledger::Summary;

use ledger::Ledger;

const DEALS: usize = 5;
const LEARNERS: usize = 8;
/// Everything is short, so that much of it passes within a run: leases are as short as a function's least timeout lets
/// them be, and invites expire while they are still wanted. Limits and the rate are set, so that their writes are made,
/// and so high that they stop nobody.
const SETTINGS: [(&str, &str); 6] = [
    ("FUNCTION_TIMEOUT", "5s"),
    ("DELIVERY_LEASE", "6s"),
    ("INVITE_LIFETIME", "25s"),
    ("SEND_RATE", "500"),
    ("LIMIT_MANAGER_PER_HOUR", "4000000"),
    ("LIMIT_DEAL_PER_DAY", "4000000"),
];
/// The longest that anything of a function goes on after its time: its timeout, and a call that comes late.
const AFTERMATH: chrono::TimeDelta = chrono::TimeDelta::seconds(11);

#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub seed: u64,
    pub storm: Duration,
}

struct Scene {
    stack: TestStack,
    proxy: Proxy,
    deals: Vec<Deal>,
    ledger: Ledger,
}

/// Runs it: `say` gets a line every few seconds.
pub async fn run(options: Options, say: impl Fn(&str)) -> Summary {
    let proxy = Proxy::start().await;
    let env = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let stack = TestStack::behind(&proxy, Settings { env, seed: false, ..Settings::ephemeral() }).await;
    let mut rng = Rng::with_seed(options.seed);
    let mut deals = Vec::new();
    for _ in 0..DEALS {
        deals.push(stack.deal(rng.u32(4..16)).await);
    }
    let scene = Arc::new(Scene { stack, proxy, deals, ledger: Ledger::default() });

    let mut hands = JoinSet::new();
    for number in 0..DEALS * 2 {
        hands.spawn(people::manage(Arc::clone(&scene), number % DEALS, rng.fork()));
    }
    for hand in 0..LEARNERS {
        hands.spawn(people::learn(Arc::clone(&scene), hand, LEARNERS, rng.fork()));
    }
    hands.spawn(people::resize(Arc::clone(&scene), rng.fork()));
    hands.spawn(people::read_mail(Arc::clone(&scene)));
    let mut ills = JoinSet::new();
    ills.spawn(weather::change(Arc::clone(&scene), rng.fork()));
    ills.spawn(weather::kill(Arc::clone(&scene), rng.fork()));
    let mut sweeps = JoinSet::new();
    for _ in 0..2 {
        sweeps.spawn(people::sweep(Arc::clone(&scene)));
    }

    let end = now() + options.storm;
    let mut ticks = interval(Duration::from_secs(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while now() < end && scene.ledger.is_fine() {
        ticks.tick().await;
        say(&scene.ledger.progress(&scene.proxy, (end - now()).num_seconds()));
        if let Some(ended) = hands.try_join_next() {
            ended.expect("nobody leaves before the end");
        }
    }

    ills.shutdown().await;
    scene.proxy.calm();
    scene.ledger.closing.store(true, Ordering::SeqCst);
    while let Some(ended) = hands.join_next().await {
        ended.expect("everybody leaves in peace");
    }
    say("The storm is over; everything settles.");
    past(now() + AFTERMATH).await;
    scene.ledger.note_calls(&scene.proxy);
    for deal in &scene.deals {
        let forever =
            json!({ "seats": 1000, "endsAt": crate::rfc3339(now() + chrono::TimeDelta::days(300)) });
        scene.stack.person(crate::PARTNERSHIPS).await.patch(&deal.path(""), &forever).await.ok(200);
    }
    let settled = verdict::settle(&scene).await;
    sweeps.shutdown().await;
    verdict::judge(&scene).await;
    let summary = scene.ledger.summary(options, settled);
    if let Some(scene) = Arc::into_inner(scene) {
        scene.stack.stop().await;
    }
    summary
}
