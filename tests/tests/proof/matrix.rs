//! Each operation × each fault × each call that it makes: once, where nobody may notice, and for as long as the
//! operation lasts, where it may fail but nothing may be lost.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use tests::books::{Books, Found, Mailed};
use tests::proxy::{Calls, Fault};

use crate::bench::{Bench, in_this_form};
use crate::operation::{Operation, REQUESTS, SWEEPS, Stage};

const TIMEOUT: u64 = 8;

/// The short form plays one of so many cells. It has no divisor in common with the number of faults, so that each fault
/// has its turn.
const ONE_OF: usize = 5;

/// Longer than a try to reach the table may take (`shared/src/store/mod.rs`).
const TABLE_LATE: Duration = Duration::from_millis(3_300);

/// Longer than a function waits for SES, and shorter than the lease.
const SES_LATE: Duration = Duration::from_secs(7);

/// What lasts as long as the operation.
const LASTS: u32 = u32::MAX;

/// How long one may run that fails for all of that time.
const IN_VAIN: u64 = 5;

/// As many that wait for something are under way at once.
const AT_ONCE: usize = 16;

#[derive(Debug, Clone)]
struct Cell {
    operation: Operation,
    call: String,
    after: u32,
    times: u32,
    fault: Fault,
}

/// A cell that was played, to be looked at once all is quiet.
struct Played {
    cell: Cell,
    stage: Stage,
    /// The function's time was over before it had made the call, or before it had answered.
    out_of_time: bool,
}

/// What an operation calls, and how often, in a run that nothing disturbs; of its own deal's only, or all.
pub(crate) async fn calls(
    bench: &Bench,
    operation: Operation,
    number: usize,
    own: bool,
) -> BTreeMap<String, u32> {
    let stage = Stage::new(bench, operation, number).await;
    bench.proxy.count(if own { Calls::all().containing(&stage.mark()) } else { Calls::all() });
    let answer = stage.run(bench).await;
    assert!((200..300).contains(&answer.status), "{operation:?}: {}", answer.show());
    let calls = bench.proxy.tally();
    stage.is_done("undisturbed").await;
    calls.into_iter().map(|((call, _), count)| (call, count)).collect()
}

impl Cell {
    /// Plays it: the operation meets the fault, which is repaired on the way if it is only one, and is done again if it
    /// failed, as a user would.
    async fn play(self, bench: &Bench, number: usize, own: bool) -> Played {
        let stage = Stage::new(bench, self.operation, number).await;
        let calls = Calls::of(&self.call);
        let calls = if own { calls.containing(&stage.mark()) } else { calls };
        let disturbance = bench.proxy.disturb(calls, self.after, self.times, self.fault);
        let answer = stage.run(bench).await;
        disturbance.end();
        let was_met = disturbance.met() > 0 || !self.operation.is_steady();
        assert!(was_met || self.times == LASTS, "{self:?}: the call was made: {}", answer.show());
        let done = stage.says_done(&answer);
        let unanswered = (answer.status, answer.code().as_str()) == (503, "");
        if self.times == LASTS {
            if answer.status >= 500 {
                // In our own words, and in time.
                if !unanswered {
                    answer.problem(503, "unavailable");
                    assert!(!answer.header("retry-after").is_empty(), "{self:?}: {}", answer.show());
                }
            } else {
                assert!((200..300).contains(&answer.status), "{self:?}: {}", answer.show());
            }
        } else {
            let is_old = self.fault == Fault::Stale && self.operation == Operation::ResendExpired;
            assert!(done || is_old, "{self:?}: nobody notices one fault: {}", answer.show());
        }
        if !done {
            let again = stage.run(bench).await;
            assert!(stage.is_fine_again(&again), "{self:?}: again: {}", again.show());
        }
        Played { cell: self, stage, out_of_time: unanswered || !was_met }
    }

    /// How often a send may have been mailed: more than once if SES's answer got lost, or if there was no recording it
    /// for as long as the function ran.
    fn mailed(&self) -> Mailed {
        let unknown = self.call == "SendBulkEmail" && self.fault.may_double_mail();
        let unrecorded = self.call == "PutItem" && self.times == LASTS;
        if unknown || unrecorded { Mailed::AtLeastOnce } else { Mailed::Once }
    }
}

/// The ways in which an operation that makes these calls can meet one of the faults.
fn cells(
    operation: Operation,
    calls: &BTreeMap<String, u32>,
    times: u32,
    faults: impl Fn(&str) -> Vec<Fault>,
) -> Vec<Cell> {
    let mut all = Vec::new();
    for (call, count) in calls {
        // What lasts does so from the first call on; where there are few, from each of them on.
        let places = if times == LASTS && *count > 5 { 1 } else { *count };
        let faults = faults(call).into_iter().filter(|fault| fault.can_meet(call));
        for fault in faults {
            all.extend((0..places).map(|after| Cell { operation, call: call.clone(), after, times, fault }));
        }
    }
    in_this_form(all, ONE_OF, operation as usize)
}

/// Everything that must be true once all is quiet.
async fn look(bench: &Bench, played: &[Played]) {
    let books = Books::open(&bench.stack).await;
    let looks = played.iter().map(async |Played { cell, stage, .. }| {
        let what = format!("{cell:?}");
        stage.is_done(&what).await;
        let found = books.check(&bench.stack, &stage.deal, cell.mailed(), &what).await;
        assert_eq!(found.queued, 0, "{what}");
        let may_fail = cell.fault == Fault::Entries("MESSAGE_REJECTED");
        assert!(may_fail || found.failed == 0, "{what}: {found:?}");
        found
    });
    let found: Vec<Found> = stream::iter(looks).buffer_unordered(4).collect().await;
    let sum = |of: fn(&Found) -> usize| found.iter().map(of).sum::<usize>();
    println!(
        "{} cells: {} invites, {} failed with a reason, {} sends mailed more than once",
        played.len(),
        sum(|found| found.invites),
        sum(|found| found.failed),
        sum(|found| found.doubled)
    );
}

