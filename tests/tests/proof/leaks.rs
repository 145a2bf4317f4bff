//! Bad input with personal data: neither responses nor logs repeat any of it. I8
//!
//! Every test of faults ends with the same search of its logs at `RUST_LOG=trace`.

use serde_json::json;
use tests::{PARTNERSHIPS, body_routes};

use crate::stack::DisturbedStack;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_what_is_refused_is_not_repeated() {
    let disturbed = DisturbedStack::new(29).await;
    let stack = &disturbed.stack;
    let deal = stack.deal(2).await;
    let (email, name) = ("ann.whisper@example.com", "Annabel Whisper");
    let answer = deal.try_invite(&json!({ "invites": [{ "email": email, "name": name }] })).await.ok(200);
    let id = answer["results"][0]["inviteId"].as_str().unwrap().to_owned();
    let token = stack.token_for(email).await;
    let jwt = deal.manager.token.clone().unwrap();
    let (learner, partnerships) =
        (stack.person("bob.hush@example.com").await, stack.person(PARTNERSHIPS).await);

    for secret in [email, name, token.as_str(), jwt.as_str()] {
        let bodies = [
            secret.to_owned(),
            format!("{{\"invites\": {secret}"),
            json!(secret).to_string(),
            json!([secret]).to_string(),
            json!({ "invites": secret, "token": [secret], "email": { "a": secret }, "status": secret })
                .to_string(),
            json!({ "invites": [secret], "token": { "t": secret } }).to_string(),
            json!({ "invites": [{ "email": [secret], "name": secret }], "seats": secret }).to_string(),
            json!({ "invites": [{ "id": secret, "sends": secret }], "startsAt": secret }).to_string(),
            json!({ "status": secret, "endsAt": secret }).to_string(),
            json!({ "email": email, "status": secret, "cursor": secret, "limit": secret }).to_string(),
            json!({ "email": email, "cursor": secret }).to_string(),
            json!({ "seats": 1, "startsAt": secret }).to_string(),
            json!({ "organisation": { "id": secret, "name": secret }, "name": secret, "seats": 1,
                "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2027-01-01T00:00:00Z" })
            .to_string(),
        ];
        for body in &bodies {
            for (who, method, path) in body_routes(&deal, &learner, &partnerships) {
                for kind in ["application/json", "text/plain"] {
                    let headers = [("content-type", kind)];
                    let answer = who.raw(method, &path, &headers, body.clone().into_bytes()).await;
                    assert!((400..500).contains(&answer.status), "{}", answer.show());
                }
            }
        }
        // In paths, parameters and headers. (No header takes the characters of a name.)
        let in_url = secret.replace(' ', "%20");
        for path in [
            format!("/api/deals/{in_url}"),
            deal.path(&format!("/invites/{in_url}")),
            deal.path(&format!("/seats?status={in_url}")),
            deal.path(&format!("/seats?cursor={in_url}")),
            deal.path(&format!("/seats?limit={in_url}")),
            format!("/api/invites/{in_url}"),
        ] {
            let answer = deal.manager.get(&path).await;
            assert!((400..500).contains(&answer.status), "{}", answer.show());
        }
        let headers = [("if-match", secret)];
        for path in [deal.invite_path(&id), deal.seat_path(&id)] {
            let answer = deal.manager.call("DELETE", &path, &headers, None).await;
            answer.problem(412, "stale");
        }
    }
    disturbed.stop().await;
}
