//! Mail, whatever becomes of SES and of our own processes. I4, I5.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join;
use seatkeeper_local::Settings;
use serde_json::{Value, json};
use tests::{Deal, World, eventually, now, row_of, time};

/// A lease is longer than a function may run, and everything that is tried again waits for its end.
const QUICK: [(&str, &str); 2] = [("FUNCTION_TIMEOUT", "5s"), ("DELIVERY_LEASE", "6s")];
/// Time enough for two tries and a busy machine.
const SOON: Duration = Duration::from_mins(1);

fn numbered(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}{number:03}@example.com")).collect()
}

/// How many mails each address got.
async fn mails_by_address(world: &World) -> BTreeMap<String, usize> {
    let mut mails = BTreeMap::new();
    for mail in world.inbox().await {
        *mails.entry(mail.field("to").to_owned()).or_default() += 1;
    }
    mails
}

fn states(rows: &[Value]) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for row in rows {
        *states.entry(row["delivery"]["state"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    states
}

/// I4: no row says that its mail is sent while none was. Rows are read before the mail, so that it can't come between.
async fn none_is_shown_as_sent_that_was_not(world: &World, deal: &Deal) -> Vec<Value> {
    let rows = deal.rows("limit=200").await;
    let mails = mails_by_address(world).await;
    for row in &rows {
        let sent = row["delivery"]["state"] == "sent";
        let mailed = mails.contains_key(row["email"].as_str().unwrap());
        assert!(mailed || !sent, "shown as sent, but there is no mail: {row}");
        assert_eq!(
            sent || mailed && row["sentAt"].is_string(),
            row["sentAt"].is_string(),
            "sentAt means a mail: {row}"
        );
    }
    rows
}

/// I5: every mail of the newest send works.
async fn every_link_works(world: &World) {
    for mail in world.inbox().await {
        let preview = world.preview(&mail.token()).await;
        assert_eq!(preview.ok(200)["status"], "pending", "{}: {}", mail.field("to"), preview.show());
    }
}

/// Runs the sweeps until all rows are sent, and looks all the while. Two run at once: a claim is had by one. I7
async fn until_all_are_sent(world: &World, deal: &Deal) {
    eventually("all rows are sent", SOON, || async {
        join(world.sweep(), world.sweep()).await;
        let rows = none_is_shown_as_sent_that_was_not(world, deal).await;
        rows.iter().all(|row| row["delivery"]["state"] == "sent").then_some(())
    })
    .await;
}

/// Throttled for a while: what says "not sent" is tried again, and each is mailed once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_mail_is_sent_once() {
    let world = World::with(&QUICK).await;
    let deal = world.deal(9).await;
    world.fault("throttle", 3).await;
    let all = numbered("p", 120);
    let answer = deal.invite(&all).await;
    assert_eq!(answer["summary"]["invited"], 120, "throttling is no refusal: {answer}");
    until_all_are_sent(&world, &deal).await;
    let mails = mails_by_address(&world).await;
    assert_eq!((mails.len(), mails.values().max()), (120, Some(&1)), "each once: {mails:?}");
    every_link_works(&world).await;

    world.stop().await;
}

/// A resend that is still queued keeps showing when the last mail was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_that_waits_keeps_the_older_date() {
    let world = World::with(&QUICK).await;
    let deal = world.deal(9).await;
    deal.invite_one("ann@example.com").await;
    let row = deal.rows("").await[0].clone();
    world.fault("down", 1_000).await;
    let id = row["id"].as_str().unwrap();
    let resent = deal.resend(id, None).await.ok(200);
    assert_eq!(
        [&resent["status"], &resent["sends"], &resent["delivery"]["state"]],
        [&json!("pending"), &json!(2), &json!("queued")]
    );
    assert_eq!(resent["sentAt"], row["sentAt"], "a resend that is still queued keeps the older one");
    assert!(time(&resent["queuedAt"]) >= time(&row["queuedAt"]), "{resent}");
    world.fault("down", 0).await;
    until_all_are_sent(&world, &deal).await;
    assert_eq!(world.inbox_for("ann@example.com").await.len(), 2);
    let row = deal.one(id).await;
    assert_eq!(time(&row["expiresAt"]) - time(&row["sentAt"]), TimeDelta::days(28), "{row}");
    world.stop().await;
}

