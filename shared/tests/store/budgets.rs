//! What each operation costs: round trips in sequence and capacity units, as the engine reports them, held against
//! the ceilings of `docs/data-model.md`. `make figures` prints the table. What a refused write costs, no engine reports;
//! DynamoDB charges it like the write.

use super::world::{LIFETIME, World, after, email, inviter, learner, sent, start};
use chrono::Duration;
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::domain::{AddressPrefix, Link, Secret};
use shared::store::{Due, Inviter, PageQuery, Sender, StatusFilter, keys::Queue};

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

    /// Notes what was used since the world was last told to forget, and holds it against the ceilings.
    fn note(&mut self, world: &World, what: &str, trips: usize, read: f64, write: f64) {
        let (used, made) = (world.store.usage(), world.wire.round_trips());
        self.rows
            .push(format!("| {what:44} | {made:11} | {:8.1} | {:8.1} |", used.read_units, used.write_units));
        assert!(made <= trips, "{what}: {made} round trips, at most {trips}");
        assert!(used.read_units <= read, "{what}: {} RRU, at most {read}", used.read_units);
        assert!(used.write_units <= write, "{what}: {} WRU, at most {write}", used.write_units);
    }
}

/// Addresses and names of a usual length.
fn address(i: usize) -> String {
    format!("first.last{i:05}@acme.example")
}

fn page(filter: Option<StatusFilter>) -> PageQuery {
    PageQuery { filter, limit: 50, after: None, lifetime: LIFETIME }
}

