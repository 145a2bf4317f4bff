//! The one write of an invite, with concurrent writers, lost responses and transactions.

use super::table::{ANN, BOB, Table, after, done, learner, refused, start};
use super::wire::Fault;
use shared::clock::Deadline;
use shared::domain::InviteRefusal;
use shared::domain::cancel::cancel;
use shared::domain::outcome::Outcome;
use shared::domain::{Invite, InviteState, Link, Name};
use shared::sending::Claim;
use shared::store::{Refused, Seen, StoreError, keys::Queue};
use shared::sweep::{Report, sweep};
use std::convert::Infallible;
use std::time::Duration;

impl Table {
    /// Changes the invite in a way that no rule reads.
    async fn rename(&self, link: &Link, name: &str) {
        let rule = |existing: Option<&Invite>, _| {
            Ok::<_, Infallible>(Invite { name: Name::clean(name), ..existing.unwrap().clone() })
        };
        done(self.change(link, Seen::Unread, after(1), rule).await);
    }
}

/// Both invites are written, or neither, once, under each fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_changes_both_invites_or_neither() {
    for fault in [Fault::LoseAnswer, Fault::CancelByConflict] {
        let table = Table::new(3).await;
        let ((old, _), new) = (table.send(ANN, start()).await, table.link(BOB));
        table.wire.disturb([fault]);
        let corrected = done(table.correct(&old, BOB, &new).await);
        assert_eq!(corrected.invite, table.now(&new).await, "{fault:?}");
        let states = (table.now(&old).await.state, corrected.invite.state, corrected.invite.sends);
        assert_eq!(states, (InviteState::Cancelled, InviteState::Open, 1), "{fault:?}");
    }
    // Somebody else wins the race.
    let table = Table::new(3).await;
    let ((old, _), new, others) = (table.send(ANN, start()).await, table.link(BOB), table.others());
    table.wire.before_next_write(async move {
        others.queue(BOB, after(1)).await;
    });
    assert_eq!(refused(table.correct(&old, BOB, &new).await), InviteRefusal::AlreadyInvited);
    assert_eq!(table.now(&old).await.state, InviteState::Open);
    let (others, accepted, new) = (table.others(), old.clone(), table.link("cy@example.com"));
    table.wire.before_next_write(async move { others.accepts(&accepted, "ann", after(1)).await });
    assert_eq!(refused(table.correct(&old, "cy@example.com", &new).await), InviteRefusal::AlreadyAccepted);
    assert!(table.store.invite(new.key()).await.unwrap().is_none());
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
        table.wire.lose_answer_after(async move {
            if what != "cancel" {
                done(others.cancel(&others.link(ANN), after(50)).await);
            }
            others.queue(ANN, after(60)).await;
        });
        let written = match (what, &queued) {
            ("cancel", _) => done(table.cancel(&link, after(40)).await),
            ("requeue", Some((first, queued))) => {
                let requeued = Outcome::Requeued { due_at: after(90), was_attempted: false };
                done(table.record_outcome(queued, first, requeued, after(40)).await)
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
    for (others_between, outcome) in [(7, Ok(())), (8, Err(InviteRefusal::AlreadyDone))] {
        let table = Table::new(3).await;
        let (link, _) = table.send(ANN, start()).await;
        let (others, renamed) = (table.others(), link.clone());
        table.wire.lose_answer_after(async move {
            for number in 0..others_between {
                others.rename(&renamed, &format!("Number {number}")).await;
            }
        });
        let cancelled = table.cancel(&link, after(1)).await.unwrap();
        assert_eq!(cancelled.map(drop).map_err(|Refused(reason, _)| reason), outcome);
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
