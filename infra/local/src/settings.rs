//! What can be set: read from the environment here and nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::functions::FUNCTIONS;
use crate::template;

/// Settings whose values are others than in the template: no limit, so that whoever tries things out is not stopped.
const LOCAL: [(&str, &str); 7] = [
    (TABLE_NAME, "seatkeeper"),
    (MAIL_FROM, "please.do.not.reply@futurelearn.com"),
    ("SEND_RATE", "0"),
    ("LIMIT_RECIPIENT_PER_DAY", "0"),
    ("LIMIT_RECIPIENT_INTERVAL", "0"),
    ("LIMIT_MANAGER_PER_HOUR", "0"),
    ("LIMIT_DEAL_PER_DAY", "0"),
];

pub(crate) const TABLE_NAME: &str = "TABLE_NAME";
pub(crate) const MAIL_FROM: &str = "MAIL_FROM";
pub(crate) const PORTAL_URL: &str = "PORTAL_URL";
const FUNCTION_TIMEOUT: &str = "FUNCTION_TIMEOUT";

/// Where learners go once they have their seat.
const START_URL: &str = "START_URL";

/// How much the functions log, if it is set.
pub(crate) const RUST_LOG: &str = "RUST_LOG";

const DEFAULT_PORT: u16 = 3000;
const DEFAULT_SWEEP: Duration = Duration::from_mins(1);
const DATA: &str = ".local";

#[derive(Debug, thiserror::Error)]
#[error("{name}={value} is not {expected}")]
pub struct SettingError {
    name: &'static str,
    value: String,
    expected: &'static str,
}

/// Where functions find `DynamoDB` and SES: the URLs of both.
#[derive(Debug, Clone)]
pub struct Endpoints {
    pub dynamodb: String,
    pub ses: String,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, named where it is set")]
pub struct Settings {
    /// The port of the one origin; 0 takes any that is free.
    pub port: u16,
    /// The folder where the database and the inbox lie; none keeps them in memory.
    pub data: Option<PathBuf>,
    /// The folder of the functions' logs, one file each.
    pub logs: PathBuf,
    /// Whether the logs are still there after [`Stack::stop`](crate::Stack::stop).
    pub keep_logs: bool,
    /// Whether what the functions log is printed, too.
    pub echo_logs: bool,
    pub functions_dir: PathBuf,
    /// The folder of the portal's built pages; none serves no page.
    pub portal: Option<PathBuf>,
    /// Where *Start learning* leads.
    pub start_url: String,
    /// How often the schedules run; none stops them.
    pub sweep_every: Option<Duration>,
    /// Overrides of the functions' settings, and `FUNCTION_TIMEOUT`.
    pub env: BTreeMap<String, String>,
    /// What the functions call in place of the stack's own database and SES: something that stands in between.
    pub in_between: Option<Endpoints>,
    pub seed: bool,
    pub quiet: bool,
}

impl Settings {
    /// What the environment says, with the defaults of `make run`.
    pub fn from_env() -> Result<Self, SettingError> {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let ephemeral = switch("EPHEMERAL", variable("EPHEMERAL"))?;
        let env = FUNCTIONS
            .iter()
            .flat_map(|function| function.settings.keys().copied())
            .chain([RUST_LOG])
            .filter_map(|name| Some((name.to_owned(), variable(name)?)))
            .collect::<BTreeMap<_, _>>();
        parsed(FUNCTION_TIMEOUT, env.get(FUNCTION_TIMEOUT).cloned(), Duration::ZERO, A_DURATION, duration)?;
        let sweep_every =
            parsed("SWEEP_EVERY", variable("SWEEP_EVERY"), DEFAULT_SWEEP, A_DURATION, duration)?;
        Ok(Self {
            port: parsed("PORT", variable("PORT"), DEFAULT_PORT, "a port number", |text| text.parse().ok())?,
            data: (!ephemeral).then(|| PathBuf::from(DATA)),
            logs: if ephemeral { temporary_folder() } else { Path::new(DATA).join("logs") },
            keep_logs: true,
            echo_logs: switch("LOGS", variable("LOGS"))?,
            functions_dir: variable("FUNCTIONS_DIR").map_or_else(beside_our_own_executable, PathBuf::from),
            portal: Some(checkout("portal/dist")),
            start_url: parsed(START_URL, variable(START_URL), default_start(), A_LINK, link)?,
            sweep_every: (!sweep_every.is_zero()).then_some(sweep_every),
            env,
            in_between: None,
            seed: true,
            quiet: false,
        })
    }

