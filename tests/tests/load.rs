//! The short part of `load`; each asserts what it is there for.

use tests::load::{accepts, invites, races, sweep};

/// I1: exactly as many learners hold a seat as there are, whatever conflicts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_two_hundred_accept_on_fifty_seats_with_conflicts() {
    println!("{}", accepts(200, 50).await);
}

/// I3, I4: one row and one mail each, in bounded memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_three_thousand_invites_in_one_deal() {
    println!("{}", invites(3_000).await);
}

/// I7: accept, resend and sweeps at once on invites that are just expiring.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_accept_resend_and_sweeps_race_for_the_same_invites() {
    println!("{}", races(150).await);
}

/// I7: the memory of a sweep does not grow with what is due.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_a_sweep_over_twenty_thousand_invites() {
    println!("{}", sweep(20_000).await);
}
