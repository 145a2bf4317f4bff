//! API Gateway's event (payload format 2.0), with only the fields that a function needs.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::HashMap;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    pub(super) request_context: RequestContext,
    pub(super) raw_query_string: Option<String>,
    /// The gateway joins the values of a repeated header with commas.
    pub(super) headers: Option<HashMap<String, String>>,
    pub(super) path_parameters: Option<HashMap<String, String>>,
    pub(super) body: Option<String>,
    pub(super) is_base64_encoded: bool,
}

impl Event {
    /// The route that the gateway matched: `GET /api/deals/{dealId}`.
    pub fn route(&self) -> &str {
        self.request_context.route_key.as_deref().unwrap_or_default()
    }

    pub fn body(&self) -> Cow<'_, [u8]> {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        // Invalid base64 falls through to the JSON error.
        let decoded = self.is_base64_encoded.then(|| STANDARD.decode(body).ok()).flatten();
        decoded.map_or(Cow::Borrowed(body), Cow::Owned)
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
    /// Present if the JWT authorizer verified the request's token. Its copy of the claims is not read: the
    /// gateway turns them into text (`Caller::new`).
    pub(super) jwt: Option<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Reads the event from text, like the Runtime API's client.
    fn read(event: &serde_json::Value) -> Result<Event, serde_json::Error> {
        serde_json::from_slice(event.to_string().as_bytes())
    }

    #[test]
    fn the_fields_that_a_function_reads_are_kept() {
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
        assert!(event.request_context.authorizer.unwrap().jwt.is_some());
        assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some("{}"), true));
    }

    #[test]
    fn a_missing_field_may_be_null_or_left_out() {
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
    fn an_event_that_no_gateway_sends_is_refused() {
        for event in [json!({"headers": {"if-match": 1}}), json!({"body": {}})] {
            assert!(read(&event).is_err(), "{event}");
        }
    }
}
