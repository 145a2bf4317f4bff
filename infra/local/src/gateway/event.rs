//! A request as API Gateway hands it to a function: the proxy event, payload format 2.0 (developer guide, "AWS Lambda
//! proxy integrations for HTTP APIs").
//!
//! Invariant: what is absent in a real event is absent here (no `body` without a body, no `authorizer` without one),
//! and every claim is a string.

use std::collections::BTreeMap;

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Version};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::Granted;
use crate::random;
use crate::routes::{Route, Variables};
use crate::runtime::ACCOUNT;

pub(super) struct Incoming<'r> {
    pub(super) route: &'static Route,
    pub(super) variables: Variables<'r>,
    pub(super) parts: &'r Parts,
    pub(super) body: &'r Bytes,
    pub(super) granted: Option<&'r Granted>,
    pub(super) now: DateTime<Utc>,
    pub(super) port: u16,
}

impl Incoming<'_> {
    pub(super) fn event(&self, request_id: &str) -> Value {
        let path = self.parts.uri.path();
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route.key(),
            "rawPath": path,
            "rawQueryString": self.parts.uri.query().unwrap_or_default(),
            "headers": self.headers(),
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": "local",
                "domainName": self.host(),
                "domainPrefix": "local",
                "http": {
                    "method": self.parts.method.as_str(),
                    "path": path,
                    "protocol": protocol(self.parts.version),
                    "sourceIp": "127.0.0.1",
                    "userAgent": text(&self.parts.headers, &USER_AGENT),
                },
                "requestId": request_id,
                "routeKey": self.route.key(),
                "stage": "$default",
                "time": self.now.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
                "timeEpoch": self.now.timestamp_millis(),
            },
            "isBase64Encoded": false,
        });
        if let Some(granted) = self.granted {
            let jwt = json!({ "claims": strings(&granted.claims), "scopes": granted.scopes });
            set(&mut event, &["requestContext", "authorizer"], json!({ "jwt": jwt }));
        }
        let query = self.query();
        if !query.is_empty() {
            set(&mut event, &["queryStringParameters"], json!(query));
        }
        if !self.variables.is_empty() {
            let variables: BTreeMap<_, _> = self
                .variables
                .iter()
                .map(|(name, value)| (name, percent_decode_str(value).decode_utf8_lossy()))
                .collect();
            set(&mut event, &["pathParameters"], json!(variables));
        }
        if !self.body.is_empty() {
            let (body, encoded) = body(&self.parts.headers, self.body);
            set(&mut event, &["body"], Value::String(body));
            set(&mut event, &["isBase64Encoded"], Value::Bool(encoded));
        }
        event
    }

    /// Lower-case names, repeated values joined by commas, and those that the gateway adds.
    fn headers(&self) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &self.parts.headers {
            join(&mut headers, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        headers.extend([
            ("x-amzn-trace-id".to_owned(), random::trace_id()),
            ("x-forwarded-for".to_owned(), "127.0.0.1".to_owned()),
            ("x-forwarded-port".to_owned(), self.port.to_string()),
            ("x-forwarded-proto".to_owned(), "http".to_owned()),
        ]);
        headers
    }

    fn host(&self) -> String {
        let host = text(&self.parts.headers, &HOST);
        host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name).to_owned()
    }

    fn query(&self) -> BTreeMap<String, String> {
        let mut query = BTreeMap::<String, String>::new();
        for (name, value) in form_urlencoded::parse(self.parts.uri.query().unwrap_or_default().as_bytes()) {
            join(&mut query, &name, &value);
        }
        query
    }
}

/// Adds a value to those of the same name, after a comma.
fn join(values: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let joined = match values.get(name) {
        Some(before) => format!("{before},{value}"),
        None => value.to_owned(),
    };
    values.insert(name.to_owned(), joined);
}

fn set(event: &mut Value, path: &[&str], value: Value) {
    if let Some((last, parents)) = path.split_last() {
        let parent = parents.iter().try_fold(event, |value, name| value.get_mut(*name));
        if let Some(Value::Object(object)) = parent {
            object.insert((*last).to_owned(), value);
        }
    }
}

fn protocol(version: Version) -> &'static str {
    if version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" }
}

fn text(headers: &HeaderMap, name: &http::HeaderName) -> String {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

/// The body as text where its type says that it is text, in base64 otherwise; and which of the two.
fn body(headers: &HeaderMap, body: &Bytes) -> (String, bool) {
    let text = is_text(&text(headers, &CONTENT_TYPE)).then(|| std::str::from_utf8(body).ok()).flatten();
    text.map_or_else(|| (STANDARD.encode(body), true), |text| (text.to_owned(), false))
}

/// What an HTTP API takes for text: `text/*`, and these three of `application`. All else, and what has no type, is
/// binary.
fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.starts_with("text/")
        || matches!(media_type.as_str(), "application/json" | "application/javascript" | "application/xml")
}