/// Rejected for good: the row says so, with the reason, until it is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_mail_is_shown_as_failed() {
    let world = World::with(&QUICK).await;
    let deal = world.deal(9).await;
    world.fault("reject", 1).await;
    let id = deal.invite_one("ann@example.com").await;
    let row = deal.one(&id).await;
    assert_eq!(
        [&row["delivery"]["state"], &row["delivery"]["reason"]],
        [&json!("failed"), &json!("message_rejected")]
    );
    assert_eq!(row["sentAt"], Value::Null, "no mail has got out: {row}");
    for _ in 0..2 {
        world.sweep().await;
    }
    assert_eq!((deal.one(&id).await, world.inbox().await.len()), (row, 0), "for good");

    let row = deal.resend(&id, Some("\"1\"")).await.ok(200);
    assert_eq!(
        [&row["delivery"]["state"], &row["delivery"]["reason"], &row["sends"]],
        [&json!("sent"), &Value::Null, &json!(2)]
    );
    let ann = world.person("ann@example.com").await;
    world.accept(&ann, &world.token_for("ann@example.com").await).await.ok(200);

    // A failed one is no obstacle to a cancel, or to inviting again.
    world.fault("reject", 1).await;
    let id = deal.invite_one("bob@example.com").await;
    deal.cancel(&id).await.ok(204);
    assert_eq!(deal.invite(&["bob@example.com"]).await["results"][0]["outcome"], "invited");
    assert_eq!(world.inbox_for("bob@example.com").await.len(), 1);
    world.stop().await;
}

/// SES is down: the answer is 200, the rows say queued, and they are mailed once SES is well: exactly once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_waits_until_ses_is_well() {
    let world = World::with(&QUICK).await;
    let deal = world.deal(9).await;
    world.fault("down", 1_000).await;
    let all = numbered("p", 60);
    let started = now();
    let answer = deal.invite(&all).await;
    assert_eq!(answer["summary"]["invited"], 60, "{answer}");
    assert!(now() - started < TimeDelta::seconds(5), "answered before the function's time is over");
    let rows = none_is_shown_as_sent_that_was_not(&world, &deal).await;
    assert_eq!(states(&rows), BTreeMap::from([("queued".to_owned(), 60)]));
    assert!(rows.iter().all(|row| row["status"] == "pending" && row["sentAt"].is_null()), "{:#}", rows[0]);
    // Inviting them again does not double the mail; a resend of one that is queued makes one newer send.
    let again = deal.invite(&all).await;
    assert_eq!(again["summary"], json!({"invited": 0, "skipped": 60, "rejected": 0, "failed": 0}));
    let resent = deal.resend(row_of(&rows, &all[0])["id"].as_str().unwrap(), Some("\"1\"")).await.ok(200);
    assert_eq!([&resent["sends"], &resent["delivery"]["state"]], [&json!(2), &json!("queued")]);
    // Sweeps that meet it down lose nothing, and tell nothing that is not so.
    for _ in 0..3 {
        world.sweep().await;
        none_is_shown_as_sent_that_was_not(&world, &deal).await;
    }
    assert_eq!(world.inbox().await.len(), 0);

    world.fault("down", 0).await;
    let well = now();
    until_all_are_sent(&world, &deal).await;
    let mails = mails_by_address(&world).await;
    assert_eq!((mails.len(), mails.values().max()), (60, Some(&1)), "exactly once: {mails:?}");
    every_link_works(&world).await;
    for row in deal.rows("limit=200").await {
        assert_eq!(time(&row["expiresAt"]) - time(&row["sentAt"]), TimeDelta::days(28), "{row}");
        assert!(time(&row["sentAt"]) >= well - TimeDelta::seconds(1), "the try that got a mail out: {row}");
    }
    world.sweep().await;
    assert_eq!(world.inbox().await.len(), 60, "what is sent is not sent again");
    world.stop().await;
}

