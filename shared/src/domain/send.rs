//! Inviting an address: there is one invite for it (I3), and no state of it blocks for ever.

use super::{InviteRecord, Stored, Timestamp};

/// Why an address is not invited (again).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendRefusal {
    /// It was invited and may still accept.
    AlreadyPending,
    /// It holds a seat.
    AlreadyAccepted,
}

/// Whether the address of `existing` may be invited at `now`. The caller has seen that the deal is active.
///
/// # Errors
/// The state that speaks against it.
pub fn may_invite(existing: Option<&InviteRecord>, now: Timestamp) -> Result<(), SendRefusal> {
    match existing.map(|record| &record.invite) {
        Some(invite) if invite.stored == Stored::Accepted => Err(SendRefusal::AlreadyAccepted),
        Some(invite) if invite.stored == Stored::Open && now < invite.expires_at => {
            Err(SendRefusal::AlreadyPending)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, record};
    use super::*;

    #[test]
    fn i3_only_a_pending_or_accepted_invite_blocks() {
        let cases = [
            (Stored::Open, 99, Err(SendRefusal::AlreadyPending)),
            (Stored::Open, 100, Ok(())),
            (Stored::Accepted, 100, Err(SendRefusal::AlreadyAccepted)),
            (Stored::Expired, 100, Ok(())),
            (Stored::Cancelled, 99, Ok(())),
            (Stored::Released, 99, Ok(())),
        ];
        for (stored, now, expected) in cases {
            let mut existing = record();
            existing.invite.stored = stored;
            assert_eq!(may_invite(Some(&existing), at(now)), expected, "{stored:?} at {now}");
        }
        assert_eq!(may_invite(None, at(0)), Ok(()));
    }
}
