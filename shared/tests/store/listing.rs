//! Pages, counts and search, with marked and unmarked rows, and while rows change.

use super::table::{
    ANN, Answer, LIFETIME, Table, after, done, email, item, learner, n, new_deal_of, new_send, page_query, s,
    start,
};
use chrono::Duration;
use shared::domain::outcome::Outcome;
use shared::domain::{
    AddressPrefix, BounceReason, DealChange, Delivery, Invite, InviteId, NamePart, NewSend, Queued, Status,
    Timestamp, Title,
};
use shared::store::{Page, PageQuery, StatusFilter, keys::Queue};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The rows of all pages, each read by `read`.
async fn pages(mut query: PageQuery, mut read: impl AsyncFnMut(&PageQuery) -> Page) -> Vec<Invite> {
    let mut rows = Vec::new();
    loop {
        let page = read(&query).await;
        assert!(page.invites.len() <= query.limit);
        rows.extend(page.invites);
        query.after = page.next;
        if query.after.is_none() {
            return rows;
        }
    }
}

async fn page(table: &Table, query: &PageQuery, now: Timestamp) -> Page {
    table.store.page(table.deal.id, query, now).await.unwrap().unwrap()
}

async fn rows(table: &Table, filter: Option<StatusFilter>, limit: usize, now: Timestamp) -> Vec<Invite> {
    pages(page_query(filter, limit), async |query| page(table, query, now).await).await
}

async fn search(table: &Table, prefix: &str, query: &PageQuery, now: Timestamp) -> Page {
    let prefix = AddressPrefix::parse(prefix).unwrap();
    table.store.search(table.deal.id, &prefix, query, now).await.unwrap().unwrap()
}

/// The addresses on all pages of a search.
async fn found(table: &Table, prefix: &str, query: PageQuery, now: Timestamp) -> Vec<String> {
    let rows = pages(query, async |query| search(table, prefix, query, now).await).await;
    typed(&rows).into_iter().map(str::to_owned).collect()
}

/// The pending, accepted and expired counts.
async fn counts(table: &Table, now: Timestamp) -> [u32; 3] {
    let counts = table.store.counts(table.deal.id, LIFETIME, now).await.unwrap().unwrap();
    [counts.pending, counts.accepted, counts.expired]
}

fn ids(rows: &[Invite]) -> Vec<InviteId> {
    rows.iter().map(|row| row.id).collect()
}

fn typed(rows: &[Invite]) -> Vec<&str> {
    rows.iter().map(|row| row.email.as_typed()).collect()
}

/// Expired invites, eight of an instant, some of which are marked or accepted, and new invites.
async fn mixed(table: &Table) -> Timestamp {
    for i in 0..40 {
        let address = format!("old{i:02}@example.com");
        let (link, at) = (table.link(&address), after(i / 8));
        let order = usize::try_from(i * 3 % 8).unwrap();
        let send = NewSend { queued: Queued::in_order(at, order), ..new_send(&link, at) };
        let queued = done(table.invite(&address, &link, &send, at).await);
        let record = done(table.record_outcome(&queued, &link, Outcome::Sent, at).await);
        if i % 4 == 0 {
            let due_at = record.invite.expires_at;
            done(table.expire(record, due_at).await);
        } else if i % 4 == 1 {
            table.accepts(&link, &format!("learner{i}"), after(100)).await;
        }
    }
    let now = start() + LIFETIME + Duration::hours(1);
    for i in 0..25 {
        table.send(&format!("new{i:02}@example.com"), now - Duration::seconds(100 - i)).await;
    }
    now
}

