//! Authorisation codes and refresh tokens, which work once. A code works within a minute, for its own request and with that
//! request's PKCE verifier (RFC 7636).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::person::Person;

pub(super) const LIFETIME: TimeDelta = TimeDelta::seconds(60);

#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) person: Person,
    pub(super) scope: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    /// The request lacked what the issuer needs to issue a JWT.
    pub(super) is_opaque: bool,
}

#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<HashMap<String, (DateTime<Utc>, Grant)>>);

impl Codes {
    pub(super) fn issue(&self, grant: Grant, lifetime: TimeDelta, now: DateTime<Utc>) -> String {
        let code = crate::random::base64url::<32>();
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, (until, _)| now < *until);
        codes.insert(code.clone(), (now + lifetime, grant));
        code
    }

    /// Takes a code. A failed attempt uses the code up, too.
    pub(super) fn redeem(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: DateTime<Utc>,
    ) -> Option<Grant> {
        let grant = self.take(code, now)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        (redirect_uri == grant.redirect_uri && challenge == grant.challenge).then_some(grant)
    }

    pub(super) fn take(&self, code: &str, now: DateTime<Utc>) -> Option<Grant> {
        let (until, grant) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(code)?;
        (now < until).then_some(grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "http://localhost:3000/back";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn issued() -> (Codes, String) {
        let codes = Codes::default();
        let grant = Grant {
            person: Person::parse("ann@example.com").unwrap(),
            scope: None,
            nonce: None,
            redirect_uri: URI.to_owned(),
            // RFC 7636, appendix B.
            challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            is_opaque: false,
        };
        let code = codes.issue(grant, LIFETIME, START);
        (codes, code)
    }

    #[test]
    fn the_first_attempt_uses_a_code_up() {
        for (uri, verifier, after, works) in [
            (URI, VERIFIER, 0, true),
            (URI, "wrong", 0, false),
            ("http://localhost:3000/", VERIFIER, 0, false),
            (URI, VERIFIER, 60, false),
        ] {
            let (codes, code) = issued();
            let first = codes.redeem(&code, uri, verifier, START + TimeDelta::seconds(after));
            assert_eq!(first.is_some(), works, "{uri} {verifier} {after}");
            assert!(codes.redeem(&code, URI, VERIFIER, START).is_none());
        }
    }
}
