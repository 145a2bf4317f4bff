//! The cost of each operation, in sequential round trips and capacity units as the engine reports them, against the
//! ceilings of `docs/data-model.md`. `make figures` prints the table. The engine does not report the cost of a refused
//! write, which DynamoDB charges like the write.

use super::table::{
    Answer, LIFETIME, Table, after, done, learner, new_deal_of, new_send, page_query, s, start,
};
use super::wire::Usage;
use chrono::Duration;
use futures_util::StreamExt;
use shared::domain::digest::Told;
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::domain::outcome::Outcome;
use shared::domain::resend::resend;
use shared::domain::{
    AddressPrefix, Attention, BounceReason, Delivery, Invite, Link, NamePart, NewSend, Secret, Timestamp,
};
use shared::store::{InviteRecord, Seen, Sender, StatusFilter, keys::Queue};
use std::pin::pin;

fn print_header() {
    println!("| {:44} | {:>11} | {:>8} | {:>8} |", "operation", "round trips", "RRU", "WRU");
}

/// An address of a usual length.
fn address(i: usize) -> String {
    format!("first.last{i:05}@acme.example")
}

impl Table {
    /// Prints the usage since the last reset and checks the ceilings. Returns the usage.
    fn note(&self, what: &str, trips: usize, read: f64, write: f64) -> Usage {
        let (used, made) = (self.wire.usage(), self.wire.round_trips());
        println!("| {what:44} | {made:11} | {:8.1} | {:8.1} |", used.read_units, used.write_units);
        assert!(made <= trips, "{what}: {made} round trips, at most {trips}");
        assert!(used.read_units <= read, "{what}: {} RRU, at most {read}", used.read_units);
        assert!(used.write_units <= write, "{what}: {} WRU, at most {write}", used.write_units);
        used
    }

    /// Reads a deal and an invite as `resend-invite` does, and sends it with this limit.
    async fn read_and_resend(&self, link: &Link, limit: RecipientLimit, now: Timestamp) {
        let (_, seen) = self.store.deal_and_invite(link.key()).await.unwrap();
        let send = NewSend { limit, ..new_send(link, now) };
        let rule = |existing: Option<&Invite>, now| resend(existing, None, &send, now);
        let queued = done(self.change(link, Seen::Record(seen), now, rule).await);
        done(self.record_outcome(&queued, link, Outcome::Sent, now).await);
    }

