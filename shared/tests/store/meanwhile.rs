//! What happens between two requests of a function, or between a write and its repetition: some conditions are there for
//! nothing else, and no drawn state shows what they are for, since the function has just read what they ask for.

use super::drawn::{Trial, item, n};
use super::wire::{Fault, Request};
use super::world::{Key, LIFETIME, World, after, email, inviter, learner, sent, soon, start};
use chrono::Duration;
use shared::delivery::Claim;
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::domain::release::ReleaseRefusal;
use shared::domain::{DealChange, Delivery, InviteRecord, Link, NewDeal, Sent, Stored};
use shared::store::{AcceptOutcome, Allowance, CreateOutcome, Due, Outcome, Sender, StoreError};
use std::fmt::Debug;

/// Something that happens in a deal of three seats.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) tell: fn(&Trial),
}

/// All of them.
pub(crate) const STORIES: &[Story] = &[
    Story { name: "a cancellation repeated late", tell: |trial| trial.once(cancellation_repeated_late) },
    Story { name: "sends repeated late", tell: |trial| trial.once(sends_repeated_late) },
    Story { name: "a seat that has changed hands", tell: |trial| trial.once(seat_has_changed_hands) },
    Story { name: "an invite that was accepted again", tell: |trial| trial.once(invite_was_accepted_again) },
    Story { name: "a mark after a new send", tell: |trial| trial.once(mark_after_a_new_send) },
    Story { name: "a mark after a later one", tell: |trial| trial.once(mark_after_a_later_one) },
    Story { name: "a deal made again late", tell: |trial| trial.once(deal_made_again_late) },
    Story { name: "a change of a deal retried late", tell: |trial| trial.once(change_retried_late) },
    Story { name: "two turns at once", tell: |trial| trial.once(two_turns_at_once) },
    Story { name: "two windows at once", tell: |trial| trial.once(two_windows_at_once) },
    Story { name: "sends taken again", tell: |trial| trial.once(sends_taken_again) },
    Story { name: "sends given back again", tell: |trial| trial.once(sends_given_back_again) },
];

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

/// The one write that was caught.
fn caught(world: &World) -> Request {
    let mut caught = world.wire.caught();
    assert_eq!(caught.len(), 1);
    caught.remove(0)
}

impl World {
    /// The write that would invite this address, at some time later; and its link.
    async fn invitation(&self, address: &str) -> (Link, Request) {
        let link = self.link(address);
        self.wire.disturb([Fault::Catch]);
        let invited =
            self.store.queue_invite(&self.deal, &email(address), None, &link, &inviter(), after(20)).await;
        assert!(invited.is_err(), "{invited:?}");
        (link, caught(self))
    }

    /// Of the next write the answer gets lost, and before it is repeated somebody resends.
    async fn lose_and_renew(&self) {
        self.wire.disturb([Fault::Catch]);
        let resent = self.store.resend_invite(&self.link(ANN), None, &inviter(), after(70)).await;
        assert!(resent.is_err(), "{resent:?}");
        let renewal = caught(self);
        self.wire.disturb([Fault::LoseAnswer]);
        self.wire.meanwhile([renewal]);
    }

    /// The transaction that would accept with this link.
    async fn acceptance(&self, link: &Link, who: &str) -> Request {
        self.wire.disturb([Fault::Catch]);
        let accepted = self.store.accept_invite(link, &learner(who), None, after(30), soon()).await;
        assert!(accepted.is_err(), "{accepted:?}");
        caught(self)
    }

    /// The transaction that would release this seat.
    async fn release(&self, link: &Link) -> Request {
        self.wire.disturb([Fault::Catch]);
        let released = self.store.release_seat(link.deal, link.invite, None).await;
        assert!(released.is_err(), "{released:?}");
        caught(self)
    }

    async fn accepts(&self, link: &Link, who: &str) {
        let accepted = self.accept(link, who, after(10)).await;
        assert!(matches!(accepted, AcceptOutcome::Accepted { .. }), "{accepted:?}");
    }

    async fn cancels(&self, link: &Link) {
        let cancelled = self.store.cancel_invite(link.deal, link.invite, None).await.unwrap();
        assert_eq!(cancelled, Ok(()));
    }

