//! Accepting: one person's click turns a link that was really sent into a seat.

use super::{Deal, DealState, InviteRecord, LinkHash, PersonId, Stored, Timestamp};

/// Why a link gives no (new) seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AcceptRefusal {
    /// Not a link that was really sent: whatever else is the case, nothing more is said (I6).
    UnknownInvite,
    /// This learner accepted with it before: the same answer again.
    AlreadyYours {
        /// When.
        accepted_at: Timestamp,
    },
    /// Cancelled, or its seat released.
    Cancelled,
    /// A newer link was sent.
    Superseded,
    /// Somebody else accepted with it.
    AlreadyAccepted,
    /// `now >= expiresAt`.
    Expired,
    /// The learner holds a seat of the deal by another invite.
    AlreadySeated,
    /// The deal has not begun.
    DealNotStarted,
    /// The deal has ended.
    DealEnded,
    /// Every seat is taken.
    DealFull,
}

/// Whether this link takes a seat for this learner. Where several reasons speak against it, the invite's outranks
/// the seat's, and the seat's the deal's.
///
/// # Errors
/// The reason against it.
pub fn may_accept(
    record: Option<&InviteRecord>,
    deal: Option<&Deal>,
    holds_seat: bool,
    link: &LinkHash,
    learner: &PersonId,
    now: Timestamp,
) -> Result<(), AcceptRefusal> {
    let record = known(record, link)?;
    invite_accepts(record, link, learner, now)?;
    if holds_seat {
        return Err(AcceptRefusal::AlreadySeated);
    }
    deal_accepts(deal.ok_or(AcceptRefusal::UnknownInvite)?, now)
}

/// The invite of a link that was really sent.
///
/// # Errors
/// [`AcceptRefusal::UnknownInvite`] for every other token.
pub fn known<'a>(
    record: Option<&'a InviteRecord>,
    link: &LinkHash,
) -> Result<&'a InviteRecord, AcceptRefusal> {
    record.filter(|record| record.links.know(link)).ok_or(AcceptRefusal::UnknownInvite)
}

/// Whether the invite can be accepted with this of its links, by this learner.
///
/// # Errors
/// The reason against it.
pub fn invite_accepts(
    record: &InviteRecord,
    link: &LinkHash,
    learner: &PersonId,
    now: Timestamp,
) -> Result<(), AcceptRefusal> {
    let invite = &record.invite;
    match (invite.stored, invite.accepted_at) {
        (Stored::Accepted, Some(accepted_at)) if record.learner.as_ref() == Some(learner) => {
            return Err(AcceptRefusal::AlreadyYours { accepted_at });
        }
        (Stored::Cancelled | Stored::Released, _) => return Err(AcceptRefusal::Cancelled),
        _ => {}
    }
    if !record.links.current.contains(link) {
        return Err(AcceptRefusal::Superseded);
    }
    match invite.stored {
        Stored::Accepted => Err(AcceptRefusal::AlreadyAccepted),
        Stored::Open if now < invite.expires_at => Ok(()),
        _ => Err(AcceptRefusal::Expired),
    }
}

/// Whether the deal has a seat to give.
///
/// # Errors
/// The reason against it.
pub fn deal_accepts(deal: &Deal, now: Timestamp) -> Result<(), AcceptRefusal> {
    match deal.state(now) {
        DealState::Upcoming => Err(AcceptRefusal::DealNotStarted),
        DealState::Ended => Err(AcceptRefusal::DealEnded),
        DealState::Active if deal.available() == 0 => Err(AcceptRefusal::DealFull),
        DealState::Active => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, deal, record};
    use super::super::{Email, Secret};
    use super::*;
    use proptest::prelude::*;

    fn newest() -> LinkHash {
        Secret::from_bytes([1; 32]).hash()
    }
    fn older() -> LinkHash {
        Secret::from_bytes([2; 32]).hash()
    }
    fn ann() -> PersonId {
        PersonId::new("issuer", "ann")
    }

    #[test]
    fn one_reason_for_each_case() {
        let with = |stored, link: LinkHash, now| {
            let mut record = record();
            record.invite.stored = stored;
            record.invite.accepted_at = Some(at(20));
            record.learner = Some(PersonId::new("issuer", "bob"));
            may_accept(Some(&record), Some(&deal()), false, &link, &ann(), at(now))
        };
        assert_eq!(with(Stored::Open, newest(), 99), Ok(()));
        assert_eq!(with(Stored::Open, newest(), 100), Err(AcceptRefusal::Expired));
        assert_eq!(with(Stored::Expired, newest(), 99), Err(AcceptRefusal::Expired));
        assert_eq!(with(Stored::Open, older(), 99), Err(AcceptRefusal::Superseded));
        assert_eq!(with(Stored::Cancelled, older(), 99), Err(AcceptRefusal::Cancelled));
        assert_eq!(with(Stored::Released, newest(), 99), Err(AcceptRefusal::Cancelled));
        assert_eq!(with(Stored::Accepted, newest(), 99), Err(AcceptRefusal::AlreadyAccepted));
        let forged = Secret::from_bytes([9; 32]).hash();
        for stored in [Stored::Open, Stored::Accepted, Stored::Expired, Stored::Cancelled, Stored::Released] {
            assert_eq!(with(stored, forged.clone(), 99), Err(AcceptRefusal::UnknownInvite), "{stored:?}");
        }
    }

    #[test]
    fn accepting_again_keeps_the_first_date() {
        let mut mine = record();
        mine.invite.stored = Stored::Accepted;
        mine.invite.accepted_at = Some(at(20));
        mine.learner = Some(ann());
        let again = may_accept(Some(&mine), Some(&deal()), true, &newest(), &ann(), at(500));
        assert_eq!(again, Err(AcceptRefusal::AlreadyYours { accepted_at: at(20) }));
    }

    #[test]
    fn the_invite_outranks_the_seat_and_the_seat_the_deal() {
        let full = Deal { allocated: 3, ..deal() };
        let refusal = |holds_seat, now| {
            may_accept(Some(&record()), Some(&full), holds_seat, &newest(), &ann(), at(now))
        };
        assert_eq!(refusal(true, 100), Err(AcceptRefusal::Expired));
        assert_eq!(refusal(true, 99), Err(AcceptRefusal::AlreadySeated));
        assert_eq!(refusal(false, 99), Err(AcceptRefusal::DealFull));
    }

    proptest! {
        #[test]
        fn i1_i2_a_seat_needs_time_left_and_a_free_seat(
            seats in 1_u32..4, allocated in 0_u32..4, expires in 0_i64..20, start in 0_i64..20, end in 0_i64..20,
            now in 0_i64..20,
        ) {
            let deal = Deal { seats, allocated, starts_at: at(start), ends_at: at(end), ..deal() };
            let mut record = record();
            record.invite.expires_at = at(expires);
            let verdict = may_accept(Some(&record), Some(&deal), false, &newest(), &ann(), at(now));
            let fits = now < expires && start <= now && now < end && allocated < seats;
            prop_assert_eq!(verdict.is_ok(), fits);
        }
    }

    #[test]
    fn an_address_is_recognised_without_being_kept() {
        use super::super::address_digest;
        let deal = deal().id;
        let digest = |raw| address_digest(deal, &Email::parse(raw).unwrap());
        assert_eq!(digest("Ann@Example.com"), digest("ann@example.com"));
        assert_ne!(digest("ann@example.com"), digest("bob@example.com"));
        assert_eq!(digest("ann@example.com").len(), 8);
    }
}
