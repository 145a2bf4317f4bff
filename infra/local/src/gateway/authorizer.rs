//! The JWT authorizer of an HTTP API, with the same checks (API Gateway developer guide, "Control access to HTTP APIs
//! with JWT authorizers").
//!
//! Invariant: a token is valid only if our issuer's current key signed it with RS256 for our audience, and only from its
//! first second to its last. There is no leeway.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::oidc::Issuer;
use crate::page::refusal;
use crate::routes::Route;

type Claims = Map<String, Value>;

#[derive(Debug)]
pub(super) struct Granted {
    pub(super) claims: Claims,
    /// The route's scopes that the token has.
    pub(super) scopes: Vec<&'static str>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    NoToken,
    /// The token is not valid, and why.
    Invalid(&'static str),
    /// The token has none of these scopes.
    Scope(&'static [&'static str]),
}

impl IntoResponse for Denied {
    /// The `WWW-Authenticate` header is as API Gateway words it.
    fn into_response(self) -> Response {
        let challenge = |scopes: &str, error: &str, why: &str| {
            format!(r#"Bearer scope="{scopes}" error="{error}" error_description="{why}""#)
        };
        let unauthorized = refusal(StatusCode::UNAUTHORIZED, "Unauthorized");
        let (challenge, refusal) = match self {
            Self::NoToken => ("Bearer".to_owned(), unauthorized),
            Self::Invalid(why) => (challenge("", "invalid_token", why), unauthorized),
            Self::Scope(scopes) => {
                let why = "the token does not have a scope that this route requires";
                let forbidden = refusal(StatusCode::FORBIDDEN, "Forbidden");
                (challenge(&scopes.join(" "), "insufficient_scope", why), forbidden)
            }
        };
        ([(WWW_AUTHENTICATE, challenge)], refusal).into_response()
    }
}

/// Checks a request to a route. A route without scopes lets every request pass.
pub(super) fn check(
    issuer: &Issuer,
    route: &Route,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<Option<Granted>, Denied> {
    let required = route.scopes;
    if required.is_empty() {
        return Ok(None);
    }
    let token = bearer(headers).ok_or(Denied::NoToken)?;
    let claims = verify(issuer, token, now).map_err(Denied::Invalid)?;
    let (held, prefix) = (scopes(&claims), issuer.like.setting("TOKEN_SCOPE_PREFIX"));
    let is_held = |scope: &&str| held.iter().any(|held| held.strip_prefix(prefix) == Some(*scope));
    let scopes: Vec<_> = required.iter().copied().filter(is_held).collect();
    if scopes.is_empty() {
        return Err(Denied::Scope(required));
    }
    Ok(Some(Granted { claims, scopes }))
}

fn verify(issuer: &Issuer, token: &str, now: DateTime<Utc>) -> Result<Claims, &'static str> {
    let claims = issuer.key.verify(token)?;
    if claims.get("iss").and_then(Value::as_str) != Some(&issuer.name()) {
        return Err("the issuer is not the one that is configured");
    }
    // client_id counts only in a token without aud.
    let audience = claims.get("aud").or_else(|| claims.get("client_id"));
    if !audience.is_some_and(|audience| names(audience).contains(&issuer.like.audience.as_str())) {
        return Err("the token has an invalid audience");
    }
    // NaN compares false: a claim that is not a number is not a time.
    let seconds = |claim: &str| claims.get(claim).map(|value| value.as_f64().unwrap_or(f64::NAN));
    #[expect(clippy::cast_precision_loss, reason = "exact for the next 285 million years")]
    let now = now.timestamp() as f64;
    match seconds("exp") {
        Some(exp) if now < exp => {}
        Some(_) => return Err("the token has expired"),
        None => return Err("the token has no expiry"),
    }
    for claim in ["nbf", "iat"] {
        if !seconds(claim).is_none_or(|from| from <= now) {
            return Err("the token is not valid yet");
        }
    }
    Ok(claims)
}

/// The token of the `Authorization` header. API Gateway accepts it without the word `Bearer`, too.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => value,
    };
    (!token.is_empty()).then_some(token)
}

/// The token's scopes, from `scope` or `scp`, as one string or as an array.
fn scopes(claims: &Claims) -> Vec<&str> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(scopes)) => scopes.split_whitespace().collect(),
        claim => claim.map(names).unwrap_or_default(),
    }
}

