//! Resending: a pending, expired or declined invite gets a new link and a new lifetime, any number of times.

use super::send::Invitee;
use super::{Delivery, HistoryEvent, Invite, InviteRefusal, InviteState, NewSend, Timestamp};
use chrono::Duration;

/// A second resend within this time, without `If-Match`, counts as a double click.
pub const DOUBLE_CLICK: Duration = Duration::seconds(10);

/// `expected` is the number of sends that the caller saw.
pub fn resend(
    existing: Option<&Invite>,
    expected: Option<u32>,
    send: &NewSend,
    now: Timestamp,
) -> Result<Invite, InviteRefusal> {
    let invite = existing.ok_or(InviteRefusal::NotFound)?;
    match invite.state {
        InviteState::Cancelled | InviteState::Released => return Err(InviteRefusal::NotFound),
        InviteState::Accepted => return Err(InviteRefusal::AlreadyAccepted),
        InviteState::Open | InviteState::Expired | InviteState::Declined => {}
    }
    match (expected, invite.resent_at) {
        (Some(sends), _) if sends != invite.sends => return Err(InviteRefusal::Stale),
        // The time of the click counts. The write may come later, after a conflict.
        (None, Some(resent_at)) if send.queued.at < resent_at + DOUBLE_CLICK => {
            return Err(InviteRefusal::JustResent);
        }
        _ if send.opted_out && matches!(invite.delivery, Delivery::Complained { .. }) => {
            return Err(InviteRefusal::Complained);
        }
        _ if send.opted_out => return Err(InviteRefusal::OptedOut),
        _ => send.limit.check(invite, now).map_err(InviteRefusal::TooSoon)?,
    }
    let same = Invitee { id: invite.id, email: invite.email.clone(), name: invite.name.clone() };
    let next = send.queue(existing, same, HistoryEvent::Resent, now);
    Ok(Invite { resent_at: Some(send.queued.at), ..next })
}

