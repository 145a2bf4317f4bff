//! What a function returned, as an HTTP response (payload format 2.0).
//!
//! Invariant: what a function did not say is said as API Gateway says it, and an answer that makes no sense is a failed
//! integration, never a guess.

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

pub(super) fn response(returned: &Value) -> Option<Response> {
    let Some(status) = returned.get("statusCode") else {
        // Without a status, whatever was returned is the body, as JSON.
        return Some(build(
            StatusCode::OK,
            HeaderMap::new(),
            "application/json",
            returned.to_string().into(),
        ));
    };
    let status = u16::try_from(status.as_u64()?).ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    let text = match returned.get("body") {
        None | Some(Value::Null) => "",
        Some(body) => body.as_str()?,
    };
    let encoded = returned.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default();
    let body = if encoded { STANDARD.decode(text).ok()?.into() } else { Body::from(text.to_owned()) };
    Some(build(status, headers(returned)?, "text/plain;charset=UTF-8", body))
}

fn build(status: StatusCode, mut headers: HeaderMap, default_type: &'static str, body: Body) -> Response {
    if status != StatusCode::NO_CONTENT {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(default_type));
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn headers(returned: &Value) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in object(returned, "headers")? {
        headers.insert(header_name(name)?, header_value(value)?);
    }
    for (name, values) in object(returned, "multiValueHeaders")? {
        let name = header_name(name)?;
        headers.remove(&name);
        for value in values.as_array()? {
            headers.append(&name, header_value(value)?);
        }
    }
    for cookie in returned.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(SET_COOKIE, header_value(cookie)?);
    }
    Some(headers)
}

/// The fields of an object that may be left out or null.
fn object<'v>(returned: &'v Value, name: &str) -> Option<impl Iterator<Item = (&'v String, &'v Value)>> {
    let fields = match returned.get(name) {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_object()?),
    };
    Some(fields.into_iter().flatten())
}

fn header_name(name: &str) -> Option<HeaderName> {
    name.parse().ok()
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(_) | Value::Bool(_) => value.to_string().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn check(returned: Value) -> Option<(u16, Option<String>, String)> {
        let response = response(&returned)?;
        let content_type =
            response.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        Some((status, content_type, String::from_utf8(body.to_vec()).unwrap()))
    }

    #[tokio::test]
    async fn an_answer_is_passed_on_as_it_is() {
        let json = Some("application/problem+json".to_owned());
        let returned =
            json!({"statusCode": 409, "headers": {"Content-Type": "application/problem+json"}, "body": "{}"});
        assert_eq!(check(returned).await, Some((409, json, "{}".to_owned())));
        let returned = json!({"statusCode": 200, "body": "aGk=", "isBase64Encoded": true, "headers": null});
        assert_eq!(
            check(returned).await,
            Some((200, Some("text/plain;charset=UTF-8".into()), "hi".to_owned()))
        );
        assert_eq!(check(json!({"statusCode": 204})).await, Some((204, None, String::new())));
    }

    #[tokio::test]
    async fn without_a_status_it_is_the_body() {
        let expected = (200, Some("application/json".into()), r#"{"a":1}"#.to_owned());
        assert_eq!(check(json!({"a": 1})).await, Some(expected));
    }

    #[test]
    fn cookies_and_repeated_headers_are_kept_apart() {
        let returned =
            json!({"statusCode": 200, "multiValueHeaders": {"x-a": ["1", "2"]}, "cookies": ["c=1", "d=2"]});
        let response = response(&returned).unwrap();
        assert_eq!(response.headers().get_all("x-a").iter().count(), 2);
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_a_failed_integration() {
        for returned in [
            json!({"statusCode": "teapot"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 200, "body": {"a": 1}}),
            json!({"statusCode": 200, "body": "%", "isBase64Encoded": true}),
            json!({"statusCode": 200, "headers": {"x": ["y"]}}),
            json!({"statusCode": 200, "headers": {"bad name": "y"}}),
        ] {
            assert_eq!(check(returned.clone()).await, None, "{returned}");
        }
    }
}
