//! Load: many requests at once, and many items. Figures are counts and ratios.
//!
//! Invariant: each load checks its invariants and returns its figures.

mod accepts;
mod invites;
mod measure;
mod sweep;

pub use accepts::accepts;
pub use invites::invites;
pub use measure::Figures;
pub use sweep::sweep;
