//! The settings. No other code reads the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::StartError;
use crate::functions::FUNCTIONS;
use crate::oidc::Like;
use crate::template;

/// Settings whose values differ from the template's. There are no limits, so nothing stops people who try things out.
const LOCAL: [(&str, &str); 8] = [
    (TABLE_NAME, "seatkeeper"),
    (EVENT_TOPIC, "arn:aws:sns:us-east-1:000000000000:seatkeeper-mail-events"),
    (MAIL_FROM, "please.do.not.reply@futurelearn.com"),
    ("SEND_RATE", "0"),
    ("LIMIT_RECIPIENT_PER_DAY", "0"),
    ("LIMIT_RECIPIENT_INTERVAL", "0"),
    ("LIMIT_MANAGER_PER_HOUR", "0"),
    ("LIMIT_DEAL_PER_DAY", "0"),
];

pub(crate) const TABLE_NAME: &str = "TABLE_NAME";
pub(crate) const MAIL_FROM: &str = "MAIL_FROM";
pub(crate) const EVENT_TOPIC: &str = "EVENT_TOPIC";
pub(crate) const PORTAL_URL: &str = "PORTAL_URL";
/// How much the functions log.
pub(crate) const RUST_LOG: &str = "RUST_LOG";
const FUNCTION_TIMEOUT: &str = "FUNCTION_TIMEOUT";

const DATA: &str = ".local";

/// The URLs at which functions find `DynamoDB` and SES.
#[derive(Debug, Clone)]
pub struct Endpoints {
    pub dynamodb: String,
    pub ses: String,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate switch, set by its name")]
pub struct Settings {
    /// The port of the stack's origin. 0 takes any free port.
    pub port: u16,
    /// The folder of the database and the inbox. Without a folder, both are in memory.
    pub data: Option<PathBuf>,
    /// The folder of the functions' logs, one file each.
    pub logs: PathBuf,
    /// Whether [`Stack::stop`](crate::Stack::stop) leaves the logs.
    pub keep_logs: bool,
    /// Whether the functions' logs are printed, too.
    pub echo_logs: bool,
    pub functions_dir: PathBuf,
    /// The folder of the portal's built pages. Without a folder, no page is served.
    pub portal: Option<PathBuf>,
    /// The address behind *Start learning*.
    pub start_url: String,
    /// The issuer whose tokens and settings the local one has.
    pub issuer_like: &'static Like,
    /// The time between two runs of a schedule. Without a time, no schedule runs.
    pub sweep_every: Option<Duration>,
    /// Overrides of the functions' settings, and `FUNCTION_TIMEOUT`.
    pub env: BTreeMap<String, String>,
    /// Endpoints that the functions call in place of the stack's own database and SES.
    pub in_between: Option<Endpoints>,
    /// Whether SES publishes the first events of each mail unasked.
    pub mail_events: bool,
    pub seed: bool,
    pub quiet: bool,
}

impl Settings {
    /// The settings of `make run`, as the environment changes them.
    pub fn from_env() -> Result<Self, StartError> {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let is_ephemeral = switch("EPHEMERAL", variable("EPHEMERAL"))?;
        let names = FUNCTIONS.iter().flat_map(|function| function.settings.keys().copied()).chain([RUST_LOG]);
        let env = names.filter_map(|name| Some((name.to_owned(), variable(name)?))).collect();
        let every = parsed("SWEEP_EVERY", variable("SWEEP_EVERY"), A_DURATION, duration)?;
        let every = every.unwrap_or(Duration::from_mins(1));
        let port = parsed("PORT", variable("PORT"), "a port number", |text| text.parse().ok())?;
        let start_url = parsed("START_URL", variable("START_URL"), A_LINK, link)?;
        let like = parsed("ISSUER_LIKE", variable("ISSUER_LIKE"), AN_ISSUER, Like::named)?;
        let settings = Self {
            issuer_like: like.unwrap_or_else(local_issuer),
            port: port.unwrap_or(3000),
            data: (!is_ephemeral).then(|| PathBuf::from(DATA)),
            logs: if is_ephemeral { temporary_folder() } else { Path::new(DATA).join("logs") },
            keep_logs: true,
            echo_logs: switch("LOGS", variable("LOGS"))?,
            portal: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../portal/dist")),
            start_url: start_url.unwrap_or_else(default_start),
            sweep_every: Some(every).filter(|every| !every.is_zero()),
            env,
            mail_events: true,
            quiet: false,
            ..Self::ephemeral()
        };
        settings.function_timeout()?;
        Ok(settings)
    }