#[tokio::test]
async fn i2_tabs_and_counts_show_the_computed_status() {
    let table = Table::new(50).await;
    let now = mixed(&table).await;
    let all = rows(&table, None, 7, now).await;
    assert_eq!(all.len(), 65);
    let place = |row: &Invite| (Reverse(row.queued.at), row.queued.order);
    assert!(all.is_sorted_by_key(place), "newest queued first, and rows of one instant in the order given");
    for limit in [1, 40, 200] {
        assert_eq!(ids(&rows(&table, None, limit, now).await), ids(&all), "{limit} a page");
    }
    assert_eq!(counts(&table, now).await, [25, 10, 30]);
    let tabs = [
        (StatusFilter::Pending, Status::Pending, 25),
        (StatusFilter::Accepted, Status::Accepted, 10),
        (StatusFilter::Expired, Status::Expired, 30),
    ];
    for (filter, status, expected) in tabs {
        for limit in [1, 7, 200] {
            let of_all = all.iter().filter(|row| row.status(table.deal.ends_at, now) == status);
            let of_all: Vec<_> = of_all.map(|row| row.id).collect();
            assert_eq!(of_all.len(), expected, "{filter:?}");
            let of_tab = rows(&table, Some(filter), limit, now).await;
            assert_eq!(ids(&of_tab), of_all, "{filter:?}, {limit} a page");
        }
    }
    // An ended deal has no pending invites.
    let ended = table.deal.ends_at;
    assert_eq!(counts(&table, ended).await, [0, 10, 55]);
    assert!(rows(&table, Some(StatusFilter::Pending), 50, ended).await.is_empty());
    assert_eq!(rows(&table, Some(StatusFilter::Expired), 9, ended).await.len(), 55);
}

/// I3: the partitions of an index are read at different times, and on AWS may lag. So a resent row may be in its old
/// and its new place.
#[tokio::test]
async fn i3_a_row_that_is_resent_between_two_reads_is_shown_once() {
    let table = Table::new(50).await;
    let (old, _) = table.send(ANN, start()).await;
    let mut old_row = table.item(&old).await;
    for i in 0..9 {
        table.send(&format!("bob{i}@example.com"), after(i + 1)).await;
    }
    let (link, resent_at) = (table.link(ANN), after(20));
    done(table.resend(&link, None, resent_at).await);
    // The engine's index never lags, so a copy of the old row stands for it.
    old_row.insert("listPk".to_owned(), s(&format!("{}#x", link.deal)));
    table.put([(("OLD".to_owned(), format!("I#{}", link.invite)), old_row)]).await;
    for limit in [10, 50] {
        let page = page(&table, &page_query(None, limit), after(21)).await;
        assert_eq!((page.invites.len(), page.invites[0].sends), (10, 2), "{limit} a page");
        let shown: BTreeSet<_> = ids(&page.invites).into_iter().collect();
        assert_eq!(shown.len(), 10, "{limit} a page");
    }
}

/// An invite has one status, and one reason at most for a manager to look at it.
#[tokio::test]
async fn each_reason_to_look_at_an_invite_has_its_list_and_count() {
    let table = Table::new(50).await;
    let mut links = Vec::new();
    for i in 0..40 {
        links.push(table.send(&format!("a{i:02}@example.com"), after(i)).await.0);
    }
    for link in &links[..30] {
        done(table.answer(link, Answer::Decline, after(1_000)).await);
    }
    let at = after(1_500);
    let bounced = |reason| Delivery::Bounced { reason, at };
    let told = [
        (33, Delivery::Complained { at }),
        (32, bounced(BounceReason::MailboxUnavailable)),
        (31, bounced(BounceReason::Temporary)),
        (0, bounced(BounceReason::Unknown)),
        (36, bounced(BounceReason::Temporary)),
        (37, Delivery::Delivered { at }),
        (38, Delivery::Delayed { at }),
    ];
    for (seconds, (i, told)) in (2_000..).zip(told) {
        done(table.track(&links[i], told, after(seconds)).await);
    }
    table.accepts(&links[36], "ann", after(3_000)).await;
    // Two declined ones, of which one bounced, and an expired one.
    let late = start() + LIFETIME + Duration::hours(1);
    for (i, seconds) in [(35, 1), (0, 2), (7, 3)] {
        done(table.answer(&links[i], Answer::Ask, late + Duration::seconds(seconds)).await);
    }
    let address = |i: usize| format!("a{i:02}@example.com");
    let expired = || (30..40).filter(|i| *i != 36);
    let lists: [(_, Vec<usize>); 5] = [
        (None, (0..40).rev().collect()),
        (Some(StatusFilter::Declined), (0..30).rev().collect()),
        (Some(StatusFilter::Expired), expired().rev().collect()),
        (Some(StatusFilter::Asked), vec![35, 0, 7]),
        (Some(StatusFilter::Undelivered), vec![33, 32, 31]),
    ];
    for (filter, mut expected) in lists {
        let listed: Vec<_> = expected.iter().copied().map(address).collect();
        for limit in [1, 7, 200] {
            let rows = rows(&table, filter, limit, late).await;
            assert_eq!(typed(&rows), listed, "{filter:?}, {limit} a page");
            // I10: a list says who complained, without a read of the opt-outs.
            let out: Vec<_> = rows.iter().map(|row| row.opted_out_at.is_some()).collect();
            assert_eq!(out, expected.iter().map(|i| *i == 33).collect::<Vec<_>>(), "{filter:?}");
        }
        expected.sort_unstable();
        let sorted: Vec<_> = expected.into_iter().map(address).collect();
        assert_eq!(found(&table, "a", page_query(filter, 7), late).await, sorted, "{filter:?}");
    }
    let counts = table.store.counts(table.deal.id, LIFETIME, late).await.unwrap().unwrap();
    let found = [counts.pending, counts.expired, counts.declined, counts.asked, counts.undelivered];
    assert_eq!(found, [0, 9, 30, 3, 3]);
    // Many are resent at once: not the declined ones, not those that would most likely not arrive, and not those of people
    // who opted out.
    table.store.opt_out(&table.deal.organisation.id, &email(&address(34)), after(40), None).await.unwrap();
    let resendable = table.store.resendable(&table.deal, LIFETIME, late).await.unwrap();
    let expected: Vec<_> = expired().filter(|i| ![32, 33, 34].contains(i)).map(address).collect();
    assert_eq!(typed(&resendable), expected, "oldest first");
}

