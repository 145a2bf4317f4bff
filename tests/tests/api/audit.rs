//! The audit log, and what stops a dismissed manager. Locally, records are lines of the functions' own logs.

use std::collections::BTreeSet;
use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue::{Bool, N, S};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seatkeeper_local::Settings;
use seatkeeper_local::routes::{ROUTES, Route};
use serde_json::{Value, json};
use shared::domain::PersonId;
use tests::leaks::Secrets;
use tests::{Client, Deal, PARTNERSHIPS, TABLE, TestStack, settings_with};

/// The hash by which the table and the audit log know a person.
fn hash_of(person: &Client) -> String {
    let payload = person.token.as_ref().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let claim = |name: &str| claims[name].as_str().unwrap().to_owned();
    PersonId::new(&claim("iss"), &claim("sub")).to_string()
}

fn records_in(logs: &Path) -> Vec<Value> {
    let mut records = Vec::new();
    for file in std::fs::read_dir(logs).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let audited = lines.filter(|line| line["message"] == "audit");
        records.extend(audited.map(|line| line["record"].as_str().unwrap().parse::<Value>().unwrap()));
    }
    records
}

/// Switches a digest on, off by its mail, and off by the API.
async fn switch_a_digest(stack: &TestStack, deal: &Deal, link: &str) {
    let switch = async |on: bool| deal.manager.put("/api/me/digest", &json!({ "on": on })).await.ok(200);
    switch(true).await;
    stack.answer("ask", link).await.ok(202);
    stack.nobody().post("/schedules/send-digests", &json!({})).await;
    stack.unsubscribe(stack.inbox_for(&deal.manager.email).await[0].unsubscribe_path()).await.ok(200);
    switch(false).await;
}

/// None of these requests changes anything. Of the deals, one is deleted already.
async fn ask_in_vain(stack: &TestStack, deal: &Deal, unused: &Deal, second: &str) {
    let (partner, bob) = (stack.person(PARTNERSHIPS).await, stack.person("bob@example.com").await);
    partner.delete(&unused.path("")).await.ok(204);
    partner.delete(&deal.path("")).await.problem(409, "deal_in_use");
    deal.try_invite(&json!({"invites": [{"email": "eve@example.com"}], "dryRun": true})).await.ok(200);
    deal.resend_rows(&[(second, 9)]).await.ok(200);
    deal.cancel(second).await.ok(204);
    stack.answer("decline", &stack.token_for("rob@example.com").await).await.problem(410, "invite_cancelled");
    stack.answer("ask", &stack.token_for("dee@example.com").await).await.problem(409, "still_valid");
    stack.accept(&bob, &stack.token_for("rob@example.com").await).await.problem(410, "invite_cancelled");
    partner.patch(&deal.path(""), &json!({"seats": 0})).await.problem(400, "invalid_request");
}

