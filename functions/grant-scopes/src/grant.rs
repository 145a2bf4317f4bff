//! Grants scopes by group; only administrators change groups
//! (docs/decisions/0016-scopes-come-from-groups.md). Invariant: every granted scope was requested, and the
//! person is entitled to it. An event that cannot be read grants nothing: the error ends the sign-in.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const LEARNING_MANAGERS: &str = "learning-managers";
const PARTNERSHIP_MANAGERS: &str = "partnership-managers";
/// A learning manager's organisation. The app client cannot write this attribute.
const ORGANISATION: &str = "custom:org";
/// Cognito prefixes a scope with its resource server; the API uses the plain name.
const RESOURCE_SERVER: &str = "seatkeeper/";

/// No message contains personal data.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the event has version {0:?} instead of 2: set the trigger to V2_0")]
    Version(String),
    #[error("the event cannot be read")]
    Event(#[from] serde_json::Error),
}

/// The fields that this function reads, in version 2 of the event (Cognito developer guide).
#[derive(Deserialize)]
struct Event {
    version: String,
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    user_attributes: BTreeMap<String, Value>,
    group_configuration: Option<GroupConfiguration>,
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupConfiguration {
    groups_to_override: Option<Vec<String>>,
}

/// Returns the event with the response added, as Cognito expects.
pub(crate) fn answer(mut event: Value) -> Result<Value, Unreadable> {
    let read = Event::deserialize(&event)?;
    if read.version != "2" {
        return Err(Unreadable::Version(read.version));
    }
    if let Some(event) = event.as_object_mut() {
        let details = json!({ "accessTokenGeneration": grant(&read.request) });
        event.insert("response".to_owned(), json!({ "claimsAndScopeOverrideDetails": details }));
    }
    Ok(event)
}

fn grant(request: &Request) -> Value {
    let groups = request.group_configuration.as_ref().and_then(|groups| groups.groups_to_override.as_deref());
    let is_in = |group: &str| groups.unwrap_or_default().iter().any(|name| name == group);
    let attribute = |name: &str| request.user_attributes.get(name).and_then(Value::as_str);
    let organisation = attribute(ORGANISATION).filter(|id| is_organisation(id));
    let manages = is_in(LEARNING_MANAGERS) && organisation.is_some();
    let scopes =
        [("seats.accept", true), ("invites.manage", manages), ("deals.admin", is_in(PARTNERSHIP_MANAGERS))];
    let requested = request.scopes.as_deref().unwrap_or_default();
    let is_requested =
        |scope: &str| requested.iter().any(|name| name.strip_prefix(RESOURCE_SERVER) == Some(scope));
    let granted: Vec<&str> = scopes
        .into_iter()
        .filter(|(scope, is_entitled)| *is_entitled && is_requested(scope))
        .map(|(scope, _)| scope)
        .collect();

    let mut claims = Map::new();
    if let Some(organisation) = organisation.filter(|_| granted.contains(&"invites.manage")) {
        claims.insert("org".to_owned(), organisation.into());
    }
    // For display, and to tell whether the invited address accepted.
    if let Some(email) = attribute("email").filter(|_| attribute("email_verified") == Some("true")) {
        claims.insert("email".to_owned(), email.into());
        claims.insert("email_verified".to_owned(), "true".into());
    }
    // A granted plain name is not suppressed: Cognito does not document a name in both lists.
    let is_suppressed = |name: &&String| {
        let is_plain = scopes.iter().any(|(scope, _)| scope == name);
        name.starts_with(RESOURCE_SERVER) || is_plain && !granted.contains(&name.as_str())
    };
    json!({
        "claimsToAddOrOverride": claims,
        "scopesToSuppress": requested.iter().filter(is_suppressed).collect::<Vec<_>>(),
        "scopesToAdd": granted,
    })
}

/// Accepts the same ids as `shared::domain::OrganisationId`.
fn is_organisation(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An event as Cognito sends it after a sign-in at the hosted pages.
    fn event(groups: &[&str], organisation: Option<&str>, scopes: &[&str]) -> Value {
        let mut event = json!({
            "version": "2",
            "triggerSource": "TokenGeneration_HostedAuth",
            "region": "eu-west-1",
            "userPoolId": "eu-west-1_AbCdEfGhI",
            "userName": "0b5e6c2a-1111-2222-3333-444455556666",
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1example23456789" },
            "request": {
                "userAttributes": {
                    "sub": "0b5e6c2a-1111-2222-3333-444455556666",
                    "cognito:user_status": "CONFIRMED",
                    "email": "ann@acme.example",
                    "email_verified": "true",
                },
                "groupConfiguration": {
                    "groupsToOverride": groups,
                    "iamRolesToOverride": [],
                    "preferredRole": null,
                },
                "scopes": scopes,
            },
            "response": { "claimsAndScopeOverrideDetails": null },
        });
        if let Some(organisation) = organisation {
            event["request"]["userAttributes"][ORGANISATION] = organisation.into();
        }
        event
    }

    fn access_token(event: Value) -> Value {
        answer(event).unwrap()["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"].clone()
    }

    const EVERYTHING: [&str; 5] =
        ["openid", "email", "seatkeeper/seats.accept", "seatkeeper/invites.manage", "seatkeeper/deals.admin"];

    #[test]
    fn a_learner_who_requests_every_scope_may_only_accept() {
        let token = access_token(event(&[], None, &EVERYTHING));
        assert_eq!(token["scopesToAdd"], json!(["seats.accept"]));
        assert_eq!(token["scopesToSuppress"], json!(&EVERYTHING[2..]));
        let claims = json!({ "email": "ann@acme.example", "email_verified": "true" });
        assert_eq!(token["claimsToAddOrOverride"], claims);
    }

    #[test]
    fn a_learner_with_an_organisation_manages_nothing() {
        let token = access_token(event(&["others"], Some("acme"), &EVERYTHING));
        assert_eq!(token["scopesToAdd"], json!(["seats.accept"]));
        assert_eq!(token["claimsToAddOrOverride"].get("org"), None);
    }

    #[test]
    fn a_manager_manages_their_organisation() {
        let token = access_token(event(&[LEARNING_MANAGERS], Some("acme"), &EVERYTHING));
        assert_eq!(token["scopesToAdd"], json!(["seats.accept", "invites.manage"]));
        assert_eq!(token["claimsToAddOrOverride"]["org"], "acme");
    }

    #[test]
    fn a_manager_without_an_organisation_manages_nothing() {
        for organisation in [None, Some(""), Some("Acme"), Some("a b"), Some("[acme globex]"), Some("acme\n")]
        {
            let token = access_token(event(&[LEARNING_MANAGERS], organisation, &EVERYTHING));
            assert_eq!(token["scopesToAdd"], json!(["seats.accept"]), "{organisation:?}");
            assert_eq!(token["claimsToAddOrOverride"].get("org"), None);
        }
    }

    #[test]
    fn a_partner_administers_deals() {
        let token = access_token(event(&[PARTNERSHIP_MANAGERS], None, &EVERYTHING));
        assert_eq!(token["scopesToAdd"], json!(["seats.accept", "deals.admin"]));
    }

    #[test]
    fn only_requested_scopes_are_granted() {
        let both = [LEARNING_MANAGERS, PARTNERSHIP_MANAGERS];
        let token = access_token(event(&both, Some("acme"), &["openid", "seatkeeper/seats.accept"]));
        assert_eq!(token["scopesToAdd"], json!(["seats.accept"]));
        assert_eq!(token["claimsToAddOrOverride"].get("org"), None);
        let token = access_token(event(&both, Some("acme"), &["aws.cognito.signin.user.admin"]));
        assert_eq!([&token["scopesToAdd"], &token["scopesToSuppress"]], [&json!([]); 2]);
    }

    #[test]
    fn a_plain_scope_name_grants_nothing() {
        let token = access_token(event(&[], None, &["invites.manage", "deals.admin"]));
        assert_eq!(token["scopesToAdd"], json!([]));
        assert_eq!(token["scopesToSuppress"], json!(["invites.manage", "deals.admin"]));
    }

    #[test]
    fn an_unverified_address_is_not_in_the_token() {
        let mut unverified = event(&[], None, &EVERYTHING);
        unverified["request"]["userAttributes"]["email_verified"] = "false".into();
        assert_eq!(access_token(unverified)["claimsToAddOrOverride"], json!({}));
    }

    #[test]
    fn the_rest_of_the_event_is_returned_unchanged() {
        let sent = event(&[], None, &EVERYTHING);
        let mut returned = answer(sent.clone()).unwrap();
        returned["response"] = sent["response"].clone();
        assert_eq!(returned, sent);
    }

    #[test]
    fn a_person_without_groups_is_a_learner() {
        for groups in [Value::Null, json!({}), json!({ "groupsToOverride": null })] {
            let mut event = event(&[], Some("acme"), &EVERYTHING);
            event["request"]["groupConfiguration"] = groups;
            assert_eq!(access_token(event)["scopesToAdd"], json!(["seats.accept"]));
        }
    }

    #[test]
    fn an_unreadable_event_ends_the_sign_in_and_the_error_names_nobody() {
        let mut old = event(&[], None, &EVERYTHING);
        old["version"] = "1".into();
        let mut odd = event(&[], None, &EVERYTHING);
        odd["request"]["scopes"] = "ann@acme.example".into();
        for event in [old, odd, json!({}), json!(null), json!("ann@acme.example")] {
            let error = answer(event).unwrap_err();
            assert!(!error.to_string().contains("acme.example"), "{error}");
        }
    }

    proptest! {
        /// Also: the token keeps no scope of ours that was not granted, and names an organisation only to its managers.
        #[test]
        fn a_granted_scope_was_requested_and_the_person_is_entitled_to_it(
            groups in prop::sample::subsequence(vec![LEARNING_MANAGERS, PARTNERSHIP_MANAGERS, "others"], 0..=3),
            organisation in prop::option::of(prop_oneof![Just("acme".to_owned()), ".{0,70}"]),
            scopes in prop::sample::subsequence(
                vec![
                    "openid", "seats.accept", "invites.manage", "deals.admin", "seatkeeper/seats.accept",
                    "seatkeeper/invites.manage", "seatkeeper/deals.admin", "seatkeeper/other", "other/deals.admin",
                ],
                0..=9,
            ),
        ) {
            let token = access_token(event(&groups, organisation.as_deref(), &scopes));
            let names = |list: &str| -> Vec<String> { serde_json::from_value(token[list].clone()).unwrap() };
            let granted = names("scopesToAdd");
            for scope in &granted {
                let requested = format!("{RESOURCE_SERVER}{scope}");
                prop_assert!(scopes.contains(&requested.as_str()));
            }
            let manages = groups.contains(&LEARNING_MANAGERS) && organisation.as_deref().is_some_and(is_organisation);
            prop_assert!(manages || !granted.contains(&"invites.manage".to_owned()));
            prop_assert!(
                groups.contains(&PARTNERSHIP_MANAGERS) || !granted.contains(&"deals.admin".to_owned())
            );
            let names_organisation = token["claimsToAddOrOverride"].get("org").is_some();
            prop_assert_eq!(names_organisation, granted.contains(&"invites.manage".to_owned()));
            let suppressed = names("scopesToSuppress");
            prop_assert!(granted.iter().all(|name| !suppressed.contains(name)), "in both lists");
            for left in scopes.iter().filter(|name| !suppressed.contains(&(**name).to_owned())) {
                prop_assert!(["openid", "other/deals.admin"].contains(left) || granted.contains(&(*left).to_owned()));
            }
        }
    }
}