#[tokio::test]
async fn an_unreadable_row_hides_no_other() {
    let table = Table::new(50).await;
    let addresses: Vec<String> = (0..9).map(|i| format!("a{i}@example.com")).collect();
    for address in &addresses {
        table.send(address, start()).await;
    }
    for i in [0, 4, 5, 8] {
        // The number of sends must be a number.
        table.set(&table.link(&addresses[i]), [("sends", s("?"))]).await;
    }
    let readable = [1, 2, 3, 6, 7].map(|i| addresses[i].clone());
    let late = start() + LIFETIME;
    for limit in [1, 2, 50] {
        for now in [after(1), late] {
            let rows = rows(&table, None, limit, now).await;
            let mut rows = typed(&rows);
            rows.sort_unstable();
            assert_eq!(rows, readable, "{limit} a page");
        }
        let found = found(&table, "a", page_query(None, limit), after(1)).await;
        assert_eq!(found, readable, "search, {limit} a page");
    }
    assert_eq!(counts(&table, late).await, [0, 0, 9]);
    assert_eq!(table.store.resendable(&table.deal, LIFETIME, late).await.unwrap().len(), 5);
    let keys = addresses.iter().map(|address| table.link(address).key());
    assert_eq!(table.store.invites(keys).await.unwrap().len(), 5);
}

#[tokio::test]
async fn an_unreadable_deal_hides_no_other() {
    let table = Table::new(3).await;
    let (link, _) = table.send(ANN, start()).await;
    table.accepts(&link, "ann", after(1)).await;
    let [deal] = table.items([table.deal_key()]).await;
    let other = table.with_another_deal();
    let mut damaged = deal.unwrap();
    damaged.insert("seats".into(), s("?"));
    let seat = |v| item([("v", n(v)), ("acceptedAt", n(start().timestamp()))]);
    let unreadable = (table.seat_key("ann").0, "S#damaged".to_owned());
    let items = [(other.deal_key(), damaged), (other.seat_key("ann"), seat(2)), (unreadable, seat(9))];
    table.put(items).await;
    let deals = table.store.deals_of(&table.deal.organisation.id).await.unwrap();
    assert_eq!(deals.iter().map(|deal| deal.id).collect::<Vec<_>>(), [table.deal.id]);
    let seats = table.store.seats_of(&learner("ann")).await.unwrap();
    assert_eq!(seats.iter().map(|(deal, _)| deal.id).collect::<Vec<_>>(), [table.deal.id]);
}

