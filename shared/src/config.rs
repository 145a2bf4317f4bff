//! Settings, read once at init. One error names every setting that is missing or wrong.

use crate::audit::Audit;
use crate::domain::limit::{MOST_PER_DAY, RecipientLimit, SendingLimits};
use crate::http::{Origin, Tokens};
use chrono::Duration as Lifetime;
use std::fmt;
use std::time::Duration;

/// 128 bits in hexadecimal.
const SHORTEST_SECRET: usize = 32;

#[derive(Clone, Debug, Default)]
pub struct Config {
    pub table: String,
    pub tokens: Tokens,
    /// How long an invite can be accepted, in whole seconds.
    pub lifetime: Lifetime,
    /// How long a deal's items are kept after its end.
    pub retention: Lifetime,
    pub origin: Origin,
    pub audit: Audit,
}

#[derive(Clone, Debug, Default)]
pub struct MailConfig {
    /// The sender's address, verified with SES.
    pub from: String,
    pub subject: String,
    pub link_text: String,
    /// The portal's URL, without a trailing slash.
    pub portal: String,
    pub configuration_set: Option<String>,
    /// The lease of an attempt. Longer than any function runs, or two functions could hold the same mail.
    pub lease: Lifetime,
    /// Mails a second, all functions together; 0 is no limit.
    pub send_rate: u32,
    /// While true, nothing is mailed and mails stay queued.
    pub paused: bool,
}

#[derive(thiserror::Error)]
#[error("invalid settings: {}", .0.join("; "))]
pub struct ConfigError(pub(crate) Vec<String>);

/// Like `Display`: Rust prints the error that `main` returns with `Debug`, and an operator reads it.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Config {
    pub fn from_env() -> Result<Self, ConfigError> {
        Settings::from_env(Settings::config)
    }

    /// Also the ARN of the topic to which SES publishes events.
    pub fn tracking() -> Result<(Self, String), ConfigError> {
        Settings::from_env(|settings| (settings.config(), settings.required("EVENT_TOPIC")))
    }

    pub fn mailing() -> Result<(Self, MailConfig, SendingLimits), ConfigError> {
        Settings::from_env(Settings::mailing)
    }
}

/// Whole seconds, at least one: `90s`, `2h`, `7d`.
pub fn parse_duration(text: &str) -> Option<Lifetime> {
    let time = humantime::parse_duration(text).ok()?;
    let is_whole = time >= Duration::from_secs(1) && time.subsec_nanos() == 0;
    Lifetime::from_std(time).ok().filter(|_| is_whole)
}

/// In the largest unit that is exact.
pub fn duration_text(time: Lifetime) -> String {
    let seconds = time.num_seconds();
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let (length, unit) = units.into_iter().find(|(length, _)| seconds % length == 0).unwrap_or((1, 's'));
    format!("{}{unit}", seconds / length)
}

type Environment = Box<dyn Fn(&str) -> Option<String>>;

struct Settings {
    get: Environment,
    wrong: Vec<String>,
}

impl Settings {
    fn from_env<T>(read: impl FnOnce(&mut Self) -> T) -> Result<T, ConfigError> {
        Self::read(|name| std::env::var(name).ok(), read)
    }

    fn read<T>(
        get: impl Fn(&str) -> Option<String> + 'static,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, ConfigError> {
        let mut settings = Self { get: Box::new(get), wrong: Vec::new() };
        let value = read(&mut settings);
        if settings.wrong.is_empty() { Ok(value) } else { Err(ConfigError(settings.wrong)) }
    }

    fn mailing(&mut self) -> (Config, MailConfig, SendingLimits) {
        (self.config(), self.mail_config(), self.sending_limits())
    }

    fn config(&mut self) -> Config {
        Config {
            table: self.required("TABLE_NAME"),
            tokens: Tokens {
                organisation_claim: self.text("ORGANISATION_CLAIM", "org"),
                scope_prefix: self.text("TOKEN_SCOPE_PREFIX", ""),
                entitlement_claim: self.optional("ENTITLEMENT_CLAIM"),
            },
            lifetime: self.duration("INVITE_LIFETIME", Lifetime::days(28)),
            retention: self.duration("RETENTION", Lifetime::days(365)),
            origin: self.origin("ORIGIN_SECRET"),
            audit: Audit::new(self.optional("AUDIT_LOG_GROUP")),
        }
    }

