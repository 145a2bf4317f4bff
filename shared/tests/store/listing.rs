//! The page, the counts and the search, while rows are pending, expired, marked or not, and while they change.

use super::world::{LIFETIME, World, after, done, item, learner, n, new_send, s, start};
use chrono::Duration;
use shared::domain::resend::resend;
use shared::domain::{AddressPrefix, Invite, InviteId, NewSend, Queued, Status, Timestamp};
use shared::store::{PageQuery, Seen, StatusFilter, keys::Queue};
use std::collections::BTreeSet;

fn query(filter: Option<StatusFilter>, limit: usize) -> PageQuery {
    PageQuery { filter, limit, after: None, lifetime: LIFETIME }
}

/// Reads all pages; `between` happens after each.
async fn pages(
    world: &World,
    mut query: PageQuery,
    now: Timestamp,
    between: impl AsyncFn(usize),
) -> Vec<Invite> {
    let mut rows = Vec::new();
    for page in 0.. {
        let read = world.store.page(world.deal.id, &query, now).await.unwrap().unwrap();
        assert!(read.invites.len() <= query.limit);
        rows.extend(read.invites);
        between(page).await;
        query.after = read.next;
        if query.after.is_none() {
            break;
        }
    }
    rows
}

/// The addresses that a search shows on all its pages.
async fn found(
    world: &World,
    typed: &str,
    filter: Option<StatusFilter>,
    limit: usize,
    now: Timestamp,
) -> Vec<String> {
    let (prefix, mut query) = (AddressPrefix::parse(typed).unwrap(), query(filter, limit));
    let mut found = Vec::new();
    loop {
        let page = world.store.search(world.deal.id, &prefix, &query, now).await.unwrap().unwrap();
        found.extend(page.invites.iter().map(|row| row.email.as_typed().to_owned()));
        query.after = page.next;
        if query.after.is_none() {
            return found;
        }
    }
}

fn ids(rows: &[Invite]) -> Vec<InviteId> {
    rows.iter().map(|row| row.id).collect()
}

/// Invites from long ago, of which some are marked as expired, some resent, some accepted; and fresh ones.
async fn mixed(world: &World) -> Timestamp {
    for i in 0..40 {
        let (link, record) = world.send(&format!("old{i:02}@example.com"), after(i)).await;
        if i % 4 == 0 {
            let due_at = record.invite.expires_at;
            done(world.expire(record, due_at).await);
        } else if i % 4 == 1 {
            world.accept(&link, &format!("learner{i}"), after(100)).await;
        }
    }
    let now = start() + LIFETIME + Duration::hours(1);
    for i in 0..25 {
        world.send(&format!("new{i:02}@example.com"), now - Duration::seconds(100 - i)).await;
    }
    now
}

#[tokio::test]
async fn i2_tabs_and_counts_show_the_computed_status() {
    let world = World::new(50).await;
    let now = mixed(&world).await;
    let all = pages(&world, query(None, 7), now, async |_| {}).await;
    assert_eq!(all.len(), 65);
    assert!(all.windows(2).all(|pair| pair[0].queued.at >= pair[1].queued.at), "newest queued first");
    let (_, counts) = world.store.counts(world.deal.id, LIFETIME, now).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.accepted, counts.expired), (25, 10, 30));
    let tabs = [
        (StatusFilter::Pending, Status::Pending, 25),
        (StatusFilter::Accepted, Status::Accepted, 10),
        (StatusFilter::Expired, Status::Expired, 30),
    ];
    for (filter, status, expected) in tabs {
        for limit in [1, 7, 200] {
            let rows = pages(&world, query(Some(filter), limit), now, async |_| {}).await;
            let of_all: Vec<_> =
                all.iter().filter(|row| row.status(world.deal.ends_at, now) == status).cloned().collect();
            assert_eq!(ids(&rows), ids(&of_all), "{filter:?}, {limit} a page");
            assert_eq!(rows.len(), expected, "{filter:?}");
        }
    }
}