/// All that is in the table, in one order.
async fn table(world: &World) -> Vec<String> {
    let items = world.stack.dynamodb().scan().table_name("seatkeeper").send().await.unwrap().items.unwrap();
    let item =
        |item: &std::collections::HashMap<_, _>| format!("{:?}", item.iter().collect::<BTreeMap<_, _>>());
    let mut items: Vec<_> = items.iter().map(item).collect();
    items.sort();
    items
}

/// The values of a metric that a function wrote, run by run: what CloudWatch makes of its log.
fn metrics(log: &Path, name: &str) -> Vec<f64> {
    let log = std::fs::read_to_string(log).unwrap();
    let documents = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_document = |document: Value| {
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        let is_named = directive["Metrics"].as_array()?.iter().any(|metric| metric["Name"] == name);
        if !is_named {
            return None;
        }
        assert_eq!(
            [&directive["Namespace"], &directive["Dimensions"]],
            [&json!("Seatkeeper"), &json!([["Function"]])]
        );
        assert_eq!(document["Function"], "deliver-invites");
        Some(document[name].as_f64().unwrap())
    };
    documents.filter_map(of_document).collect()
}

/// `SENDING_PAUSED`: invites are stored and wait; no sweep claims or mails one. Once it is over, each is mailed once. I4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_mail_waits_and_then_goes_out() {
    let folder = Settings::ephemeral().logs;
    let settings = |port, paused: &str| {
        let env = [("SENDING_PAUSED", paused), ("SEND_RATE", "20")].into_iter().chain(QUICK);
        Settings {
            port,
            data: Some(folder.clone()),
            seed: false,
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ..Settings::ephemeral()
        }
    };
    let paused = settings(0, "true");
    let log = paused.logs.join("deliver-invites.log");
    let world = World::of(paused).await;
    let port: u16 = world.stack.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut deal = world.deal(3).await;
    let all = numbered("p", 3);
    assert_eq!(deal.invite(&all).await["summary"]["invited"], 3);
    let id = deal.rows("").await[0]["id"].as_str().unwrap().to_owned();
    let resent = deal.resend(&id, None).await.ok(200);
    assert_eq!([&resent["sends"], &resent["delivery"]["state"]], [&json!(2), &json!("queued")]);
    let queued = table(&world).await;
    let runs = AtomicUsize::new(0);
    let [_, report] = eventually("all leases are over", SOON, || async {
        let reports = world.sweep().await;
        runs.fetch_add(1, Ordering::Relaxed);
        (reports[1]["leftOver"] == 3 && reports[1]["lagSeconds"] != 0).then_some(reports)
    })
    .await;
    assert_eq!([&report["done"], &report["skipped"], &report["failures"]], [&json!(0); 3], "{report}");
    assert_eq!(table(&world).await, queued, "nothing is claimed, reserved or put off");
    assert!(world.inbox().await.is_empty());
    let runs = runs.into_inner();
    let queued_for = eventually("every run is measured", SOON, || async {
        let queued_for = metrics(&log, "QueuedFor");
        (queued_for.len() == runs).then_some(queued_for)
    })
    .await;
    assert_eq!(queued_for.last().copied(), report["lagSeconds"].as_f64(), "nobody knows of more");
    for name in ["Lag", "SendingStopped"] {
        assert_eq!(metrics(&log, name).len(), runs, "{name} is there for each run");
    }
    world.stop().await;

    let world = World::of(settings(port, "false")).await;
    deal.manager = world.manager(&deal.organisation).await;
    until_all_are_sent(&world, &deal).await;
    let mails = mails_by_address(&world).await;
    assert_eq!((mails.len(), mails.values().max()), (3, Some(&1)), "exactly once: {mails:?}");
    every_link_works(&world).await;
    world.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// Answers are lost: at least one mail each, every mail of the newest send works, and a learner may click before the
