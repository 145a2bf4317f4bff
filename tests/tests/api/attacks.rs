//! Attacks that fail, over HTTP and past the gateway. `SECURITY.md` lists all attacks and their tests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seatkeeper_local::routes::ROUTES;
use serde_json::{Value, json};
use tests::{Deal, TestStack};

/// The gateway's event for this route, from a caller with a token of these claims.
fn event(route: &str, deal: &Deal, claims: &Value, body: Option<&Value>) -> Value {
    let mut event = json!({
        "version": "2.0", "rawQueryString": "", "headers": {"content-type": "application/json"},
        "pathParameters": {"dealId": deal.id, "inviteId": "AAAAAAAAAAAAAAAAAAAAAA"},
        "requestContext": {"routeKey": route}, "isBase64Encoded": false,
    });
    if !claims.is_null() {
        let token = URL_SAFE_NO_PAD.encode(claims.to_string());
        event["headers"]["authorization"] = json!(format!("Bearer e30.{token}.c2ln"));
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {}, "scopes": null}});
    }
    if let Some(body) = body {
        event["body"] = json!(body.to_string());
    }
    event
}

/// I6: each function checks scope and organisation itself on each route, even if the gateway lets everybody through.
/// Which claims are accepted is in `shared/src/http/caller.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_odd_claims_entitle_to_nothing() {
    let stack = TestStack::start().await;
    let deal = stack.deal(2).await;
    deal.invite(&["ann@example.com"]).await;
    let before = stack.snapshot(&deal).await;
    let claims = |scope: &str, org: &str| json!({"iss": "i", "sub": "s", "scope": scope, "org": org});
    let status = async |function, key: &str, claims: &Value, body: Option<&Value>| {
        let answer = stack.local.invoke(function, event(key, &deal, claims, body)).await.unwrap();
        answer["statusCode"].clone()
    };
    for route in ROUTES.iter().filter(|route| !route.scopes.is_empty()) {
        let (function, key) = (route.function, &route.key());
        // These read the body first.
        let body = match (function, route.method) {
            ("send-invites", "POST") => Some(json!({"invites": [{"email": "eve@example.com"}]})),
            ("send-invites", _) => Some(json!({"name": "Eve"})),
            ("resend-invite", _) if route.path.ends_with("/invites/resend") => {
                Some(json!({"status": "expired"}))
            }
            _ => None,
        };
        let ours = ["invites.manage", "seats.accept", "deals.admin"];
        let other_scope = ours.into_iter().find(|scope| !route.scopes.contains(scope)).unwrap();
        for claims in [
            Value::Null,
            claims("", &deal.organisation),
            claims("[invites.manage deals.admin seats.accept]", &deal.organisation),
            claims(other_scope, &deal.organisation),
            claims("invites.manage", &format!("[{} globex]", deal.organisation)),
        ] {
            assert_eq!(status(function, key, &claims, body.as_ref()).await, 403, "{key} with {claims}");
        }
    }
    let genuine = claims("openid invites.manage", &deal.organisation);
    assert_eq!(status("deal-seats", "GET /api/deals/{dealId}", &genuine, None).await, 200);
    assert_eq!(stack.snapshot(&deal).await, before, "nothing has changed");
}

/// I5, I6: an old link says why it is void, gives no seat, and names nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_old_links_replayed_do_nothing_and_name_nobody() {
    let stack = TestStack::start().await;
    let deal = stack.deal(9).await;
    let email = |name: &str| format!("{name}.hidden@example.com");
    let invite =
        async |name: &str| (deal.invite_one(&email(name)).await, stack.token_for(&email(name)).await);

    let (resent, resent_token) = invite("resent").await;
    deal.resend(&resent, Some("\"1\"")).await.ok(200);
    let (accepted, accepted_token) = invite("accepted").await;
    let holder = stack.person(&email("accepted")).await;
    let first = stack.accept(&holder, &accepted_token).await.ok(200);
    let (cancelled, cancelled_token) = invite("cancelled").await;
    deal.cancel(&cancelled).await.ok(204);
    let (released, released_token) = invite("released").await;
    stack.accept(&stack.person(&email("released")).await, &released_token).await.ok(200);
    deal.release(&released).await.ok(204);

    let before = stack.snapshot(&deal).await;
    let eve = stack.person("eve@example.com").await;
    let replays = [
        (&resent_token, 410, "invite_superseded"),
        (&accepted_token, 409, "already_accepted"),
        (&cancelled_token, 410, "invite_cancelled"),
        (&released_token, 410, "invite_cancelled"),
    ];
    for (token, status, code) in replays {
        let answer = stack.accept(&eve, token).await;
        answer.problem(status, code);
        for text in [answer.text, stack.preview(token).await.text] {
            for word in ["hidden", &deal.manager.email, &accepted, &resent] {
                assert!(!text.contains(word), "{word} in {text}");
            }
        }
    }
    // Only the seat's holder gets a success again, and that changes nothing either.
    assert_eq!(stack.accept(&holder, &accepted_token).await.ok(200), first);
    assert_eq!(eve.get("/api/me/seats").await.ok(200), json!({"seats": []}));
    assert_eq!(stack.snapshot(&deal).await, before, "nothing has changed");
}

/// I8: a body, a header or an address beyond all sense is refused, and the function answers the next request. Deeply nested
/// bodies are in `bad_input.rs`; the limit of each route is in `shared/src/http/request.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_bodies_and_headers_beyond_sense_are_refused() {
    let stack = TestStack::start().await;
    let deal = stack.deal(2).await;
    let before = stack.snapshot(&deal).await;
    // The size is checked before the deal is read.
    let elsewhere = format!("/api/deals/{}/invites", "A".repeat(22));
    for (method, path, size) in [("POST", elsewhere, 1024 * 1024), ("GET", deal.path(""), 4 * 1024)] {
        let (json, large) = ([("content-type", "application/json")], vec![b' '; size + 1]);
        deal.manager.raw(method, &path, &json, large).await.problem(413, "payload_too_large");
    }
    // The gateway limits headers and request lines, on AWS to 10,240 bytes of both.
    let huge = "x".repeat(60_000);
    let mut answers = vec![deal.manager.get(&format!("{}?x={huge}", deal.path(""))).await];
    for name in ["x-huge", "if-match", "content-type"] {
        answers.push(deal.manager.call("GET", &deal.path(""), &[(name, huge.as_str())], None).await);
    }
    for answer in answers {
        assert!(answer.status < 500, "{}", answer.show());
    }
    assert_eq!(stack.snapshot(&deal).await, before, "nothing has changed");
}
