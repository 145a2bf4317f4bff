//! Each operation × each fate × each call that the operation makes. The fates are faults, and kills in `kills.rs`. A
//! single fault stays unnoticed. A lasting fault may fail the operation, but loses nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use tests::proxy::{Calls, Fault, Side};
use tests::snapshot::Mailed;
use tests::{Response, eventually};
use tokio::sync::oneshot;

use crate::scenario::{Operation, REQUESTS, SWEEPS, Scenario};
use crate::stack::{DisturbedStack, in_this_form};

const TIMEOUT: u64 = 8;

/// The short form plays every seventh cell. The number of faults is no multiple of seven, so that each is chosen, and
/// seven is odd, so that both sides of calls are.
const ONE_OF: usize = 7;

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

/// What happens at a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    /// This many calls meet the fault.
    Fault(Fault, u32),
    /// The function is killed before the call is carried out, or after it and before its response.
    Kill(Side),
}

#[derive(Debug, Clone)]
pub(crate) struct Cell {
    operation: Operation,
    call: String,
    after: u32,
    fate: Fate,
}

/// A cell that was played and waits for its check.
struct PlayedCell {
    cell: Cell,
    scenario: Scenario,
    /// The function's time ended before the call or before the response.
    out_of_time: bool,
}

/// The calls of an operation without faults, and how often it makes each: of its own deal only, or all.
async fn calls(
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
    /// Runs the operation and lets its fate happen. If the operation fails, runs it again without, as a user would.
    async fn play(self, disturbed: &DisturbedStack, number: usize, own: bool) -> PlayedCell {
        let scenario = Scenario::new(disturbed, self.operation, number).await;
        let (answer, out_of_time) = match self.fate {
            Fate::Fault(fault, times) => self.disturb(disturbed, &scenario, fault, times, own).await,
            Fate::Kill(side) => (self.kill(disturbed, &scenario, side).await, false),
        };
        if !scenario.says_done(&answer) {
            let again = scenario.run(disturbed).await;
            assert!(scenario.is_fine_again(&again), "{self:?}: again: {}", again.show());
        }
        PlayedCell { cell: self, scenario, out_of_time }
    }

    /// Runs the operation under the fault. Returns the response, and whether the function ran out of time.
    async fn disturb(
        &self,
        disturbed: &DisturbedStack,
        scenario: &Scenario,
        fault: Fault,
        times: u32,
        own: bool,
    ) -> (Response, bool) {
        let calls = Calls::of(&self.call);
        let calls = if own { calls.containing(&scenario.mark()) } else { calls };
        let disturbance = disturbed.proxy.disturb(calls, self.after, times, fault);
        let answer = scenario.run(disturbed).await;
        disturbance.end();
        let was_met = disturbance.met() > 0 || !self.operation.is_steady();
        assert!(was_met || times == LASTING, "{self:?}: the call was not made: {}", answer.show());
        let unanswered = (answer.status, answer.code().as_str()) == (503, "");
        if times != LASTING {
            let is_stale = fault == Fault::Stale && self.operation == Operation::ResendExpired;
            let is_done = scenario.says_done(&answer);
            assert!(is_done || is_stale, "{self:?}: one fault failed the request: {}", answer.show());
        } else if answer.status < 500 {
            assert!((200..300).contains(&answer.status), "{self:?}: {}", answer.show());
        } else if !unanswered && !self.operation.is_invoked() {
            // The function answered for itself, and in time.
            answer.problem(503, "unavailable");
            assert!(!answer.header("retry-after").is_empty(), "{self:?}: {}", answer.show());
        }
        (answer, unanswered || !was_met)
    }

    /// Runs the operation and kills its function at the call. The proxy holds every call from then on.
    async fn kill(&self, disturbed: &DisturbedStack, scenario: &Scenario, side: Side) -> Response {
        let stop = disturbed.proxy.stop_at(Calls::of(&self.call), self.after, side);
        let (ended, has_ended) = oneshot::channel::<()>();
        let run = async {
            let answer = scenario.run(disturbed).await;
            drop(ended);
            answer
        };
        let kill = async {
            tokio::select! {
                () = stop.reached() => assert!(disturbed.stack.local.kill(self.operation.function()) > 0, "{self:?}"),
                _ = has_ended => {}
            }
        };
        let (answer, ()) = join(run, kill).await;
        let reached = stop.was_reached();
        assert!(reached || !self.operation.is_steady(), "{self:?} is not reached: {}", answer.show());
        assert_eq!(reached, answer.status >= 500, "{self:?}: a dead function's response: {}", answer.show());
        answer
    }

    /// A send may be mailed twice if SES's response was lost, or if the function could not record it or died before.
    fn mailed(&self) -> Mailed {
        let (sends, records) = (self.call == "SendBulkEmail", self.call == self.operation.record());
        let may_double = match self.fate {
            Fate::Fault(fault, times) => sends && fault.may_double_mail() || records && times == LASTING,
            Fate::Kill(side) => sends && side == Side::After || records || !self.operation.is_steady(),
        };
        if may_double { Mailed::AtLeastOnce } else { Mailed::Once }
    }
}

