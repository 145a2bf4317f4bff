//! The functions that the stack runs: pure data, to be held against `infra/template.yaml`.

use std::time::Duration;

use crate::routes::ROUTES;
use crate::settings::{API_SETTINGS, FUNCTION_SETTINGS, FunctionSetting, LIMIT_SETTINGS, MAIL_SETTINGS};

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

impl Function {
    /// The names of its settings.
    pub fn settings(&self) -> impl Iterator<Item = &'static str> {
        self.settings_and_defaults().map(|(name, _)| name)
    }

    pub(crate) fn settings_and_defaults(&self) -> impl Iterator<Item = FunctionSetting> {
        let answers = ROUTES.iter().any(|route| route.function == self.name);
        let none: &[_] = &[];
        let api = if answers { API_SETTINGS } else { none };
        let limits = if answers && self.mails { LIMIT_SETTINGS } else { none };
        let mail = if self.mails { MAIL_SETTINGS } else { none };
        FUNCTION_SETTINGS.iter().chain(api).chain(limits).chain(mail).copied()
    }
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
