//! Each operation × each fault × each call that the operation makes. A single fault stays unnoticed. A lasting fault
//! may fail the operation, but loses nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use tests::eventually;
use tests::proxy::{Calls, Fault};
use tests::snapshot::Mailed;

use crate::scenario::{Operation, REQUESTS, SWEEPS, Scenario};
use crate::stack::{DisturbedStack, in_this_form};

const TIMEOUT: u64 = 8;

/// The short form plays every fifth cell. The number of faults is no multiple of five, so that each fault is chosen.
const ONE_OF: usize = 5;

/// Longer than an attempt to reach the table may take (`shared/src/store/mod.rs`).
const TABLE_LATE: Duration = Duration::from_millis(3_300);

/// Longer than a function waits for SES, and shorter than the lease.
const SES_LATE: Duration = Duration::from_secs(7);

/// The number of calls that a lasting fault meets.
const LASTING: u32 = u32::MAX;

/// The timeout of functions that meet a lasting fault.
const LASTING_TIMEOUT: u64 = 5;

/// How many waiting cells run at once.
const AT_ONCE: usize = 16;

#[derive(Debug, Clone)]
struct Cell {
    operation: Operation,
    call: String,
    after: u32,
    times: u32,
    fault: Fault,
}

/// A cell that was played and waits for its check.
struct PlayedCell {
    cell: Cell,
    scenario: Scenario,
    /// The function's time ended before the call or before the response.
    out_of_time: bool,
}

/// The calls of an operation without faults, and how often it makes each: of its own deal only, or all.
pub(crate) async fn calls(
    disturbed: &DisturbedStack,
    operation: Operation,
    number: usize,
    own: bool,
) -> BTreeMap<String, u32> {
    let scenario = Scenario::new(disturbed, operation, number).await;
    disturbed.proxy.count(if own { Calls::all().containing(&scenario.mark()) } else { Calls::all() });
    let answer = scenario.run(disturbed).await;
    assert!((200..300).contains(&answer.status), "{operation:?}: {}", answer.show());
    let calls = disturbed.proxy.tally();
    scenario.is_done("without faults").await;
    calls.into_iter().map(|((call, _), count)| (call, count)).collect()
}

impl Cell {
    /// Runs the operation under the fault. If it fails, runs it again without, as a user would.
    async fn play(self, disturbed: &DisturbedStack, number: usize, own: bool) -> PlayedCell {
        let scenario = Scenario::new(disturbed, self.operation, number).await;
        let calls = Calls::of(&self.call);
        let calls = if own { calls.containing(&scenario.mark()) } else { calls };
        let disturbance = disturbed.proxy.disturb(calls, self.after, self.times, self.fault);
        let answer = scenario.run(disturbed).await;
        disturbance.end();
        let was_met = disturbance.met() > 0 || !self.operation.is_steady();
        assert!(was_met || self.times == LASTING, "{self:?}: the call was not made: {}", answer.show());
        let done = scenario.says_done(&answer);
        let unanswered = (answer.status, answer.code().as_str()) == (503, "");
        if self.times == LASTING {
            if answer.status >= 500 {
                // The function answered for itself, and in time.
                if !unanswered && !self.operation.is_invoked() {
                    answer.problem(503, "unavailable");
                    assert!(!answer.header("retry-after").is_empty(), "{self:?}: {}", answer.show());
                }
            } else {
                assert!((200..300).contains(&answer.status), "{self:?}: {}", answer.show());
            }
        } else {
            let is_stale = self.fault == Fault::Stale && self.operation == Operation::ResendExpired;
            assert!(done || is_stale, "{self:?}: one fault failed the request: {}", answer.show());
        }
        if !done {
            let again = scenario.run(disturbed).await;
            assert!(scenario.is_fine_again(&again), "{self:?}: again: {}", again.show());
        }
        PlayedCell { cell: self, scenario, out_of_time: unanswered || !was_met }
    }

