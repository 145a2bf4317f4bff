//! The links in mails, and the ids that unsubscribe. A link's secret is 256 bits from the operating system. It is shown
//! once, in a mail; the table holds its SHA-256 (I5).

use super::{DealId, InviteId, InviteKey, LinkHash, Salt};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;

/// Has no `Display`, and its `Debug` shows nothing, so that it cannot be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The bytes must come from the operating system's random source.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    pub fn hash(&self) -> LinkHash {
        LinkHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    pub deal: DealId,
    pub invite: InviteId,
    pub secret: Secret,
}

impl Link {
    /// Reads `base64url(deal ‖ invite ‖ secret)`, in the canonical form only: a flipped bit in the padding
    /// must not give a second token for the same link.
    pub fn parse(token: &str) -> Option<Self> {
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (deal, rest) = bytes.split_first_chunk::<16>()?;
        let (invite, secret) = rest.split_first_chunk::<16>()?;
        Some(Self { deal: DealId(*deal), invite: InviteId(*invite), secret: Secret(secret.try_into().ok()?) })
    }
    pub fn key(&self) -> InviteKey {
        InviteKey { deal: self.deal, invite: self.invite }
    }

    /// For the mail only.
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode([self.deal.0.as_slice(), &self.invite.0, &self.secret.0].concat())
    }
}

/// Earlier sends whose links are still recognised, as superseded.
const SENDS_REMEMBERED: usize = 3;

/// Hashes of the newest send, one for each attempt whose mail may have gone out, and of a few earlier sends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Links {
    pub current: Vec<LinkHash>,
    /// One entry for each earlier send, newest first. An entry is empty if no mail of the send went out.
    pub superseded: Vec<Vec<LinkHash>>,
}

impl Links {
    pub fn know(&self, link: &LinkHash) -> bool {
        self.current.contains(link) || self.superseded.iter().flatten().any(|known| known == link)
    }
    pub(super) fn with(&self, link: &LinkHash) -> Self {
        let current = self.current.iter().chain([link]).cloned().collect();
        Self { current, superseded: self.superseded.clone() }
    }
    pub(super) fn without(&self, link: &LinkHash) -> Self {
        let current = self.current.iter().filter(|known| *known != link).cloned().collect();
        Self { current, superseded: self.superseded.clone() }
    }

    pub(super) fn superseded_by(&self, link: &LinkHash) -> Self {
        let sends = [&self.current].into_iter().chain(&self.superseded);
        Self { current: vec![link.clone()], superseded: sends.take(SENDS_REMEMBERED).cloned().collect() }
    }
}

const UNSUBSCRIBE: &str = "unsubscribe";

/// The id of one-click unsubscribe (RFC 8058), in the header `List-Unsubscribe` of each mail. It is not stored: a MAC under
/// the deal's salt proves that it comes from us. It is good for nothing but opting out.
///
/// Has no `Debug`, so that it cannot be logged. Not verified until [`UnsubscribeId::is_genuine`].
pub struct UnsubscribeId {
    pub key: InviteKey,
    mac: [u8; 16],
}

