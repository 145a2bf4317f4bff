//! A fault that the next calls to SES meet, set by tests and by people who try the portal.

use serde::Deserialize;

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
    /// How many more calls meet the fault; with 0, none.
    count: u32,
}

impl Fault {
    /// The fault of this call.
    pub(super) fn next(&mut self) -> Option<Mode> {
        self.count = self.count.checked_sub(1)?;
        Some(self.mode)
    }
}
