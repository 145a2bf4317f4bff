//! Every answer has exactly the fields that design §4 names, of the kinds that it shows.
#![expect(clippy::indexing_slicing, reason = "one pass over the whole contract")]

use serde_json::{Value, json};
use tests::{PARTNERSHIPS, World, assert_shape};

fn deal_head() -> Value {
    json!({"id": "text", "name": "text", "organisation": organisation(), "startsAt": "time", "endsAt": "time",
        "state": "text"})
}

fn deal() -> Value {
    let mut deal = deal_head();
    deal["seats"] = seats();
    deal
}

fn organisation() -> Value {
    json!({"id": "text", "name": "text"})
}

fn seats() -> Value {
    json!({"total": "number", "allocated": "number", "available": "number"})
}

fn invite() -> Value {
    json!({"id": "text", "email": "text", "name": "text?", "status": "text", "queuedAt": "time", "sentAt": "time?",
        "expiresAt": "time?", "acceptedAt": "time?", "acceptedWith": "text?", "invitedBy": "text", "sends": "number",
        "delivery": {"state": "text", "at": "time?", "reason": "text?"}})
}

fn page() -> Value {
    json!({"deal": deal_head(), "seats": seats(), "invites": [invite()], "nextCursor": "text?"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_have_the_fields_of_the_contract_and_no_others() {
    let world = World::start().await;
    let of = world.deal(2).await;
    let partnerships = world.person(PARTNERSHIPS).await;

    // Invite: a row per outcome that comes easily.
    let rows = json!([{"email": "ann@example.com", "name": "Ann"}, {"email": "bob@example.com"},
        {"email": "carl@example.com"}, {"email": "ann@example.com"}, {"email": "nobody"}]);
    let result = json!({"email": "text", "outcome": "text", "inviteId?": "text", "detail?": "text", "retryAt?": "time"});
    let summary = json!({"invited": "number", "skipped": "number", "rejected": "number", "failed": "number"});
    let results = json!({"results": [result], "summary": summary});
    for dry in [json!(true), json!(false)] {
        let answer = of.try_invite(&json!({"invites": rows, "dryRun": dry})).await.ok(200);
        assert_shape("invite", &answer, &results);
    }
    let answer = of.try_invite(&json!({"invites": rows})).await.ok(200);
    assert_shape("invite again", &answer, &results);

    // Preview, accept, own seats.
    let token = world.token_for("ann@example.com").await;
    let preview = json!({"organisation": organisation(), "deal": deal_head(), "email": "text?", "status": "text",
        "expiresAt": "time?", "blocked": "text?"});
    assert_shape("preview", &world.preview(&token).await.ok(200), &preview);
    let learner = world.person("ann@example.com").await;
    let accepted = json!({"dealId": "text", "organisation": organisation(), "acceptedAt": "time"});
    assert_shape("accept", &world.accept(&learner, &token).await.ok(200), &accepted);
    assert_shape("preview once accepted", &world.preview(&token).await.ok(200), &preview);
    let mut seat = accepted;
    seat["endsAt"] = json!("time");
    assert_shape("me/seats", &learner.get("/api/me/seats").await.ok(200), &json!({"seats": [seat]}));

    // What the manager reads.
    assert_shape("deals", &of.manager.get("/api/deals").await.ok(200), &json!({"deals": [deal()]}));
    let all = partnerships.get(&format!("/api/deals?organisation={}", of.organisation)).await.ok(200);
    assert_shape("deals of an organisation", &all, &json!({"deals": [deal()]}));
    assert_shape("deal", &of.get("").await, &deal());
    of.manager.get(&of.path("")).await.etag();
    for query in ["", "?limit=1", "?status=pending", "?status=accepted"] {
        assert_shape("page", &of.get(&format!("/seats{query}")).await, &page());
    }
    let mut empty = page();
    empty["invites"] = json!([]);
    assert_shape("empty page", &of.get("/seats?status=expired").await, &empty);
    let found = of.manager.post(&of.path("/seats/search"), &json!({"email": "b"})).await.ok(200);
    assert_shape("search", &found, &page());
    let counts =
        json!({"pending": "number", "accepted": "number", "expired": "number", "exactUpTo": "number"});
    assert_shape("counts", &of.get("/counts").await, &counts);
    assert_eq!(of.get("/counts").await["exactUpTo"], 1000);

    // One invite, in each of its states.
    let rows = of.rows("").await;
    let id = |email: &str| tests::row_of(&rows, email)["id"].as_str().unwrap().to_owned();
    let [ann, bob, carl] = ["ann@example.com", "bob@example.com", "carl@example.com"].map(id);
    assert_shape("accepted", &of.one(&ann).await, &invite());
    assert_shape("resent", &of.resend(&bob, None).await.ok(200), &invite());
    of.cancel(&bob).await.ok(204);
    assert_shape("cancelled", &of.one(&bob).await, &invite());
    of.release(&ann).await.ok(204);
    assert_shape("released", &of.one(&ann).await, &invite());

    let many = of
        .resend_many(&json!({"invites": [{"id": carl, "sends": 1}, {"id": bob, "sends": 2}]}))
        .await
        .ok(200);
    let resent = json!({"results": [{"inviteId": "text", "outcome": "text"}], "remaining": "number",
        "summary": {"resent": "number", "skipped": "number", "failed": "number"}});
    assert_shape("bulk resend", &many, &resent);

    let made = partnerships.post("/api/deals", &world.deal_body("initech", 1)).await;
    if made.status == 201 {
        assert_shape("created", &made.ok(201), &deal());
    } else {
        made.problem(400, "invalid_request"); // an Idempotency-Key may be asked for
    }
    let changed = partnerships.patch(&of.path(""), &json!({"name": "More"})).await.ok(200);
    assert_shape("changed", &changed, &deal());

    // Refusals.
    let problem =
        json!({"type": "text", "title": "text", "status": "number", "detail": "text", "code": "text"});
    assert_shape("problem", &world.preview("x").await.problem(404, "unknown_invite"), &problem);
    let mut with_fields = problem.clone();
    with_fields["errors"] = json!([{"field": "text", "detail": "text"}]);
    let bad = of.manager.get(&of.path("/seats?limit=0")).await.problem(400, "invalid_request");
    assert_shape("problem with fields", &bad, &with_fields);

    // Mail, for scripts.
    let mail = json!({"id": "text", "at": "time", "from": "text", "to": "text", "subject": "text", "text": "text",
        "html": "text", "headers": {}, "tags": {}});
    for found in world.inbox().await {
        let mut found = found.0;
        assert!(found["headers"].is_object() && found["tags"].is_object(), "{found}");
        (found["headers"], found["tags"]) = (json!({}), json!({}));
        assert_shape("mail", &found, &mail);
    }
    world.stop().await;
}