/// Even after the setting returns to four weeks. An attempt begins in whole seconds, so an invite expires at the
/// beginning of the second in which it was queued.
#[tokio::test]
async fn i2_an_invite_expires_after_the_lifetime_with_which_it_was_sent() {
    for (lifetime, queued_in) in [(Duration::hours(1), 0), (LIFETIME, 900)] {
        let table = Table::new(1).await;
        table.store.remember_lifetime(&table.deal, lifetime).await.unwrap();
        let (link, queued_at) = (table.link(ANN), start() + Duration::milliseconds(queued_in));
        let send = NewSend { lifetime, ..new_send(&link, queued_at) };
        done(table.invite(ANN, &link, &send, queued_at).await);
        let now = start() + lifetime;
        assert_eq!(counts(&table, now).await, [0, 0, 1], "{lifetime}");
        assert_eq!(rows(&table, Some(StatusFilter::Expired), 50, now).await.len(), 1);
    }
}

#[tokio::test]
async fn rows_that_stay_are_shown_once_while_others_move() {
    let table = Table::new(200).await;
    let now = mixed(&table).await;
    let before = rows(&table, None, 200, now).await;
    let stay: BTreeSet<InviteId> = before
        .iter()
        .filter(|row| row.status(table.deal.ends_at, now) == Status::Expired)
        .map(|row| row.id)
        .collect();
    let mut number = 0;
    for filter in [None, Some(StatusFilter::Expired)] {
        // Between pages the sweep marks some, and a new invite is sent and accepted.
        let moved = pages(page_query(filter, 4), async |query| {
            let page = page(&table, query, now).await;
            for shard in 0..4 {
                // Nobody reminds here, so an expired invite still waits for its first reminder.
                let due = table.due(Queue::Remind, shard, now).await;
                for record in table.store.invites(due.first().map(|(key, _)| *key)).await.unwrap() {
                    done(table.expire(record, now).await);
                }
            }
            number += 1;
            let (link, _) = table.send(&format!("late{number}@example.com"), now).await;
            table.accepts(&link, &format!("late{number}"), now).await;
            page
        })
        .await;
        let shown: Vec<InviteId> = ids(&moved).into_iter().filter(|id| stay.contains(id)).collect();
        assert_eq!(shown.len(), stay.len(), "{filter:?}: each row once");
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), stay, "{filter:?}");
    }
}

#[tokio::test]
async fn search_finds_by_the_beginning_in_the_order_of_addresses() {
    let table = Table::new(50).await;
    let now = mixed(&table).await;
    let all = async |prefix: &str, filter, limit| found(&table, prefix, page_query(filter, limit), now).await;
    let old: Vec<String> = (0..40).map(|i| format!("old{i:02}@example.com")).collect();
    for limit in [3, 40, 50] {
        assert_eq!(all("old", None, limit).await, old, "{limit} a page");
    }
    assert_eq!(all("old0", None, 50).await, old[..10]);
    assert_eq!(all("old07@", None, 50).await, old[7..8]);
    assert!(all("x", None, 50).await.is_empty());
    let accepted: Vec<_> = old.iter().skip(1).step_by(4).cloned().collect();
    assert_eq!(all("old", Some(StatusFilter::Accepted), 3).await, accepted);
    let elsewhere = table.link("new00@example.com").invite.to_string();
    let strayed = PageQuery { after: Some(elsewhere), ..page_query(None, 50) };
    let page = search(&table, "old", &strayed, now).await;
    assert!(page.invites.is_empty() && page.next.is_none(), "a position outside the search ends it");
    done(table.cancel(&table.link("old00@example.com"), now).await);
    assert_eq!(all("old", None, 50).await, old[1..]);
    // A search for the end of a punycode label filters rows with the same beginning.
    let [plain, umlaut, punycode] = ["ann@bucher.example", "ann@bäcker.example", "ann@xn--bcher-kva.example"];
    for address in [plain, umlaut, punycode] {
        table.send(address, now).await;
    }
    assert_eq!(all("ann@x", None, 1).await, [umlaut, punycode]);
    assert_eq!(all("ann@xn--bch", None, 1).await, [punycode]);
}

