//! Settings, read once, in init. One error names everything that is missing or wrong.

use crate::domain::limit::{MOST_PER_DAY, RecipientLimit, SendingLimits};
use crate::http::Origin;
use chrono::Duration as Lifetime;
use std::fmt;
use std::time::Duration;

/// As many characters as 128 bits have in hexadecimal.
const SHORTEST_SECRET: usize = 32;

/// What every function needs.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE_NAME`.
    pub table: String,
    /// `ORGANISATION_CLAIM`: the token's claim that holds a manager's organisation.
    pub organisation_claim: String,
    /// `INVITE_LIFETIME`: how long an invite can be accepted, in whole seconds.
    pub lifetime: Lifetime,
    /// `RETENTION`: how long a deal's items are kept after its end.
    pub retention: Lifetime,
    /// `ORIGIN_SECRET`: by which requests are known to come through CloudFront, if they have to.
    pub origin: Origin,
}

/// What the functions that mail need besides.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// `MAIL_FROM`: the sender's address, verified with SES.
    pub from: String,
    /// `MAIL_SUBJECT`.
    pub subject: String,
    /// `MAIL_LINK_TEXT`: what the link reads.
    pub link_text: String,
    /// `PORTAL_URL`: where the accept page is, without a slash at the end.
    pub portal: String,
    /// `SES_CONFIGURATION_SET`, if there is one.
    pub configuration_set: Option<String>,
    /// `DELIVERY_LEASE`: how long a try to mail is left alone. Longer than any function runs.
    pub lease: Lifetime,
    /// `SEND_RATE`: mails a second, all functions together; 0 for no limit.
    pub send_rate: u32,
    /// `SENDING_PAUSED`: nothing is mailed; what is queued stays queued.
    pub paused: bool,
}

/// The limits of sending, for the functions that are asked to send.
///
/// # Errors
/// All that is wrong.
pub fn sending_limits() -> Result<SendingLimits, ConfigError> {
    let mut settings = Settings::new(|name| std::env::var(name).ok());
    let limits = read_limits(&mut settings);
    settings.finish(limits)
}

fn read_limits(settings: &mut Settings<impl Fn(&str) -> Option<String>>) -> SendingLimits {
    let per_day = settings.number("LIMIT_RECIPIENT_PER_DAY", 3);
    if per_day > MOST_PER_DAY {
        settings
            .wrong
            .push(format!("LIMIT_RECIPIENT_PER_DAY must be {MOST_PER_DAY} at most, or 0 for no limit"));
    }
    let interval = settings.or("LIMIT_RECIPIENT_INTERVAL", "10m");
    let recipient = RecipientLimit {
        per_day,
        interval: match interval.as_str() {
            "0" => Lifetime::zero(),
            interval => settings.parse_duration("LIMIT_RECIPIENT_INTERVAL", interval),
        },
    };
    let manager_per_hour = settings.number("LIMIT_MANAGER_PER_HOUR", 2_000);
    let deal_per_day = match settings.or("LIMIT_DEAL_PER_DAY", "by_seats").as_str() {
        "by_seats" => None,
        _ => Some(settings.number("LIMIT_DEAL_PER_DAY", 0)),
    };
    SendingLimits { recipient, manager_per_hour, deal_per_day }
}

/// Settings that are missing or wrong.
#[derive(thiserror::Error)]
#[error("the settings don't fit: {}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

/// As `Display`: what `main` returns is printed by `Debug`, and whoever deploys reads it.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Config {
    /// From the environment.
    ///
    /// # Errors
    /// All that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut settings = Settings::new(|name| std::env::var(name).ok());
        let config = Self::read(&mut settings);
        settings.finish(config)
    }

    fn read(settings: &mut Settings<impl Fn(&str) -> Option<String>>) -> Self {
        Self {
            table: settings.required("TABLE_NAME"),
            organisation_claim: settings.or("ORGANISATION_CLAIM", "org"),
            lifetime: settings.duration("INVITE_LIFETIME", "28d"),
            retention: settings.duration("RETENTION", "365d"),
            origin: settings.origin("ORIGIN_SECRET"),
        }
    }
}

