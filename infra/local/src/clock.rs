//! The only file of this crate that reads the clock. All other code takes `now` as an argument, so a test can choose
//! the time.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one file of the local stack that reads the clock"
)]

use chrono::{DateTime, Utc};

pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