/// Cancelled and released invites of the last 30 days, by the time of their removal, without their names.
#[tokio::test]
async fn removed_rows_are_listed_newest_first_for_thirty_days() {
    use Status::{Cancelled, Released};
    let table = Table::new(50).await;
    let removals = [(Cancelled, 60), (Released, 61), (Released, 62), (Cancelled, 63)];
    for (number, (status, removed_at)) in (0..).zip(removals) {
        let (link, _) = table.send(&format!("p{number}@example.com"), after(10 - number)).await;
        if status == Released {
            table.accepts(&link, &format!("p{number}"), after(20)).await;
            table.releases(&link, after(removed_at)).await;
        } else {
            done(table.cancel(&link, after(removed_at)).await);
        }
    }
    table.send("pending@example.com", after(70)).await;
    let removed = async |limit, now| {
        let row = |row: Invite| {
            let seconds = |at: Timestamp| (at - start()).num_seconds();
            assert_eq!(row.name, None);
            (row.status(table.deal.ends_at, now), seconds(row.removed_at.unwrap()), seconds(row.queued.at))
        };
        let found = rows(&table, Some(StatusFilter::Removed), limit, now).await;
        found.into_iter().map(row).collect::<Vec<_>>()
    };
    let all = [(Cancelled, 63, 7), (Released, 62, 8), (Released, 61, 9), (Cancelled, 60, 10)];
    let days = Duration::days(30);
    for limit in [1, 3, 50] {
        for (now, shown) in
            [(after(100), 4), (after(60) + days, 4), (after(61) + days, 3), (after(64) + days, 0)]
        {
            assert_eq!(removed(limit, now).await, all[..shown], "{limit} a page, at {now}");
        }
    }
    let whole = page(&table, &page_query(Some(StatusFilter::Removed), 3), after(61) + days).await;
    assert_eq!((whole.invites.len(), whole.next), (3, None), "what is older does not make another page");
    // Invited again, an invite is removed no longer.
    table.send("p0@example.com", after(80)).await;
    assert_eq!(removed(50, after(100)).await, all[..3]);
}

/// Of the deals (organisation, its name, created at), each organisation once, with the name of its newest deal.
#[tokio::test]
async fn organisations_are_found_by_a_part_and_come_in_the_order_of_their_ids() {
    let table = Table::new(1).await;
    let mut made = Vec::new();
    for (id, name, at) in [
        ("acme", "Acme Limited", 2),
        ("acme-b", "Beta of ACME", 1),
        ("ac", "Acid", 1),
        ("zeta", "Zürich Acme", 1),
        ("acme", "An old name", -1),
    ] {
        let new = new_deal_of(id, name, 1);
        let created = table.store.create_deal(&new, None, Duration::days(365), after(at)).await.unwrap();
        made.push(created.unwrap().id);
    }
    let found = async |part: &str, limit| {
        let (mut ids, mut after, part) = (Vec::new(), None, NamePart::new(part));
        loop {
            let (found, next) = table.store.organisations(&part, after.as_ref(), limit).await.unwrap();
            assert!(found.len() <= limit);
            ids.extend(
                found.into_iter().map(|found| format!("{}: {}", found.id.as_str(), found.name.as_str())),
            );
            let Some(next) = next else { return ids };
            after = Some(table.store.deal(next).await.unwrap().unwrap().organisation.id);
        }
    };
    let [ac, acme, beta, zeta] =
        ["ac: Acid", "acme: Acme Limited", "acme-b: Beta of ACME", "zeta: Zürich Acme"];
    for limit in [1, 2, 50] {
        assert_eq!(found("", limit).await, [ac, acme, beta, zeta], "{limit} a page");
        assert_eq!(found("acme", limit).await, [acme, beta, zeta], "{limit} a page");
        assert_eq!(found("old name", limit).await, [acme], "the name of an older deal, {limit} a page");
    }
    assert_eq!(found("ZÜR", 50).await, [zeta]);
    let name = Title::parse("Zeta").unwrap();
    let change = DealChange { organisation_name: Some(name), ..DealChange::default() };
    table.store.change_deal(made[3], &change).await.unwrap().unwrap();
    assert_eq!(found("zeta", 50).await, ["zeta: Zeta"], "a correction");
    for id in [made[0], made[2]] {
        table.store.delete_deal(id, None).await.unwrap().unwrap();
    }
    assert_eq!(found("ac", 50).await, ["acme: Acme", beta], "an organisation without a deal is gone");
}