    /// For tests: any free port, everything in memory, no schedule, no page, not a word. Logs are in a folder of
    /// their own, which a stack that is not stopped properly (a test that fails) leaves behind.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self {
            port: 0,
            data: None,
            logs: temporary_folder(),
            keep_logs: false,
            echo_logs: false,
            functions_dir: beside_our_own_executable(),
            portal: None,
            start_url: default_start(),
            sweep_every: None,
            env: BTreeMap::new(),
            in_between: None,
            seed: true,
            quiet: true,
        }
    }

    /// The timeout that holds for all functions in place of their own, if one is set.
    pub(crate) fn function_timeout(&self) -> Result<Option<Duration>, SettingError> {
        let text = self.env.get(FUNCTION_TIMEOUT).cloned();
        parsed(FUNCTION_TIMEOUT, text, None, A_DURATION, |text| duration(text).map(Some))
    }

    /// The value of a function's setting, `default` being the template's.
    pub(crate) fn value(&self, name: &str, default: Option<String>) -> Option<String> {
        let local = || LOCAL.iter().find(|setting| setting.0 == name).map(|setting| setting.1.to_owned());
        self.env.get(name).cloned().or_else(local).or(default)
    }
}

const A_DURATION: &str = "a length of time (60s, 2m, 0)";
const A_LINK: &str = "an https address, or an http one on localhost";

fn parsed<T>(
    name: &'static str,
    value: Option<String>,
    default: T,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, SettingError> {
    let Some(value) = value else { return Ok(default) };
    parse(value.trim()).ok_or(SettingError { name, value, expected })
}

fn duration(text: &str) -> Option<Duration> {
    if text == "0" { Some(Duration::ZERO) } else { humantime::parse_duration(text).ok() }
}

fn default_start() -> String {
    template::parameter("StartUrl").unwrap_or_default()
}

fn switch(name: &'static str, value: Option<String>) -> Result<bool, SettingError> {
    parsed(name, value, false, "1 or 0", |text| match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    })
}

/// `target/debug`, for the stack's own binary and for a test in `target/debug/deps` alike.
fn beside_our_own_executable() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    let folder = executable.parent().unwrap_or(Path::new("."));
    let parent = folder.parent().filter(|_| folder.ends_with("deps") || folder.ends_with("examples"));
    parent.unwrap_or(folder).to_owned()
}

/// An address that people may be sent to: nobody on the way can change what they find there.
fn link(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    (url.scheme() == "https" || url.scheme() == "http" && here).then(|| url.into())
}

/// A path in the checkout that this was built from: the stack runs from there.
pub(crate) fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A folder for what need not be kept, not yet made; its name is never the same twice.
pub(crate) fn temporary_folder() -> PathBuf {
    std::env::temp_dir().join(format!("seatkeeper-{}", crate::random::hex::<8>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Settings::from_variables(|name| variables.get(name).map(ToString::to_string))
    }

    #[test]
    fn without_any_setting_it_is_make_run() {
        let settings = from(&[]).unwrap();
        assert_eq!((settings.port, settings.sweep_every), (3000, Some(Duration::from_mins(1))));
        assert_eq!(settings.data.as_deref(), Some(Path::new(".local")));
        assert!(settings.env.is_empty());
    }

    #[test]
    fn settings_are_taken_from_the_environment() {
        let settings =
            from(&[("PORT", "3100"), ("EPHEMERAL", "1"), ("SWEEP_EVERY", "0"), ("INVITE_LIFETIME", "90s")])
                .unwrap();
        assert_eq!((settings.port, settings.data.as_deref(), settings.sweep_every), (3100, None, None));
        for (name, value) in
            [("INVITE_LIFETIME", "90s"), ("SEND_RATE", "0"), ("DELIVERY_LEASE", "of the template")]
        {
            let found = settings.value(name, Some("of the template".to_owned()));
            assert_eq!(found.as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn nonsense_is_named() {
        for (name, value) in [
            ("PORT", "99999"),
            ("SWEEP_EVERY", "soon"),
            ("EPHEMERAL", "perhaps"),
            ("FUNCTION_TIMEOUT", "x"),
            ("START_URL", "www.futurelearn.com"),
            ("START_URL", "http://www.futurelearn.com/"),
            ("START_URL", "http://localhost.evil.example/"),
            ("START_URL", "javascript:alert(1)"),
        ] {
            let error = from(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}={value} is not ")), "{error}");
        }
    }

    #[test]
    fn learning_starts_somewhere_safe() {
        assert_eq!(from(&[]).unwrap().start_url, "https://www.futurelearn.com/");
        for address in ["https://learn.example/start?x=1", "http://localhost:8080/", "http://127.0.0.1/"] {
            assert_eq!(from(&[("START_URL", address)]).unwrap().start_url, address);
        }
    }
}
