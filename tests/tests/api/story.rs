//! The product's flows over HTTP: invite, accept, expire, resend, cancel, release, and deals.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use seatkeeper_local::Settings;
use serde_json::{Value, json};
use tests::{
    PARTNERSHIPS, TestStack, assert_fields, emails, ids, lasting_port, now, outcomes, past, rfc3339, row_of,
    settings_with, time,
};

const FOUR_WEEKS: TimeDelta = TimeDelta::seconds(28 * 86_400);

/// Invite, mail, preview, accept. I1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_learner_takes_the_seat_they_were_invited_to() {
    let stack = TestStack::start().await;
    let deal = stack.deal(2).await;
    let before = now();

    let answer = deal
        .try_invite(&json!({"invites": [{"email": "Ann.Lee@Example.com", "name": "Ann"}, {"email": "bob@example.com"}]}))
        .await
        .ok(200);
    let ann = answer["results"][0]["inviteId"].as_str().unwrap();
    assert_eq!(answer["summary"], json!({"invited": 2, "skipped": 0, "rejected": 0, "failed": 0}));
    assert_eq!(deal.seats().await, [2, 0, 2], "a pending invite takes no seat");
    assert_eq!(deal.counts().await, [2, 0, 0]);

    // The row, and its times.
    let row = deal.one(ann).await;
    assert_fields(
        &row,
        &json!({"email": "Ann.Lee@Example.com", "name": "Ann", "status": "pending", "sends": 1, "invitedBy": deal.manager.email}),
    );
    assert_eq!(row["delivery"]["state"], "sent", "{row}");
    let [queued, sent, expires] = ["queuedAt", "sentAt", "expiresAt"].map(|name| time(&row[name]));
    assert_eq!(expires - sent, FOUR_WEEKS, "{row}");
    assert!(before - TimeDelta::seconds(1) <= queued && queued <= sent && sent <= now(), "{row}");
    let rows = deal.rows("status=pending").await;
    let listed = row_of(&rows, "ann.lee@example.com");
    assert_fields(&row, listed);

    // The mail.
    let mails = stack.inbox_for("Ann.Lee@Example.com").await;
    let [mail] = &mails[..] else { panic!("one mail, not {mails:?}") };
    assert_eq!(mail.field("to"), "Ann.Lee@Example.com", "the address as typed");
    assert!(mail.field("from").contains("please.do.not.reply@futurelearn.com"), "{}", mail.field("from"));
    assert_eq!(mail.link(), format!("{}/accept#{}", stack.local.url, mail.token()));
    assert!(mail.field("html").contains(mail.link()) && mail.field("text").contains(&deal.manager.email));

    // The link shows a preview, with the address masked.
    let token = mail.token();
    let preview = stack.preview(&token).await.ok(200);
    let expected = json!({"email": "A•••@Example.com", "status": "pending", "blocked": null,
        "expiresAt": row["expiresAt"], "organisation": {"id": deal.organisation}});
    assert_fields(&preview, &expected);

    // The learner accepts with another account, twice.
    let learner = stack.person("ann.at.home@example.org").await;
    assert_eq!(learner.get("/api/me/seats").await.ok(200), json!({"seats": []}));
    let accepted = stack.accept(&learner, &token).await.ok(200);
    assert_eq!(accepted["dealId"], json!(deal.id));
    let first = time(&accepted["acceptedAt"]);
    past(first + TimeDelta::milliseconds(2_100)).await;
    assert_eq!(stack.accept(&learner, &token).await.ok(200), accepted, "the first date stays");

    let seats = learner.get("/api/me/seats").await.ok(200);
    let held = json!({"dealId": deal.id, "organisation": accepted["organisation"], "acceptedAt": accepted["acceptedAt"],
        "endsAt": deal.get("").await["endsAt"]});
    assert_eq!(seats, json!({"seats": [held]}));
    assert_eq!((deal.seats().await, deal.counts().await), ([2, 1, 1], [1, 1, 0]));
    let row = deal.one(ann).await;
    assert_fields(
        &row,
        &json!({"status": "accepted", "acceptedAt": accepted["acceptedAt"], "acceptedWith": "other_address", "email": "Ann.Lee@Example.com"}),
    );
    let page = deal.manager.get(&deal.path("/seats")).await;
    assert!(!page.text.contains("ann.at.home"), "a manager must not see the other address: {}", page.show());
    assert_eq!(emails(&deal.rows("status=accepted").await), ["Ann.Lee@Example.com"]);
    assert_eq!(emails(&deal.rows("status=pending").await), ["bob@example.com"]);
    let preview = stack.preview(&token).await.ok(200);
    assert_fields(&preview, &json!({"status": "accepted", "email": null}));

    // Another learner with the same link, and the same learner with another link.
    let other = stack.person("carl@example.com").await;
    stack.accept(&other, &token).await.problem(409, "already_accepted");
    let bobs = stack.token_for("bob@example.com").await;
    stack.accept(&learner, &bobs).await.problem(409, "already_seated");
    assert_eq!((deal.seats().await, deal.counts().await), ([2, 1, 1], [1, 1, 0]), "I1");
    let bob = stack.person("bob@example.com").await;
    stack.accept(&bob, &bobs).await.ok(200);
    assert_eq!(row_of(&deal.rows("").await, "bob@example.com")["acceptedWith"], "invited_address");
}

