//! Transactions and counters, when answers get lost, others write, and a write arrives late: accepting, releasing, making
//! and changing a deal, and the send rate.

use super::wire::Fault;
use super::world::{World, after, start};
use chrono::Duration;
use shared::domain::accept::AcceptRefusal;
use shared::domain::release::ReleaseRefusal;
use shared::domain::{DealChange, Link, NewDeal, Secret};
use shared::store::{AcceptOutcome, CreateOutcome};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

/// Both faults that a transaction may meet.
const FAULTS: [Fault; 2] = [Fault::LoseAnswer, Fault::CancelByConflict];

#[tokio::test]
async fn after_a_conflict_a_full_deal_is_an_answer_not_a_queue() {
    let world = World::new(1).await;
    let ((ann, _), (bob, _)) = (world.send(ANN, start()).await, world.send(BOB, start()).await);
    world.accepts(&ann, "ann", after(1)).await;
    world.forget();
    // The transaction conflicts for longer than anybody would wait; the look at the deal ends it.
    world.wire.disturb([Fault::CancelByConflict; 4]);
    assert_eq!(world.accept(&bob, "bob", after(2)).await, AcceptOutcome::Refused(AcceptRefusal::DealFull));
    // The deal for the answer, and the look: three items, each of which costs a transaction two units.
    assert!((6.5..7.5).contains(&world.store.usage().read_units));
}

#[tokio::test]
async fn i6_what_stands_behind_a_conflict_is_no_answer() {
    let world = World::new(1).await;
    let (link, _) = world.send(ANN, start()).await;
    world.accepts(&link, "ann", after(1)).await;
    // A second click meets the first one's commit: seat and deal have it already, the invite is only conflicting.
    world.wire.disturb([Fault::CancelByBoth]);
    let again = world.accept(&link, "ann", after(2)).await;
    assert!(matches!(again, AcceptOutcome::Accepted { accepted_at, .. } if accepted_at == after(1)));
    // Somebody without a link learns nothing of the deal from such a meeting.
    let forged = Link { secret: Secret::from_bytes([9; 32]), ..link };
    world.wire.disturb([Fault::CancelByBoth]);
    let refused = world.accept(&forged, "eve", after(2)).await;
    assert_eq!(refused, AcceptOutcome::Refused(AcceptRefusal::UnknownInvite));
}

/// Two managers release the same seat, and before the second of them does, its learner takes another.
#[tokio::test(flavor = "multi_thread")]
async fn i1_a_release_spares_the_seat_that_its_learner_took_since() {
    let world = World::new(3).await;
    let ((first, _), (second, _)) = (world.send(ANN, start()).await, world.send(BOB, start()).await);
    world.accepts(&first, "ann", after(1)).await;
    let (others, key) = (world.others(), first.key());
    world.wire.meanwhile(async move {
        others.store.release_seat(key, None, after(2)).await.unwrap().unwrap();
        others.accepts(&second, "ann", after(3)).await;
    });
    let released = world.store.release_seat(key, None, after(4)).await.unwrap();
    assert_eq!((released, world.held("ann").await), (Err(ReleaseRefusal::AlreadyDone), (1, true)));
}

/// A manager releases the seat of the invite that they saw, and before that it was released and accepted once more: by
/// another's release, or by their own, whose answer got lost.
#[tokio::test(flavor = "multi_thread")]
async fn i1_a_release_spares_what_was_accepted_since() {
    for is_done in [false, true] {
        let world = World::new(3).await;
        let (link, _) = world.send(ANN, start()).await;
        world.accepts(&link, "ann", after(1)).await;
        let (others, key) = (world.others(), link.key());
        if is_done {
            world.wire.disturb([Fault::LoseAnswer]);
        }
        world.wire.meanwhile(async move {
            if !is_done {
                others.store.release_seat(key, None, after(2)).await.unwrap().unwrap();
            }
            let (newer, _) = others.send(ANN, after(3)).await;
            others.accepts(&newer, "ann", after(4)).await;
        });
        let released = world.store.release_seat(key, Some(1), after(5)).await.unwrap();
        let expected = if is_done { Ok(()) } else { Err(ReleaseRefusal::Stale) };
        assert_eq!((released, world.held("ann").await), (expected, (1, true)));
    }
}

fn new_deal(world: &World) -> NewDeal {
    NewDeal {
        organisation: world.deal.organisation.clone(),
        name: world.deal.name.clone(),
        seats: 7,
        starts_at: start(),
        ends_at: after(100_000),
    }
}

