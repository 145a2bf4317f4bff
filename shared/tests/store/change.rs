//! The one write of an invite: what becomes of it when others write the invite, answers get lost and transactions come
//! between.

use super::wire::Fault;
use super::world::{World, after, attempt, done, n, refused, s, start};
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join;
use shared::clock::Deadline;
use shared::domain::cancel::{CancelRefusal, cancel};
use shared::domain::expire::NotDue;
use shared::domain::outcome::{Outcome, Superseded};
use shared::domain::{Delivery, FailureReason, Invite, InviteState, Link, Name};
use shared::sending::Claim;
use shared::store::{Changed, Item, Seen, StoreError};
use std::convert::Infallible;
use std::time::Duration;

const ANN: &str = "ann@example.com";

const REJECTED: Outcome = Outcome::Failed(FailureReason::MessageRejected);

/// Due again, for SES was not asked.
fn requeued() -> Outcome {
    Outcome::Requeued { due_at: after(90), was_attempted: false }
}

fn version(item: &Item) -> u32 {
    item["version"].as_n().unwrap().parse().unwrap()
}

fn writers(item: &Item) -> Vec<String> {
    item["writers"].as_l().unwrap().iter().map(|writer| writer.as_s().unwrap().clone()).collect()
}

/// Neither a null nor an empty list, and no set.
fn is_plain(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::S(_) | AttributeValue::N(_) => true,
        AttributeValue::L(values) => !values.is_empty() && values.iter().all(is_plain),
        _ => false,
    }
}

impl World {
    /// Somebody writes the invite in a way that no rule looks at.
    async fn rename(&self, link: &Link, name: &str) {
        let rule = |existing: Option<&Invite>, _| {
            Ok::<_, Infallible>(Invite { name: Name::clean(name), ..existing.unwrap().clone() })
        };
        done(self.change(link, Seen::Unread, after(1), rule).await);
    }

    /// Whatever happens on the wire, this write is done once.
    async fn once<T>(&self, link: &Link, fault: Fault, what: &str, write: impl Future<Output = T>) -> T {
        let before = self.item(link).await;
        self.wire.disturb([fault]);
        let written = write.await;
        assert!(self.wire.is_quiet(), "{what}, {fault:?}");
        let after = self.item(link).await;
        assert_eq!(version(&after), version(&before) + 1, "{what}, {fault:?}");
        let (old, new) = (writers(&before), writers(&after));
        let (newest, kept) = new.split_last().unwrap();
        assert!(old.ends_with(kept) && kept.len() >= old.len().min(7), "{what}: {new:?} after {old:?}");
        assert!(!old.contains(newest), "{what}");
        assert!(after.values().all(is_plain), "{what}: {after:?}");
        written
    }
}