/// I2: every status is right before any sweep, and sweeps change none of them. I7.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_expires_by_itself_and_is_resent() {
    let stack = TestStack::with(&[("INVITE_LIFETIME", "10s")]).await;
    let deal = stack.deal(5).await;
    let all =
        ["ann@example.com", "bob@example.com", "carl@example.com", "chloe@example.com", "cy@example.com"];
    deal.invite(&all).await;
    let bob = stack.person(all[1]).await;
    stack.accept(&bob, &stack.token_for(all[1]).await).await.ok(200);
    assert_eq!(deal.counts().await, [4, 1, 0]);
    let pending = deal.rows("status=pending").await;
    for row in &pending {
        assert_eq!(time(&row["expiresAt"]) - time(&row["sentAt"]), TimeDelta::seconds(10), "{row}");
    }
    let end = pending.iter().map(|row| time(&row["expiresAt"])).max().unwrap();

    past(end).await;
    let anns = stack.token_for(all[0]).await;
    let ann = stack.person(all[0]).await;
    let mut seen = Vec::new();
    for round in ["no sweep has run", "a sweep has run", "two sweeps have run"] {
        stack.accept(&ann, &anns).await.problem(410, "invite_expired");
        let preview = stack.preview(&anns).await.ok(200);
        assert_fields(&preview, &json!({"status": "expired", "email": null}));
        assert_eq!(deal.counts().await, [0, 1, 4], "{round}");
        assert_eq!(emails(&deal.rows("status=pending").await), [""; 0], "{round}");
        assert_eq!(deal.rows("status=expired").await.len(), 4, "{round}");
        assert_eq!(emails(&deal.search("c", Some("expired")).await), all[2..], "{round}");
        assert!(deal.search("c", Some("pending")).await.is_empty(), "{round}");
        seen.push((round, deal.snapshot().await));
        stack.sweep().await;
    }
    for pair in seen.windows(2) {
        assert_eq!(pair[0].1, pair[1].1, "{} ≠ {}", pair[0].0, pair[1].0);
    }

    // A resend brings a new mail, a new link and the whole lifetime.
    let id = row_of(&deal.rows("").await, all[0])["id"].as_str().unwrap().to_owned();
    let row = deal.resend(&id, None).await.ok(200);
    assert_fields(&row, &json!({"status": "pending", "sends": 2, "delivery": {"state": "sent"}}));
    assert_eq!(time(&row["expiresAt"]) - time(&row["sentAt"]), TimeDelta::seconds(10), "{row}");
    assert_eq!(stack.inbox_for(all[0]).await.len(), 2);
    stack.accept(&ann, &anns).await.problem(410, "invite_superseded");
    assert_ne!(stack.preview(&anns).await.status, 404, "an old link is still known");
    let newer = stack.token_for(all[0]).await;
    assert_ne!(newer, anns);
    stack.accept(&ann, &newer).await.ok(200);

    // Inviting an expired address again is the same as a resend. All that are still expired are resent at once.
    deal.invite_one(all[2]).await;
    let expired = emails(&deal.rows("status=expired").await);
    for resent in [2, 0] {
        let answer = deal.resend_many(&json!({"status": "expired"})).await.ok(200);
        assert_eq!(outcomes(&answer), vec!["resent"; resent]);
        let summary = json!({"resent": resent, "skipped": 0, "failed": 0});
        assert_fields(&answer, &json!({"summary": summary, "remaining": 0}));
    }
    assert_eq!(emails(&deal.rows("status=pending&limit=2").await)[..2], expired, "the order stays");
    assert_eq!((deal.seats().await, stack.inbox().await.len()), ([5, 2, 3], 9));
    // I7: the old expiry does not end the new send.
    stack.sweep().await;
    assert_eq!(deal.counts().await, [3, 2, 0], "a resend beats a sweep");
}

