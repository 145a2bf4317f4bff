//! The short form of the load. It is its own binary, because it measures the memory of this process's functions.

use tests::load::{accepts, invites, sweep};

/// I1: every seat is taken once, despite conflicts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_two_hundred_accept_on_fifty_seats_with_conflicts() {
    println!("{}", accepts(200, 50).await);
}

/// I3, I4: each address gets one row and one mail, in bounded memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_two_thousand_invites_in_one_deal() {
    println!("{}", invites(2_000).await);
}

/// I7: the memory of a sweep does not grow with the number of due invites.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_a_sweep_over_five_thousand_invites() {
    println!("{}", sweep(5_000).await);
}
