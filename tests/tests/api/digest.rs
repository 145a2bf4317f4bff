//! The digest: once a day, each fact once, to the manager who wants it. I4, I6, I8.

use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use chrono::TimeDelta;
use futures_util::future::join_all;
use seatkeeper_local::{Like, Settings};
use serde_json::json;
use tests::{Client, Deal, Mail, TABLE, TestStack, now, rfc3339, settings_with};

const PATH: &str = "/api/me/digest";

async fn switch(manager: &Client, on: bool) {
    let body = json!({ "on": on });
    assert_eq!(manager.put(PATH, &body).await.ok(200), body);
    assert_eq!(manager.get(PATH).await.ok(200), body);
}

/// Runs `send-digests` and returns how many mails it sent.
async fn run(stack: &TestStack) -> u64 {
    let report = stack.nobody().post("/schedules/send-digests", &json!({})).await;
    assert_eq!(report.status, 200, "{}", report.show());
    report.json()["done"].as_u64().unwrap()
}

async fn digests(stack: &TestStack, deal: &Deal) -> Vec<Mail> {
    stack.inbox_for(&format!("manager@{}.example", deal.organisation)).await
}

/// The lines of the newest digest, with their links below them.
async fn told(stack: &TestStack, deal: &Deal) -> Vec<(String, String)> {
    let mails = digests(stack, deal).await;
    let text = mails.last().unwrap().field("text").to_owned();
    let lines: Vec<_> = text.lines().collect();
    let with_link = |two: &[&str]| {
        let path = two[1].trim().strip_prefix(&stack.local.url)?.replace(&deal.id, "deal");
        Some((two[0].strip_prefix("- ")?.to_owned(), path))
    };
    lines.windows(2).filter_map(with_link).collect()
}

fn line(text: &str, query: &str) -> (String, String) {
    (text.to_owned(), format!("/deals/deal{query}"))
}