    /// The settings of tests: any free port, all data in memory, no schedule, no page, no unasked event of a mail, so
    /// that a test decides when one comes, and nothing printed. The logs have a
    /// folder of their own. A test that fails does not stop its stack, and so leaves the folder behind.
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
            issuer_like: local_issuer(),
            sweep_every: None,
            env: BTreeMap::new(),
            in_between: None,
            mail_events: false,
            seed: true,
            quiet: true,
        }
    }

    /// The time limit of all functions, if one is set in place of their own.
    pub(crate) fn function_timeout(&self) -> Result<Option<Duration>, StartError> {
        parsed(FUNCTION_TIMEOUT, self.env.get(FUNCTION_TIMEOUT).cloned(), A_DURATION, duration)
    }

    /// The value of a function's setting. The template has `default`.
    pub(crate) fn value(&self, name: &str, default: Option<String>) -> Option<String> {
        let like = || self.issuer_like.settings.get(name).cloned();
        let local = || LOCAL.iter().find(|setting| setting.0 == name).map(|setting| setting.1.to_owned());
        self.env.get(name).cloned().or_else(like).or_else(local).or(default)
    }
}

const A_DURATION: &str = "a duration (60s, 2m, 0)";
const AN_ISSUER: &str = "local, auth0, okta, entra, keycloak or cognito";
const A_LINK: &str = "an https address, or an http address on localhost";

fn parsed<T>(
    name: &'static str,
    value: Option<String>,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, StartError> {
    let parsed = |value: String| parse(value.trim()).ok_or(StartError::Setting { name, value, expected });
    value.map(parsed).transpose()
}

fn duration(text: &str) -> Option<Duration> {
    if text == "0" { Some(Duration::ZERO) } else { humantime::parse_duration(text).ok() }
}

#[expect(clippy::expect_used, reason = "the file is part of this binary, so every test sees a mistake in it")]
fn local_issuer() -> &'static Like {
    Like::named("local").expect("issuers.json has the local issuer")
}

fn default_start() -> String {
    template::parameter("StartUrl").unwrap_or_default()
}

fn switch(name: &'static str, value: Option<String>) -> Result<bool, StartError> {
    let switch = parsed(name, value, "1 or 0", |text| match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    });
    Ok(switch?.unwrap_or_default())
}

/// `target/debug`, also for a test in `target/debug/deps`.
fn beside_our_own_executable() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    let folder = executable.parent().unwrap_or(Path::new("."));
    let parent = folder.parent().filter(|_| folder.ends_with("deps") || folder.ends_with("examples"));
    parent.unwrap_or(folder).to_owned()
}

/// A safe address to send people to: nobody between them and its server can change the page.
fn link(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    (url.scheme() == "https" || url.scheme() == "http" && is_local).then(|| url.into())
}

/// A new name for a temporary folder. The folder does not exist yet.
pub(crate) fn temporary_folder() -> PathBuf {
    std::env::temp_dir().join(format!("seatkeeper-{}", crate::random::hex()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Settings, StartError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Settings::from_variables(|name| variables.get(name).map(ToString::to_string))
    }

    #[test]
    fn the_defaults_are_those_of_make_run() {
        let settings = from(&[]).unwrap();
        assert_eq!((settings.port, settings.sweep_every), (3000, Some(Duration::from_mins(1))));
        assert_eq!(settings.data.as_deref(), Some(Path::new(".local")));
        assert_eq!(settings.start_url, "https://www.futurelearn.com/");
        assert!(settings.env.is_empty());
    }

    #[test]
    fn the_environment_overrides_the_local_values_and_they_override_the_template() {
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
        for address in ["https://learn.example/start?x=1", "http://localhost:8080/", "http://127.0.0.1/"] {
            assert_eq!(from(&[("START_URL", address)]).unwrap().start_url, address);
        }
    }

    #[test]
    fn an_invalid_value_is_refused_by_its_name() {
        for (name, value) in [
            ("PORT", "99999"),
            ("SWEEP_EVERY", "soon"),
            ("ISSUER_LIKE", "github"),
            ("EPHEMERAL", "perhaps"),
            ("FUNCTION_TIMEOUT", "x"),
            ("START_URL", "www.futurelearn.com"),
            ("START_URL", "http://www.futurelearn.com/"),
            ("START_URL", "http://localhost.evil.example/"),
            ("START_URL", "javascript:alert(1)"),
        ] {
            let error = from(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}={value} is not valid. ")), "{error}");
        }
    }
}