/// I1–I5: one fault at any call of any request is noticed by nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_any_call_of_a_request_is_repaired_on_the_way() {
    let bench = Bench::new(TIMEOUT).await;
    let mut played = Vec::new();
    for (number, operation) in REQUESTS.into_iter().enumerate() {
        let calls = calls(&bench, operation, number, false).await;
        println!("{operation:?}: {calls:?}");
        for cell in cells(operation, &calls, 1, |_| Fault::QUICK.to_vec()) {
            let number = 100 + played.len();
            played.push(cell.play(&bench, number, false).await);
        }
    }
    bench.until_nothing_is_queued().await;
    look(&bench, &played).await;
    bench.stop().await;
}

/// I1–I5: a try that takes too long is given up; what is carried out all the same, even after it was repeated, is
/// noticed by nobody either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_late_is_repeated_and_done_once() {
    let late = |call: &str| {
        let time = if call == "SendBulkEmail" { SES_LATE } else { TABLE_LATE };
        vec![Fault::ArriveLate(time), Fault::AnswerLate(time)]
    };
    let bench = Bench::new(TIMEOUT).await;
    let mut all = Vec::new();
    for (number, operation) in REQUESTS.into_iter().enumerate() {
        all.extend(cells(operation, &calls(&bench, operation, number, true).await, 1, late));
    }
    let played = play_all(&bench, all, AT_ONCE / 2).await;
    bench.until_nothing_is_queued().await;
    look(&bench, &played).await;
    bench.stop().await;
}

/// I1–I5: what does not end may fail a request; nothing is lost by it, and nothing is done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_is_said_and_loses_nothing() {
    let bench = Bench::new(IN_VAIN).await;
    let mut all = Vec::new();
    for (number, operation) in REQUESTS.into_iter().enumerate() {
        // What is refused for good is not tried again: only then is an error of AWS itself the end, and logged.
        let faults = [&Fault::QUICK[..], &[Fault::Refuse]].concat();
        all.extend(cells(operation, &calls(&bench, operation, number, true).await, LASTS, |_| {
            faults.clone()
        }));
    }
    let played = play_all(&bench, all, AT_ONCE).await;
    // So many processes share a core or two: some may run out of time, but not all.
    let out_of_time = played.iter().filter(|played| played.out_of_time).count();
    println!("{out_of_time} of {} functions ran out of time", played.len());
    assert!(out_of_time * 10 <= played.len(), "{out_of_time} of {}", played.len());
    bench.until_nothing_is_queued().await;
    look(&bench, &played).await;
    bench.stop().await;
}

/// Plays cells that wait for something: some at once, each disturbed in what belongs to its own deal.
async fn play_all(bench: &Bench, cells: Vec<Cell>, at_once: usize) -> Vec<Played> {
    let plays = cells.into_iter().enumerate().map(|(number, cell)| cell.play(bench, 100 + number, true));
    stream::iter(plays).buffer_unordered(at_once).collect().await
}

/// I7: one fault, or one that lasts, at any call of a sweep: what it could not do, the next one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_sweep_does_what_one_could_not() {
    let bench = Bench::new(TIMEOUT).await;
    let mut played = Vec::new();
    for (number, operation) in SWEEPS.into_iter().enumerate() {
        let calls = calls(&bench, operation, number, false).await;
        println!("{operation:?}: {calls:?}");
        let once = cells(operation, &calls, 1, |_| Fault::QUICK.to_vec());
        let lasting = cells(operation, &calls, LASTS, |_| vec![Fault::Refuse]);
        for cell in once.into_iter().chain(lasting) {
            let number = 100 + played.len();
            let cell = cell.play(&bench, number, false).await;
            // Its lease is over, and the next one comes.
            bench.end_leases(&cell.stage.deal).await;
            let next = cell.stage.run(&bench).await;
            assert_eq!(next.status, 200, "{:?}: {}", cell.cell, next.show());
            played.push(cell);
        }
    }
    bench.until_nothing_is_queued().await;
    look(&bench, &played).await;
    bench.stop().await;
}

/// One partition is throttled, for as long as it takes: all others are served, by requests and by the same sweep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_partition_holds_up_no_other() {
    // As long as it runs on AWS: a sweep outlasts a write that gets nowhere.
    let bench = Bench::new(50).await;
    let hot = Stage::new(&bench, Operation::DeliverMany, 1).await;
    let cold = Stage::new(&bench, Operation::DeliverMany, 2).await;
    let accept = Stage::new(&bench, Operation::Accept, 3).await;
    let throttled = bench.proxy.disturb(Calls::all().containing(&hot.deal.id), 0, LASTS, Fault::Throughput);
    let (swept, accepted) = join(cold.run(&bench), accept.run(&bench)).await;
    accepted.ok(200);
    assert!(throttled.met() > 0 && swept.status == 200, "{}", swept.show());
    let states = |rows: Vec<Value>| -> Vec<String> {
        rows.iter().map(|row| row["delivery"]["state"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(states(cold.deal.rows("").await), ["sent", "sent", "sent"]);
    throttled.end();
    assert_eq!(states(hot.deal.rows("").await), ["queued", "queued", "queued"]);
    bench.end_leases(&hot.deal).await;
    bench.until_nothing_is_queued().await;
    let books = Books::open(&bench.stack).await;
    for stage in [&hot, &cold, &accept] {
        stage.is_done("throttled").await;
        books.check(&bench.stack, &stage.deal, Mailed::Once, "throttled").await;
    }
    bench.stop().await;
}