impl UnsubscribeId {
    /// `base64url(deal ‖ invite ‖ MAC)`, 64 characters.
    pub fn sign(salt: &Salt, key: InviteKey) -> String {
        let [deal, invite] = [key.deal.0, key.invite.0];
        let mac = salt.mac(UNSUBSCRIBE, &[&deal, &invite]);
        URL_SAFE_NO_PAD.encode([deal, invite, mac].concat())
    }

    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (deal, rest) = bytes.split_first_chunk::<16>()?;
        let (invite, mac) = rest.split_first_chunk::<16>()?;
        let key = InviteKey { deal: DealId(*deal), invite: InviteId(*invite) };
        Some(Self { key, mac: mac.try_into().ok()? })
    }

    /// True if [`UnsubscribeId::sign`] made the id for this deal. Compares in constant time.
    pub fn is_genuine(&self, salt: &Salt) -> bool {
        let InviteKey { deal, invite } = &self.key;
        salt.verifies(UNSUBSCRIBE, &[&deal.0, &invite.0], &self.mac)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Email, tests::deal};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_link_survives_its_token(deal: [u8; 16], invite: [u8; 16], secret: [u8; 32]) {
            let link = Link {
                deal: DealId(deal), invite: InviteId(invite), secret: Secret(secret),
            };
            let token = link.token();
            prop_assert_eq!(token.len(), 86);
            prop_assert_eq!(Link::parse(&token), Some(link));
        }

        #[test]
        fn no_other_text_is_the_same_link(secret: [u8; 32], place in 0_usize..86, letter in "[A-Za-z0-9_-]") {
            let link = Link {
                deal: DealId([1; 16]), invite: InviteId([2; 16]), secret: Secret(secret),
            };
            let mut other = link.token();
            other.replace_range(place..=place, &letter);
            if other != link.token() {
                prop_assert_ne!(Link::parse(&other), Some(link));
            }
        }

        #[test]
        fn only_the_exact_id_is_genuine(
            salt: [u8; 32], deal: [u8; 16], invite: [u8; 16], place in 0_usize..64, letter in "[A-Za-z0-9_-]",
        ) {
            let salt = Salt(salt);
            let key = InviteKey { deal: DealId(deal), invite: InviteId(invite) };
            let text = UnsubscribeId::sign(&salt, key);
            prop_assert_eq!(text.len(), 64);
            let id = UnsubscribeId::parse(&text).unwrap();
            prop_assert_eq!(id.key, key);
            prop_assert!(id.is_genuine(&salt));
            prop_assert!(!id.is_genuine(&Salt([0xa5; 32])));
            let mut forged = text.clone();
            forged.replace_range(place..=place, &letter);
            let is_genuine = |text: &str| UnsubscribeId::parse(text).is_some_and(|id| id.is_genuine(&salt));
            prop_assert_eq!(is_genuine(&forged), forged == text);
            for cut in [&text[..63], &text[..60], &text[1..], &format!("{text}A"), &format!("{text}=")] {
                prop_assert!(!is_genuine(cut));
            }
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = (Link::parse(&text), UnsubscribeId::parse(&text));
        }
    }

    #[test]
    fn nothing_shows_a_secret() {
        let secret = Secret([7; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.hash().to_string().len(), 43);
    }

    #[test]
    fn i5_a_new_send_leaves_one_link_that_works_and_three_sends_that_are_known() {
        let hash = |number| Secret::from_bytes([number; 32]).hash();
        let first = Links::default().with(&hash(1));
        let links = (2..=4).fold(first, |links, send| links.superseded_by(&hash(send)));
        let links = links.with(&hash(14)).superseded_by(&hash(5));
        assert_eq!(links.current, [hash(5)]);
        assert_eq!(links.superseded, [vec![hash(4), hash(14)], vec![hash(3)], vec![hash(2)]]);
        assert!(links.know(&hash(14)) && !links.know(&hash(1)));
        // A send without a link still counts as one of the three.
        let links = links.without(&hash(5)).superseded_by(&hash(6));
        assert_eq!(links.superseded, [vec![], vec![hash(4), hash(14)], vec![hash(3)]]);
        assert!(!links.know(&hash(2)));
    }

    #[test]
    fn an_id_is_no_link_and_its_mac_is_no_other_mac() {
        let deal = deal();
        let invite = deal.invite_id(&Email::parse("ann@example.com").unwrap());
        let key = InviteKey { deal: deal.id, invite };
        let text = UnsubscribeId::sign(&deal.salt, key);
        assert_eq!(Link::parse(&text), None);
        let parts: &[&[u8]] = &[&deal.id.0, &invite.0];
        let mac = UnsubscribeId::parse(&text).unwrap().mac;
        for purpose in ["invite", "cursor"] {
            assert!(!deal.salt.verifies(purpose, parts, &mac), "{purpose}");
        }
    }
}
