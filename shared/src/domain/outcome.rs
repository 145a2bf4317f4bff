//! Records the outcome of a mail for its own attempt only. SES may still answer an abandoned attempt, long
//! after a later attempt or a newer send took its place (I4).

use super::{
    Attempt, Delivery, FailureReason, HistoryEvent, Invite, Outdated, Timestamp, whole_milliseconds,
};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Outcome {
    Sent,
    /// The mail will never be sent. A reminder is dropped, and its invite does not fail.
    Failed(FailureReason),
    Requeued {
        due_at: Timestamp,
        /// Whether SES was asked to send this mail. If not, the attempt does not count and its link is
        /// removed, as no mail carries it.
        was_attempted: bool,
    },
}

/// `Sent` is recorded in every state: by then a learner may have accepted, or a manager cancelled.
/// Every other outcome applies only while the mail is queued and held by this very attempt: not another one, and not after a
/// newer send, an acceptance or a cancellation.
pub fn record_outcome(
    existing: Option<&Invite>,
    attempt: &Attempt,
    outcome: Outcome,
    now: Timestamp,
) -> Result<Invite, Outdated> {
    let invite = existing.filter(|invite| invite.links.current.contains(&attempt.link)).ok_or(Outdated)?;
    let is_held = invite.attempt(&attempt.link).as_ref() == Some(attempt);
    match (outcome, attempt.reminder) {
        (Outcome::Sent, Some(number)) => Ok(invite.reminded(number, now)),
        // A later attempt of the same send got through too, and its link works for longer. Or an event or an accept came
        // first.
        (Outcome::Sent, None) if is_sent_since(invite, attempt.sent.at) => {
            let history = invite.history.with(HistoryEvent::Sent, attempt.sent.at, None);
            Ok(Invite { history, ..invite.clone() })
        }
        (Outcome::Sent, None) => Ok(Invite {
            // An event about the mail may have come first (I9).
            delivery: if Delivery::Sent.outranks(invite.delivery) { Delivery::Sent } else { invite.delivery },
            sent: Some(attempt.sent),
            expires_at: attempt.sent.until,
            lease_until: None,
            history: invite.history.with(HistoryEvent::Sent, attempt.sent.at, None),
            ..invite.clone()
        }),
        _ if !is_held => Err(Outdated),
        (Outcome::Failed(_), Some(_)) => Ok(invite.without_reminder(now)),
        (Outcome::Failed(reason), None) => Ok(invite.failed(reason, now)),
        (Outcome::Requeued { due_at, was_attempted }, reminder) => {
            let mut next = Invite { lease_until: Some(whole_milliseconds(due_at)), ..invite.clone() };
            if !was_attempted {
                let attempts =
                    if reminder.is_some() { &mut next.remind_attempts } else { &mut next.attempts };
                *attempts = attempts.saturating_sub(1);
                next.links = invite.links.without(&attempt.link);
            }
            Ok(next)
        }
    }
}

fn is_sent_since(invite: &Invite, at: Timestamp) -> bool {
    invite.delivery.is_out() && invite.sent.is_none_or(|sent| sent.at >= at)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{STATES, at, invite, link};
    use super::super::track::track;
    use super::super::{BounceReason, InviteState, Links, Sent};
    use super::*;

    fn attempt() -> Attempt {
        invite().attempt(&link(1)).unwrap()
    }

    fn recorded(invite: &Invite, outcome: Outcome) -> Result<Invite, Outdated> {
        record_outcome(Some(invite), &attempt(), outcome, at(20))
    }

    #[test]
    fn i4_a_mail_that_went_out_is_recorded_for_the_newest_send() {
        let sent = Sent { at: at(10), until: at(100) };
        let history = invite().history.with(HistoryEvent::Sent, at(10), None);
        let as_sent =
            Invite { delivery: Delivery::Sent, sent: Some(sent), lease_until: None, history, ..invite() };
        let failed = Delivery::Failed { reason: FailureReason::TooManyAttempts, at: at(20) };
        let before = Invite { sent: Some(Sent { at: at(9), until: at(99) }), ..as_sent.clone() };
        for existing in [invite(), Invite { delivery: failed, ..invite() }, before] {
            assert_eq!(
                recorded(&existing, Outcome::Sent),
                Ok(Invite { lease_until: None, ..as_sent.clone() })
            );
        }
        let later =
            Invite { sent: Some(Sent { at: at(11), until: at(101) }), expires_at: at(101), ..as_sent };
        assert_eq!(recorded(&later, Outcome::Sent), Ok(later.clone()));
        let resent = Invite { links: invite().links.superseded_by(&link(3)), ..invite() };
        assert_eq!(recorded(&resent, Outcome::Sent), Err(Outdated));
        assert_eq!(record_outcome(None, &attempt(), Outcome::Sent, at(20)), Err(Outdated));
    }

    #[test]
    fn i9_an_event_that_overtakes_the_record_of_its_mail_stands() {
        let bounced = Delivery::Bounced { reason: BounceReason::Temporary, at: at(15) };
        let told = track(Some(&invite()), 2, bounced).unwrap();
        let recorded = recorded(&told, Outcome::Sent).unwrap();
        assert_eq!((recorded.delivery, recorded.lease_until), (bounced, None));
        assert_eq!(recorded.sent, Some(attempt().sent));
    }

    #[test]
    fn i4_a_sent_mail_is_recorded_in_every_state() {
        for state in STATES {
            let recorded = recorded(&Invite { state, ..invite() }, Outcome::Sent).unwrap();
            assert_eq!((recorded.state, recorded.delivery), (state, Delivery::Sent));
        }
    }

    #[test]
    fn i4_failed_and_requeued_apply_only_to_their_own_attempt() {
        let outcomes = [
            Outcome::Failed(FailureReason::MessageRejected),
            Outcome::Requeued { due_at: at(30), was_attempted: true },
            Outcome::Requeued { due_at: at(30), was_attempted: false },
        ];
        let changes: [fn(&mut Invite); 6] = [
            |invite| invite.state = InviteState::Cancelled,
            |invite| invite.delivery = Delivery::Sent,
            |invite| invite.sends = 3,
            |invite| invite.attempts = 2,
            |invite| invite.expires_at = at(101),
            |invite| invite.lease_until = Some(at(71)),
        ];
        for outcome in outcomes {
            assert!(recorded(&invite(), outcome).is_ok());
            for (number, change) in changes.into_iter().enumerate() {
                let mut other = invite();
                change(&mut other);
                assert_eq!(recorded(&other, outcome), Err(Outdated), "{outcome:?}, change {number}");
            }
        }
    }

    #[test]
    fn i5_a_requeued_mail_keeps_its_link_unless_no_mail_carries_it() {
        let requeued =
            |was_attempted| recorded(&invite(), Outcome::Requeued { due_at: at(30), was_attempted }).unwrap();
        assert_eq!(requeued(true), Invite { lease_until: Some(at(30)), ..invite() });
        let links = Links { current: Vec::new(), ..invite().links };
        assert_eq!(requeued(false), Invite { lease_until: Some(at(30)), attempts: 0, links, ..invite() });
    }
}
