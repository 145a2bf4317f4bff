//! Deals: an organisation, a number of seats, a start and an end.

use super::id::base64url;
use super::{DealId, Email, InviteId, Timestamp, Title};
use chrono::{Duration, SecondsFormat};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// 1 to 64 of `[a-z0-9-]`, as in the token's organisation claim.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct OrganisationId(String);

impl OrganisationId {
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        fits.then(|| Self(text.to_owned()))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OrganisationId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an organisation id")
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Organisation {
    pub id: OrganisationId,
    pub name: Title,
}

/// 256 random bits of the operating system, the key of invite ids and cursor signatures. Never shown, never changed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salt(#[serde(with = "base64url")] pub [u8; 32]);

impl Salt {
    /// HMAC-SHA-256 of the parts with their lengths, cut to 128 bits.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mac = self.hmac(purpose, parts).map(|mac| mac.finalize().into_bytes());
        mac.and_then(|mac| mac.first_chunk().copied()).unwrap_or_default()
    }

    /// Whether `tag` is that MAC. Compares in constant time.
    pub fn verifies(&self, purpose: &str, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.hmac(purpose, parts).is_some_and(|mac| mac.verify_truncated_left(tag).is_ok())
    }

    /// `None` is not possible: HMAC takes a key of any length.
    fn hmac(&self, purpose: &str, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in [purpose.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Some(mac)
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DealState {
    Upcoming,
    Active,
    Ended,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deal {
    pub id: DealId,
    pub name: Title,
    pub organisation: Organisation,
    pub seats: u32,
    /// Seats that learners hold (I1: never more than `seats`).
    pub allocated: u32,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// Counts changes; the deal's `ETag`.
    pub revision: u32,
    pub salt: Salt,
    /// The shortest lifetime that an invite of this deal was ever sent with. An invite queued more recently
    /// than this cannot have expired, which bounds the rows that a reader looks at.
    pub shortest_lifetime: Option<Duration>,
    /// How long after a mail its reminders go. Each send stores them in its invite.
    pub reminders: Vec<Duration>,
}

const MOST_SEATS: u32 = 1_000_000;

impl Deal {
    pub fn state(&self, now: Timestamp) -> DealState {
        if now < self.starts_at {
            DealState::Upcoming
        } else if now < self.ends_at {
            DealState::Active
        } else {
            DealState::Ended
        }
    }
    pub fn available(&self) -> u32 {
        self.seats.saturating_sub(self.allocated)
    }

    /// One invite for each address (I3).
    pub fn invite_id(&self, email: &Email) -> InviteId {
        InviteId(self.salt.mac("invite", &[email.normalised().as_bytes()]))
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewDeal {
    pub organisation: Organisation,
    pub name: Title,
    pub seats: u32,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DealChange {
    pub name: Option<Title>,
    /// Corrects the organisation's name, as this deal shows it.
    pub organisation_name: Option<Title>,
    pub seats: Option<u32>,
    pub starts_at: Option<Timestamp>,
    /// Sent invites keep their own expiry; the earlier of that and the deal's end counts.
    pub ends_at: Option<Timestamp>,
    pub reminders: Option<Vec<Duration>>,
    pub expected_revision: Option<u32>,
}

/// Why a deal is not created, changed or deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DealRefusal {
    #[error("This Idempotency-Key was used with another body. Use a new key for a new deal.")]
    KeyReused,
    #[error("The deal of this Idempotency-Key was deleted. Use a new key for a new deal.")]
    Deleted,
    /// The purge date would not fit into the deal's id.
    #[error("is too far in the future")]
    EndsTooFar,
    #[error("no such deal")]
    NotFound,
    #[error("the deal has changed")]
    Stale,
    #[error("Learners hold {allocated} of the seats. Enter at least {allocated}, or release seats first.")]
    SeatsBelowAllocated { allocated: u32 },
    #[error("must be between 1 and {MOST_SEATS}")]
    SeatsOutOfRange,
    #[error("must be later than startsAt")]
    EndsBeforeStart,
    #[error(
        "must be before {}, when this deal's records are deleted. Create a new deal instead",
        latest.to_rfc3339_opts(SecondsFormat::Secs, true)
    )]
    EndsTooLate { latest: Timestamp },
    #[error(
        "People were invited to this deal, so it can't be deleted. Once it has ended, nobody can be invited or accept."
    )]
    InUse,
}

impl NewDeal {
    pub fn check(&self) -> Result<(), DealRefusal> {
        check_seats(self.seats)?;
        check_term(self.starts_at, self.ends_at)
    }

    /// `None` if the deal's items would be kept beyond the year 3225, the last that an id can hold.
    pub fn id(&self, random: [u8; 14], retention: Duration) -> Option<DealId> {
        DealId::new(random, self.ends_at.checked_add_signed(retention)?)
    }
}

impl Deal {
    /// The deal after the change.
    pub fn changed(&self, change: &DealChange) -> Result<Self, DealRefusal> {
        if change.expected_revision.is_some_and(|expected| expected != self.revision) {
            return Err(DealRefusal::Stale);
        }
        let change = change.clone();
        let latest = change.ends_at.map(|_| self.id.purge_at());
        let mut deal = Self { revision: self.revision + 1, ..self.clone() };
        deal.name = change.name.unwrap_or(deal.name);
        deal.organisation.name = change.organisation_name.unwrap_or(deal.organisation.name);
        deal.seats = change.seats.unwrap_or(deal.seats);
        deal.starts_at = change.starts_at.unwrap_or(deal.starts_at);
        deal.ends_at = change.ends_at.unwrap_or(deal.ends_at);
        deal.reminders = change.reminders.unwrap_or(deal.reminders);
        check_seats(deal.seats)?;
        check_term(deal.starts_at, deal.ends_at)?;
        match latest {
            _ if deal.seats < deal.allocated => {
                Err(DealRefusal::SeatsBelowAllocated { allocated: deal.allocated })
            }
            Some(latest) if deal.ends_at >= latest => Err(DealRefusal::EndsTooLate { latest }),
            _ => Ok(deal),
        }
    }

    /// A deal remembers its first send before the first invite is stored, so a deal without that memory has no invite.
    pub fn may_delete(&self, expected_revision: Option<u32>) -> Result<(), DealRefusal> {
        if expected_revision.is_some_and(|expected| expected != self.revision) {
            return Err(DealRefusal::Stale);
        }
        if self.shortest_lifetime.is_some() { Err(DealRefusal::InUse) } else { Ok(()) }
    }
}

fn check_seats(seats: u32) -> Result<(), DealRefusal> {
    if (1..=MOST_SEATS).contains(&seats) { Ok(()) } else { Err(DealRefusal::SeatsOutOfRange) }
}

fn check_term(starts_at: Timestamp, ends_at: Timestamp) -> Result<(), DealRefusal> {
    if starts_at < ends_at { Ok(()) } else { Err(DealRefusal::EndsBeforeStart) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, deal};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn i1_a_deal_never_shrinks_below_its_taken_seats(seats in 1_u32..50, allocated in 0_u32..50, new in 0_u32..60) {
            let deal = Deal { seats: seats.max(allocated), allocated, ..deal() };
            let verdict = deal.changed(&DealChange { seats: Some(new), ..DealChange::default() });
            prop_assert_eq!(verdict.is_ok(), new >= 1 && new >= allocated);
        }

        #[test]
        fn a_term_is_never_empty(start in 0_i64..100, end in 0_i64..100) {
            let change = DealChange { starts_at: Some(at(start)), ends_at: Some(at(end)), ..DealChange::default() };
            prop_assert_eq!(deal().changed(&change).is_ok(), start < end);
        }
    }

    #[test]
    fn i3_spellings_of_one_address_are_one_invite() {
        let deal = deal();
        let id = |raw| deal.invite_id(&Email::parse(raw).unwrap());
        assert_eq!(id("Ann@Example.com"), id(" ann@example.COM "));
        assert_ne!(id("ann@example.com"), id("ann+x@example.com"));
        let other = Deal { salt: Salt([9; 32]), ..deal.clone() };
        assert_ne!(other.invite_id(&Email::parse("ann@example.com").unwrap()), id("ann@example.com"));
    }

    #[test]
    fn a_deal_ends_before_its_records_are_deleted() {
        let deal = deal();
        let change = |ends_at| DealChange { ends_at: Some(ends_at), ..DealChange::default() };
        let latest = deal.id.purge_at();
        assert_eq!(deal.changed(&change(latest)), Err(DealRefusal::EndsTooLate { latest }));
        let detail = DealRefusal::EndsTooLate { latest: at(0) }.to_string();
        assert!(detail.starts_with("must be before 1970-01-01T00:00:00Z, "), "{detail}");
        assert!(deal.changed(&change(latest - Duration::seconds(1))).is_ok());
    }

    #[test]
    fn only_a_deal_that_nobody_was_invited_to_is_deleted() {
        let unused = Deal { revision: 2, shortest_lifetime: None, ..deal() };
        let used = Deal { shortest_lifetime: Some(Duration::days(28)), ..unused.clone() };
        for (deal, expected_revision, verdict) in [
            (&unused, None, Ok(())),
            (&unused, Some(2), Ok(())),
            (&unused, Some(1), Err(DealRefusal::Stale)),
            (&used, Some(1), Err(DealRefusal::Stale)),
            (&used, Some(2), Err(DealRefusal::InUse)),
            (&used, None, Err(DealRefusal::InUse)),
        ] {
            assert_eq!(deal.may_delete(expected_revision), verdict, "{expected_revision:?}");
        }
        let detail = DealRefusal::InUse.to_string();
        assert!(!detail.contains("End the deal"), "the deal may have ended: {detail}");
    }

    #[test]
    fn a_deal_runs_from_its_start_until_its_end() {
        let deal = deal();
        assert_eq!(deal.state(deal.starts_at - Duration::seconds(1)), DealState::Upcoming);
        assert_eq!(deal.state(deal.starts_at), DealState::Active);
        assert_eq!(deal.state(deal.ends_at - Duration::seconds(1)), DealState::Active);
        assert_eq!(deal.state(deal.ends_at), DealState::Ended);
    }
}