/// A claim that is one string or an array of strings.
fn names(claim: &Value) -> Vec<&str> {
    match claim {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::{Key, Like};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::{Hmac, KeyInit, Mac};
    use serde_json::json;
    use sha2::Sha256;

    const REQUIRED: &[&str] = &["invites.manage", "deals.admin"];
    const ROUTE: Route = Route { method: "GET", path: "/", function: "f", scopes: REQUIRED };
    const NOW: i64 = 1_800_000_000;

    fn issuer() -> Issuer {
        Issuer::new("http://i".into(), Key::generate().unwrap(), Like::named("local").unwrap())
    }

    /// The claims of a good token, with changes. A change to null removes a claim.
    fn claims(changes: &Value) -> Value {
        let mut claims = json!({"iss": "http://i/oidc", "aud": "seatkeeper", "iat": NOW, "exp": NOW + 1,
            "scope": "seats.accept invites.manage"});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn check_header(issuer: &Issuer, authorization: &str) -> Result<Vec<&'static str>, Denied> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization.parse().unwrap())]);
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        check(issuer, &ROUTE, &headers, now).map(|granted| granted.unwrap().scopes)
    }

    fn check_token(issuer: &Issuer, token: &str) -> Result<Vec<&'static str>, Denied> {
        check_header(issuer, &format!("Bearer {token}"))
    }

    /// Checks a good token with these changes to its claims.
    fn check_claims(issuer: &Issuer, changes: &Value) -> Result<Vec<&'static str>, Denied> {
        check_token(issuer, &issuer.key.sign(&claims(changes)))
    }

    #[test]
    fn a_token_grants_the_scopes_that_it_shares_with_the_route() {
        let issuer = issuer();
        for (changes, expected) in [
            (json!({}), Ok(vec!["invites.manage"])),
            (json!({"aud": ["other", "seatkeeper"]}), Ok(vec!["invites.manage"])),
            (json!({"aud": null, "client_id": "seatkeeper"}), Ok(vec!["invites.manage"])),
            (json!({"scope": null, "scp": ["deals.admin"]}), Ok(vec!["deals.admin"])),
            (json!({"scope": null, "scp": ["x deals.admin"]}), Err(Denied::Scope(REQUIRED))),
            (json!({"scope": "seats.accept"}), Err(Denied::Scope(REQUIRED))),
            (json!({"scope": null}), Err(Denied::Scope(REQUIRED))),
        ] {
            assert_eq!(check_claims(&issuer, &changes), expected, "{changes}");
        }
    }

    #[test]
    fn a_token_counts_for_its_time_to_the_second() {
        let issuer = issuer();
        for changes in [
            json!({"exp": NOW}),
            json!({"exp": null}),
            json!({"exp": "tomorrow"}),
            json!({"nbf": NOW + 1}),
            json!({"iat": NOW + 1}),
            json!({"iss": "http://i/oidc/"}),
            json!({"aud": "other"}),
            json!({"aud": "other", "client_id": "seatkeeper"}),
            json!({"aud": null}),
        ] {
            assert!(matches!(check_claims(&issuer, &changes), Err(Denied::Invalid(_))), "{changes}");
        }
    }

    #[test]
    fn a_token_does_not_choose_how_it_is_checked() {
        let (issuer, stranger) = (issuer(), Key::generate().unwrap());
        let (id, jwk) = (&issuer.key.id, stranger.jwk());
        let claims = claims(&json!({}));
        let signed = |signer: &Key, header: Value| signer.sign_under(&header, &claims);
        for token in [
            // Only the header is wrong.
            signed(&issuer.key, json!({"alg": "none", "kid": id})),
            signed(&issuer.key, json!({"alg": "HS256", "kid": id})),
            signed(&issuer.key, json!({"alg": "RS512", "kid": id})),
            signed(&issuer.key, json!({"alg": "PS256", "kid": id})),
            signed(&issuer.key, json!({"alg": "ES256", "kid": id})),
            signed(&issuer.key, json!({"alg": "RS256"})),
            signed(&issuer.key, json!({"alg": "RS256", "kid": ""})),
            signed(&issuer.key, json!({"alg": "RS256", "kid": "../../dev/null"})),
            // Another key signed, under its own id or ours. The header brings that key, or names its place.
            stranger.sign(&claims),
            signed(&stranger, json!({"alg": "RS256", "kid": id})),
            signed(&stranger, json!({"alg": "RS256", "kid": jwk["kid"], "jwk": jwk})),
            signed(&stranger, json!({"alg": "RS256", "kid": id, "jwk": jwk})),
            signed(&stranger, json!({"alg": "RS256", "kid": id, "jku": "https://evil.example/jwks"})),
            signed(&stranger, json!({"alg": "RS256", "kid": id, "x5u": "https://evil.example/x"})),
            // No token, an opaque one, and an encrypted one.
            "nonsense".to_owned(),
            "tGzv3JOkF0XG5Qx2TlKWIA".to_owned(),
            "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn".to_owned(),
        ] {
            assert!(matches!(check_token(&issuer, &token), Err(Denied::Invalid(_))), "{token}");
        }
    }

    /// The signatures that the header asks for: none, and an HMAC under the public key.
    #[test]
    fn a_token_is_not_signed_without_the_private_key() {
        let issuer = issuer();
        let jwk = issuer.key.jwk();
        let public = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
        for alg in ["none", "None", "HS256"] {
            let header = json!({"alg": alg, "kid": issuer.key.id});
            let token = issuer.key.sign_under(&header, &claims(&json!({})));
            let (message, _) = token.rsplit_once('.').unwrap();
            let hmac = Hmac::<Sha256>::new_from_slice(&public).unwrap().chain_update(message).finalize();
            let signature = if alg == "HS256" { hmac.into_bytes().to_vec() } else { Vec::new() };
            let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
            assert!(matches!(check_token(&issuer, &token), Err(Denied::Invalid(_))), "{alg}");
        }
    }

    #[test]
    fn only_a_route_with_scopes_needs_a_token() {
        let (issuer, now) = (issuer(), DateTime::from_timestamp(NOW, 0).unwrap());
        assert_eq!(check_header(&issuer, "Basic abc").unwrap_err(), Denied::NoToken);
        assert_eq!(check(&issuer, &ROUTE, &HeaderMap::new(), now).unwrap_err(), Denied::NoToken);
        let open = Route { scopes: &[], ..ROUTE };
        assert!(check(&issuer, &open, &HeaderMap::new(), now).unwrap().is_none());
    }

    #[test]
    fn a_scopes_prefix_is_that_of_the_setting() {
        let like = Like::named("cognito").unwrap();
        let issuer = Issuer::new("http://i".into(), Key::generate().unwrap(), like);
        let token = |scope: &str| json!({"aud": null, "client_id": "seatkeeper-portal", "scope": scope});
        let granted = check_claims(&issuer, &token("seatkeeper/deals.admin"));
        assert_eq!(granted, Ok(vec!["deals.admin"]));
        assert_eq!(check_claims(&issuer, &token("deals.admin")), Err(Denied::Scope(REQUIRED)));
    }
}
