//! The real binaries, disturbed in what they call, killed, raced and taken down. I1–I8.
//!
//! Each proof has a short form of seconds, and a long one with `PROOF=long` (`make prove`).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests fails as a test does"
)]
#![expect(clippy::print_stdout, reason = "how much was looked at is part of the result")]

mod bench;
mod chaos;
mod histories;
mod kills;
mod leaks;
mod matrix;
mod operation;
mod proxy;
mod reopen;
