//! Releasing the seat of an accepted invite, so that somebody else can take it.

use super::{HistoryEvent, Invite, InviteRefusal, InviteState, PersonId, Timestamp, whole_milliseconds};

/// The released invite, and the learner who loses the seat. `expected` is the number of sends that the caller saw, and `by`
/// the manager's address.
pub fn release<'a>(
    existing: Option<&'a Invite>,
    expected: Option<u32>,
    by: Option<&str>,
    now: Timestamp,
) -> Result<(Invite, &'a PersonId), InviteRefusal> {
    let invite = existing.ok_or(InviteRefusal::NotFound)?;
    match (invite.state, &invite.learner) {
        (InviteState::Released, _) => Err(InviteRefusal::AlreadyDone),
        _ if expected.is_some_and(|sends| sends != invite.sends) => Err(InviteRefusal::Stale),
        (InviteState::Accepted, Some(learner)) => {
            let released = Invite {
                state: InviteState::Released,
                name: None,
                removed_at: Some(whole_milliseconds(now)),
                history: invite.history.with(HistoryEvent::Released, now, by),
                ..invite.clone()
            };
            Ok((released, learner))
        }
        _ => Err(InviteRefusal::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Name;
    use super::super::tests::{at, invite};
    use super::*;

    #[test]
    fn only_a_held_seat_is_released() {
        let learner = PersonId::new("issuer", "ann");
        let cases = [
            (InviteState::Accepted, None, Ok(&learner)),
            (InviteState::Accepted, Some(2), Ok(&learner)),
            (InviteState::Accepted, Some(1), Err(InviteRefusal::Stale)),
            (InviteState::Released, Some(1), Err(InviteRefusal::AlreadyDone)),
            (InviteState::Open, None, Err(InviteRefusal::NotFound)),
            (InviteState::Expired, None, Err(InviteRefusal::NotFound)),
            (InviteState::Declined, None, Err(InviteRefusal::NotFound)),
            (InviteState::Cancelled, None, Err(InviteRefusal::NotFound)),
        ];
        for (state, expected_sends, verdict) in cases {
            let existing = Invite { state, learner: Some(learner.clone()), ..invite() };
            let released = release(Some(&existing), expected_sends, None, at(9));
            assert_eq!(released.map(|(_, learner)| learner), verdict, "{state:?}");
        }
        assert_eq!(release(None, None, None, at(9)), Err(InviteRefusal::NotFound));
    }

    #[test]
    fn a_released_invite_keeps_no_name_and_says_when_and_by_whom() {
        let (state, learner) = (InviteState::Accepted, Some(PersonId::new("issuer", "ann")));
        let held = Invite { state, learner, name: Name::clean("Ann"), ..invite() };
        let now = at(9) + chrono::Duration::milliseconds(7);
        let (released, _) = release(Some(&held), None, Some("max@acme.example"), now).unwrap();
        let (state, removed_at) = (InviteState::Released, Some(now));
        let history = held.history.with(HistoryEvent::Released, now, Some("max@acme.example"));
        assert_eq!(released, Invite { state, removed_at, name: None, history, ..held });
    }
}
