//! Reminding: a reminder is a further mail of a send, with the same expiry. Each send stores the reminders of its deal, so
//! a changed setting applies to later sends. A reminder that cannot go out in its time is dropped
//! (`docs/decisions/0034-a-reminder-goes-out-in-its-time-or-never.md`).

use super::claim::{MOST_ATTEMPTS, NewAttempt, retry_delay};
use super::limit::RecipientLimit;
use super::{
    Deal, DealState, Delivery, HistoryEvent, Invite, InviteState, Outdated, Timestamp, whole_milliseconds,
};
use chrono::Duration;

/// How long after a mail the reminders of a new deal go.
pub const DEFAULT_REMINDERS: [Duration; MOST_REMINDERS] = [Duration::days(7), Duration::days(21)];

const MOST_REMINDERS: usize = 2;

pub fn check_reminders(after: &[Duration], lifetime: Duration) -> Result<(), &'static str> {
    if after.len() > MOST_REMINDERS {
        Err("must have at most 2 times")
    } else if !after.is_sorted_by(|one, next| one < next) {
        Err("must be in increasing order")
    } else if after.last().is_some_and(|last| *last >= lifetime) {
        Err("must be shorter than the lifetime of an invite")
    } else {
        Ok(())
    }
}

impl Invite {
    /// The times of the send's reminders, and then the last tenth of its lifetime, when none goes out. Empty after an
    /// answer, and if the mail did not arrive.
    fn reminder_times(&self) -> impl Iterator<Item = Timestamp> {
        let is_out =
            matches!(self.delivery, Delivery::Sent | Delivery::Delayed { .. } | Delivery::Delivered { .. });
        let sent = self.sent.filter(|_| is_out && self.state == InviteState::Open);
        sent.into_iter().flat_map(move |sent| {
            let end = sent.until - (sent.until - sent.at) / 10;
            let times = self.reminders.iter().map(move |after| sent.at + *after);
            times.take_while(move |at| *at < end).chain([end])
        })
    }

    /// The reminder that is neither mailed nor dropped: when its time begins and ends.
    fn next_reminder(&self) -> Option<(Timestamp, Timestamp)> {
        let mut times = self.reminder_times().skip(self.reminded.into());
        Some((times.next()?, times.next()?))
    }

    /// When the next reminder is due; once it is claimed, when its lease ends.
    pub fn reminder_due_at(&self) -> Option<Timestamp> {
        self.next_reminder().map(|(begins, _)| self.lease_until.unwrap_or(begins))
    }

    /// What people see. A row of an index does not know how many reminders went out, so the time alone decides.
    pub fn remind_at(&self, deal_ends_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let mut later = self.reminder_times().skip_while(|at| *at <= now);
        let (next, _) = (later.next()?, later.next()?);
        (next < deal_ends_at && self.opted_out_at.is_none()).then_some(next)
    }

    /// The next reminder is dropped. If it was claimed, the history says that it failed (I4).
    pub(super) fn without_reminder(&self, now: Timestamp) -> Self {
        let next = self.after_reminder();
        match self.remind_attempts {
            0 => next,
            _ => Self { history: self.history.with(HistoryEvent::Failed, now, None), ..next },
        }
    }

    fn after_reminder(&self) -> Self {
        Self { reminded: self.reminded + 1, remind_attempts: 0, lease_until: None, ..self.clone() }
    }

    /// The reminder with this number is out. Another attempt of it may have been recorded, and the invite answered.
    pub(super) fn reminded(&self, number: u8, now: Timestamp) -> Self {
        let mut next = if self.reminded == number { self.after_reminder() } else { self.clone() };
        next.send_times.insert(0, whole_milliseconds(now));
        next.history = next.history.with(HistoryEvent::Reminded, now, None);
        next
    }
}

