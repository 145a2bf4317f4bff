//! The headers of the portal and of the API, as CloudFront writes them. They come from `portal/headers.json`, as
//! CloudFront's response headers policy does.
//!
//! Invariant: the start fails if the file has a header that this code can't write.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// The issuer in the policy. The local issuer has the origin of the pages, for which the policy has `'self'`.
const SIGN_IN: &str = " ${SignIn}";

/// The headers, and whether each replaces a header of the response.
#[derive(Debug)]
pub(crate) struct Headers(Vec<(HeaderName, HeaderValue, bool)>);

impl Headers {
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        Self::parse(&std::fs::read(file)?)
    }

    fn parse(json: &[u8]) -> io::Result<Self> {
        let File { security_headers_config, custom_headers_config: Custom { items } } =
            serde_json::from_slice(json)?;
        let security = security_headers_config.into_iter().map(|(kind, header)| {
            let (name, value) = header.security(&kind).ok_or_else(|| unknown(&kind))?;
            parsed(name, &value, header.replaces)
        });
        let custom = items.iter().map(|header| {
            let (name, value) = (header.header.as_deref(), header.value.as_deref());
            parsed(name.unwrap_or_default(), value.unwrap_or_default(), header.replaces)
        });
        security.chain(custom).collect::<io::Result<_>>().map(Self)
    }

    fn put_into(&self, headers: &mut HeaderMap) {
        for (name, value, replaces) in &self.0 {
            if *replaces || !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
}

pub(crate) async fn add(State(headers): State<Arc<Headers>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    headers.put_into(response.headers_mut());
    response
}

fn parsed(name: &str, value: &str, replaces: bool) -> io::Result<(HeaderName, HeaderValue, bool)> {
    let header = name.parse().ok().zip(value.parse().ok()).filter(|_| !value.contains("${"));
    let (name, value) = header.ok_or_else(|| unknown(&format!("{name}: {value}")))?;
    Ok((name, value, replaces))
}

fn unknown(text: &str) -> io::Error {
    io::Error::other(format!("`{text}` is not a header that the local stack can serve"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct File {
    security_headers_config: BTreeMap<String, Entry>,
    custom_headers_config: Custom,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Custom {
    items: Vec<Entry>,
}

/// A header. Its kind decides which fields it has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "Override")]
    replaces: bool,
    header: Option<String>,
    value: Option<String>,
    content_security_policy: Option<Substituted>,
    access_control_max_age_sec: Option<u32>,
    include_subdomains: Option<bool>,
    frame_option: Option<String>,
    referrer_policy: Option<String>,
}

/// `Fn::Sub` with its text and the values of its variables on AWS.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Substituted {
    #[serde(rename = "Fn::Sub")]
    sub: (String, serde_json::Value),
}

impl Entry {
    /// The name and the value of a security header of this kind.
    fn security(&self, kind: &str) -> Option<(&'static str, String)> {
        Some(match kind {
            "ContentSecurityPolicy" => {
                ("content-security-policy", self.content_security_policy.as_ref()?.sub.0.replace(SIGN_IN, ""))
            }
            "StrictTransportSecurity" => {
                let subdomains = if self.include_subdomains? { "; includeSubDomains" } else { "" };
                let max_age = self.access_control_max_age_sec?;
                ("strict-transport-security", format!("max-age={max_age}{subdomains}"))
            }
            "ContentTypeOptions" => ("x-content-type-options", "nosniff".to_owned()),
            "FrameOptions" => ("x-frame-options", self.frame_option.clone()?),
            "ReferrerPolicy" => ("referrer-policy", self.referrer_policy.clone()?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{REFERRER_POLICY, X_FRAME_OPTIONS};
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
    fn an_unknown_header_is_refused() {
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
            let error = change(pointer, name, json!({"Override": true}));
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
        let policy = json!({"Fn::Sub": ["img-src ${Elsewhere}", {}]});
        let error = change("/SecurityHeadersConfig/ContentSecurityPolicy", "ContentSecurityPolicy", policy);
        assert!(error.contains("${Elsewhere}"), "{error}");
        let error = change("/CustomHeadersConfig/Items/0", "Header", json!("not a name"));
        assert!(error.contains("not a name"), "{error}");
    }
}
