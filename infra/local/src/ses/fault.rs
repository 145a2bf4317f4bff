//! A fault that the next calls to SES meet, set by tests and by people who try the portal.

use std::sync::Mutex;

use serde::Deserialize;

use crate::lock;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mode {
    /// SES answers 429 and sends nothing.
    Throttle,
    /// SES rejects every entry and sends nothing.
    Reject,
    /// SES answers 503 and sends nothing.
    Down,
    /// SES sends the mails, then closes the connection without an answer.
    LostAnswer,
}

/// The body of `POST /inbox/faults`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    mode: Mode,
    /// How many more calls meet the fault.
    count: u32,
}

#[derive(Default)]
pub(crate) struct Faults(Mutex<Option<Fault>>);

impl Faults {
    /// Replaces the fault that was set before. A count of 0 ends it.
    pub(crate) fn set(&self, fault: Fault) {
        *lock(&self.0) = Some(fault);
    }

    /// The fault of this call.
    pub(super) fn next(&self) -> Option<Mode> {
        let mut fault = lock(&self.0);
        let Fault { mode, count } = fault.as_mut()?;
        *count = count.checked_sub(1)?;
        Some(*mode)
    }
}
