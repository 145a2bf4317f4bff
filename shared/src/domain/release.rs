//! Releasing: a manager takes back the seat of an accepted invite.

use super::{InviteRecord, PersonId, Stored};

/// Why no seat was released.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReleaseRefusal {
    /// No such invite, or none that holds a seat.
    NotFound,
    /// It was released before: asking again is no error.
    AlreadyDone,
    /// It was sent again since the caller looked.
    Stale,
}

/// Whose seat to release; `expected` is the number of sends that the caller saw.
///
/// # Errors
/// The reason against it.
pub fn may_release(
    existing: Option<&InviteRecord>,
    expected: Option<u32>,
) -> Result<&PersonId, ReleaseRefusal> {
    let record = existing.ok_or(ReleaseRefusal::NotFound)?;
    match (record.invite.stored, &record.learner) {
        (Stored::Released, _) => Err(ReleaseRefusal::AlreadyDone),
        _ if expected.is_some_and(|sends| sends != record.invite.sends) => Err(ReleaseRefusal::Stale),
        (Stored::Accepted, Some(learner)) => Ok(learner),
        _ => Err(ReleaseRefusal::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::record;
    use super::*;

    #[test]
    fn only_a_held_seat_is_released() {
        let learner = PersonId::new("issuer", "ann");
        let cases = [
            (Stored::Accepted, None, Ok(&learner)),
            (Stored::Accepted, Some(2), Ok(&learner)),
            (Stored::Accepted, Some(1), Err(ReleaseRefusal::Stale)),
            (Stored::Released, Some(1), Err(ReleaseRefusal::AlreadyDone)),
            (Stored::Open, None, Err(ReleaseRefusal::NotFound)),
            (Stored::Expired, None, Err(ReleaseRefusal::NotFound)),
            (Stored::Cancelled, None, Err(ReleaseRefusal::NotFound)),
        ];
        for (stored, expected_sends, verdict) in cases {
            let mut existing = InviteRecord { learner: Some(learner.clone()), ..record() };
            existing.invite.stored = stored;
            assert_eq!(may_release(Some(&existing), expected_sends), verdict, "{stored:?}");
        }
        assert_eq!(may_release(None, None), Err(ReleaseRefusal::NotFound));
    }
}