/// With `If-Match` a resend or removal needs the current number of sends. Without, a double click sends once. The forms
/// of tags are in `shared/src/http/request.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_tag_is_refused_and_a_double_click_sends_once() {
    let stack = TestStack::start().await;
    let deal = stack.deal(5).await;
    let id = deal.invite_one("ann@example.com").await;
    let etag = deal.manager.get(&deal.invite_path(&id)).await.etag();
    assert_eq!(etag, "\"1\"", "the tag is the number of sends");
    let resent = deal.resend(&id, Some(&etag)).await;
    assert_eq!((resent.ok(200)["sends"].clone(), resent.etag()), (json!(2), "\"2\"".to_owned()));
    deal.resend(&id, Some(&etag)).await.problem(412, "stale");
    let row = deal.resend(&id, None).await.ok(200);
    assert_fields(&row, &json!({"sends": 2, "id": id}));
    assert_eq!(stack.inbox().await.len(), 2, "each send is one mail");
    let newest = stack.token_for("ann@example.com").await;
    stack.accept(&stack.person("ann@example.com").await, &newest).await.ok(200);
    for (tags, status) in [("\"1\"", 412), ("\"98\", \"2\"", 204)] {
        let answer = deal.manager.call("DELETE", &deal.seat_path(&id), &[("if-match", tags)], None).await;
        assert_eq!(answer.status, status, "{}", answer.show());
    }
    assert_eq!(deal.seats().await, [5, 0, 5]);
}

