//! Where requests come from. On AWS that is CloudFront and nobody else: API Gateway's own address is public, and goes past
//! the web ACL and the headers.

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

    /// Whether a request with this header came that way. How long comparing takes tells of hashes, not of the secret.
    pub(super) fn admits(&self, secret: Option<&str>) -> bool {
        self.0
            .is_none_or(|hash| secret.is_some_and(|secret| <[u8; 32]>::from(Sha256::digest(secret)) == hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_who_knows_the_secret_is_admitted() {
        let origin = Origin::knowing(SECRET);
        assert!(origin.admits(Some(SECRET)));
        let twice = [SECRET, SECRET].join(",");
        for other in [None, Some(""), Some("0123456789abcdef0123456789abcde"), Some(twice.as_str())] {
            assert!(!origin.admits(other), "{other:?}");
        }
    }

    #[test]
    fn without_a_secret_everybody_is() {
        assert!(Origin::default().admits(None));
    }
}
