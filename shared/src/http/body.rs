//! Reads JSON bodies and reports why one is refused. serde also reads a struct from an array, but the
//! contract allows only objects, so bodies are made of [`Object`]s.

use super::Problem;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_path_to_error::Segment;
use std::fmt;
use std::marker::PhantomData;

pub const MOST_ROWS: usize = 1_000;

pub fn check_rows(rows: usize) -> Result<(), Problem> {
    let too_many = "A request can have at most 1,000 rows. Send the rest in another request.";
    match rows {
        0 => Err(Problem::field("invites", "must have at least one row")),
        1..=MOST_ROWS => Ok(()),
        _ => Err(Problem::new(413, "too_many_invites", too_many)),
    }
}

#[derive(Debug, Serialize)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A row of a request about many invites: an invite, and how often it was sent when the caller saw it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenInvite {
    pub id: String,
    pub sends: u32,
}

/// Reads a cell that is not text as empty, so that one cell does not refuse all other rows.
pub fn text_cell<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_str().map(str::to_owned))
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| refusal_of(&error))?;
    json.end().map_err(|error| Problem::invalid(format!("The body must be a single JSON value: {error}")))?;
    Ok(value)
}

/// Names the field and what was expected. Nothing of the body is repeated, since it may be a token or an
/// address, and of any length. So an unknown field is reported by the object that has it.
fn refusal_of(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let message = error.inner().to_string();
    let mut segments: Vec<&Segment> = error.path().iter().collect();
    let is_unknown_field = message.starts_with("unknown field `");
    if is_unknown_field {
        segments.pop();
    }
    let mut field = String::new();
    for segment in segments {
        extend(&mut field, segment);
    }
    // serde names a missing or duplicate field in the message only.
    let named = ["missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    if let Some(named) = named {
        extend(&mut field, &Segment::Map { key: named.to_owned() });
    }
    // serde quotes the value first and the expectation last. The value may look like such a message, too.
    // serde_json takes a value that is no text, where one of several texts is expected, for a fault of syntax.
    let is_no_choice = !field.is_empty() && message.starts_with("expected value");
    let detail = match message.rsplit_once(", expected ") {
        _ if is_no_choice => "has a value that is not allowed".to_owned(),
        Some((_, expected)) if is_unknown_field => format!("has an unknown field, expected {expected}"),
        Some((found, expected)) if found.starts_with("invalid ") || found.starts_with("unknown variant ") => {
            format!("expected {expected}")
        }
        _ => message,
    };
    if (error.inner().is_data() || is_no_choice) && !field.is_empty() {
        Problem::field(&field, detail)
    } else {
        Problem::invalid(format!("Invalid body: {detail}"))
    }
}

/// Builds a path like `invites[3].email`.
fn extend(path: &mut String, segment: &Segment) {
    if !path.is_empty() && !matches!(segment, Segment::Seq { .. }) {
        path.push('.');
    }
    path.push_str(&segment.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Rows {
        rows: Vec<Object<Row>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Row {
        email: String,
    }

    /// The response to a body that is not a `T`.
    fn refusal<T: DeserializeOwned>(body: &str) -> Option<String> {
        let response = parse::<T>(body.as_bytes()).err()?.into_response(Timestamp::default());
        assert_eq!(response.status_code, 400);
        Some(response.body)
    }

    fn blamed(body: &str) -> Option<String> {
        let problem: Value = serde_json::from_str(&refusal::<Rows>(body)?).unwrap();
        assert_eq!(problem["code"], "invalid_request");
        Some(problem["errors"][0]["field"].as_str().unwrap_or_default().to_owned())
    }

    #[test]
    fn i8_a_refusal_names_the_field() {
        let cases = [
            (r#"{"rows":[{"email":"a"}]}"#, None),
            (r#"{"rows":[{"email":1}]}"#, Some("rows[0].email")),
            (r#"{"rows":[{}]}"#, Some("rows[0].email")),
            (r#"{"rows":[{"email":"a"},{"email":"a","email":"a"}]}"#, Some("rows[1].email")),
            (r#"{"rows":[{"email":"a","x":1}]}"#, Some("rows[0]")),
            (r#"{"rows":[["a"]]}"#, Some("rows[0]")),
            (r#"{"rows":{}}"#, Some("rows")),
            (r"{}", Some("rows")),
            (r#"{"rows":[],"more":1}"#, Some("")),
            (r#"{"rows":[],"rows":[]}"#, Some("rows")),
            (r#"[[{"email":"a"}]]"#, Some("")),
            (r#"{"rows":[]} {}"#, Some("")),
            ("", Some("")),
            ("null", Some("")),
        ];
        for (body, expected) in cases {
            assert_eq!(blamed(body).as_deref(), expected, "{body}");
        }
        assert_eq!(blamed(&"[".repeat(10_000)).as_deref(), Some(""));
    }

    #[test]
    fn i8_a_refusal_does_not_repeat_the_body() {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Kind {
            Known,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Wanted {
            kind: Kind,
            number: Option<u32>,
            within: Option<Object<Row>>,
        }
        let long = format!(r#"{{"{}":1}}"#, "se-cret".repeat(100));
        for (body, expected) in [
            (r#"{"kind":"se-cret"}"#, "`known`"),
            (r#"{"kind":"x, expected se-cret"}"#, "`known`"),
            (r#"{"kind":5}"#, "kind: has a value that is not allowed"),
            ("se-cret", "Invalid body: expected value at line 1"),
            (r#"{"number":"se-cret"}"#, "u32"),
            (r#"{"number":"x, expected se-cret"}"#, "u32"),
            (r#"{"se-cret":1}"#, "unknown field, expected one of `kind`, `number`, `within`"),
            (r#"{"x`, expected `se-cret":1}"#, "unknown field, expected one of `kind`, `number`, `within`"),
            (r#"{"within":{"se.cret, [se-cret":1}}"#, "within: has an unknown field, expected `email`"),
            (r#"{"within":{"email":["se-cret"]}}"#, "within.email: expected a string"),
            (&long, "unknown field"),
        ] {
            let text = refusal::<Wanted>(body).unwrap();
            assert!(text.contains(expected) && !text.contains("cret") && text.len() < 500, "{text}");
        }
        assert!(refusal::<Wanted>(r#"{"kind":"known","number":1}"#).is_none());
    }

    #[test]
    fn a_cell_that_is_not_text_is_empty() {
        #[derive(Deserialize)]
        struct Row(#[serde(deserialize_with = "text_cell")] Option<String>);
        let cells = r#"["ann", null, 7, 1.5, true, ["ann"], {"ann": "ann"}]"#;
        let cells: Vec<Row> = serde_json::from_str(cells).unwrap();
        let mut cells = cells.into_iter().map(|Row(text)| text);
        assert_eq!(cells.next(), Some(Some("ann".to_owned())));
        assert!(cells.all(|text| text.is_none()));
    }
}
