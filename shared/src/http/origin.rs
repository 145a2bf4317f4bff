//! On AWS only CloudFront may send requests: API Gateway's own address is public and bypasses the web ACL and
//! the headers (docs/decisions/0015-only-cloudfront-reaches-the-api.md).

use sha2::{Digest, Sha256};

/// CloudFront sets this header on every request and replaces one that the browser sent.
pub(super) const HEADER: &str = "x-origin-verify";

/// SHA-256 of CloudFront's secret. `None`, the local default, admits every request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin(Option<[u8; 32]>);

impl Origin {
    pub fn knowing(secret: &str) -> Self {
        Self(Some(Sha256::digest(secret).into()))
    }

    /// Compares hashes, so that the time of the comparison reveals nothing of the secret.
    pub(super) fn admits(&self, secret: Option<&str>) -> bool {
        let is_ours = |hash| secret.is_some_and(|secret| <[u8; 32]>::from(Sha256::digest(secret)) == hash);
        self.0.is_none_or(is_ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_a_request_with_the_secret_is_admitted() {
        let origin = Origin::knowing(SECRET);
        assert!(origin.admits(Some(SECRET)));
        let twice = [SECRET, SECRET].join(",");
        for other in [None, Some(""), Some("0123456789abcdef0123456789abcde"), Some(twice.as_str())] {
            assert!(!origin.admits(other), "{other:?}");
        }
    }

    #[test]
    fn without_a_secret_every_request_is_admitted() {
        assert!(Origin::default().admits(None));
    }
}
