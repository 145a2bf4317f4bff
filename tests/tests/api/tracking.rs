//! What happened to each mail, as SES's events say, and the ways to mend it. I9, I10.

use std::time::Duration;

use serde_json::json;
use tests::{TestStack, assert_fields, events, eventually, outcomes};

/// A resend takes the address off SES's list, once a day, as mailed and in lower case; never after a complaint.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_after_a_bounce_reaches_the_mailbox() {
    let stack = TestStack::start().await;
    let deal = stack.deal(9).await;
    for (address, blocked, reason, arrives) in [
        ("Ann@example.com", "Ann@example.com", "BOUNCE", true),
        ("Bob@example.com", "bob@example.com", "BOUNCE", true),
        ("Cat@example.com", "Cat@example.com", "COMPLAINT", false),
    ] {
        stack.block(address, reason).await;
        if blocked != address {
            stack.block(blocked, reason).await;
        }
        let id = deal.invite_one(address).await;
        let bounced = deal.one_with_mail(&id, "bounced").await;
        assert_eq!(bounced["delivery"]["reason"], "suppressed");
        assert!(stack.inbox_for(address).await.is_empty());
        deal.resend(&id, Some("\"1\"")).await.ok(200);
        assert_eq!(stack.inbox_for(address).await.len(), usize::from(arrives), "{address}");
        assert_eq!(stack.is_blocked(blocked).await, !arrives, "{address}");
        if arrives {
            // The mailbox is dead after all.
            stack.publish(address, "bounce", 1).await;
            stack.block(address, reason).await;
            deal.one_with_mail(&id, "bounced").await;
            deal.resend(&id, Some("\"2\"")).await.ok(200);
            assert_eq!(stack.inbox_for(address).await.len(), 1, "once a day");
        }
    }
}

/// The person may lift the opt-out. I4: if the answer of SES is lost, the event proves that the mail went out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i10_a_complaint_is_an_opt_out_and_many_skip_the_undeliverable() {
    let stack = TestStack::start().await;
    let deal = stack.deal(9).await;
    let mut ids = Vec::new();
    for (address, event, state) in [
        ("spam@example.com", "complaint", "complained"),
        ("gone@example.com", "bounce", "bounced"),
        ("full@example.com", "transient", "bounced"),
        ("fine@example.com", "delivery", "delivered"),
    ] {
        stack.fault("lost-answer", u32::from(event == "delivery")).await;
        let id = deal.invite_one(address).await;
        stack.publish(address, event, 1).await;
        deal.one_with_mail(&id, state).await;
        ids.push(id);
    }
    eventually("the complaint is an opt-out", Duration::from_secs(30), || async {
        (deal.one(&ids[0]).await["optedOut"] == true).then_some(())
    })
    .await;
    assert_eq!(events(&deal.one(&ids[3]).await), ["delivered", "sent", "invited"]);
    deal.resend(&ids[0], None).await.problem(409, "complained");
    assert_eq!(outcomes(&deal.invite(&["spam@example.com"]).await), ["opted_out"]);
    let rows: Vec<_> = ids.iter().map(|id| (id.as_str(), 1)).collect();
    let answer = deal.resend_rows(&rows).await.ok(200);
    assert_eq!(outcomes(&answer), ["undeliverable", "undeliverable", "resent", "resent"]);
    assert_fields(&answer, &json!({"summary": {"resent": 2, "skipped": 2, "failed": 0}}));
    let token = stack.token_for("spam@example.com").await;
    stack.answer("opt-in", &token).await.ok(200);
    deal.resend(&ids[0], None).await.ok(200);
    assert_eq!(stack.inbox_for("spam@example.com").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_two_invites_of_a_correction_name_each_other() {
    let stack = TestStack::start().await;
    let deal = stack.deal(9).await;
    let old = deal.invite_one("ann@example.co").await;
    let corrected = deal.correct(&old, &json!({"email": "ann@example.com"}), None).await.ok(200);
    assert_eq!(deal.rows("status=removed").await[0]["correctedTo"], corrected["id"]);
    let new = corrected["id"].as_str().unwrap();
    assert_fields(&deal.one(new).await, &json!({"correctedTo": null, "correctedFrom": old}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_is_refused_with_its_reason_and_changes_nothing() {
    let stack = TestStack::start().await;
    let deal = stack.deal(9).await;
    let (ann, bob) = (deal.invite_one("ann@example.com").await, deal.invite_one("bob@example.com").await);
    let taken = deal.invite_one("cy@example.com").await;
    let cy = stack.person("cy@example.com").await;
    stack.accept(&cy, &stack.token_for("cy@example.com").await).await.ok(200);
    let cancelled = deal.invite_one("dan@example.com").await;
    deal.cancel(&cancelled).await.ok(204);
    let before = stack.snapshot(&deal).await;
    let email = |email: &str| json!({ "email": email });
    for (id, body, etag, status, code) in [
        (&ann, email("bob@example.com"), None, 409, "already_invited"),
        (&taken, email("eve@example.com"), None, 409, "already_accepted"),
        (&taken, json!({ "name": "Cy" }), None, 409, "already_accepted"),
        (&cancelled, email("eve@example.com"), None, 404, "not_found"),
        (&bob, email("eve@example.com"), Some("\"2\""), 412, "stale"),
        (&bob, json!({ "name": "Bob" }), Some("\"2\""), 412, "stale"),
        (&bob, email("no address"), None, 400, "invalid_request"),
        (&bob, json!({}), None, 400, "invalid_request"),
    ] {
        deal.correct(id, &body, etag).await.problem(status, code);
    }
    assert_eq!(stack.snapshot(&deal).await, before);
}
