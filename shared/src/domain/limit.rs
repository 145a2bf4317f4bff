//! Limits on sends to a recipient, by a manager and for a deal. They keep anybody from flooding a mailbox,
//! but never cap how often an invite can be resent in all (docs/decisions/0020-limits-of-sending.md).

use super::{Deal, Invite, Timestamp, whole_seconds};
use chrono::Duration;

/// An invite remembers this many send times, so a higher limit could not be checked.
pub const MOST_PER_DAY: u32 = 10;

/// The least daily limit of a deal. A higher one would let a small deal flood one mailbox: every plus tag is
/// an address with its own limit.
const DEAL_FLOOR: u32 = 50;

/// Sends a day for each seat of a deal.
const DEAL_FACTOR: u32 = 5;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecipientLimit {
    /// Sends within any 24 hours, up to [`MOST_PER_DAY`]; 0 is no limit.
    pub per_day: u32,
    /// The least time between two sends; zero is no limit.
    pub interval: Duration,
}

impl RecipientLimit {
    pub const NONE: Self = Self { per_day: 0, interval: Duration::zero() };

    /// How many send times to remember besides the newest.
    fn older_sends(self) -> usize {
        usize::try_from(self.per_day.min(MOST_PER_DAY).saturating_sub(1)).unwrap_or_default()
    }

    /// The send times that a new send keeps, newest first.
    pub(super) fn remembered(self, invite: &Invite) -> Vec<Timestamp> {
        let mut times = times(invite);
        times.truncate(self.older_sends());
        times
    }

