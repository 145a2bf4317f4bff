//! Mail, whatever becomes of SES and of our own processes. I4, I5.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join;
use seatkeeper_local::Settings;
use serde_json::{Value, json};
use tests::{Deal, TestStack, addresses, assert_fields, eventually, now, time};

/// A lease is longer than a function may run, and everything that is tried again waits for its end.
const QUICK: [(&str, &str); 2] = [("FUNCTION_TIMEOUT", "5s"), ("DELIVERY_LEASE", "6s")];
const SOON: Duration = Duration::from_mins(1);

async fn mails_by_address(stack: &TestStack) -> BTreeMap<String, usize> {
    let mut mails = BTreeMap::new();
    for mail in stack.inbox().await {
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
async fn none_is_shown_as_sent_that_was_not(stack: &TestStack, deal: &Deal) -> Vec<Value> {
    let rows = deal.rows("limit=200").await;
    let mails = mails_by_address(stack).await;
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
async fn every_link_works(stack: &TestStack) {
    for mail in stack.inbox().await {
        let preview = stack.preview(&mail.token()).await;
        assert_eq!(preview.ok(200)["status"], "pending", "{}: {}", mail.field("to"), preview.show());
    }
}

/// Runs the sweeps until all rows are sent, and looks all the while. Two run at once: a claim is had by one. I7
async fn until_all_are_sent(stack: &TestStack, deal: &Deal) {
    eventually("all rows are sent", SOON, || async {
        join(stack.sweep(), stack.sweep()).await;
        let rows = none_is_shown_as_sent_that_was_not(stack, deal).await;
        rows.iter().all(|row| row["delivery"]["state"] == "sent").then_some(())
    })
    .await;
}

/// A resend that is still queued keeps showing when the last mail was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_that_waits_keeps_the_older_date() {
    let stack = TestStack::with(&QUICK).await;
    let deal = stack.deal(9).await;
    deal.invite_one("ann@example.com").await;
    let row = deal.rows("").await[0].clone();
    stack.fault("down", 1_000).await;
    let id = row["id"].as_str().unwrap();
    let resent = deal.resend(id, None).await.ok(200);
    assert_fields(&resent, &json!({"status": "pending", "sends": 2, "delivery": {"state": "queued"}}));
    assert_eq!(resent["sentAt"], row["sentAt"], "a resend that is still queued keeps the older one");
    assert!(time(&resent["queuedAt"]) >= time(&row["queuedAt"]), "{resent}");
    stack.fault("down", 0).await;
    until_all_are_sent(&stack, &deal).await;
    assert_eq!(stack.inbox_for("ann@example.com").await.len(), 2);
    let row = deal.one(id).await;
    assert_eq!(time(&row["expiresAt"]) - time(&row["sentAt"]), TimeDelta::days(28), "{row}");
    stack.stop().await;
}

/// Rejected for good: the row says so, with the reason, until it is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_mail_is_shown_as_failed() {
    let stack = TestStack::with(&QUICK).await;
    let deal = stack.deal(9).await;
    stack.fault("reject", 1).await;
    let id = deal.invite_one("ann@example.com").await;
    let row = deal.one(&id).await;
    assert_fields(&row, &json!({"delivery": {"state": "failed", "reason": "message_rejected"}}));
    assert_eq!(row["sentAt"], Value::Null, "no mail has got out: {row}");
    for _ in 0..2 {
        stack.sweep().await;
    }
    assert_eq!((deal.one(&id).await, stack.inbox().await.len()), (row, 0), "for good");

    let row = deal.resend(&id, Some("\"1\"")).await.ok(200);
    assert_fields(&row, &json!({"delivery": {"state": "sent", "reason": null}, "sends": 2}));
    let ann = stack.person("ann@example.com").await;
    stack.accept(&ann, &stack.token_for("ann@example.com").await).await.ok(200);

    // A failed one is no obstacle to a cancel, or to inviting again.
    stack.fault("reject", 1).await;
    let id = deal.invite_one("bob@example.com").await;
    deal.cancel(&id).await.ok(204);
    assert_eq!(deal.invite(&["bob@example.com"]).await["results"][0]["outcome"], "invited");
    assert_eq!(stack.inbox_for("bob@example.com").await.len(), 1);
    stack.stop().await;
}

async fn table(stack: &TestStack) -> Vec<String> {
    let items = stack.local.dynamodb().scan().table_name("seatkeeper").send().await.unwrap().items.unwrap();
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
        assert_fields(directive, &json!({"Namespace": "Seatkeeper", "Dimensions": [["Function"]]}));
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
    let stack = TestStack::of(paused).await;
    let port: u16 = stack.local.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut deal = stack.deal(3).await;
    let all = addresses("p", 3);
    assert_eq!(deal.invite(&all).await["summary"]["invited"], 3);
    let id = deal.rows("").await[0]["id"].as_str().unwrap().to_owned();
    let resent = deal.resend(&id, None).await.ok(200);
    assert_fields(&resent, &json!({"sends": 2, "delivery": {"state": "queued"}}));
    let queued = table(&stack).await;
    let runs = AtomicUsize::new(0);
    let [_, report] = eventually("all leases are over", SOON, || async {
        let reports = stack.sweep().await;
        runs.fetch_add(1, Ordering::Relaxed);
        (reports[1]["leftOver"] == 3 && reports[1]["lagSeconds"] != 0).then_some(reports)
    })
    .await;
    assert_eq!([&report["done"], &report["skipped"], &report["failures"]], [&json!(0); 3], "{report}");
    assert_eq!(table(&stack).await, queued, "nothing is claimed, reserved or put off");
    assert!(stack.inbox().await.is_empty());
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
    stack.stop().await;

    let stack = TestStack::of(settings(port, "false")).await;
    deal.manager = stack.manager(&deal.organisation).await;
    until_all_are_sent(&stack, &deal).await;
    let mails = mails_by_address(&stack).await;
    assert_eq!((mails.len(), mails.values().max()), (3, Some(&1)), "exactly once: {mails:?}");
    every_link_works(&stack).await;
    stack.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// An answer of SES is lost: the mail is out, and its learner may click before anybody has recorded it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accept_settles_the_delivery() {
    let stack = TestStack::with(&QUICK).await;
    let deal = stack.deal(9).await;
    stack.fault("lost-answer", 1).await;
    let id = deal.invite_one("ann@example.com").await;
    assert_eq!(deal.one(&id).await["delivery"]["state"], "queued", "nobody knows yet");
    let ann = stack.person("ann@example.com").await;
    stack.accept(&ann, &stack.token_for("ann@example.com").await).await.ok(200);
    let row = deal.one(&id).await;
    assert_fields(&row, &json!({"status": "accepted", "delivery": {"state": "sent"}}));
    stack.stop().await;
}

/// Where there is no time to store all rows, the answer still has a result for each: what is stored is invited (and
/// mailed, later), the rest is `unavailable`, and none fails its neighbours. Of the few that were being stored when the time
/// was up nobody knows; sent again, they are pending.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_there_was_no_time_for_are_unavailable() {
    let stack = TestStack::with(&[("FUNCTION_TIMEOUT", "1500ms"), ("DELIVERY_LEASE", "2s")]).await;
    let deal = stack.deal(9).await;
    let mut left = addresses("p", 1_000);
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
    stack.stop().await;
}

