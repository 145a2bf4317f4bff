//! A short run of `chaos`: I1–I8 after kills, faults and races over HTTP. The long one is a command.

use std::time::Duration;

use tests::chaos::{Options, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_invariants_outlive_chaos() {
    let options = Options { seed: 20_261_123, storm: Duration::from_secs(20) };
    let summary = run(options, |line| println!("{line}")).await;
    println!("{}", summary.table());
    assert!(summary.wrong.is_empty(), "{:#?}", summary.wrong);

    // It was a storm, and much got through it: a run in which nothing happened proves nothing.
    assert!(
        summary.kills >= 10 && summary.sweeps >= 10,
        "{} killed, {} sweeps",
        summary.kills,
        summary.sweeps
    );
    assert!(summary.faults.len() >= 10, "few kinds of faults: {:?}", summary.faults);
    assert!(summary.mails >= 50 && summary.sends >= 50, "{} mails", summary.mails);
    for (operation, kind, least) in [
        ("invite", "200", 10),
        ("resend", "200", 5),
        ("cancel", "204", 5),
        ("accept", "200", 10),
        ("accept", "409 deal_full", 1),
        ("accept", "410", 1),
        ("release", "204", 3),
        ("resize", "200", 5),
        ("page", "200", 10),
        ("accept", "5", 1),
    ] {
        let answered = summary.answered(operation, kind);
        assert!(answered >= least, "{operation} was answered {kind} {answered} times");
    }
}
