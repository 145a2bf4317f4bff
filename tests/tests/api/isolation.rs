//! Who may do what: managers their own deals, learners their own seat, a link what it was sent for, and nobody learns
//! anything else. I5, I6.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tests::{PARTNERSHIPS, TestStack};

/// What a manager asks of a deal, where `{deal}` and `{invite}` stand for ids: every route with a deal in it, which
/// `tests/cloud/test_story.py` sees to for the template's.
fn requests() -> Vec<(&'static str, &'static str, Option<Value>)> {
    vec![
        ("GET", "/api/deals/{deal}", None),
        ("GET", "/api/deals/{deal}/seats", None),
        ("GET", "/api/deals/{deal}/seats?status=pending&limit=1", None),
        ("POST", "/api/deals/{deal}/seats/search", Some(json!({"email": "a"}))),
        ("GET", "/api/deals/{deal}/counts", None),
        ("GET", "/api/deals/{deal}/invites/{invite}", None),
        ("POST", "/api/deals/{deal}/invites", Some(json!({"invites": [{"email": "somebody@example.com"}]}))),
        (
            "POST",
            "/api/deals/{deal}/invites",
            Some(json!({"invites": [{"email": "a@b.example"}], "dryRun": true})),
        ),
        ("POST", "/api/deals/{deal}/invites/{invite}/resend", None),
        ("POST", "/api/deals/{deal}/invites/resend", Some(json!({"status": "expired"}))),
        ("POST", "/api/deals/{deal}/invites/resend", Some(json!({"invites": [{"id": "x", "sends": 1}]}))),
        ("DELETE", "/api/deals/{deal}/invites/{invite}", None),
        ("DELETE", "/api/deals/{deal}/seats/{invite}", None),
    ]
}

/// I6: another organisation's deal, one that does not exist and what is no id answer the same 404, on every route.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_reaches_only_deals_of_their_organisation() {
    let stack = TestStack::start().await;
    let (own, foreign) = (stack.deal(3).await, stack.deal(3).await);
    let own_invite = own.invite_one("ann@example.com").await;
    let invite = foreign.invite_one("ann@example.com").await;
    assert_ne!(own_invite, invite, "the same address in two deals has two ids");
    foreign.invite(&["bob@example.com"]).await;
    let token = stack.token_for("bob@example.com").await;
    stack.accept(&stack.person("bob@example.com").await, &token).await.ok(200);
    let before = (own.snapshot().await, foreign.snapshot().await, stack.inbox().await.len());

    let (long, unknown) = ("A".repeat(3000), "A".repeat(own.id.len()));
    let not_ids = ["x", "%00", "%20", "a%2Fb", "%F0%9F%98%80", "null", "acme", "%2A", &long];

    for (method, path, body) in requests() {
        let ask = async |path: &str| own.manager.call(method, path, &[], body.as_ref()).await;
        let named = |deal: &str, invite: &str| path.replace("{deal}", deal).replace("{invite}", invite);
        let first = ask(&named(&foreign.id, &invite)).await;
        let mut paths = vec![named(&foreign.id, &own_invite), named(&unknown, &invite)];
        paths.extend(not_ids.iter().map(|deal| named(deal, &invite)));
        for path in paths {
            let answer = ask(&path).await;
            answer.problem(404, "not_found");
            assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
        }
        assert!(!first.text.contains(&foreign.organisation), "{}", first.show());
        if !path.contains("{invite}") {
            continue;
        }
        // In one's own deal: the invite of another deal, of no deal, and no id at all.
        let first = ask(&named(&own.id, &invite)).await;
        for invite in [&[unknown.as_str()][..], &not_ids].concat() {
            let answer = ask(&named(&own.id, invite)).await;
            answer.problem(404, "not_found");
            assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
        }
    }
    let partnerships = stack.person(PARTNERSHIPS).await;
    for deal in [&[unknown.as_str()][..], &not_ids].concat() {
        let path = format!("/api/deals/{deal}");
        partnerships.get(&path).await.problem(404, "not_found");
        partnerships.patch(&path, &json!({"name": "x"})).await.problem(404, "not_found");
    }
    // Asking for somebody else's list gets nobody else's deals.
    let asked = own.manager.get(&format!("/api/deals?organisation={}", foreign.organisation)).await;
    assert!(asked.status < 500 && !asked.text.contains(&foreign.id), "{}", asked.show());
    assert_eq!(own.manager.get("/api/deals").await.ok(200)["deals"].as_array().unwrap().len(), 1);

    let after = (own.snapshot().await, foreign.snapshot().await, stack.inbox().await.len());
    assert_eq!(after, before, "nothing has changed");
    stack.stop().await;
}