    /// A send may be mailed twice if SES's response was lost or if the function could not record it.
    fn mailed(&self) -> Mailed {
        let unknown = self.call == "SendBulkEmail" && self.fault.may_double_mail();
        let unrecorded = self.call == self.operation.record() && self.times == LASTING;
        if unknown || unrecorded { Mailed::AtLeastOnce } else { Mailed::Once }
    }
}

/// Every combination of these calls and faults.
fn cells(
    operation: Operation,
    calls: &BTreeMap<String, u32>,
    times: u32,
    faults: impl Fn(&str) -> Vec<Fault>,
) -> Vec<Cell> {
    let mut all = Vec::new();
    for (call, count) in calls {
        // A lasting fault begins with any of a few calls, or with the first of many.
        let places = if times == LASTING && *count > 5 { 1 } else { *count };
        let faults = faults(call).into_iter().filter(|fault| fault.can_meet(call));
        for fault in faults {
            all.extend((0..places).map(|after| Cell { operation, call: call.clone(), after, times, fault }));
        }
    }
    in_this_form(all, ONE_OF, operation as usize)
}

/// Checks every invariant of these cells and stops the stack.
async fn finish(disturbed: DisturbedStack, played: &[PlayedCell]) {
    let cases =
        played.iter().map(|played| (&played.scenario, played.cell.mailed(), format!("{:?}", played.cell)));
    let findings = disturbed.check(cases).await;
    for (PlayedCell { cell, .. }, found) in played.iter().zip(&findings) {
        let may_fail = cell.fault == Fault::Entries("MESSAGE_REJECTED");
        assert!(may_fail || found.failed == 0, "{cell:?}: {found:?}");
        let may_drop = may_fail || matches!(cell.fault, Fault::Entries("ACCOUNT_SUSPENDED") | Fault::Refuse);
        assert!(may_drop || found.dropped == 0, "{cell:?}: {found:?}");
    }
    disturbed.stop().await;
}

/// I1–I5: no user notices one fault at any call of any request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_any_call_of_a_request_stays_unnoticed() {
    let disturbed = DisturbedStack::new(TIMEOUT).await;
    let mut played = Vec::new();
    for (number, operation) in REQUESTS.into_iter().enumerate() {
        let calls = calls(&disturbed, operation, number, false).await;
        println!("{operation:?}: {calls:?}");
        for cell in cells(operation, &calls, 1, |_| Fault::QUICK.to_vec()) {
            let number = 100 + played.len();
            played.push(cell.play(&disturbed, number, false).await);
        }
    }
    finish(disturbed, &played).await;
}

/// I1–I5: a slow attempt is abandoned and repeated. If it is carried out later, even after its repetition, no user
/// notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_call_is_repeated_and_done_once() {
    let late = |call: &str| {
        let time = if call == "SendBulkEmail" { SES_LATE } else { TABLE_LATE };
        vec![Fault::ArriveLate(time), Fault::AnswerLate(time)]
    };
    let disturbed = DisturbedStack::new(TIMEOUT).await;
    let played = play_all(&disturbed, 1, late, AT_ONCE / 2).await;
    finish(disturbed, &played).await;
}

/// I1–I5: a lasting fault may fail a request. It loses nothing, and nothing is done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lasting_fault_is_reported_and_loses_nothing() {
    let disturbed = DisturbedStack::new(LASTING_TIMEOUT).await;
    // Only a refusal, which is not retried, makes a function log an error of AWS itself.
    let faults = |_: &str| [&Fault::QUICK[..], &[Fault::Refuse]].concat();
    let played = play_all(&disturbed, LASTING, faults, AT_ONCE).await;
    // Many processes share few cores, so some may run out of time.
    let out_of_time = played.iter().filter(|played| played.out_of_time).count();
    println!("{out_of_time} of {} functions ran out of time", played.len());
    assert!(out_of_time * 10 <= played.len(), "{out_of_time} of {}", played.len());
    finish(disturbed, &played).await;
}

