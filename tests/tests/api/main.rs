//! The product over HTTP, with the real function binaries. Each test has a stack of its own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests fails as a test does")]

mod attacks;
mod bad_input;
mod delivery;
mod house;
mod isolation;
mod limits;
mod settings;
mod story;