#[tokio::test]
async fn every_operation_keeps_to_its_budget() {
    let world = World::new(2_000).await;
    let mut measured = Measured::new();
    let name = shared::domain::Name::clean("First Lastname");
    let store = &world.store;

    // Sending, accepting, releasing, cancelling.
    let link = world.link(&address(0));
    let queued = store
        .queue_invite(&world.deal, &email(&address(0)), name.as_ref(), &link, &inviter(), start())
        .await
        .unwrap();
    let shared::store::Outcome::Done(record) = queued else { panic!("{queued:?}") };
    store.mark_sent(&link, sent(&record)).await.unwrap();
    measured.note(&world, "send, an invite (without the SES call)", 2, 0.0, 9.0);
    let again = world.link(&address(0));
    let resent = store.resend_invite(&again, Some(1), &inviter(), after(60)).await.unwrap();
    let shared::store::Outcome::Done(record) = resent else { panic!("{resent:?}") };
    store.mark_sent(&again, sent(&record)).await.unwrap();
    measured.note(&world, "resend (without the SES call)", 2, 0.0, 10.0);
    store.preview(&again).await.unwrap();
    measured.note(&world, "preview", 1, 2.0, 0.0);
    world.accept(&again, "ann", after(61)).await;
    measured.note(&world, "accept (and the deal for the answer)", 1, 1.0, 10.0);
    world.accept(&again, "ann", after(62)).await;
    measured.note(&world, "accept, again by the same learner", 1, 1.0, 10.0);
    let forged = Link { secret: Secret::from_bytes([9; 32]), ..again.clone() };
    world.accept(&forged, "eve", after(62)).await;
    measured.note(&world, "accept, refused: forged", 1, 1.0, 10.0);
    let unknown = world.link("nobody@example.com");
    world.accept(&unknown, "eve", after(62)).await;
    measured.note(&world, "accept, refused: unknown", 1, 1.0, 10.0);
    store.seats_of(&learner("ann")).await.unwrap();
    measured.note(&world, "a learner's seats", 2, 2.0, 0.0);
    store.release_seat(again.deal, again.invite, None).await.unwrap().unwrap();
    measured.note(&world, "release", 2, 1.0, 9.0);
    let (link, _) = world.send(&address(1), start()).await;
    world.forget();
    store.cancel_invite(link.deal, link.invite, None).await.unwrap().unwrap();
    measured.note(&world, "cancel", 1, 0.0, 5.0);

    // Sweeps.
    let (link, record) = world.send(&address(2), start()).await;
    world.forget();
    let due_at = record.invite.expires_at;
    let due = Due { deal: link.deal, invite: link.invite, sends: 1, tries: 1, due_at };
    assert!(store.expire_invite(&due).await.unwrap());
    measured.note(&world, "expire, an invite", 1, 0.0, 5.0);
    let (link, record) = world.queue(&address(3), start()).await;
    world.forget();
    let due = Due { due_at: record.due_at.unwrap(), invite: link.invite, ..due };
    let link = world.link(&address(3));
    store.claim_invite(&due, &world.deal, &link, &inviter(), 0.5, after(60)).await.unwrap();
    measured.note(&world, "claim, an invite", 1, 0.0, 5.0);
    store.due_invites(Queue::Expire, 0, start(), None).await.unwrap();
    measured.note(&world, "sweep, a shard with nothing due", 1, 0.5, 0.0);

    // With limits: what a request takes from them, and an invite that remembers its sends.
    let limits = SendingLimits {
        recipient: RecipientLimit { per_day: 3, interval: Duration::minutes(10) },
        manager_per_hour: 2_000,
        deal_per_day: None,
    };
    let sender = Sender { manager: &learner("max"), deal: &world.deal, limits: &limits };
    store.take_allowance(sender, 10, start()).await.unwrap();
    world.forget();
    let allowance = store.take_allowance(sender, 10, after(1)).await.unwrap();
    measured.note(&world, "take from both limits, a request", 1, 0.0, 2.0);
    store.give_back(allowance, 9).await.unwrap();
    measured.note(&world, "give back to both limits, a request", 1, 0.0, 2.0);
    let limited = Inviter { limit: limits.recipient, ..inviter() };
    let link = world.link(&address(4));
    for sends in 0..4 {
        world.forget();
        let now = start() + Duration::days(sends);
        let expected = u32::try_from(sends).ok();
        if sends == 0 {
            store
                .queue_invite(&world.deal, &email(&address(4)), name.as_ref(), &link, &limited, now)
                .await
                .unwrap();
        } else {
            store.resend_invite(&world.link(&address(4)), expected, &limited, now).await.unwrap();
        }
    }
    let newest = world.record(&link).await.unwrap();
    assert_eq!((newest.invite.sends, newest.asked.len()), (4, 2));
    world.forget();
    let again = world.link(&address(4));
    let now = start() + Duration::days(4);
    let resent = store.resend_invite(&again, Some(4), &limited, now).await.unwrap();
    let shared::store::Outcome::Done(record) = resent else { panic!("{resent:?}") };
    store.mark_sent(&again, sent(&record)).await.unwrap();
    measured.note(&world, "resend, with limits (without the SES call)", 2, 0.0, 10.0);

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
    let name = shared::domain::Name::clean("First Lastname");
    let late = start() + LIFETIME + Duration::days(1);
    let send = async |i: usize, at: shared::domain::Timestamp| {
        let link = world.link(&address(i));
        let queued = world
            .store
            .queue_invite(&world.deal, &email(&address(i)), name.as_ref(), &link, &inviter(), at)
            .await
            .unwrap();
        let shared::store::Outcome::Done(record) = queued else { panic!("{queued:?}") };
        (world.store.mark_sent(&link, sent(&record)).await.unwrap().unwrap(), link)
    };
    // One of each: expired and marked, pending, accepted; and then many like them.
    let (expired, old) = send(0, start()).await;
    let due_at = expired.due_at.unwrap();
    let due = Due { deal: old.deal, invite: old.invite, sends: 1, tries: 1, due_at };
    assert!(world.store.expire_invite(&due).await.unwrap());
    let (_, pending) = send(1, late).await;
    let (_, accepted) = send(2, late).await;
    world.accept(&accepted, "learner", late).await;
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