impl MailConfig {
    /// From the environment, together with what every function needs.
    ///
    /// # Errors
    /// All that is missing or wrong, a lease that a function may outlast among it: two functions could then hold
    /// the same mail.
    pub fn from_env() -> Result<(Config, Self), ConfigError> {
        let mut settings = Settings::new(|name| std::env::var(name).ok());
        let configs = Self::read(&mut settings);
        settings.finish(configs)
    }

    fn read(settings: &mut Settings<impl Fn(&str) -> Option<String>>) -> (Config, Self) {
        let config = Config::read(settings);
        let mail = Self {
            from: settings.required("MAIL_FROM"),
            subject: settings.or("MAIL_SUBJECT", "FutureLearn Invitation"),
            link_text: settings.or("MAIL_LINK_TEXT", "Click here to accept this invitation"),
            portal: settings.required("PORTAL_URL").trim_end_matches('/').to_owned(),
            configuration_set: (settings.get)("SES_CONFIGURATION_SET").filter(|name| !name.is_empty()),
            lease: settings.duration("DELIVERY_LEASE", "60s"),
            send_rate: settings.number("SEND_RATE", 14),
            paused: settings.switch("SENDING_PAUSED"),
        };
        let timeout = settings.required_duration("FUNCTION_TIMEOUT");
        if mail.lease <= timeout {
            settings.wrong.push(format!(
                "DELIVERY_LEASE ({}s) must be longer than FUNCTION_TIMEOUT ({}s)",
                mail.lease.num_seconds(),
                timeout.num_seconds()
            ));
        }
        for (name, value) in [("MAIL_SUBJECT", &mail.subject), ("MAIL_LINK_TEXT", &mail.link_text)] {
            if value.chars().any(char::is_control) {
                settings.wrong.push(format!("{name} must be one line"));
            }
        }
        (config, mail)
    }
}

/// Reads settings and collects what is wrong with them.
struct Settings<F> {
    get: F,
    wrong: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Settings<F> {
    fn new(get: F) -> Self {
        Self { get, wrong: Vec::new() }
    }

    fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.wrong.is_empty() { Ok(value) } else { Err(ConfigError(self.wrong)) }
    }

    fn or(&self, name: &str, default: &str) -> String {
        (self.get)(name).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
    }

    fn required(&mut self, name: &str) -> String {
        let value = self.or(name, "");
        if value.is_empty() {
            self.wrong.push(format!("{name} is missing"));
        }
        value
    }

    fn duration(&mut self, name: &str, default: &str) -> Lifetime {
        let text = self.or(name, default);
        self.parse_duration(name, &text)
    }

    fn required_duration(&mut self, name: &str) -> Lifetime {
        let text = self.required(name);
        if text.is_empty() { Lifetime::zero() } else { self.parse_duration(name, &text) }
    }

    /// A time of whole seconds, at least one.
    fn parse_duration(&mut self, name: &str, text: &str) -> Lifetime {
        let parsed = humantime::parse_duration(text).ok().filter(|time| *time >= Duration::from_secs(1));
        let seconds = parsed.and_then(|time| i64::try_from(time.as_secs()).ok());
        seconds.and_then(Lifetime::try_seconds).unwrap_or_else(|| {
            self.wrong.push(format!("{name} must be a time like 90s, 2h or 28d, not {text:?}"));
            Lifetime::zero()
        })
    }

    /// A secret that nobody guesses; its value stays out of errors.
    fn origin(&mut self, name: &str) -> Origin {
        let secret = self.or(name, "");
        if secret.is_empty() {
            return Origin::default();
        }
        if secret.len() < SHORTEST_SECRET {
            self.wrong.push(format!("{name} must have {SHORTEST_SECRET} characters at least"));
        }
        Origin::knowing(&secret)
    }

    /// `true` or `false`; `false` when it is not set.
    fn switch(&mut self, name: &str) -> bool {
        let text = self.or(name, "false");
        text.parse().unwrap_or_else(|_| {
            self.wrong.push(format!("{name} must be true or false, not {text:?}"));
            false
        })
    }