/// Plays the cells of all requests, several at once, each with faults in its own deal only.
async fn play_all(
    disturbed: &DisturbedStack,
    times: u32,
    faults: impl Fn(&str) -> Vec<Fault>,
    at_once: usize,
) -> Vec<PlayedCell> {
    let mut all = Vec::new();
    for (number, operation) in REQUESTS.into_iter().enumerate() {
        all.extend(cells(operation, &calls(disturbed, operation, number, true).await, times, &faults));
    }
    let plays = all.into_iter().enumerate().map(|(number, cell)| cell.play(disturbed, 100 + number, true));
    stream::iter(plays).buffer_unordered(at_once).collect().await
}

/// I7: the next sweep does what a sweep could not do because of one fault or a lasting one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_with_a_fault_is_finished_by_the_next() {
    let disturbed = DisturbedStack::new(TIMEOUT).await;
    let mut played = Vec::new();
    for (number, operation) in SWEEPS.into_iter().enumerate() {
        let calls = calls(&disturbed, operation, number, false).await;
        println!("{operation:?}: {calls:?}");
        let once = cells(operation, &calls, 1, |_| Fault::QUICK.to_vec());
        let lasting = cells(operation, &calls, LASTING, |_| vec![Fault::Refuse]);
        for cell in once.into_iter().chain(lasting) {
            let number = 100 + played.len();
            let cell = cell.play(&disturbed, number, false).await;
            disturbed.end_leases(&cell.scenario.deal).await;
            let next = cell.scenario.run(&disturbed).await;
            assert_eq!(next.status, 200, "{:?}: {}", cell.cell, next.show());
            played.push(cell);
        }
    }
    finish(disturbed, &played).await;
}

/// I9: Lambda hands a failed event over three times, and then to the queue of lost events. Published again, it counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_lost_by_three_failures_and_not_by_two() {
    let disturbed = DisturbedStack::new(TIMEOUT).await;
    let deal = disturbed.stack.deal(5).await;
    let id = deal.invite_one("whisper@example.com").await;
    for (failures, state) in [(3, "sent"), (2, "bounced")] {
        let writes = Calls::of("PutItem").containing(&deal.id);
        let refused = disturbed.proxy.disturb(writes, 0, failures, Fault::Refuse);
        disturbed.stack.publish("whisper@example.com", "bounce", 1).await;
        eventually("the event fails", Duration::from_mins(2), || async {
            (refused.met() == failures).then_some(())
        })
        .await;
        deal.one_with_mail(&id, state).await;
    }
    disturbed.stop().await;
}

/// While one partition is throttled, requests and the same sweep serve all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_partition_holds_up_no_other() {
    // The timeout on AWS, so that the sweep outlasts a write that never succeeds.
    let disturbed = DisturbedStack::new(50).await;
    let hot = Scenario::new(&disturbed, Operation::DeliverMany, 1).await;
    let cold = Scenario::new(&disturbed, Operation::DeliverMany, 2).await;
    let accept = Scenario::new(&disturbed, Operation::Accept, 3).await;
    let hot_calls = Calls::all().containing(&hot.deal.id);
    let throttled = disturbed.proxy.disturb(hot_calls, 0, LASTING, Fault::Throughput);
    let (swept, accepted) = join(cold.run(&disturbed), accept.run(&disturbed)).await;
    accepted.ok(200);
    assert!(throttled.met() > 0 && swept.status == 200, "{}", swept.show());
    let are_all = async |scenario: &Scenario, state: &str| {
        let rows = scenario.deal.rows("").await;
        assert!(
            rows.len() == 3 && rows.iter().all(|row| row["delivery"]["state"] == state),
            "{state}: {rows:#?}"
        );
    };
    are_all(&cold, "sent").await;
    throttled.end();
    are_all(&hot, "queued").await;
    disturbed.end_leases(&hot.deal).await;
    disturbed
        .check([&hot, &cold, &accept].map(|scenario| (scenario, Mailed::Once, "throttled".to_owned())))
        .await;
    disturbed.stop().await;
}
