//! What happens at the same time. I1, I3, I7.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use serde_json::json;
use tests::{Answer, Deal, World, emails, ids, past, row_of, time};

/// How many answers there were of each status and code.
fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry(format!("{} {}", answer.status, answer.code()).trim().to_owned()).or_default() += 1;
    }
    tally
}

fn counted<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(answer, count)| (answer.to_owned(), count)).collect()
}

fn numbered(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}{number:03}@example.com")).collect()
}

/// I1: 200 learners accept at once on 50 seats: exactly 50 hold one, and 150 are told that the deal is full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_learners_take_fifty_seats() {
    let world = World::start().await;
    let deal = world.deal(50).await;
    let all = numbered("learner", 200);
    let answer = deal.invite(&all).await;
    assert_eq!(answer["summary"]["invited"], 200, "{answer}");
    let mails = world.inbox().await;
    let tokens: BTreeMap<_, _> =
        mails.iter().map(|mail| (mail.field("to").to_owned(), mail.token())).collect();
    let learners = join_all(all.iter().map(|email| world.person(email))).await;

    let accepts = learners.iter().map(|learner| world.accept(learner, &tokens[&learner.email]));
    let answers = join_all(accepts).await;
    assert_eq!(tally(&answers), counted([("200", 50), ("409 deal_full", 150)]));
    assert_eq!((deal.seats().await, deal.counts().await), ([50, 50, 0], [150, 50, 0]));
    assert_eq!(deal.rows("status=accepted&limit=200").await.len(), 50);
    let seats = join_all(learners.iter().map(|learner| learner.get("/api/me/seats"))).await;
    let held: usize = seats.iter().map(|seats| seats.ok(200)["seats"].as_array().unwrap().len()).sum();
    assert_eq!(held, 50, "seats held = allocated");
    for (answer, seats) in answers.iter().zip(&seats) {
        assert_eq!(
            answer.status == 200,
            seats.json()["seats"][0].is_object(),
            "{}\n{}",
            answer.show(),
            seats.show()
        );
    }

    // Five give theirs back while all the others try again: never more than fifty.
    let holders = deal.rows("status=accepted&limit=10").await;
    let given_back = ids(&holders[..5]);
    let giving = join_all(given_back.iter().map(|id| deal.release(id)));
    let waiting: Vec<_> = learners.iter().zip(&answers).filter(|(_, answer)| answer.status == 409).collect();
    let again =
        join_all(waiting.iter().take(40).map(|(learner, _)| world.accept(learner, &tokens[&learner.email])));
    let (released, again) = join(giving, again).await;
    assert_eq!(tally(&released), counted([("204", 5)]));
    let more = again.iter().filter(|answer| answer.status == 200).count() as u64;
    assert!(
        again.iter().all(|answer| answer.status == 200 || answer.code() == "deal_full"),
        "{:?}",
        tally(&again)
    );
    assert_eq!(deal.seats().await, [50, 45 + more, 5 - more]);
    assert_eq!(deal.rows("status=accepted&limit=200").await.len() as u64, 45 + more);
    world.stop().await;
}

/// I3: the same address twenty times at once, in two casings: one invite, one mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_invited_twenty_times_is_one_invite() {
    let world = World::start().await;
    let deal = world.deal(5).await;
    let emails = ["ann@example.com", "ANN@Example.com"];
    let answers = join_all((0..20).map(|number| deal.invite(&emails[number % 2..=number % 2]))).await;
    let outcomes: Vec<_> = answers.iter().map(|answer| answer["results"][0]["outcome"].clone()).collect();
    let invited = outcomes.iter().filter(|outcome| *outcome == "invited").count();
    let pending = outcomes.iter().filter(|outcome| *outcome == "already_pending").count();
    assert_eq!((invited, pending), (1, 19), "{outcomes:?}");
    let mut ids: Vec<_> = answers.iter().map(|answer| answer["results"][0]["inviteId"].to_string()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!((deal.counts().await, world.inbox().await.len()), ([1, 0, 0], 1));
    let row = &deal.rows("").await[0];
    assert_eq!([&row["sends"], &row["delivery"]["state"]], [&json!(1), &json!("sent")]);

    // Overlapping lists at once: each address is one invite and one mail as well.
    let many = numbered("list", 30);
    let lists = [&many[..20], &many[10..], &many[5..25], &many[..]];
    let answers = join_all(lists.map(|list| deal.invite(list))).await;
    let invited: u64 = answers.iter().map(|answer| answer["summary"]["invited"].as_u64().unwrap()).sum();
    assert_eq!((invited, deal.counts().await, world.inbox().await.len()), (30, [31, 0, 0], 31));
    world.stop().await;
}