/// Tokens that look like a real one in some way, and were never sent; `other` was sent for another invite.
fn forgeries(token: &str, other: &str) -> Vec<String> {
    let bytes = |token: &str| URL_SAFE_NO_PAD.decode(token).unwrap();
    let (own, other) = (bytes(token), bytes(other));
    assert_eq!(own.len(), 64, "deal, invite, secret");
    let swapped = |from: usize, to: usize| {
        let mut mixed = own.clone();
        mixed[from..to].copy_from_slice(&other[from..to]);
        URL_SAFE_NO_PAD.encode(mixed)
    };
    let mut forged: Vec<String> = ["", "x", "\0", "../..", "😀"].map(str::to_owned).into();
    forged.extend([22, 43, 85].map(|length| token[..length].to_owned()));
    forged.extend([format!("{token}A"), format!("{token}="), format!(" {token}"), "A".repeat(4_000)]);
    forged.extend([swapped(0, 16), swapped(16, 32), swapped(32, 64)]);
    forged
}

/// I6: only a link that was really sent says anything; all the others are byte for byte the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_tokens_all_look_alike() {
    let stack = TestStack::start().await;
    let (one, two) = (stack.deal(3).await, stack.deal(3).await);
    one.invite(&["ann@example.com", "bob@example.com"]).await;
    two.invite(&["carl@example.com"]).await;
    let token = stack.token_for("ann@example.com").await;
    let other = stack.token_for("carl@example.com").await;
    let learner = stack.person("ann@example.com").await;
    let first = stack.preview("x").await;
    for token in forgeries(&token, &other) {
        for answer in [stack.preview(&token).await, stack.accept(&learner, &token).await] {
            answer.problem(404, "unknown_invite");
            assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
        }
    }
    // None of it has hurt the real one.
    assert_eq!(stack.preview(&token).await.ok(200)["status"], "pending");
    stack.accept(&learner, &token).await.ok(200);
    assert_eq!((one.counts().await, two.counts().await), ([1, 1, 0], [1, 0, 0]));
    stack.stop().await;
}

/// I5: whatever follows a link, by GET or HEAD or without signing in, changes nothing. Only a person's POST accepts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_scanners_change_nothing() {
    let stack = TestStack::start().await;
    let deal = stack.deal(2).await;
    deal.invite(&["ann@example.com"]).await;
    let (token, before) = (stack.token_for("ann@example.com").await, deal.snapshot().await);
    let learner = stack.person("bob@example.com").await;
    for client in [stack.nobody(), learner.clone()] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            for path in ["/api/invites/accept", "/api/invites/preview"] {
                for path in [path.to_owned(), format!("{path}?token={token}"), format!("{path}/{token}")] {
                    let answer = client.call(method, &path, &[], None).await;
                    assert_eq!(answer.status, 404, "{}", answer.show());
                }
            }
        }
        stack.preview(&token).await.ok(200);
    }
    stack.accept(&stack.nobody(), &token).await.refused(401, "Unauthorized");
    assert_eq!(deal.snapshot().await, before);
    assert!(!deal.manager.get(&deal.path("/seats")).await.text.contains(&token), "a token is never listed");
    stack.accept(&learner, &token).await.ok(200);
    stack.stop().await;
}
