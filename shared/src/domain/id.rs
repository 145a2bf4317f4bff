//! Identifiers: bytes, written in base64url. The ids of deals and invites have 128 bits, and 22 characters.

use super::{OrganisationId, Timestamp, email::Email};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A week in seconds. A deal's id holds the purge time in weeks.
const WEEK: i64 = 7 * 86_400;

/// For serde: bytes as text in base64url.
pub(super) mod base64url {
    use super::{Engine, URL_SAFE_NO_PAD};
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(String::deserialize(from)?).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| Error::custom("not base64url"))
    }
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident[$size:literal]) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(#[serde(with = "base64url")] pub [u8; $size]);

        impl $name {
            pub fn parse(text: &str) -> Option<Self> {
                URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id! {
    /// Two bytes for the week in which the deal's items are purged, then 112 random bits. Accepting creates a
    /// seat without having read the deal, and the seat needs its purge time
    /// (`docs/decisions/0005-the-deal-id-says-when-it-is-purged.md`).
    #[derive(Copy)]
    DealId[16]
}

id! {
    /// HMAC-SHA-256 of the normalised address under the deal's salt, cut to 128 bits. So the primary key
    /// allows one invite for each (deal, address) (I3), and a stranger cannot compute an id.
    #[derive(Copy)]
    InviteId[16]
}

impl DealId {
    /// Rounds `purge_at` up to the end of its week. `None` beyond the year 3225, where two bytes end.
    pub fn new(random: [u8; 14], purge_at: Timestamp) -> Option<Self> {
        let week = u16::try_from(purge_at.timestamp().div_euclid(WEEK) + 1).ok()?;
        let mut bytes = [0; 16];
        let (head, tail) = bytes.split_at_mut(2);
        head.copy_from_slice(&week.to_be_bytes());
        tail.copy_from_slice(&random);
        Some(Self(bytes))
    }

    /// When DynamoDB may delete the deal's items: at most a week after the time given to [`DealId::new`].
    pub fn purge_at(&self) -> Timestamp {
        let [high, low, ..] = self.0;
        DateTime::from_timestamp(i64::from(u16::from_be_bytes([high, low])) * WEEK, 0).unwrap_or_default()
    }
}

id! {
    /// SHA-256 over issuer and subject, so that the table does not hold who the learner or manager is.
    PersonId[32]
}

id! {
    /// SHA-256 of a link's secret.
    LinkHash[32]
}

impl PersonId {
    /// The length of the issuer is hashed too, so that no two pairs give the same input.
    pub fn new(issuer: &str, subject: &str) -> Self {
        let hash = Sha256::new()
            .chain_update((issuer.len() as u64).to_be_bytes())
            .chain_update(issuer)
            .chain_update(subject)
            .finalize();
        Self(hash.into())
    }
}

/// A digest of the normalised address, bound to the deal. It tells whether the invited address accepted,
/// without storing the address that did.
pub fn address_digest(deal: DealId, email: &Email) -> String {
    let hash = Sha256::new().chain_update(deal.0).chain_update(email.normalised()).finalize();
    URL_SAFE_NO_PAD.encode(hash.get(..6).unwrap_or_default())
}

/// A digest of the normalised address, bound to the organisation: an opt-out tells no other organisation anything. An
/// organisation's id has no `#`. `infra/people.py` computes the same.
pub fn opt_out_digest(organisation: &OrganisationId, email: &Email) -> String {
    let text = format!("{}#{}", organisation.as_str(), email.normalised());
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// A digest of the normalised address, for an item of no deal.
pub fn mailbox_digest(email: &Email) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(email.normalised()))
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InviteKey {
    pub deal: DealId,
    pub invite: InviteId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_deal_id_keeps_its_purge_time_to_the_week(random: [u8; 14], seconds in 0_i64..30_000_000_000) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let id = DealId::new(random, at).unwrap();
            prop_assert!(id.purge_at() > at);
            prop_assert!((id.purge_at() - at).num_seconds() <= WEEK);
            prop_assert_eq!(DealId::parse(&id.to_string()), Some(id));
        }

        #[test]
        fn only_the_exact_text_form_is_an_id(text in "[A-Za-z0-9_=-]{20,24}|[A-Za-z0-9_-]{0,66}|\\PC*") {
            let organisation = OrganisationId::parse(&text).map(|id| id.as_str().to_owned());
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            prop_assert_eq!(organisation.is_some(), (1..=64).contains(&text.len()) && text.chars().all(fits));
            let ids = [DealId::parse(&text).map(|id| id.to_string()), InviteId::parse(&text).map(|id| id.to_string())];
            prop_assert!(ids.into_iter().chain([organisation]).flatten().all(|id| id == text));
        }
    }

    #[test]
    fn issuer_and_subject_do_not_run_together() {
        assert_ne!(PersonId::new("https://a", "bc"), PersonId::new("https://ab", "c"));
        // infra/people.py makes the same hash, and infra/tests/test_people.py has the same example.
        let known = PersonId::new("https://issuer.example", "subject");
        assert_eq!(known.to_string(), "pw1IRYMaipPOAXSl6wa-sExNEknERQT6YjqyKH1vol0");
    }

    #[test]
    fn an_opt_out_is_known_by_a_digest() {
        // infra/people.py makes the same digest, and infra/tests/test_people.py has the same example.
        let acme = OrganisationId::parse("acme").unwrap();
        let digest = |email| opt_out_digest(&acme, &Email::parse(email).unwrap());
        assert_eq!(digest("Ann@Bücher.example"), "87x0emtKfo1NcF2habyM85hfkmuPNIQkC4ZD8IjTxPk");
    }

    #[test]
    fn a_time_beyond_the_two_bytes_has_no_id() {
        assert_eq!(DealId::new([0; 14], DateTime::from_timestamp(WEEK * 65_535, 0).unwrap()), None);
    }
}