/// Two who race for one link, a double-clicked resend, one learner with two links, and accept against cancel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_at_once_one_wins() {
    let world = World::start().await;
    let deal = world.deal(100).await;
    let token = async |email: &str| world.token_for(email).await;

    // I1: one link, many learners.
    deal.invite_one("link@example.com").await;
    let link = token("link@example.com").await;
    let learners =
        join_all(numbered("racer", 8).iter().map(|email| world.person(email)).collect::<Vec<_>>()).await;
    let answers = join_all(learners.iter().map(|learner| world.accept(learner, &link))).await;
    assert_eq!(tally(&answers), counted([("200", 1), ("409 already_accepted", 7)]));
    assert_eq!(deal.seats().await[1], 1);

    // I1: one learner, many links; and one learner, one link, many times.
    let many = numbered("many", 6);
    deal.invite(&many).await;
    let eager = world.person("eager@example.com").await;
    let tokens = join_all(many.iter().map(|email| token(email))).await;
    let answers = join_all(tokens.iter().map(|token| world.accept(&eager, token))).await;
    assert_eq!(tally(&answers), counted([("200", 1), ("409 already_seated", 5)]));
    let winner = tokens.iter().zip(&answers).find(|(_, answer)| answer.status == 200).unwrap().0;
    let again = join_all((0..6).map(|_| world.accept(&eager, winner))).await;
    assert_eq!(tally(&again), counted([("200", 6)]), "the same answer, as often as it is asked for");
    assert!(again.iter().all(|answer| answer.text == again[0].text));
    assert_eq!(deal.seats().await[1], 2);

    // A double click: both saw the same; one sends, the other is stale.
    let id = deal.invite_one("double@example.com").await;
    for sends in 1..6 {
        let etag = format!("\"{sends}\"");
        let answers = join_all((0..4).map(|_| deal.resend(&id, Some(&etag)))).await;
        assert_eq!(tally(&answers), counted([("200", 1), ("412 stale", 3)]));
        assert_eq!(world.inbox_for("double@example.com").await.len(), sends + 1);
    }
    // Without a tag, a double click sends once as well.
    let id = deal.invite_one("plain@example.com").await;
    let answers = join_all((0..4).map(|_| deal.resend(&id, None))).await;
    assert_eq!(tally(&answers), counted([("200", 4)]));
    assert_eq!(world.inbox_for("plain@example.com").await.len(), 2);
    assert_eq!(deal.one(&id).await["sends"], 2);

    // The same of many at once.
    let many = numbered("bulk", 10);
    deal.invite(&many).await;
    let rows = deal.rows("limit=200").await;
    let seen: Vec<_> =
        many.iter().map(|email| json!({"id": row_of(&rows, email)["id"], "sends": 1})).collect();
    let body = json!({ "invites": seen });
    let mails = world.inbox().await.len();
    let answers = join_all((0..3).map(|_| deal.resend_many(&body))).await;
    let sum = |name: &str| {
        answers.iter().map(|answer| answer.ok(200)["summary"][name].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(["resent", "skipped", "failed"].map(sum), [10, 20, 0]);
    assert_eq!(world.inbox().await.len(), mails + 10);

    // Accept against cancel: whoever comes first; never both.
    let pairs = numbered("pair", 12);
    deal.invite(&pairs).await;
    let rows = deal.rows("limit=200").await;
    let before = deal.seats().await[1];
    let races = join_all(pairs.iter().map(async |email| {
        let learner = world.person(email).await;
        let (token, id) = (token(email).await, row_of(&rows, email)["id"].as_str().unwrap().to_owned());
        let (accepted, cancelled) = join(world.accept(&learner, &token), deal.cancel(&id)).await;
        let outcome =
            (accepted.status, cancelled.status, deal.one(&id).await["status"].as_str().unwrap().to_owned());
        match &outcome {
            (200, 409, status) if status == "accepted" => true,
            (410, 204, status) if status == "cancelled" => false,
            _ => panic!("{outcome:?}\n{}\n{}", accepted.show(), cancelled.show()),
        }
    }))
    .await;
    let won = races.iter().filter(|accepted| **accepted).count() as u64;
    assert_eq!(deal.seats().await[1], before + won);

    // Accept against resend: the old link either got in first, or is superseded.
    let pairs = numbered("again", 8);
    deal.invite(&pairs).await;
    let rows = deal.rows("limit=200").await;
    join_all(pairs.iter().map(async |email| {
        let learner = world.person(email).await;
        let (token, id) = (token(email).await, row_of(&rows, email)["id"].as_str().unwrap().to_owned());
        let (accepted, resent) = join(world.accept(&learner, &token), deal.resend(&id, Some("\"1\""))).await;
        let status = deal.one(&id).await["status"].as_str().unwrap().to_owned();
        match (accepted.status, accepted.code().as_str(), resent.status) {
            (200, "", 409) if status == "accepted" => {}
            (410, "invite_superseded", 200) if status == "pending" => {}
            // Accepted just after the resend was written: no link of that send has been accepted.
            _ => panic!("{status}\n{}\n{}", accepted.show(), resent.show()),
        }
    }))
    .await;

    // Release twice at once frees one seat.
    let id =
        row_of(&deal.rows("status=accepted").await, "link@example.com")["id"].as_str().unwrap().to_owned();
    let before = deal.seats().await[1];
    let answers = join_all((0..4).map(|_| deal.release(&id))).await;
    assert_eq!((tally(&answers), deal.seats().await[1]), (counted([("204", 4)]), before - 1));
    world.stop().await;
}

/// I1: cutting the seats while learners accept never leaves fewer seats than are held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resizing_races_with_accepting() {
    let world = World::start().await;
    let deal = world.deal(12).await;
    let all = numbered("learner", 24);
    deal.invite(&all).await;
    let learners = join_all(all.iter().map(|email| world.person(email))).await;
    let tokens = join_all(all.iter().map(|email| world.token_for(email))).await;
    let partnerships = world.person(tests::PARTNERSHIPS).await;
    let resize = async {
        for seats in [8, 20, 5, 15, 3, 10] {
            let answer = partnerships.patch(&deal.path(""), &json!({ "seats": seats })).await;
            assert!(answer.status == 200 || answer.code() == "seats_below_allocated", "{}", answer.show());
            let [total, allocated, available] = deal.seats().await;
            assert!(allocated <= total && available == total - allocated, "{allocated} of {total}");
        }
    };
    let accepts = join_all(learners.iter().zip(&tokens).map(|(learner, token)| world.accept(learner, token)));
    let (answers, ()) = join(accepts, resize).await;
    let [total, allocated, _] = deal.seats().await;
    let taken = answers.iter().filter(|answer| answer.status == 200).count() as u64;
    assert!(
        answers.iter().all(|answer| answer.status == 200 || answer.code() == "deal_full"),
        "{:?}",
        tally(&answers)
    );
    assert!(allocated == taken && allocated <= total, "{taken} took one, {allocated} of {total} allocated");
    world.stop().await;
}

