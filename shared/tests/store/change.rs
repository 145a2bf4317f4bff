//! The one write of an invite, with concurrent writers, lost responses and transactions.

use super::table::{Table, after, done, learner, refused, soon, start};
use super::wire::Fault;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::clock::Deadline;
use shared::domain::InviteRefusal;
use shared::domain::cancel::cancel;
use shared::domain::outcome::Outcome;
use shared::domain::{HistoryEvent, Invite, InviteState, Link, Name};
use shared::sending::Claim;
use shared::store::{Item, Refused, Seen, StoreError, keys::Queue};
use shared::sweep::{Report, sweep};
use std::convert::Infallible;
use std::time::Duration;

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

/// Requeued without an attempt.
fn requeued() -> Outcome {
    Outcome::Requeued { due_at: after(90), was_attempted: false }
}

fn version(item: &Item) -> u32 {
    item["version"].as_n().unwrap().parse().unwrap()
}

fn writers(item: &Item) -> Vec<String> {
    item["writers"].as_l().unwrap().iter().map(|writer| writer.as_s().unwrap().clone()).collect()
}

/// No null, no empty list and no set.
fn is_plain(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::S(_) | AttributeValue::N(_) => true,
        AttributeValue::L(values) => !values.is_empty() && values.iter().all(is_plain),
        _ => false,
    }
}

impl Table {
    /// Changes the invite in a way that no rule reads.
    async fn rename(&self, link: &Link, name: &str) {
        let rule = |existing: Option<&Invite>, _| {
            Ok::<_, Infallible>(Invite { name: Name::clean(name), ..existing.unwrap().clone() })
        };
        done(self.change(link, Seen::Unread, after(1), rule).await);
    }

    /// Checks that this write happens once under this fault.
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

/// Every write of an invite raises its version by one and adds its writer, once even if its response is lost or it
/// meets a transaction, under any rule. The wire checks every write of every test.
#[tokio::test]
async fn every_write_is_counted_once_and_leaves_its_writer() {
    let plain = [Fault::None, Fault::LoseAnswer, Fault::Conflict];
    let transaction = [Fault::None, Fault::LoseAnswer, Fault::CancelByConflict];
    for (fault, of_transaction) in plain.into_iter().zip(transaction) {
        let table = &Table::new(3).await;
        table.wire.disturb([fault]);
        let (link, queued) = table.queue(ANN, start()).await;
        assert!(table.wire.is_quiet());
        assert_eq!((version(&table.item(&link).await), queued.invite.sends), (1, 1), "{fault:?}");
        let mark = table.record_outcome(&queued, &link, Outcome::Sent, after(1));
        done(table.once(&link, fault, "mark as sent", mark).await);
        let again = table.link(ANN);
        done(table.once(&link, fault, "resend", table.resend(&again, Some(1), after(100))).await);
        table.once(&link, of_transaction, "accept", table.accepts(&again, "ann", after(102))).await;
        assert_eq!(table.held("ann").await, (1, true), "{fault:?}");
        let release = table.store.release_seat(link.key(), None, None, after(103), soon());
        assert_eq!(table.once(&link, of_transaction, "release", release).await.unwrap(), Ok(()));
        assert_eq!(table.held("ann").await, (0, false), "{fault:?}");

        // The invite exists, so the first write is refused and returns it.
        table.wire.disturb([Fault::None]);
        let (_, invited) = table.once(&link, fault, "invite again", table.queue(ANN, after(104))).await;
        assert_eq!(invited.invite.sends, 3, "{fault:?}");
    }
}

/// Both invites are written, or neither, once, under each fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_changes_both_invites_or_neither() {
    for fault in [Fault::None, Fault::LoseAnswer, Fault::CancelByConflict] {
        let table = Table::new(3).await;
        let ((old, _), new) = (table.send(ANN, start()).await, table.link(BOB));
        let corrected = done(table.once(&old, fault, "correct", table.correct(&old, BOB, &new)).await);
        assert_eq!(corrected.invite, table.now(&new).await, "{fault:?}");
        assert_eq!((corrected.invite.sends, version(&table.item(&new).await)), (1, 1), "{fault:?}");
        assert_eq!(table.now(&old).await.state, InviteState::Cancelled, "{fault:?}");
        let events: Vec<_> = corrected.invite.history.newest_first().map(|entry| entry.event).collect();
        assert_eq!(events, [HistoryEvent::Corrected, HistoryEvent::Invited], "{fault:?}");
    }
    // Somebody else wins the race.
    let table = Table::new(3).await;
    let ((old, _), new, others) = (table.send(ANN, start()).await, table.link(BOB), table.others());
    table.wire.before_next_write(async move {
        others.queue(BOB, after(1)).await;
    });
    assert_eq!(refused(table.correct(&old, BOB, &new).await), InviteRefusal::AlreadyInvited);
    assert_eq!(table.now(&old).await.state, InviteState::Open);
    let others = table.others();
    let (accepted, new) = (old.clone(), table.link("cy@example.com"));
    table.wire.before_next_write(async move { others.accepts(&accepted, "ann", after(1)).await });
    assert_eq!(refused(table.correct(&old, "cy@example.com", &new).await), InviteRefusal::AlreadyAccepted);
    assert_eq!(table.store.invite(new.key()).await.unwrap().map(|record| record.invite), None);
}

