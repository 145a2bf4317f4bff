//! The short form of the load; each run asserts what it is there for. A binary of its own, since the memory of this
//! process's functions is measured.

use tests::load::{accepts, invites, sweep};

/// I1: exactly as many learners hold a seat as there are, whatever conflicts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_two_hundred_accept_on_fifty_seats_with_conflicts() {
    println!("{}", accepts(200, 50).await);
}

/// I3, I4: one row and one mail each, in bounded memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_two_thousand_invites_in_one_deal() {
    println!("{}", invites(2_000).await);
}

/// I7: the memory of a sweep does not grow with what is due.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_a_sweep_over_five_thousand_invites() {
    println!("{}", sweep(5_000).await);
}
