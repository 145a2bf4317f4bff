//! The real binaries, disturbed in what they call: a proxy between them and DynamoDB and SES. I1–I8.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests fails as a test does"
)]
#![expect(clippy::print_stdout, reason = "how much was looked at is part of the result")]

mod bench;
mod kills;
mod leaks;
mod matrix;
mod operation;
mod proxy;
mod reopen;
mod storms;