    /// The seats that are held, as the deal counts them and as they are there.
    async fn held(&self, who: &str) -> (u32, bool) {
        let seats = self.store.seats_of(&learner(who)).await.unwrap();
        (self.deal_now().await.allocated, seats.iter().any(|seat| seat.deal.id == self.deal.id))
    }
}

/// A manager cancels; the answer gets lost; somebody invites again; the write is repeated.
async fn cancellation_repeated_late(world: World) {
    let (link, _) = world.send(ANN, start()).await;
    let (_, invitation) = world.invitation(ANN).await;
    world.wire.disturb([Fault::LoseAnswer]);
    world.wire.meanwhile([invitation]);
    let cancelled = world.store.cancel_invite(link.deal, link.invite, None).await.unwrap();
    assert_eq!(cancelled, Ok(()));
    assert!(world.wire.is_quiet());
    let record = world.record(&link).await.unwrap();
    assert_eq!((record.invite.stored, record.invite.sends), (Stored::Open, 2));
}

/// An address is invited and sent to again; each time the answer gets lost, somebody sends after that, and the write is
/// repeated. It was done, is answered so, and the mail is left to the newer send.
async fn sends_repeated_late(world: World) {
    let link = world.link(ANN);
    world.lose_and_renew().await;
    let invited =
        world.store.queue_invite(&world.deal, &email(ANN), None, &link, &inviter(), after(10)).await;
    was_done(invited.unwrap(), link);
    let link = world.link(ANN);
    world.lose_and_renew().await;
    let resent = world.store.resend_invite(&link, Some(2), &inviter(), after(60)).await;
    was_done(resent.unwrap(), link.clone());
    assert!(world.wire.is_quiet());
    assert_eq!(world.record(&link).await.unwrap().invite.sends, 4);
}

fn was_done<R: Debug>(outcome: Outcome<R>, link: Link) {
    let Outcome::Done(record) = outcome else { panic!("{outcome:?}") };
    assert!(Claim::of(*record, link).is_none());
}

/// Two managers release the same seat, and before the second of them does, its learner takes another.
async fn seat_has_changed_hands(world: World) {
    let ((first, _), (second, _)) = (world.send(ANN, start()).await, world.send(BOB, start()).await);
    let acceptance = world.acceptance(&second, "ann").await;
    world.accepts(&first, "ann").await;
    let release = world.release(&first).await;
    world.wire.meanwhile([release, acceptance]);
    let released = world.store.release_seat(first.deal, first.invite, None).await.unwrap();
    assert_eq!(released, Err(ReleaseRefusal::AlreadyDone));
    assert!(world.wire.is_quiet());
    assert_eq!(world.held("ann").await, (1, true));
}

/// A manager releases the seat of the invite that they saw, and before that it was released and accepted once more.
async fn invite_was_accepted_again(world: World) {
    let (link, _) = world.send(ANN, start()).await;
    world.accepts(&link, "ann").await;
    let release = world.release(&link).await;
    let (newer, invitation) = world.invitation(ANN).await;
    let acceptance = world.acceptance(&newer, "ann").await;
    world.wire.meanwhile([release, invitation, acceptance]);
    let released = world.store.release_seat(link.deal, link.invite, Some(1)).await.unwrap();
    assert_eq!(released, Err(ReleaseRefusal::Stale));
    assert!(world.wire.is_quiet());
    assert_eq!(world.held("ann").await, (1, true));
}

/// A mail went out, a manager cancelled, and while that is being recorded somebody invites again.
async fn mark_after_a_new_send(world: World) {
    let (link, record) = world.queue(ANN, start()).await;
    world.cancels(&link).await;
    let (_, invitation) = world.invitation(ANN).await;
    world.wire.disturb([Fault::None]);
    world.wire.meanwhile([invitation]);
    assert_eq!(world.store.mark_sent(&link, sent(&record)).await.unwrap(), None);
    assert!(world.wire.is_quiet());
    let record = world.record(&link).await.unwrap();
    assert_eq!((record.invite.delivery, record.invite.sends), (Delivery::Queued, 2));
}