/// Among many invites, nobody looked at this one's bounce. `is_expired` if it was listed as expired: the learner may
/// have declined since.
pub fn resend_among_many(
    existing: Option<&Invite>,
    expected: u32,
    is_expired: bool,
    send: &NewSend,
    now: Timestamp,
) -> Result<Invite, InviteRefusal> {
    match resend(existing, Some(expected), send, now) {
        Ok(_) if is_expired && existing.is_some_and(|invite| invite.state == InviteState::Declined) => {
            Err(InviteRefusal::Stale)
        }
        Ok(_) | Err(InviteRefusal::Complained | InviteRefusal::OptedOut | InviteRefusal::TooSoon(_))
            if existing.is_some_and(Invite::is_undeliverable) =>
        {
            Err(InviteRefusal::Undeliverable)
        }
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::super::limit::RecipientLimit;
    use super::super::tests::{at, invite, link, new_send};
    use super::super::{BounceReason, Queued};
    use super::*;

    fn refusal(
        invite: &Invite,
        expected: Option<u32>,
        limit: RecipientLimit,
        now: i64,
    ) -> Option<InviteRefusal> {
        let queued = Queued { at: at(now), order: 0 };
        resend(Some(invite), expected, &NewSend { queued, limit, ..new_send(3) }, at(now)).err()
    }

    #[test]
    fn only_an_invite_that_is_neither_accepted_nor_removed_is_resent() {
        let cases = [
            (InviteState::Open, None),
            (InviteState::Expired, None),
            (InviteState::Declined, None),
            (InviteState::Accepted, Some(InviteRefusal::AlreadyAccepted)),
            (InviteState::Cancelled, Some(InviteRefusal::NotFound)),
            (InviteState::Released, Some(InviteRefusal::NotFound)),
        ];
        for (state, expected) in cases {
            let existing = Invite { state, ..invite() };
            assert_eq!(refusal(&existing, None, RecipientLimit::NONE, 50), expected, "{state:?}");
        }
        assert_eq!(resend(None, None, &new_send(3), at(50)), Err(InviteRefusal::NotFound));
    }

    #[test]
    fn a_bounced_mail_is_resent_alone_and_a_complaint_once_it_is_lifted() {
        let bounced = |reason| Delivery::Bounced { reason, at: at(20) };
        let cases = [
            (bounced(BounceReason::MailboxUnavailable), None, Some(InviteRefusal::Undeliverable)),
            (bounced(BounceReason::Suppressed), None, Some(InviteRefusal::Undeliverable)),
            (bounced(BounceReason::Temporary), None, None),
            (Delivery::Complained { at: at(20) }, None, Some(InviteRefusal::Undeliverable)),
            (Delivery::Delivered { at: at(20) }, None, None),
        ];
        for (delivery, alone, among_many) in cases {
            let existing = Invite { delivery, ..invite() };
            assert_eq!(resend(Some(&existing), Some(2), &new_send(3), at(50)).err(), alone, "{delivery:?}");
            let refusal =
                |sends, send: &NewSend| resend_among_many(Some(&existing), sends, false, send, at(50)).err();
            assert_eq!(refusal(2, &new_send(3)), among_many, "{delivery:?}");
            assert_eq!(refusal(1, &new_send(3)), Some(InviteRefusal::Stale), "{delivery:?}");
            let limit = RecipientLimit { per_day: 1, interval: Duration::zero() };
            let send = NewSend { limit, ..new_send(3) };
            let too_soon = InviteRefusal::TooSoon(at(86_410));
            assert_eq!(
                refusal(2, &send),
                Some(among_many.unwrap_or(too_soon)),
                "a permanent refusal outranks a limit"
            );
            // I10: an opt-out is answered behind everything else that a manager can learn.
            let send = NewSend { opted_out: true, ..send };
            let is_complaint = matches!(delivery, Delivery::Complained { .. });
            let alone = if is_complaint { InviteRefusal::Complained } else { InviteRefusal::OptedOut };
            assert_eq!(resend(Some(&existing), Some(2), &send, at(50)).err(), Some(alone), "{delivery:?}");
            assert_eq!(refusal(2, &send), among_many.or(Some(InviteRefusal::OptedOut)), "{delivery:?}");
        }
    }

    #[test]
    fn a_declined_invite_is_resent_by_name_and_not_as_an_expired_one() {
        let declined = Invite { state: InviteState::Declined, ..invite() };
        for (is_expired, refusal) in [(false, None), (true, Some(InviteRefusal::Stale))] {
            let resent = resend_among_many(Some(&declined), 2, is_expired, &new_send(3), at(50));
            assert_eq!(resent.err(), refusal, "listed as expired: {is_expired}");
        }
    }

    #[test]
    fn a_resend_is_a_new_send_and_stores_its_time() {
        let resent = resend(Some(&invite()), Some(2), &new_send(3), at(50)).unwrap();
        assert!(resent.is_queued());
        assert_eq!((resent.sends, resent.queued, resent.resent_at), (3, new_send(3).queued, Some(at(50))));
        assert_eq!(resent.links.current, [link(3)]);
        assert_eq!((resent.name.clone(), resent.email.clone()), (invite().name, invite().email));
    }

    #[test]
    fn a_double_click_sends_once() {
        let resent = Invite { resent_at: Some(at(50)), ..invite() };
        let refusal = |expected, now| refusal(&resent, expected, RecipientLimit::NONE, now);
        assert_eq!(refusal(None, 59), Some(InviteRefusal::JustResent));
        assert_eq!(refusal(None, 60), None);
        assert_eq!(refusal(Some(1), 51), Some(InviteRefusal::Stale));
        assert_eq!(refusal(Some(2), 51), None);
        let clicked = NewSend { queued: Queued { at: at(59), order: 0 }, ..new_send(3) };
        let written_late = resend(Some(&resent), None, &clicked, at(70)).err();
        assert_eq!(
            written_late,
            Some(InviteRefusal::JustResent),
            "a write more than ten seconds after the click"
        );
    }

    #[test]
    fn a_double_click_is_answered_before_any_limit() {
        let resent = Invite { resent_at: Some(at(50)), ..invite() };
        let limit = RecipientLimit { per_day: 1, interval: Duration::zero() };
        let refusal = |expected, now| refusal(&resent, expected, limit, now);
        assert_eq!(refusal(None, 59), Some(InviteRefusal::JustResent));
        assert_eq!(refusal(Some(1), 59), Some(InviteRefusal::Stale));
        let too_soon = InviteRefusal::TooSoon(at(86_410));
        assert_eq!(refusal(Some(2), 59), Some(too_soon));
        assert_eq!(refusal(None, 86_410), None);
    }
}