    /// Reads an invite, as a sweep does.
    async fn read_one(&self, link: &Link) -> InviteRecord {
        self.store.invites([link.key()]).await.unwrap().remove(0)
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of operations")]
async fn every_operation_keeps_to_its_budget() {
    let table = Table::new(2_000).await;
    print_header();
    // What others do is not counted.
    let (store, others) = (&table.store, table.others());

    // Sending, accepting, releasing, cancelling.
    table.send(&address(0), start()).await;
    table.note("send, an invite (without the SES call)", 2, 0.0, 9.0);
    let again = table.link(&address(0));
    table.read_and_resend(&again, RecipientLimit::NONE, after(60)).await;
    table.note("resend (without the SES call)", 3, 4.0, 10.0);
    let (deal, record) = store.sent_link(&again).await.unwrap().unwrap();
    let people = [(&deal.organisation.id, &record.invite.email)];
    store.opt_outs(people).await.unwrap();
    table.note("preview", 2, 3.0, 0.0);
    store.opt_outs(people).await.unwrap();
    table.note("opt-outs, an address", 1, 1.0, 0.0);
    table.accepts(&again, "ann", after(61)).await;
    table.note("accept (and the deal for the answer)", 1, 1.0, 10.0);
    table.accepts(&again, "ann", after(62)).await;
    table.note("accept, again by the same learner", 1, 1.0, 10.0);
    let forged = Link { secret: Secret::from_bytes([9; 32]), ..again.clone() };
    table.accept(&forged, "eve", after(62)).await.unwrap_err();
    table.note("accept, refused: forged", 1, 1.0, 10.0);
    let unknown = table.link("nobody@example.com");
    table.accept(&unknown, "eve", after(62)).await.unwrap_err();
    table.note("accept, refused: unknown", 1, 1.0, 10.0);
    store.seats_of(&learner("ann")).await.unwrap();
    table.note("a learner's seats", 2, 2.0, 0.0);
    table.releases(&again, after(63)).await;
    table.note("release", 2, 1.0, 9.0);
    // The engine does not count the refused write, which costs one unit.
    table.send(&address(0), after(64)).await;
    table.note("send, an address invited before", 3, 0.0, 9.0);
    done(table.cancel(&again, after(65)).await);
    let usual = table.note("cancel", 2, 1.0, 5.0).write_units;
    // Another version of the program has written a larger item.
    let (large, _) = others.send(&address(1), start()).await;
    table.set(&large, [("notes", s(&"x".repeat(1_024)))]).await;
    done(table.cancel(&large, after(65)).await);
    let of_large = table.note("cancel, an item of 1 to 2 KB", 2, 1.0, 10.0).write_units;
    assert!(of_large > usual, "{of_large} WRU for 2 KB, {usual} for 1 KB");

    // Answers. Each is read and stored by `answer-invite`; an opt-out and its end at the same time as the invite.
    let (link, _) = others.send(&address(7), start()).await;
    let late = 40 * 86_400;
    for (what, answer, seconds) in [
        ("decline", Answer::Decline, 1),
        ("ask", Answer::Ask, late),
        ("opt out", Answer::OptOut, late),
        ("opt out, again", Answer::OptOut, late),
        ("opt in", Answer::OptIn, late),
    ] {
        done(table.answer(&link, answer, after(seconds)).await);
        table.note(what, 2, 2.0, 6.0);
    }

    // Events.
    let (link, _) = others.send(&address(5), start()).await;
    done(table.track(&link, Delivery::Delivered { at: after(66) }, after(1)).await);
    table.note("a delivery event", 2, 1.0, 3.0);
    let bounced = Delivery::Bounced { reason: BounceReason::MailboxUnavailable, at: after(67) };
    done(table.track(&link, bounced, after(1)).await);
    table.note("a delivery event, a bounce", 2, 1.0, 6.0);
    done(table.track(&link, bounced, after(1)).await);
    table.note("a delivery event, again", 1, 1.0, 0.0);
    let (link, _) = others.queue(&address(6), start()).await;
    done(table.track(&link, bounced, after(1)).await);
    table.note("a delivery event of a queued mail, a bounce", 2, 1.0, 6.0);

    // Sweeps.
    let (link, sent) = others.send(&address(2), start()).await;
    done(table.expire(table.read_one(&link).await, sent.invite.expires_at).await);
    table.note("expire, an invite", 2, 1.0, 5.0);
    let (link, queued) = others.queue(&address(3), start()).await;
    let seen = table.read_one(&link).await;
    done(table.claim(seen, &table.link(&address(3)), queued.invite.lease_until.unwrap()).await);
    table.note("claim, an invite", 2, 1.0, 5.0);
    let (link, _) = others.send(&address(8), start()).await;
    for days in [7, 21] {
        let (reminder, now) = (table.link(&address(8)), start() + Duration::days(days));
        let claimed = done(table.remind(table.read_one(&link).await, &reminder, now).await);
        done(table.record_outcome(&claimed, &reminder, Outcome::Sent, now).await);
        table.note("remind, an invite (without the SES call)", 3, 1.0, 7.0);
    }
    table.due(Queue::Expire, 0, start()).await;
    table.note("sweep, a shard with nothing due", 1, 0.5, 0.0);

    // Digests.
    let max = learner("max");
    store.switch_digest_on(&max, &table.deal.organisation.id, "max@acme.example", start()).await.unwrap();
    table.note("switch a digest on", 2, 0.0, 8.0);
    let digest = store.digest(&max).await.unwrap().unwrap();
    store.deals_of(&digest.organisation).await.unwrap();
    for reason in [Attention::Asked, Attention::Undelivered, Attention::Declined] {
        store.news(&digest, table.deal.id, reason, 1_000).await.unwrap();
    }
    table.note("a digest of one deal, what is new", 6, 4.5, 0.0);
    let claim = store.claim_digest(&digest, after(60)).await.unwrap().unwrap();
    let next = digest.after(Vec::new(), Told::from([(table.deal.id, 7)]), after(86_400), start());
    store.record_digest(&next, &claim).await.unwrap();
    table.note("a digest, claim and record", 2, 0.0, 6.0);
    pin!(store.due_digests(0, start())).next().await.unwrap().unwrap();
    table.note("digests, a shard with nothing due", 1, 0.5, 0.0);

    // With limits.
    let recipient = RecipientLimit { per_day: 3, interval: Duration::minutes(10) };
    let limits = SendingLimits { recipient, manager_per_hour: 2_000, deal_per_day: None };
    let sender = Sender { manager: &learner("max"), deal: &table.deal, limits: &limits };
    others.store.take_allowance(sender, 10, start()).await.unwrap();
    let allowance = store.take_allowance(sender, 10, after(1)).await.unwrap();
    table.note("take from both limits, a request", 1, 0.0, 2.0);
    store.refund(allowance, 9).await.unwrap();
    table.note("refund to both limits, a request", 1, 0.0, 2.0);
    let (link, _) = others.send(&address(4), start()).await;
    for days in 1..=4 {
        table.reset_counts();
        let again = table.link(&address(4));
        table.read_and_resend(&again, recipient, start() + Duration::days(days)).await;
    }
    table.note("resend, with limits (without the SES call)", 3, 4.0, 10.0);
    assert_eq!(others.now(&link).await.send_times.len(), 2);

    // The deal's own.
    store.deal(table.deal.id).await.unwrap();
    table.note("a deal", 1, 1.0, 0.0);
    let owner = &table.deal.organisation.id;
    assert!(store.is_deal_of(table.deal.id, owner).await.unwrap());
    table.note("whose a deal is, first time in a process", 1, 1.0, 0.0);
    store.deals_of(&table.deal.organisation.id).await.unwrap();
    table.note("an organisation's deals (one)", 2, 1.5, 0.0);
    let change = shared::domain::DealChange { seats: Some(2_001), ..Default::default() };
    store.change_deal(table.deal.id, &change).await.unwrap().unwrap();
    table.note("change a deal", 2, 1.0, 2.0);
    for number in 0..498 {
        let [id, name] = ["organisation-", "Organisation "].map(|text| format!("{text}{number:03}"));
        let (new, key) = (new_deal_of(&id, &name, 100), number.to_string());
        let made = store.create_deal(&new, Some((&key, "body")), Duration::days(365), start()).await.unwrap();
        made.unwrap();
        if number == 0 {
            table.note("create a deal", 1, 0.0, 8.0);
        }
    }
    table.reset_counts();
    let (found, next) = store.organisations(&NamePart::new("n 49"), None, 50).await.unwrap();
    assert_eq!((found.len(), next), (8, None));
    table.note("organisations by a part, of 499 deals", 1, 15.0, 0.0);
    let last = others.store.deals_of(&found[0].id).await.unwrap().remove(0);
    store.delete_deal(last.id, None).await.unwrap().unwrap();
    table.note("delete a deal", 1, 0.0, 4.0);
}

#[tokio::test]
async fn the_cost_of_a_page_does_not_grow_with_the_deal() {
    let table = Table::new(20_000).await;
    print_header();
    let late = start() + LIFETIME + Duration::days(1);
    // Many marked, pending and accepted invites.
    let (old, sent) = table.send(&address(0), start()).await;
    let due_at = sent.invite.expires_at;
    done(table.expire(sent, due_at).await);
    let (pending, _) = table.send(&address(1), late).await;
    let (accepted, _) = table.send(&address(2), late).await;
    table.accepts(&accepted, "learner", late).await;
    table.write_copies(&old, 10..909).await;
    table.write_copies(&accepted, 2_000..2_099).await;
    table.write_copies(&pending, 10_000..10_099).await;
    let (declined, _) = table.send(&address(4), start() + Duration::days(7)).await;
    done(table.answer(&declined, Answer::Decline, late - Duration::days(7)).await);
    table.write_copies(&declined, 4_000..4_099).await;
    let (asked, _) = table.send(&address(5), start() + Duration::hours(1)).await;
    done(table.expire(table.read_one(&asked).await, late).await);
    done(table.answer(&asked, Answer::Ask, late).await);
    table.write_copies(&asked, 5_000..5_099).await;
    let (cancelled, _) = table.send(&address(3), late).await;
    done(table.cancel(&cancelled, late).await);
    table.write_copies(&cancelled, 3_000..3_099).await;
    let tabs = [
        ("removed", Some(StatusFilter::Removed), 4.0),
        ("pending", Some(StatusFilter::Pending), 4.0),
        ("accepted", Some(StatusFilter::Accepted), 4.0),
        ("expired", Some(StatusFilter::Expired), 4.0),
        ("declined", Some(StatusFilter::Declined), 4.0),
        ("asked", Some(StatusFilter::Asked), 4.0),
        ("all", None, 6.0),
    ];
    let read = async |filter| {
        table.reset_counts();
        let page = table.store.page(table.deal.id, &page_query(filter, 50), late).await.unwrap().unwrap();
        assert_eq!(page.invites.len(), 50, "{filter:?}");
    };
    let mut of_a_hundred = Vec::new();
    for (_, filter, _) in tabs {
        read(filter).await;
        of_a_hundred.push(table.wire.usage());
    }
    table.write_copies(&pending, 10_099..10_999).await;
    table.reset_counts();
    let counts = table.store.counts(table.deal.id, LIFETIME, late).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.expired, counts.declined, counts.asked), (1_000, 1_000, 100, 100));
    table.note("counts, 1,000 pending and 1,000 expired", 1, 80.0, 0.0);
    table.write_copies(&pending, 10_999..20_000).await;
    for (now, expected) in [(late, (1_001, 1_000)), (late + LIFETIME, (0, 1_001))] {
        let counts = table.store.counts(table.deal.id, LIFETIME, now).await.unwrap().unwrap();
        assert_eq!((counts.pending, counts.expired), expected, "more than a thousand are counted as more");
    }
    for ((tab, filter, ceiling), before) in tabs.into_iter().zip(of_a_hundred) {
        read(filter).await;
        let now = table.note(&format!("Deal seats page, 50 of 10,000 rows, {tab}"), 1, ceiling, 0.0);
        assert_eq!(now, before, "{tab}: 10,001 pending invites cost more than 100");
    }
    let first = AddressPrefix::parse("first").unwrap();
    let read = table.store.search(table.deal.id, &first, &page_query(None, 50), late).await.unwrap().unwrap();
    assert_eq!(read.invites.len(), 50);
    table.note("search by address, 50 of 10,000 rows", 2, 30.0, 0.0);
}
