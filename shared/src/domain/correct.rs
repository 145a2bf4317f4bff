//! Correcting an invite. Another address is another invite (I3): the old one is withdrawn and the new address is
//! invited, in one write. Another spelling or name changes the invite in place, and sends nothing.

use super::cancel::cancel;
use super::send::{Invitee, invite};
use super::{Email, HistoryEvent, Invite, InviteId, InviteRefusal, Name, NewSend, Timestamp};

#[derive(Clone, Debug)]
pub struct Correction<'a> {
    /// The number of sends that the caller saw.
    pub expected: Option<u32>,
    pub email: Option<Email>,
    /// The inner `None` removes the name.
    pub name: Option<Option<Name>>,
    /// The manager's address.
    pub by: Option<&'a str>,
}

/// The old invite, cancelled: its links stop working.
pub fn withdraw(
    existing: Option<&Invite>,
    correction: &Correction<'_>,
    new: InviteId,
    now: Timestamp,
) -> Result<Invite, InviteRefusal> {
    let cancelled = cancel(existing, correction.expected, correction.by, now)?;
    let history = cancelled.history.with(HistoryEvent::Corrected, now, correction.by);
    Ok(Invite { corrected_to: Some(new), history, ..cancelled })
}

/// The new address's invite, queued.
pub fn invite_instead(
    existing: Option<&Invite>,
    old: InviteId,
    invitee: &Invitee,
    send: &NewSend,
    now: Timestamp,
) -> Result<Invite, InviteRefusal> {
    let replacement = invite(existing, invitee, send, now).map_err(|refusal| match refusal {
        InviteRefusal::AlreadyPending | InviteRefusal::AlreadyAccepted => InviteRefusal::AlreadyInvited,
        other => other,
    })?;
    let history = replacement.history.with(HistoryEvent::Corrected, now, send.invited_by.as_deref());
    Ok(Invite { corrected_from: Some(old), history, ..replacement })
}

/// The same address in another spelling, or another name. What changes nothing is not a correction.
pub fn correct_in_place(
    existing: Option<&Invite>,
    correction: &Correction<'_>,
    now: Timestamp,
) -> Result<Invite, InviteRefusal> {
    // What may not be withdrawn may not be changed either.
    cancel(existing, correction.expected, correction.by, now)?;
    let invite = existing.ok_or(InviteRefusal::NotFound)?;
    let corrected = Invite {
        email: correction.email.clone().unwrap_or_else(|| invite.email.clone()),
        name: correction.name.clone().unwrap_or_else(|| invite.name.clone()),
        ..invite.clone()
    };
    if corrected == *invite {
        return Ok(corrected);
    }
    let history = corrected.history.with(HistoryEvent::Corrected, now, correction.by);
    Ok(Invite { history, ..corrected })
}

#[cfg(test)]
mod tests {
    use super::super::InviteState;
    use super::super::limit::RecipientLimit;
    use super::super::tests::{at, invite as sample, link, new_send};
    use super::*;
    use chrono::Duration;

    const OTHER: InviteId = InviteId([9; 16]);

    fn correction(expected: Option<u32>, email: Option<&str>, name: Option<&str>) -> Correction<'static> {
        let email = email.map(|email| Email::parse(email).unwrap());
        Correction { expected, email, name: name.map(Name::clean), by: Some("manager") }
    }

    fn events(invite: &Invite) -> Vec<(HistoryEvent, Option<&str>)> {
        invite.history.newest_first().map(|entry| (entry.event, entry.by)).collect()
    }

    #[test]
    fn only_an_invite_that_is_neither_accepted_nor_removed_is_corrected() {
        let cases = [
            (InviteState::Open, Some(2), Ok(())),
            (InviteState::Expired, None, Ok(())),
            (InviteState::Declined, None, Ok(())),
            (InviteState::Open, Some(1), Err(InviteRefusal::Stale)),
            (InviteState::Accepted, None, Err(InviteRefusal::AlreadyAccepted)),
            (InviteState::Cancelled, None, Err(InviteRefusal::AlreadyDone)),
            (InviteState::Released, None, Err(InviteRefusal::AlreadyDone)),
        ];
        for (state, expected, verdict) in cases {
            let existing = Invite { state, ..sample() };
            let correction = correction(expected, None, Some("Ann"));
            let in_place = correct_in_place(Some(&existing), &correction, at(50)).map(|_| ());
            assert_eq!(in_place, verdict, "{state:?}, in place");
            let withdrawn = withdraw(Some(&existing), &correction, OTHER, at(50)).map(|_| ());
            assert_eq!(withdrawn, verdict, "{state:?}, withdrawn");
        }
        let correction = correction(None, None, Some("Ann"));
        let not_found = InviteRefusal::NotFound;
        assert_eq!(correct_in_place(None, &correction, at(50)), Err(not_found));
    }

    #[test]
    fn a_spelling_or_a_name_changes_nothing_else() {
        let corrected = correct_in_place(
            Some(&sample()),
            &correction(None, Some("Ann@Example.com"), Some("Ann")),
            at(50),
        );
        let corrected = corrected.unwrap();
        assert_eq!(
            (corrected.email.as_typed(), corrected.name.clone()),
            ("Ann@Example.com", Name::clean("Ann"))
        );
        assert_eq!(events(&corrected), [(HistoryEvent::Corrected, Some("manager"))]);
        let Invite { email, name, history, .. } = sample();
        assert_eq!(Invite { email, name, history, ..corrected }, sample());
        let same = correction(None, Some("ann@example.com"), None);
        assert_eq!(correct_in_place(Some(&sample()), &same, at(50)), Ok(sample()));
    }

    #[test]
    fn another_address_is_invited_and_both_histories_say_so() {
        let correction = correction(None, Some("bob@example.com"), None);
        let old = withdraw(Some(&sample()), &correction, OTHER, at(50)).unwrap();
        assert_eq!((old.state, old.corrected_to), (InviteState::Cancelled, Some(OTHER)));
        let by = Some("manager");
        assert_eq!(events(&old), [(HistoryEvent::Corrected, by), (HistoryEvent::Cancelled, by)]);
        let email = correction.email.clone().unwrap();
        let invitee = Invitee { id: OTHER, email, name: None };
        let send = NewSend { invited_by: Some("manager".to_owned()), ..new_send(3) };
        let new = invite_instead(None, old.id, &invitee, &send, at(50)).unwrap();
        assert_eq!((new.sends, &new.links.current, new.corrected_from), (1, &vec![link(3)], Some(old.id)));
        assert_eq!(events(&new), [(HistoryEvent::Corrected, by), (HistoryEvent::Invited, by)]);
    }

    #[test]
    fn an_address_that_is_invited_already_is_refused_and_limits_hold() {
        let Invite { id, email, name, .. } = sample();
        let invitee = Invitee { id, email, name };
        let limit = RecipientLimit { per_day: 0, interval: Duration::hours(1) };
        let send = NewSend { limit, ..new_send(3) };
        let cases = [
            (InviteState::Open, InviteRefusal::AlreadyInvited),
            (InviteState::Accepted, InviteRefusal::AlreadyInvited),
            (InviteState::Cancelled, InviteRefusal::TooSoon(at(3_610))),
        ];
        for (state, refusal) in cases {
            let existing = Invite { state, ..sample() };
            let refused = invite_instead(Some(&existing), OTHER, &invitee, &send, at(50));
            assert_eq!(refused, Err(refusal), "{state:?}");
        }
    }
}