/// I3: partitions of an index are not read in one instant, and on AWS one may be older than another: then a row that was
/// sent again is still where it was, too.
#[tokio::test]
async fn i3_a_row_that_is_sent_again_between_two_reads_is_shown_once() {
    let world = World::new(50).await;
    let (old, _) = world.send("ann@example.com", start()).await;
    let mut old_row = world.item(&old).await;
    for i in 0..9 {
        world.send(&format!("bob{i}@example.com"), after(i + 1)).await;
    }
    let (link, resent_at) = (world.link("ann@example.com"), after(20));
    done(world.resend(&link, None, resent_at).await);
    // As an item of another partition, since the engine's index is never old.
    old_row.insert("listPk".to_owned(), s(&format!("{}#x", link.deal)));
    world.lay([(("OLD".to_owned(), format!("I#{}", link.invite)), Some(old_row))]).await;
    for limit in [10, 50] {
        let page = world.store.page(world.deal.id, &query(None, limit), after(21)).await.unwrap().unwrap();
        assert_eq!((page.invites.len(), page.invites[0].sends), (10, 2), "{limit} a page");
        let shown: BTreeSet<_> = ids(&page.invites).into_iter().map(|id| *id.as_bytes()).collect();
        assert_eq!(shown.len(), 10, "{limit} a page");
    }
}

#[tokio::test]
async fn rows_queued_in_the_same_instant_have_an_order_too() {
    let world = World::new(50).await;
    for i in 0..60 {
        let (link, record) = world.send(&format!("a{i:02}@example.com"), start()).await;
        match i % 3 {
            0 => {
                let due_at = record.invite.expires_at;
                done(world.expire(record, due_at).await);
            }
            1 => world.accepts(&link, &format!("learner{i}"), after(1)).await,
            _ => {}
        }
    }
    let now = start() + LIFETIME;
    for filter in [None, Some(StatusFilter::Expired)] {
        let whole = pages(&world, query(filter, 200), now, async |_| {}).await;
        assert_eq!(whole.len(), if filter.is_none() { 60 } else { 40 });
        for limit in [1, 7, 40] {
            let rows = pages(&world, query(filter, limit), now, async |_| {}).await;
            assert_eq!(ids(&rows), ids(&whole), "{filter:?}, {limit} a page");
        }
    }
}

#[tokio::test]
async fn rows_of_one_request_are_listed_in_the_order_given() {
    let world = World::new(50).await;
    let addresses: Vec<String> = (0..12).map(|i| format!("a{}@example.com", (i * 7) % 12)).collect();
    let shown = async |limit, filter| {
        let rows = pages(&world, query(filter, limit), after(200), async |_| {}).await;
        rows.into_iter().map(|row| row.email.as_typed().to_owned()).collect::<Vec<_>>()
    };
    for (index, address) in addresses.iter().enumerate() {
        let link = world.link(address);
        let send = NewSend { queued: Queued::in_order(start(), index), ..new_send(&link, start()) };
        done(world.invite(address, &link, &send, start()).await);
        if index % 3 == 0 {
            world.accept(&link, &format!("learner{index}"), after(1)).await;
        }
    }
    for limit in [1, 5, 50] {
        assert_eq!(shown(limit, None).await, addresses, "{limit} a page");
    }
    // Bulk resends, in an order of their own: above what they leave behind.
    let (accepted, pending): (Vec<_>, Vec<_>) =
        addresses.iter().cloned().enumerate().partition(|(index, _)| index % 3 == 0);
    let resent: Vec<String> = pending.into_iter().rev().map(|(_, address)| address).collect();
    for (index, address) in resent.iter().enumerate() {
        let link = world.link(address);
        let send = NewSend { queued: Queued::in_order(after(100), index), ..new_send(&link, after(100)) };
        let rule = |existing: Option<&Invite>, now| resend(existing, Some(1), &send, now);
        done(world.change(&link, Seen::Unread, after(100), rule).await);
    }
    let accepted = accepted.into_iter().map(|(_, address)| address);
    let expected: Vec<String> = resent.iter().cloned().chain(accepted).collect();
    for limit in [1, 5, 50] {
        assert_eq!(shown(limit, None).await, expected, "{limit} a page");
        assert_eq!(shown(limit, Some(StatusFilter::Pending)).await, resent, "{limit} a page");
    }
    let queued: BTreeSet<_> = pages(&world, query(None, 50), after(200), async |_| {})
        .await
        .into_iter()
        .map(|row| row.queued.at)
        .collect();
    assert_eq!(queued, [start(), after(100)].into(), "queuedAt stays the time of the request");
}

