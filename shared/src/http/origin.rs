//! Where requests come from. On AWS that is CloudFront and nobody else: API Gateway's own address is public, and goes past
//! the web ACL and the headers.

use http::HeaderMap;
use sha2::{Digest, Sha256};

/// The header that CloudFront adds to what it sends on, whatever the browser sent.
pub(super) const HEADER: &str = "x-origin-verify";

/// The secret by which CloudFront is known, as its SHA-256; none where everybody may come, as locally.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin(Option<[u8; 32]>);

impl Origin {
    pub fn knowing(secret: &str) -> Self {
        Self(Some(Sha256::digest(secret).into()))
    }

    /// Whether a request with these headers came that way. How long comparing takes tells of hashes, not of the secret.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(hash) = self.0 else { return true };
        let mut values = headers.get_all(HEADER).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => <[u8; 32]>::from(Sha256::digest(value)) == hash,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (HEADER.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_who_knows_the_secret_is_admitted() {
        let origin = Origin::knowing(SECRET);
        assert!(origin.admits(&headers(&[SECRET])));
        for values in [&[][..], &[""], &["0123456789abcdef0123456789abcde"], &["x", SECRET], &[SECRET, "x"]] {
            assert!(!origin.admits(&headers(values)), "{values:?}");
        }
    }

    #[test]
    fn without_a_secret_everybody_is() {
        assert!(Origin::default().admits(&headers(&[])));
    }
}