/// Every claim becomes a string, in the way of the language that the gateway is written in: an array is `[a b]`.
fn strings(claims: &Map<String, Value>) -> BTreeMap<&str, String> {
    claims.iter().map(|(name, value)| (name.as_str(), string(value))).collect()
}

fn string(value: &Value) -> String {
    let joined = |values: Vec<String>| values.join(" ");
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => value.clone(),
        Value::Array(values) => format!("[{}]", joined(values.iter().map(string).collect())),
        Value::Object(fields) => {
            format!(
                "map[{}]",
                joined(fields.iter().map(|(name, value)| format!("{name}:{}", string(value))).collect())
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes;

    fn event(request: http::Request<&'static str>, granted: Option<&Granted>) -> Value {
        let (parts, body) = request.into_parts();
        let (route, variables) = routes::choose(parts.method.as_str(), parts.uri.path()).unwrap();
        let now = DateTime::from_timestamp(1_795_446_245, 5_000_000).unwrap();
        let body = Bytes::from_static(body.as_bytes());
        Incoming { route, variables, parts: &parts, body: &body, granted, now, port: 3000 }.event("r1")
    }

    #[test]
    fn a_request_becomes_a_genuine_event() {
        let request = http::Request::post("/api/deals/d%201/invites?a=1&b=x%20y&a=2")
            .header("Host", "localhost:3000")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("User-Agent", "test")
            .header("X-Many", "one")
            .header("X-Many", "two")
            .body("{\"invites\":[]}")
            .unwrap();
        let claims = json!({"sub": "s", "exp": 1, "email_verified": true, "org": ["a", "b"]});
        let granted = Granted { claims: claims.as_object().unwrap().clone(), scopes: vec!["invites.manage"] };
        let mut event = event(request, Some(&granted));
        assert!(event["headers"]["x-amzn-trace-id"].take().as_str().unwrap().starts_with("Root=1-"));
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /api/deals/{dealId}/invites",
            "rawPath": "/api/deals/d%201/invites",
            "rawQueryString": "a=1&b=x%20y&a=2",
            "headers": {
                "content-type": "application/json; charset=utf-8", "host": "localhost:3000", "user-agent": "test",
                "x-many": "one,two", "x-amzn-trace-id": null, "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "3000", "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"a": "1,2", "b": "x y"},
            "pathParameters": {"dealId": "d 1"},
            "requestContext": {
                "accountId": "000000000000", "apiId": "local", "domainName": "localhost", "domainPrefix": "local",
                "authorizer": {"jwt": {
                    "claims": {"sub": "s", "exp": "1", "email_verified": "true", "org": "[a b]"},
                    "scopes": ["invites.manage"],
                }},
                "http": {
                    "method": "POST", "path": "/api/deals/d%201/invites", "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1", "userAgent": "test",
                },
                "requestId": "r1", "routeKey": "POST /api/deals/{dealId}/invites", "stage": "$default",
                "time": "23/Nov/2026:15:04:05 +0000", "timeEpoch": 1_795_446_245_005_i64,
            },
            "body": "{\"invites\":[]}",
            "isBase64Encoded": false,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn what_is_absent_is_absent() {
        let event =
            event(http::Request::get("/api/deals").header("Host", "localhost:3000").body("").unwrap(), None);
        for name in ["body", "queryStringParameters", "pathParameters"] {
            assert_eq!(event.get(name), None, "{name}");
        }
        assert_eq!(event["requestContext"].get("authorizer"), None);
    }

    #[test]
    fn a_body_that_is_not_text_is_encoded() {
        for content_type in ["application/x-www-form-urlencoded", "image/png", ""] {
            let request =
                http::Request::post("/api/deals").header("Content-Type", content_type).body("a=b").unwrap();
            let event = event(request, None);
            assert_eq!(
                (&event["body"], &event["isBase64Encoded"]),
                (&json!("YT1i"), &json!(true)),
                "{content_type}"
            );
        }
    }

    #[test]
    fn claims_are_strings_as_go_prints_them() {
        assert_eq!(string(&json!(["a", 1, true])), "[a 1 true]");
        assert_eq!(string(&json!({"k": "v", "l": []})), "map[k:v l:[]]");
        assert_eq!(string(&json!(null)), "<nil>");
        assert_eq!(string(&json!(1.5)), "1.5");
    }
}
