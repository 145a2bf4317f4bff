//! Transactions and counters with lost responses, other writers and late writes: accepting, releasing, creating and
//! changing a deal, and the send rate.

use super::table::{ANN, BOB, LIFETIME, Table, after, item, learner, n, new_deal, s, soon, start};
use super::wire::Fault;
use chrono::Duration;
use shared::domain::accept::LinkRefusal;
use shared::domain::{Deal, DealChange, DealId, DealRefusal, InviteRefusal, Link, Secret, Title};
use shared::store::StoreError;

#[tokio::test]
async fn after_a_conflict_a_full_deal_is_refused_at_once() {
    let table = Table::new(1).await;
    let ((ann, _), (bob, _)) = (table.send(ANN, start()).await, table.send(BOB, start()).await);
    table.accepts(&ann, "ann", after(1)).await;
    table.reset_counts();
    // The transaction would conflict for a long time, but the read after it finds the deal full.
    table.wire.disturb([Fault::CancelByConflict; 4]);
    assert_eq!(table.accept(&bob, "bob", after(2)).await, Err(LinkRefusal::DealFull));
    // The deal for the response, and then the three items.
    assert!((3.5..4.5).contains(&table.wire.usage().read_units));
}

#[tokio::test]
async fn i6_a_conflict_hides_the_other_conditions() {
    let table = Table::new(1).await;
    let (link, _) = table.send(ANN, start()).await;
    table.accepts(&link, "ann", after(1)).await;
    // A second click meets the commit of the first: the conditions on seat and deal fail, and the invite conflicts.
    table.wire.disturb([Fault::CancelByBoth]);
    assert_eq!(table.accept(&link, "ann", after(2)).await, Ok(after(1)));
    // A forged link reveals nothing about the deal.
    let forged = Link { secret: Secret::from_bytes([9; 32]), ..link };
    table.wire.disturb([Fault::CancelByBoth]);
    let refused = table.accept(&forged, "eve", after(2)).await;
    assert_eq!(refused, Err(LinkRefusal::UnknownInvite));
}

/// Before a release arrives, another manager has released the seat, or the release has happened and its response was
/// lost. Then the learner takes a seat by this invite or another.
#[tokio::test(flavor = "multi_thread")]
async fn i1_a_late_release_keeps_a_newer_seat() {
    let cases = [
        (false, BOB, None, Err(InviteRefusal::AlreadyDone)),
        (false, ANN, Some(1), Err(InviteRefusal::Stale)),
        (true, ANN, Some(1), Ok(())),
    ];
    for (is_lost, address, expected_sends, outcome) in cases {
        let table = Table::new(3).await;
        let (link, _) = table.send(ANN, start()).await;
        table.accepts(&link, "ann", after(1)).await;
        let (others, key, older) = (table.others(), link.key(), link);
        let newer = async move {
            if !is_lost {
                others.releases(&older, after(2)).await;
            }
            let (newer, _) = others.send(address, after(3)).await;
            others.accepts(&newer, "ann", after(4)).await;
        };
        if is_lost {
            table.wire.lose_answer_after(newer);
        } else {
            table.wire.before_next_write(newer);
        }
        let released = table.store.release_seat(key, expected_sends, None, after(5), soon()).await.unwrap();
        assert_eq!((released, table.held("ann").await), (outcome, (1, true)), "{outcome:?}");
    }
}

/// The response of an accept is lost, and a manager releases the seat before the accept looks at it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accept_recognises_its_own_write_after_a_release() {
    for is_invited_again in [false, true] {
        let table = Table::new(3).await;
        let (link, _) = table.send(ANN, start()).await;
        let (others, accepted) = (table.others(), link.clone());
        table.wire.lose_answer_after(async move {
            others.releases(&accepted, after(2)).await;
            if is_invited_again {
                others.send(ANN, after(3)).await;
            }
        });
        table.accepts(&link, "ann", after(1)).await;
        assert_eq!(table.held("ann").await, (0, false), "the release stays");
    }
}