/// Invites this address, and makes this happen to the invite.
async fn make(stack: &TestStack, deal: &Deal, address: &str, what: &str) {
    let invite = deal.invite_one(address).await;
    let token = stack.token_for(address).await;
    match what {
        "accepted" => {
            stack.accept(&stack.person(address).await, &token).await.ok(200);
        }
        "asked" => {
            deal.resend(&invite, None).await.ok(200);
            stack.answer("ask", &token).await.ok(202);
        }
        "declined" => {
            stack.answer("decline", &token).await.ok(200);
        }
        _ => {
            stack.publish(address, what, 2).await;
            deal.one_with_mail(&invite, "bounced").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i4_each_fact_is_told_once_however_many_runs_there_are() {
    let stack = TestStack::start().await;
    let deal = stack.deal(4).await;
    assert_eq!(deal.manager.get(PATH).await.ok(200), json!({ "on": false }));
    make(&stack, &deal, "before@example.com", "declined").await;
    switch(&deal.manager, true).await;

    // Nothing to say: no mail, and no write.
    let before = stack.items().await;
    assert_eq!((run(&stack).await, digests(&stack, &deal).await.len()), (0, 0));
    assert_eq!(stack.items().await, before);

    for (address, what) in [
        ("ann@example.com", "accepted"),
        ("bob@example.com", "accepted"),
        ("carl@example.com", "accepted"),
        ("dee@example.com", "bounce"),
        ("eve@example.com", "declined"),
        ("fay@example.com", "asked"),
        ("gus@example.com", "asked"),
    ] {
        make(&stack, &deal, address, what).await;
    }
    let sent = join_all((0..4).map(|_| run(&stack))).await;
    assert_eq!(sent.iter().sum::<u64>(), 1);
    let mails = digests(&stack, &deal).await;
    assert_eq!(mails.len(), 1);
    let expected = [
        line("2 people asked for a new link or a seat", "?status=asked"),
        line("1 invite did not arrive", "?status=undelivered"),
        line("1 person declined", "?status=declined"),
        line("3 of 4 seats taken", ""),
    ];
    assert_eq!(told(&stack, &deal).await, expected);
    let mail = &mails[0];
    for part in ["text", "html"].map(|part| mail.field(part)) {
        assert!(part.contains("Unlimited") && !part.contains("/accept"), "{part}");
        assert!(!part.contains("example.com"), "a learner's address: {part}");
    }
    assert_eq!(mail.field("subject"), "Deals that need your attention");
    assert_eq!(mail.0["tags"].get("deal"), None, "events about it are dropped: {}", mail.0);
    stack.publish(mail.field("to"), "complaint", 1).await;
}

/// What happened while it was off is not told, what was told is not told again, and there is one mail a day at most.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_that_is_switched_on_again_repeats_nothing() {
    let stack = TestStack::start().await;
    let deal = stack.deal(4).await;
    switch(&deal.manager, true).await;
    for address in ["ann@example.com", "bob@example.com", "carl@example.com"] {
        make(&stack, &deal, address, "accepted").await;
    }
    switch(&deal.manager, true).await;
    assert_eq!(run(&stack).await, 1);
    make(&stack, &deal, "dee@example.com", "declined").await;
    switch(&deal.manager, false).await;
    switch(&deal.manager, false).await;
    let items = stack.items().await;
    let item = items.iter().find(|item| item["sk"] == S("DIGEST".into())).unwrap();
    assert!(!item.contains_key("email") && !item.contains_key("duePk"), "{item:?}");
    make(&stack, &deal, "eve@example.com", "declined").await;
    assert_eq!(run(&stack).await, 0, "off");
    switch(&deal.manager, true).await;
    make(&stack, &deal, "fay@example.com", "declined").await;
    assert_eq!(run(&stack).await, 0, "the same day");
    stack.next_day().await;
    assert_eq!(run(&stack).await, 1);
    assert_eq!(told(&stack, &deal).await, [line("1 person declined", "?status=declined")]);

    // It ends after 180 days.
    let renew_by = item["renewBy"].as_n().unwrap().parse::<i64>().unwrap();
    assert_eq!((renew_by - now().timestamp() + 43_200) / 86_400, 180);
    let update = stack.local.dynamodb().update_item().table_name(TABLE);
    let update = update.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
    let update = update.update_expression("SET renewBy = :now");
    update.expression_attribute_values(":now", N(now().timestamp().to_string())).send().await.unwrap();
    assert_eq!(deal.manager.get(PATH).await.ok(200), json!({ "on": false }));
    make(&stack, &deal, "gus@example.com", "declined").await;
    stack.next_day().await;
    assert_eq!(run(&stack).await, 0);
}

/// RFC 8058, as for invites.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_switches_this_managers_digest_off() {
    let stack = TestStack::start().await;
    let (deal, other) = (stack.deal(1).await, stack.deal(1).await);
    for (deal, address) in [(&deal, "ann@example.com"), (&other, "bob@example.com")] {
        switch(&deal.manager, true).await;
        make(&stack, deal, address, "declined").await;
    }
    assert_eq!(run(&stack).await, 2);
    let path = |mails: &[Mail]| mails[0].unsubscribe_path().to_owned();
    let [path, others] = [path(&digests(&stack, &deal).await), path(&digests(&stack, &other).await)];
    let (start, id) = path.rsplit_once('/').unwrap();
    assert_eq!((start, id.len(), &id[..7]), ("/api/digests/unsubscribe", 71, "digest-"));
    let page = format!("{}/unsubscribe#{id}", stack.local.url);
    assert!(digests(&stack, &deal).await[0].field("text").contains(&page));

    let is_on = async |deal: &Deal| deal.manager.get(PATH).await.ok(200)["on"] == true;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let no = stack.nobody().raw("POST", &path, &form, b"List-Unsubscribe=No".into()).await;
    no.problem(400, "invalid_request");
    let mixed = format!("{start}/{}{}", &id[..50], &others[others.len() - 21..]);
    let link = stack.token_for("ann@example.com").await;
    let refused = stack.preview("x").await;
    for forged in [mixed, format!("{start}/{link}"), format!("{start}/x"), path.replace("digest-", "")] {
        let answer = stack.unsubscribe(&forged).await;
        answer.problem(404, "unknown_invite");
        assert_eq!(answer.fingerprint(), refused.fingerprint());
    }
    assert!(is_on(&deal).await && is_on(&other).await);
    for _ in 0..2 {
        let answer = stack.unsubscribe(&path).await;
        assert_eq!(answer.ok(200), json!({ "on": false }), "an old mail still works");
        assert!(!is_on(&deal).await && is_on(&other).await);
        switch(&deal.manager, true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_needs_a_manager_with_a_verified_address() {
    let stack =
        TestStack::of(Settings { issuer_like: Like::named("auth0").unwrap(), ..settings_with(&[]) }).await;
    let deal = stack.deal(1).await;
    deal.manager.put(PATH, &json!({ "on": true })).await.problem(409, "no_verified_address");
    assert_eq!(deal.manager.put(PATH, &json!({ "on": false })).await.ok(200), json!({ "on": false }));
    assert_eq!(deal.manager.get(PATH).await.ok(200), json!({ "on": false }));
}

/// What SES does not take is not recorded as told. Other faults of SES are in `tests/tests/proof/matrix.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i4_a_digest_that_ses_does_not_take_is_sent_later() {
    let stack = TestStack::start().await;
    let deal = stack.deal(1).await;
    switch(&deal.manager, true).await;
    make(&stack, &deal, "ann@example.com", "declined").await;
    stack.fault("reject", 1).await;
    assert_eq!(run(&stack).await, 0);
    assert_eq!(stack.next_day().await[0] % 86_400_000, 0, "a refused digest waits for the next day");
    stack.fault("throttle", 2).await;
    assert_eq!(run(&stack).await, 1, "SES is asked again within the run");
    assert_eq!(told(&stack, &deal).await, [line("1 person declined", "?status=declined")]);
    stack.stop().await;

    let stack = TestStack::with(&[("SENDING_PAUSED", "true")]).await;
    let deal = stack.deal_with(1, &json!({ "endsAt": rfc3339(now() + TimeDelta::days(9)) })).await;
    switch(&deal.manager, true).await;
    let before = stack.items().await;
    assert_eq!(run(&stack).await, 0, "paused");
    assert_eq!(stack.items().await, before);
}
