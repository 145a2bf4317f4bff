//! How a write to a counter recognises its own doing when the SDK repeats it.
//!
//! A counter is written by many at once, so its state alone never says whose write changed it. Each write therefore leaves
//! an id that only its own attempt knows, and the item keeps the last [`KEPT`] of them. A repetition finds its id there,
//! however the counter has moved since.

use super::{Written, item::text};

/// How many writers an item remembers: as many may write between a write and its repetition.
const KEPT: usize = 8;

/// The condition under which a write is not a repetition of itself. `:attempt` is its id.
pub(super) fn is_new() -> String {
    let names: Vec<String> = (1..=KEPT).map(|place| format!("attempt{place}")).collect();
    format!("NOT :attempt IN ({})", names.join(", "))
}

/// The assignments that remember `:attempt` beside the writers before it. They follow other assignments of a `SET`.
/// `:none` stands where there was no writer.
pub(super) fn remember() -> String {
    let older =
        (2..=KEPT).map(|place| format!(", attempt{place} = if_not_exists(attempt{}, :none)", place - 1));
    format!(", attempt1 = :attempt{}", older.collect::<String>())
}

/// The assignments that remember `:attempt` alone.
pub(super) fn remember_only() -> String {
    let older = (2..=KEPT).map(|place| format!(", attempt{place} = :none"));
    format!(", attempt1 = :attempt{}", older.collect::<String>())
}

impl Written {
    /// The same, but done when the attempt with this id is among the last that wrote the item.
    pub(super) fn by(self, attempt: &str) -> Self {
        match self {
            Self::Refused(Some(item))
                if (1..=KEPT).any(|place| text(&item, &format!("attempt{place}")) == Some(attempt)) =>
            {
                Self::Done(item)
            }
            written => written,
        }
    }
}
