//! Drawn states of an invite, its deal and its learner's seat, laid into a table around an instant; and what a caller says
//! of them, who may have seen something older.
//!
//! Values lie close together, so that each comparison of a condition comes out both ways. States that no write leaves are
//! drawn too, a closed invite that is still due for instance: rule and condition have to agree on whatever they read.

use super::world::{Key, World, after, email, learner};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Duration;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use shared::domain::limit::RecipientLimit;
use shared::domain::{Deal, InviteRecord, Link, Secret, Timestamp};
use shared::store::Item;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Whom the drawn invite is for.
pub(crate) const ADDRESS: &str = "ann@example.com";

/// The instant around which states are drawn: some way into the deal.
pub(crate) fn now() -> Timestamp {
    after(1_000_000)
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    now() + Duration::seconds(seconds)
}

/// When the drawn invite's newest try began.
pub(crate) fn tried_at() -> Timestamp {
    later(-100)
}

/// A deal, as it is drawn; its term from now.
#[derive(Clone, Debug)]
pub(crate) struct DrawnDeal {
    pub(crate) seats: u32,
    pub(crate) allocated: u32,
    pub(crate) starts_in: i64,
    pub(crate) ends_in: i64,
    pub(crate) shortest_lifetime: Option<i64>,
}

/// An invite, as it is drawn; all times in seconds from now, that of its last mail from its newest try.
#[derive(Clone, Debug)]
pub(crate) struct DrawnInvite {
    pub(crate) status: &'static str,
    pub(crate) delivery: &'static str,
    pub(crate) sends: u32,
    pub(crate) tries: u32,
    pub(crate) expires_in: i64,
    pub(crate) due_in: Option<i64>,
    pub(crate) resent_in: Option<i64>,
    pub(crate) queued_in: i64,
    /// Of the third send before this one's next.
    pub(crate) asked_in: Option<i64>,
    pub(crate) sent_after: Option<i64>,
    pub(crate) is_mine: bool,
}

/// What the caller says, or has seen; mostly what there is.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// 0 for the link of the newest send, 1 to 3 for those of the sends before, 4 for one that is not known.
    pub(crate) link: usize,
    pub(crate) expected: Option<u32>,
    pub(crate) sends: u32,
    pub(crate) tries: u32,
    pub(crate) expires_in: i64,
    pub(crate) due_in: i64,
    /// Decides what nothing else decides.
    pub(crate) coin: bool,
    /// How often an invite may be sent: one of [`LIMITS`].
    pub(crate) limit: RecipientLimit,
}

/// None, one that looks at the newest send and at the third last, and one that looks at the last only.
const LIMITS: [RecipientLimit; 3] = [
    RecipientLimit::NONE,
    RecipientLimit { per_day: 3, interval: Duration::minutes(10) },
    RecipientLimit { per_day: 1, interval: Duration::zero() },
];

#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) deal: Option<DrawnDeal>,
    pub(crate) invite: Option<DrawnInvite>,
    /// Whether there is a seat of the learner: me, or who accepted.
    pub(crate) mine_is_there: bool,
    pub(crate) theirs_is_there: bool,
    pub(crate) asked: Asked,
    pub(crate) change: (Option<u32>, Option<i64>, Option<i64>, Option<u32>),
}

fn near() -> std::ops::RangeInclusive<i64> {
    -1..=1
}

fn drawn_deal() -> impl Strategy<Value = Option<DrawnDeal>> {
    let term = (prop_oneof![2 => Just(-1), 1 => -2_i64..=1], prop_oneof![2 => Just(1), 1 => 0_i64..=2]);
    let allocated = prop_oneof![1 => Just(0_u32), 2 => 1_u32..=2];
    let deal = (1_u32..=3, allocated, term, prop::option::of(59_i64..=61)).prop_map(
        |(seats, allocated, (starts_in, ends_in), shortest_lifetime)| DrawnDeal {
            seats,
            allocated: allocated.min(seats),
            starts_in,
            ends_in,
            shortest_lifetime,
        },
    );
    prop::option::weighted(0.95, deal)
}

