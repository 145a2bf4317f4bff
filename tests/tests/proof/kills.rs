//! Every function killed at every boundary between two calls, on both sides of it: before the call is carried out, and
//! after that but before its answer. Enumerated from a run that nothing disturbs; the long form kills at each.

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use tests::books::{Books, Found, Mailed};
use tests::proxy::{Calls, Side};
use tokio::sync::oneshot;

use crate::bench::{Bench, in_this_form};
use crate::matrix::calls;
use crate::operation::{Operation, REQUESTS, SWEEPS, Stage};

const TIMEOUT: u64 = 5;

/// The short form kills at one of so many boundaries: an odd number, so that both sides of calls have their turn.
const ONE_OF: usize = 5;

/// Where a function is killed: at which call of a kind, and on which side of it.
#[derive(Debug, Clone)]
struct Boundary {
    operation: Operation,
    call: String,
    after: u32,
    side: Side,
}

struct Killed {
    boundary: Boundary,
    stage: Stage,
    reached: bool,
}

async fn boundaries(bench: &Bench, operation: Operation, number: usize) -> Vec<Boundary> {
    let calls = calls(bench, operation, number, false).await;
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
    /// Kills the function there. Nothing is carried out from the moment on when it is reached.
    async fn kill(self, bench: &Bench, number: usize) -> Killed {
        let stage = Stage::new(bench, self.operation, number).await;
        let stop = bench.proxy.stop_at(Calls::of(&self.call), self.after, self.side);
        let (ended, has_ended) = oneshot::channel::<()>();
        let run = async {
            let answer = stage.run(bench).await;
            drop(ended);
            answer
        };
        let kill = async {
            tokio::select! {
                () = stop.reached() => assert!(bench.stack.local.kill(self.operation.function()) > 0, "{self:?}"),
                _ = has_ended => {}
            }
        };
        let (answer, ()) = join(run, kill).await;
        let reached = stop.was_reached();
        assert!(reached || !self.operation.is_steady(), "{self:?}: it is never reached: {}", answer.show());
        assert_eq!(reached, answer.status >= 500, "{self:?}: the function is dead: {}", answer.show());
        drop(stop);
        Killed { boundary: self, stage, reached }
    }
}

/// Everything that must be true once all is quiet.
async fn look(bench: &Bench, killed: &[Killed]) {
    let books = Books::open(&bench.stack).await;
    let looks = killed.iter().map(async |Killed { boundary, stage, .. }| {
        let what = format!("{boundary:?}");
        stage.is_done(&what).await;
        let found = books.check(&bench.stack, &stage.deal, Mailed::AtLeastOnce, &what).await;
        assert_eq!((found.queued, found.failed), (0, 0), "{what}");
        // Only between SES's doing and the mark can a mail be sent that nobody knows of.
        let may_double = boundary.call == "PutItem"
            || boundary.call == "SendBulkEmail" && boundary.side == Side::After
            || !boundary.operation.is_steady();
        assert!(may_double || found.doubled == 0, "{what}: {found:?}");
        found
    });
    let found: Vec<Found> = stream::iter(looks).buffer_unordered(4).collect().await;
    println!(
        "killed at {} boundaries ({} more were not met): {} invites, {} sends mailed more than once, none lost",
        killed.iter().filter(|killed| killed.reached).count(),
        killed.iter().filter(|killed| !killed.reached).count(),
        found.iter().map(|found| found.invites).sum::<usize>(),
        found.iter().map(|found| found.doubled).sum::<usize>()
    );
}

/// I1, I4: requests. Whoever asked tries again; then the sweeps run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_killed_at_any_boundary_loses_nothing() {
    let bench = Bench::new(TIMEOUT).await;
    let mut killed = Vec::new();
    for (number, operation) in REQUESTS.into_iter().enumerate() {
        for boundary in boundaries(&bench, operation, number).await {
            let done = boundary.kill(&bench, 100 + killed.len()).await;
            let again = done.stage.run(&bench).await;
            assert!(done.stage.is_fine_again(&again), "{:?}: again: {}", done.boundary, again.show());
            killed.push(done);
        }
    }
    bench.until_nothing_is_queued().await;
    look(&bench, &killed).await;
    bench.stop().await;
}

/// I4, I7: sweeps. The next one does what is left, once the leases of the dead one are over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_killed_at_any_boundary_is_finished_by_the_next() {
    let bench = Bench::new(TIMEOUT).await;
    let mut killed = Vec::new();
    for (number, operation) in SWEEPS.into_iter().enumerate() {
        for boundary in boundaries(&bench, operation, number).await {
            let done = boundary.kill(&bench, 100 + killed.len()).await;
            bench.end_leases(&done.stage.deal).await;
            let next = done.stage.run(&bench).await;
            assert_eq!(next.status, 200, "{:?}: {}", done.boundary, next.show());
            killed.push(done);
        }
    }
    bench.until_nothing_is_queued().await;
    look(&bench, &killed).await;
    bench.stop().await;
}