#[tokio::test]
async fn many_conflicts_in_one_process_are_no_failure() {
    let table = Table::new(1).await;
    for i in 0..30 {
        table.wire.disturb([Fault::Conflict; 4]);
        table.queue(&format!("a{i}@example.com"), start()).await;
    }
    assert!(table.wire.is_quiet());
}

/// Another function undoes a write before its repetition arrives.
#[tokio::test(flavor = "multi_thread")]
async fn i4_a_write_that_is_repeated_late_undoes_nothing() {
    for what in ["cancel", "requeue", "invite", "resend"] {
        let table = Table::new(3).await;
        let (link, others) = (table.link(ANN), table.others());
        let queued = if what == "invite" { None } else { Some(table.queue(ANN, start()).await) };
        table.wire.disturb([Fault::LoseAnswer]);
        table.wire.before_next_write(async move {
            if what != "cancel" {
                done(others.cancel(&others.link(ANN), after(50)).await);
            }
            others.queue(ANN, after(60)).await;
        });
        let written = match (what, &queued) {
            ("cancel", _) => done(table.cancel(&link, after(40)).await),
            ("requeue", Some((first, queued))) => {
                done(table.record_outcome(queued, first, requeued(), after(40)).await)
            }
            ("resend", _) => done(table.resend(&link, Some(1), after(40)).await),
            _ => done(table.invite(ANN, &link, &super::table::new_send(&link, after(40)), after(40)).await),
        };
        assert!(table.wire.is_quiet(), "{what}");
        let sends = if what == "resend" { 3 } else { 2 };
        let now = table.now(&link).await;
        assert_eq!((now.state, now.sends, now.attempts), (InviteState::Open, sends, 1), "{what}");
        assert_eq!(written.invite, now, "{what}: the current invite is returned");
        assert!(Claim::of(written, link).is_none(), "{what}: only the newer send may be mailed");
    }
}

/// Up to seven other writes may come between a write and its repetition. After more, the rule is applied again.
#[tokio::test(flavor = "multi_thread")]
async fn an_invite_remembers_its_last_eight_writers() {
    for (others_between, is_recognised) in [(7, true), (8, false)] {
        let table = Table::new(3).await;
        let (link, _) = table.send(ANN, start()).await;
        let (others, renamed) = (table.others(), link.clone());
        table.wire.disturb([Fault::LoseAnswer]);
        table.wire.before_next_write(async move {
            for number in 0..others_between {
                others.rename(&renamed, &format!("Number {number}")).await;
            }
        });
        match table.cancel(&link, after(1)).await.unwrap() {
            Ok(_) => assert!(is_recognised),
            Err(Refused(reason, _)) => {
                assert!(!is_recognised);
                assert_eq!(reason, InviteRefusal::AlreadyDone);
            }
        }
        assert_eq!(table.now(&link).await.state, InviteState::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_gives_up_after_ten_refusals_and_undoes_nothing() {
    let table = Table::new(3).await;
    let (link, sent) = table.send(ANN, start()).await;
    for number in 0..10 {
        let (others, link) = (table.others(), link.clone());
        table.wire.before_next_write(async move { others.rename(&link, &format!("Number {number}")).await });
    }
    let cancelled = table.cancel(&link, after(1)).await;
    assert!(matches!(cancelled, Err(StoreError::Unavailable { .. })), "{cancelled:?}");
    assert!(table.wire.is_quiet());
    let name = Name::clean("Number 9");
    assert_eq!(table.now(&link).await, Invite { name, ..sent.invite });
}

#[tokio::test]
async fn a_write_gives_up_when_its_time_is_up() {
    let table = Table::new(3).await;
    let (link, _) = table.send(ANN, start()).await;
    let (store, key) = (&table.store, link.key());
    let short = || Deadline::within(Duration::from_millis(50));
    let rule = |existing: Option<&Invite>, now| cancel(existing, None, None, now);
    table.wire.disturb([Fault::Conflict; 40]);
    let cancelled = store.change(key, Seen::Unread, after(1), short(), rule).await.map(|_| ());
    table.wire.clear_faults();
    // No time is left to wait for the transaction.
    let (ann, no_time) = (learner("ann"), Deadline::within(Duration::ZERO));
    let accepted = store.accept_invite(&link, &ann, None, after(1), no_time).await.map(|_| ());
    table.accepts(&link, "ann", after(2)).await;
    table.wire.disturb([Fault::CancelByConflict; 40]);
    let released = store.release_seat(key, None, None, after(3), short()).await.map(|_| ());
    for (what, outcome) in [("cancel", cancelled), ("accept", accepted), ("release", released)] {
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{what}: {outcome:?}");
    }
    assert!(!table.wire.is_quiet(), "all conflicts were used up");
}

#[tokio::test]
async fn i7_a_sweep_reports_that_its_time_ended_before_it_could_read() {
    let table = Table::new(1).await;
    let no_time = Deadline::within(Duration::ZERO);
    let work = async |_| Report::default();
    let report = sweep(&table.store, Queue::Expire, 1, start(), no_time, work).await;
    assert_eq!(report.failures, 4, "one failure for each shard");
}