/// Two tries of a send went out, the first of them unheard of, and a manager cancelled: the first is recorded last.
async fn mark_after_a_later_one(world: World) {
    let (link, first): (Link, InviteRecord) = world.queue(ANN, start()).await;
    let due_at = first.due_at.unwrap();
    let due = Due { deal: link.deal, invite: link.invite, sends: 1, tries: 1, due_at };
    let again = world.link(ANN);
    let claimed = world.store.claim_invite(&due, &world.deal, &again, &inviter(), 0.5, due_at).await.unwrap();
    let Outcome::Done(second) = claimed else { panic!("{claimed:?}") };
    world.cancels(&link).await;
    world.wire.disturb([Fault::None, Fault::Catch]);
    assert!(world.store.mark_sent(&again, sent(&second)).await.is_err());
    let mark = caught(&world);
    world.wire.disturb([Fault::None]);
    world.wire.meanwhile([mark]);
    let marked = world.store.mark_sent(&link, sent(&first)).await.unwrap().unwrap();
    assert!(world.wire.is_quiet());
    assert_eq!(marked.invite.sent, Some(Sent { at: due_at, until: due_at + LIFETIME }));
}

/// A request to make a deal arrives twice, so late that DynamoDB has forgotten the first.
async fn deal_made_again_late(world: World) {
    let new = NewDeal {
        organisation: world.deal.organisation.clone(),
        name: world.deal.name.clone(),
        seats: 3,
        starts_at: start(),
        ends_at: after(100_000),
    };
    let create = async || world.store.create_deal(&new, None, Duration::days(365), start()).await;
    world.wire.disturb([Fault::Catch]);
    assert!(create().await.is_err());
    let request = caught(&world);
    // Whichever write comes next, this one comes before it.
    world.wire.meanwhile([request.clone()]);
    let CreateOutcome::Created(_) = create().await.unwrap() else { panic!() };
    let id = request.deal().unwrap();
    let change = DealChange { seats: Some(9), ..DealChange::default() };
    world.store.change_deal(id, &change).await.unwrap().unwrap();
    world.wire.meanwhile([request]);
    let CreateOutcome::Created(_) = create().await.unwrap() else { panic!() };
    assert!(world.wire.is_quiet());
    assert_eq!(world.store.deal(id).await.unwrap().unwrap().seats, 9);
}

/// A partnership manager changes a deal, and the answer is lost. Before the write is retried, somebody changes the deal
/// again: the newer change stays.
async fn change_retried_late(world: World) {
    let id = world.deal.id;
    let seats = |seats, expected_revision| DealChange {
        seats: Some(seats),
        expected_revision,
        ..DealChange::default()
    };
    for is_conditional in [false, true] {
        let before = world.deal_now().await;
        world.wire.disturb([Fault::Catch]);
        assert!(world.store.change_deal(id, &seats(7, None)).await.is_err());
        let newer = caught(&world);
        world.wire.disturb([Fault::LoseAnswer]);
        world.wire.meanwhile([newer]);
        let older = seats(5, is_conditional.then_some(before.revision));
        let changed = world.store.change_deal(id, &older).await.unwrap().unwrap();
        assert!(world.wire.is_quiet());
        assert_eq!((changed.seats, changed.revision), (7, before.revision + 2), "If-Match: {is_conditional}");
    }
}

/// Two functions find the account idle, and both want to send at once.
async fn two_turns_at_once(world: World) {
    let slots = || ("RATE".to_owned(), "RATE".to_owned());
    let reserve = async || world.store.reserve_sends(14, 7, start(), after(10)).await;
    for free_at in [None, Some(after(-10))] {
        let item = free_at.map(|at| item([("freeAt", n(at.timestamp_millis()))]));
        world.lay([(slots(), item)]).await;
        world.wire.disturb([Fault::None, Fault::Catch]);
        assert!(reserve().await.is_err());
        let other = caught(&world);
        world.wire.disturb([Fault::None]);
        world.wire.meanwhile([other]);
        assert_eq!(reserve().await.unwrap(), Some(after(2)));
        assert!(world.wire.is_quiet());
    }
}

