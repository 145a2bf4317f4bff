//! The product over HTTP, with the real function binaries. Each test has its own stack.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a helper fails the test")]

mod answers;
mod attacks;
mod audit;
mod bad_input;
mod bulk;
mod delivery;
mod digest;
mod house;
mod isolation;
mod issuers;
mod limits;
mod reminders;
mod settings;
mod story;
mod tracking;
