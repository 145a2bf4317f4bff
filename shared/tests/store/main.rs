//! The store against a real engine: writes that meet others, lost answers, rules that have conditions, budgets.

#![allow(
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

mod budgets;
mod change;
mod conditions;
mod guesses;
mod limits;
mod listing;
mod sending;
#[path = "../ses/mod.rs"]
mod ses;
mod table;
mod transactions;
mod wire;