/// How many sends a manager gets out of eight an hour.
async fn take(world: &World, wanted: u32) -> Result<Allowance, StoreError> {
    let (manager, limits) = (learner("max"), EIGHT_AN_HOUR);
    let sender = Sender { manager: &manager, deal: &world.deal, limits: &limits };
    world.store.take_allowance(sender, wanted, start()).await
}

const EIGHT_AN_HOUR: SendingLimits =
    SendingLimits { recipient: RecipientLimit::NONE, manager_per_hour: 8, deal_per_day: Some(0) };

fn manager_key() -> Key {
    (format!("M#{}", learner("max").as_str()), "SENDS".to_owned())
}

/// Two requests find a manager's hour over, and both want to begin the next.
async fn two_windows_at_once(world: World) {
    let over = item([("used", n(8)), ("windowEnds", n(start().timestamp_millis()))]);
    for before in [None, Some(over)] {
        world.lay([(manager_key(), before)]).await;
        world.wire.disturb([Fault::None, Fault::Catch]);
        assert!(take(&world, 5).await.is_err());
        let other = caught(&world);
        world.wire.disturb([Fault::None]);
        world.wire.meanwhile([other]);
        assert_eq!(take(&world, 5).await.unwrap().sends, 3);
        assert!(world.wire.is_quiet());
    }
}

/// A request takes sends from a window that has begun, and the answer gets lost.
async fn sends_taken_again(world: World) {
    world.lay([(manager_key(), None)]).await;
    take(&world, 1).await.unwrap();
    world.wire.disturb([Fault::LoseAnswer]);
    assert_eq!(take(&world, 3).await.unwrap().sends, 3);
    assert!(world.wire.is_quiet());
    assert_eq!(take(&world, 8).await.unwrap().sends, 4);
}

/// A request gives back what it did not use, and the answer gets lost.
async fn sends_given_back_again(world: World) {
    world.lay([(manager_key(), None)]).await;
    let unused = take(&world, 3).await.unwrap();
    take(&world, 5).await.unwrap();
    world.wire.disturb([Fault::LoseAnswer]);
    world.store.give_back(unused, 0).await.unwrap();
    assert!(world.wire.is_quiet());
    assert_eq!(take(&world, 8).await.unwrap().sends, 3);
}

#[tokio::test]
async fn no_window_begins_twice() {
    two_windows_at_once(World::new(3).await).await;
}

#[tokio::test]
async fn what_is_taken_is_taken_once() {
    sends_taken_again(World::new(3).await).await;
}

#[tokio::test]
async fn what_is_given_back_is_given_back_once() {
    sends_given_back_again(World::new(3).await).await;
}

#[tokio::test]
async fn i4_a_cancellation_that_is_repeated_late_spares_the_next_send() {
    cancellation_repeated_late(World::new(3).await).await;
}

#[tokio::test]
async fn i4_a_send_that_is_repeated_after_a_newer_one_was_done() {
    sends_repeated_late(World::new(3).await).await;
}

#[tokio::test]
async fn i1_a_release_spares_the_seat_that_its_learner_took_since() {
    seat_has_changed_hands(World::new(3).await).await;
}

#[tokio::test]
async fn i1_a_release_spares_what_was_accepted_since() {
    invite_was_accepted_again(World::new(3).await).await;
}

#[tokio::test]
async fn i4_a_mark_spares_the_next_send() {
    mark_after_a_new_send(World::new(3).await).await;
}

#[tokio::test]
async fn i4_the_mark_of_a_later_try_stays() {
    mark_after_a_later_one(World::new(3).await).await;
}

#[tokio::test]
async fn a_change_of_a_deal_that_is_retried_late_spares_the_newer_one() {
    change_retried_late(World::new(3).await).await;
}

#[tokio::test]
async fn turns_that_are_reserved_at_once_do_not_overlap() {
    two_turns_at_once(World::new(3).await).await;
}

#[tokio::test]
async fn a_deal_that_is_made_again_late_stays_as_it_is() {
    deal_made_again_late(World::new(3).await).await;
}
