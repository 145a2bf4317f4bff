//! All operations at once while calls are disturbed at random, from seeds that can be had again.

use std::time::Duration;

use futures_util::future::join_all;
use tests::books::{Books, Found, Mailed};
use tests::proxy::{Calls, Fault, Storm};

use crate::bench::{Bench, is_long};
use crate::operation::{Operation, REQUESTS, SWEEPS, Stage};

/// How long a function may run here.
const TIMEOUT: u64 = 8;

/// Of a thousand calls, so many are disturbed.
const SHARE: u32 = 200;

/// Whoever is told that something failed tries again, so often at the most.
const TRIES: usize = 30;

/// The seeds to go through: one that is asked for (`SEED=7`), many, or a few.
fn seeds() -> Vec<u64> {
    let asked = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    match asked {
        Some(seed) => vec![seed],
        None if is_long() => (1..=40).collect(),
        None => vec![1, 2],
    }
}

/// Quick faults mostly, and now and then what is later than a try may take.
fn faults() -> Vec<Fault> {
    let late = Duration::from_millis(3_300);
    let late = [Fault::ArriveLate(late), Fault::AnswerLate(late)];
    [&Fault::QUICK[..], &Fault::QUICK[..], &late[..]].concat()
}

/// One operation, tried until it is done.
async fn insist(bench: &Bench, stage: &Stage, what: &str) {
    for _ in 0..TRIES {
        let answer = stage.run(bench).await;
        if stage.is_fine_again(&answer) {
            return;
        }
        assert!(answer.status >= 500, "{what}: {:?}: {}", stage.operation, answer.show());
    }
    panic!("{what}: {:?} does not get through", stage.operation);
}

/// I1–I5, I7.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_everything_is_as_it_should_be() {
    let bench = Bench::new(TIMEOUT).await;
    let mut stages = Vec::new();
    for seed in seeds() {
        let what = format!("SEED={seed}");
        let mut these = Vec::new();
        for operation in REQUESTS.into_iter().chain(SWEEPS) {
            these.push(Stage::new(&bench, operation, stages.len() + these.len()).await);
        }
        bench.proxy.count(Calls::all());
        bench.proxy.storm(Storm { seed, share: SHARE, calls: Calls::all(), faults: faults() });
        join_all(these.iter().map(|stage| insist(&bench, stage, &what))).await;
        bench.proxy.calm();
        let tally = bench.proxy.tally();
        let disturbed: u32 =
            tally.iter().filter(|((_, fault), _)| fault.is_some()).map(|(_, count)| count).sum();
        println!("{what}: {disturbed} of {} calls were disturbed", tally.values().sum::<u32>());
        assert!(disturbed > 0, "{what}");
        // What a row was told to send again, and what an index did not show yet.
        for stage in &these {
            if !matches!(stage.operation, Operation::Deliver | Operation::DeliverMany) {
                insist(&bench, stage, &what).await;
            }
        }
        stages.extend(these.into_iter().map(|stage| (seed, stage)));
    }
    bench.until_nothing_is_queued().await;
    let books = Books::open(&bench.world).await;
    let mut all = Found::default();
    for (seed, stage) in &stages {
        let what = format!("SEED={seed} {:?}", stage.operation);
        stage.is_done(&what).await;
        let found = books.check(&bench.world, &stage.deal, Mailed::AtLeastOnce, &what).await;
        assert_eq!(found.queued, 0, "{what}");
        all.invites += found.invites;
        all.failed += found.failed;
        all.doubled += found.doubled;
    }
    println!("{all:?}");
    bench.stop().await;
}
