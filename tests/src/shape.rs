//! Whether an answer has exactly the fields that the contract names.

use serde_json::Value;

/// Compares the keys of all objects, and the kind of each value, with `expected`, where a text says the kind:
/// `text`, `time`, `number`, `bool`, `null`; with a `?` at its end null is as good. The one element of an expected array
/// goes for each element; an array in an answer that is compared must not be empty. A key with a `?` at its end may be
/// left out.
#[track_caller]
pub fn assert_shape(what: &str, actual: &Value, expected: &Value) {
    let mut wrong = Vec::new();
    compare("", actual, expected, &mut wrong);
    assert!(wrong.is_empty(), "{what}:\n  {}\n{actual:#}", wrong.join("\n  "));
}

fn compare(path: &str, actual: &Value, expected: &Value, wrong: &mut Vec<String>) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            for (name, value) in expected {
                let key = name.trim_end_matches('?');
                match actual.get(key) {
                    Some(actual) => compare(&format!("{path}.{key}"), actual, value, wrong),
                    None if name.ends_with('?') => {}
                    None => wrong.push(format!("{path}.{key} is missing")),
                }
            }
            let known = |key: &str| expected.keys().any(|name| name.trim_end_matches('?') == key);
            let more = actual.keys().filter(|key| !known(key));
            wrong.extend(more.map(|key| format!("{path}.{key} is not in the contract")));
        }
        (Value::Array(actual), Value::Array(expected)) => {
            if actual.is_empty() != expected.is_empty() {
                wrong.push(format!("{path} has {} elements", actual.len()));
            }
            for (index, element) in actual.iter().enumerate() {
                if let Some(expected) = expected.first() {
                    compare(&format!("{path}[{index}]"), element, expected, wrong);
                }
            }
        }
        (actual, Value::String(kinds)) => {
            let nullable = kinds.ends_with('?');
            let kind = kinds.trim_end_matches('?');
            if !(actual.is_null() && nullable || is(actual, kind)) {
                wrong.push(format!("{path} is {actual}, not {kinds}"));
            }
        }
        (actual, expected) => wrong.push(format!("{path} is {actual}, not like {expected}")),
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "text" => value.is_string(),
        "number" => value.is_u64(),
        "bool" => value.is_boolean(),
        "null" => value.is_null(),
        "time" => value
            .as_str()
            .is_some_and(|text| text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok()),
        _ => false,
    }
}
