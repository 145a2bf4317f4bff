//! Claiming: taking up a mail that is still queued, for one more try.
//!
//! A claim is a lease: while it lasts nobody else mails the invite. It adds a link to the send's, so that every
//! mail of the send works, whichever tries got through (I5).

use super::{Deal, DealState, Delivery, FailureReason, InviteRecord, Stored, Timestamp};
use chrono::Duration;

/// Tries of one send, those without an answer included, before its mail is given up.
pub const MOST_TRIES: u32 = 8;

/// Why a queued mail is not tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimRefusal {
    /// It is no longer this send's turn: sent, taken by another deliverer, accepted, resent, cancelled.
    NotDue,
    /// The deal has not begun (its start was moved): not now, but then.
    DealNotStarted,
    /// It will never be sent, for this reason.
    Never(FailureReason),
}

/// Whether to take up at `now` what a deliverer saw in the due index with `sends` and `due_at`.
///
/// # Errors
/// The reason against it.
pub fn may_claim(
    record: &InviteRecord,
    deal: &Deal,
    sends: u32,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), ClaimRefusal> {
    let invite = &record.invite;
    let is_its_turn = invite.stored == Stored::Open
        && invite.delivery == Delivery::Queued
        && invite.sends == sends
        && record.due_at == Some(due_at);
    if !is_its_turn {
        return Err(ClaimRefusal::NotDue);
    }
    match deal.state(now) {
        DealState::Ended => Err(ClaimRefusal::Never(FailureReason::DealEnded)),
        _ if invite.expires_at <= now => Err(ClaimRefusal::Never(FailureReason::NotSentInTime)),
        DealState::Upcoming => Err(ClaimRefusal::DealNotStarted),
        DealState::Active if record.tries >= MOST_TRIES => {
            Err(ClaimRefusal::Never(FailureReason::TooManyTries))
        }
        DealState::Active => Ok(()),
    }
}

/// How long the `tries`-th try of a send is left alone: a lease (a minute), doubling to an hour, and up to a fifth
/// more, so that what failed together does not come back together. `jitter` is a random number from 0 to 1.
#[must_use]
pub fn retry_delay(lease: Duration, tries: u32, jitter: f64) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    let delay = (lease * (1 << doublings)).min(Duration::hours(1).max(lease)).as_seconds_f64();
    let millis = delay * 1_000.0 * (1.0 + 0.2 * jitter.clamp(0.0, 1.0));
    #[expect(clippy::cast_possible_truncation, reason = "at most 1.2 hours or leases, in milliseconds")]
    Duration::milliseconds(millis as i64)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, deal, record};
    use super::*;
    use proptest::prelude::*;

    fn verdict(record: &InviteRecord, deal: &Deal, now: i64) -> Result<(), ClaimRefusal> {
        may_claim(record, deal, 2, at(70), at(now))
    }

    #[test]
    fn i4_a_queued_mail_is_tried_or_says_why_not() {
        let late_start = Deal { starts_at: at(180), ..deal() };
        let ended = Deal { ends_at: at(75), ..deal() };
        let worn = InviteRecord { tries: MOST_TRIES, ..record() };
        let never = |reason| Err(ClaimRefusal::Never(reason));
        assert_eq!(verdict(&record(), &deal(), 75), Ok(()));
        assert_eq!(verdict(&record(), &late_start, 75), Err(ClaimRefusal::DealNotStarted));
        assert_eq!(verdict(&record(), &late_start, 100), never(FailureReason::NotSentInTime));
        assert_eq!(verdict(&record(), &ended, 75), never(FailureReason::DealEnded));
        assert_eq!(verdict(&record(), &deal(), 100), never(FailureReason::NotSentInTime));
        assert_eq!(verdict(&worn, &deal(), 75), never(FailureReason::TooManyTries));
    }

    #[test]
    fn one_deliverer_at_a_time() {
        let claimed = InviteRecord { due_at: Some(at(130)), ..record() };
        assert_eq!(verdict(&claimed, &deal(), 75), Err(ClaimRefusal::NotDue));
        let mut sent = record();
        sent.invite.delivery = Delivery::Sent;
        assert_eq!(verdict(&sent, &deal(), 75), Err(ClaimRefusal::NotDue));
        let mut resent = record();
        resent.invite.sends = 3;
        assert_eq!(verdict(&resent, &deal(), 75), Err(ClaimRefusal::NotDue));
    }

    proptest! {
        #[test]
        fn tries_back_off_to_an_hour(tries in 0_u32..100, jitter in 0.0_f64..1.0) {
            let delay = |tries| retry_delay(Duration::minutes(1), tries, jitter);
            prop_assert!((Duration::minutes(1)..=Duration::minutes(72)).contains(&delay(tries)));
            prop_assert!(delay(tries + 1) >= delay(tries));
        }
    }
}
