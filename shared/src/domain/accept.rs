//! Accepting: a learner turns a link that was really sent into a seat.

use super::{Deal, DealState, Invite, InviteState, LinkHash, PersonId, Timestamp};

/// Why a link does not accept, or cannot give another answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkRefusal {
    /// The link was never sent. Nothing more is said of the invite (I6).
    UnknownInvite,
    /// The same learner accepted before, and gets the same answer again.
    AlreadyYours {
        accepted_at: Timestamp,
    },
    Cancelled,
    Superseded,
    AcceptedByAnother,
    /// To any other answer, whoever accepted.
    AlreadyAccepted,
    /// The link accepts, and a seat is free: there is nothing to ask for.
    StillValid,
    Expired,
    /// By another invite of the same deal.
    AlreadySeated,
    DealNotStarted,
    DealEnded,
    DealFull,
}

/// The invite's reason outranks the seat's, and the seat's outranks the deal's. `None` for an invite or a deal that is
/// known to accept, and `Some(None)` if there is none.
pub fn may_accept(
    invite: Option<Option<&Invite>>,
    deal: Option<Option<&Deal>>,
    holds_seat: bool,
    link: &LinkHash,
    learner: &PersonId,
    now: Timestamp,
) -> Result<(), LinkRefusal> {
    if let Some(invite) = invite {
        invite_accepts(known(invite, link)?, link, learner, now)?;
    }
    match deal {
        _ if holds_seat => Err(LinkRefusal::AlreadySeated),
        Some(deal) => deal_accepts(deal.ok_or(LinkRefusal::UnknownInvite)?, now),
        None => Ok(()),
    }
}

/// The invite, if the link was really sent for it.
pub fn known<'a>(invite: Option<&'a Invite>, link: &LinkHash) -> Result<&'a Invite, LinkRefusal> {
    invite.filter(|invite| invite.links.know(link)).ok_or(LinkRefusal::UnknownInvite)
}

/// Links of older sends, and of cancelled invites, show nothing of the invite.
pub fn may_preview(invite: &Invite, link: &LinkHash) -> Result<(), LinkRefusal> {
    match invite.state {
        InviteState::Cancelled | InviteState::Released => Err(LinkRefusal::Cancelled),
        _ if !invite.links.current.contains(link) => Err(LinkRefusal::Superseded),
        _ => Ok(()),
    }
}

pub fn invite_accepts(
    invite: &Invite,
    link: &LinkHash,
    learner: &PersonId,
    now: Timestamp,
) -> Result<(), LinkRefusal> {
    match (invite.state, invite.accepted_at) {
        (InviteState::Accepted, Some(accepted_at)) if invite.learner.as_ref() == Some(learner) => {
            return Err(LinkRefusal::AlreadyYours { accepted_at });
        }
        _ => may_preview(invite, link)?,
    }
    match invite.state {
        InviteState::Accepted => Err(LinkRefusal::AcceptedByAnother),
        _ if invite.is_acceptable(now) => Ok(()),
        _ => Err(LinkRefusal::Expired),
    }
}

pub fn deal_accepts(deal: &Deal, now: Timestamp) -> Result<(), LinkRefusal> {
    match deal.state(now) {
        DealState::Upcoming => Err(LinkRefusal::DealNotStarted),
        DealState::Ended => Err(LinkRefusal::DealEnded),
        DealState::Active if deal.available() == 0 => Err(LinkRefusal::DealFull),
        DealState::Active => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{STATES, at, deal, invite, link};
    use super::super::{Email, Links};
    use super::*;
    use proptest::prelude::*;

    fn ann() -> PersonId {
        PersonId::new("issuer", "ann")
    }

    #[test]
    fn one_reason_for_each_case() {
        let with = |state, of_link, now| {
            let learner = Some(PersonId::new("issuer", "bob"));
            let invite = Invite { state, accepted_at: Some(at(20)), learner, ..invite() };
            may_accept(Some(Some(&invite)), Some(Some(&deal())), false, &link(of_link), &ann(), at(now))
        };
        let (newest, older, forged) = (1, 2, 9);
        assert_eq!(with(InviteState::Open, newest, 99), Ok(()));
        assert_eq!(with(InviteState::Open, newest, 100), Err(LinkRefusal::Expired));
        assert_eq!(with(InviteState::Expired, newest, 99), Err(LinkRefusal::Expired));
        assert_eq!(with(InviteState::Declined, newest, 99), Ok(()));
        assert_eq!(with(InviteState::Declined, newest, 100), Err(LinkRefusal::Expired));
        assert_eq!(with(InviteState::Open, older, 99), Err(LinkRefusal::Superseded));
        assert_eq!(with(InviteState::Cancelled, older, 99), Err(LinkRefusal::Cancelled));
        assert_eq!(with(InviteState::Released, newest, 99), Err(LinkRefusal::Cancelled));
        assert_eq!(with(InviteState::Accepted, newest, 99), Err(LinkRefusal::AcceptedByAnother));
        for state in STATES {
            assert_eq!(with(state, forged, 99), Err(LinkRefusal::UnknownInvite), "{state:?}");
        }
    }

    #[test]
    fn every_link_of_the_newest_send_accepts() {
        let links = Links { current: vec![link(1), link(3)], ..Links::default() };
        let invite = Invite { links, ..invite() };
        for number in [1, 3] {
            let verdict =
                may_accept(Some(Some(&invite)), Some(Some(&deal())), false, &link(number), &ann(), at(50));
            assert_eq!(verdict, Ok(()), "link {number}");
        }
    }

    #[test]
    fn accepting_again_keeps_the_first_date() {
        let accepted_at = Some(at(20));
        let mine = Invite { state: InviteState::Accepted, accepted_at, learner: Some(ann()), ..invite() };
        let again = may_accept(Some(Some(&mine)), Some(Some(&deal())), true, &link(1), &ann(), at(500));
        assert_eq!(again, Err(LinkRefusal::AlreadyYours { accepted_at: at(20) }));
    }

    #[test]
    fn the_invite_outranks_the_seat_and_the_seat_the_deal() {
        let full = Deal { allocated: 3, ..deal() };
        let refusal = |holds_seat, now| {
            may_accept(Some(Some(&invite())), Some(Some(&full)), holds_seat, &link(1), &ann(), at(now))
        };
        assert_eq!(refusal(true, 100), Err(LinkRefusal::Expired));
        assert_eq!(refusal(true, 99), Err(LinkRefusal::AlreadySeated));
        assert_eq!(refusal(false, 99), Err(LinkRefusal::DealFull));
    }

    proptest! {
        #[test]
        fn i1_i2_a_seat_needs_time_left_and_a_free_seat(
            seats in 1_u32..4, allocated in 0_u32..4, expires in 0_i64..20, start in 0_i64..20, end in 0_i64..20,
            now in 0_i64..20,
        ) {
            let deal = Deal { seats, allocated, starts_at: at(start), ends_at: at(end), ..deal() };
            let invite = Invite { expires_at: at(expires), ..invite() };
            let verdict = may_accept(Some(Some(&invite)), Some(Some(&deal)), false, &link(1), &ann(), at(now));
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
