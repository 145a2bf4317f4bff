//! Rules and conditions agree: for random invites, deals and times, what the domain says is what the engine does.

use super::world::{World, after, email, inviter, learner, soon};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Duration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shared::domain::accept::{AcceptRefusal, may_accept};
use shared::domain::cancel::may_cancel;
use shared::domain::claim::{ClaimRefusal, may_claim};
use shared::domain::expire::may_expire;
use shared::domain::limit::RecipientLimit;
use shared::domain::release::{ReleaseRefusal, may_release};
use shared::domain::resend::may_resend;
use shared::domain::send::may_invite;
use shared::domain::{DealChange, Link, Secret};
use shared::store::{AcceptOutcome, Due, Item, Outcome, Store};

/// A drawn state of one invite, its deal and its learner's seat, around an instant.
#[derive(Clone, Debug)]
struct Drawn {
    exists: bool,
    status: &'static str,
    delivery: &'static str,
    sends: u32,
    tries: u32,
    expires_in: i64,
    due_in: i64,
    resent_ago: Option<i64>,
    is_mine: bool,
    holds_seat: bool,
    link: usize,
    seats: u32,
    allocated: u32,
    starts_in: i64,
    ends_in: i64,
    expected: Option<u32>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let near = || -1_i64..=1;
    let status =
        prop::sample::select(vec!["open", "open", "open", "accepted", "expired", "cancelled", "released"]);
    let delivery = prop::sample::select(vec!["queued", "queued", "sent"]);
    (
        (prop::bool::weighted(0.95), status, delivery, 1_u32..3, 7_u32..9),
        (near(), near(), prop::option::of(9_i64..=11)),
        (any::<bool>(), prop::bool::weighted(0.3), 0_usize..3),
        (1_u32..3, 0_u32..3, near(), 0_i64..=2, prop::option::of(1_u32..3)),
    )
        .prop_map(
            |((exists, status, delivery, sends, tries), (expires_in, due_in, resent_ago), mine, deal)| {
                let (is_mine, holds_seat, link) = mine;
                let (seats, allocated, starts_in, ends_in, expected) = deal;
                Drawn {
                    exists,
                    status,
                    delivery,
                    sends,
                    tries,
                    expires_in,
                    due_in,
                    resent_ago,
                    is_mine,
                    holds_seat,
                    link,
                    seats,
                    allocated: allocated.min(seats),
                    starts_in,
                    ends_in,
                    expected,
                }
            },
        )
}

/// The instant around which states are drawn: some way into the deal.
fn now() -> shared::domain::Timestamp {
    after(1_000_000)
}