    fn mail_config(&mut self) -> MailConfig {
        let mail = MailConfig {
            from: self.required("MAIL_FROM"),
            subject: self.text("MAIL_SUBJECT", "FutureLearn Invitation"),
            link_text: self.text("MAIL_LINK_TEXT", "Click here to accept this invitation"),
            portal: self.required("PORTAL_URL").trim_end_matches('/').to_owned(),
            configuration_set: self.optional("SES_CONFIGURATION_SET"),
            lease: self.duration("DELIVERY_LEASE", Lifetime::seconds(60)),
            send_rate: self.number("SEND_RATE", 14),
            paused: self.parsed("SENDING_PAUSED", false, "true or false", |text| text.parse().ok()),
        };
        self.required("FUNCTION_TIMEOUT");
        let timeout = self.duration("FUNCTION_TIMEOUT", Lifetime::zero());
        if mail.lease <= timeout {
            let (lease, timeout) = (mail.lease.num_seconds(), timeout.num_seconds());
            self.wrong
                .push(format!("DELIVERY_LEASE ({lease}s) must be longer than FUNCTION_TIMEOUT ({timeout}s)"));
        }
        for (name, value) in [("MAIL_SUBJECT", &mail.subject), ("MAIL_LINK_TEXT", &mail.link_text)] {
            if value.chars().any(char::is_control) {
                self.wrong.push(format!("{name} must be one line"));
            }
        }
        mail
    }

    fn sending_limits(&mut self) -> SendingLimits {
        let per_day = self.number("LIMIT_RECIPIENT_PER_DAY", 3);
        if per_day > MOST_PER_DAY {
            self.wrong
                .push(format!("LIMIT_RECIPIENT_PER_DAY must be at most {MOST_PER_DAY}, or 0 for no limit"));
        }
        let interval = match self.text("LIMIT_RECIPIENT_INTERVAL", "10m").as_str() {
            "0" => Lifetime::zero(),
            _ => self.duration("LIMIT_RECIPIENT_INTERVAL", Lifetime::minutes(10)),
        };
        let manager_per_hour = self.number("LIMIT_MANAGER_PER_HOUR", 2_000);
        let deal_per_day = match self.text("LIMIT_DEAL_PER_DAY", "by_seats").as_str() {
            "by_seats" => None,
            _ => Some(self.number("LIMIT_DEAL_PER_DAY", 0)),
        };
        SendingLimits { recipient: RecipientLimit { per_day, interval }, manager_per_hour, deal_per_day }
    }