/// Releasing or accepting in conflict with another transaction is repeated, and happens once.
#[tokio::test]
async fn i1_a_seat_is_taken_and_released_once_despite_conflicts() {
    let table = Table::new(3).await;
    let (link, _) = table.send(ANN, start()).await;
    table.wire.disturb([Fault::CancelByConflict]);
    table.accepts(&link, "ann", after(1)).await;
    assert_eq!(table.held("ann").await, (1, true));
    table.wire.disturb([Fault::CancelByConflict]);
    table.releases(&link, after(2)).await;
    assert_eq!(table.held("ann").await, (0, false));
    assert!(table.wire.is_quiet());
}

/// An accepted invite has no seat, or its deal counts too few.
#[tokio::test]
async fn i1_a_release_of_a_damaged_seat_changes_nothing() {
    for has_seat in [false, true] {
        let table = Table::new(1).await;
        let (link, _) = table.send(ANN, start()).await;
        table.accepts(&link, "ann", after(1)).await;
        if has_seat {
            let [deal] = table.items([table.deal_key()]).await;
            let allocated = item([("allocated", n(0))]);
            table.put([(table.deal_key(), deal.into_iter().flatten().chain(allocated).collect())]).await;
        } else {
            table.set(&link, [("learner", s(&learner("eve").to_string()))]).await;
        }
        let all = async || {
            let keys = [table.deal_key(), table.invite_key(&link), table.seat_key("ann")];
            table.items(keys).await
        };
        let before = all().await;
        let released = table.store.release_seat(link.key(), None, None, after(2), soon()).await;
        assert!(matches!(released, Err(StoreError::Corrupt(_))), "{released:?}");
        assert_eq!(all().await, before);
    }
}

fn resized(seats: u32) -> DealChange {
    DealChange { seats: Some(seats), ..DealChange::default() }
}

async fn change(table: &Table, deal: DealId, change: &DealChange) -> Deal {
    table.store.change_deal(deal, change).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_deal_is_created_once() {
    for fault in [Fault::LoseAnswer, Fault::CancelByConflict] {
        let table = Table::new(3).await;
        table.wire.disturb([fault]);
        let made = create(&table).await.unwrap();
        assert_eq!(create(&table).await.as_ref(), Ok(&made), "{fault:?}");
        assert_eq!(table.store.deals_of(&made.organisation.id).await.unwrap().len(), 2, "{fault:?}");
    }
}

/// A learner takes a seat after the change has read the deal.
#[tokio::test(flavor = "multi_thread")]
async fn i1_a_deal_never_shrinks_below_a_seat_that_is_just_taken() {
    let table = Table::new(3).await;
    let ((ann, _), (bob, _)) = (table.send(ANN, start()).await, table.send(BOB, start()).await);
    table.accepts(&ann, "ann", after(1)).await;
    let others = table.others();
    table.wire.before_next_write(async move { others.accepts(&bob, "bob", after(2)).await });
    let changed = table.store.change_deal(table.deal.id, &resized(1)).await.unwrap();
    assert_eq!(changed, Err(DealRefusal::SeatsBelowAllocated { allocated: 2 }));
}

/// Somebody else changes the deal after the change has read it.
#[tokio::test(flavor = "multi_thread")]
async fn two_changes_of_a_deal_at_once_are_both_kept() {
    let table = Table::new(3).await;
    let (others, id) = (table.others(), table.deal.id);
    let rename = DealChange { name: Title::parse("Another").ok(), ..DealChange::default() };
    table.wire.before_next_write(async move { drop(change(&others, id, &rename).await) });
    let deal = change(&table, id, &resized(5)).await;
    assert_eq!((deal.name.as_str(), deal.seats, deal.revision), ("Another", 5, 3));
    assert_eq!(table.deal_now().await, deal);
}

/// The deal changes before a repeated write arrives. A repeated creation comes after DynamoDB has dropped its token.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_repetition_keeps_a_newer_change_of_the_deal() {
    let table = Table::new(3).await;
    let (others, organisation) = (table.others(), table.deal.organisation.id.clone());
    let old = table.deal.id;
    table.wire.disturb([Fault::LoseAnswer]);
    table.wire.before_late_write(async move {
        let deals = others.store.deals_of(&organisation).await.unwrap();
        let made = deals.iter().find(|deal| deal.id != old).unwrap();
        change(&others, made.id, &resized(9)).await;
    });
    let made = table.store.create_deal(&new_deal(7), None, Duration::days(365), start()).await.unwrap();
    assert_eq!(table.store.deal(made.unwrap().id).await.unwrap().unwrap().seats, 9);

    let others = table.others();
    table.wire.lose_answer_after(async move { drop(change(&others, old, &resized(8)).await) });
    let (older, now) = (change(&table, old, &resized(5)).await, table.deal_now().await);
    assert_eq!((older.seats, older.revision, now.seats, now.revision), (5, 2, 8, 3));
}

