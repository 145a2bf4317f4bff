//! Checks each call to DynamoDB against the function's role, as IAM documents it: its actions, and the keys and
//! attributes that it writes. Here a request without a key is denied; IAM's `ForAllValues` would allow it. So every
//! test shows that no function needs more than its role, and that no role's condition is too narrow.
//!
//! A function's access key is its name. `make test-cloud` checks the access to indexes, which is not checked here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::functions::FUNCTIONS;
use crate::template;

/// Each function's statements about DynamoDB.
static ROLES: LazyLock<BTreeMap<&str, Vec<&Value>>> = LazyLock::new(|| {
    let role = |name| {
        let of_name = |resource: &template::Resource| resource.get("/Policies/0/PolicyName") == name;
        let role = template::resources("AWS::IAM::Role").find(of_name);
        role.and_then(|role| role.get("/Policies/0/PolicyDocument/Statement").as_array())
    };
    FUNCTIONS.iter().map(|it| (it.name, role(it.name).into_iter().flatten().collect())).collect()
});

/// A caller that is no function, such as a test or a developer, may do anything.
pub(crate) fn allows(caller: &str, operation: &str, body: &[u8]) -> bool {
    let Some(role) = ROLES.get(caller) else { return true };
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let parts = request
        .get("TransactItems")
        .and_then(Value::as_array)
        .map(|items| items.iter().filter_map(Value::as_object));
    let actions: Vec<_> = match parts {
        // A transaction needs the action of each part.
        Some(parts) => parts.flatten().map(|(kind, part)| (format!("dynamodb:{kind}Item"), part)).collect(),
        None => vec![(format!("dynamodb:{operation}"), &request)],
    };
    !actions.is_empty()
        && actions.iter().all(|(action, part)| role.iter().any(|statement| is_met(statement, action, part)))
}

fn is_met(statement: &Value, action: &str, request: &Value) -> bool {
    let conditions = statement["Condition"].as_object().into_iter().flatten();
    texts(&statement["Action"]).any(|allowed| allowed == action)
        && conditions.into_iter().all(|(operator, condition)| match operator.as_str() {
            "ForAllValues:StringLike" => {
                let key = ["/Item/pk/S", "/Key/pk/S"]
                    .into_iter()
                    .find_map(|place| request.pointer(place)?.as_str());
                let mut patterns = texts(&condition["dynamodb:LeadingKeys"]);
                key.is_some_and(|key| patterns.any(|pattern| is_like(key, pattern)))
            }
            "ForAllValues:StringNotEquals" => {
                let mut denied = texts(&condition["dynamodb:Attributes"]);
                denied.all(|name| !names(request, name))
            }
            _ => false,
        })
}

/// A text, or each text of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn is_like(key: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(key == pattern, |start| key.starts_with(start))
}

/// Whether the request names this attribute in the item or in an expression.
fn names(request: &Value, attribute: &str) -> bool {
    let text = |place: &str| request.pointer(place).and_then(Value::as_str);
    let expressions = ["/UpdateExpression", "/ConditionExpression"].into_iter().filter_map(text);
    let is_part = |character: char| character.is_ascii_alphanumeric() || ":#_".contains(character);
    let mut words = expressions.flat_map(|expression| expression.split(|it| !is_part(it)));
    let name = |word| text(&format!("/ExpressionAttributeNames/{word}")).unwrap_or(word);
    request.pointer(&format!("/Item/{attribute}")).is_some() || words.any(|word| name(word) == attribute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TRANSACT: &str = "TransactWriteItems";

    #[test]
    fn a_function_does_what_its_role_says_and_no_more() {
        let put = |pk: &str, attribute: &str| json!({"Item": {"pk": {"S": pk}, attribute: {"N": "1"}}});
        let update = |pk: &str, expression: &str| {
            let names = json!({"#it": "allocated"});
            json!({"Key": {"pk": {"S": pk}}, "UpdateExpression": expression, "ExpressionAttributeNames": names})
        };
        let both =
            |first: Value, second: Value| json!({"TransactItems": [{"Put": first}, {"Update": second}]});
        for (caller, operation, request, expected) in [
            ("deal-seats", "GetItem", json!({"Key": {"pk": {"S": "D#1"}}}), true),
            ("deal-seats", "PutItem", put("D#1", "email"), false),
            ("answer-invite", "PutItem", put("D#1", "email"), true),
            ("answer-invite", "PutItem", put("D#1", "allocated"), false),
            ("answer-invite", "PutItem", put("L#1", "invite"), false),
            ("answer-invite", "UpdateItem", update("N#1", "SET v = :v"), true),
            ("answer-invite", "UpdateItem", update("D#1", "SET v = :v"), false),
            ("answer-invite", "UpdateItem", update("M#1", "SET purgeAt = :at REMOVE duePk, email"), true),
            ("answer-invite", "UpdateItem", update("M#1", "REMOVE blocked"), false),
            ("manage-deals", "UpdateItem", update("D#1", "ADD #it :one"), true),
            ("manage-deals", "DeleteItem", json!({"Key": {"pk": {"S": "M#1"}}}), false),
            ("answer-invite", "DeleteItem", json!({"Key": {"pk": {"S": "N#1"}}}), false),
            ("send-invites", "UpdateItem", update("D#1", "SET shortestLifetime = :seats"), true),
            ("send-invites", "UpdateItem", update("D#1", "ADD allocated :one"), false),
            ("send-invites", "UpdateItem", update("D#1", "ADD #it :one"), false),
            ("send-invites", "UpdateItem", update("RATE", "SET v = :v"), true),
            ("send-invites", "UpdateItem", update("RATES", "SET v = :v"), false),
            ("accept-invite", TRANSACT, both(put("L#1", "v"), update("D#1", "ADD #it :one")), true),
            ("accept-invite", TRANSACT, both(put("D#1", "v"), update("D#1", "ADD #it :one")), false),
            ("accept-invite", TRANSACT, json!({"TransactItems": []}), false),
            ("local", "PutItem", put("D#1", "allocated"), true),
        ] {
            let body = request.to_string();
            assert_eq!(allows(caller, operation, body.as_bytes()), expected, "{caller}: {operation} {body}");
        }
    }

    #[test]
    fn every_function_has_a_role() {
        assert!(ROLES.values().all(|role| !role.is_empty()), "{ROLES:?}");
    }
}