/// I8: who changed what, and nothing else of a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_every_change_is_recorded_and_names_nobody() {
    let settings = Settings { keep_logs: true, ..settings_with(&[]) };
    let logs = settings.logs.clone();
    let stack = TestStack::of(settings).await;
    let deal = stack.deal(3).await;
    let partner = stack.person(PARTNERSHIPS).await;
    let ann = stack.person("ann@example.com").await;

    let unused = stack.deal(1).await;
    partner.delete(&unused.path("")).await.ok(204);
    partner.patch(&deal.path(""), &json!({"seats": 4})).await.ok(200);
    let invited = deal.invite(&["ann@example.com", "bob@example.com"]).await;
    let [first, second] = [0, 1].map(|row| invited["results"][row]["inviteId"].as_str().unwrap().to_owned());
    deal.resend(&first, Some("\"1\"")).await.ok(200);
    deal.resend_rows(&[(&second, 1)]).await.ok(200);
    stack.accept(&ann, &stack.token_for("ann@example.com").await).await.ok(200);
    deal.release(&first).await.ok(204);
    deal.correct(&second, &json!({"name": "Bob"}), None).await.ok(200);
    let corrected = deal.correct(&second, &json!({"email": "rob@example.com"}), None).await.ok(200);
    let third = corrected["id"].as_str().unwrap().to_owned();
    deal.cancel(&third).await.ok(204);
    let fifth = deal.invite_one("fay@example.com").await;
    let rows = json!({"invites": [{"id": fifth, "sends": 1}, {"id": first, "sends": 9}]});
    deal.manager.post(&deal.path("/invites/cancel"), &rows).await.ok(200);
    deal.remind(&["1d"]).await;
    let fourth = deal.invite_one("dee@example.com").await;
    let link = stack.token_for("dee@example.com").await;
    stack.unsubscribe(stack.inbox_for("dee@example.com").await[0].unsubscribe_path()).await.ok(200);
    for answer in ["decline", "opt-out", "opt-in"] {
        stack.answer(answer, &link).await.ok(200);
    }
    deal.resend(&fourth, None).await.ok(200);
    switch_a_digest(&stack, &deal, &link).await;
    ask_in_vain(&stack, &deal, &unused, &second).await;

    let secrets = Secrets::of(&stack).await;
    let [partner, manager, ann] = [&partner, &deal.manager, &ann].map(hash_of);
    stack.stop().await;
    let mut records = records_in(&logs);
    secrets.assert_none_in_logs(&logs);
    std::fs::remove_dir_all(logs).unwrap();

    let route = |end: &str| {
        let mut found = ROUTES.iter().map(Route::key).filter(|key| key.ends_with(end));
        found.next().unwrap_or_else(|| panic!("a route that ends with {end}"))
    };
    let [first, second, third, fourth, fifth] = [&first, &second, &third, &fourth, &fifth].map(Some);
    let mut expected: Vec<Value> = [
        ("POST /api/deals", Some(&partner), &deal, None),
        ("POST /api/deals", Some(&partner), &unused, None),
        ("DELETE /api/deals/{dealId}", Some(&partner), &unused, None),
        ("PATCH /api/deals/{dealId}", Some(&partner), &deal, None),
        ("POST /api/deals/{dealId}/invites", Some(&manager), &deal, first),
        ("POST /api/deals/{dealId}/invites", Some(&manager), &deal, second),
        ("{inviteId}/resend", Some(&manager), &deal, first),
        ("{dealId}/invites/resend", Some(&manager), &deal, second),
        ("POST /api/invites/accept", Some(&ann), &deal, first),
        ("POST /api/deals/{dealId}/invites", Some(&manager), &deal, fourth),
        ("{inviteId}/resend", Some(&manager), &deal, fourth),
        ("POST /api/invites/unsubscribe/{id}", None, &deal, fourth),
        ("POST /api/invites/decline", None, &deal, fourth),
        ("POST /api/invites/ask", None, &deal, fourth),
        ("POST /api/invites/opt-out", None, &deal, fourth),
        ("POST /api/invites/opt-in", None, &deal, fourth),
        ("DELETE /api/deals/{dealId}/seats/{inviteId}", Some(&manager), &deal, first),
        ("PATCH /api/deals/{dealId}/invites/{inviteId}", Some(&manager), &deal, second),
        ("PATCH /api/deals/{dealId}/invites/{inviteId}", Some(&manager), &deal, second),
        ("PATCH /api/deals/{dealId}/invites/{inviteId}", Some(&manager), &deal, third),
        ("DELETE /api/deals/{dealId}/invites/{inviteId}", Some(&manager), &deal, third),
        ("POST /api/deals/{dealId}/invites", Some(&manager), &deal, fifth),
        ("POST /api/deals/{dealId}/invites/cancel", Some(&manager), &deal, fifth),
        ("PUT /api/deals/{dealId}/reminders", Some(&manager), &deal, None),
        ("PUT /api/me/digest", Some(&manager), &deal, None),
        ("PUT /api/me/digest", Some(&manager), &deal, None),
        ("POST /api/digests/unsubscribe/{id}", None, &deal, None),
    ]
    .map(|(action, actor, deal, invite)| {
        let id = Some(&deal.id).filter(|_| !action.contains("digest"));
        json!({"action": route(action), "actor": actor, "organisation": deal.organisation, "deal": id,
            "invite": invite, "outcome": "done"})
    })
    .into();
    let requests: BTreeSet<_> = records.iter().map(|record| record["request"].to_string()).collect();
    assert_eq!(requests.len(), expected.len() - 2, "two requests changed two invites each: {records:?}");
    for record in &mut records {
        record.as_object_mut().unwrap().remove("request");
    }
    for list in [&mut records, &mut expected] {
        list.sort_by_key(ToString::to_string);
    }
    assert_eq!(records, expected);

    // A new route that changes something belongs into this test.
    let reads = ["POST /api/invites/preview", "POST /api/deals/{dealId}/seats/search"];
    let changes = ROUTES.iter().filter(|route| route.method != "GET").map(Route::key);
    let changes: BTreeSet<_> = changes.filter(|key| !reads.contains(&key.as_str())).collect();
    let recorded = records.iter().map(|record| record["action"].as_str().unwrap().to_owned());
    assert_eq!(recorded.collect::<BTreeSet<_>>(), changes);
}

/// `make dismiss` marks the item that counts a manager's sends (`infra/people.py`), and `make manager` lifts the mark. A token
/// that is still good switches no digest on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_a_dismissed_manager_sends_nothing_more() {
    let stack = TestStack::with(&[("LIMIT_MANAGER_PER_HOUR", "100")]).await;
    for has_sent in [true, false] {
        let (deal, other) = (stack.deal(3).await, stack.deal(3).await);
        if has_sent {
            deal.invite(&["ann@example.com"]).await;
        }
        let update = || {
            let pk = S(format!("M#{}", hash_of(&deal.manager)));
            stack.local.dynamodb().update_item().table_name(TABLE).key("pk", pk).key("sk", S("SENDS".into()))
        };
        let block = "SET blocked = :yes, purgeAt = :at, \
            windowEnds = if_not_exists(windowEnds, :none), used = if_not_exists(used, :none)";
        let blocked = update().update_expression(block).expression_attribute_values(":yes", Bool(true));
        let blocked = blocked.expression_attribute_values(":at", N("4000000000".into()));
        blocked.expression_attribute_values(":none", N("0".into())).send().await.unwrap();
        let mails = stack.inbox().await.len();
        for is_dry in [false, true] {
            let body = json!({"invites": [{"email": "bob@example.com"}], "dryRun": is_dry});
            deal.try_invite(&body).await.problem(403, "forbidden");
        }
        if has_sent {
            let row = &deal.rows("").await[0];
            deal.resend(row["id"].as_str().unwrap(), None).await.problem(403, "forbidden");
        }
        assert_eq!(
            (deal.counts().await, stack.inbox().await.len()),
            ([u32::from(has_sent).into(), 0, 0], mails)
        );
        deal.manager.put("/api/me/digest", &json!({ "on": true })).await.problem(403, "forbidden");
        other.invite(&["bob@example.com"]).await;

        update().update_expression("REMOVE blocked").send().await.unwrap();
        deal.invite(&["bob@example.com"]).await;
    }
}
