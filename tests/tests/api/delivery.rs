//! Mail when SES fails, pauses or is slow. I4, I5.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seatkeeper_local::Settings;
use serde_json::json;
use tests::proxy::{Calls, Fault, Proxy};
use tests::snapshot::number;
use tests::{TestStack, addresses, assert_fields, eventually, lasting_port, settings_with};

/// Short leases, because a repeated attempt waits for the end of the lease. A lease outlasts its function.
const QUICK: [(&str, &str); 2] = [("FUNCTION_TIMEOUT", "10s"), ("DELIVERY_LEASE", "11s")];
const SOON: Duration = Duration::from_mins(3);

async fn table(stack: &TestStack) -> BTreeSet<String> {
    let items = stack.items().await;
    items.iter().map(|item| format!("{:?}", BTreeMap::from_iter(item))).collect()
}

/// I4: under `SENDING_PAUSED` invites are stored, and no sweep claims them. Afterwards each is mailed once, also if later
/// invites have a shorter lifetime, which the deliverer stores in the deal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_mail_waits_and_then_goes_out() {
    let folder = Settings::ephemeral().logs;
    let port = lasting_port();
    let settings = |paused, lifetime| {
        let more = [("SENDING_PAUSED", paused), ("SEND_RATE", "20"), ("INVITE_LIFETIME", lifetime)];
        let env = [&QUICK[..], &more].concat();
        Settings { port, data: Some(folder.clone()), ..settings_with(&env) }
    };
    let paused = settings("true", "28d");
    let log = paused.logs.join("deliver-invites.log");
    let stack = TestStack::of(paused).await;
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
    assert_eq!(table(&stack).await, queued, "nothing is claimed, reserved or requeued");
    assert!(stack.inbox().await.is_empty());
    // The documents' form is in `shared/src/telemetry.rs`.
    for name in ["QueuedFor", "Lag", "SendingStopped"] {
        let metric = format!("\"{name}\":");
        eventually("every run is measured", SOON, || async {
            let log = std::fs::read_to_string(&log).unwrap();
            (log.matches(&metric).count() == runs.load(Ordering::Relaxed)).then_some(())
        })
        .await;
    }
    stack.stop().await;

    let stack = TestStack::of(settings("false", "14d")).await;
    deal.manager = stack.manager(&deal.organisation).await;
    stack.sweep_until_sent(&deal, SOON).await;
    let mails = stack.mails_by_address().await;
    assert_eq!((mails.len(), mails.values().max()), (3, Some(&1)), "each address gets one mail: {mails:?}");
    // I5: every link of the newest send works.
    for mail in stack.inbox().await {
        let preview = stack.preview(&mail.token()).await;
        assert_eq!(preview.ok(200)["status"], "pending", "{}: {}", mail.field("to"), preview.show());
    }
    stack.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// Without time for all rows, the response has a result for each: `invited` for stored rows, which are mailed later,
/// and `unavailable` for the rest, which use up no limit. A few of these were being stored when time ran out; the next
/// request finds them pending.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_without_time_are_unavailable_and_can_be_sent_again() {
    let proxy = Proxy::start().await;
    let limit = ("LIMIT_MANAGER_PER_HOUR", "1000000");
    let settings = settings_with(&[("FUNCTION_TIMEOUT", "6s"), ("DELIVERY_LEASE", "7s"), limit]);
    let stack = TestStack::behind(&proxy, settings).await;
    let deal = stack.deal(9).await;
    // However fast the machine is, a request has no time for a thousand writes like these.
    proxy.disturb(Calls::of("PutItem"), 0, u32::MAX, Fault::AnswerLate(Duration::from_millis(200)));
    let mut left = addresses("p", 1_000);
    let (mut asked, mut told, mut under_way, mut lost) = (0, 0, 32, 0);
    // Each request repeats the unavailable rows of the one before.
    while !left.is_empty() {
        let rows: Vec<_> = left.iter().map(|email| json!({ "email": email })).collect();
        asked += i64::try_from(rows.len()).unwrap();
        let answer = deal.try_invite(&json!({ "invites": rows })).await;
        if answer.kind() == "503" {
            // The machine stood still in the last second. Any of these rows may be stored.
            (under_way, lost) = (left.len(), lost + 1);
            assert!(lost < 3, "{}", answer.show());
            continue;
        }
        let answer = answer.ok(200);
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
        let in_doubt = stored.checked_sub(told).expect("invited rows are stored");
        assert!(in_doubt <= under_way as u64, "unavailable rows were stored");
        assert!(told_now > 0, "each request makes progress");
        left = unavailable;
    }
    assert_eq!((told, deal.counts().await), (1_000, [1_000, 0, 0]), "all rows are invited in the end");
    let used = stack.items().await.iter().find_map(|item| number(item, "used"));
    assert!(used.is_some_and(|used| used < asked), "{used:?} of {asked}: unused sends are refunded");
}