    fn optional(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|text| !text.is_empty())
    }

    fn text(&self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.wrong.push(format!("{name} is missing"));
            String::new()
        })
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        default: T,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let Some(text) = self.optional(name) else { return default };
        parse(&text).unwrap_or_else(|| {
            self.wrong.push(format!("{name} must be {expected}, not {text:?}"));
            default
        })
    }

    fn number(&mut self, name: &str, default: u32) -> u32 {
        self.parsed(name, default, "a whole number", |text| text.parse().ok())
    }

    fn duration(&mut self, name: &str, default: Lifetime) -> Lifetime {
        self.parsed(name, default, "a time like 90s, 2h or 28d", parse_duration)
    }

    /// The secret stays out of errors. A blank text is no secret, and must not admit everybody.
    fn origin(&mut self, name: &str) -> Origin {
        let Some(secrets) = self.optional(name) else { return Origin::default() };
        if secrets.split_whitespace().map(str::len).min().unwrap_or_default() < SHORTEST_SECRET {
            self.wrong.push(format!("{name} must have at least {SHORTEST_SECRET} characters"));
        }
        Origin::knowing(&secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn read<T>(pairs: &[(&str, &str)], read: impl FnOnce(&mut Settings) -> T) -> Result<T, ConfigError> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let pairs: HashMap<String, String> = pairs.iter().map(pair).collect();
        Settings::read(move |name| pairs.get(name).cloned(), read)
    }

    #[test]
    fn the_required_settings_of_a_mailing_function() {
        let required = [
            ("TABLE_NAME", "t"),
            ("MAIL_FROM", "a@b.example"),
            ("PORTAL_URL", "https://p.example/"),
            ("FUNCTION_TIMEOUT", "29s"),
        ];
        let (config, mail, _) = read(&required, Settings::mailing).unwrap();
        assert_eq!(config.lifetime, Lifetime::days(28));
        assert_eq!(mail.portal, "https://p.example");
        assert_eq!(mail.send_rate, 14);
        assert!(!mail.paused);
    }

    #[test]
    fn sending_limits_are_on_by_default_and_can_be_switched_off() {
        let limits = |pairs: &[(&str, &str)]| read(pairs, Settings::sending_limits);
        let default = limits(&[]).unwrap();
        assert_eq!(default.recipient, RecipientLimit { per_day: 3, interval: Lifetime::minutes(10) });
        assert_eq!((default.manager_per_hour, default.deal_per_day), (2_000, None));
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
        insta::assert_snapshot!(error, @r#"invalid settings: LIMIT_RECIPIENT_PER_DAY must be at most 10, or 0 for no limit; LIMIT_RECIPIENT_INTERVAL must be a time like 90s, 2h or 28d, not "often"; LIMIT_MANAGER_PER_HOUR must be a whole number, not "-1"; LIMIT_DEAL_PER_DAY must be a whole number, not "some""#);
    }

    #[test]
    fn a_duration_is_written_in_the_largest_unit_that_is_exact() {
        for (text, written) in [
            ("7d", "7d"),
            ("168h", "7d"),
            ("90s", "90s"),
            ("2h", "2h"),
            ("36h", "36h"),
            ("120s", "2m"),
            ("1d 1s", "86401s"),
        ] {
            assert_eq!(parse_duration(text).map(duration_text).as_deref(), Some(written), "{text}");
        }
        for text in ["", "7", "0s", "1.5s", "1500ms", "-7d", "soon", "7 parsecs", "999999999999999999d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn each_origin_secret_is_long() {
        let long = "x".repeat(SHORTEST_SECRET);
        let origin =
            |secrets: &str| read(&[("ORIGIN_SECRET", secrets)], |settings| settings.origin("ORIGIN_SECRET"));
        for secrets in [long.clone(), format!("{long} "), format!("{long} {long}")] {
            assert!(origin(&secrets).is_ok(), "{secrets}");
        }
        for secrets in [" ".to_owned(), format!("{long} swordfish"), format!("swordfish {long}")] {
            assert!(origin(&secrets).is_err(), "{secrets}");
        }
    }

    #[test]
    fn one_error_names_every_wrong_setting() {
        let pairs = [
            ("INVITE_LIFETIME", "soon"),
            ("SEND_RATE", "-1"),
            ("SENDING_PAUSED", "yes"),
            ("ORIGIN_SECRET", "swordfish"),
            ("DELIVERY_LEASE", "29s"),
            ("FUNCTION_TIMEOUT", "29s"),
            ("MAIL_SUBJECT", "a\nb"),
            ("LIMIT_MANAGER_PER_HOUR", "many"),
        ];
        let error = read(&pairs, Settings::mailing).unwrap_err();
        insta::assert_snapshot!(error, @r#"invalid settings: TABLE_NAME is missing; INVITE_LIFETIME must be a time like 90s, 2h or 28d, not "soon"; ORIGIN_SECRET must have at least 32 characters; MAIL_FROM is missing; PORTAL_URL is missing; SEND_RATE must be a whole number, not "-1"; SENDING_PAUSED must be true or false, not "yes"; DELIVERY_LEASE (29s) must be longer than FUNCTION_TIMEOUT (29s); MAIL_SUBJECT must be one line; LIMIT_MANAGER_PER_HOUR must be a whole number, not "many""#);
    }
}
