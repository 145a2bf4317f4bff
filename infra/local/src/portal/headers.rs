//! The headers of the portal and of the API, as CloudFront writes them. They come from `portal/headers.json`, as
//! CloudFront's response headers policy does.
//!
//! Invariant: the start fails if the file has a header that this code can't write.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The issuer in the policy. The local issuer has the origin of the pages, for which the policy has `'self'`.
const SIGN_IN: &str = " ${SignIn}";

/// Each replaces the response's own header of its name.
#[derive(Debug)]
pub(crate) struct Headers(HeaderMap);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct File {
    security_headers_config: Map<String, Value>,
    custom_headers_config: Custom,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Custom {
    items: Vec<Value>,
}

impl Headers {
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        Self::parse(&std::fs::read(file)?)
    }

    fn parse(json: &[u8]) -> io::Result<Self> {
        let File { security_headers_config: security, custom_headers_config: Custom { items } } =
            serde_json::from_slice(json)?;
        let security = security.iter().map(|(kind, header)| (kind.as_str(), header));
        let all = security.chain(items.iter().map(|header| ("Custom", header)));
        let header = |(kind, header)| {
            let (name, value) = written(kind, header).filter(|(_, value)| !value.contains("${"))?;
            Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?))
        };
        let unknown = |(kind, header): (&str, &Value)| {
            io::Error::other(format!("the local stack can't serve this header: {kind} {header}"))
        };
        all.map(|each| header(each).ok_or_else(|| unknown(each))).collect::<io::Result<_>>().map(Self)
    }
}

pub(crate) async fn add(State(headers): State<Arc<Headers>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(headers.0.clone());
    response
}

/// The name and the value of a header. Its kind decides which fields it has.
fn written<'h>(kind: &str, header: &'h Value) -> Option<(&'h str, String)> {
    let text = |place: &str| header.pointer(place)?.as_str();
    let (name, value) = match kind {
        "ContentSecurityPolicy" => {
            let policy = text("/ContentSecurityPolicy/Fn::Sub/0")?.replace(SIGN_IN, "");
            ("content-security-policy", policy)
        }
        "StrictTransportSecurity" => {
            let max_age = header.get("AccessControlMaxAgeSec")?;
            ("strict-transport-security", format!("max-age={max_age}; includeSubDomains"))
        }
        "ContentTypeOptions" => ("x-content-type-options", "nosniff".to_owned()),
        "FrameOptions" => ("x-frame-options", text("/FrameOption")?.to_owned()),
        "ReferrerPolicy" => ("referrer-policy", text("/ReferrerPolicy")?.to_owned()),
        "Custom" => (text("/Header")?, text("/Value")?.to_owned()),
        _ => return None,
    };
    (header.get("Override")? == true).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(security: &Value) -> io::Result<Headers> {
        let custom = json!({"Items": [{"Header": "x-a", "Value": "b", "Override": true}]});
        let file = json!({"SecurityHeadersConfig": security, "CustomHeadersConfig": custom});
        Headers::parse(file.to_string().as_bytes())
    }

    #[test]
    fn headers_are_written_as_cloudfront_writes_them() {
        let policy =
            json!({"Fn::Sub": ["connect-src 'self' ${SignIn}; form-action 'none'", {"SignIn": "x"}]});
        let Headers(headers) = headers(&json!({
            "ContentSecurityPolicy": {"ContentSecurityPolicy": policy, "Override": true},
            "StrictTransportSecurity":
                {"AccessControlMaxAgeSec": 60, "IncludeSubdomains": true, "Override": true},
            "ContentTypeOptions": {"Override": true},
            "FrameOptions": {"FrameOption": "DENY", "Override": true},
            "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": true},
        }))
        .unwrap();
        for (name, value) in [
            ("content-security-policy", "connect-src 'self'; form-action 'none'"),
            ("strict-transport-security", "max-age=60; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("x-a", "b"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
    }

    #[test]
    fn an_unknown_header_is_refused() {
        for (kind, header) in [
            ("XSSProtection", json!({"Protection": true, "Override": true})),
            ("FrameOptions", json!({"FrameOption": "not\na value", "Override": true})),
            ("ReferrerPolicy", json!({"ReferrerPolicy": "${Elsewhere}", "Override": true})),
            ("ContentTypeOptions", json!({"Override": false})),
        ] {
            let error = headers(&json!({kind: header})).unwrap_err().to_string();
            assert!(error.contains(kind), "{error}");
        }
    }
}