/// `SEND_RATE` is kept to, not found out by being throttled. A request sends what gets its turn within two seconds; the
/// deliverer sends the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_send_rate_is_kept_to() {
    let env = [("SEND_RATE", "20"), ("FUNCTION_TIMEOUT", "9s"), ("DELIVERY_LEASE", "10s")];
    let stack = TestStack::with(&env).await;
    let deal = stack.deal(9).await;
    let all = addresses("p", 90);
    let answer = deal.invite(&all).await;
    assert_eq!(answer["summary"]["invited"], 90, "{answer}");
    let rows = none_is_shown_as_sent_that_was_not(&stack, &deal).await;
    // A turn now and one in a second; the one in two seconds is in time if nothing took any.
    let states = states(&rows);
    assert!([40, 60].contains(&states["sent"]) && states["sent"] + states["queued"] == 90, "{states:?}");
    until_all_are_sent(&stack, &deal).await;
    let mut times: Vec<_> = stack.inbox().await.iter().map(|mail| time(&mail.0["at"])).collect();
    times.sort();
    assert_eq!(times.len(), 90, "each once");
    // What SES allows in a second may go at once; the next comes a second later.
    let least = TimeDelta::milliseconds(900);
    assert!(times[39] - times[0] >= least, "40 mails within {}", times[39] - times[0]);
    for (index, from) in times.iter().enumerate() {
        let within = times[index..].iter().take_while(|at| **at < *from + TimeDelta::seconds(1)).count();
        assert!(within <= 40, "{within} mails within one second");
    }
    stack.stop().await;
}

/// Resends that find no turn are answered all the same: they hold no function until their turn comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resends_do_not_wait_in_line_for_the_send_rate() {
    let env = [("SEND_RATE", "1"), ("FUNCTION_TIMEOUT", "20s"), ("DELIVERY_LEASE", "30s")];
    let stack = TestStack::with(&env).await;
    let deal = stack.deal(9).await;
    deal.invite(&addresses("p", 12)).await;
    let rows = deal.rows("").await;
    let started = now();
    let resends = rows.iter().map(|row| deal.resend(row["id"].as_str().unwrap(), Some("\"1\"")));
    let answers = futures_util::future::join_all(resends).await;
    let took = now() - started;
    let queued = answers.into_iter().filter(|answer| answer.ok(200)["delivery"]["state"] == "queued").count();
    assert!(queued >= 8, "{queued} of 12 are left to the deliverer");
    assert!(took < TimeDelta::seconds(7), "{took}");
    stack.stop().await;
}