fn drawn_invite() -> impl Strategy<Value = Option<DrawnInvite>> {
    let status = prop::sample::select(vec![
        "open",
        "open",
        "open",
        "open",
        "accepted",
        "expired",
        "cancelled",
        "released",
    ]);
    let delivery =
        prop::sample::select(vec!["queued", "queued", "queued", "queued", "sent", "sent", "failed"]);
    let misplaced = prop::bool::weighted(0.25);
    let tries = prop_oneof![2 => Just(7_u32), 1 => 6_u32..=8];
    let about_it = (status, delivery, 1_u32..=2, tries, any::<bool>());
    // What can still be done is drawn more often than what can't, since a single thing against it is enough.
    let expires_in = prop_oneof![3 => Just(1_i64), 1 => near()];
    let times = (expires_in, (near(), misplaced), prop::option::of(-11_i64..=-9), prop::option::of(near()));
    // Long ago mostly; otherwise around a day, or ten minutes, ago.
    let queued_in = prop_oneof![2 => Just(-90_000_i64), 1 => -86_401_i64..=-86_399, 2 => -601_i64..=-599];
    let asked_in = prop::option::of(prop_oneof![2 => Just(-90_000_i64), 1 => -86_401_i64..=-86_399]);
    let lately = (queued_in, asked_in);
    let invite =
        (about_it, times, lately).prop_map(|((status, delivery, sends, tries, is_mine), times, lately)| {
            let (expires_in, (due_in, misplaced), resent_in, sent_after) = times;
            DrawnInvite {
                status,
                delivery,
                sends,
                tries,
                expires_in,
                due_in: ((status == "open") != misplaced).then_some(due_in),
                resent_in,
                queued_in: lately.0,
                asked_in: lately.1,
                sent_after,
                is_mine,
            }
        });
    prop::option::weighted(0.95, invite)
}

fn asked(invite: Option<&DrawnInvite>) -> impl Strategy<Value = Asked> + use<> {
    let sends = invite.map_or(1, |invite| invite.sends);
    let tries = invite.map_or(1, |invite| invite.tries);
    let expires_in = invite.map_or(0, |invite| invite.expires_in);
    let due_in = invite.and_then(|invite| invite.due_in).unwrap_or(0);
    let link = prop_oneof![1 => Just(0_usize), 1 => 1_usize..=4];
    (
        (link, prop::option::of(1_u32..=2), any::<bool>(), prop::sample::select(&LIMITS[..])),
        prop_oneof![3 => Just(sends), 1 => 1_u32..=2],
        prop_oneof![5 => Just(tries), 1 => 6_u32..=8],
        prop_oneof![5 => Just(expires_in), 1 => near()],
        prop_oneof![5 => Just(due_in), 1 => near()],
    )
        .prop_map(|((link, expected, coin, limit), sends, tries, expires_in, due_in)| Asked {
            link,
            expected,
            sends,
            tries,
            expires_in,
            due_in,
            coin,
            limit,
        })
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let change = (
        prop::option::of(prop_oneof![3 => Just(1_u32), 1 => 0_u32..=2]),
        prop::option::of(-2_i64..=1),
        // One that a deal's records do not outlive, too.
        prop::option::of(prop_oneof![7 => 0_i64..=2, 1 => Just(i64::MAX)]),
        prop::option::of(prop_oneof![2 => Just(1_u32), 1 => 1_u32..=2]),
    );
    let seats = (prop::bool::weighted(0.3), prop::bool::weighted(0.85));
    (drawn_deal(), drawn_invite(), seats, change).prop_flat_map(|(deal, invite, seats, change)| {
        asked(invite.as_ref()).prop_map(move |asked| Drawn {
            deal: deal.clone(),
            invite: invite.clone(),
            mine_is_there: seats.0,
            theirs_is_there: seats.1,
            asked,
            change,
        })
    })
}