fn at(offset: i64) -> i64 {
    (now() + Duration::seconds(offset)).timestamp()
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

fn secret(which: usize) -> Secret {
    Secret::from_bytes([u8::try_from(which).unwrap() + 1; 32])
}

const ADDRESS: &str = "ann@example.com";

impl Drawn {
    /// Lays the drawn state into the table.
    async fn lay(&self, world: &World, link: &Link) {
        let pk = format!("D#{}", link.deal);
        let deal = [
            ("seats", n(self.seats)),
            ("allocated", n(self.allocated)),
            ("startsAt", n(at(self.starts_in))),
            ("endsAt", n(at(self.ends_in))),
        ];
        world.overwrite(pk.clone(), "DEAL".into(), item(deal)).await;
        if self.holds_seat {
            let seat = [("v", n(1)), ("acceptedAt", n(at(-5))), ("invite", s("another"))];
            let sk = format!("S#{}", link.deal);
            world.overwrite(format!("L#{}", learner("me").as_str()), sk, item(seat)).await;
        }
        if !self.exists {
            return;
        }
        let mut invite = item([
            ("v", n(1)),
            ("status", s(self.status)),
            ("email", s(ADDRESS)),
            ("delivery", s(self.delivery)),
            ("sends", n(self.sends)),
            ("tries", n(self.tries)),
            ("queuedAt", n(at(-100) * 1_000)),
            ("triedAt", n(at(-100))),
            ("expiresAt", n(at(self.expires_in))),
            ("links", AttributeValue::Ss(vec![secret(0).hash().as_str().to_owned()])),
            ("oldLinks1", AttributeValue::Ss(vec![secret(1).hash().as_str().to_owned()])),
        ]);
        if let Some(ago) = self.resent_ago {
            invite.insert("resentAt".into(), n(at(-ago) * 1_000));
        }
        if self.status == "open" {
            invite.insert("duePk".into(), s("Q#0"));
            invite.insert("dueAt".into(), n(at(self.due_in) * 1_000));
        }
        if matches!(self.status, "accepted" | "released") {
            let who = if self.is_mine { "me" } else { "other" };
            invite.insert("learner".into(), s(learner(who).as_str()));
            invite.insert("acceptedAt".into(), n(at(-5)));
        }
        world.overwrite(pk, format!("I#{}", link.invite), invite).await;
    }
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Draws states and holds `check` for each, in a table of its own.
fn for_all(cases: u32, check: &impl AsyncFn(&World, Drawn, Link)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&drawn(), |drawn| {
        runtime.block_on(async {
            let world = World::new(1).await;
            let link = Link { secret: secret(drawn.link), ..world.link(ADDRESS) };
            drawn.lay(&world, &link).await;
            check(&world, drawn, link).await;
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

fn verdict<R>(outcome: Outcome<R>) -> Result<(), R> {
    match outcome {
        Outcome::Done(_) => Ok(()),
        Outcome::Refused(reason, _) => Err(reason),
    }
}

#[test]
fn accept_and_its_conditions_agree() {
    for_all(400, &async |world, drawn, link| {
        let (store, me): (&Store, _) = (&world.store, learner("me"));
        let (record, deal) = (world.record(&link).await, world.deal_now().await);
        let holds = drawn.holds_seat;
        let hash = link.secret.hash();
        let rule = may_accept(record.as_ref(), Some(&deal), holds, &hash, &me, now());
        let done = store.accept_invite(&link, &me, None, now(), soon()).await.unwrap();
        match (&rule, done) {
            (Ok(()), AcceptOutcome::Accepted { accepted_at, .. }) => assert_eq!(accepted_at, now()),
            (
                Err(AcceptRefusal::AlreadyYours { accepted_at: first }),
                AcceptOutcome::Accepted { accepted_at, .. },
            ) => {
                assert_eq!(accepted_at, *first);
            }
            (Err(reason), AcceptOutcome::Refused(refusal)) => assert_eq!(*reason, refusal, "{drawn:?}"),
            (rule, done) => panic!("{drawn:?}: rule {rule:?}, engine {done:?}"),
        }
        // I1: one seat more exactly when one was given.
        let allocated = world.deal_now().await.allocated;
        assert_eq!(allocated, drawn.allocated + u32::from(rule.is_ok()), "{drawn:?}");
    });
}

#[test]
fn invite_and_its_condition_agree() {
    for_all(200, &async |world, drawn, link| {
        let rule = may_invite(world.record(&link).await.as_ref(), RecipientLimit::NONE, now());
        let link = Link { secret: secret(9), ..link };
        let done = world
            .store
            .queue_invite(&world.deal, &email(ADDRESS), None, &link, &inviter(), now())
            .await
            .unwrap();
        assert_eq!(verdict(done), rule, "{drawn:?}");
    });
}

#[test]
fn resend_and_its_condition_agree() {
    for_all(300, &async |world, drawn, link| {
        let rule =
            may_resend(world.record(&link).await.as_ref(), drawn.expected, RecipientLimit::NONE, now());
        let link = Link { secret: secret(9), ..link };
        let done = world.store.resend_invite(&link, drawn.expected, &inviter(), now()).await.unwrap();
        assert_eq!(verdict(done), rule, "{drawn:?}");
    });
}

#[test]
fn cancel_and_its_condition_agree() {
    for_all(200, &async |world, drawn, link| {
        let rule = may_cancel(world.record(&link).await.as_ref(), drawn.expected);
        let done = world.store.cancel_invite(link.deal, link.invite, drawn.expected).await.unwrap();
        assert_eq!(verdict(done), rule, "{drawn:?}");
    });
}

#[test]
fn release_and_its_conditions_agree() {
    for_all(300, &async |world, mut drawn, link| {
        // Here the drawn learner holds what they accepted, and nothing else.
        if drawn.status == "accepted" {
            let holder = if drawn.is_mine { "me" } else { "other" };
            let seat = item([("v", n(1)), ("acceptedAt", n(at(-5))), ("invite", s("this"))]);
            let sk = format!("S#{}", link.deal);
            world.overwrite(format!("L#{}", learner(holder).as_str()), sk, seat).await;
            drawn.allocated = drawn.allocated.max(1);
            drawn.lay(world, &link).await;
        }
        let record = world.record(&link).await;
        let rule = may_release(record.as_ref(), drawn.expected).map(|_| ());
        let done: Result<(), ReleaseRefusal> =
            world.store.release_seat(link.deal, link.invite, drawn.expected).await.unwrap();
        assert_eq!(done, rule, "{drawn:?}");
        let allocated = world.deal_now().await.allocated;
        assert_eq!(allocated, drawn.allocated - u32::from(rule.is_ok()), "{drawn:?}");
    });
}

#[test]
fn expire_and_its_condition_agree() {
    for_all(200, &async |world, drawn, link| {
        // What the index showed may be older than the table.
        let sends = drawn.expected.unwrap_or(drawn.sends);
        let due_at = now() + Duration::seconds(drawn.due_in);
        let due = Due { deal: link.deal, invite: link.invite, sends, tries: drawn.tries, due_at };
        if due_at > now() {
            return;
        }
        let record = world.record(&link).await;
        let rule = record.is_some_and(|record| {
            may_expire(&record, sends, due_at, now())
                // Marked before, as this sweep would: that counts as its own doing.
                || (drawn.status == "expired" && drawn.sends == sends && record.invite.expires_at == due_at)
        });
        assert_eq!(world.store.expire_invite(&due).await.unwrap(), rule, "{drawn:?}");
    });
}

#[test]
fn claim_and_its_condition_agree() {
    for_all(400, &async |world, drawn, link| {
        let sends = drawn.expected.unwrap_or(drawn.sends);
        let due_at = now() + Duration::seconds(drawn.resent_ago.map_or(drawn.due_in, |ago| ago - 10));
        let due = Due { deal: link.deal, invite: link.invite, sends, tries: drawn.tries, due_at };
        let (record, deal) = (world.record(&link).await, world.deal_now().await);
        let rule = record
            .map_or(Err(ClaimRefusal::NotDue), |record| may_claim(&record, &deal, sends, due_at, now()));
        let link = Link { secret: secret(9), ..link };
        let done = world.store.claim_invite(&due, &deal, &link, &inviter(), 0.5, now()).await.unwrap();
        assert_eq!(verdict(done), rule, "{drawn:?}");
    });
}

#[test]
fn changing_a_deal_and_its_condition_agree() {
    for_all(300, &async |world, drawn, link| {
        let deal = world.deal_now().await;
        let change = DealChange {
            seats: drawn.expected.map(|seats| seats - 1),
            starts_at: drawn.holds_seat.then(|| now() + Duration::seconds(drawn.expires_in)),
            ends_at: drawn.is_mine.then(|| now() + Duration::seconds(drawn.due_in)),
            expected_revision: drawn.resent_ago.map(|ago| u32::from(ago == 10) + 1),
            name: None,
        };
        let rule = deal.may_change(&change);
        let done = world.store.change_deal(link.deal, &change).await.unwrap();
        match (&rule, &done) {
            (Ok(()), Ok(changed)) => assert_eq!(changed.seats, change.seats.unwrap_or(drawn.seats)),
            (Err(_), Err(_)) => {}
            _ => panic!("{drawn:?}, {change:?}: rule {rule:?}, engine {done:?}"),
        }
    });
}
