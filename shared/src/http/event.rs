//! API Gateway's event and answer (payload format 2.0), as far as a function needs them.
//!
//! Most of an event is skipped, not stored: the gateway's account, the path, the query a second time.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Response, header, response::Parts};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A request, as the gateway hands it over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    pub(super) request_context: RequestContext,
    pub(super) raw_query_string: Option<String>,
    /// The gateway joins the values of a header that comes twice by commas.
    pub(super) headers: Option<HashMap<String, String>>,
    pub(super) path_parameters: Option<HashMap<String, String>>,
    pub(super) body: Option<String>,
    pub(super) is_base64_encoded: bool,
}

impl Event {
    /// As the gateway chose it: `GET /api/deals/{dealId}`.
    pub fn route(&self) -> &str {
        self.request_context.route_key.as_deref().unwrap_or_default()
    }

    pub fn body(&self) -> Vec<u8> {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        // Invalid base64 falls through to the JSON error.
        let decoded = self.is_base64_encoded.then(|| STANDARD.decode(body).ok()).flatten();
        decoded.unwrap_or_else(|| body.to_vec())
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RequestContext {
    pub(super) route_key: Option<String>,
    pub(super) authorizer: Option<Authorizer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Authorizer {
    pub(super) jwt: Option<Jwt>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Jwt {
    pub(super) claims: Option<HashMap<String, String>>,
}

/// An answer, as the gateway takes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Returned {
    pub status_code: u16,
    #[serde(serialize_with = "as_map")]
    headers: HeaderMap,
    #[serde(skip_serializing_if = "String::is_empty")]
    body: String,
}

impl Returned {
    /// With the headers that every response has.
    pub(super) fn new(response: Response<String>) -> Self {
        let (Parts { status, mut headers, .. }, body) = response.into_parts();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Self { status_code: status.as_u16(), headers, body }
    }
}

/// Every header of an answer is ASCII, and none comes twice.
fn as_map<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    serializer.collect_map(headers.iter().map(|(name, value)| (name.as_str(), text(value))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As the Runtime API hands it over, in text.
    fn read(event: &serde_json::Value) -> Result<Event, serde_json::Error> {
        serde_json::from_slice(event.to_string().as_bytes())
    }

    #[test]
    fn of_an_event_is_kept_what_a_function_reads() {
        let event = read(&json!({
            "version": "2.0", "routeKey": "GET /a", "rawPath": "/a", "rawQueryString": "limit=2",
            "cookies": ["a=b"],
            "headers": {"accept": "*/*", "content-type": "application/json"},
            "queryStringParameters": {"limit": "2"},
            "pathParameters": {"dealId": "d"},
            "stageVariables": null,
            "requestContext": {
                "routeKey": "GET /a", "timeEpoch": 1,
                "authorizer": {"jwt": {"claims": {"sub": "s"}, "scopes": ["a"]}},
            },
            "body": "{}", "isBase64Encoded": true,
        }));
        let event = event.unwrap();
        assert_eq!(event.headers.unwrap()["content-type"], "application/json");
        assert_eq!(event.raw_query_string.as_deref(), Some("limit=2"));
        assert_eq!(event.path_parameters.unwrap()["dealId"], "d");
        assert_eq!(event.request_context.route_key.as_deref(), Some("GET /a"));
        let claims = event.request_context.authorizer.unwrap().jwt.unwrap().claims.unwrap();
        assert_eq!(claims["sub"], "s");
        assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some("{}"), true));
    }

    #[test]
    fn what_a_request_does_not_have_may_be_null_or_left_out() {
        for event in [
            json!({}),
            json!({"requestContext": {}, "headers": {}}),
            json!({
                "headers": null, "pathParameters": null, "rawQueryString": null, "body": null,
                "requestContext": {"routeKey": null, "authorizer": null},
            }),
            json!({"requestContext": {"authorizer": {"jwt": null}}}),
            json!({"requestContext": {"authorizer": {"iam": {"accountId": "1"}}}}),
        ] {
            let read = read(&event).unwrap();
            assert!(read.request_context.authorizer.is_none_or(|by| by.jwt.is_none()), "{event}");
            assert!(read.body.is_none() && read.path_parameters.is_none(), "{event}");
        }
    }

    #[test]
    fn what_no_gateway_hands_over_is_not_read() {
        for event in [
            json!({"headers": {"if-match": 1}}),
            json!({"requestContext": {"authorizer": {"jwt": {"claims": {"sub": 1}}}}}),
            json!({"body": {}}),
        ] {
            assert!(read(&event).is_err(), "{event}");
        }
    }

    #[test]
    fn an_answer_is_what_the_gateway_takes() {
        let mut response = Response::new("{}".to_owned());
        response.headers_mut().insert("etag", HeaderValue::from_static("\"1\""));
        let returned = serde_json::to_value(Returned::new(response)).unwrap();
        let common = json!({"cache-control": "no-store", "x-content-type-options": "nosniff"});
        assert_eq!(
            returned,
            json!({"statusCode": 200, "headers": {"etag": "\"1\"", "cache-control": "no-store", "x-content-type-options": "nosniff"}, "body": "{}"})
        );
        let empty = serde_json::to_value(Returned::new(Response::new(String::new()))).unwrap();
        assert_eq!(empty, json!({"statusCode": 200, "headers": common}));
    }
}
