//! Claiming: a queued mail whose lease is over gets one more attempt. A claim is a lease: until it ends,
//! nobody else mails the invite. Each claim adds a link to the send's links, so that every mail of the send
//! works, whichever attempts got through (I5).

use super::{
    Deal, DealState, FailureReason, Invite, LinkHash, Outdated, Timestamp, whole_milliseconds, whole_seconds,
};
use chrono::Duration;

/// Attempts of one send, unanswered ones included, before its mail fails for good.
pub const MOST_ATTEMPTS: u32 = 8;

/// The longest deferral of a mail whose deal has not started. The start may be changed to an earlier time.
const LONGEST_DEFERRAL: Duration = Duration::hours(1);

#[derive(Clone, Debug)]
pub struct NewAttempt {
    pub link: LinkHash,
    pub lifetime: Duration,
    /// The lease of a first attempt; see [`retry_delay`].
    pub lease: Duration,
    /// Random, from 0 to 1.
    pub jitter: f64,
}

/// Claims the mail for one more attempt, defers it until its deal starts, or fails it for good with the
/// reason (I4). [`Outdated`] if the mail is sent or held, or the invite accepted, resent or cancelled.
pub fn take_up(
    existing: Option<&Invite>,
    deal: &Deal,
    attempt: &NewAttempt,
    now: Timestamp,
) -> Result<Invite, Outdated> {
    let invite = existing.filter(|invite| invite.is_queued()).ok_or(Outdated)?;
    if invite.lease_until.is_some_and(|lease_until| now < lease_until) {
        return Err(Outdated);
    }
    let failed = |reason| invite.failed(reason, now);
    Ok(match deal.state(now) {
        DealState::Ended => failed(FailureReason::DealEnded),
        _ if invite.expires_at <= now => failed(FailureReason::NotSentInTime),
        DealState::Upcoming => {
            let due_at = whole_milliseconds(deal.starts_at.min(now + LONGEST_DEFERRAL));
            Invite { lease_until: Some(due_at), ..invite.clone() }
        }
        DealState::Active if invite.attempts >= MOST_ATTEMPTS => failed(FailureReason::TooManyAttempts),
        DealState::Active => {
            let (attempted_at, attempts) = (whole_seconds(now), invite.attempts + 1);
            let lease = retry_delay(attempt.lease, attempts, attempt.jitter);
            Invite {
                links: invite.links.with(&attempt.link),
                attempted_at,
                attempts,
                expires_at: attempted_at + attempt.lifetime,
                lease_until: Some(whole_milliseconds(now + lease)),
                ..invite.clone()
            }
        }
    })
}

/// The lease of the `attempt`-th attempt: `lease`, doubling to an hour, plus up to a fifth by `jitter`, so
/// that mails that failed together do not come back together.
pub fn retry_delay(lease: Duration, attempt: u32, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let delay = (lease * (1 << doublings)).min(Duration::hours(1).max(lease)).as_seconds_f64();
    let millis = delay * 1_000.0 * (1.0 + 0.2 * jitter.clamp(0.0, 1.0));
    #[expect(clippy::cast_possible_truncation, reason = "at most 1.2 hours or leases, in milliseconds")]
    Duration::milliseconds(millis as i64)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, deal, invite, link};
    use super::super::{Delivery, InviteState};
    use super::*;
    use proptest::prelude::*;

    fn attempt() -> NewAttempt {
        NewAttempt {
            link: link(9),
            lifetime: Duration::seconds(90),
            lease: Duration::minutes(1),
            jitter: 0.0,
        }
    }

    fn taken_up(invite: &Invite, deal: &Deal, now: i64) -> Result<Invite, Outdated> {
        take_up(Some(invite), deal, &attempt(), at(now))
    }

    #[test]
    fn i5_a_further_attempt_adds_a_link_and_restarts_the_lifetime() {
        let claimed = taken_up(&invite(), &deal(), 75).unwrap();
        // Who declined by an older link gets the mail all the same: the manager asked for it.
        let declined = Invite { state: InviteState::Declined, ..invite() };
        assert_eq!(
            taken_up(&declined, &deal(), 75),
            Ok(Invite { state: InviteState::Declined, ..claimed.clone() })
        );
        assert_eq!(claimed.links.current, [link(1), link(9)]);
        assert_eq!((claimed.attempts, claimed.attempted_at, claimed.expires_at), (2, at(75), at(165)));
        // The second lease is twice as long as the first.
        assert_eq!(claimed.lease_until, Some(at(195)));
        assert_eq!((claimed.sends, claimed.queued), (invite().sends, invite().queued));
    }

    #[test]
    fn i4_a_queued_mail_is_attempted_or_says_why_not() {
        let (late, ended) = (Deal { starts_at: at(180), ..deal() }, Deal { ends_at: at(75), ..deal() });
        let worn = Invite { attempts: MOST_ATTEMPTS, ..invite() };
        let cases = [
            (invite(), ended, 75, FailureReason::DealEnded),
            (invite(), deal(), 100, FailureReason::NotSentInTime),
            (invite(), late.clone(), 100, FailureReason::NotSentInTime),
            (worn, deal(), 75, FailureReason::TooManyAttempts),
        ];
        for (invite, deal, now, reason) in cases {
            let taken_up = taken_up(&invite, &deal, now).unwrap();
            assert_eq!(taken_up.delivery, Delivery::Failed { reason, at: at(now) });
            assert_eq!(taken_up.state, InviteState::Open);
        }
        let deferred = taken_up(&invite(), &late, 75).unwrap();
        assert_eq!(deferred, Invite { lease_until: Some(at(180)), ..invite() });
        let much_later = Deal { starts_at: at(90_000), ends_at: at(100_000), ..deal() };
        assert_eq!(taken_up(&invite(), &much_later, 75).unwrap().lease_until, Some(at(75 + 3_600)));
    }

    #[test]
    fn a_lease_ends_at_a_whole_millisecond_as_the_table_keeps_it() {
        let now = at(75) + Duration::nanoseconds(1_999_999);
        let upcoming = Deal { starts_at: at(90_000), ends_at: at(100_000), ..deal() };
        for (deal, lease) in [(upcoming, 3_600), (deal(), 120)] {
            let taken_up = take_up(Some(&invite()), &deal, &attempt(), now).unwrap();
            assert_eq!(taken_up.lease_until, Some(at(75 + lease) + Duration::milliseconds(1)));
        }
    }

    #[test]
    fn one_deliverer_at_a_time() {
        let held = Invite { lease_until: Some(at(130)), ..invite() };
        assert_eq!(taken_up(&held, &deal(), 75), Err(Outdated));
        let sent = Invite { delivery: Delivery::Sent, ..invite() };
        assert_eq!(taken_up(&sent, &deal(), 75), Err(Outdated));
        for state in
            [InviteState::Accepted, InviteState::Expired, InviteState::Cancelled, InviteState::Released]
        {
            assert_eq!(taken_up(&Invite { state, ..invite() }, &deal(), 75), Err(Outdated), "{state:?}");
        }
    }

    proptest! {
        #[test]
        fn attempts_back_off_to_an_hour(attempt in 0_u32..100, jitter in 0.0_f64..1.0) {
            let delay = |attempt| retry_delay(Duration::minutes(1), attempt, jitter);
            prop_assert!((Duration::minutes(1)..=Duration::minutes(72)).contains(&delay(attempt)));
            prop_assert!(delay(attempt + 1) >= delay(attempt));
        }
    }
}
