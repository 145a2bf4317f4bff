//! Inviting an address: there is one invite for it (I3), and no state of it blocks for ever.

use super::limit::{RecipientLimit, TooSoon};
use super::{InviteRecord, Stored, Timestamp};

/// Why an address is not invited (again).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendRefusal {
    /// It was invited and may still accept.
    AlreadyPending,
    /// It holds a seat.
    AlreadyAccepted,
    /// It was sent too often lately.
    TooSoon(TooSoon),
}

/// Whether the address of `existing` may be invited at `now`. The caller has seen that the deal is active.
///
/// # Errors
/// The state that speaks against it.
pub fn may_invite(
    existing: Option<&InviteRecord>,
    limit: RecipientLimit,
    now: Timestamp,
) -> Result<(), SendRefusal> {
    let Some(record) = existing else { return Ok(()) };
    match record.invite.stored {
        Stored::Accepted => Err(SendRefusal::AlreadyAccepted),
        Stored::Open if now < record.invite.expires_at => Err(SendRefusal::AlreadyPending),
        _ => limit.check(record, now).map_err(SendRefusal::TooSoon),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, record};
    use super::*;
    use chrono::Duration;

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
            let verdict = may_invite(Some(&existing), RecipientLimit::NONE, at(now));
            assert_eq!(verdict, expected, "{stored:?} at {now}");
        }
        assert_eq!(may_invite(None, RecipientLimit::NONE, at(0)), Ok(()));
    }

    #[test]
    fn what_blocks_for_good_outranks_what_passes() {
        let limit = RecipientLimit { per_day: 0, interval: Duration::hours(1) };
        let verdict = |stored| {
            let mut existing = record();
            existing.invite.stored = stored;
            may_invite(Some(&existing), limit, at(50))
        };
        assert_eq!(verdict(Stored::Accepted), Err(SendRefusal::AlreadyAccepted));
        assert_eq!(verdict(Stored::Open), Err(SendRefusal::AlreadyPending));
        let too_soon = SendRefusal::TooSoon(TooSoon { retry_at: at(3_610) });
        assert_eq!(verdict(Stored::Cancelled), Err(too_soon));
    }
}
