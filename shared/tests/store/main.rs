//! The store against a real engine: rules and conditions agree, lost answers are recognised, budgets hold.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's panic is its report, and its figures are part of it"
)]
#![allow(
    clippy::allow_attributes,
    reason = "which of these lints a build of this test meets depends on its features"
)]

mod answers;
mod budgets;
mod conditions;
mod drawn;
mod guesses;
mod limits;
mod listing;
mod meanwhile;
mod removal;
mod sending;
#[path = "../ses/mod.rs"]
mod ses;
mod wire;
mod world;
