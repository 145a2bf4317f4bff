//! Items of invites, as written and read.

use super::*;
use crate::domain::limit::RecipientLimit;
use crate::domain::send::{Invitee, invite as invited};
use crate::domain::{BounceReason, Email, FailureReason, InviteId, NewSend, Secret};

/// The record of an invite that was queued at second 1, with a lease until second 61.
fn queued() -> InviteRecord {
    let (id, email) = (InviteId([2; 16]), Email::parse("Ann@BÜCHER.example").unwrap());
    let send = NewSend {
        link: Secret::from_bytes([3; 32]).hash(),
        queued: Queued { at: seconds(1), order: 0 },
        invited_by: None,
        opted_out: false,
        lifetime: Duration::seconds(100),
        lease: Duration::seconds(60),
        limit: RecipientLimit::NONE,
        reminders: Vec::new(),
    };
    let first = invited(None, &Invitee { id, email, name: None }, &send, seconds(1)).unwrap();
    InviteRecord::next(InviteKey { deal: DealId([1; 16]), invite: id }, None, first, "writer01", seconds(1))
}

#[test]
fn every_state_has_its_places_in_the_indexes() {
    use InviteState::{Accepted, Cancelled, Declined, Expired, Open, Released};
    let failed = Delivery::Failed { reason: FailureReason::MessageRejected, at: seconds(2) };
    let bounced = Delivery::Bounced { reason: BounceReason::Temporary, at: seconds(2) };
    let complained = Delivery::Complained { at: seconds(2) };
    // The beginnings of partition and place in each index; `None` if there is no place.
    let (sending, expiring) = (Some(("Q#2", "61000")), Some(("E#2", "101000")));
    let ann = Some(("A#", "ann@bücher.example"));
    let undelivered = Some(("#undelivered", "0000000002000"));
    let listed = "0000000001000";
    let removed = "0000000009007";
    let cases = [
        (Open, Delivery::Queued, ("#o", listed), sending, ann, None),
        (Open, Delivery::Sent, ("#o", listed), expiring, ann, None),
        (Open, failed, ("#o", listed), expiring, ann, undelivered),
        (Open, bounced, ("#o", listed), expiring, ann, undelivered),
        (Open, complained, ("#o", listed), expiring, ann, undelivered),
        (Open, Delivery::Delayed { at: seconds(2) }, ("#o", listed), expiring, ann, None),
        (Open, Delivery::Delivered { at: seconds(2) }, ("#o", listed), expiring, ann, None),
        (Expired, Delivery::Sent, ("#x", listed), None, ann, None),
        (Expired, failed, ("#x", listed), None, ann, undelivered),
        // A declined invite does not expire, and its queued mail still goes out.
        (Declined, Delivery::Sent, ("#d", listed), None, ann, Some(("#declined", "0000000005000"))),
        (Declined, bounced, ("#d", listed), None, ann, undelivered),
        (Declined, Delivery::Queued, ("#d", listed), sending, ann, Some(("#declined", "0000000005000"))),
        (Accepted, Delivery::Sent, ("#a", listed), None, ann, None),
        (Accepted, bounced, ("#a", listed), None, ann, None),
        (Cancelled, Delivery::Queued, ("#r", removed), None, None, None),
        (Cancelled, failed, ("#r", removed), None, None, None),
        (Released, Delivery::Sent, ("#r", removed), None, None, None),
    ];
    for (state, delivery, listing, due, address, attention) in cases {
        let removed_at = matches!(state, Cancelled | Released).then(|| millis(9_007));
        let declined_at = (state == Declined).then(|| seconds(5));
        let invite = Invite { state, delivery, removed_at, declined_at, ..queued().invite };
        let item = of_invite(&InviteRecord { invite, ..queued() }).unwrap();
        let attribute = |name| item.get(name).and_then(|value| value.as_s().or(value.as_n()).ok());
        let indexes = [
            ("listPk", "listSk", Some(listing)),
            ("duePk", "dueAt", due),
            ("addressPk", "addressSk", address),
            ("attentionPk", "attentionSk", attention),
        ];
        for (partition, place, expected) in indexes {
            let found = attribute(partition).zip(attribute(place));
            let is_there = found.zip(expected).is_some_and(|(found, expected)| {
                found.0.contains(expected.0) && found.1.starts_with(expected.1)
            });
            assert_eq!(is_there, expected.is_some(), "{state:?}, {delivery:?}: {found:?}, {expected:?}");
            assert_eq!(found.is_some(), expected.is_some(), "{state:?}, {delivery:?}: {partition}");
        }
    }
}

