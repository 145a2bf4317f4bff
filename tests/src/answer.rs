//! One answer, and what every answer of a kind has to be like.

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct Answer {
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn show(&self) -> String {
        let short: String = self.text.chars().take(3000).collect();
        format!("{}\n→ {} {:?}\n{short}", self.asked, self.status, self.headers)
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.show()))
    }

    /// A success of a function with this status; its body (null for 204).
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

    /// A problem document with this status and code; its body.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let (body, seen) = (self.any_problem(status), self.json()["code"].clone());
        assert_eq!(seen, json!(code), "{}", self.show());
        body
    }

    /// A problem document with this status and whatever code.
    #[track_caller]
    pub fn any_problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.show());
        self.not_stored();
        assert!(
            self.header(CONTENT_TYPE.as_str()).starts_with("application/problem+json"),
            "{}",
            self.show()
        );
        let body = self.json();
        assert_eq!(body["status"], json!(status), "{}", self.show());
        for field in ["type", "title", "detail", "code"] {
            let filled = body[field].as_str().is_some_and(|text| !text.is_empty());
            assert!(filled, "{field} is a text: {}", self.show());
        }
        body
    }

    #[track_caller]
    pub fn refused(&self, status: u16, message: &str) {
        let seen = (self.status, self.text.parse::<Value>().unwrap_or_default());
        assert_eq!(seen, (status, json!({ "message": message })), "{}", self.show());
    }

    #[track_caller]
    pub fn etag(&self) -> String {
        let etag = self.header(ETAG.as_str());
        assert!(
            etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'),
            "a strong ETag: {}",
            self.show()
        );
        etag.to_owned()
    }

    pub fn code(&self) -> String {
        let body: Value = self.text.parse().unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and code in a word: `200`, `409 deal_full`.
    pub fn kind(&self) -> String {
        format!("{} {}", self.status, self.code()).trim_end().to_owned()
    }

    /// Whether it may have been done, and may not: no answer of the function's own, or one that says as much.
    pub fn is_open(&self) -> bool {
        self.status >= 500
    }

    /// All that can be compared of it: status, headers except the date, body.
    pub fn fingerprint(&self) -> (u16, Vec<(String, String)>, String) {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| name.as_str() != "date")
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
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

pub fn problem_fields(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect()
}
