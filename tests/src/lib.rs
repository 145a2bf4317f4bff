//! What tests have in hand: a throwaway stack with the real function binaries, and a client that knows nothing but the
//! HTTP contract (design §4).
//!
//! Invariant: a test waits only for a condition ([`eventually`], [`past`]), never for a length of time, and an answer
//! that is not the expected one is shown whole: request, status, headers, body.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "test support: a panic is the failure report, and an answer that nobody looks at may be meant so"
)]

mod answer;
pub mod books;
pub mod chaos;
mod client;
mod deal;
pub mod history;
pub mod leaks;
pub mod load;
mod mail;
pub mod proxy;
mod stack;
mod time;

pub use answer::{Answer, problem_fields};
pub use client::Client;
pub use deal::{Deal, addresses, emails, ids, row_of};
pub use mail::Mail;
pub use stack::{PARTNERSHIPS, TABLE, TestStack, assert_fields, json_object};
pub use time::{eventually, now, past, rfc3339, time};