/// mark; accepting then settles the delivery.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_of_a_send_works_when_answers_are_lost() {
    let world = World::with(&QUICK).await;
    let deal = world.deal(9).await;
    world.fault("lost-answer", 2).await;
    let all = numbered("p", 60);
    let answer = deal.invite(&all).await;
    assert_eq!(answer["summary"]["invited"], 60, "{answer}");
    let mails = mails_by_address(&world).await;
    assert_eq!(mails.len(), 60, "it was sent, only not answered");
    let rows = none_is_shown_as_sent_that_was_not(&world, &deal).await;
    assert!(
        states(&rows).get("queued").is_some_and(|queued| *queued > 0),
        "an unknown outcome waits: {:?}",
        states(&rows)
    );
    every_link_works(&world).await;

    // Clicks before the mark.
    let queued: Vec<_> = rows.iter().filter(|row| row["delivery"]["state"] == "queued").collect();
    let early = queued[0]["email"].as_str().unwrap();
    let learner = world.person(early).await;
    world.accept(&learner, &world.token_for(early).await).await.ok(200);
    let row = deal.one(queued[0]["id"].as_str().unwrap()).await;
    assert_eq!([&row["status"], &row["delivery"]["state"]], [&json!("accepted"), &json!("sent")], "{row}");
    // And one that is cancelled is not mailed again.
    let cancelled = queued[1]["email"].as_str().unwrap();
    deal.cancel(queued[1]["id"].as_str().unwrap()).await.ok(204);

    until_all_are_sent(&world, &deal).await;
    let mails = mails_by_address(&world).await;
    assert_eq!(mails.len(), 60);
    for email in [early, cancelled] {
        assert_eq!(mails[email], 1, "no more mail to {email}");
    }
    let twice: Vec<_> =
        mails.iter().filter(|(_, count)| **count > 1).map(|(email, _)| email.clone()).collect();
    assert!(!twice.is_empty() && mails.values().all(|count| *count <= 2), "{mails:?}");
    let tried = &twice[0];
    let tokens: Vec<_> = world.inbox_for(tried).await.iter().map(tests::Mail::token).collect();
    assert_ne!(tokens[0], tokens[1], "each try has a link of its own");
    for token in &tokens {
        assert_eq!(world.preview(token).await.ok(200)["status"], "pending", "both links of one send work");
    }
    // After a resend, none of them does.
    let id = row_of(&deal.rows("limit=200").await, tried)["id"].as_str().unwrap().to_owned();
    deal.resend(&id, Some("\"1\"")).await.ok(200);
    let learner = world.person(tried).await;
    for token in &tokens {
        world.accept(&learner, token).await.problem(410, "invite_superseded");
    }
    world.accept(&learner, &world.token_for(tried).await).await.ok(200);
    world.stop().await;
}

/// Slow SES: 1,000 rows are answered within the function's time; the rest says queued and is sent later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rows_are_answered_in_time_though_ses_is_slow() {
    let world = World::with(&[("FUNCTION_TIMEOUT", "8s"), ("DELIVERY_LEASE", "9s")]).await;
    let deal = world.deal(9).await;
    world.slow(3, 1_000).await;
    let all = numbered("p", 1_000);
    let started = now();
    let answer = deal.invite(&all).await;
    let took = now() - started;
    assert!(took < TimeDelta::seconds(8), "{took}");
    let summary = &answer["summary"];
    assert_eq!(
        summary["invited"].as_u64().unwrap() + summary["failed"].as_u64().unwrap(),
        1_000,
        "{summary}"
    );
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(1_000));
    world.slow(0, 0).await;
    let rows = none_is_shown_as_sent_that_was_not(&world, &deal).await;
    assert_eq!(rows.len() as u64, summary["invited"].as_u64().unwrap(), "stored is what was answered so");
    until_all_are_sent(&world, &deal).await;
    assert_eq!(mails_by_address(&world).await.len(), rows.len(), "nobody is left out");
    world.stop().await;
}