/// A deal keeps the shortest lifetime of its invites, even if the caller saw an older deal.
#[tokio::test]
async fn a_deal_remembers_its_shortest_lifetime() {
    let table = Table::new(1).await;
    for (seconds, expected) in [(60, 60), (61, 60), (59, 59), (60, 59)] {
        // An old copy of the deal.
        table.store.remember_lifetime(&table.deal, Duration::seconds(seconds)).await.unwrap();
        let remembered = table.deal_now().await.shortest_lifetime;
        assert_eq!(remembered, Some(Duration::seconds(expected)), "{seconds}");
    }
}

/// Returns the deal of an `Idempotency-Key`, to which nobody was invited.
async fn create(table: &Table) -> Result<Deal, DealRefusal> {
    let (new, retention) = (new_deal(7), Duration::days(365));
    table.store.create_deal(&new, Some(("key", "body")), retention, start()).await.unwrap()
}

#[tokio::test]
async fn a_deal_is_deleted_once_and_for_all() {
    for fault in [Fault::LoseAnswer, Fault::Conflict] {
        let table = Table::new(3).await;
        let made = create(&table).await.unwrap();
        table.wire.disturb([fault]);
        assert!(table.store.delete_deal(made.id, Some(1)).await.unwrap().is_ok(), "{fault:?}");
        assert_eq!(table.store.deal(made.id).await.unwrap(), None, "{fault:?}");
        // A late repetition of the creation creates no other deal.
        assert_eq!(create(&table).await, Err(DealRefusal::Deleted), "{fault:?}");
        let changed = table.store.change_deal(made.id, &resized(5)).await.unwrap();
        assert_eq!(changed, Err(DealRefusal::NotFound), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_deal_that_is_deleted_right_after_is_no_failure() {
    let table = Table::new(3).await;
    let (made, others) = (create(&table).await.unwrap(), table.others());
    table.wire.lose_answer_after(async move {
        others.store.delete_deal(made.id, None).await.unwrap().unwrap();
    });
    change(&table, made.id, &resized(5)).await;
}

/// The first send and the deletion both write the deal's item. `sending.rs` has the other order.
#[tokio::test(flavor = "multi_thread")]
async fn i3_a_deal_is_not_deleted_when_somebody_is_invited_just_before() {
    let table = Table::new(3).await;
    let made = create(&table).await.unwrap();
    let (others, deal) = (table.others(), made.clone());
    table.wire.before_next_write(async move {
        assert!(others.store.remember_lifetime(&deal, LIFETIME).await.unwrap());
    });
    assert_eq!(table.store.delete_deal(made.id, None).await.unwrap(), Err(DealRefusal::InUse));
    assert!(table.store.deal(made.id).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_to_send_do_not_overlap() {
    let table = Table::new(3).await;
    let reserve = async |now, until| {
        let turn = table.store.reserve_sends(14, 14, now, until).await.unwrap();
        turn.map(|turn| (turn - start()).num_seconds())
    };
    // Two functions find the account idle at the same time.
    let others = table.others();
    table.wire.disturb([Fault::None]);
    table.wire.before_next_write(async move {
        others.store.reserve_sends(14, 14, start(), after(3)).await.unwrap().unwrap();
    });
    for turn in [Some(1), Some(2), Some(3), None] {
        assert_eq!(reserve(start(), after(3)).await, turn);
    }
    assert_eq!(reserve(after(60), after(63)).await, Some(60));
}
