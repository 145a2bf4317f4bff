//! The real binaries under faults, kills, races and restarts. I1–I8.
//!
//! Each proof has a short form of seconds, and a long form with `PROOF=long` (`make prove`).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic in a helper fails the test"
)]
#![expect(clippy::print_stdout, reason = "the amount of work is part of the result")]

mod chaos;
mod histories;
mod kills;
mod leaks;
mod matrix;
mod proxy;
mod reopen;
mod scenario;
mod stack;
