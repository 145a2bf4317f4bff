//! What each operation costs: round trips in sequence and capacity units, as the engine reports them, held against
//! the ceilings of `docs/data-model.md`. `make figures` prints the table. What a refused write costs, no engine reports;
//! DynamoDB charges it like the write.

use super::world::{LIFETIME, World, after, done, learner, new_send, s, start};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Duration;
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::domain::outcome::Outcome;
use shared::domain::resend::resend;
use shared::domain::{AddressPrefix, Invite, Link, NewSend, Secret, Timestamp};
use shared::store::{InviteRecord, Item, PageQuery, Seen, Sender, StatusFilter, keys::Queue};

struct Measured {
    rows: Vec<String>,
}

impl Measured {
    fn new() -> Self {
        Self {
            rows: vec![format!(
                "| {:44} | {:>11} | {:>8} | {:>8} |",
                "operation", "round trips", "RRU", "WRU"
            )],
        }
    }

    /// Notes what was used since the world was last told to forget, and holds it against the ceilings. Returns the units
    /// that were written.
    fn note(&mut self, world: &World, what: &str, trips: usize, read: f64, write: f64) -> f64 {
        let (used, made) = (world.store.usage(), world.wire.round_trips());
        self.rows
            .push(format!("| {what:44} | {made:11} | {:8.1} | {:8.1} |", used.read_units, used.write_units));
        assert!(made <= trips, "{what}: {made} round trips, at most {trips}");
        assert!(used.read_units <= read, "{what}: {} RRU, at most {read}", used.read_units);
        assert!(used.write_units <= write, "{what}: {} WRU, at most {write}", used.write_units);
        used.write_units
    }
}

/// Addresses and names of a usual length.
fn address(i: usize) -> String {
    format!("first.last{i:05}@acme.example")
}

fn page(filter: Option<StatusFilter>) -> PageQuery {
    PageQuery { filter, limit: 50, after: None, lifetime: LIFETIME }
}

/// Bytes of an item, as DynamoDB counts them.
fn size(item: &Item) -> usize {
    fn of(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + of(value)).sum::<usize>(),
            other => panic!("{other:?}"),
        }
    }
    item.iter().map(|(name, value)| name.len() + of(value)).sum()
}

impl World {
    /// Records that the mail with this link went out.
    async fn mark_sent(&self, queued: &InviteRecord, link: &Link, now: Timestamp) -> InviteRecord {
        done(self.record_outcome(queued, link, Outcome::Sent, now).await)
    }

    /// Reads a deal and an invite as `resend-invite` does, and sends it with this limit.
    async fn read_and_resend(&self, link: &Link, limit: RecipientLimit, now: Timestamp) {
        let (_, seen) = self.store.deal_and_invite(link.key()).await.unwrap();
        let send = NewSend { limit, ..new_send(link, now) };
        let rule = |existing: Option<&Invite>, now| resend(existing, None, &send, now);
        let queued = done(self.change(link, Seen::Record(seen), now, rule).await);
        self.mark_sent(&queued, link, now).await;
    }

    /// What a sweep does with an invite that it has found.
    async fn read_one(&self, link: &Link) -> InviteRecord {
        self.store.invites([link.key()]).await.unwrap().remove(0)
    }
}