#[tokio::test]
async fn a_deal_is_made_and_changed_once() {
    for fault in FAULTS {
        let world = World::new(3).await;
        let change = DealChange { seats: Some(5), expected_revision: Some(1), ..DealChange::default() };
        world.wire.disturb([fault]);
        let changed = world.store.change_deal(world.deal.id, &change).await.unwrap().unwrap();
        assert_eq!((changed.seats, changed.revision), (5, 2), "{fault:?}");
        let new = new_deal(&world);
        let create = |body| world.store.create_deal(&new, Some(("key", body)), Duration::days(365), start());
        world.wire.disturb([fault]);
        let CreateOutcome::Created(made) = create("body").await.unwrap() else { panic!("{fault:?}") };
        assert_eq!((made.seats, made.allocated, made.revision), (7, 0, 1), "{fault:?}");
        assert_eq!(create("body").await.unwrap(), CreateOutcome::Created(made), "{fault:?}");
        assert_eq!(create("other").await.unwrap(), CreateOutcome::KeyReused, "{fault:?}");
        assert_eq!(world.store.deals_of(&new.organisation.id).await.unwrap().len(), 2, "{fault:?}");
    }
}

/// Somebody has changed the deal before the repetition arrives. (That of a making so late that DynamoDB has forgotten it.)
#[tokio::test(flavor = "multi_thread")]
async fn a_deal_whose_making_or_change_is_repeated_late_keeps_the_newer_change() {
    let seats = |seats, expected_revision| DealChange {
        seats: Some(seats),
        expected_revision,
        ..DealChange::default()
    };
    let world = World::new(3).await;
    let (others, organisation) = (world.others(), world.deal.organisation.id.clone());
    let (old, newer) = (world.deal.id, seats(9, None));
    world.wire.disturb([Fault::LoseAnswer]);
    world.wire.much_later(async move {
        let deals = others.store.deals_of(&organisation).await.unwrap();
        let made = deals.iter().find(|deal| deal.id != old).unwrap();
        others.store.change_deal(made.id, &newer).await.unwrap().unwrap();
    });
    let made = world.store.create_deal(&new_deal(&world), None, Duration::days(365), start()).await.unwrap();
    let CreateOutcome::Created(made) = made else { panic!("{made:?}") };
    assert_eq!(world.store.deal(made.id).await.unwrap().unwrap().seats, 9);
    for is_conditional in [false, true] {
        let before = world.deal_now().await;
        let (others, newer) = (world.others(), seats(8, None));
        world.wire.disturb([Fault::LoseAnswer]);
        world.wire.meanwhile(async move {
            others.store.change_deal(others.deal.id, &newer).await.unwrap().unwrap();
        });
        let older = seats(5, is_conditional.then_some(before.revision));
        let now = world.store.change_deal(world.deal.id, &older).await.unwrap().unwrap();
        assert_eq!((now.seats, now.revision), (8, before.revision + 2), "If-Match: {is_conditional}");
    }
}

/// What a deal remembers is the shortest lifetime that it was ever used with, whatever its caller saw.
#[tokio::test]
async fn a_deal_remembers_its_shortest_lifetime() {
    let world = World::new(1).await;
    for (seconds, expected) in [(60, 60), (61, 60), (59, 59), (60, 59)] {
        // The deal as it was before anybody used it.
        world.store.remember_lifetime(&world.deal, Duration::seconds(seconds)).await.unwrap();
        let remembered = world.deal_now().await.shortest_lifetime;
        assert_eq!(remembered, Some(Duration::seconds(expected)), "{seconds}");
    }
    let none = world.with_another_deal();
    none.store.remember_lifetime(&none.deal, Duration::seconds(1)).await.unwrap();
    assert_eq!(none.store.deal(none.deal.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_to_send_do_not_overlap() {
    let world = World::new(3).await;
    let reserve = async |now, until| {
        let turn = world.store.reserve_sends(14, 14, now, until).await.unwrap();
        turn.map(|turn| (turn - start()).num_seconds())
    };
    // Two functions find the account idle, and both want to send at once.
    let others = world.others();
    world.wire.disturb([Fault::None]);
    world.wire.meanwhile(async move {
        others.store.reserve_sends(14, 14, start(), after(3)).await.unwrap().unwrap();
    });
    for turn in [Some(1), Some(2), Some(3), None] {
        assert_eq!(reserve(start(), after(3)).await, turn);
    }
    assert_eq!(reserve(after(60), after(63)).await, Some(60));
}
