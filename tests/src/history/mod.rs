//! Histories: concurrent requests for one deal to the real binaries, and their responses. Every history must be
//! linearisable: some order of its requests explains every response.
//!
//! Invariant: no request is under way between two windows, so each window is explained by itself. A seed repeats the
//! plan of requests, but not their order, so a failing seed may need several attempts.

mod play;
mod recording;
mod search;
mod spec;

pub use play::{Figures, Kind, Player};
