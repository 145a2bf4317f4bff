//! Settling: what became of a mail is recorded for the try that it is of, and for no other. A try that was given up may
//! still be answered, long after a later one, or a newer send, has taken its place (I4).

use super::{Delivery, InviteRecord, LinkHash, Stored, Timestamp};

/// Why a mail that went out is not marked as sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MarkRefusal {
    /// Its link is not of the newest send.
    Superseded,
    /// This try is marked already, or a later one of the same send.
    AlreadyMarked,
}

/// Whether the mail with this link, of the try that began at `tried_at`, is marked as sent. The status has no say in it: a
/// learner may have clicked before the mark, or a manager cancelled.
///
/// # Errors
/// The reason against it.
pub fn may_mark_sent(
    existing: Option<&InviteRecord>,
    link: &LinkHash,
    tried_at: Timestamp,
) -> Result<(), MarkRefusal> {
    let record = existing.filter(|record| record.links.current.contains(link));
    let invite = &record.ok_or(MarkRefusal::Superseded)?.invite;
    match invite.delivery {
        Delivery::Sent if invite.sent.is_none_or(|sent| sent.at >= tried_at) => {
            Err(MarkRefusal::AlreadyMarked)
        }
        Delivery::Queued | Delivery::Sent | Delivery::Failed { .. } => Ok(()),
    }
}

/// Whether the mail is marked as failed that was queued when the invite was `seen`: it still is, by the same try.
#[must_use]
pub fn may_mark_failed(record: &InviteRecord, seen: &InviteRecord) -> bool {
    is_queued(record)
        && record.invite.sends == seen.invite.sends
        && record.tries == seen.tries
        && record.invite.expires_at == seen.invite.expires_at
}

/// Whether the mail with this link is still to go out.
#[must_use]
pub fn may_mail(record: &InviteRecord, link: &LinkHash) -> bool {
    is_queued(record) && record.links.current.contains(link)
}

/// Whether the mail with this link, which did not go out, is put back into the queue: the claim still holds that left the
/// invite as it was `seen`. A claim ends with its lease, with the next attempt, and with being put back itself.
#[must_use]
pub fn may_put_back(record: &InviteRecord, link: &LinkHash, seen: &InviteRecord) -> bool {
    may_mail(record, link) && record.tries == seen.tries && record.due_at == seen.due_at
}

/// Whether a queued mail that nobody has claimed since it was seen with `due_at` is put off.
#[must_use]
pub fn may_put_off(record: &InviteRecord, due_at: Timestamp) -> bool {
    record.invite.delivery == Delivery::Queued && record.due_at == Some(due_at)
}

fn is_queued(record: &InviteRecord) -> bool {
    record.invite.stored == Stored::Open && record.invite.delivery == Delivery::Queued
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, record};
    use super::super::{FailureReason, Secret, Sent};
    use super::*;

    fn newest() -> LinkHash {
        Secret::from_bytes([1; 32]).hash()
    }
    fn older() -> LinkHash {
        Secret::from_bytes([2; 32]).hash()
    }

    #[test]
    fn i4_the_last_try_of_the_newest_send_is_marked_as_sent() {
        let mark = |delivery, sent_at: Option<i64>, link: &LinkHash| {
            let mut record = record();
            record.invite.delivery = delivery;
            record.invite.sent = sent_at.map(|sent_at| Sent { at: at(sent_at), until: at(100) });
            may_mark_sent(Some(&record), link, at(10))
        };
        let failed = Delivery::Failed { reason: FailureReason::TooManyTries, at: at(20) };
        assert_eq!(mark(Delivery::Queued, None, &newest()), Ok(()));
        assert_eq!(mark(Delivery::Queued, Some(10), &newest()), Ok(()));
        assert_eq!(mark(Delivery::Sent, Some(9), &newest()), Ok(()));
        assert_eq!(mark(failed, None, &newest()), Ok(()));
        assert_eq!(mark(Delivery::Sent, Some(10), &newest()), Err(MarkRefusal::AlreadyMarked));
        assert_eq!(mark(Delivery::Queued, None, &older()), Err(MarkRefusal::Superseded));
        assert_eq!(may_mark_sent(None, &newest(), at(10)), Err(MarkRefusal::Superseded));
    }

    #[test]
    fn i4_a_click_or_a_cancellation_does_not_keep_a_mail_from_being_marked() {
        for stored in [Stored::Accepted, Stored::Expired, Stored::Cancelled, Stored::Released] {
            let mut record = record();
            record.invite.stored = stored;
            assert_eq!(may_mark_sent(Some(&record), &newest(), at(10)), Ok(()), "{stored:?}");
        }
    }

    #[test]
    fn i4_only_the_try_that_failed_is_marked_as_failed() {
        let seen = record();
        assert!(may_mark_failed(&record(), &seen));
        let changes: [fn(&mut InviteRecord); 5] = [
            |record| record.invite.stored = Stored::Cancelled,
            |record| record.invite.delivery = Delivery::Sent,
            |record| record.invite.sends = 3,
            |record| record.tries = 2,
            |record| record.invite.expires_at = at(101),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut meanwhile = record();
            change(&mut meanwhile);
            assert!(!may_mark_failed(&meanwhile, &seen), "change {number}");
        }
    }

    #[test]
    fn only_the_claim_that_still_holds_puts_its_mail_back() {
        let seen = record();
        assert!(may_put_back(&record(), &newest(), &seen));
        assert!(!may_put_back(&record(), &older(), &seen), "another send");
        // Sent, cancelled, another attempt, another lease.
        let changes: [fn(&mut InviteRecord); 4] = [
            |record| record.invite.delivery = Delivery::Sent,
            |record| record.invite.stored = Stored::Cancelled,
            |record| record.tries += 1,
            |record| record.due_at = Some(at(71)),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut meanwhile = record();
            change(&mut meanwhile);
            assert!(!may_put_back(&meanwhile, &newest(), &seen), "change {number}");
        }
    }

    #[test]
    fn only_what_is_queued_and_was_not_claimed_is_put_off() {
        let mut sent = record();
        sent.invite.delivery = Delivery::Sent;
        assert!(may_put_off(&record(), at(70)));
        assert!(!may_put_off(&record(), at(71)));
        assert!(!may_put_off(&sent, at(70)));
    }
}