#[test]
fn an_item_is_read_as_written_and_unknown_attributes_are_kept() {
    let mut written = of_invite(&queued()).unwrap();
    assert!(!written.values().any(AttributeValue::is_null), "{written:?}");
    written.insert("notes".to_owned(), AttributeValue::L(vec![AttributeValue::N("1".to_owned())]));
    let read = invite(written.clone()).unwrap();
    assert_eq!((&read.invite, of_invite(&read).unwrap()), (&queued().invite, written));
    let (key, next) = (read.key, read.invite.clone());
    let carried = of_invite(&InviteRecord::next(key, Some(&read), next, "writer02", seconds(2))).unwrap();
    assert!(carried.contains_key("notes"));
}

#[test]
fn a_delivery_is_read_as_written_and_an_accepted_mail_is_sent() {
    let at = seconds(9);
    let deliveries = [
        Delivery::Queued,
        Delivery::Sent,
        Delivery::Failed { reason: FailureReason::RenderingFailed, at },
        Delivery::Delayed { at },
        Delivery::Delivered { at },
        Delivery::Bounced { reason: BounceReason::MailboxUnavailable, at },
        Delivery::Complained { at },
    ];
    for delivery in deliveries {
        let kept = |state, accepted_at| {
            let sent = Some(Sent { at: seconds(8), until: queued().invite.expires_at });
            let changed = Invite { state, sent, accepted_at, delivery, ..queued().invite };
            let item = of_invite(&InviteRecord { invite: changed, ..queued() }).unwrap();
            let kept = invite(item).unwrap().invite;
            let is_told = kept.history.newest_first().any(|it| it.event == HistoryEvent::Sent);
            (kept.delivery, is_told)
        };
        assert_eq!(kept(InviteState::Open, None), (delivery, false));
        let is_unsent = matches!(delivery, Delivery::Queued | Delivery::Failed { .. });
        let expected = if is_unsent { Delivery::Sent } else { delivery };
        assert_eq!(kept(InviteState::Accepted, Some(at)), (expected, expected == Delivery::Sent));
    }
}

#[test]
fn a_reminder_waits_in_the_due_index_and_its_claim_is_read_back() {
    let reminders = vec![Duration::seconds(20)];
    let sent = Some(Sent { at: seconds(1), until: seconds(101) });
    let sent = Invite { delivery: Delivery::Sent, sent, lease_until: None, reminders, ..queued().invite };
    let lease = Some(seconds(30));
    let deferred = Invite { lease_until: lease, ..sent.clone() };
    let claimed = Invite { remind_attempts: 1, ..deferred.clone() };
    let done = Invite { reminded: 1, ..sent.clone() };
    for (stored, place) in [
        (sent, ("R#2", "21000")),
        (deferred, ("R#2", "30000")),
        (claimed, ("R#2", "30000")),
        (done, ("E#2", "101000")),
    ] {
        let item = of_invite(&InviteRecord { invite: stored.clone(), ..queued() }).unwrap();
        let found = (item["duePk"].as_s().unwrap().as_str(), item["dueAt"].as_n().unwrap().as_str());
        assert_eq!(found, place);
        assert_eq!(invite(item).unwrap().invite, stored);
    }
}

/// Items of version 1 were never deployed.
#[test]
fn an_invite_of_another_version_is_not_read() {
    for (v, is_read) in [("1", false), ("2", true), ("3", false)] {
        let mut item = of_invite(&queued()).unwrap();
        item.insert("v".to_owned(), AttributeValue::N(v.to_owned()));
        assert_eq!(invite(item).is_ok(), is_read, "version {v}");
    }
}
