//! The id of one-click unsubscribe (RFC 8058), in the header `List-Unsubscribe` of each mail. It is not stored:
//! a MAC under the deal's salt proves that it comes from us. It is good for nothing but opting out.

use super::{DealId, InviteId, InviteKey, Salt};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

const PURPOSE: &str = "unsubscribe";

/// Has no `Debug`, so that it cannot be logged. Not verified until [`UnsubscribeId::is_genuine`].
pub struct UnsubscribeId {
    pub key: InviteKey,
    mac: [u8; 16],
}

impl UnsubscribeId {
    /// `base64url(deal ‖ invite ‖ MAC)`, 64 characters.
    pub fn sign(salt: &Salt, key: InviteKey) -> String {
        let [deal, invite] = [key.deal.0, key.invite.0];
        let mac = salt.mac(PURPOSE, &[&deal, &invite]);
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
        salt.verifies(PURPOSE, &[&deal.0, &invite.0], &self.mac)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Email, Link, tests::deal};
    use super::*;
    use proptest::prelude::*;

    proptest! {
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
            let _ = UnsubscribeId::parse(&text);
        }
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
