//! The functions that the stack runs: pure data, to be held against `infra/template.yaml`.

use std::time::Duration;

/// A Lambda function: one binary of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// The name of the function, of its folder and of its binary.
    pub name: &'static str,
    /// The time that one invocation may take before it is killed.
    pub timeout: Duration,
    /// Whether it sends mail, and so gets the `MAIL_*` settings.
    pub mails: bool,
}

/// API Gateway gives up on an integration after 30 s at most; a function behind it ends before that.
const API: Duration = Duration::from_secs(29);
/// A scheduled run ends before the next one begins, a minute later.
const SCHEDULED: Duration = Duration::from_secs(50);

/// Marks what is past its four weeks; scheduled.
pub const EXPIRE_INVITES: &str = "expire-invites";
/// Sends what is still queued; scheduled.
pub const DELIVER_INVITES: &str = "deliver-invites";

/// All functions.
pub const FUNCTIONS: &[Function] = &[
    Function { name: "deal-seats", timeout: API, mails: false },
    Function { name: "send-invites", timeout: API, mails: true },
    Function { name: "resend-invite", timeout: API, mails: true },
    Function { name: "accept-invite", timeout: API, mails: false },
    Function { name: "release-seat", timeout: API, mails: false },
    Function { name: "manage-deals", timeout: API, mails: false },
    Function { name: EXPIRE_INVITES, timeout: SCHEDULED, mails: false },
    Function { name: DELIVER_INVITES, timeout: SCHEDULED, mails: true },
];
