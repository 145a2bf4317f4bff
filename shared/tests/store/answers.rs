//! Answers get lost and writers meet: each write, once with its answer lost after it was carried out, once with a
//! conflict before it, does what it does without, exactly once.

use super::wire::Fault;
use super::world::{World, after, email, inviter, learner, sent, soon, start};
use chrono::Duration;
use shared::domain::{DealChange, FailureReason, InviteRecord, Stored};
use shared::store::{AcceptOutcome, CreateOutcome, Due, Outcome};

/// Both faults that a single write may meet.
const PLAIN: [Fault; 2] = [Fault::LoseAnswer, Fault::Conflict];

/// Both faults that a transaction may meet.
const TRANSACTION: [Fault; 2] = [Fault::LoseAnswer, Fault::CancelByConflict];

fn is_done<R: PartialEq>(outcome: &Outcome<R>) -> bool {
    matches!(outcome, Outcome::Done(_))
}

#[tokio::test]
async fn inviting_counts_one_send() {
    for fault in PLAIN {
        let world = World::new(3).await;
        let link = world.link("ann@example.com");
        world.wire.disturb([fault]);
        let queued = world
            .store
            .queue_invite(&world.deal, &email("ann@example.com"), None, &link, &inviter(), start())
            .await
            .unwrap();
        assert!(is_done(&queued) && world.wire.is_quiet(), "{fault:?}: {queued:?}");
        let record = world.record(&link).await.unwrap();
        assert_eq!((record.invite.sends, record.links.current.len()), (1, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn resending_counts_one_send() {
    for fault in PLAIN {
        for expected in [None, Some(1)] {
            let world = World::new(3).await;
            world.send("ann@example.com", start()).await;
            let link = world.link("ann@example.com");
            world.wire.disturb([fault]);
            let resent = world.store.resend_invite(&link, expected, &inviter(), after(60)).await.unwrap();
            assert!(is_done(&resent) && world.wire.is_quiet(), "{fault:?}: {resent:?}");
            let record = world.record(&link).await.unwrap();
            assert_eq!(record.invite.sends, 2, "{fault:?}");
            assert_eq!((record.links.current.len(), record.links.superseded.len()), (1, 1), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn claiming_adds_one_link_and_one_try() {
    for fault in PLAIN {
        let world = World::new(3).await;
        let (first, record) = world.queue("ann@example.com", start()).await;
        let due = Due {
            deal: first.deal,
            invite: first.invite,
            sends: 1,
            tries: 1,
            due_at: record.due_at.unwrap(),
        };
        let link = world.link("ann@example.com");
        world.wire.disturb([fault]);
        let claimed =
            world.store.claim_invite(&due, &world.deal, &link, &inviter(), 0.5, after(60)).await.unwrap();
        assert!(is_done(&claimed) && world.wire.is_quiet(), "{fault:?}: {claimed:?}");
        let record = world.record(&link).await.unwrap();
        assert_eq!((record.tries, record.links.current.len()), (2, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn outcomes_of_mailing_are_recorded_once() {
    for fault in PLAIN {
        let world = World::new(3).await;
        let (link, record) = world.queue("ann@example.com", start()).await;
        world.wire.disturb([fault]);
        let marked = world.store.mark_sent(&link, sent(&record)).await.unwrap().unwrap();
        assert!(world.wire.is_quiet(), "{fault:?}");
        assert_eq!(marked.invite.sent, Some(sent(&record)), "{fault:?}");

        let (link, record) = world.queue("bob@example.com", start()).await;
        world.wire.disturb([fault]);
        let reason = FailureReason::MessageRejected;
        let failed = world.store.mark_failed(link.deal, &record, reason, after(1)).await.unwrap().unwrap();
        assert_eq!(failed.due_at, Some(record.invite.expires_at), "{fault:?}");
        assert_eq!(failed.invite.sent, None, "{fault:?}");

        let (link, claimed) = world.queue("cid@example.com", start()).await;
        world.wire.disturb([fault]);
        world.store.put_back(&link, &claimed, after(60), true).await.unwrap();
        let record = world.record(&link).await.unwrap();
        assert_eq!((record.tries, record.links.current.len()), (0, 0), "{fault:?}");
        assert_eq!(record.due_at, Some(after(60)), "{fault:?}");
    }
}

/// The link that an attempt added stays as long as the send, so it alone does not tell an attempt from the next one.
#[tokio::test]
async fn an_attempt_is_put_back_once_and_only_by_its_own_claim() {
    let world = World::new(3).await;
    let (link, first) = world.queue("ann@example.com", start()).await;
    let claim = async |record: &InviteRecord| {
        let due_at = record.due_at.unwrap();
        let due = Due { deal: link.deal, invite: link.invite, sends: 1, tries: record.tries, due_at };
        let another = world.link("ann@example.com");
        let claimed =
            world.store.claim_invite(&due, &world.deal, &another, &inviter(), 0.5, due_at).await.unwrap();
        let Outcome::Done(record) = claimed else { panic!("{claimed:?}") };
        (another, *record)
    };
    let (second_link, second) = claim(&first).await;
    // The first attempt comes back late: the second one holds the invite.
    for untried in [true, false] {
        world.store.put_back(&link, &first, after(5), untried).await.unwrap();
        assert_eq!(world.record(&link).await.unwrap(), second);
    }
    // The second one is put back without counting less, so its link stays; then again, which changes nothing.
    world.store.put_back(&second_link, &second, after(200), false).await.unwrap();
    let waiting = world.record(&link).await.unwrap();
    assert_eq!((waiting.tries, waiting.due_at, waiting.links.current.len()), (2, Some(after(200)), 2));
    world.store.put_back(&second_link, &second, after(300), true).await.unwrap();
    assert_eq!(world.record(&link).await.unwrap(), waiting);
}

#[tokio::test]
async fn i1_accepting_takes_one_seat() {
    for fault in TRANSACTION {
        let world = World::new(3).await;
        let (link, _) = world.send("ann@example.com", start()).await;
        let warm = world.deal_now().await;
        assert_eq!(warm.allocated, 0);
        world.wire.disturb([fault, fault]);
        let accepted = world.accept(&link, "ann", after(5)).await;
        let AcceptOutcome::Accepted { accepted_at, .. } = accepted else { panic!("{fault:?}: {accepted:?}") };
        assert_eq!(accepted_at, after(5), "{fault:?}");
        assert_eq!(world.deal_now().await.allocated, 1, "{fault:?}");
        assert_eq!(world.store.seats_of(&learner("ann")).await.unwrap().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn after_a_conflict_a_full_deal_is_an_answer_not_a_queue() {
    let world = World::new(1).await;
    let (ann, _) = world.send("ann@example.com", start()).await;
    let (bob, _) = world.send("bob@example.com", start()).await;
    world.accept(&ann, "ann", after(1)).await;
    world.forget();
    // The transaction conflicts for longer than anybody would wait; the look at the deal ends it.
    world.wire.disturb([Fault::CancelByConflict; 4]);
    let refused = world.store.accept_invite(&bob, &learner("bob"), None, after(2), soon()).await.unwrap();
    assert_eq!(refused, AcceptOutcome::Refused(shared::domain::accept::AcceptRefusal::DealFull));
    // The deal for the answer, and the look: three items, each of which costs a transaction two units.
    assert_eq!(world.store.usage().read_units, 7.0);
}

#[tokio::test]
async fn i6_what_stands_behind_a_conflict_is_no_answer() {
    let world = World::new(1).await;
    let (link, _) = world.send("ann@example.com", start()).await;
    world.accept(&link, "ann", after(1)).await;
    // A second click meets the first one's commit: seat and deal have it already, the invite is only conflicting.
    world.wire.disturb([Fault::CancelByBoth]);
    let again = world.accept(&link, "ann", after(2)).await;
    assert!(
        matches!(again, AcceptOutcome::Accepted { accepted_at, .. } if accepted_at == after(1)),
        "{again:?}"
    );
    // Somebody without a link learns nothing of the deal from such a meeting.
    let forged = shared::domain::Link { secret: shared::domain::Secret::from_bytes([9; 32]), ..link };
    world.wire.disturb([Fault::CancelByBoth]);
    let refused = world.accept(&forged, "eve", after(2)).await;
    assert_eq!(refused, AcceptOutcome::Refused(shared::domain::accept::AcceptRefusal::UnknownInvite));
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

#[tokio::test]
async fn i1_releasing_gives_back_one_seat() {
    for fault in TRANSACTION {
        let world = World::new(3).await;
        for who in ["ann", "bob"] {
            let (link, _) = world.send(&format!("{who}@example.com"), start()).await;
            world.accept(&link, who, after(5)).await;
        }
        let ann = world.link("ann@example.com");
        let read_first = world.record(&ann).await.unwrap();
        assert_eq!(read_first.invite.stored, Stored::Accepted);
        world.wire.disturb([fault]);
        let released = world.store.release_seat(ann.deal, ann.invite, None).await.unwrap();
        assert_eq!(released, Ok(()), "{fault:?}");
        assert_eq!(world.deal_now().await.allocated, 1, "{fault:?}");
        assert!(world.store.seats_of(&learner("ann")).await.unwrap().is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn cancelling_and_expiring_are_done_once() {
    for fault in TRANSACTION {
        let world = World::new(3).await;
        let (link, _) = world.send("ann@example.com", start()).await;
        world.wire.disturb([fault]);
        let cancelled = world.store.cancel_invite(link.deal, link.invite, Some(1)).await.unwrap();
        assert_eq!(cancelled, Ok(()), "{fault:?}");
        assert!(world.wire.is_quiet());
    }
    for fault in PLAIN {
        let world = World::new(3).await;
        let (link, record) = world.send("bob@example.com", start()).await;
        let due_at = record.due_at.unwrap();
        let due = Due { deal: link.deal, invite: link.invite, sends: 1, tries: 1, due_at };
        world.wire.disturb([fault]);
        assert!(world.store.expire_invite(&due).await.unwrap(), "{fault:?}");
    }
}

#[tokio::test]
async fn i4_a_send_that_is_repeated_late_is_not_sent_again() {
    let world = World::new(3).await;
    let (first, _) = world.send("ann@example.com", start()).await;
    world.store.cancel_invite(first.deal, first.invite, None).await.unwrap().unwrap();
    // The answer to the invite got lost, and before it was repeated somebody cancelled it.
    let ann = email("ann@example.com");
    world.store.queue_invite(&world.deal, &ann, None, &first, &inviter(), after(5)).await.unwrap();
    let record = world.record(&first).await.unwrap();
    assert_eq!((record.invite.stored, record.invite.sends), (Stored::Cancelled, 1));

    // The same with a resend, after which somebody resent once more.
    let world = World::new(3).await;
    world.send("ann@example.com", start()).await;
    let (lost, newer) = (world.link("ann@example.com"), world.link("ann@example.com"));
    world.store.resend_invite(&lost, None, &inviter(), after(60)).await.unwrap();
    world.store.resend_invite(&newer, None, &inviter(), after(120)).await.unwrap();
    world.store.resend_invite(&lost, None, &inviter(), after(180)).await.unwrap();
    let record = world.record(&newer).await.unwrap();
    assert_eq!((record.invite.sends, record.links.current.len()), (3, 1));
}

#[tokio::test]
async fn a_deal_is_made_and_changed_once() {
    for fault in TRANSACTION {
        let world = World::new(3).await;
        let change = DealChange { seats: Some(5), expected_revision: Some(1), ..DealChange::default() };
        world.wire.disturb([fault]);
        let changed = world.store.change_deal(world.deal.id, &change).await.unwrap().unwrap();
        assert_eq!((changed.seats, changed.revision), (5, 2), "{fault:?}");
        let new = shared::domain::NewDeal {
            organisation: world.deal.organisation.clone(),
            name: world.deal.name.clone(),
            seats: 7,
            starts_at: start(),
            ends_at: after(1_000),
        };
        let create = |body| world.store.create_deal(&new, Some(("key", body)), Duration::days(365), start());
        world.wire.disturb([fault]);
        let CreateOutcome::Created(made) = create("body").await.unwrap() else { panic!("{fault:?}") };
        let CreateOutcome::Created(again) = create("body").await.unwrap() else { panic!("{fault:?}") };
        assert_eq!(made, again, "{fault:?}");
        assert_eq!(create("other").await.unwrap(), CreateOutcome::KeyReused, "{fault:?}");
        assert_eq!(world.store.deals_of(&new.organisation.id).await.unwrap().len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn turns_to_send_do_not_overlap() {
    let world = World::new(3).await;
    let mut turns = Vec::new();
    for _ in 0..5 {
        let turn = world.store.reserve_sends(14, 14, start(), after(3)).await.unwrap();
        turns.push(turn.map(|turn| (turn - start()).num_milliseconds()));
    }
    assert_eq!(turns, [Some(0), Some(1_000), Some(2_000), Some(3_000), None]);
    let later = world.store.reserve_sends(14, 14, after(60), after(63)).await.unwrap();
    assert_eq!(later, Some(after(60)));
}
