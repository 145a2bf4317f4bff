//! The headers of the portal and of the API: `portal/headers.json`, which CloudFront's response headers policy is made
//! of, as CloudFront writes them.
//!
//! Invariant: a header that is asked for there and not served here is refused at the start, never left out.

use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// Where the policy names the issuer, which is our own origin here: `'self'` stands beside it.
const SIGN_IN: &str = " ${SignIn}";

/// The headers, each with whether it replaces one that is there.
#[derive(Debug)]
pub(crate) struct Headers(Vec<(HeaderName, HeaderValue, bool)>);

impl Headers {
    /// Reads them from the portal's folder.
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        Self::parse(&std::fs::read(file)?)
    }

    fn parse(json: &[u8]) -> io::Result<Self> {
        let File { security, custom } = serde_json::from_slice(json)?;
        let SecurityHeaders { policy, transport, types, frames, referrer } = security;
        let security = [
            (CONTENT_SECURITY_POLICY.as_str(), policy.value.sub.0.replace(SIGN_IN, ""), policy.replaces),
            (STRICT_TRANSPORT_SECURITY.as_str(), transport.value(), transport.replaces),
            (X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff".to_owned(), types.replaces),
            (X_FRAME_OPTIONS.as_str(), frames.value, frames.replaces),
            (REFERRER_POLICY.as_str(), referrer.value, referrer.replaces),
        ];
        let custom = custom.items.iter().map(|item| (item.name.as_str(), item.value.clone(), item.replaces));
        let headers = security.into_iter().chain(custom);
        headers
            .map(|(name, text, replaces)| Ok((parse(name)?, value(&text)?, replaces)))
            .collect::<io::Result<_>>()
            .map(Self)
    }

    fn put_into(&self, headers: &mut HeaderMap) {
        for (name, value, replaces) in &self.0 {
            if *replaces || !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Adds the headers to whatever is answered.
pub(crate) async fn add(State(headers): State<Arc<Headers>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    headers.put_into(response.headers_mut());
    response
}

/// A header's value, in which nothing is left to substitute.
fn value(text: &str) -> io::Result<HeaderValue> {
    if text.contains("${") { Err(meaningless(text)) } else { parse(text) }
}

fn parse<T: FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| meaningless(text))
}

fn meaningless(text: &str) -> io::Error {
    io::Error::other(format!("no header can be made of `{text}`"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "SecurityHeadersConfig")]
    security: SecurityHeaders,
    #[serde(rename = "CustomHeadersConfig")]
    custom: CustomHeaders,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecurityHeaders {
    #[serde(rename = "ContentSecurityPolicy")]
    policy: ContentSecurityPolicy,
    #[serde(rename = "StrictTransportSecurity")]
    transport: StrictTransportSecurity,
    #[serde(rename = "ContentTypeOptions")]
    types: ContentTypeOptions,
    #[serde(rename = "FrameOptions")]
    frames: FrameOptions,
    #[serde(rename = "ReferrerPolicy")]
    referrer: ReferrerPolicy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContentSecurityPolicy {
    #[serde(rename = "ContentSecurityPolicy")]
    value: Substituted,
    #[serde(rename = "Override")]
    replaces: bool,
}

/// `Fn::Sub` with the text and what its variables stand for on AWS.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Substituted {
    #[serde(rename = "Fn::Sub")]
    sub: (String, serde_json::Value),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictTransportSecurity {
    #[serde(rename = "AccessControlMaxAgeSec")]
    max_age: u32,
    #[serde(rename = "IncludeSubdomains")]
    subdomains: bool,
    #[serde(rename = "Override")]
    replaces: bool,
}

impl StrictTransportSecurity {
    fn value(&self) -> String {
        let subdomains = if self.subdomains { "; includeSubDomains" } else { "" };
        format!("max-age={}{subdomains}", self.max_age)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContentTypeOptions {
    #[serde(rename = "Override")]
    replaces: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameOptions {
    #[serde(rename = "FrameOption")]
    value: String,
    #[serde(rename = "Override")]
    replaces: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferrerPolicy {
    #[serde(rename = "ReferrerPolicy")]
    value: String,
    #[serde(rename = "Override")]
    replaces: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomHeaders {
    #[serde(rename = "Items")]
    items: Vec<CustomHeader>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomHeader {
    #[serde(rename = "Header")]
    name: String,
    #[serde(rename = "Value")]
    value: String,
    #[serde(rename = "Override")]
    replaces: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn file() -> Value {
        json!({
            "SecurityHeadersConfig": {
                "ContentSecurityPolicy": {
                    "ContentSecurityPolicy": {
                        "Fn::Sub": ["connect-src 'self' ${SignIn}; form-action 'none'", {"SignIn": "x"}]
                    },
                    "Override": true
                },
                "StrictTransportSecurity":
                    {"AccessControlMaxAgeSec": 60, "IncludeSubdomains": true, "Override": true},
                "ContentTypeOptions": {"Override": true},
                "FrameOptions": {"FrameOption": "DENY", "Override": true},
                "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": false}
            },
            "CustomHeadersConfig": {"Items": [{"Header": "x-a", "Value": "b", "Override": true}]}
        })
    }

    fn headers(file: &Value) -> io::Result<Headers> {
        Headers::parse(file.to_string().as_bytes())
    }

    #[test]
    fn headers_are_written_as_cloudfront_writes_them() {
        let mut answer = HeaderMap::from_iter([
            (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
            (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        ]);
        headers(&file()).unwrap().put_into(&mut answer);
        for (name, value) in [
            ("content-security-policy", "connect-src 'self'; form-action 'none'"),
            ("strict-transport-security", "max-age=60; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("x-a", "b"),
        ] {
            assert_eq!(answer[name], value, "{name}");
        }
        assert_eq!(answer.len(), 6);
    }

    #[test]
    fn what_is_not_served_here_is_refused() {
        let change = |pointer: &str, name: &str, value: Value| {
            let mut file = file();
            file.pointer_mut(pointer).unwrap()[name] = value;
            headers(&file).unwrap_err().to_string()
        };
        let security = "/SecurityHeadersConfig";
        for (pointer, name) in [
            ("", "ServerTimingHeadersConfig"),
            (security, "XSSProtection"),
            ("/SecurityHeadersConfig/StrictTransportSecurity", "Preload"),
            ("/CustomHeadersConfig/Items/0", "Comment"),
        ] {
            let error = change(pointer, name, json!(true));
            assert!(error.contains(&format!("unknown field `{name}`")), "{error}");
        }
        let policy = json!({"Fn::Sub": ["img-src ${Elsewhere}", {}]});
        let error = change("/SecurityHeadersConfig/ContentSecurityPolicy", "ContentSecurityPolicy", policy);
        assert!(error.contains("${Elsewhere}"), "{error}");
        let error = change("/CustomHeadersConfig/Items/0", "Header", json!("not a name"));
        assert!(error.contains("not a name"), "{error}");
    }
}
