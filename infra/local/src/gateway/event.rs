//! A request as API Gateway hands it to a function: the proxy event, payload format 2.0 (developer guide, "AWS Lambda
//! proxy integrations for HTTP APIs").
//!
//! Invariant: the event has a field only if a real event has it (no `body` without a body, no `authorizer` without a
//! token). Every claim is a string, and a claim without a value is left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderName, Version};
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
        let (path, host) = (self.parts.uri.path(), self.header(&HOST));
        let jwt = |granted: &Granted| json!({ "jwt": { "claims": strings(&granted.claims), "scopes": granted.scopes } });
        let (body, is_encoded) = self.body();
        let mut context = json!({
            "accountId": ACCOUNT,
            "apiId": "local",
            "authorizer": self.granted.map(jwt),
            "domainName": host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name),
            "domainPrefix": "local",
            "http": {
                "method": self.parts.method.as_str(),
                "path": path,
                "protocol": if self.parts.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" },
                "sourceIp": "127.0.0.1",
                "userAgent": self.header(&USER_AGENT),
            },
            "requestId": request_id,
            "routeKey": self.route.key(),
            "stage": "$default",
            "time": self.now.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
            "timeEpoch": self.now.timestamp_millis(),
        });
        remove_nulls(&mut context);
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route.key(),
            "rawPath": path,
            "rawQueryString": self.parts.uri.query().unwrap_or_default(),
            "headers": self.headers(),
            "queryStringParameters": Some(self.query()).filter(|query| !query.is_empty()),
            "pathParameters": Some(self.variables()).filter(|variables| !variables.is_empty()),
            "requestContext": context,
            "body": body,
            "isBase64Encoded": is_encoded,
        });
        remove_nulls(&mut event);
        event
    }

    /// Names in lower case, and repeated values joined by commas. The gateway adds the last four headers.
    fn headers(&self) -> BTreeMap<String, String> {
        let sent = self.parts.headers.iter();
        let sent = sent.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes())));
        let mut headers = joined(sent);
        headers.extend([
            ("x-amzn-trace-id".to_owned(), random::trace_id()),
            ("x-forwarded-for".to_owned(), "127.0.0.1".to_owned()),
            ("x-forwarded-port".to_owned(), self.port.to_string()),
            ("x-forwarded-proto".to_owned(), "http".to_owned()),
        ]);
        headers
    }

    fn header(&self, name: &HeaderName) -> String {
        let value = self.parts.headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    fn query(&self) -> BTreeMap<String, String> {
        let query = form_urlencoded::parse(self.parts.uri.query().unwrap_or_default().as_bytes());
        joined(query.map(|(name, value)| (name.into_owned(), value)))
    }

    fn variables(&self) -> BTreeMap<&str, Cow<'_, str>> {
        let decoded = |value| percent_decode_str(value).decode_utf8_lossy();
        self.variables.iter().map(|(name, value)| (*name, decoded(value))).collect()
    }

    /// The body as text if its type is a text type, else in base64. The flag tells which.
    fn body(&self) -> (Option<String>, bool) {
        if self.body.is_empty() {
            return (None, false);
        }
        match std::str::from_utf8(self.body) {
            Ok(text) if is_text(&self.header(&CONTENT_TYPE)) => (Some(text.to_owned()), false),
            _ => (Some(STANDARD.encode(self.body)), true),
        }
    }
}

/// Joins the values of each name by commas.
fn joined<'v>(pairs: impl Iterator<Item = (String, Cow<'v, str>)>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in pairs {
        values.entry(name).or_default().push(value);
    }
    values.into_iter().map(|(name, values)| (name, values.join(","))).collect()
}

fn remove_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, field| !field.is_null());
    }
}

/// The types that an HTTP API passes on as text: `text/*` and three of `application`.
fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.starts_with("text/")
        || matches!(media_type.as_str(), "application/json" | "application/javascript" | "application/xml")
}

fn strings(claims: &Map<String, Value>) -> BTreeMap<&str, String> {
    let claims = claims.iter().filter(|(_, value)| !value.is_null());
    claims.map(|(name, value)| (name.as_str(), string(value))).collect()
}

/// A claim as the gateway prints it: an array is `[a b]`, and an object is JSON.
fn string(value: &Value) -> String {
    match value {
        Value::String(value) => value.clone(),
        Value::Array(values) => format!("[{}]", values.iter().map(string).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
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
    fn a_request_becomes_the_gateways_event_with_claims_as_text() {
        let request = http::Request::post("/api/deals/d%201/invites?a=1&b=x%20y&a=2")
            .header("Host", "localhost:3000")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("User-Agent", "test")
            .header("X-Many", "one")
            .header("X-Many", "two")
            .body("{\"invites\":[]}")
            .unwrap();
        let claims = json!({
            "sub": "s", "exp": 1, "half": 1.5, "email_verified": true, "none": null,
            "roles": ["a", "x deals.admin", 1, true], "realm_access": {"roles": ["a"]},
        });
        let scopes = vec!["invites.manage"];
        let granted = Granted { claims: claims.as_object().unwrap().clone(), scopes };
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
                    "claims": {
                        "sub": "s", "exp": "1", "half": "1.5", "email_verified": "true",
                        "roles": "[a x deals.admin 1 true]", "realm_access": "{\"roles\":[\"a\"]}",
                    },
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
    fn a_field_without_a_value_is_left_out() {
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
            let request = http::Request::post("/api/deals").header("Content-Type", content_type);
            let event = event(request.body("a=b").unwrap(), None);
            let body = json!([event["body"], event["isBase64Encoded"]]);
            assert_eq!(body, json!(["YT1i", true]), "{content_type}");
        }
    }
}
