//! What a learner answers besides accepting: no, not from this organisation, and "send me a new one". I6, I10.

use std::time::Duration;

use serde_json::{Value, json};
use tests::proxy::{Calls, Fault, Proxy};
use tests::{Deal, TestStack, assert_fields, events, eventually, outcomes, row_of, settings_with};

const ANN: &str = "ann@example.com";
const SOON: Duration = Duration::from_mins(2);

async fn preview(stack: &TestStack, token: &str) -> Value {
    stack.preview(token).await.ok(200)
}

/// Invites and resends, so that the first link is superseded. Returns the invite's id, the older and the newest link.
async fn resent(stack: &TestStack, deal: &Deal, address: &str) -> (String, String, String) {
    let id = deal.invite_one(address).await;
    let older = stack.token_for(address).await;
    deal.resend(&id, None).await.ok(200);
    (id, older, stack.token_for(address).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_learner_declines_and_changes_their_mind() {
    let stack = TestStack::start().await;
    let deal = stack.deal(2).await;
    let (id, older, token) = resent(&stack, &deal, ANN).await;
    let declined = stack.answer("decline", &older).await.ok(200);
    assert_eq!(declined["organisation"]["id"], json!(deal.organisation));
    assert_eq!(stack.answer("decline", &token).await.ok(200), declined, "again, by the other link");
    let row = &deal.rows("status=declined").await[0];
    assert_fields(row, &json!({"status": "declined", "declinedAt": declined["declinedAt"], "askedAt": null}));
    assert_fields(&deal.get("/counts").await, &json!({"pending": 0, "declined": 1, "asked": 0}));
    assert_fields(
        &preview(&stack, &token).await,
        &json!({"status": "declined", "email": null, "declinedAt": declined["declinedAt"], "optedOut": false}),
    );
    // A "no" is no end: the newest link still accepts, and then it was a "yes".
    let ann = stack.person(ANN).await;
    stack.accept(&ann, &older).await.problem(410, "invite_superseded");
    stack.accept(&ann, &token).await.ok(200);
    let invite = deal.one(&id).await;
    assert_fields(&invite, &json!({"status": "accepted", "declinedAt": null, "optedOut": false}));
    assert!(events(&invite).contains(&"declined"), "{invite}");
    for link in [&older, &token] {
        stack.answer("decline", link).await.problem(409, "already_accepted");
    }
    assert_eq!((deal.seats().await, deal.rows("status=declined").await.len()), ([2, 1, 1], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_learner_asks_and_a_resend_settles_it() {
    let stack = TestStack::start().await;
    let deal = stack.deal(1).await;
    let (id, older, token) = resent(&stack, &deal, ANN).await;
    stack.answer("ask", &token).await.problem(409, "still_valid");
    let asked = stack.answer("ask", &older).await;
    assert_eq!(asked.ok(202)["askedFor"], "link");
    assert_eq!(stack.answer("ask", &older).await.ok(202), asked.json(), "again");
    let mails = stack.inbox().await.len();
    let superseded = stack.preview(&older).await;
    superseded.problem(410, "invite_superseded");
    assert_fields(
        &superseded.json(),
        &json!({"organisation": {"id": deal.organisation}, "askedAt": asked.json()["askedAt"], "optedOut": false}),
    );
    assert_fields(
        &deal.rows("status=asked").await[0],
        &json!({"id": id, "askedFor": "link", "status": "pending"}),
    );
    assert_eq!(deal.get("/counts").await["asked"], 1);
    assert_eq!(stack.inbox().await.len(), mails, "nothing is sent without a manager");
    let seen = deal.one(&id).await["sends"].as_u64().unwrap();
    let resent = deal.resend_rows(&[(&id, u32::try_from(seen).unwrap())]).await.ok(200);
    assert_eq!(outcomes(&resent), ["resent"]);
    assert_fields(&deal.one(&id).await, &json!({"askedAt": null, "askedFor": null}));

    // In a full deal, the newest link asks for a seat. One that a release frees can be taken.
    let token = stack.token_for(ANN).await;
    let bobs = deal.invite_one("bob@example.com").await;
    let (ann, bob) = (stack.person(ANN).await, stack.person("bob@example.com").await);
    stack.accept(&bob, &stack.token_for("bob@example.com").await).await.ok(200);
    assert_eq!(preview(&stack, &token).await["blocked"], "deal_full");
    assert_eq!(stack.answer("ask", &token).await.ok(202)["askedFor"], "seat");
    for _ in 0..2 {
        deal.release(&bobs).await.ok(204);
    }
    assert_eq!(bob.get("/api/me/seats").await.ok(200), json!({"seats": []}));
    stack.accept(&ann, &token).await.ok(200);
}

/// I10: after an opt-out no mail goes to the address from the organisation, by any path, until the person lifts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i10_an_opt_out_holds_for_every_deal_and_path_of_the_organisation() {
    let stack = TestStack::start().await;
    let deal = stack.deal(5).await;
    let other =
        stack.deal_with(5, &json!({"organisation": {"id": deal.organisation, "name": "The same"}})).await;
    let other = Deal { manager: deal.manager.clone(), ..other };
    let (id, older, token) = resent(&stack, &deal, ANN).await;
    let bob = deal.invite_one("bob@example.com").await;
    for _ in 0..2 {
        let out = stack.answer("opt-out", &older).await.ok(200);
        assert_fields(&out, &json!({"organisation": {"id": deal.organisation}, "optedOut": true}));
    }
    let mails = stack.inbox_for(ANN).await.len();
    for (deal, is_dry) in [(&deal, false), (&other, false), (&other, true)] {
        let rows = json!([{"email": "Ann@Example.com"}, {"email": "cem@example.com"}]);
        let answer = deal.try_invite(&json!({"invites": rows, "dryRun": is_dry})).await.ok(200);
        assert_eq!(outcomes(&answer)[0], "opted_out");
    }
    deal.resend(&id, Some("\"2\"")).await.problem(409, "opted_out");
    assert_eq!(outcomes(&deal.resend_rows(&[(&id, 2)]).await.ok(200)), ["opted_out"]);
    let correction = json!({"email": ANN});
    other.invite_one("dee@example.com").await;
    let rob = deal.correct(&bob, &json!({"email": "rob@example.com"}), None).await.ok(200);
    deal.correct(rob["id"].as_str().unwrap(), &correction, None).await.problem(409, "opted_out");
    assert_eq!(stack.inbox_for(ANN).await.len(), mails);
    let invite = deal.one(&id).await;
    assert!(invite["optedOutAt"].is_string(), "{invite}");
    let said = json!({"optedOutAt": invite["optedOutAt"], "status": "pending", "remindAt": null});
    assert_fields(&invite, &json!({"optedOut": true}));
    for row in [&invite, row_of(&deal.rows("").await, ANN)] {
        assert_fields(row, &said);
    }
    assert_eq!(events(&invite).iter().filter(|event| **event == "opted_out").count(), 1, "{invite}");
    assert_eq!(preview(&stack, &token).await["optedOut"], true);
    // Accepting still works and lifts nothing. Opting in does.
    stack.accept(&stack.person(ANN).await, &token).await.ok(200);
    assert_eq!(outcomes(&other.invite(&[ANN]).await), ["opted_out"]);
    assert_eq!(stack.answer("opt-in", &older).await.ok(200)["optedOut"], false);
    assert_fields(&deal.one(&id).await, &json!({"optedOut": false, "optedOutAt": null}));
    other.invite_one(ANN).await;
    // An ask that is refused lifts nothing either.
    let (_, older, token) = resent(&stack, &deal, "eve@example.com").await;
    stack.answer("opt-out", &older).await.ok(200);
    stack.answer("ask", &token).await.problem(409, "still_valid");
    assert_eq!(preview(&stack, &token).await["optedOut"], true);
}

/// One click (RFC 8058), as mail providers post it, however often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i10_one_click_stops_the_organisations_mail_until_the_person_opts_in() {
    let stack = TestStack::start().await;
    let (deal, other) = (stack.deal(9).await, stack.deal(9).await);
    let invite = deal.invite_one(ANN).await;
    let path = async || stack.inbox_for(ANN).await.pop().unwrap().unsubscribe_path().to_owned();
    let (first, token) = (path().await, stack.token_for(ANN).await);
    for _ in 0..2 {
        let answer = stack.unsubscribe(&first).await.ok(200);
        assert_fields(&answer, &json!({"organisation": {"id": deal.organisation}, "optedOut": true}));
    }
    assert_eq!(preview(&stack, &token).await["optedOut"], true);
    deal.resend(&invite, None).await.problem(409, "opted_out");
    // Another organisation learns nothing.
    other.invite_one(ANN).await;

    stack.answer("opt-in", &token).await.ok(200);
    deal.resend(&invite, None).await.ok(200);
    assert_eq!(path().await, first, "the id is the invite's, not the send's");
}

/// A queued mail to somebody who opted out after it was queued is not sent, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i10_a_queued_mail_is_not_sent_after_an_opt_out() {
    let stack = TestStack::with(&[("FUNCTION_TIMEOUT", "10s"), ("DELIVERY_LEASE", "11s")]).await;
    let deal = stack.deal(5).await;
    let id = deal.invite_one(ANN).await;
    let token = stack.token_for(ANN).await;
    stack.fault("down", 1).await;
    deal.resend(&id, None).await.ok(200);
    assert_eq!(deal.one(&id).await["delivery"]["state"], "queued");
    stack.answer("opt-out", &token).await.ok(200);
    eventually("the mail has failed", SOON, || async {
        stack.sweep().await;
        (deal.one(&id).await["delivery"]["state"] == "failed").then_some(())
    })
    .await;
    let invite = deal.one(&id).await;
    assert_fields(&invite["delivery"], &json!({"state": "failed", "reason": "opted_out"}));
    assert_eq!(stack.inbox_for(ANN).await.len(), 1);
}

/// Only a 202 lifts an opt-out, also when the manager cancels the invite before the ask is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i10_an_ask_that_lifts_an_opt_out_is_never_refused() {
    let proxy = Proxy::start().await;
    let stack = TestStack::behind(&proxy, settings_with(&[])).await;
    let deal = stack.deal(1).await;
    let (id, older, token) = resent(&stack, &deal, ANN).await;
    stack.answer("opt-out", &token).await.ok(200);
    let late = Fault::ArriveLate(Duration::from_secs(1));
    let write = proxy.disturb(Calls::of("PutItem").containing("askedAt"), 0, 1, late);
    let cancel = async {
        eventually("the ask writes", SOON, || async { (write.met() == 1).then_some(()) }).await;
        deal.cancel(&id).await
    };
    let (asked, cancelled) = tokio::join!(stack.answer("ask", &older), cancel);
    assert_eq!(cancelled.status, 204, "{}", cancelled.show());
    assert!(asked.ok(202)["askedAt"].is_string());
    assert_eq!(outcomes(&deal.invite(&[ANN]).await), ["invited"]);
}
