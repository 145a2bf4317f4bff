//! A short run of `chaos`: I1–I8 hold after kills, faults and races over HTTP. `prove chaos` is the long run.

use std::time::Duration;

use tests::chaos::{KINDS, Options, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_invariants_outlive_chaos() {
    let options = Options { seed: 20_261_123, time: Duration::from_secs(15) };
    let summary = run(options, |line| println!("{line}")).await;
    println!("{}", summary.table());
    assert!(summary.wrong.is_empty(), "{:#?}", summary.wrong);

    // A run without faults or without successes proves nothing.
    assert!(summary.kills >= 5 && summary.sweeps >= 5, "{} killed, {} sweeps", summary.kills, summary.sweeps);
    assert!(summary.faults.len() >= 5, "few kinds of faults: {:?}", summary.faults);
    assert!(summary.mails >= 20 && summary.sends >= 20, "{} mails", summary.mails);
    assert!(summary.digests[0] >= 4, "few digests: {:?}", summary.digests);
    for (operation, kind) in KINDS {
        assert!(summary.answered(operation, kind) > 0, "{operation} was never answered {kind}");
    }
}