    /// The error is the earliest time of another send, in whole seconds.
    pub fn check(self, invite: &Invite, now: Timestamp) -> Result<(), Timestamp> {
        let times = times(invite);
        let first_of_the_day = times.get(self.older_sends()).filter(|_| self.per_day > 0);
        // Without a limit nothing is compared: two requests at once may see each other's time as later than their own.
        let interval = Some(self.interval).filter(|interval| !interval.is_zero());
        let free_at = first_of_the_day
            .map(|first| *first + Duration::days(1))
            .max(interval.and_then(|interval| Some(*times.first()? + interval)));
        match free_at.filter(|free_at| now < *free_at) {
            Some(free_at) => Err(next_second(free_at)),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SendingLimits {
    pub recipient: RecipientLimit,
    /// 0 is no limit.
    pub manager_per_hour: u32,
    /// 0 is no limit; `None` derives the limit from the deal's seats.
    pub deal_per_day: Option<u32>,
}

impl SendingLimits {
    pub fn per_day(&self, deal: &Deal) -> u32 {
        self.deal_per_day.unwrap_or_else(|| deal.seats.saturating_mul(DEAL_FACTOR).max(DEAL_FLOOR))
    }
}

/// When its known sends were requested and its reminders went out, newest first.
fn times(invite: &Invite) -> Vec<Timestamp> {
    let mut times: Vec<_> = invite.send_times.iter().copied().chain([invite.queued.at]).collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    times
}

/// Rounds up, so that the time shown is never before the end of the limit.
pub fn next_second(at: Timestamp) -> Timestamp {
    whole_seconds(at + Duration::milliseconds(999))
}

#[cfg(test)]
mod tests {
    use super::super::Queued;
    use super::super::tests::{at, deal, invite};
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 86_400;

    /// An invite with these request times, newest first.
    fn sent_at(times: &[i64]) -> Invite {
        let (newest, older) = times.split_first().unwrap();
        let send_times = older.iter().map(|time| at(*time)).collect();
        Invite { queued: Queued { at: at(*newest), order: 0 }, send_times, ..invite() }
    }

    #[test]
    fn three_a_day_and_one_in_ten_minutes() {
        let limit = RecipientLimit { per_day: 3, interval: Duration::minutes(10) };
        let cases: [(&[i64], i64, Result<(), i64>); 7] = [
            (&[0], 599, Err(600)),
            (&[0], 600, Ok(())),
            (&[600, 0], 1_200, Ok(())),
            (&[1_200, 600, 0], 1_800, Err(DAY)),
            (&[1_200, 600, 0], DAY, Ok(())),
            (&[DAY, 1_200, 600], DAY + 600, Ok(())),
            (&[DAY, 1_200, 600], DAY + 599, Err(DAY + 600)),
        ];
        for (times, now, expected) in cases {
            let verdict = limit.check(&sent_at(times), at(now));
            assert_eq!(verdict, expected.map_err(at), "{times:?} at {now}");
        }
    }

    #[test]
    fn a_reminder_counts_like_a_send() {
        for (per_day, reminders, now, expected) in [
            (1, &[DAY][..], DAY + 601, Err(2 * DAY)),
            (3, &[DAY + 5, DAY], 2 * DAY, Ok(())),
            (2, &[DAY + 5, DAY], 2 * DAY - 1, Err(2 * DAY)),
            (0, &[DAY], DAY + 599, Err(DAY + 600)),
        ] {
            let limit = RecipientLimit { per_day, interval: Duration::minutes(10) };
            let send_times = reminders.iter().map(|time| at(*time)).collect();
            let reminded = Invite { send_times, ..sent_at(&[0]) };
            let verdict = limit.check(&reminded, at(now));
            assert_eq!(verdict, expected.map_err(at), "{per_day} a day, {reminders:?} at {now}");
            assert!(limit.remembered(&reminded).is_sorted_by(|one, next| one >= next));
        }
    }

    #[test]
    fn without_a_limit_a_send_may_come_before_the_newest_one() {
        assert_eq!(RecipientLimit::NONE.check(&sent_at(&[100, 50]), at(99)), Ok(()));
    }

    proptest! {
        /// Also: a refusal names the exact time of the next send.
        #[test]
        fn no_day_has_more_sends_than_the_limit(per_day in 1_u32..6, interval in 0_i64..3_000, steps in prop::collection::vec(1_i64..20_000, 1..40)) {
            let limit = RecipientLimit { per_day, interval: Duration::seconds(interval) };
            let (mut sent, mut now, mut invite): (Vec<i64>, i64, Invite) = (vec![0], 0, sent_at(&[0]));
            for step in steps {
                now += step;
                match limit.check(&invite, at(now)) {
                    Ok(()) => {
                        sent.push(now);
                        invite = Invite {
                            send_times: limit.remembered(&invite),
                            queued: Queued { at: at(now), order: 0 },
                            ..invite
                        };
                    }
                    Err(retry_at) => {
                        prop_assert!(limit.check(&invite, retry_at).is_ok());
                        prop_assert!(limit.check(&invite, retry_at - Duration::seconds(1)).is_err());
                    }
                }
            }
            for (index, first) in sent.iter().enumerate() {
                let in_a_day = sent[index..].iter().take_while(|time| **time < first + DAY).count();
                prop_assert!(in_a_day <= usize::try_from(per_day).unwrap());
            }
            prop_assert!(sent.windows(2).all(|two| two[1] - two[0] >= interval));
        }
    }

    #[test]
    fn a_deal_may_send_five_mails_a_day_for_each_seat_and_at_least_fifty() {
        let limits = |deal_per_day| SendingLimits {
            recipient: RecipientLimit::NONE,
            manager_per_hour: 0,
            deal_per_day,
        };
        let of = |seats| Deal { seats, ..deal() };
        for (seats, per_day) in [(1, 50), (3, 50), (10, 50), (11, 55), (101, 505)] {
            assert_eq!(limits(None).per_day(&of(seats)), per_day, "{seats} seats");
        }
        assert_eq!(limits(Some(7)).per_day(&of(101)), 7);
        assert_eq!(limits(Some(0)).per_day(&of(101)), 0);
    }

    #[test]
    fn the_end_of_a_limit_is_rounded_up_to_a_second() {
        let half = at(5) + Duration::milliseconds(1);
        assert_eq!((next_second(at(5)), next_second(half)), (at(5), at(6)));
    }
}
