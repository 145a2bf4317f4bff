//! Load: many at once, and much at rest, with figures. Counts and ratios; a time only as a part of another time of the
//! same run.
//!
//! Invariant: each of these asserts what it is there for, and returns what it measured.

mod accepts;
mod invites;
mod measure;
mod sweep;

pub use accepts::accepts;
pub use invites::invites;
pub use measure::Figures;
pub use sweep::sweep;
