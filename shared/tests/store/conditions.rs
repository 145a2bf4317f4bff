//! Accepting has its rule twice, in Rust and as conditions of a transaction. The two agree. States are drawn around an
//! instant, so that each comparison has both results. A refusal changes nothing.

use super::table::{ANN, Table, after, done, item, learner, n, s, soon};
use chrono::Duration;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use shared::domain::accept::{LinkRefusal, may_accept};
use shared::domain::{
    Asked, AskedFor, BounceReason, Delivery, FailureReason, HistoryEvent, Invite, InviteState, Link, Links,
    Name, Secret, Timestamp,
};
use shared::store::{Item, Seen, StoreError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

const VERDICTS: &str = "AcceptedByAnother AlreadySeated AlreadyYours Cancelled DealEnded DealFull DealNotStarted Expired Ok \
                        Superseded UnknownInvite";

/// The instant around which states are drawn, within the deal's term.
fn now() -> Timestamp {
    after(1_000_000)
}

fn later(seconds: i64) -> Timestamp {
    now() + Duration::seconds(seconds)
}

/// The secret of the newest send is number 0, and of the sends before 1 to 3.
fn secret(which: usize) -> Secret {
    Secret::from_bytes([u8::try_from(which).unwrap() + 1; 32])
}

// States that allow an accept are drawn more often, since a single obstacle refuses it.
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
    /// Attributes of a deal.
    fn drawn_deal()(
        seats in 1_i64..=3,
        allocated in prop_oneof![1 => Just(0_i64), 2 => 1_i64..=2],
        starts_in in prop_oneof![2 => Just(-1), 1 => -2_i64..=1],
        ends_in in prop_oneof![2 => Just(1), 1 => 0_i64..=2],
    ) -> [(&'static str, i64); 4] {
        let [starts_at, ends_at] = [starts_in, ends_in].map(|seconds| later(seconds).timestamp());
        [("seats", seats), ("allocated", allocated.min(seats)), ("startsAt", starts_at), ("endsAt", ends_at)]
    }
}

/// A deal of its own with one invite, and a link.
struct Case {
    table: Table,
    link: Link,
}

impl Case {
    /// The items of the deal, the invite and my seat.
    async fn stored(&self) -> [Option<Item>; 3] {
        let table = &self.table;
        table.items([table.deal_key(), table.invite_key(&self.link), table.seat_key("me")]).await
    }

    async fn put(&self, invite: Invite) {
        let rule = |_: Option<&Invite>, _| Ok::<_, Infallible>(invite.clone());
        done(self.table.change(&self.link, Seen::Unread, now(), rule).await);
    }

    /// Checks that the transaction left the same item as a write of the whole invite, with its index keys.
    async fn is_as_if_written_whole(&self) -> Result<Invite, TestCaseError> {
        let of_invite = async || {
            let mut item = self.table.item(&self.link).await;
            // Accepting leaves the delivery alone, and readers then show a mail that was not sent as sent, also in the
            // history.
            let differing = ["version", "writers", "name", "delivery", "failure", "failedAt", "history"]
                .map(str::to_owned);
            item.retain(|name, _| !differing.contains(name));
            item
        };
        let (left, invite) = (of_invite().await, self.table.now(&self.link).await);
        self.put(Invite { name: Name::clean("Another"), ..invite.clone() }).await;
        prop_assert_eq!(of_invite().await, left);
        Ok(invite)
    }

    /// Accepts by the rule and by the transaction. Returns their verdict.
    async fn accept(&self, has_seat: bool) -> Result<String, TestCaseError> {
        let (store, link, me) = (&self.table.store, &self.link, learner("me"));
        let (deal, record) = store.deal_and_invite(link.key()).await?;
        let existing = record.as_ref().map(|record| &record.invite);
        let hash = link.secret.hash();
        let rule = may_accept(Some(existing), Some(deal.as_ref()), has_seat, &hash, &me, now());
        let before = self.stored().await;
        let verdict = match (rule, store.accept_invite(link, &me, None, now(), soon()).await) {
            (Ok(()), Ok(Ok((_, accepted_at)))) => {
                prop_assert_eq!(accepted_at, now());
                // I1: a seat, and one more allocated seat.
                let [stored, _, mine] = self.stored().await;
                prop_assert_eq!(&mine.unwrap()["invite"], &s(&link.invite.to_string()));
                prop_assert_eq!(&stored.unwrap()["allocated"], &n(deal.unwrap().allocated + 1));
                let invite = self.is_as_if_written_whole().await?;
                let newest = invite.history.newest_first().next().map(|entry| (entry.event, entry.at));
                prop_assert_eq!(newest, Some((HistoryEvent::Accepted, now())));
                prop_assert_eq!(invite.state, InviteState::Accepted);
                prop_assert_eq!((invite.learner, invite.accepted_at), (Some(me), Some(now())));
                prop_assert_eq!(invite.sent.map(|sent| sent.at), Some(invite.attempted_at));
                prop_assert_eq!((invite.declined_at, invite.asked), (None, None));
                return Ok("Ok".to_owned());
            }
            (Err(LinkRefusal::AlreadyYours { accepted_at: first }), Ok(Ok((_, accepted_at)))) => {
                prop_assert_eq!(accepted_at, first);
                "AlreadyYours".to_owned()
            }
            // The deal of an accepted invite is gone.
            (Err(LinkRefusal::AlreadyYours { .. }), Err(StoreError::Corrupt(_))) if deal.is_none() => {
                "AlreadyYours".to_owned()
            }
            (Err(reason), Ok(Err(refusal))) => {
                prop_assert_eq!(reason, refusal);
                format!("{reason:?}")
            }
            (rule, outcome) => return Err(TestCaseError::fail(format!("rule {rule:?}, engine {outcome:?}"))),
        };
        prop_assert_eq!(self.stored().await, before);
        Ok(verdict)
    }
}

/// Each verdict must come. Without `PROPTEST_CASES`, the states are the same in each run.
#[test]
fn accept_and_its_conditions_agree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (table, like, deal_like) = runtime.block_on(async {
        let table = Table::new(1).await;
        let (_, queued) = table.queue(ANN, now()).await;
        let [deal_like] = table.items([table.deal_key()]).await;
        (table, queued.invite, deal_like.unwrap())
    });
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        (config.cases, config.rng_seed) = (800, RngSeed::Fixed(1));
    }
    let drawn = (
        prop::option::weighted(0.95, drawn_deal()),
        prop::option::weighted(0.95, drawn_invite(like)),
        prop::bool::weighted(0.3),
        prop_oneof![Just(0_usize), 1_usize..=4],
    );
    let verdicts: RefCell<BTreeMap<String, u32>> = RefCell::default();
    let result = TestRunner::new(config).run(&drawn, |(deal, invite, has_seat, which)| {
        let table = table.with_another_deal();
        let link = Link { secret: secret(which), ..table.link(ANN) };
        let deal = deal.map(|attributes| {
            let attributes = item(attributes.map(|(name, number)| (name, n(number))));
            (table.deal_key(), deal_like.clone().into_iter().chain(attributes).collect())
        });
        let seat = item([("v", n(2)), ("acceptedAt", n(later(-5).timestamp())), ("invite", s("another"))]);
        let seat = has_seat.then(|| (table.seat_key("me"), seat));
        let case = Case { table, link };
        let verdict = runtime.block_on(async {
            case.table.put(deal.into_iter().chain(seat)).await;
            if let Some(invite) = invite {
                case.put(Invite { id: case.link.invite, ..invite }).await;
            }
            case.accept(has_seat).await
        })?;
        *verdicts.borrow_mut().entry(verdict).or_default() += 1;
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let verdicts = verdicts.into_inner();
    assert!(verdicts.values().all(|times| *times >= 5), "a verdict is too rare: {verdicts:?}");
    let verdicts: Vec<_> = verdicts.into_keys().collect();
    assert_eq!(verdicts.join(" "), VERDICTS, "unexpected or missing verdicts");
}
