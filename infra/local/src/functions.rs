//! The functions that the stack runs, as the template declares them.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

use crate::template::{self, Resource};

pub struct Function {
    pub name: &'static str,
    /// The time limit of one invocation, after which its process is killed.
    pub timeout: Duration,
    pub(crate) memory: u64,
    /// Its settings. A setting has no value if the value depends on the deployment.
    pub(crate) settings: BTreeMap<&'static str, Option<String>>,
}

/// The schedule that marks invites as expired.
pub const EXPIRE_INVITES: &str = "expire-invites";
/// The schedule that sends queued invites.
pub const DELIVER_INVITES: &str = "deliver-invites";

/// Records what SES says of each mail.
pub const TRACK_DELIVERY: &str = "track-delivery";

/// Settings of CloudFront, of SES's configuration set and of the audit log's group, which the local stack does not have.
const ONLY_ON_AWS: [&str; 3] = ["ORIGIN_SECRET", "SES_CONFIGURATION_SET", "AUDIT_LOG_GROUP"];

/// All functions except Cognito's, which the local issuer replaces.
pub static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let all = template::resources("AWS::Serverless::Function");
    all.filter(|resource| resource.whole.get("Condition").is_none()).map(function).collect()
});

fn function(resource: Resource) -> Function {
    let number = |name: &str| {
        let own = resource.get(name).as_u64();
        own.or_else(|| template::of_every_function(name).as_u64()).unwrap_or_default()
    };
    let variables = "/Environment/Variables";
    let settings = [template::of_every_function(variables), resource.get(variables)];
    let settings = settings.into_iter().filter_map(Value::as_object).flatten();
    Function {
        name: name(resource),
        timeout: Duration::from_secs(number("/Timeout")),
        memory: number("/MemorySize"),
        settings: settings
            .filter(|(name, _)| !ONLY_ON_AWS.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value_of(value)))
            .collect(),
    }
}

fn name(function: Resource) -> &'static str {
    let zip = function.text("/CodeUri").rsplit('/').next().unwrap_or_default();
    zip.strip_suffix(".zip").unwrap_or(zip)
}

/// A setting's value, if it is a literal or a parameter that has a default.
fn value_of(setting: &'static Value) -> Option<String> {
    setting.as_str().map(str::to_owned).or_else(|| template::parameter(template::referred(setting)))
}

/// The name of the function that `value` refers to.
pub(crate) fn referred(value: &'static Value) -> &'static str {
    let id = template::referred(value);
    template::resources("AWS::Serverless::Function").find(|function| function.id == id).map_or("", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_what_the_template_says() {
        let described = |name: &str| {
            let function = FUNCTIONS.iter().find(|function| function.name == name).unwrap();
            let setting = |name| function.settings.get(name).cloned();
            (function.timeout.as_secs(), function.memory, setting("FUNCTION_TIMEOUT"), setting("RETENTION"))
        };
        let (short, long, retention) = ("29s".to_owned(), "50s".to_owned(), Some(Some("365d".to_owned())));
        assert_eq!(described("deal-seats"), (29, 256, Some(Some(short.clone())), retention.clone()));
        assert_eq!(described("send-invites"), (29, 512, Some(Some(short)), retention.clone()));
        assert_eq!(described(DELIVER_INVITES), (50, 512, Some(Some(long)), retention));
    }

    #[test]
    fn settings_and_functions_that_only_aws_has_are_left_out() {
        for function in FUNCTIONS.iter() {
            assert_ne!(function.name, "grant-scopes");
            assert!(!function.settings.contains_key("ORIGIN_SECRET"), "{}", function.name);
        }
    }
}
