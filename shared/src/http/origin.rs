//! On AWS only CloudFront may send requests: API Gateway's own address is public and bypasses the web ACL and
//! the headers (docs/decisions/0015-only-cloudfront-reaches-the-api.md).

use sha2::{Digest, Sha256};

/// CloudFront sets this header on every request and replaces one that the browser sent.
pub(super) const HEADER: &str = "x-origin-verify";

/// SHA-256 of CloudFront's secret, and of a second one while one is rotated. Without any, the local default, every
/// request is admitted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin([Option<[u8; 32]>; 2]);

impl Origin {
    /// Knows one secret, or two with a blank between them.
    pub fn knowing(secrets: &str) -> Self {
        let mut hashes = secrets.split_whitespace().map(|secret| Sha256::digest(secret).into());
        Self([hashes.next(), hashes.next()])
    }

    /// Compares hashes, so that the time of the comparison reveals nothing of the secret.
    pub(super) fn admits(&self, secret: Option<&str>) -> bool {
        let sent = secret.map(|secret| Sha256::digest(secret).into());
        self.0 == [None; 2] || sent.is_some() && self.0.contains(&sent)
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
    fn while_the_secret_is_rotated_two_are_admitted() {
        let other = SECRET.to_uppercase();
        let both = format!("{SECRET} {other}");
        let origin = Origin::knowing(&both);
        assert!(origin.admits(Some(SECRET)) && origin.admits(Some(&other)));
        for neither in [None, Some(""), Some(both.as_str())] {
            assert!(!origin.admits(neither), "{neither:?}");
        }
    }

    #[test]
    fn without_a_secret_every_request_is_admitted() {
        assert!(Origin::default().admits(None));
    }
}