#[tokio::test]
async fn an_unreadable_row_hides_no_other() {
    let world = World::new(50).await;
    let addresses: Vec<String> = (0..9).map(|i| format!("a{i}@example.com")).collect();
    for address in &addresses {
        world.send(address, start()).await;
    }
    for i in [0, 4, 5, 8] {
        // No version can read a text as its number of sends.
        world.set(&world.link(&addresses[i]), [("sends", s("?"))]).await;
    }
    let readable = [1, 2, 3, 6, 7].map(|i| addresses[i].clone());
    let late = start() + LIFETIME;
    for limit in [1, 2, 50] {
        for now in [after(1), late] {
            let mut rows: Vec<_> = pages(&world, query(None, limit), now, async |_| {})
                .await
                .iter()
                .map(|row| row.email.as_typed().to_owned())
                .collect();
            rows.sort_unstable();
            assert_eq!(rows, readable, "{limit} a page");
        }
        assert_eq!(found(&world, "a", None, limit, after(1)).await, readable, "search, {limit} a page");
    }
    let (_, counts) = world.store.counts(world.deal.id, LIFETIME, late).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.expired), (0, 9));
    let oldest = world.store.oldest_expired(&world.deal, LIFETIME, 50, late).await.unwrap();
    assert_eq!(oldest.len(), 5);
    let keys = addresses.iter().map(|address| world.link(address).key());
    assert_eq!(world.store.invites(keys).await.unwrap().len(), 5);
}

#[tokio::test]
async fn an_unreadable_deal_hides_no_other() {
    let world = World::new(3).await;
    let (link, _) = world.send("ann@example.com", start()).await;
    world.accept(&link, "ann", after(1)).await;
    let [deal] = world.items([world.deal_key()]).await;
    let other = world.with_another_deal();
    let mut damaged = deal.unwrap();
    damaged.insert("seats".into(), s("?"));
    let seat = |v| Some(item([("v", n(v)), ("acceptedAt", n(start().timestamp()))]));
    let unreadable = (world.seat_key("ann").0, "S#damaged".to_owned());
    let items = [(other.deal_key(), Some(damaged)), (other.seat_key("ann"), seat(2)), (unreadable, seat(9))];
    world.lay(items).await;
    let deals = world.store.deals_of(&world.deal.organisation.id).await.unwrap();
    assert_eq!(deals.iter().map(|deal| deal.id).collect::<Vec<_>>(), [world.deal.id]);
    let seats = world.store.seats_of(&learner("ann")).await.unwrap();
    assert_eq!(seats.iter().map(|seat| seat.deal.id).collect::<Vec<_>>(), [world.deal.id]);
}

#[tokio::test]
async fn i2_an_ended_deal_has_no_pending_invites() {
    let world = World::new(50).await;
    mixed(&world).await;
    let now = world.deal.ends_at;
    let (_, counts) = world.store.counts(world.deal.id, LIFETIME, now).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.accepted, counts.expired), (0, 10, 55));
    assert!(pages(&world, query(Some(StatusFilter::Pending), 50), now, async |_| {}).await.is_empty());
    assert_eq!(pages(&world, query(Some(StatusFilter::Expired), 9), now, async |_| {}).await.len(), 55);
}

#[tokio::test]
async fn i2_a_shorter_lifetime_than_today_is_remembered() {
    let world = World::new(50).await;
    let hour = Duration::hours(1);
    world.store.remember_lifetime(&world.deal, hour).await.unwrap();
    let link = world.link("ann@example.com");
    let brief = NewSend { lifetime: hour, ..new_send(&link, start()) };
    done(world.invite("ann@example.com", &link, &brief, start()).await);
    // The setting has gone back to four weeks; the invite of an hour is expired all the same.
    let now = start() + hour;
    let (_, counts) = world.store.counts(world.deal.id, LIFETIME, now).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.expired), (0, 1));
    assert_eq!(pages(&world, query(Some(StatusFilter::Expired), 50), now, async |_| {}).await.len(), 1);
}

#[tokio::test]
async fn rows_that_stay_are_shown_once_while_others_move() {
    let world = World::new(200).await;
    let now = mixed(&world).await;
    let before = pages(&world, query(None, 200), now, async |_| {}).await;
    let stay: BTreeSet<InviteId> = before
        .iter()
        .filter(|row| row.status(world.deal.ends_at, now) == Status::Expired)
        .map(|row| row.id)
        .collect();
    for filter in [None, Some(StatusFilter::Expired)] {
        // Between pages the sweep marks some, new ones are invited, and one of the fresh ones is accepted.
        let moved = pages(&world, query(filter, 4), now, async |page| {
            for shard in 0..4 {
                let due = world.due(Queue::Expire, shard, now).await;
                for record in world.store.invites(due.first().map(|due| due.key)).await.unwrap() {
                    done(world.expire(record, now).await);
                }
            }
            let tag = filter.map_or("all", StatusFilter::as_str);
            let (link, _) = world.send(&format!("late-{tag}-{page}@example.com"), now).await;
            world.accept(&link, &format!("late-{tag}-{page}"), now).await;
        })
        .await;
        let shown: Vec<InviteId> = ids(&moved).into_iter().filter(|id| stay.contains(id)).collect();
        assert_eq!(shown.len(), stay.len(), "{filter:?}: none twice, none missing");
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), stay, "{filter:?}");
    }
}