/// Every combination of these calls and fates.
pub(crate) fn cells(
    operation: Operation,
    calls: &BTreeMap<String, u32>,
    fates: impl Fn(&str) -> Vec<Fate>,
) -> Vec<Cell> {
    let mut all = Vec::new();
    for (call, count) in calls {
        for fate in fates(call) {
            // A lasting fault begins with any of a few calls, or with the first of many.
            let places = match fate {
                Fate::Fault(fault, _) if !fault.can_meet(call) => 0,
                Fate::Fault(_, LASTING) if *count > 5 => 1,
                _ => *count,
            };
            all.extend((0..places).map(|after| Cell { operation, call: call.clone(), after, fate }));
        }
    }
    in_this_form(all, ONE_OF, operation as usize)
}

/// Each of these faults, once or lasting.
fn each(faults: &[Fault], times: u32) -> Vec<Fate> {
    faults.iter().map(|fault| Fate::Fault(*fault, times)).collect()
}

/// Checks every invariant of these cells and stops the stack.
async fn finish(disturbed: DisturbedStack, played: &[PlayedCell]) {
    let cases =
        played.iter().map(|played| (&played.scenario, played.cell.mailed(), format!("{:?}", played.cell)));
    let findings = disturbed.check(cases).await;
    for (PlayedCell { cell, .. }, found) in played.iter().zip(&findings) {
        let fault = if let Fate::Fault(fault, _) = cell.fate { Some(fault) } else { None };
        let may_fail = fault == Some(Fault::Entries("MESSAGE_REJECTED"));
        assert!(may_fail || found.failed == 0, "{cell:?}: {found:?}");
        let may_drop = may_fail || matches!(fault, Some(Fault::Entries("ACCOUNT_SUSPENDED") | Fault::Refuse));
        assert!(may_drop || found.dropped == 0, "{cell:?}: {found:?}");
    }
    disturbed.stop().await;
}

/// Plays the cells of these operations one after the other. After a sweep, the next one does what is left.
pub(crate) async fn play_each(
    operations: &[Operation],
    timeout: u64,
    cells_of: impl Fn(Operation, &BTreeMap<String, u32>) -> Vec<Cell>,
) {
    let disturbed = DisturbedStack::new(timeout).await;
    let mut played = Vec::new();
    for (number, operation) in operations.iter().enumerate() {
        let calls = calls(&disturbed, *operation, number, false).await;
        println!("{operation:?}: {calls:?}");
        for cell in cells_of(*operation, &calls) {
            let played_cell = cell.play(&disturbed, 100 + played.len(), false).await;
            if operation.is_sweep() {
                let deal = &played_cell.scenario.deal;
                if *operation == Operation::Digest {
                    disturbed.end_claim(deal).await;
                } else {
                    disturbed.end_leases(deal).await;
                }
                let next = played_cell.scenario.run(&disturbed).await;
                assert_eq!(next.status, 200, "{:?}: {}", played_cell.cell, next.show());
            }
            played.push(played_cell);
        }
    }
    finish(disturbed, &played).await;
}

/// I1–I5: no user notices one fault at any call of any request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_any_call_of_a_request_stays_unnoticed() {
    play_each(&REQUESTS, TIMEOUT, |operation, calls| cells(operation, calls, |_| each(&Fault::QUICK, 1)))
        .await;
}

/// I1–I5: a slow attempt is abandoned and repeated. If it is carried out later, even after its repetition, no user
/// notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_call_is_repeated_and_done_once() {
    let late = |call: &str| {
        let time = if call == "SendBulkEmail" { SES_LATE } else { TABLE_LATE };
        each(&[Fault::ArriveLate(time), Fault::AnswerLate(time)], 1)
    };
    let disturbed = DisturbedStack::new(TIMEOUT).await;
    let played = play_all(&disturbed, late, AT_ONCE / 2).await;
    finish(disturbed, &played).await;
}

/// I1–I5: a lasting fault may fail a request. It loses nothing, and nothing is done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lasting_fault_is_reported_and_loses_nothing() {
    let disturbed = DisturbedStack::new(LASTING_TIMEOUT).await;
    // Only a refusal, which is not retried, makes a function log an error of AWS itself.
    let faults = |_: &str| each(&[&Fault::QUICK[..], &[Fault::Refuse]].concat(), LASTING);
    let played = play_all(&disturbed, faults, AT_ONCE).await;
    // Many processes share few cores, so some may run out of time.
    let out_of_time = played.iter().filter(|played| played.out_of_time).count();
    println!("{out_of_time} of {} functions ran out of time", played.len());
    assert!(out_of_time * 10 <= played.len(), "{out_of_time} of {}", played.len());
    finish(disturbed, &played).await;
}

/// Plays the cells of all requests, several at once, each with faults in its own deal only.
async fn play_all(
    disturbed: &DisturbedStack,
    faults: impl Fn(&str) -> Vec<Fate>,
    at_once: usize,
) -> Vec<PlayedCell> {
    let mut all = Vec::new();
    for (number, operation) in REQUESTS.into_iter().enumerate() {
        all.extend(cells(operation, &calls(disturbed, operation, number, true).await, &faults));
    }
    let plays = all.into_iter().enumerate().map(|(number, cell)| cell.play(disturbed, 100 + number, true));
    stream::iter(plays).buffer_unordered(at_once).collect().await
}

/// I7: the next sweep does what a sweep could not do because of one fault or a lasting one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_with_a_fault_is_finished_by_the_next() {
    let fates = |_: &str| [each(&Fault::QUICK, 1), each(&[Fault::Refuse], LASTING)].concat();
    play_each(&SWEEPS, TIMEOUT, |operation, calls| cells(operation, calls, fates)).await;
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