/// Where there is no time to store all rows, the answer still has a result for each: what is stored is invited (and
/// mailed, later), the rest is `unavailable`, and none fails its neighbours. Of the few that were being stored when the time
/// was up nobody knows; sent again, they are pending.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_there_was_no_time_for_are_unavailable() {
    let world = World::with(&[("FUNCTION_TIMEOUT", "1500ms"), ("DELIVERY_LEASE", "2s")]).await;
    let deal = world.deal(9).await;
    let mut left = numbered("p", 1_000);
    let (mut told, under_way) = (0, 32);
    // Whoever sends again what was unavailable gets everybody invited, however many requests it takes.
    for _ in 0..100 {
        let rows: Vec<_> = left.iter().map(|email| json!({ "email": email })).collect();
        let answer = deal.try_invite(&json!({ "invites": rows })).await.ok(200);
        let results = answer["results"].as_array().unwrap();
        let of = |outcome: &str| -> Vec<String> {
            let rows = results.iter().filter(|result| result["outcome"] == outcome);
            rows.map(|result| result["email"].as_str().unwrap().to_owned()).collect()
        };
        let (invited, pending, unavailable) = (of("invited"), of("already_pending"), of("unavailable"));
        let told_now = invited.len() + pending.len();
        assert_eq!(told_now + unavailable.len(), left.len(), "{}", answer["summary"]);
        assert!(pending.len() <= under_way, "{}", answer["summary"]);
        told += told_now as u64;
        let [stored, ..] = deal.counts().await;
        let in_doubt = stored.checked_sub(told).expect("what is told as invited is stored");
        assert!(in_doubt <= under_way as u64, "unavailable: nothing stored");
        assert!(told_now > 0, "trying again gets on");
        left = unavailable;
        if left.is_empty() {
            break;
        }
    }
    assert_eq!((told, deal.counts().await), (1_000, [1_000, 0, 0]), "tried again often enough");
    world.stop().await;
}

/// `SEND_RATE` is kept to, not found out by being throttled. A request sends what gets its turn within two seconds; the
/// deliverer sends the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_send_rate_is_kept_to() {
    let env = [("SEND_RATE", "20"), ("FUNCTION_TIMEOUT", "9s"), ("DELIVERY_LEASE", "10s")];
    let world = World::with(&env).await;
    let deal = world.deal(9).await;
    let all = numbered("p", 90);
    let answer = deal.invite(&all).await;
    assert_eq!(answer["summary"]["invited"], 90, "{answer}");
    let rows = none_is_shown_as_sent_that_was_not(&world, &deal).await;
    // A turn now and one in a second; the one in two seconds is in time if nothing took any.
    let states = states(&rows);
    assert!([40, 60].contains(&states["sent"]) && states["sent"] + states["queued"] == 90, "{states:?}");
    until_all_are_sent(&world, &deal).await;
    let mut times: Vec<_> = world.inbox().await.iter().map(|mail| time(&mail.0["at"])).collect();
    times.sort();
    assert_eq!(times.len(), 90, "each once");
    // What SES allows in a second may go at once; the next comes a second later.
    let least = TimeDelta::milliseconds(900);
    assert!(times[39] - times[0] >= least, "40 mails within {}", times[39] - times[0]);
    for (index, from) in times.iter().enumerate() {
        let within = times[index..].iter().take_while(|at| **at < *from + TimeDelta::seconds(1)).count();
        assert!(within <= 40, "{within} mails within one second");
    }
    world.stop().await;
}

/// Resends that find no turn are answered all the same: they hold no function until their turn comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resends_do_not_wait_in_line_for_the_send_rate() {
    let env = [("SEND_RATE", "1"), ("FUNCTION_TIMEOUT", "20s"), ("DELIVERY_LEASE", "30s")];
    let world = World::with(&env).await;
    let deal = world.deal(9).await;
    deal.invite(&numbered("p", 12)).await;
    let rows = deal.rows("").await;
    let started = now();
    let resends = rows.iter().map(|row| deal.resend(row["id"].as_str().unwrap(), Some("\"1\"")));
    let answers = futures_util::future::join_all(resends).await;
    let took = now() - started;
    let queued = answers.into_iter().filter(|answer| answer.ok(200)["delivery"]["state"] == "queued").count();
    assert!(queued >= 8, "{queued} of 12 are left to the deliverer");
    assert!(took < TimeDelta::seconds(7), "{took}");
    world.stop().await;
}