/// Every write of an invite raises its version by one and adds its writer, and does so once if its answer gets lost or if
/// it meets a transaction. (That no write forgets it, the wire sees in every test.)
#[tokio::test]
async fn every_write_is_counted_once_and_leaves_its_writer() {
    let plain = [Fault::None, Fault::LoseAnswer, Fault::Conflict];
    let transaction = [Fault::None, Fault::LoseAnswer, Fault::CancelByConflict];
    for (fault, of_transaction) in plain.into_iter().zip(transaction) {
        let world = &World::new(3).await;
        world.wire.disturb([fault]);
        let (link, queued) = world.queue(ANN, start()).await;
        assert!(world.wire.is_quiet());
        assert_eq!((version(&world.item(&link).await), queued.invite.sends), (1, 1), "{fault:?}");
        let requeue = world.record_outcome(&queued, &link, requeued(), after(1));
        let waiting = done(world.once(&link, fault, "requeue", requeue).await);
        assert_eq!((waiting.invite.attempts, waiting.invite.links.current.len()), (0, 0), "{fault:?}");

        let again = world.link(ANN);
        let claim = world.claim(waiting, &again, after(90));
        let claimed = done(world.once(&link, fault, "claim", claim).await);
        let fail = world.record_outcome(&claimed, &again, REJECTED, after(91));
        done(world.once(&link, fault, "mark as failed", fail).await);

        let again = world.link(ANN);
        let resend = world.resend(&again, Some(1), after(100));
        let newer = done(world.once(&link, fault, "resend", resend).await);
        assert_eq!(newer.invite.sends, 2, "{fault:?}");
        let mark = world.record_outcome(&newer, &again, Outcome::Sent, after(101));
        done(world.once(&link, fault, "mark as sent", mark).await);
        world.once(&link, of_transaction, "accept", world.accepts(&again, "ann", after(102))).await;
        assert_eq!(world.held("ann").await, (1, true), "{fault:?}");
        let release = world.store.release_seat(link.key(), None, after(103));
        assert_eq!(world.once(&link, of_transaction, "release", release).await.unwrap(), Ok(()));
        assert_eq!(world.held("ann").await, (0, false), "{fault:?}");

        // The address was invited before: the first write is refused, and returns what it met.
        world.wire.disturb([Fault::None]);
        let (again, invited) = world.once(&link, fault, "invite again", world.queue(ANN, after(104))).await;
        assert_eq!(invited.invite.sends, 3, "{fault:?}");
        let mark = world.record_outcome(&invited, &again, Outcome::Sent, after(105));
        let sent = done(world.once(&link, fault, "mark as sent", mark).await);
        let due_at = sent.invite.expires_at;
        done(world.once(&link, fault, "expire", world.expire(sent, due_at)).await);
        done(world.once(&link, fault, "cancel", world.cancel(&again, after(106))).await);
        assert_eq!(writers(&world.item(&link).await).len(), 8);
    }
}

#[tokio::test]
async fn many_conflicts_in_one_process_are_no_failure() {
    let world = World::new(1).await;
    for i in 0..30 {
        world.wire.disturb([Fault::Conflict; 4]);
        world.queue(&format!("a{i}@example.com"), start()).await;
    }
    assert!(world.wire.is_quiet());
}

/// The mail is out, and before that is recorded the learner has clicked.
#[tokio::test(flavor = "multi_thread")]
async fn i1_a_seat_stays_when_the_outcome_of_its_mail_comes_later() {
    for is_at_once in [true, false] {
        let world = World::new(3).await;
        let (link, queued) = world.queue(ANN, start()).await;
        let (others, clicked) = (world.others(), link.clone());
        let accept = async move { others.accepts(&clicked, "ann", after(1)).await };
        if is_at_once {
            world.wire.meanwhile(accept);
        } else {
            accept.await;
        }
        let recorded = done(world.record_outcome(&queued, &link, Outcome::Sent, after(2)).await).invite;
        assert_eq!((recorded.state, recorded.delivery), (InviteState::Accepted, Delivery::Sent));
        assert_eq!(recorded.sent, Some(attempt(&queued, &link).sent));
        assert_eq!((world.now(&link).await, world.held("ann").await), (recorded, (1, true)));
        let failed = world.record_outcome(&queued, &link, REJECTED, after(3)).await;
        assert_eq!(refused(failed), Superseded, "a click proves that the mail arrived");
    }
}

