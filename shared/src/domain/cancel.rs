//! Cancelling: a manager takes back an invite that nobody has accepted.

use super::{InviteRecord, Stored};

/// Why nothing was cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CancelRefusal {
    /// No such invite.
    NotFound,
    /// It was taken back before: asking again is no error.
    AlreadyDone,
    /// The learner holds a seat.
    AlreadyAccepted,
    /// It was sent again since the caller looked.
    Stale,
}

/// Whether to cancel; `expected` is the number of sends that the caller saw.
///
/// # Errors
/// The reason against it.
pub fn may_cancel(existing: Option<&InviteRecord>, expected: Option<u32>) -> Result<(), CancelRefusal> {
    let invite = &existing.ok_or(CancelRefusal::NotFound)?.invite;
    match invite.stored {
        Stored::Cancelled | Stored::Released => Err(CancelRefusal::AlreadyDone),
        Stored::Accepted => Err(CancelRefusal::AlreadyAccepted),
        Stored::Open | Stored::Expired if expected.is_some_and(|sends| sends != invite.sends) => {
            Err(CancelRefusal::Stale)
        }
        Stored::Open | Stored::Expired => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::record;
    use super::*;

    #[test]
    fn what_can_be_cancelled() {
        let cases = [
            (Stored::Open, None, Ok(())),
            (Stored::Open, Some(2), Ok(())),
            (Stored::Open, Some(1), Err(CancelRefusal::Stale)),
            (Stored::Expired, None, Ok(())),
            (Stored::Accepted, None, Err(CancelRefusal::AlreadyAccepted)),
            (Stored::Cancelled, Some(1), Err(CancelRefusal::AlreadyDone)),
            (Stored::Released, None, Err(CancelRefusal::AlreadyDone)),
        ];
        for (stored, expected_sends, verdict) in cases {
            let mut existing = record();
            existing.invite.stored = stored;
            assert_eq!(may_cancel(Some(&existing), expected_sends), verdict, "{stored:?}");
        }
        assert_eq!(may_cancel(None, None), Err(CancelRefusal::NotFound));
    }
}
