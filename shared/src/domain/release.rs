//! Releasing the seat of an accepted invite, so that somebody else can take it.

use super::{Invite, InviteRefusal, InviteState, PersonId};

/// The invite, and the learner who loses the seat. `expected` is the number of sends that the caller saw.
pub fn may_release(
    existing: Option<&Invite>,
    expected: Option<u32>,
) -> Result<(&Invite, &PersonId), InviteRefusal> {
    let invite = existing.ok_or(InviteRefusal::NotFound)?;
    match (invite.state, &invite.learner) {
        (InviteState::Released, _) => Err(InviteRefusal::AlreadyDone),
        _ if expected.is_some_and(|sends| sends != invite.sends) => Err(InviteRefusal::Stale),
        (InviteState::Accepted, Some(learner)) => Ok((invite, learner)),
        _ => Err(InviteRefusal::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::invite;
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
            assert_eq!(may_release(Some(&existing), expected_sends).map(|held| held.1), verdict, "{state:?}");
        }
        assert_eq!(may_release(None, None), Err(InviteRefusal::NotFound));
    }
}