/// Partnership managers create, read and change deals of any organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_is_created_once_and_changed() {
    let stack = TestStack::start().await;
    let partnerships = stack.person(PARTNERSHIPS).await;
    let body = stack.deal_body("initech", 3);
    let post = async |key: &str, body: &Value| {
        partnerships.call("POST", "/api/deals", &[("idempotency-key", key)], Some(body)).await
    };
    let made = post("one", &body).await.ok(201);
    let expected = json!({"id": made["id"], "name": "Unlimited", "organisation": body["organisation"], "state": "active",
        "startsAt": body["startsAt"], "endsAt": body["endsAt"], "seats": {"total": 3, "allocated": 0, "available": 3},
        "reminders": ["7d", "21d"]});
    assert_eq!(made, expected);
    assert_eq!(post("one", &body).await.ok(201), made, "the same key and body give the same deal");
    let mut another = body.clone();
    another["seats"] = json!(4);
    post("one", &another).await.problem(422, "idempotency_key_reused");
    for key in ["", "a\tb", &"k".repeat(256)] {
        post(key, &another).await.problem(400, "invalid_request");
    }
    let second = post("two", &body).await.ok(201);
    assert_ne!(second["id"], made["id"]);

    let list = async |client: &tests::Client, query: &str| {
        let deals = client.get(&format!("/api/deals{query}")).await.ok(200)["deals"].clone();
        let mut ids: Vec<_> = deals.as_array().unwrap().iter().map(|deal| deal["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let mut both = [made["id"].to_string(), second["id"].to_string()];
    both.sort();
    let manager = stack.manager("initech").await;
    assert_eq!(list(&manager, "").await, both);
    assert_eq!(list(&partnerships, "?organisation=initech").await, both);
    assert_eq!(list(&partnerships, "?organisation=unknown").await.len(), 0);

    // Changes need the current tag.
    let path = format!("/api/deals/{}", made["id"].as_str().unwrap());
    let read = manager.get(&path).await;
    assert_eq!(read.ok(200), made);
    let etag = read.etag();
    assert_eq!(partnerships.get(&path).await.etag(), etag);
    let change = json!({"name": "Unlimited Plus", "seats": 2});
    let changed = partnerships.call("PATCH", &path, &[("if-match", &etag)], Some(&change)).await.ok(200);
    assert_fields(&changed, &json!({"name": "Unlimited Plus", "seats": {"total": 2}}));
    assert_ne!(partnerships.get(&path).await.etag(), etag);
    partnerships.call("PATCH", &path, &[("if-match", &etag)], Some(&change)).await.problem(412, "stale");
    let correction = json!({"organisation": {"name": "Initech Ltd"}});
    let corrected = partnerships.patch(&path, &correction).await.ok(200);
    assert_eq!(corrected["organisation"], json!({"id": "initech", "name": "Initech Ltd"}));
    assert_eq!((&corrected["name"], &corrected["seats"]), (&changed["name"], &changed["seats"]));
    let other = partnerships.get(&format!("/api/deals/{}", second["id"].as_str().unwrap())).await.ok(200);
    assert_eq!(other["organisation"], body["organisation"], "another deal keeps the name");
}

/// Partnership managers delete a deal while nobody was invited to it, and find organisations by a part of their name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistaken_deal_is_deleted_and_organisations_are_found() {
    let stack = TestStack::start().await;
    let partnerships = stack.person(PARTNERSHIPS).await;
    let key = [("idempotency-key", "one")];
    let body = stack.deal_body("initech", 3);
    let create = async || partnerships.call("POST", "/api/deals", &key, Some(&body)).await;
    let made = create().await.ok(201);
    let path = format!("/api/deals/{}", made["id"].as_str().unwrap());
    let delete = async |tag| partnerships.call("DELETE", &path, &[("if-match", tag)], None).await;
    let headers = [("content-type", "text/plain")];
    let of_text = partnerships.raw("DELETE", &path, &headers, b"x".to_vec()).await;
    of_text.problem(415, "unsupported_media_type");
    delete("\"7\"").await.problem(412, "stale");
    for tag in ["\"1\"", "\"1\"", "*"] {
        delete(tag).await.ok(204);
    }
    partnerships.get(&path).await.problem(404, "not_found");
    create().await.problem(422, "idempotency_key_reused");

    // A cancelled invite was one.
    let deal = stack.deal(2).await;
    let invite = deal.invite_one("ann@example.com").await;
    deal.cancel(&invite).await.ok(204);
    deal.manager.delete(&deal.path("")).await.refused(403, "Forbidden");
    partnerships.delete(&deal.path("")).await.problem(409, "deal_in_use");
    assert_eq!(deal.one(&invite).await["status"], "cancelled");

    let all: Vec<_> = (0..51).map(|number| format!("of-{number:02}")).collect();
    join_all(all.iter().map(async |id| partnerships.post("/api/deals", &stack.deal_body(id, 1)).await)).await;
    let find = async |query: &str| partnerships.get(&format!("/api/organisations?{query}")).await.ok(200);
    let one = json!({"id": "of-50", "name": "The of-50"});
    assert_eq!(find("name=THE%20OF-5").await, json!({"organisations": [one], "nextCursor": null}));
    let first = find("name=of-").await;
    let second = find(&format!("name=of-&cursor={}", first["nextCursor"].as_str().unwrap())).await;
    assert_eq!(second["nextCursor"], Value::Null);
    let pages = [first, second].map(|page| ids(page["organisations"].as_array().unwrap()));
    assert_eq!(pages.concat(), all);
    deal.manager.get("/api/organisations").await.refused(403, "Forbidden");
}

/// I2: an invite expires with its deal at the latest. Moving the deal's end changes no invite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_an_invite_expires_with_its_deal_at_the_latest() {
    let stack = TestStack::start().await;
    let partnerships = stack.person(PARTNERSHIPS).await;
    let ends = now() + TimeDelta::days(7);
    let deal = stack.deal_with(5, &json!({"endsAt": rfc3339(ends)})).await;
    let id = deal.invite_one("ann@example.com").await;
    let patch = async |changes: Value| partnerships.patch(&deal.path(""), &changes).await.ok(200);
    let (ann, anns) = (stack.person("ann@example.com").await, stack.token_for("ann@example.com").await);
    let carl = json!({"invites": [{"email": "carl@example.com"}]});
    let row = deal.one(&id).await;
    assert_eq!(row["expiresAt"], json!(rfc3339(ends)), "the deal's end");
    assert_eq!(stack.preview(&anns).await.ok(200)["expiresAt"], row["expiresAt"]);

    // With a later end, an invite expires four weeks after its mail.
    let later = json!({"endsAt": rfc3339(now() + TimeDelta::days(300))});
    patch(later.clone()).await;
    let row = deal.one(&id).await;
    assert_eq!(time(&row["expiresAt"]) - time(&row["sentAt"]), FOUR_WEEKS, "{row}");

    // The deal ends, and a sweep does not mark the invite.
    let soon = rfc3339(now() + TimeDelta::seconds(2));
    assert_eq!(patch(json!({"endsAt": soon})).await["endsAt"], json!(soon));
    past(time(&json!(soon))).await;
    stack.sweep().await;
    assert_eq!(deal.get("").await["state"], "ended");
    stack.accept(&ann, &anns).await.problem(409, "deal_ended");
    let preview = stack.preview(&anns).await.ok(200);
    assert_fields(&preview, &json!({"status": "expired", "blocked": "deal_ended"}));
    assert_eq!(deal.counts().await, [0, 0, 1]);
    assert_eq!(emails(&deal.rows("status=expired").await), ["ann@example.com"]);
    deal.try_invite(&carl).await.problem(409, "deal_ended");
    deal.resend(&id, Some("\"1\"")).await.problem(409, "deal_ended");
    deal.resend(&"A".repeat(22), None).await.problem(404, "not_found");
    // Another address would be invited; a name is only changed.
    let correct = async |change: Value| deal.correct(&id, &change, None).await;
    correct(json!({"email": "carl@example.com"})).await.problem(409, "deal_ended");
    correct(json!({"name": "Ann"})).await.ok(200);

    // The deal is extended, and an invite within its four weeks is pending again.
    patch(later).await;
    assert_eq!((deal.get("").await["state"].clone(), deal.counts().await), (json!("active"), [1, 0, 0]));
    assert_eq!(deal.one(&id).await["expiresAt"], row["expiresAt"], "the expiry stays");

    // The deal has not started: nobody is invited, and nobody accepts.
    patch(json!({"startsAt": rfc3339(now() + TimeDelta::days(1))})).await;
    assert_eq!(deal.get("").await["state"], "upcoming");
    stack.accept(&ann, &anns).await.problem(409, "deal_not_started");
    assert_eq!(stack.preview(&anns).await.ok(200)["blocked"], "deal_not_started");
    deal.try_invite(&carl).await.problem(409, "deal_not_started");
    assert_eq!(stack.inbox().await.len(), 1);
    patch(json!({"startsAt": rfc3339(now() - TimeDelta::hours(1))})).await;
    stack.accept(&ann, &anns).await.ok(200);
    assert_eq!(deal.seats().await, [5, 1, 4]);
}

