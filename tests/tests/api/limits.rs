//! Limits of mails: to a recipient, by a manager in an hour, and for a deal in a day. A refusal says until when it
//! lasts. Others are not affected. That requests at once share a limit is in `shared/tests/store/limits.rs`.

use serde_json::{Value, json};
use tests::proxy::{Calls, Fault, Proxy};
use tests::{Deal, TestStack, addresses, ids, now, outcomes, settings_with, time};

/// Resends an invite. The error is the number of seconds until a resend is allowed.
async fn resend(deal: &Deal, id: &str) -> Result<(), i64> {
    let etag = format!("\"{}\"", deal.one(id).await["sends"]);
    let answer = deal.resend(id, Some(&etag)).await;
    if answer.status == 200 {
        return Ok(());
    }
    answer.problem(429, "too_many_requests");
    Err(answer.header("retry-after").parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recipient_gets_three_mails_a_day_whatever_is_done() {
    let stack = TestStack::with(&[("LIMIT_RECIPIENT_PER_DAY", "3")]).await;
    let deal = stack.deal(5).await;
    let id = deal.invite_one("ann@example.com").await;
    assert_eq!((resend(&deal, &id).await, resend(&deal, &id).await), (Ok(()), Ok(())));
    let wait = resend(&deal, &id).await.unwrap_err();
    assert!((86_000..=86_401).contains(&wait), "a day after the first: {wait} s");

    // A bulk resend, or a new invite after a cancellation, does not bypass the limit.
    let many = deal.resend_rows(&[(&id, 3)]).await.ok(200);
    assert_eq!((outcomes(&many), &many["summary"]["skipped"]), (vec!["too_soon"], &json!(1)));
    deal.cancel(&id).await.ok(204);
    let bob = json!({ "email": "bob@example.com" });
    let body = json!({ "invites": [{ "email": "Ann@Example.com" }, bob], "dryRun": true });
    for body in [body.clone(), json!({ "invites": body["invites"] })] {
        let answer = deal.try_invite(&body).await.ok(200);
        assert_eq!(outcomes(&answer), ["too_soon", "invited"], "other rows are not affected: {answer}");
        let row = &answer["results"][0];
        assert!((86_000..=86_401).contains(&(time(&row["retryAt"]) - now()).num_seconds()), "{row}");
        let summary = json!({ "invited": 1, "skipped": 0, "rejected": 1, "failed": 0 });
        assert_eq!(answer["summary"], summary);
    }
    assert_eq!(stack.inbox_for("ann@example.com").await.len(), 3);
    assert_eq!(stack.inbox_for("bob@example.com").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_sends_so_many_in_an_hour() {
    let limits = [("LIMIT_MANAGER_PER_HOUR", "25"), ("LIMIT_RECIPIENT_INTERVAL", "10m")];
    let stack = TestStack::with(&limits).await;
    let (deal, other) = (stack.deal(100).await, stack.deal(100).await);
    let answers = [deal.invite(&addresses("one", 20)).await, deal.invite(&addresses("two", 20)).await];
    let all: Vec<&str> = answers.iter().flat_map(outcomes).collect();
    assert_eq!(all, [["invited"; 25].as_slice(), &["too_soon"; 15]].concat());
    assert_eq!(stack.inbox().await.len(), 25);

    // Other outcomes stay, and a row over the limit says until when.
    let first = deal.rows("limit=1").await[0].clone();
    let rows = [first["email"].as_str().unwrap(), "new@example.com", "no address"];
    let answer = deal.invite(&rows).await;
    assert_eq!(outcomes(&answer), ["already_pending", "too_soon", "invalid_email"]);
    let is_in_an_hour =
        |row: &Value| (3_500..=3_601).contains(&(time(&row["retryAt"]) - now()).num_seconds());
    assert!(is_in_an_hour(&answer["results"][1]), "{answer}");
    let id = first["id"].as_str().unwrap();
    // The limit of its recipient ends earlier, and changes nothing then.
    assert_eq!(resend(&deal, id).await.map_err(|wait| wait > 3_500), Err(true));
    deal.cancel(id).await.ok(204);
    let removed = deal.invite(&[first["email"].as_str().unwrap()]).await;
    assert!(is_in_an_hour(&removed["results"][0]), "{removed}");
    deal.resend(id, None).await.problem(404, "not_found");

    other.invite_one("ann@example.com").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_need_no_mail_use_up_nothing() {
    let stack = TestStack::with(&[("LIMIT_DEAL_PER_DAY", "6")]).await;
    let deal = stack.deal(100).await;
    let five = addresses("learner", 5);
    assert_eq!(deal.invite(&five).await["summary"]["invited"], 5);
    // Pending rows need no mail, so their sends are refunded.
    for _ in 0..3 {
        assert_eq!(deal.invite(&five).await["summary"]["skipped"], 5);
    }
    let dry = json!({ "invites": [{ "email": "ann@example.com" }, { "email": "bob@example.com" }], "dryRun": true });
    for _ in 0..2 {
        assert_eq!(outcomes(&deal.try_invite(&dry).await.ok(200)), ["invited", "too_soon"]);
    }
    let answer = deal.invite(&[&five[0], "ann@example.com", "bob@example.com", &five[1]]).await;
    assert_eq!(outcomes(&answer), ["already_pending", "invited", "too_soon", "already_pending"]);
    // No send is left for a bulk resend.
    let ids = ids(&deal.rows("status=pending").await);
    let rows: Vec<_> = ids.iter().map(|id| (id.as_str(), 1)).collect();
    let many = deal.resend_rows(&rows).await.ok(200);
    assert_eq!(outcomes(&many), ["too_soon"; 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_that_fails_before_it_is_stored_uses_up_nothing() {
    let proxy = Proxy::start().await;
    let stack = TestStack::behind(&proxy, settings_with(&[("LIMIT_MANAGER_PER_HOUR", "2")])).await;
    let deal = stack.deal(5).await;
    let id = deal.invite_one("ann@example.com").await;
    // A bulk resend takes its allowance before it reads the invites.
    proxy.disturb(Calls::of("BatchGetItem").containing(&format!("I#{id}")), 0, 1, Fault::Refuse);
    let failed = deal.resend_rows(&[(&id, 1)]).await;
    assert!(failed.status >= 500, "{}", failed.show());
    deal.invite_one("bob@example.com").await;
}