#[tokio::test]
async fn every_operation_keeps_to_its_budget() {
    let world = World::new(2_000).await;
    let mut measured = Measured::new();
    let store = &world.store;

    // Sending, accepting, releasing, cancelling.
    let (link, _) = world.send(&address(0), start()).await;
    measured.note(&world, "send, an invite (without the SES call)", 2, 0.0, 9.0);
    let again = world.link(&address(0));
    world.read_and_resend(&again, RecipientLimit::NONE, after(60)).await;
    measured.note(&world, "resend (without the SES call)", 3, 4.0, 10.0);
    store.preview(&again).await.unwrap();
    measured.note(&world, "preview", 1, 2.0, 0.0);
    world.accepts(&again, "ann", after(61)).await;
    measured.note(&world, "accept (and the deal for the answer)", 1, 1.0, 10.0);
    let bytes = size(&world.item(&link).await);
    assert!(bytes < 1_024, "an invite that was sent, resent and accepted has {bytes} bytes");
    world.accepts(&again, "ann", after(62)).await;
    measured.note(&world, "accept, again by the same learner", 1, 1.0, 10.0);
    let forged = Link { secret: Secret::from_bytes([9; 32]), ..again.clone() };
    world.accept(&forged, "eve", after(62)).await;
    measured.note(&world, "accept, refused: forged", 1, 1.0, 10.0);
    let unknown = world.link("nobody@example.com");
    world.accept(&unknown, "eve", after(62)).await;
    measured.note(&world, "accept, refused: unknown", 1, 1.0, 10.0);
    store.seats_of(&learner("ann")).await.unwrap();
    measured.note(&world, "a learner's seats", 2, 2.0, 0.0);
    store.release_seat(again.key(), None, after(63)).await.unwrap().unwrap();
    measured.note(&world, "release", 2, 1.0, 9.0);
    // One refused write more, which no engine counts: of at most 1 KB, it is one unit.
    world.send(&address(0), after(64)).await;
    measured.note(&world, "send, an address invited before", 3, 0.0, 9.0);
    done(world.cancel(&again, after(65)).await);
    let usual = measured.note(&world, "cancel", 2, 1.0, 5.0);
    // Another version of this program has made it larger.
    let (large, _) = world.send(&address(1), start()).await;
    world.set(&large, [("history", s(&"x".repeat(1_024)))]).await;
    world.forget();
    done(world.cancel(&large, after(65)).await);
    let of_large = measured.note(&world, "cancel, an item of 1 to 2 KB", 2, 1.0, 10.0);
    assert!(of_large > usual, "{of_large} WRU for 2 KB, {usual} for 1 KB");

    // Sweeps.
    let (link, sent) = world.send(&address(2), start()).await;
    world.forget();
    done(world.expire(world.read_one(&link).await, sent.invite.expires_at).await);
    measured.note(&world, "expire, an invite", 2, 1.0, 5.0);
    let (link, queued) = world.queue(&address(3), start()).await;
    world.forget();
    let seen = world.read_one(&link).await;
    done(world.claim(seen, &world.link(&address(3)), queued.invite.lease_until.unwrap()).await);
    measured.note(&world, "claim, an invite", 2, 1.0, 5.0);
    world.due(Queue::Expire, 0, start()).await;
    measured.note(&world, "sweep, a shard with nothing due", 1, 0.5, 0.0);

    // With limits: what a request takes from them, and an invite that remembers its sends.
    let recipient = RecipientLimit { per_day: 3, interval: Duration::minutes(10) };
    let limits = SendingLimits { recipient, manager_per_hour: 2_000, deal_per_day: None };
    let sender = Sender { manager: &learner("max"), deal: &world.deal, limits: &limits };
    store.take_allowance(sender, 10, start()).await.unwrap();
    world.forget();
    let allowance = store.take_allowance(sender, 10, after(1)).await.unwrap();
    measured.note(&world, "take from both limits, a request", 1, 0.0, 2.0);
    store.refund(allowance, 9).await.unwrap();
    measured.note(&world, "refund to both limits, a request", 1, 0.0, 2.0);
    let (link, _) = world.send(&address(4), start()).await;
    for days in 1..=4 {
        world.forget();
        let again = world.link(&address(4));
        world.read_and_resend(&again, recipient, start() + Duration::days(days)).await;
    }
    measured.note(&world, "resend, with limits (without the SES call)", 3, 4.0, 10.0);
    assert_eq!(world.now(&link).await.send_times.len(), 2);
    world.forget();

    // The deal's own.
    store.deal(world.deal.id).await.unwrap();
    measured.note(&world, "a deal", 1, 1.0, 0.0);
    let owner = &world.deal.organisation.id;
    assert!(store.is_deal_of(world.deal.id, owner).await.unwrap());
    measured.note(&world, "whose a deal is, first time in a process", 1, 1.0, 0.0);
    assert!(store.is_deal_of(world.deal.id, owner).await.unwrap());
    measured.note(&world, "whose a deal is, known", 0, 0.0, 0.0);
    store.deals_of(&world.deal.organisation.id).await.unwrap();
    measured.note(&world, "an organisation's deals (one)", 2, 1.5, 0.0);
    let change = shared::domain::DealChange { seats: Some(2_001), ..Default::default() };
    store.change_deal(world.deal.id, &change).await.unwrap().unwrap();
    measured.note(&world, "change a deal", 2, 1.0, 2.0);
    println!("{}", measured.rows.join("\n"));
}

#[tokio::test]
async fn pages_cost_the_same_whatever_the_deal_holds() {
    let world = World::new(20_000).await;
    let mut measured = Measured::new();
    let late = start() + LIFETIME + Duration::days(1);
    // One of each: expired and marked, pending, accepted; and then many like them.
    let (old, sent) = world.send(&address(0), start()).await;
    let due_at = sent.invite.expires_at;
    done(world.expire(sent, due_at).await);
    let (pending, _) = world.send(&address(1), late).await;
    let (accepted, _) = world.send(&address(2), late).await;
    world.accepts(&accepted, "learner", late).await;
    world.multiply(&old, 10..1_009).await;
    world.multiply(&accepted, 2_000..2_099).await;
    world.multiply(&pending, 10_000..10_099).await;
    let tabs = [
        ("pending", Some(StatusFilter::Pending), 4.0),
        ("accepted", Some(StatusFilter::Accepted), 4.0),
        ("expired", Some(StatusFilter::Expired), 4.0),
        ("all", None, 6.0),
    ];
    let mut of_a_hundred = Vec::new();
    for (tab, filter, ceiling) in tabs {
        world.forget();
        let read = world.store.page(world.deal.id, &page(filter), late).await.unwrap().unwrap();
        assert_eq!(read.invites.len(), 50, "{tab}");
        of_a_hundred.push(world.store.usage());
        assert!(of_a_hundred.last().unwrap().read_units <= ceiling, "{tab}");
    }
    world.multiply(&pending, 10_099..10_999).await;
    world.forget();
    let (_, counts) = world.store.counts(world.deal.id, LIFETIME, late).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.expired), (1_000, 1_000));
    measured.note(&world, "counts, 1,000 pending and 1,000 expired", 1, 80.0, 0.0);
    world.multiply(&pending, 10_999..20_000).await;
    for ((tab, filter, ceiling), before) in tabs.into_iter().zip(of_a_hundred) {
        world.forget();
        let read = world.store.page(world.deal.id, &page(filter), late).await.unwrap().unwrap();
        assert_eq!(read.invites.len(), 50, "{tab}");
        let now = world.store.usage();
        assert_eq!(now, before, "{tab}: 10,001 pending cost what 100 do");
        world.forget();
        world.store.page(world.deal.id, &page(filter), late).await.unwrap();
        measured.note(&world, &format!("Deal seats page, 50 of 10,000 rows, {tab}"), 1, ceiling, 0.0);
    }
    let first = AddressPrefix::parse("first").unwrap();
    let read = world.store.search(world.deal.id, &first, &page(None), late).await.unwrap().unwrap();
    assert_eq!(read.invites.len(), 50);
    measured.note(&world, "search by address, 50 of 10,000 rows", 2, 30.0, 0.0);
    println!("{}", measured.rows.join("\n"));
}