/// What a write did, somebody has undone before its repetition arrives.
#[tokio::test(flavor = "multi_thread")]
async fn i4_a_write_that_is_repeated_late_undoes_nothing() {
    for what in ["cancel", "requeue", "invite", "resend"] {
        let world = World::new(3).await;
        let (link, others) = (world.link(ANN), world.others());
        let queued = if what == "invite" { None } else { Some(world.queue(ANN, start()).await) };
        world.wire.disturb([Fault::LoseAnswer]);
        world.wire.meanwhile(async move {
            if what != "cancel" {
                done(others.cancel(&others.link(ANN), after(50)).await);
            }
            others.queue(ANN, after(60)).await;
        });
        let written = match (what, &queued) {
            ("cancel", _) => done(world.cancel(&link, after(40)).await),
            ("requeue", Some((first, queued))) => {
                done(world.record_outcome(queued, first, requeued(), after(40)).await)
            }
            ("resend", _) => done(world.resend(&link, Some(1), after(40)).await),
            _ => done(world.invite(ANN, &link, &super::world::new_send(&link, after(40)), after(40)).await),
        };
        assert!(world.wire.is_quiet(), "{what}");
        let sends = if what == "resend" { 3 } else { 2 };
        let now = world.now(&link).await;
        assert_eq!((now.state, now.sends, now.attempts), (InviteState::Open, sends, 1), "{what}");
        assert_eq!(written.invite, now, "{what}: it was done, and this has become of it");
        assert!(Claim::of(written, link).is_none(), "{what}: the mail is left to the newer send");
    }
}

