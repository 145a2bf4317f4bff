//! The tokens of other issuers, as the local one gives them with `ISSUER_LIKE`. `infra/local/src/oidc/issuers.json` has a
//! document for each issuer, with its source.

use seatkeeper_local::{Like, Settings};
use serde_json::{Value, json};
use tests::{PARTNERSHIPS, TestStack, settings_with};

/// The story passes with the tokens of each issuer. I6: some issuers grant every scope to whoever requests it, and an address with
/// the right scope is not an appointment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_a_learner_who_requests_every_scope_is_no_administrator() {
    for issuer in Like::names() {
        let issuer_like = Like::named(issuer).unwrap();
        let stack = TestStack::of(Settings { issuer_like, ..settings_with(&[]) }).await;
        let deal = stack.deal(1).await;
        let prefix = stack.nobody().get("/config.json").await.json()["scopePrefix"].clone();
        let prefix = prefix.as_str().unwrap();
        let scopes =
            ["seats.accept", "invites.manage", "deals.admin"].map(|scope| format!("{prefix}{scope}"));
        let who = |email: &str| format!("grant_type=password&username={email}&scope={}", scopes.join("+"));
        let person = async |email: &str| {
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let answer = stack.nobody().raw("POST", "/oidc/token", &form, who(email).into_bytes()).await;
            let mut person = stack.nobody();
            person.token = answer.ok(200)["access_token"].as_str().map(str::to_owned);
            person
        };
        let new_deal = stack.deal_body("acme", 1);
        let address = format!("eve@{}.example", deal.organisation);
        let eve = person(&address).await;
        deal.invite_one(&address).await;
        stack.accept(&eve, &stack.token_for(&address).await).await.ok(200);
        let seats = eve.get("/api/me/seats").await.ok(200);
        assert_eq!(seats["seats"][0]["dealId"], deal.id, "{issuer}");
        for (method, path, body) in [
            ("POST", "/api/deals", Some(&new_deal)),
            ("PATCH", &deal.path(""), Some(&json!({"seats": 9}))),
            ("GET", "/api/deals?organisation=acme", None),
            ("GET", &deal.path("/seats"), None),
            ("POST", &deal.path("/invites"), Some(&json!({"invites": [{"email": "eve@example.com"}]}))),
        ] {
            let answer = eve.call(method, path, &[], body).await;
            assert_eq!(answer.status, 403, "{issuer}: {}", answer.show());
        }
        let partner = person(PARTNERSHIPS).await;
        let made: Value = partner.post("/api/deals", &new_deal).await.ok(201);
        assert!(made["id"].is_string(), "{issuer}");
    }
}
