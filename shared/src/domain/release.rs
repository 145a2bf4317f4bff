//! Releasing the seat of an accepted invite, so that somebody else can take it.

use super::PersonId;
use super::cancel::CancelRefusal;
use super::invite::{Invite, InviteState};

/// The invite, and the learner who loses the seat. `expected` is the number of sends that the caller saw.
pub fn may_release(
    existing: Option<&Invite>,
    expected: Option<u32>,
) -> Result<(&Invite, &PersonId), CancelRefusal> {
    let invite = existing.ok_or(CancelRefusal::NotFound)?;
    match (invite.state, &invite.learner) {
        (InviteState::Released, _) => Err(CancelRefusal::AlreadyDone),
        _ if expected.is_some_and(|sends| sends != invite.sends) => Err(CancelRefusal::Stale),
        (InviteState::Accepted, Some(learner)) => Ok((invite, learner)),
        _ => Err(CancelRefusal::NotFound),
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
            (InviteState::Accepted, Some(1), Err(CancelRefusal::Stale)),
            (InviteState::Released, Some(1), Err(CancelRefusal::AlreadyDone)),
            (InviteState::Open, None, Err(CancelRefusal::NotFound)),
            (InviteState::Expired, None, Err(CancelRefusal::NotFound)),
            (InviteState::Declined, None, Err(CancelRefusal::NotFound)),
            (InviteState::Cancelled, None, Err(CancelRefusal::NotFound)),
        ];
        for (state, expected_sends, verdict) in cases {
            let existing = Invite { state, learner: Some(learner.clone()), ..invite() };
            assert_eq!(may_release(Some(&existing), expected_sends).map(|held| held.1), verdict, "{state:?}");
        }
        assert_eq!(may_release(None, None), Err(CancelRefusal::NotFound));
    }
}
