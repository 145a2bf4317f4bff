//! Load: many requests at once, and many items. Figures are counts and ratios.
//!
//! Invariant: each load checks its invariants and returns its figures as rows of a table.

mod accepts;
mod invites;
mod measure;
mod sweep;

pub use accepts::accepts;
pub use invites::invites;
pub use sweep::sweep;