pub(crate) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn n(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

/// The links of the drawn invite, by [`Asked::link`]; higher numbers are of links that it does not know.
pub(crate) fn secret(which: usize) -> Secret {
    Secret::from_bytes([u8::try_from(which).unwrap() + 1; 32])
}

impl DrawnInvite {
    fn item(&self) -> Item {
        let at = |seconds| n(later(seconds).timestamp());
        let millis = |seconds| n(later(seconds).timestamp_millis());
        let mut item = item([
            ("v", n(1)),
            ("status", s(self.status)),
            ("email", s(ADDRESS)),
            ("delivery", s(self.delivery)),
            ("sends", n(self.sends)),
            ("tries", n(self.tries)),
            ("queuedAt", millis(self.queued_in)),
            ("triedAt", n(tried_at().timestamp())),
            ("expiresAt", at(self.expires_in)),
        ]);
        for (which, name) in ["links", "oldLinks1", "oldLinks2", "oldLinks3"].into_iter().enumerate() {
            let hashes = vec![secret(which).hash().as_str().to_owned()];
            item.insert(name.into(), AttributeValue::Ss(hashes));
        }
        let mut set = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
        if self.delivery == "failed" {
            set("failure", s("message_rejected"));
            set("failedAt", at(-50));
        }
        if let Some(after) = self.sent_after {
            set("sentAt", n((tried_at() + Duration::seconds(after)).timestamp()));
        }
        if let Some(asked_in) = self.asked_in {
            set("asked1", millis(asked_in));
            set("asked2", millis(asked_in));
        }
        if let Some(resent_in) = self.resent_in {
            set("resentAt", millis(resent_in));
        }
        if let Some(due_in) = self.due_in {
            set("duePk", s(if self.delivery == "queued" { "Q#0" } else { "E#0" }));
            set("dueAt", millis(due_in));
        }
        if matches!(self.status, "accepted" | "released") {
            set("learner", s(learner(self.holder()).as_str()));
            set("acceptedAt", at(-5));
        }
        item
    }

    /// Who accepted, if somebody did.
    pub(crate) fn holder(&self) -> &'static str {
        if self.is_mine { "me" } else { "other" }
    }
}

/// What is stored of a deal, an invite and learners' seats, attribute by attribute.
#[derive(PartialEq, Debug)]
pub(crate) struct Stored {
    pub(crate) deal: Option<Item>,
    pub(crate) invite: Option<Item>,
    pub(crate) mine: Option<Item>,
    pub(crate) others: Option<Item>,
}

impl World {
    pub(crate) fn deal_key(&self) -> Key {
        (format!("D#{}", self.deal.id), "DEAL".to_owned())
    }

    pub(crate) fn invite_key(&self) -> Key {
        (format!("D#{}", self.deal.id), format!("I#{}", self.deal.invite_id(&email(ADDRESS))))
    }

    pub(crate) fn seat_key(&self, who: &str) -> Key {
        (format!("L#{}", learner(who).as_str()), format!("S#{}", self.deal.id))
    }

    /// Reads all that is stored, beside the store.
    pub(crate) async fn stored(&self) -> Stored {
        let keys = [self.deal_key(), self.invite_key(), self.seat_key("me"), self.seat_key("other")];
        let [deal, invite, mine, others] = self.items(keys).await;
        Stored { deal, invite, mine, others }
    }
}

impl DrawnDeal {
    fn item(&self, like: &Item) -> Item {
        let mut item = like.clone();
        item.insert("seats".into(), n(self.seats));
        item.insert("allocated".into(), n(self.allocated));
        item.insert("startsAt".into(), n(later(self.starts_in).timestamp()));
        item.insert("endsAt".into(), n(later(self.ends_in).timestamp()));
        item.remove("shortestLifetime");
        if let Some(lifetime) = self.shortest_lifetime {
            item.insert("shortestLifetime".into(), n(lifetime));
        }
        item
    }
}

/// A seat, by some invite.
pub(crate) fn seat() -> Item {
    item([("v", n(1)), ("acceptedAt", n(later(-5).timestamp())), ("invite", s("another"))])
}

