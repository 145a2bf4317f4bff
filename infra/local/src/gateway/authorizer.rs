//! The JWT authorizer of an HTTP API, check for check (API Gateway developer guide, "Control access to HTTP APIs with
//! JWT authorizers").
//!
//! Invariant: a token counts only if our issuer's current key signed it with RS256, for our audience, and at this
//! very second: there is no leeway in either direction.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::oidc::VerificationKey;

pub(crate) type Claims = Map<String, Value>;

#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) claims: Claims,
    /// Those of the route's scopes that the token has.
    pub(crate) scopes: Vec<&'static str>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    NoToken,
    /// There is one, but it does not count.
    Invalid(&'static str),
    /// It has none of these scopes.
    Scope(&'static [&'static str]),
}

impl Denied {
    /// The `WWW-Authenticate` header, as API Gateway words it.
    pub(crate) fn challenge(&self) -> String {
        match self {
            Self::NoToken => "Bearer".to_owned(),
            Self::Invalid(why) => {
                format!(r#"Bearer scope="" error="invalid_token" error_description="{why}""#)
            }
            Self::Scope(scopes) => {
                let (scopes, why) =
                    (scopes.join(" "), "the token does not have a scope that this route requires");
                format!(r#"Bearer scope="{scopes}" error="insufficient_scope" error_description="{why}""#)
            }
        }
    }
}

/// Checks tokens of one issuer for one audience.
#[derive(Debug)]
pub(crate) struct Authorizer {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) key: VerificationKey,
}

impl Authorizer {
    /// Whether a request may pass to a route that needs one of `required`; a route that needs none lets all pass.
    pub(crate) fn check(
        &self,
        required: &'static [&'static str],
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<Option<Granted>, Denied> {
        if required.is_empty() {
            return Ok(None);
        }
        let claims = self.verify(bearer(headers).ok_or(Denied::NoToken)?, now).map_err(Denied::Invalid)?;
        let held = scopes(&claims);
        let scopes: Vec<_> = required.iter().copied().filter(|scope| held.contains(scope)).collect();
        if scopes.is_empty() {
            return Err(Denied::Scope(required));
        }
        Ok(Some(Granted { claims, scopes }))
    }

    fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, &'static str> {
        let claims = self.signed(token)?;
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err("the issuer is not the one that is configured");
        }
        // client_id counts only where there is no aud.
        let audience = claims.get("aud").or_else(|| claims.get("client_id"));
        if !audience.is_some_and(|audience| names(audience).contains(&self.audience.as_str())) {
            return Err("the token has an invalid audience");
        }
        // Whole seconds, as all of ours are; what is not a number is not a time.
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

    fn signed(&self, token: &str) -> Result<Claims, &'static str> {
        let (message, signature) = token.rsplit_once('.').ok_or("the token can't be read")?;
        let (header, claims) = message.split_once('.').ok_or("the token can't be read")?;
        let header: Header = decoded(header)?;
        if header.alg != "RS256" {
            return Err("signing method is not RS256");
        }
        if header.kid.as_ref() != Some(&self.key.id) {
            return Err("unknown key id");
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the signature is invalid")?;
        if !self.key.verifies(message, &signature) {
            return Err("the signature is invalid");
        }
        decoded(claims)
    }
}

/// A token's header (RFC 7515, section 4). A key that the token itself brings or points to is ignored.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

/// A part of a token: JSON in base64url without padding.
fn decoded<T: DeserializeOwned>(part: &str) -> Result<T, &'static str> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| "the token can't be read")?;
    serde_json::from_slice(&json).map_err(|_| "the token can't be read")
}

/// The token of the `Authorization` header, with `Bearer` before it or, as API Gateway allows, without.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => value,
    };
    (!token.is_empty()).then_some(token)
}

/// The scopes that a token has, from `scope` or `scp`, in words or as an array.
fn scopes(claims: &Claims) -> Vec<&str> {
    let claim = claims.get("scope").or_else(|| claims.get("scp"));
    claim.map(names).unwrap_or_default().into_iter().flat_map(str::split_whitespace).collect()
}

