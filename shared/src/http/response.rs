//! Responses in the shape that API Gateway takes (payload format 2.0).

use super::Problem;
use serde::Serialize;
use std::collections::BTreeMap;

pub type HandlerResult = Result<Response, Problem>;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    pub status_code: u16,
    /// All are ASCII.
    pub(super) headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) body: String,
}

impl Response {
    /// With the headers that every response has.
    pub(super) fn new(status_code: u16, body: String) -> Self {
        let headers = BTreeMap::new();
        let response = Self { status_code, headers, body };
        response.with("cache-control", "no-store").with("x-content-type-options", "nosniff")
    }

    pub fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(header, value.into());
        self
    }
}

pub fn json(status: u16, value: &impl Serialize) -> Response {
    let body = serde_json::to_string(value).unwrap_or_default();
    Response::new(status, body).with("content-type", "application/json")
}

/// Adds the `ETag` that [`Request::if_match`](super::Request::if_match) reads back.
pub fn with_etag(status: u16, tag: u32, value: &impl Serialize) -> Response {
    json(status, value).with("etag", format!("\"{tag}\""))
}

pub fn no_content() -> Response {
    Response::new(204, String::new())
}

/// To one of our pages. The fragment may have any characters.
pub fn see_other(page: &str, fragment: &str) -> Response {
    let fragment: String = form_urlencoded::byte_serialize(fragment.as_bytes()).collect();
    Response::new(303, String::new()).with("location", format!("{page}#{fragment}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_response_has_the_gateways_format() {
        let common = json!({"cache-control": "no-store", "x-content-type-options": "nosniff"});
        let empty = serde_json::to_value(no_content()).unwrap();
        assert_eq!(empty, json!({"statusCode": 204, "headers": common}));
        let response = serde_json::to_value(with_etag(200, 1, &json!({}))).unwrap();
        assert_eq!(response["headers"]["etag"], "\"1\"");
        assert_eq!(response["body"], "{}");
    }
}
