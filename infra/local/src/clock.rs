//! The only file of this crate that reads the clock. All other code takes `now` as an argument, so a test can choose
//! the time.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one file of the local stack that reads the clock"
)]

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Measures a duration on a clock that never goes back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