/// A claim that is one string or an array of them.
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
    use crate::oidc::SigningKey;
    use serde_json::json;

    const NEEDED: &[&str] = &["invites.manage", "deals.admin"];

    struct Bench {
        key: SigningKey,
        authorizer: Authorizer,
        now: DateTime<Utc>,
    }

    fn bench() -> Bench {
        let key = SigningKey::generate().unwrap();
        let authorizer = Authorizer {
            issuer: "http://i/oidc".into(),
            audience: "seatkeeper".into(),
            key: key.verification_key(),
        };
        Bench { key, authorizer, now: DateTime::from_timestamp(1_800_000_000, 0).unwrap() }
    }

    impl Bench {
        fn claims(&self) -> Value {
            let now = self.now.timestamp();
            json!({"iss": "http://i/oidc", "aud": "seatkeeper", "iat": now, "exp": now + 1,
                   "scope": "seats.accept invites.manage"})
        }

        fn check(&self, changes: &Value) -> Result<Vec<&'static str>, Denied> {
            let mut claims = self.claims();
            for (name, value) in changes.as_object().unwrap() {
                claims[name] = value.clone();
            }
            claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            self.check_token(&self.key.sign(&claims).unwrap())
        }

        fn check_token(&self, token: &str) -> Result<Vec<&'static str>, Denied> {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {token}").parse().unwrap())]);
            self.authorizer.check(NEEDED, &headers, self.now).map(|granted| granted.unwrap().scopes)
        }
    }

    #[test]
    fn a_good_token_passes_with_the_scopes_that_the_route_asks_for() {
        let bench = bench();
        assert_eq!(bench.check(&json!({})), Ok(vec!["invites.manage"]));
        assert_eq!(bench.check(&json!({"aud": ["other", "seatkeeper"]})), Ok(vec!["invites.manage"]));
        assert_eq!(bench.check(&json!({"aud": null, "client_id": "seatkeeper"})), Ok(vec!["invites.manage"]));
        assert_eq!(bench.check(&json!({"scope": null, "scp": ["deals.admin"]})), Ok(vec!["deals.admin"]));
    }

    #[test]
    fn a_token_counts_for_its_time_to_the_second() {
        let bench = bench();
        let now = bench.now.timestamp();
        for wrong in [
            json!({"exp": now}),
            json!({"exp": null}),
            json!({"exp": "tomorrow"}),
            json!({"nbf": now + 1}),
            json!({"iat": now + 1}),
            json!({"iss": "http://i/oidc/"}),
            json!({"aud": "other"}),
            json!({"aud": "other", "client_id": "seatkeeper"}),
            json!({"aud": null}),
        ] {
            assert!(matches!(bench.check(&wrong), Err(Denied::Invalid(_))), "{wrong}");
        }
    }

    #[test]
    fn a_scope_that_is_lacking_is_forbidden() {
        assert_eq!(bench().check(&json!({"scope": "seats.accept"})), Err(Denied::Scope(NEEDED)));
        assert_eq!(bench().check(&json!({"scope": null})), Err(Denied::Scope(NEEDED)));
    }

    #[test]
    fn only_the_issuers_own_key_signs() {
        let bench = bench();
        let foreign = SigningKey::generate().unwrap().sign(&bench.claims()).unwrap();
        assert_eq!(bench.check_token(&foreign), Err(Denied::Invalid("unknown key id")));

        let good = bench.key.sign(&bench.claims()).unwrap();
        let (header, rest) = good.split_once('.').unwrap();
        let (_, foreign_signature) = foreign.rsplit_once('.').unwrap();
        let (claims, _) = rest.split_once('.').unwrap();
        let forged = format!("{header}.{claims}.{foreign_signature}");
        assert_eq!(bench.check_token(&forged), Err(Denied::Invalid("the signature is invalid")));

        assert!(matches!(bench.check_token("nonsense"), Err(Denied::Invalid(_))));
    }

    #[test]
    fn a_key_id_is_not_the_key() {
        // A stranger's token that names our key.
        let (mut bench, stranger) = (bench(), SigningKey::generate().unwrap());
        bench.authorizer.key.id = stranger.verification_key().id;
        let token = stranger.sign(&bench.claims()).unwrap();
        assert_eq!(bench.check_token(&token), Err(Denied::Invalid("the signature is invalid")));
    }

    #[test]
    fn a_token_does_not_choose_how_it_is_checked() {
        let bench = bench();
        let good = bench.key.sign(&bench.claims()).unwrap();
        let (_, signed) = good.split_once('.').unwrap();
        let id = bench.key.jwk()["kid"].clone();
        let own = SigningKey::generate().unwrap().jwk();
        for header in [
            json!({"alg": "none", "kid": id}),
            json!({"alg": "None", "kid": id}),
            json!({"alg": "HS256", "kid": id}),
            json!({"alg": "HS512", "kid": id}),
            json!({"alg": "RS512", "kid": id}),
            json!({"alg": "PS256", "kid": id}),
            json!({"alg": "ES256", "kid": id}),
            json!({"alg": "RS256"}),
            json!({"alg": "RS256", "kid": ""}),
            json!({"alg": "RS256", "kid": "../../dev/null"}),
            json!({"alg": "RS256", "kid": own["kid"], "jwk": own}),
            json!({"alg": "RS256", "kid": id, "jwk": own}),
            json!({"alg": "RS256", "kid": id, "jku": "https://evil.example/jwks", "x5u": "https://evil.example/x"}),
        ] {
            let token = format!("{}.{signed}", URL_SAFE_NO_PAD.encode(header.to_string()));
            assert!(matches!(bench.check_token(&token), Err(Denied::Invalid(_))), "{header}");
        }
    }

    #[test]
    fn without_a_token_there_is_nothing_to_check() {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, "Basic abc".parse().unwrap())]);
        let bench = bench();
        assert_eq!(bench.authorizer.check(NEEDED, &headers, bench.now).unwrap_err(), Denied::NoToken);
        assert_eq!(
            bench.authorizer.check(NEEDED, &HeaderMap::new(), bench.now).unwrap_err(),
            Denied::NoToken
        );
        assert!(bench.authorizer.check(&[], &HeaderMap::new(), bench.now).unwrap().is_none());
    }
}
