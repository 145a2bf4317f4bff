//! A short run of `chaos`: I1–I8 hold after kills, faults and races over HTTP. `prove chaos` is the long run.

use std::time::Duration;

use tests::chaos::{Options, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_invariants_outlive_chaos() {
    let options = Options { seed: 20_261_123, time: Duration::from_secs(15) };
    let ledger = run(options, |line| println!("{line}")).await;
    println!("{}", ledger.table());
    assert!(ledger.violations().is_empty(), "{:#?}", ledger.violations());

    // A run without faults or without successes proves nothing.
    assert!(ledger.has_enough(), "too few responses, mails, kills or sweeps");
    assert!(ledger.faults().len() >= 5, "few kinds of faults: {:?}", ledger.faults());
    let [recorded, _] = ledger.digests.into_inner().unwrap();
    assert!(recorded >= 4, "few digests: {recorded}");
}
