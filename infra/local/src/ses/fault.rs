//! What the next calls to SES do wrong, on request, so that tests and people can see what comes of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::SLOWEST;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429, nothing is sent.
    Throttle,
    /// Every entry is rejected, nothing is sent.
    Reject,
    /// 503, nothing is sent.
    Down,
    /// Sent, then the connection is closed without an answer.
    LostAnswer,
    /// Sent and answered after this time.
    Slow(Duration),
}

/// The body of `POST /inbox/faults`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultRequest {
    mode: String,
    count: u32,
    seconds: Option<u32>,
}

impl FaultRequest {
    fn fault(&self) -> Result<Fault, String> {
        match (self.mode.as_str(), self.seconds) {
            ("throttle", None) => Ok(Fault::Throttle),
            ("reject", None) => Ok(Fault::Reject),
            ("down", None) => Ok(Fault::Down),
            ("lost-answer", None) => Ok(Fault::LostAnswer),
            ("slow", Some(seconds)) => Ok(Fault::Slow(Duration::from_secs(seconds.into()).min(SLOWEST))),
            _ => Err("mode is throttle, reject, down, lost-answer, or slow with seconds".to_owned()),
        }
    }
}

/// The fault that is on, and for how many calls yet.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Option<(Fault, u32)>>);

impl Faults {
    /// Takes the place of what was set before; a count of 0 ends it.
    pub(crate) fn set(&self, request: &FaultRequest) -> Result<(), String> {
        let fault = request.fault()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((fault, request.count));
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map_or(0, |(_, left)| left)
    }

    /// The fault of this call, if any.
    pub(super) fn next(&self) -> Option<Fault> {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, left) = next.as_mut()?;
        *left = left.checked_sub(1)?;
        Some(*fault)
    }
}