/// Pages of `filter`, with something done before each of them.
async fn pages_while(
    deal: &Deal,
    filter: &str,
    limit: usize,
    mut meanwhile: impl AsyncFnMut(usize),
) -> Vec<String> {
    let (mut seen, mut cursor, mut number) = (Vec::new(), String::new(), 0);
    loop {
        let page = deal.get(&format!("/seats?{filter}limit={limit}{cursor}")).await;
        let rows = page["invites"].as_array().unwrap();
        assert!(rows.len() <= limit);
        seen.extend(emails(rows));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
        number += 1;
        assert!(number < 500, "pages without an end");
        meanwhile(number).await;
    }
}

/// Through all pages, a row that does not change appears exactly once, whatever happens to the others. I7: a sweep's
/// mark is no change that a reader could see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paging_shows_each_unchanged_row_once() {
    let world = World::with(&[("INVITE_LIFETIME", "3s")]).await;
    let deal = world.deal(90).await;
    let lapsed = numbered("lapsed", 40);
    for batch in lapsed.chunks(11) {
        deal.invite(batch).await;
    }
    past(deal.rows("limit=200").await.iter().map(|row| time(&row["expiresAt"])).max().unwrap()).await;
    let (spare, more) = (numbered("spare", 12), numbered("more", 60));
    deal.invite(&spare).await;
    let rows = deal.rows("limit=200").await;
    let id = |email: &String| row_of(&rows, email)["id"].as_str().unwrap().to_owned();

    let mut next = 0;
    for (round, (filter, limit)) in
        [("status=expired&", 3), ("", 4), ("", 1), ("status=expired&", 1)].into_iter().enumerate()
    {
        // In each round, two of the rows that have lapsed change: one is cancelled, one is sent again.
        let (cancelled, resent) = (&lapsed[2 * round * 5 + 3], &lapsed[(2 * round + 1) * 5 + 3]);
        let seen = pages_while(&deal, filter, limit, async |page| match page {
            1 => _ = world.sweep().await,
            2 => _ = deal.invite(&more[next..next + 3]).await,
            3 => _ = deal.resend(&id(resent), None).await.ok(200),
            4 => _ = deal.cancel(&id(cancelled)).await.ok(204),
            5 => {
                let learner = world.person(&spare[round]).await;
                _ = world.accept(&learner, &world.token_for(&spare[round]).await).await;
            }
            _ => {}
        })
        .await;
        next += 3;
        let changed = |email: &&String| (0..=2 * round + 1).any(|place| **email == lapsed[place * 5 + 3]);
        for email in lapsed.iter().filter(|email| !changed(email)) {
            let times = seen.iter().filter(|seen| *seen == email).count();
            assert_eq!(
                times, 1,
                "round {round} ({filter}limit={limit}): {email} is there {times} times: {seen:?}"
            );
        }
    }
    world.stop().await;
}

