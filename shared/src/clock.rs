//! The clock, read here and nowhere else.

use crate::domain::Timestamp;
use chrono::Utc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// The time now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub fn now() -> Timestamp {
    Utc::now()
}

/// When an invocation must have answered.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// From the Runtime API's deadline, in milliseconds since the epoch.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub fn from_epoch_millis(deadline: u64) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(Instant::now() + Duration::from_millis(deadline).saturating_sub(since_epoch))
    }

    /// This long from now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The deadline of something that has to be over this much earlier.
    #[must_use]
    pub fn earlier(self, by: Duration) -> Self {
        Self(self.0.checked_sub(by).unwrap_or(self.0))
    }

    /// The time that is left.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// As an instant, for a timeout.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// A stopwatch.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since it was started.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
