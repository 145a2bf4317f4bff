//! The headers of the portal and of the API, as CloudFront writes them. They come from `portal/headers.json`, as
//! CloudFront's response headers policy does.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The issuer in the policy. The local issuer has the origin of the pages, for which the policy has `'self'`.
const SIGN_IN: &str = " ${SignIn}";

/// Each replaces the response's own header of its name.
#[expect(clippy::expect_used, reason = "the file is part of this binary, so every test sees a mistake in it")]
static HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| {
    parse(include_str!("../../../../portal/headers.json")).expect("portal/headers.json can be served")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct File {
    security_headers_config: Map<String, Value>,
    /// One list, `Items`.
    custom_headers_config: BTreeMap<String, Vec<Value>>,
}

/// `None` for a header that this file does not know.
fn parse(json: &str) -> Option<HeaderMap> {
    let file: File = serde_json::from_str(json).ok()?;
    let security = file.security_headers_config.iter().map(|(kind, header)| (kind.as_str(), header));
    let custom = file.custom_headers_config.values().flatten().map(|header| ("Custom", header));
    security.chain(custom).map(|(kind, header)| written(kind, header)).collect()
}

pub(crate) async fn add(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(HEADERS.clone());
    response
}

/// The name and the value of a header. Its kind decides which fields it has.
fn written(kind: &str, header: &Value) -> Option<(HeaderName, HeaderValue)> {
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
    let is_sound = header.get("Override")? == true && !value.contains("${");
    Some((name.parse().ok()?, value.parse().ok()?)).filter(|_| is_sound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(security: &Value) -> Option<HeaderMap> {
        let custom = json!({"Items": [{"Header": "x-a", "Value": "b", "Override": true}]});
        let file = json!({"SecurityHeadersConfig": security, "CustomHeadersConfig": custom});
        parse(&file.to_string())
    }

    #[test]
    fn headers_are_written_as_cloudfront_writes_them() {
        let policy =
            json!({"Fn::Sub": ["connect-src 'self' ${SignIn}; form-action 'none'", {"SignIn": "x"}]});
        let headers = headers(&json!({
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
            assert_eq!(headers(&json!({kind: header})), None, "{kind}");
        }
    }
}
