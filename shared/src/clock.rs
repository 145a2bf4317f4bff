//! The only file that reads the clock.

#![expect(clippy::disallowed_methods, reason = "the one place")]

use crate::domain::Timestamp;
use chrono::Utc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

pub fn now() -> Timestamp {
    Utc::now()
}

pub fn start() -> Instant {
    Instant::now()
}

/// When an invocation must have been answered.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// From the Runtime API's deadline.
    pub fn from_epoch_millis(deadline: u64) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::within(Duration::from_millis(deadline).saturating_sub(since_epoch))
    }

    pub fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    pub fn earlier(self, by: Duration) -> Self {
        Self(self.0.checked_sub(by).unwrap_or(self.0))
    }

    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    pub fn instant(self) -> Instant {
        self.0
    }
}
