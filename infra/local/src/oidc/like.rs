//! The issuers that the local one can be like (`ISSUER_LIKE`): their access tokens, and the settings that they need.
//! `issuers.json` names the document that each token was taken from.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::CLIENT;
use super::person::{OPENID, OURS, Person};
use crate::random;

#[expect(clippy::expect_used, reason = "the file is part of this binary, so every test sees a mistake in it")]
static ISSUERS: LazyLock<BTreeMap<String, Like>> =
    LazyLock::new(|| serde_json::from_str(include_str!("issuers.json")).expect("issuers.json can be read"));

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Like {
    /// The document that the token was taken from.
    pub source: String,
    pub(crate) audience: String,
    grants: Grants,
    /// What a scope's name begins with in a request.
    #[serde(default)]
    pub(crate) scope_prefix: String,
    /// Parameters without which the access token is opaque.
    #[serde(default)]
    pub(crate) authorize: BTreeMap<String, String>,
    /// The settings that Seatkeeper needs with this issuer.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, String>,
    /// An access token. A text with a dollar stands for the value of that name.
    claims: Map<String, Value>,
}

/// Which of the requested scopes a person gets.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Grants {
    Entitled,
    Requested,
}

impl Like {
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ISSUERS.get(name)
    }

    /// The issuers' names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ISSUERS.keys().map(String::as_str)
    }

    pub(crate) fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// The names of the granted scopes, without a prefix. Without a request, these are all that the person is entitled to.
    pub(super) fn grant(&self, person: &Person, requested: Option<&str>) -> Vec<String> {
        let entitled = person.entitlements();
        let Some(requested) = requested else { return entitled.iter().map(ToString::to_string).collect() };
        let may = if self.grants == Grants::Requested { OURS } else { entitled };
        let names = requested.split_whitespace().filter_map(|scope| self.name(scope));
        names.filter(|name| may.contains(name) || OPENID.contains(name)).map(str::to_owned).collect()
    }

    /// The name of a scope without the prefix, which OpenID's own scopes do not have.
    fn name<'s>(&self, scope: &'s str) -> Option<&'s str> {
        if OPENID.contains(&scope) { Some(scope) } else { scope.strip_prefix(&self.scope_prefix) }
    }

    /// The claims of an access token. A claim without a value is left out.
    pub(super) fn claims(
        &self,
        issuer: &str,
        person: &Person,
        scopes: &[String],
        audience: Option<&str>,
        times: [DateTime<Utc>; 2],
    ) -> Value {
        let prefix = self.setting("TOKEN_SCOPE_PREFIX");
        let named = |scope: &String| {
            if OPENID.contains(&scope.as_str()) { scope.clone() } else { format!("{prefix}{scope}") }
        };
        let scopes: Vec<_> = scopes.iter().map(named).collect();
        let [from, until] = times.map(|at| at.timestamp());
        let values = json!({
            "$iss": issuer, "$sub": person.subject(), "$aud": audience.unwrap_or(&self.audience), "$client": CLIENT,
            "$iat": from, "$exp": until, "$jti": random::uuid(), "$scope": scopes.join(" "), "$scopes": scopes,
            "$email": person.email, "$org": person.organisation(), "$roles": person.roles(),
        });
        filled(&Value::Object(self.claims.clone()), &values)
    }
}

fn filled(claim: &Value, values: &Value) -> Value {
    match claim {
        Value::String(text) => values.get(text).unwrap_or(claim).clone(),
        Value::Array(items) => items.iter().map(|item| filled(item, values)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), filled(value, values)));
            Value::Object(fields.filter(|(_, value)| !value.is_null()).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_granted_only_if_requested_and_entitled() {
        let granted = |issuer: &str, email: &str, scopes: &str| {
            Like::named(issuer).unwrap().grant(&Person::parse(email).unwrap(), Some(scopes)).join(" ")
        };
        for (issuer, email, requested, expected) in [
            ("local", "manager@acme.example", "openid seats.accept", "openid seats.accept"),
            ("local", "manager@acme.example", "deals.admin", ""),
            ("local", "ann@example.com", "invites.manage seats.accept", "seats.accept"),
            // This one grants them to everybody.
            ("okta", "ann@example.com", "invites.manage x", "invites.manage"),
        ] {
            assert_eq!(granted(issuer, email, requested), expected, "{issuer}: {email} requests {requested}");
        }
    }
}
