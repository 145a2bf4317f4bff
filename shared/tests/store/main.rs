//! The store against a real engine: concurrent writes, lost responses, conditions, budgets. And the mailer against a
//! scripted SES.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a panic and figures are a test's report"
)]
#![allow(clippy::allow_attributes, reason = "the features of a build decide which lints it meets")]

mod answers;
mod budgets;
mod change;
mod conditions;
mod digests;
mod guesses;
mod limits;
mod listing;
mod mail;
mod sending;
mod ses;
mod table;
mod transactions;
mod wire;