/// The same for the pages of those that are pending, and those that are accepted, and for search.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paging_goes_on_while_others_accept_and_are_invited() {
    let world = World::start().await;
    let deal = world.deal(90).await;
    let (stays, goes) = (numbered("stays", 25), numbered("goes", 24));
    for (stay, go) in stays.chunks(5).zip(goes.chunks(5)) {
        deal.invite(&[stay, go].concat()).await;
    }
    let learners = join_all(goes.iter().map(|email| world.person(email))).await;
    let tokens = join_all(goes.iter().map(|email| world.token_for(email))).await;
    let more = numbered("more", 60);
    let mut next = 0;
    let mut step = async || {
        if next < goes.len() {
            world.accept(&learners[next], &tokens[next]).await.ok(200);
            deal.invite(&more[next..=next]).await;
            next += 1;
        }
    };
    for (filter, limit) in [("status=pending&", 7), ("", 9)] {
        let seen = pages_while(&deal, filter, limit, async |_| step().await).await;
        for email in &stays {
            let times = seen.iter().filter(|seen| *seen == email).count();
            assert_eq!(times, 1, "{filter}limit={limit}: {email} is there {times} times: {seen:?}");
        }
    }
    let accepted: Vec<_> = emails(&deal.rows("status=accepted&limit=200").await);
    let seen = pages_while(&deal, "status=accepted&", 2, async |_| step().await).await;
    for email in &accepted {
        assert_eq!(seen.iter().filter(|seen| *seen == email).count(), 1, "{email} among {seen:?}");
    }

    // A row that the search ended at may be gone when it goes on: it goes on behind it.
    let search = async |cursor: Option<&str>| {
        let mut body = json!({"email": "stays", "limit": 4});
        if let Some(cursor) = cursor {
            body["cursor"] = json!(cursor);
        }
        deal.manager.post(&deal.path("/seats/search"), &body).await.ok(200)
    };
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    let mut gone = Vec::new();
    loop {
        let page = search(cursor.as_deref()).await;
        let rows = page["invites"].as_array().unwrap();
        seen.extend(emails(rows));
        let Some(next) = page["nextCursor"].as_str() else { break };
        let last = rows.last().unwrap();
        deal.cancel(last["id"].as_str().unwrap()).await.ok(204);
        gone.extend(emails(&rows[rows.len() - 1..]));
        cursor = Some(next.to_owned());
    }
    assert_eq!(seen, stays, "in their order, each once, though {gone:?} went");
    world.stop().await;
}