/// Functions are killed while 300 rows are on their way: no stored row stays without a mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_functions_lose_no_mail() {
    let world = World::with(&QUICK).await;
    let deal = world.deal(9).await;
    world.slow(1, 1_000).await;
    let all = numbered("p", 300);
    let kill = async {
        let some = eventually("some rows are stored", SOON, || async {
            let rows = deal.rows("limit=200").await.len();
            (rows >= 50).then_some(rows)
        });
        let stored = some.await;
        assert!(world.stack.kill("send-invites") > 0);
        stored
    };
    let rows: Vec<_> = all.iter().map(|email| json!({ "email": email })).collect();
    let body = json!({ "invites": rows });
    let (answer, stored) = join(deal.try_invite(&body), kill).await;
    assert!(answer.status >= 500, "killed when {stored} rows were stored: {}", answer.show());
    assert!(
        answer.text.len() < 200 && !answer.text.contains('@'),
        "says nothing of the inside: {}",
        answer.show()
    );
    let rows = none_is_shown_as_sent_that_was_not(&world, &deal).await;
    assert!(rows.len() >= 50);

    // The manager tries again: what is stored is there already, the rest is invited.
    let again = deal.try_invite(&body).await.ok(200);
    assert_eq!(
        again["summary"]["invited"].as_u64().unwrap() + again["summary"]["skipped"].as_u64().unwrap(),
        300
    );
    // Then the sweep dies twice, too, each time after some more mail has gone out.
    let sweeping = async {
        loop {
            _ = world.stack.sweep().await;
        }
    };
    let killing = async {
        for _ in 0..2 {
            let before = world.inbox().await.len();
            eventually("more mail goes out", SOON, || async {
                let mails = world.inbox().await.len();
                (mails > before || mails >= 300).then_some(())
            })
            .await;
            let killed = world.stack.kill("deliver-invites") + world.stack.kill("expire-invites");
            assert!(killed > 0);
        }
    };
    tokio::select! {
        () = sweeping => {}
        () = killing => {}
    }
    world.slow(0, 0).await;
    until_all_are_sent(&world, &deal).await;
    let mails = mails_by_address(&world).await;
    assert_eq!(mails.len(), 300, "nobody is left out");
    every_link_works(&world).await;
    assert_eq!(deal.counts().await, [300, 0, 0]);
    world.stop().await;
}

/// Accept and release are whole or not at all, also when the function is killed; the learner just tries again. I1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_functions_lose_no_seat() {
    let world = World::with(&QUICK).await;
    let deal = world.deal(40).await;
    let all = numbered("p", 40);
    deal.invite(&all).await;
    let mails = world.inbox().await;
    let people = futures_util::future::join_all(
        mails.iter().map(async |mail| (world.person(mail.field("to")).await, mail.token())),
    )
    .await;
    let accepts =
        futures_util::future::join_all(people.iter().map(|(learner, token)| world.accept(learner, token)));
    let kills = async {
        for _ in 0..4 {
            let before = deal.seats().await[1];
            let _killed = world.stack.kill("accept-invite");
            let moves =
                || async { (deal.seats().await[1] > before || deal.seats().await[1] == 40).then_some(()) };
            // It may be that nobody is left to accept; then there is nothing to wait for.
            _ = tokio::time::timeout(Duration::from_millis(400), eventually("more accept", SOON, moves))
                .await;
        }
    };
    let (answers, ()) = join(accepts, kills).await;
    let crashed = answers.iter().filter(|answer| answer.status >= 500).count();
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.status >= 500), "{:?}", answers[0]);
    assert!(crashed > 0, "some were killed while they accepted");
    for (learner, token) in &people {
        world.accept(learner, token).await.ok(200);
        assert_eq!(learner.get("/api/me/seats").await.ok(200)["seats"].as_array().map(Vec::len), Some(1));
    }
    assert_eq!(
        (deal.seats().await, deal.counts().await),
        ([40, 40, 0], [0, 40, 0]),
        "{crashed} calls were killed"
    );
    world.stop().await;
}