/// Seven others may come between a write and its repetition. After more, the rule is asked anew.
#[tokio::test(flavor = "multi_thread")]
async fn an_invite_remembers_its_last_eight_writers() {
    for (others_between, is_recognised) in [(7, true), (8, false)] {
        let world = World::new(3).await;
        let (link, _) = world.send(ANN, start()).await;
        let (others, renamed) = (world.others(), link.clone());
        world.wire.disturb([Fault::LoseAnswer]);
        world.wire.meanwhile(async move {
            for number in 0..others_between {
                others.rename(&renamed, &format!("Number {number}")).await;
            }
        });
        match world.cancel(&link, after(1)).await.unwrap() {
            Changed::Done(_) => assert!(is_recognised),
            Changed::Refused(reason, _) => {
                assert!(!is_recognised);
                assert_eq!(reason, CancelRefusal::AlreadyDone);
            }
        }
        assert_eq!(world.now(&link).await.state, InviteState::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_refusals_a_change_gives_up_and_others_writes_stay() {
    let world = World::new(3).await;
    let (link, sent) = world.send(ANN, start()).await;
    for number in 0..10 {
        let (others, link) = (world.others(), link.clone());
        world.wire.meanwhile(async move { others.rename(&link, &format!("Number {number}")).await });
    }
    let cancelled = world.cancel(&link, after(1)).await;
    assert!(matches!(cancelled, Err(StoreError::Unavailable { .. })), "{cancelled:?}");
    assert!(world.wire.is_quiet());
    let name = Name::clean("Number 9");
    assert_eq!(world.now(&link).await, Invite { name, ..sent.invite });
}

#[tokio::test]
async fn a_change_gives_up_when_its_time_is_up() {
    let world = World::new(3).await;
    let (link, _) = world.send(ANN, start()).await;
    world.wire.disturb([Fault::Conflict; 40]);
    let deadline = Deadline::within(Duration::from_millis(50));
    let rule = |existing: Option<&Invite>, now| cancel(existing, None, now);
    let cancelled = world.store.change(link.key(), Seen::Unread, after(1), deadline, rule).await;
    assert!(matches!(cancelled, Err(StoreError::Unavailable { .. })), "{cancelled:?}");
    assert!(!world.wire.is_quiet(), "there were conflicts left");
}

#[tokio::test]
async fn i4_of_two_deliverers_at_once_one_claims() {
    let world = World::new(3).await;
    let (link, queued) = world.queue(ANN, start()).await;
    let (first, second) = (world.link(ANN), world.link(ANN));
    let claims =
        join(world.claim(queued.clone(), &first, after(61)), world.claim(queued, &second, after(61)));
    let mut claims: [_; 2] = claims.await.into();
    claims.sort_by_key(|claim| matches!(claim, Ok(Changed::Done(_))));
    let [lost, won] = claims;
    assert_eq!(refused(lost), NotDue);
    let won = done(won).invite;
    assert_eq!((won.attempts, won.links.current.len()), (2, 2));
    assert_eq!(world.now(&link).await, won);
}

/// The answer to a write gets lost for longer than the lease that it took, and a deliverer takes the mail up.
#[tokio::test(flavor = "multi_thread")]
async fn i4_a_mail_that_another_has_taken_up_is_left_to_them() {
    let world = World::new(3).await;
    let others = world.others();
    world.wire.disturb([Fault::LoseAnswer]);
    world.wire.meanwhile(async move {
        let link = others.link(ANN);
        let seen = others.store.invite(link.key()).await.unwrap().unwrap();
        done(others.claim(seen, &link, after(61)).await);
    });
    let (link, queued) = world.queue(ANN, start()).await;
    assert_eq!((queued.invite.attempts, queued.invite.links.current.len()), (2, 2));
    assert!(Claim::of(queued, link).is_none());
}

/// A mail went out and a manager cancelled. While the mail is being recorded somebody invites again.
#[tokio::test(flavor = "multi_thread")]
async fn i4_an_outcome_spares_the_next_send() {
    let world = World::new(3).await;
    let (link, queued) = world.queue(ANN, start()).await;
    done(world.cancel(&link, after(1)).await);
    let others = world.others();
    world.wire.meanwhile(async move { _ = others.queue(ANN, after(2)).await });
    assert_eq!(refused(world.record_outcome(&queued, &link, Outcome::Sent, after(3)).await), Superseded);
    let now = world.now(&link).await;
    assert_eq!((now.delivery, now.sends, now.sent), (Delivery::Queued, 2, None));
}

/// Two attempts of a send went out, and the first one is recorded last.
#[tokio::test(flavor = "multi_thread")]
async fn i4_the_record_of_a_later_attempt_stays() {
    let world = World::new(3).await;
    let (link, first) = world.queue(ANN, start()).await;
    let (again, due_at) = (world.link(ANN), first.invite.lease_until.unwrap());
    let second = done(world.claim(first.clone(), &again, due_at).await);
    let (others, sent) = (world.others(), attempt(&second, &again).sent);
    world.wire.meanwhile(async move {
        done(others.record_outcome(&second, &again, Outcome::Sent, after(62)).await);
    });
    let recorded = done(world.record_outcome(&first, &link, Outcome::Sent, after(63)).await).invite;
    assert_eq!((recorded.sent, recorded.expires_at), (Some(sent), sent.until));
}

#[tokio::test]
async fn a_rule_that_changes_nothing_writes_nothing() {
    let world = World::new(3).await;
    let (link, sent) = world.send(ANN, start()).await;
    let before = world.item(&link).await;
    world.forget();
    let same = |existing: Option<&Invite>, _| Ok::<_, Infallible>(existing.unwrap().clone());
    let unchanged = done(world.change(&link, Seen::Record(Some(sent.clone())), after(1), same).await);
    assert_eq!((unchanged, world.store.usage().requests), (sent, 0));
    assert_eq!(world.item(&link).await, before);
}

/// A newer version of this program runs beside this one, and stores more.
#[tokio::test]
async fn attributes_that_this_version_does_not_know_are_carried_along() {
    let world = World::new(3).await;
    let (link, _) = world.send(ANN, start()).await;
    let newer = [("history", AttributeValue::L(vec![n(1), s("two")])), ("declinedAt", n(3))];
    world.set(&link, newer.clone()).await;
    let is_there = async |what: &str| {
        let item = world.item(&link).await;
        assert!(newer.iter().all(|(name, value)| item.get(*name) == Some(value)), "{what}: {item:?}");
    };
    let again = world.link(ANN);
    done(world.resend(&again, None, after(60)).await);
    is_there("resend").await;
    world.accepts(&again, "ann", after(61)).await;
    is_there("accept").await;
    world.store.release_seat(link.key(), None, after(62)).await.unwrap().unwrap();
    is_there("release").await;
    world.queue(ANN, after(63)).await;
    is_there("invite again").await;
    done(world.cancel(&link, after(64)).await);
    is_there("cancel").await;
}
