//! An HTTP response, and what every response of its kind must have.

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct Response {
    /// The request, for reports.
    pub request: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Response {
    pub fn show(&self) -> String {
        let short: String = self.text.chars().take(3000).collect();
        format!("{}\n→ {} {:?}\n{short}", self.request, self.status, self.headers)
    }

    /// A header's value; empty if the header is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.show()))
    }

    /// Checks that a function succeeded with this status. Returns the body, null for 204.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.show());
        self.not_stored();
        if status == 204 {
            assert_eq!(self.text, "", "{}", self.show());
            return Value::Null;
        }
        let kind = self.header(CONTENT_TYPE.as_str());
        assert!(kind.starts_with("application/json"), "{}", self.show());
        self.json()
    }

    /// Checks that this is a problem document with this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.show());
        self.not_stored();
        let kind = self.header(CONTENT_TYPE.as_str());
        assert!(kind.starts_with("application/problem+json"), "{}", self.show());
        let body = self.json();
        assert_eq!((&body["status"], &body["code"]), (&json!(status), &json!(code)), "{}", self.show());
        for field in ["type", "title", "detail"] {
            let filled = body[field].as_str().is_some_and(|text| !text.is_empty());
            assert!(filled, "{field} is a text: {}", self.show());
        }
    }

    /// Checks a refusal by the gateway.
    #[track_caller]
    pub fn refused(&self, status: u16, message: &str) {
        let seen = (self.status, self.text.parse::<Value>().unwrap_or_default());
        assert_eq!(seen, (status, json!({ "message": message })), "{}", self.show());
    }

    #[track_caller]
    pub fn etag(&self) -> String {
        let etag = self.header(ETAG.as_str());
        let is_strong = etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"');
        assert!(is_strong, "a strong ETag: {}", self.show());
        etag.to_owned()
    }

    pub fn code(&self) -> String {
        let body: Value = self.text.parse().unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and code: `200`, `409 deal_full`.
    pub fn kind(&self) -> String {
        format!("{} {}", self.status, self.code()).trim_end().to_owned()
    }

    /// Whether nobody knows if the request was carried out.
    pub fn is_unknown(&self) -> bool {
        self.status >= 500
    }

    /// What two equal responses share: status, headers except the date, body.
    pub fn fingerprint(&self) -> (u16, Vec<(String, String)>, String) {
        let headers = self.headers.iter().filter(|(name, _)| name.as_str() != "date");
        let mut headers: Vec<_> =
            headers.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
        headers.sort();
        (self.status, headers, self.text.clone())
    }

    #[track_caller]
    fn not_stored(&self) {
        assert_eq!(self.header(CACHE_CONTROL.as_str()), "no-store", "{}", self.show());
        for name in ["set-cookie", "access-control-allow-origin"] {
            assert_eq!(self.header(name), "", "no {name}: {}", self.show());
        }
    }
}
