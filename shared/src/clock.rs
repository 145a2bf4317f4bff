//! The only file that reads the clock.

#![expect(clippy::disallowed_methods, reason = "the one place")]

use crate::domain::Timestamp;
use chrono::Utc;
use lambda_runtime::Context;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

pub fn now() -> Timestamp {
    Utc::now()
}

pub fn start() -> Instant {
    Instant::now()
}

/// Time reserved to report what a function did that answers nobody.
pub const TO_REPORT: Duration = Duration::from_secs(1);

/// No batch of a sweep and no call to SES starts with less time left than this.
pub const LEAST_TIME: Duration = Duration::from_secs(1);

/// When an invocation must have been answered.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn of(invocation: &Context) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::within(Duration::from_millis(invocation.deadline).saturating_sub(since_epoch))
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
