//! A function's answer as an HTTP response (payload format 2.0).
//!
//! Invariant: an answer of the wrong form is a failed integration. So is one that API Gateway takes and no function
//! gives: with cookies, in base64, or without a status.

use std::collections::HashMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FunctionResponse {
    status_code: u16,
    headers: Option<HashMap<String, String>>,
    body: Option<String>,
}

pub(super) fn response(returned: Value) -> Option<Response> {
    let answer: FunctionResponse = serde_json::from_value(returned).ok()?;
    let status = StatusCode::from_u16(answer.status_code).ok()?;
    let mut headers: HeaderMap = HeaderMap::try_from(&answer.headers.unwrap_or_default()).ok()?;
    if status != StatusCode::NO_CONTENT {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    Some((status, headers, Body::from(answer.body.unwrap_or_default())).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn read(returned: Value) -> Option<(u16, Option<String>, String)> {
        let response = response(returned)?;
        let content_type =
            response.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        Some((status, content_type, String::from_utf8(body.to_vec()).unwrap()))
    }

    #[tokio::test]
    async fn an_answer_becomes_a_response_with_the_gateways_defaults() {
        let problem = "application/problem+json";
        for (returned, status, content_type, body) in [
            (
                json!({"statusCode": 409, "headers": {"Content-Type": problem}, "body": "{}"}),
                409,
                Some(problem),
                "{}",
            ),
            (json!({"statusCode": 200, "body": "hi"}), 200, Some("text/plain;charset=UTF-8"), "hi"),
            (json!({"statusCode": 204, "headers": null}), 204, None, ""),
        ] {
            let expected = (status, content_type.map(str::to_owned), body.to_owned());
            assert_eq!(read(returned.clone()).await, Some(expected), "{returned}");
        }
    }

    #[tokio::test]
    async fn an_answer_of_the_wrong_form_is_a_failed_integration() {
        for returned in [
            json!({"statusCode": "teapot"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 200, "body": {"a": 1}}),
            json!({"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}),
            json!({"statusCode": 200, "cookies": ["c=1"]}),
            json!({"a": 1}),
            json!({"statusCode": 200, "headers": {"x": ["y"]}}),
            json!({"statusCode": 200, "headers": {"bad name": "y"}}),
        ] {
            assert_eq!(read(returned.clone()).await, None, "{returned}");
        }
    }
}
