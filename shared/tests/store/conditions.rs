//! Accepting, releasing and changing a deal have their rule twice, in Rust and as conditions of a transaction. The two
//! agree. States are drawn around an instant, so that each comparison has both results. A refusal changes nothing.

use super::table::{Table, after, done, item, learner, n, s, soon};
use chrono::Duration;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use shared::domain::accept::{LinkRefusal, may_accept};
use shared::domain::release::release;
use shared::domain::{
    Asked, AskedFor, BounceReason, Deal, DealChange, DealRefusal, Delivery, FailureReason, HistoryEvent,
    Invite, InviteState, Link, Links, Name, Secret, Timestamp,
};
use shared::store::{Item, Seen, StoreError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Debug;

/// The instant around which states are drawn, within the deal's term.
fn now() -> Timestamp {
    after(1_000_000)
}

fn later(seconds: i64) -> Timestamp {
    now() + Duration::seconds(seconds)
}

#[derive(Clone, Debug)]
struct Drawn {
    /// Attributes of the deal: seats, allocated, start and end.
    deal: Option<[u32; 2]>,
    term: [i64; 2],
    invite: Option<Invite>,
    /// Whether there are seats of mine and of another's.
    has_my_seat: bool,
    has_others_seat: bool,
    /// 0 for the link of the newest send, 1 to 3 for older sends, 4 for an unknown link.
    link: usize,
    /// The caller's `If-Match`.
    expected: Option<u32>,
    change: DealChange,
}

// States that allow an operation are drawn more often, since a single obstacle refuses it.
prop_compose! {
    fn drawn_invite(like: Invite)(
        state in prop_oneof![
            4 => Just(InviteState::Open),
            2 => Just(InviteState::Accepted),
            1 => Just(InviteState::Expired),
            2 => Just(InviteState::Declined),
            1 => Just(InviteState::Cancelled),
            1 => Just(InviteState::Released),
        ],
        delivery in prop_oneof![
            Just(Delivery::Queued),
            Just(Delivery::Sent),
            Just(Delivery::Failed { reason: FailureReason::MessageRejected, at: later(-50) }),
            Just(Delivery::Delivered { at: later(-50) }),
            Just(Delivery::Bounced { reason: BounceReason::Temporary, at: later(-50) }),
        ],
        sends in 1_u32..=2,
        expires_in in prop_oneof![3 => Just(1_i64), 1 => -1_i64..=1],
        holder in prop_oneof![Just("me"), Just("other")],
        has_asked in prop::bool::weighted(0.3),
        has_opted_out in prop::bool::weighted(0.3),
    ) -> Invite {
        let is_accepted = matches!(state, InviteState::Accepted | InviteState::Released);
        let is_removed = matches!(state, InviteState::Cancelled | InviteState::Released);
        let hashes = |which| vec![secret(which).hash()];
        Invite {
            state,
            delivery,
            sends,
            expires_at: later(expires_in),
            attempted_at: later(-100),
            links: Links { current: hashes(0), superseded: (1..=3).map(hashes).collect() },
            learner: is_accepted.then(|| learner(holder)),
            accepted_at: is_accepted.then(|| later(-5)),
            removed_at: is_removed.then(now),
            declined_at: (state == InviteState::Declined).then(|| later(-4)),
            asked: (has_asked && !is_accepted).then(|| Asked { at: later(-3), wanted: AskedFor::Seat }),
            opted_out_at: has_opted_out.then(|| later(-2)),
            ..like.clone()
        }
    }
}

prop_compose! {
    fn drawn(like: Invite)(
        (deal, invite) in (prop::option::weighted(0.95, 1_u32..=3), prop::option::weighted(0.95, drawn_invite(like))),
        allocated in prop_oneof![1 => Just(0_u32), 2 => 1_u32..=2],
        starts_in in prop_oneof![2 => Just(-1), 1 => -2_i64..=1],
        ends_in in prop_oneof![2 => Just(1), 1 => 0_i64..=2],
        (has_my_seat, has_others_seat) in (prop::bool::weighted(0.3), prop::bool::weighted(0.85)),
        (link, expected) in (prop_oneof![Just(0_usize), 1_usize..=4], prop::option::of(1_u32..=2)),
        seats in prop::option::of(prop_oneof![3 => Just(1_u32), 1 => 0_u32..=2]),
        starts_at in prop::option::of(-2_i64..=1),
        // Also an end after the deal's records are purged.
        ends_at in prop::option::of(prop_oneof![7 => 0_i64..=2, 1 => Just(100_000_000)]),
        expected_revision in prop::option::of(prop_oneof![2 => Just(1_u32), 1 => 1_u32..=2]),
    ) -> Drawn {
        let (starts_at, ends_at) = (starts_at.map(later), ends_at.map(later));
        Drawn {
            deal: deal.map(|seats| [seats, allocated.min(seats)]),
            term: [starts_in, ends_in],
            invite, has_my_seat, has_others_seat, link, expected,
            change: DealChange { seats, starts_at, ends_at, expected_revision, ..DealChange::default() },
        }
    }
}

/// A learner's click proves that a mail arrived.
fn told_or_sent(invite: &Invite) -> Delivery {
    match invite.delivery {
        Delivery::Queued | Delivery::Failed { .. } => Delivery::Sent,
        told => told,
    }
}

fn newest(invite: &Invite) -> Option<(HistoryEvent, Timestamp)> {
    invite.history.newest_first().next().map(|entry| (entry.event, entry.at))
}

fn secret(which: usize) -> Secret {
    Secret::from_bytes([u8::try_from(which).unwrap() + 1; 32])
}

/// A seat by another invite.
fn seat() -> Item {
    item([("v", n(2)), ("acceptedAt", n(later(-5).timestamp())), ("invite", s("another"))])
}

/// A drawn state, in the table and in the domain's types.
struct Case {
    table: Table,
    drawn: Drawn,
    link: Link,
    deal: Option<Deal>,
    invite: Option<Invite>,
}

impl Case {
    /// The items of the deal, the invite, my seat and the other seat.
    async fn stored(&self) -> [Option<Item>; 4] {
        let table = &self.table;
        let [mine, others] = ["me", "other"].map(|who| table.seat_key(who));
        table.items([table.deal_key(), table.invite_key(&self.link), mine, others]).await
    }

    async fn put(&self, invite: Invite) {
        let rule = |_: Option<&Invite>, _| Ok::<_, Infallible>(invite.clone());
        done(self.table.change(&self.link, Seen::Unread, now(), rule).await);
    }

    /// Checks that the transaction left the same item as a write of the whole invite, with its index keys.
    async fn is_as_if_written_whole(&self) -> Result<Invite, TestCaseError> {
        let of_invite = async || {
            let mut item = self.stored().await[1].clone().unwrap();
            item.retain(|name, _| !["version", "writers", "name"].contains(&name.as_str()));
            // Accepting leaves the delivery alone, and readers then show a mail that was not sent as sent, also in the
            // history.
            if [s("accepted"), s("released")].contains(&item["status"]) {
                let shown = ["delivery", "failure", "failedAt", "history"];
                item.retain(|name, _| !shown.contains(&name.as_str()));
            }
            item
        };
        let (left, invite) = (of_invite().await, self.table.now(&self.link).await);
        self.put(Invite { name: Name::clean("Another"), ..invite.clone() }).await;
        prop_assert_eq!(of_invite().await, left);
        Ok(invite)
    }
}

/// Draws states, each in its own deal, and runs `check` on each, which returns the verdict of rule and engine. Each
/// expected verdict must come. Without `PROPTEST_CASES`, the states are the same in each run.
fn agree(
    cases: u32,
    expected: &str,
    check: &impl AsyncFn(&Case) -> Result<Result<(), String>, TestCaseError>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (table, like, deal_like) = runtime.block_on(async {
        let table = Table::new(1).await;
        let (_, queued) = table.queue("ann@example.com", now()).await;
        let [deal_like] = table.items([table.deal_key()]).await;
        (table, queued.invite, deal_like.unwrap())
    });
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        (config.cases, config.rng_seed) = (cases, RngSeed::Fixed(1));
    }
    let verdicts: RefCell<BTreeMap<String, u32>> = RefCell::default();
    let result = TestRunner::new(config).run(&drawn(like), |drawn| {
        let verdict = runtime.block_on(async {
            let table = table.with_another_deal();
            let link = Link { secret: secret(drawn.link), ..table.link("ann@example.com") };
            let deal = drawn.deal.map(|[seats, allocated]| {
                let [starts_at, ends_at] = drawn.term.map(|seconds| n(later(seconds).timestamp()));
                let counts = [("seats", n(seats)), ("allocated", n(allocated))];
                let term = [("startsAt", starts_at), ("endsAt", ends_at)];
                deal_like.clone().into_iter().chain(item(counts)).chain(item(term)).collect()
            });
            let seats = [("me", drawn.has_my_seat), ("other", drawn.has_others_seat)];
            let seats = seats.into_iter().filter(|(_, is_there)| *is_there);
            let seats = seats.map(|(who, _)| (table.seat_key(who), seat()));
            table.put(seats.chain(deal.map(|deal| (table.deal_key(), deal)))).await;
            let deal = table.store.deal(link.deal).await?;
            let mut case = Case { table, drawn, link, deal, invite: None };
            if let Some(drawn) = case.drawn.invite.clone() {
                case.put(Invite { id: case.link.invite, ..drawn }).await;
                case.invite = Some(case.table.now(&case.link).await);
            }
            let before = case.stored().await;
            let verdict = check(&case).await?;
            if verdict.is_err() {
                prop_assert_eq!(case.stored().await, before);
            }
            Ok(verdict)
        })?;
        let verdict = verdict.map_or_else(|refusal| refusal, |()| "Ok".to_owned());
        *verdicts.borrow_mut().entry(verdict).or_default() += 1;
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let verdicts = verdicts.into_inner();
    let mut expected: Vec<_> = expected.split_whitespace().collect();
    expected.sort_unstable();
    assert_eq!(verdicts.keys().collect::<Vec<_>>(), expected, "unexpected or missing verdicts");
    assert!(verdicts.values().all(|times| *times >= 5), "a verdict is too rare: {verdicts:?}");
}

#[test]
fn accept_and_its_conditions_agree() {
    let verdicts = "Ok UnknownInvite AlreadyYours Cancelled Superseded AcceptedByAnother Expired AlreadySeated \
                    DealNotStarted DealEnded DealFull";
    agree(800, verdicts, &async |case| {
        let (link, me, hash) = (&case.link, learner("me"), case.link.secret.hash());
        let (invite, deal) = (case.invite.as_ref(), case.deal.as_ref());
        let rule = may_accept(Some(invite), Some(deal), case.drawn.has_my_seat, &hash, &me, now());
        let outcome = case.table.store.accept_invite(link, &me, None, now(), soon()).await;
        match (rule, outcome) {
            (Ok(()), Ok(Ok((_, accepted_at)))) => {
                prop_assert_eq!(accepted_at, now());
                // I1: a seat, and one more allocated seat.
                let [stored, _, mine, _] = case.stored().await;
                prop_assert_eq!(&mine.unwrap()["invite"], &s(&link.invite.to_string()));
                prop_assert_eq!(&stored.unwrap()["allocated"], &n(deal.unwrap().allocated + 1));
                let invite = case.is_as_if_written_whole().await?;
                prop_assert_eq!(invite.state, InviteState::Accepted);
                prop_assert_eq!(invite.delivery, case.invite.as_ref().map(told_or_sent).unwrap());
                prop_assert_eq!(newest(&invite), Some((HistoryEvent::Accepted, now())));
                prop_assert_eq!((invite.learner, invite.accepted_at), (Some(me), Some(now())));
                prop_assert_eq!(invite.sent.map(|sent| sent.at), Some(invite.attempted_at));
                prop_assert_eq!((invite.declined_at, invite.asked), (None, None));
                Ok(Ok(()))
            }
            (Err(LinkRefusal::AlreadyYours { accepted_at: first }), Ok(Ok((_, accepted_at)))) => {
                prop_assert_eq!(accepted_at, first);
                Ok(Err("AlreadyYours".to_owned()))
            }
            (Err(reason), Ok(Err(refusal))) => {
                prop_assert_eq!(reason, refusal);
                Ok(Err(format!("{reason:?}")))
            }
            // The deal of an accepted invite is gone.
            (Err(LinkRefusal::AlreadyYours { .. }), Err(StoreError::Corrupt(_))) if deal.is_none() => {
                Ok(Err("AlreadyYours".to_owned()))
            }
            (rule, outcome) => Err(TestCaseError::fail(format!("rule {rule:?}, engine {outcome:?}"))),
        }
    });
}

/// Damaged states too: an accepted invite without a seat, or a deal with too low a count. Releasing changes neither.
#[test]
fn release_and_its_conditions_agree() {
    agree(200, "Ok NotFound AlreadyDone Stale Damaged", &async |case| {
        let (drawn, deal) = (&case.drawn, case.deal.as_ref());
        let is_mine = case.invite.as_ref().is_some_and(|invite| invite.learner == Some(learner("me")));
        let has_seat = if is_mine { drawn.has_my_seat } else { drawn.has_others_seat };
        let is_sound = has_seat && deal.is_some_and(|deal| deal.allocated > 0);
        let rule = release(case.invite.as_ref(), drawn.expected, None, now());
        match (
            rule,
            case.table.store.release_seat(case.link.key(), drawn.expected, None, now(), soon()).await,
        ) {
            (Ok(_), Ok(Ok(()))) if is_sound => {
                let [stored, _, mine, others] = case.stored().await;
                prop_assert_eq!(if is_mine { mine } else { others }, None);
                prop_assert_eq!(&stored.unwrap()["allocated"], &n(deal.unwrap().allocated - 1));
                let invite = case.is_as_if_written_whole().await?;
                prop_assert_eq!((invite.state, invite.removed_at), (InviteState::Released, Some(now())));
                prop_assert_eq!(newest(&invite), Some((HistoryEvent::Released, now())));
                Ok(Ok(()))
            }
            (Ok(_), Err(StoreError::Corrupt(_))) if !is_sound => Ok(Err("Damaged".to_owned())),
            (Err(reason), Ok(Err(refusal))) => {
                prop_assert_eq!(reason, refusal);
                Ok(Err(format!("{reason:?}")))
            }
            (rule, released) => Err(TestCaseError::fail(format!("rule {rule:?}, engine {released:?}"))),
        }
    });
}

#[test]
fn changing_a_deal_and_its_condition_agree() {
    let verdicts = "Ok NotFound Stale SeatsBelowAllocated SeatsOutOfRange EndsBeforeStart EndsTooLate";
    agree(150, verdicts, &async |case| {
        let change = &case.drawn.change;
        let rule = case.deal.as_ref().ok_or(DealRefusal::NotFound).and_then(|deal| deal.changed(change));
        let changed = case.table.store.change_deal(case.link.deal, change).await?;
        prop_assert_eq!(changed.as_ref().err(), rule.as_ref().err());
        if let (Ok(changed), Some(before)) = (changed, &case.deal) {
            prop_assert_eq!(changed.seats, change.seats.unwrap_or(before.seats));
            prop_assert_eq!(changed.starts_at, change.starts_at.unwrap_or(before.starts_at));
            prop_assert_eq!(changed.ends_at, change.ends_at.unwrap_or(before.ends_at));
            prop_assert_eq!((changed.revision, changed.allocated), (before.revision + 1, before.allocated));
            prop_assert_eq!(case.table.store.deal(case.link.deal).await?, Some(changed));
        }
        Ok(rule.map(drop).map_err(|refusal| format!("{refusal:?}").split(" {").next().unwrap().to_owned()))
    });
}