/// Data is there after a restart: rows, mail, links, seats; and what was queued is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_after_a_restart() {
    let folder = Settings::ephemeral().logs;
    let env: BTreeMap<_, _> =
        QUICK.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = |port, sweep_every| Settings {
        port,
        data: Some(folder.clone()),
        seed: false,
        sweep_every,
        env: env.clone(),
        ..Settings::ephemeral()
    };
    let world = World::of(settings(0, None)).await;
    let port: u16 = world.stack.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut deal = world.deal(3).await;
    deal.invite(&["ann@example.com", "bob@example.com"]).await;
    let (anns, bobs) = (world.token_for("ann@example.com").await, world.token_for("bob@example.com").await);
    let seat = world.accept(&world.person("ann@example.com").await, &anns).await.ok(200);
    world.fault("down", 1_000).await;
    deal.invite(&["carl@example.com"]).await;
    let (before, mails) = (deal.snapshot().await, world.inbox().await.len());
    world.stop().await;

    // With the schedules running now: nobody has to ask for the sweep.
    let world = World::of(settings(port, Some(Duration::from_millis(500)))).await;
    deal.manager = world.manager(&deal.organisation).await;
    let rows = deal.rows("").await;
    let mut after = deal.snapshot().await;
    if world.inbox().await.len() > mails {
        // Carl's mail has come already: that row has changed, as it should.
        after = before.clone();
    }
    assert_eq!(
        (after["deal"].clone(), after["accepted"].clone()),
        (before["deal"].clone(), before["accepted"].clone())
    );
    assert_eq!(rows.len(), 3);
    let ann = world.person("ann@example.com").await;
    assert_eq!(ann.get("/api/me/seats").await.ok(200)["seats"][0]["acceptedAt"], seat["acceptedAt"]);
    assert_eq!(world.accept(&ann, &anns).await.ok(200), seat, "the same answer as before the restart");
    world.accept(&world.person("bob@example.com").await, &bobs).await.ok(200);
    assert_eq!(world.token_for("bob@example.com").await, bobs, "the inbox is there");
    let carls = eventually("what was queued is sent by the schedule", SOON, || async {
        let mails = world.inbox_for("carl@example.com").await;
        none_is_shown_as_sent_that_was_not(&world, &deal).await;
        mails.last().map(tests::Mail::token)
    })
    .await;
    world.accept(&world.person("carl@example.com").await, &carls).await.ok(200);
    assert_eq!(deal.seats().await, [3, 3, 0]);
    world.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// An invite that no mail reached in time says why: its deal has ended, or its own time is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_that_is_too_late_is_not_sent() {
    let world =
        World::with(&[("FUNCTION_TIMEOUT", "5s"), ("DELIVERY_LEASE", "6s"), ("INVITE_LIFETIME", "5s")]).await;
    let (lapses, ends) = (world.deal(3).await, world.deal(3).await);
    world.fault("down", 1_000).await;
    let lapsing = lapses.invite_one("ann@example.com").await;
    let ending = ends.invite_one("bob@example.com").await;
    let partnerships = world.person(tests::PARTNERSHIPS).await;
    let end = json!({"endsAt": tests::rfc3339(now() + TimeDelta::seconds(1))});
    partnerships.patch(&ends.path(""), &end).await.ok(200);
    tests::past(now() + TimeDelta::seconds(7)).await;
    world.fault("down", 0).await;
    for (deal, id, reason) in [(&lapses, lapsing, "not_sent_in_time"), (&ends, ending, "deal_ended")] {
        let row = eventually("the sweep gives up", SOON, || async {
            world.sweep().await;
            let row = deal.one(&id).await;
            (row["delivery"]["state"] != "queued").then_some(row)
        })
        .await;
        assert_eq!(
            [&row["delivery"]["state"], &row["delivery"]["reason"]],
            [&json!("failed"), &json!(reason)],
            "{row}"
        );
        assert_eq!([&row["status"], &row["sentAt"]], [&json!("expired"), &Value::Null], "{row}");
    }
    assert_eq!(world.inbox().await.len(), 0);
    // It can still be sent again.
    let id = lapses.rows("").await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(lapses.resend(&id, Some("\"1\"")).await.ok(200)["delivery"]["state"], "sent");
    world.stop().await;
}