#[tokio::test]
async fn search_finds_by_the_beginning_in_the_order_of_addresses() {
    let world = World::new(50).await;
    let now = mixed(&world).await;
    let search = async |prefix: &str, filter, limit| found(&world, prefix, filter, limit, now).await;
    let old: Vec<String> = (0..40).map(|i| format!("old{i:02}@example.com")).collect();
    for limit in [3, 40, 50] {
        assert_eq!(search("old", None, limit).await, old, "{limit} a page");
    }
    assert_eq!(search("old0", None, 50).await, old[..10]);
    assert_eq!(search("old07@", None, 50).await, old[7..8]);
    assert!(search("x", None, 50).await.is_empty());
    let accepted: Vec<_> = old.iter().skip(1).step_by(4).cloned().collect();
    assert_eq!(search("old", Some(StatusFilter::Accepted), 3).await, accepted);
    let elsewhere = world.link("new00@example.com").invite.to_string();
    let strayed = PageQuery { after: Some(elsewhere), ..query(None, 50) };
    let old_ones = AddressPrefix::parse("old").unwrap();
    let page = world.store.search(world.deal.id, &old_ones, &strayed, now).await.unwrap().unwrap();
    assert!(page.invites.is_empty() && page.next.is_none(), "a position outside of the search is its end");
    done(world.cancel(&world.link("old00@example.com"), now).await);
    assert_eq!(search("old", None, 50).await, old[1..]);
}

#[tokio::test]
async fn search_finds_a_domain_by_its_beginning_in_unicode_and_in_punycode() {
    let world = World::new(50).await;
    let addresses =
        ["ann@bucher.example", "ann@bzz.example", "ann@bäcker.example", "ann@xn--bcher-kva.example"];
    for address in addresses.into_iter().chain(["annie@bücher.example", "bob@bücher.example"]) {
        world.send(address, start()).await;
    }
    let [plain, bzz, baecker, buecher] = addresses;
    for limit in [1, 2, 50] {
        for (typed, expected) in [
            ("ann@b", vec![plain, bzz, baecker, buecher]),
            ("ann@bü", vec![buecher]),
            ("ANN@BÜCHER.EX", vec![buecher]),
            ("ann@xn--bcher-kva.example", vec![buecher]),
            ("ann@xn--bch", vec![buecher]),
            ("ann@x", vec![baecker, buecher]),
            ("ann@xy", vec![]),
        ] {
            assert_eq!(
                found(&world, typed, None, limit, after(1)).await,
                expected,
                "{typed}, {limit} a page"
            );
        }
    }
}

#[tokio::test]
async fn more_than_a_thousand_are_counted_as_more() {
    let world = World::new(1).await;
    for chunk in 0..11 {
        let sends = (0..100).map(|i| async move { format!("a{chunk}-{i}@example.com") });
        for address in futures_util::future::join_all(sends).await {
            world.queue(&address, after(chunk)).await;
        }
    }
    let (_, counts) = world.store.counts(world.deal.id, LIFETIME, after(60)).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.expired), (1_001, 0));
    let later = start() + LIFETIME + Duration::hours(1);
    let (_, counts) = world.store.counts(world.deal.id, LIFETIME, later).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.expired), (0, 1_001));
    assert!(world.store.seats_of(&learner("nobody")).await.unwrap().is_empty());
}

#[tokio::test]
async fn i2_an_invite_queued_within_a_second_expires_with_its_beginning() {
    let world = World::new(1).await;
    let queued_at = start() + Duration::milliseconds(900);
    let (_, record) = world.send("ann@example.com", queued_at).await;
    assert_eq!(record.invite.expires_at, start() + LIFETIME);
    let now = start() + LIFETIME;
    let (_, counts) = world.store.counts(world.deal.id, LIFETIME, now).await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.expired), (0, 1));
    assert_eq!(pages(&world, query(Some(StatusFilter::Expired), 50), now, async |_| {}).await.len(), 1);
}
