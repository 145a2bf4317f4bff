//! Inviting: an address has one invite (I3), and no state of the invite blocks the address for ever.

use super::{
    Delivery, Email, HistoryEvent, Invite, InviteId, InviteRefusal, InviteState, Links, Name, NewSend,
    Timestamp, whole_milliseconds, whole_seconds,
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitee {
    /// Derived from the deal and the address.
    pub id: InviteId,
    pub email: Email,
    pub name: Option<Name>,
}

/// The caller has checked that the deal is active.
pub fn invite(
    existing: Option<&Invite>,
    invitee: &Invitee,
    send: &NewSend,
    now: Timestamp,
) -> Result<Invite, InviteRefusal> {
    if send.opted_out {
        return Err(InviteRefusal::OptedOut);
    }
    match existing.map(|invite| (invite.state, invite)) {
        None => {}
        Some((InviteState::Accepted, _)) => return Err(InviteRefusal::AlreadyAccepted),
        Some((InviteState::Open, invite)) if now < invite.expires_at => {
            return Err(InviteRefusal::AlreadyPending);
        }
        Some((_, invite)) => send.limit.check(invite, now).map_err(InviteRefusal::TooSoon)?,
    }
    // A list without names takes nobody's name away.
    let known = || existing.and_then(|invite| invite.name.clone());
    let invitee = Invitee { name: invitee.name.clone().or_else(known), ..invitee.clone() };
    Ok(send.queue(existing, invitee, HistoryEvent::Invited, now))
}

impl NewSend {
    /// The invite, open and queued under a lease, with one link that works.
    pub(super) fn queue(
        &self,
        before: Option<&Invite>,
        Invitee { id, email, name }: Invitee,
        event: HistoryEvent,
        now: Timestamp,
    ) -> Invite {
        let attempted_at = whole_seconds(now);
        let history = before.map(|invite| invite.history.clone()).unwrap_or_default();
        Invite {
            id,
            email,
            name,
            state: InviteState::Open,
            queued: self.queued,
            sent: before.and_then(|invite| invite.sent),
            expires_at: attempted_at + self.lifetime,
            accepted_at: None,
            accepted_as: None,
            invited_by: self.invited_by.clone(),
            sends: before.map_or(0, |invite| invite.sends) + 1,
            delivery: Delivery::Queued,
            links: before.map_or_else(
                || Links::default().with(&self.link),
                |invite| invite.links.superseded_by(&self.link),
            ),
            attempted_at,
            attempts: 1,
            lease_until: Some(whole_milliseconds(now + self.lease)),
            resent_at: None,
            send_times: before.map(|invite| self.limit.remembered(invite)).unwrap_or_default(),
            learner: None,
            removed_at: None,
            declined_at: None,
            asked: None,
            opted_out_at: None,
            corrected_to: None,
            corrected_from: before.and_then(|invite| invite.corrected_from),
            reminders: self.reminders.clone(),
            reminded: 0,
            remind_attempts: 0,
            history: history.with(event, now, self.invited_by.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::limit::RecipientLimit;
    use super::super::tests::{at, invite as sample, link, new_send};
    use super::super::{Asked, AskedFor, FailureReason, History, PersonId, Sent};
    use super::*;
    use chrono::Duration;

    fn invitee() -> Invitee {
        let Invite { id, email, name, .. } = sample();
        Invitee { id, email, name }
    }

    fn in_state(state: InviteState) -> Invite {
        Invite { state, ..sample() }
    }

    #[test]
    fn i3_only_a_pending_or_accepted_invite_blocks() {
        let cases = [
            (InviteState::Open, 99, Err(InviteRefusal::AlreadyPending)),
            (InviteState::Open, 100, Ok(3)),
            (InviteState::Accepted, 100, Err(InviteRefusal::AlreadyAccepted)),
            (InviteState::Expired, 100, Ok(3)),
            (InviteState::Declined, 99, Ok(3)),
            (InviteState::Cancelled, 99, Ok(3)),
            (InviteState::Released, 99, Ok(3)),
        ];
        for (state, now, expected) in cases {
            let invited = invite(Some(&in_state(state)), &invitee(), &new_send(3), at(now));
            assert_eq!(invited.map(|invite| invite.sends), expected, "{state:?} at {now}");
            let send = NewSend { opted_out: true, ..new_send(3) };
            let refused = invite(Some(&in_state(state)), &invitee(), &send, at(now));
            assert_eq!(refused, Err(InviteRefusal::OptedOut), "I10: {state:?} at {now}");
        }
    }

    #[test]
    fn an_invite_without_a_name_keeps_the_name_that_is_known() {
        let [ann, bob] = ["Ann", "Bob"].map(Name::clean);
        let before = Invite { name: ann.clone(), ..in_state(InviteState::Declined) };
        for (given, kept) in [(None, &ann), (bob.clone(), &bob)] {
            let invitee = Invitee { name: given, ..invitee() };
            assert_eq!(&invite(Some(&before), &invitee, &new_send(3), at(99)).unwrap().name, kept);
        }
    }

    #[test]
    fn i4_a_first_send_is_queued_under_a_lease() {
        let invited = invite(None, &invitee(), &new_send(1), at(10)).unwrap();
        assert!(invited.is_queued());
        assert_eq!((invited.sends, invited.attempts, invited.lease_until), (1, 1, Some(at(70))));
        assert_eq!((invited.expires_at, invited.sent), (at(10) + Duration::weeks(4), None));
        assert_eq!((invited.links.current, invited.links.superseded), (vec![link(1)], Vec::new()));
        assert!(invited.send_times.is_empty());
    }

    #[test]
    fn a_row_that_is_written_late_comes_after_what_happened_meanwhile() {
        let history = History::default().with(HistoryEvent::Cancelled, at(55), None);
        let cancelled = Invite { history, ..in_state(InviteState::Cancelled) };
        // Requested at 50.
        let invited = invite(Some(&cancelled), &invitee(), &new_send(3), at(60)).unwrap();
        let events: Vec<_> = invited.history.newest_first().map(|entry| entry.event).collect();
        assert_eq!(events, [HistoryEvent::Invited, HistoryEvent::Cancelled]);
    }

    #[test]
    fn a_new_send_replaces_the_last_one() {
        let released = Invite {
            state: InviteState::Released,
            accepted_at: Some(at(20)),
            accepted_as: Some("digest".to_owned()),
            learner: Some(PersonId::new("issuer", "ann")),
            resent_at: Some(at(15)),
            removed_at: Some(at(30)),
            declined_at: Some(at(25)),
            corrected_to: Some(sample().id),
            corrected_from: Some(sample().id),
            asked: Some(Asked { at: at(26), wanted: AskedFor::Link }),
            sent: Some(Sent { at: at(10), until: at(100) }),
            delivery: Delivery::Failed { reason: FailureReason::MessageRejected, at: at(12) },
            ..sample()
        };
        let invited = invite(Some(&released), &invitee(), &new_send(3), at(50)).unwrap();
        assert_eq!((invited.accepted_at, &invited.accepted_as, &invited.learner), (None, &None, &None));
        assert_eq!((invited.resent_at, invited.removed_at, invited.delivery), (None, None, Delivery::Queued));
        assert_eq!((invited.declined_at, invited.asked), (None, None));
        assert_eq!((invited.corrected_to, invited.corrected_from), (None, Some(sample().id)));
        // The date of the last mail is shown until the next one is out.
        assert_eq!(invited.sent, Some(Sent { at: at(10), until: at(100) }));
        // Only the newest link accepts; the older ones are known as superseded.
        assert_eq!(invited.links.current, [link(3)]);
        assert_eq!(invited.links.superseded, [vec![link(1)], vec![link(2)]]);
    }

    #[test]
    fn a_permanent_refusal_outranks_a_limit() {
        let limit = RecipientLimit { per_day: 0, interval: Duration::hours(1) };
        let send = NewSend { limit, ..new_send(3) };
        let refusal = |state| invite(Some(&in_state(state)), &invitee(), &send, at(50)).unwrap_err();
        assert_eq!(refusal(InviteState::Accepted), InviteRefusal::AlreadyAccepted);
        assert_eq!(refusal(InviteState::Open), InviteRefusal::AlreadyPending);
        let too_soon = InviteRefusal::TooSoon(at(3_610));
        assert_eq!(refusal(InviteState::Cancelled), too_soon);
    }
}
