//! Histories: what people asked of one deal at the same time, over HTTP and of the real binaries, and what each was
//! answered. Of every history there has to be an order that explains it (linearisable, per deal).
//!
//! Invariant: between two windows nothing is under way, so a window is explained by itself. A seed makes the same plan
//! again; the order within a window is chance's, so that a seed is played more than once.

mod play;
mod search;
mod spec;

pub use play::{Figures, Kind, Stage};