/// Claims the reminder for one more attempt, or drops it. [`Outdated`] if the reminder is held, mailed or dropped, or the
/// invite answered, resent or cancelled. `is_stopped` if sending is paused, or SES takes no mail from the account.
pub fn take_up_reminder(
    existing: Option<&Invite>,
    deal: &Deal,
    attempt: &NewAttempt,
    limit: RecipientLimit,
    is_stopped: bool,
    now: Timestamp,
) -> Result<Invite, Outdated> {
    let invite = existing.ok_or(Outdated)?;
    let (begins, ends) = invite.next_reminder().ok_or(Outdated)?;
    if now < invite.lease_until.unwrap_or(begins) {
        return Err(Outdated);
    }
    let may_go_out = !is_stopped
        && invite.opted_out_at.is_none()
        && now < ends
        && invite.remind_attempts < MOST_ATTEMPTS
        && deal.state(now) == DealState::Active
        && deal.available() > 0
        && limit.check(invite, now).is_ok();
    if !may_go_out {
        return Ok(invite.without_reminder(now));
    }
    let remind_attempts = invite.remind_attempts + 1;
    let lease = retry_delay(attempt.lease, remind_attempts, attempt.jitter);
    Ok(Invite {
        links: invite.links.with(&attempt.link),
        remind_attempts,
        lease_until: Some(whole_milliseconds(now + lease)),
        ..invite.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::super::answer::{opt_in, opt_out};
    use super::super::outcome::{Outcome, record_outcome};
    use super::super::resend::resend;
    use super::super::tests::{STATES, at, deal, invite, link, new_send};
    use super::super::track::track;
    use super::super::{BounceReason, Delivery, FailureReason, Links, Sent};
    use super::*;

    /// Sent at 10 until 110, with reminders at 40 and 70. The last tenth begins at 100.
    fn sent() -> Invite {
        Invite {
            delivery: Delivery::Sent,
            sent: Some(Sent { at: at(10), until: at(110) }),
            expires_at: at(110),
            lease_until: None,
            reminders: [30, 60].map(Duration::seconds).to_vec(),
            ..invite()
        }
    }

    fn taken_up(
        invite: &Invite,
        deal: &Deal,
        limit: RecipientLimit,
        is_stopped: bool,
        now: i64,
    ) -> Result<Invite, Outdated> {
        let lifetime = Duration::seconds(100);
        let attempt = NewAttempt { link: link(9), lifetime, lease: Duration::seconds(2), jitter: 0.0 };
        take_up_reminder(Some(invite), deal, &attempt, limit, is_stopped, at(now))
    }

    /// Without a limit, for a deal that runs and has free seats.
    fn claimed(invite: &Invite, now: i64) -> Result<Invite, Outdated> {
        taken_up(invite, &deal(), RecipientLimit::NONE, false, now)
    }

    fn recorded(invite: &Invite, claimed: &Invite, outcome: Outcome) -> Result<Invite, Outdated> {
        let attempt = claimed.attempt(claimed.links.current.last().unwrap()).unwrap();
        record_outcome(Some(invite), &attempt, outcome, at(41))
    }

    #[test]
    fn reminders_are_at_most_two_in_order_and_within_the_lifetime() {
        let cases: [(&[i64], _); 8] = [
            (&[], Ok(())),
            (&[99], Ok(())),
            (&[1, 99], Ok(())),
            (&[100], Err("must be shorter than the lifetime of an invite")),
            (&[7, 100], Err("must be shorter than the lifetime of an invite")),
            (&[7, 7], Err("must be in increasing order")),
            (&[8, 7], Err("must be in increasing order")),
            (&[1, 2, 3], Err("must have at most 2 times")),
        ];
        for (after, verdict) in cases {
            let after: Vec<_> = after.iter().copied().map(Duration::seconds).collect();
            assert_eq!(check_reminders(&after, Duration::seconds(100)), verdict, "{after:?}");
        }
    }

    #[test]
    fn i4_a_reminder_is_due_at_its_time_and_once() {
        assert_eq!(claimed(&sent(), 39), Err(Outdated));
        let first = claimed(&sent(), 40).unwrap();
        assert_eq!((first.remind_attempts, first.reminder_due_at()), (1, Some(at(42))));
        assert_eq!(claimed(&first, 41), Err(Outdated), "one deliverer at a time");
        let once = recorded(&first, &first, Outcome::Sent).unwrap();
        assert_eq!((once.reminded, once.remind_attempts, once.reminder_due_at()), (1, 0, Some(at(70))));
        assert_eq!(once.history.newest_first().next().map(|entry| entry.event), Some(HistoryEvent::Reminded));
        assert_eq!(claimed(&once, 69), Err(Outdated));
        let second = claimed(&once, 70).unwrap();
        let twice = recorded(&second, &second, Outcome::Sent).unwrap();
        assert_eq!((twice.reminded, twice.reminder_due_at()), (2, None));
        assert_eq!(claimed(&twice, 99), Err(Outdated));
    }

    #[test]
    fn i5_a_reminder_adds_a_link_to_its_send_and_changes_no_expiry() {
        let first = claimed(&sent(), 40).unwrap();
        assert_eq!(first.links.current, [link(1), link(9)]);
        let reminded = recorded(&first, &first, Outcome::Sent).unwrap();
        for after in [first, reminded] {
            let untouched = |invite: &Invite| {
                let times = (invite.sent, invite.expires_at, invite.attempted_at, invite.queued);
                (times, invite.sends, invite.attempts, invite.delivery, invite.state)
            };
            assert_eq!(untouched(&after), untouched(&sent()));
        }
    }

    #[test]
    fn i10_nobody_is_reminded_after_an_answer_or_of_a_mail_that_did_not_arrive() {
        let bounced = Delivery::Bounced { reason: BounceReason::Temporary, at: at(20) };
        let failed = Delivery::Failed { reason: FailureReason::RenderingFailed, at: at(20) };
        let (delayed, delivered) = (Delivery::Delayed { at: at(20) }, Delivery::Delivered { at: at(20) });
        let cases = [
            (Delivery::Sent, true),
            (delayed, true),
            (delivered, true),
            (Delivery::Queued, false),
            (failed, false),
            (bounced, false),
            (Delivery::Complained { at: at(20) }, false),
        ];
        for (delivery, is_reminded) in cases {
            for state in STATES {
                let invite = Invite { state, delivery, ..sent() };
                let is_reminded = is_reminded && state == InviteState::Open;
                assert_eq!(claimed(&invite, 40).is_ok(), is_reminded, "{state:?}, {delivery:?}");
                assert_eq!(
                    invite.remind_at(at(1_000), at(20)).is_some(),
                    is_reminded,
                    "{state:?}, {delivery:?}"
                );
            }
        }
    }

    #[test]
    fn i10_an_opt_out_promises_no_reminder_until_it_is_lifted() {
        let out = opt_out(Some(&sent()), None, at(20)).unwrap();
        let dropped = claimed(&out, 40).unwrap();
        assert_eq!((dropped.reminded, dropped.remind_attempts), (1, 0));
        let promised = |invite: &Invite, now| invite.remind_at(at(1_000), at(now));
        assert_eq!((promised(&out, 20), promised(&dropped, 40)), (None, None));
        let lifted = [out, dropped].map(|invite| opt_in(Some(&invite)).unwrap());
        assert_eq!((promised(&lifted[0], 20), promised(&lifted[1], 40)), (Some(at(40)), Some(at(70))));
        assert_eq!(lifted.map(|invite| invite.reminder_due_at()), [Some(at(40)), Some(at(70))]);
    }

    #[test]
    fn what_cannot_go_out_at_its_time_is_dropped() {
        let (none, full) = (RecipientLimit::NONE, Deal { allocated: 3, ..deal() });
        let (ended, upcoming) = (Deal { ends_at: at(40), ..deal() }, Deal { starts_at: at(50), ..deal() });
        let limit = RecipientLimit { per_day: 1, ..none };
        let worn = Invite { remind_attempts: MOST_ATTEMPTS, lease_until: Some(at(40)), ..sent() };
        let claimed_in_time = Invite { remind_attempts: 1, lease_until: Some(at(42)), ..sent() };
        let cases = [
            ("the deal is full", &sent(), &full, none, false, 40),
            ("the deal has ended", &sent(), &ended, none, false, 40),
            ("the deal has not begun", &sent(), &upcoming, none, false, 40),
            ("the recipient's limit is reached", &sent(), &deal(), limit, false, 40),
            ("nobody may mail", &sent(), &deal(), none, true, 40),
            ("every attempt is used", &worn, &deal(), none, false, 40),
            ("the next reminder is due", &sent(), &deal(), none, false, 70),
            ("the next reminder is due", &claimed_in_time, &deal(), none, false, 70),
        ];
        for (why, invite, deal, limit, is_stopped, now) in cases {
            let dropped = taken_up(invite, deal, limit, is_stopped, now).unwrap();
            let mut expected = Invite { reminded: 1, ..sent() };
            if invite.remind_attempts > 0 {
                expected.history = expected.history.with(HistoryEvent::Failed, at(now), None);
            }
            assert_eq!(dropped, expected, "{why}");
        }
        let last = Invite { reminded: 1, ..sent() };
        assert_eq!(claimed(&last, 99).unwrap().remind_attempts, 1);
        assert_eq!(claimed(&last, 100).unwrap().reminded, 2, "in the last tenth of the lifetime");
    }

    #[test]
    fn no_reminder_is_due_in_the_last_tenth_of_the_lifetime() {
        for (after, is_due) in [(89, true), (90, false), (200, false)] {
            let invite = Invite { reminders: vec![Duration::seconds(after)], ..sent() };
            assert_eq!(invite.reminder_due_at().is_some(), is_due, "after {after} s");
        }
    }

    #[test]
    fn people_see_the_next_reminder_of_a_deal_that_runs() {
        for (now, ends, shown) in [
            (39, 1_000, Some(40)),
            (40, 1_000, Some(70)),
            (70, 1_000, None),
            (39, 41, Some(40)),
            (39, 40, None),
        ] {
            assert_eq!(sent().remind_at(at(ends), at(now)), shown.map(at), "at {now}, until {ends}");
        }
    }

    #[test]
    fn i4_a_failed_reminder_is_dropped_and_its_invite_stays_sent() {
        let first = claimed(&sent(), 40).unwrap();
        let dropped = recorded(&first, &first, Outcome::Failed(FailureReason::OptedOut)).unwrap();
        let history = sent().history.with(HistoryEvent::Failed, at(41), None);
        assert_eq!(dropped, Invite { links: first.links.clone(), reminded: 1, history, ..sent() });
    }

    #[test]
    fn i4_a_requeued_reminder_keeps_its_link_unless_no_mail_carries_it() {
        let first = claimed(&sent(), 40).unwrap();
        let due_at = at(50);
        let requeued =
            |was_attempted| recorded(&first, &first, Outcome::Requeued { due_at, was_attempted }).unwrap();
        assert_eq!(requeued(true), Invite { lease_until: Some(due_at), ..first.clone() });
        assert_eq!(requeued(false), Invite { lease_until: Some(due_at), ..sent() });
        assert_eq!(claimed(&requeued(false), 49), Err(Outdated));
        assert_eq!(claimed(&requeued(true), 50).unwrap().remind_attempts, 2);
    }

    #[test]
    fn i4_an_outcome_belongs_to_its_own_attempt() {
        let first = claimed(&sent(), 40).unwrap();
        let links = Links { current: vec![link(1), link(9), link(4)], ..first.links.clone() };
        let again = Invite { links, remind_attempts: 2, lease_until: Some(at(60)), ..first.clone() };
        let failed = Outcome::Failed(FailureReason::MessageRejected);
        let requeued = Outcome::Requeued { due_at: at(50), was_attempted: true };
        for other in [again.clone(), Invite { state: InviteState::Declined, ..first.clone() }] {
            assert!(recorded(&other, &first, failed).is_err());
            assert!(recorded(&other, &first, requeued).is_err());
        }
        // The mail of the first attempt did go out, and that of the second one, too.
        let once = recorded(&again, &first, Outcome::Sent).unwrap();
        assert_eq!((once.reminded, once.lease_until), (1, None));
        let both = recorded(&once, &again, Outcome::Sent).unwrap();
        assert_eq!((both.reminded, both.send_times.len()), (1, 2));
        let resent = resend(Some(&again), None, &new_send(3), at(42)).unwrap();
        assert!(recorded(&resent, &again, Outcome::Sent).is_err(), "a newer send has reminders of its own");
        assert_eq!((resent.reminded, resent.remind_attempts), (0, 0));
    }

    #[test]
    fn i4_a_reminder_that_went_out_is_recorded_in_every_state() {
        let first = claimed(&sent(), 40).unwrap();
        for state in STATES {
            let answered = Invite { state, lease_until: None, ..first.clone() };
            let recorded = recorded(&answered, &first, Outcome::Sent).unwrap();
            assert_eq!((recorded.state, recorded.reminded, recorded.history.entries.len()), (state, 1, 1));
        }
    }

    #[test]
    fn i9_an_event_leaves_a_claimed_reminder_with_its_claim() {
        let first = claimed(&sent(), 40).unwrap();
        let told = track(Some(&first), 2, Delivery::Delivered { at: at(41) }).unwrap();
        let attempt = |invite: &Invite| invite.attempt(&link(9));
        assert_eq!(attempt(&told), attempt(&first));
        assert!(attempt(&first).is_some());
    }
}