    fn number(&mut self, name: &str, default: u32) -> u32 {
        let text = self.or(name, "");
        if text.is_empty() {
            return default;
        }
        text.parse().unwrap_or_else(|_| {
            self.wrong.push(format!("{name} must be a whole number, not {text:?}"));
            default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &'static [(&str, &str)]) -> Result<(Config, MailConfig), ConfigError> {
        let mut settings = Settings::new(|name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let configs = MailConfig::read(&mut settings);
        settings.finish(configs)
    }

    #[test]
    fn the_least_that_a_mailing_function_needs() {
        let (config, mail) = read(&[
            ("TABLE_NAME", "t"),
            ("MAIL_FROM", "a@b.example"),
            ("PORTAL_URL", "https://p.example/"),
            ("FUNCTION_TIMEOUT", "29s"),
        ])
        .unwrap();
        assert_eq!(config.lifetime, Lifetime::days(28));
        assert_eq!(mail.portal, "https://p.example");
        assert_eq!(mail.send_rate, 14);
        assert!(!mail.paused);
    }

    fn limits(pairs: &'static [(&str, &str)]) -> Result<SendingLimits, ConfigError> {
        let mut settings = Settings::new(|name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let limits = read_limits(&mut settings);
        settings.finish(limits)
    }

    #[test]
    fn limits_of_sending_are_there_unless_they_are_taken_away() {
        let usual = limits(&[]).unwrap();
        assert_eq!(usual.recipient, RecipientLimit { per_day: 3, interval: Lifetime::minutes(10) });
        assert_eq!((usual.manager_per_hour, usual.deal_per_day), (2_000, None));
        let none = limits(&[
            ("LIMIT_RECIPIENT_PER_DAY", "0"),
            ("LIMIT_RECIPIENT_INTERVAL", "0"),
            ("LIMIT_MANAGER_PER_HOUR", "0"),
            ("LIMIT_DEAL_PER_DAY", "0"),
        ])
        .unwrap();
        assert_eq!(none.recipient, RecipientLimit::NONE);
        assert_eq!((none.manager_per_hour, none.deal_per_day), (0, Some(0)));
        let error = limits(&[
            ("LIMIT_RECIPIENT_PER_DAY", "11"),
            ("LIMIT_RECIPIENT_INTERVAL", "often"),
            ("LIMIT_MANAGER_PER_HOUR", "-1"),
            ("LIMIT_DEAL_PER_DAY", "some"),
        ])
        .unwrap_err();
        insta::assert_snapshot!(error, @r#"the settings don't fit: LIMIT_RECIPIENT_PER_DAY must be 10 at most, or 0 for no limit; LIMIT_RECIPIENT_INTERVAL must be a time like 90s, 2h or 28d, not "often"; LIMIT_MANAGER_PER_HOUR must be a whole number, not "-1"; LIMIT_DEAL_PER_DAY must be a whole number, not "some""#);
    }

    #[test]
    fn one_error_names_all_that_is_wrong() {
        let error = read(&[
            ("INVITE_LIFETIME", "soon"),
            ("SEND_RATE", "-1"),
            ("SENDING_PAUSED", "yes"),
            ("ORIGIN_SECRET", "swordfish"),
            ("DELIVERY_LEASE", "29s"),
            ("FUNCTION_TIMEOUT", "29s"),
            ("MAIL_SUBJECT", "a\nb"),
        ])
        .unwrap_err();
        insta::assert_snapshot!(error, @r#"the settings don't fit: TABLE_NAME is missing; INVITE_LIFETIME must be a time like 90s, 2h or 28d, not "soon"; ORIGIN_SECRET must have 32 characters at least; MAIL_FROM is missing; PORTAL_URL is missing; SEND_RATE must be a whole number, not "-1"; SENDING_PAUSED must be true or false, not "yes"; DELIVERY_LEASE (29s) must be longer than FUNCTION_TIMEOUT (29s); MAIL_SUBJECT must be one line"#);
    }
}
