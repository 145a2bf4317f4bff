//! Every function is killed at every boundary between two calls, before and after the call is carried out. A run
//! without faults counts the calls. The long form kills at each boundary.

use futures_util::future::join;
use tests::proxy::{Calls, Side};
use tests::snapshot::Mailed;
use tokio::sync::oneshot;

use crate::matrix::calls;
use crate::scenario::{Operation, REQUESTS, SWEEPS, Scenario};
use crate::stack::{DisturbedStack, in_this_form};

const TIMEOUT: u64 = 15;

/// The short form takes every fifth boundary. The number is odd, so that both sides of calls are chosen.
const ONE_OF: usize = 5;

/// Where a function is killed: before or after the nth call of an operation.
#[derive(Debug, Clone)]
struct Boundary {
    operation: Operation,
    call: String,
    after: u32,
    side: Side,
}

struct Kill {
    boundary: Boundary,
    scenario: Scenario,
    reached: bool,
}

async fn boundaries(disturbed: &DisturbedStack, operation: Operation, number: usize) -> Vec<Boundary> {
    let calls = calls(disturbed, operation, number, false).await;
    println!("{operation:?}: {calls:?}");
    let mut boundaries = Vec::new();
    for (call, count) in calls {
        for after in 0..count {
            for side in [Side::Before, Side::After] {
                boundaries.push(Boundary { operation, call: call.clone(), after, side });
            }
        }
    }
    in_this_form(boundaries, ONE_OF, number)
}

impl Boundary {
    /// Only a function that dies between SES's work and its own record can mail a send twice.
    fn mailed(&self) -> Mailed {
        let may_double = self.call == self.operation.record()
            || self.call == "SendBulkEmail" && self.side == Side::After
            || !self.operation.is_steady();
        if may_double { Mailed::AtLeastOnce } else { Mailed::Once }
    }

    /// Kills the function there. The proxy holds every call from then on.
    async fn kill(self, disturbed: &DisturbedStack, number: usize) -> Kill {
        let scenario = Scenario::new(disturbed, self.operation, number).await;
        let stop = disturbed.proxy.stop_at(Calls::of(&self.call), self.after, self.side);
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
        assert_eq!(
            reached,
            answer.status >= 500,
            "{self:?}: the response of a dead function: {}",
            answer.show()
        );
        drop(stop);
        Kill { boundary: self, scenario, reached }
    }
}

/// Kills each operation at its boundaries and repeats it, as a user or the schedule would.
async fn kill_at_each_boundary(operations: &[Operation]) {
    let disturbed = DisturbedStack::new(TIMEOUT).await;
    let mut kills = Vec::new();
    for (number, operation) in operations.iter().enumerate() {
        for boundary in boundaries(&disturbed, *operation, number).await {
            let kill = boundary.kill(&disturbed, 100 + kills.len()).await;
            if operation.is_sweep() {
                disturbed.end_leases(&kill.scenario.deal).await;
            }
            let again = kill.scenario.run(&disturbed).await;
            assert!(kill.scenario.is_fine_again(&again), "{:?}: again: {}", kill.boundary, again.show());
            kills.push(kill);
        }
    }
    let cases =
        kills.iter().map(|kill| (&kill.scenario, kill.boundary.mailed(), format!("{:?}", kill.boundary)));
    for (kill, found) in kills.iter().zip(disturbed.check(cases).await) {
        assert_eq!((found.failed, found.dropped), (0, 0), "{:?}", kill.boundary);
    }
    let reached = kills.iter().filter(|kill| kill.reached).count();
    println!("killed at {reached} of {} boundaries; the others were not reached", kills.len());
    disturbed.stop().await;
}

/// I1, I4: a user repeats the request, and then the sweeps run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_killed_at_any_boundary_loses_nothing() {
    kill_at_each_boundary(&REQUESTS).await;
}

/// I4, I7: the next sweep continues once the leases of the dead sweep end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_killed_at_any_boundary_is_finished_by_the_next() {
    kill_at_each_boundary(&SWEEPS).await;
}
