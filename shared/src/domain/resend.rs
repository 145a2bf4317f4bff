//! Resending: a new link and four new weeks, for a pending or expired invite, any number of times.

use super::limit::{RecipientLimit, TooSoon};
use super::{InviteRecord, Stored, Timestamp};
use chrono::Duration;

/// Within this time of a resend, another one without `If-Match` is taken for a second click.
pub const DOUBLE_CLICK: Duration = Duration::seconds(10);

/// Why nothing was resent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResendRefusal {
    /// No such invite, or one that was cancelled or released.
    NotFound,
    /// The learner holds a seat.
    AlreadyAccepted,
    /// It was sent again since the caller looked.
    Stale,
    /// It was resent within [`DOUBLE_CLICK`], and the caller did not say what they saw.
    JustResent,
    /// It was sent too often lately.
    TooSoon(TooSoon),
}

/// Whether to resend at `now`; `expected` is the number of sends that the caller saw.
///
/// # Errors
/// The reason against it.
pub fn may_resend(
    existing: Option<&InviteRecord>,
    expected: Option<u32>,
    limit: RecipientLimit,
    now: Timestamp,
) -> Result<(), ResendRefusal> {
    let record = existing.ok_or(ResendRefusal::NotFound)?;
    match record.invite.stored {
        Stored::Cancelled | Stored::Released => return Err(ResendRefusal::NotFound),
        Stored::Accepted => return Err(ResendRefusal::AlreadyAccepted),
        Stored::Open | Stored::Expired => {}
    }
    match (expected, record.resent_at) {
        (Some(sends), _) if sends != record.invite.sends => Err(ResendRefusal::Stale),
        (None, Some(resent_at)) if now < resent_at + DOUBLE_CLICK => Err(ResendRefusal::JustResent),
        _ => limit.check(record, now).map_err(ResendRefusal::TooSoon),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, record};
    use super::*;

    fn may(
        existing: Option<&InviteRecord>,
        expected: Option<u32>,
        now: Timestamp,
    ) -> Result<(), ResendRefusal> {
        may_resend(existing, expected, RecipientLimit::NONE, now)
    }

    #[test]
    fn only_what_is_not_accepted_or_taken_back_is_resent() {
        let cases = [
            (Stored::Open, Ok(())),
            (Stored::Expired, Ok(())),
            (Stored::Accepted, Err(ResendRefusal::AlreadyAccepted)),
            (Stored::Cancelled, Err(ResendRefusal::NotFound)),
            (Stored::Released, Err(ResendRefusal::NotFound)),
        ];
        for (stored, expected) in cases {
            let mut existing = record();
            existing.invite.stored = stored;
            assert_eq!(may(Some(&existing), None, at(50)), expected, "{stored:?}");
        }
        assert_eq!(may(None, None, at(50)), Err(ResendRefusal::NotFound));
    }

    #[test]
    fn a_double_click_sends_once() {
        let resent = InviteRecord { resent_at: Some(at(50)), ..record() };
        assert_eq!(may(Some(&resent), None, at(59)), Err(ResendRefusal::JustResent));
        assert_eq!(may(Some(&resent), None, at(60)), Ok(()));
        assert_eq!(may(Some(&resent), Some(1), at(51)), Err(ResendRefusal::Stale));
        assert_eq!(may(Some(&resent), Some(2), at(51)), Ok(()));
    }

    #[test]
    fn a_double_click_is_answered_before_any_limit() {
        let resent = InviteRecord { resent_at: Some(at(50)), ..record() };
        let limit = RecipientLimit { per_day: 1, interval: Duration::zero() };
        let verdict = |expected, now| may_resend(Some(&resent), expected, limit, now);
        assert_eq!(verdict(None, at(59)), Err(ResendRefusal::JustResent));
        assert_eq!(verdict(Some(1), at(59)), Err(ResendRefusal::Stale));
        let too_soon = ResendRefusal::TooSoon(TooSoon { retry_at: at(86_410) });
        assert_eq!(verdict(Some(2), at(59)), Err(too_soon));
        assert_eq!(verdict(None, at(86_410)), Ok(()));
    }
}
