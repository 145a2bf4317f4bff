//! Test support: a throwaway stack with the real function binaries, and a client of its HTTP API.
//!
//! Invariant: a test waits only for a condition ([`eventually`], [`past`]), never for a length of time. A failed check
//! of a response shows request, status, headers and body.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "test support: a panic is the failure report, and tests may ignore a response"
)]

pub mod chaos;
mod client;
mod deal;
pub mod history;
pub mod leaks;
pub mod load;
mod mail;
pub mod proxy;
mod response;
pub mod snapshot;
mod stack;
mod time;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use client::Client;
pub use deal::{Deal, addresses, body_routes, emails, events, ids, outcomes, row_of};
pub use mail::Mail;
pub use response::Response;
pub use stack::{PARTNERSHIPS, TABLE, TestStack, assert_fields, json_object, lasting_port, settings_with};
pub use time::{eventually, now, past, rfc3339, time};

/// Every lock here is held for a few statements, without an `await`.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
