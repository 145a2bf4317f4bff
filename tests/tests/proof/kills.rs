//! Every function is killed at every boundary between two calls, before and after the call is carried out. A run
//! without faults counts the calls. The long form kills at each boundary.

use tests::proxy::Side;

use crate::matrix::{Fate, cells, play_each};
use crate::scenario::{Operation, REQUESTS, SWEEPS};

const TIMEOUT: u64 = 15;

async fn kill_at_each_boundary(operations: &[Operation]) {
    let sides = |_: &str| [Side::Before, Side::After].map(Fate::Kill).to_vec();
    play_each(operations, TIMEOUT, |operation, calls| cells(operation, calls, sides)).await;
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