pub(crate) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A drawn state as it lies in the table, and as the domain sees it.
pub(crate) struct Laid {
    pub(crate) world: World,
    pub(crate) drawn: Drawn,
    /// The link of [`Asked::link`].
    pub(crate) link: Link,
    pub(crate) deal: Option<Deal>,
    pub(crate) record: Option<InviteRecord>,
    pub(crate) before: Stored,
}

/// A table to try drawn states in, one after the other, each in a deal of its own.
pub(crate) struct Trial {
    pub(crate) world: World,
    /// A record like that of a drawn invite.
    pub(crate) like: InviteRecord,
    deal_like: Item,
    runtime: tokio::runtime::Runtime,
    config: Config,
    /// Whether limits of sending are left out.
    verdicts: RefCell<BTreeMap<String, u32>>,
}

impl Trial {
    /// So many cases for each check, always the same; and if one does not hold, whether to look for a simple one. With
    /// `PROPTEST_CASES` set, so many, and others each time.
    pub(crate) fn new(cases: u32, simplify: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (world, like, deal_like) = runtime.block_on(async {
            let world = World::new(1).await;
            let (_, like) = world.queue(ADDRESS, now()).await;
            let [deal_like] = world.items([world.deal_key()]).await;
            (world, like, deal_like.unwrap())
        });
        let mut config = Config { failure_persistence: None, ..Config::default() };
        if std::env::var_os("PROPTEST_CASES").is_none() {
            config.cases = cases;
            config.rng_seed = RngSeed::Fixed(1);
        }
        if !simplify {
            config.max_shrink_iters = 0;
        }
        Self { world, like, deal_like, runtime, config, verdicts: RefCell::default() }
    }

    /// Draws states and holds `check` for each. It returns the verdict that rule and engine agree on.
    pub(crate) fn all<R: Debug>(
        &self,
        check: &impl AsyncFn(&Laid) -> Result<Result<(), R>, TestCaseError>,
    ) -> Result<(), String> {
        let mut runner = TestRunner::new(self.config.clone());
        let result = runner.run(&drawn(), |drawn| {
            let verdict = self.runtime.block_on(async {
                let world = self.world.with_another_deal();
                let link = Link { secret: secret(drawn.asked.link), ..world.link(ADDRESS) };
                let deal = drawn.deal.as_ref().map(|deal| deal.item(&self.deal_like));
                let invite = drawn.invite.as_ref().map(DrawnInvite::item);
                let mine = drawn.mine_is_there.then(seat);
                let places =
                    [(world.deal_key(), deal), (world.invite_key(), invite), (world.seat_key("me"), mine)];
                world.lay(places).await;
                let (deal, record) = world.store.deal_and_invite(link.deal, link.invite).await?;
                let before = world.stored().await;
                check(&Laid { world, drawn, link, deal, record, before }).await
            })?;
            let verdict = match verdict {
                Ok(()) => "Ok".to_owned(),
                Err(refusal) => format!("{refusal:?}"),
            };
            let verdict = verdict.split(" {").next().unwrap_or_default();
            let verdict = verdict.trim_start_matches("TooSoon(").trim_matches('"').to_owned();
            *self.verdicts.borrow_mut().entry(verdict).or_default() += 1;
            Ok(())
        });
        result.map_err(|error| error.to_string())
    }

    /// Lets a story happen in a deal of its own, of three seats.
    pub(crate) fn once(&self, story: impl AsyncFnOnce(World)) {
        self.runtime.block_on(async {
            let world = self.world.with_another_deal();
            let mut deal = self.deal_like.clone();
            deal.insert("seats".into(), n(3));
            world.lay([(world.deal_key(), Some(deal))]).await;
            story(world).await;
        });
    }

    /// How often each verdict was come to since the last call.
    pub(crate) fn verdicts(&self) -> BTreeMap<String, u32> {
        self.verdicts.take()
    }
}