/// The schedules run without a request. Each start creates the deals that are missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schedules_mark_what_has_expired() {
    let (folder, port, sweep_every) =
        (Settings::ephemeral().logs, lasting_port(), Some(Duration::from_millis(500)));
    let settings = || Settings {
        port,
        data: Some(folder.clone()),
        sweep_every,
        seed: true,
        ..settings_with(&[("INVITE_LIFETIME", "2s")])
    };
    let stack = TestStack::of(settings()).await;
    let made = stack.manager("globex").await.get("/api/deals").await.ok(200);
    let path = format!("/api/deals/{}", made["deals"][0]["id"].as_str().unwrap());
    stack.person(PARTNERSHIPS).await.delete(&path).await.ok(204);
    stack.stop().await;

    let stack = TestStack::of(settings()).await;
    for (organisation, name, seats) in [("acme", "Unlimited", 100), ("globex", "Unlimited Starter", 3)] {
        let deals = stack.manager(organisation).await.get("/api/deals").await.ok(200);
        assert_eq!(deals["deals"].as_array().map(Vec::len), Some(1), "{deals}");
        let expected = json!({"name": name, "seats": {"total": seats}, "state": "active"});
        assert_fields(&deals["deals"][0], &expected);
    }
    let deal = stack.deal(2).await;
    deal.invite(&["ann@example.com"]).await;
    let row = deal.rows("").await[0].clone();
    past(time(&row["expiresAt"]) + TimeDelta::seconds(2)).await;
    let now = deal.rows("").await[0].clone();
    assert_fields(&now, &json!({"status": "expired", "expiresAt": row["expiresAt"], "sends": 1}));
    assert_eq!(stack.inbox().await.len(), 1);
    stack.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
