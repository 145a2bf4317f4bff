//! Managers reach only their own deals, learners only their own seats, and a link only its invite. I5, I6.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seatkeeper_local::routes::ROUTES;
use serde_json::{Value, json};
use tests::{TestStack, assert_fields};

/// A manager's requests on every route with a deal. `tests/cloud/test_story.py` compares them with the template's
/// routes.
fn requests() -> Vec<(&'static str, &'static str, Option<Value>)> {
    vec![
        ("GET", "/api/deals/{deal}", None),
        ("GET", "/api/deals/{deal}/seats", None),
        ("GET", "/api/deals/{deal}/seats?status=pending&limit=1", None),
        ("POST", "/api/deals/{deal}/seats/search", Some(json!({"email": "a"}))),
        ("GET", "/api/deals/{deal}/counts", None),
        ("GET", "/api/deals/{deal}/invites/{invite}", None),
        ("POST", "/api/deals/{deal}/invites", Some(json!({"invites": [{"email": "somebody@example.com"}]}))),
        ("POST", "/api/deals/{deal}/invites", Some(json!({"invites": [{"email": "a@b.c"}], "dryRun": true}))),
        ("PATCH", "/api/deals/{deal}/invites/{invite}", Some(json!({"email": "somebody@example.com"}))),
        ("PATCH", "/api/deals/{deal}/invites/{invite}", Some(json!({"name": "Somebody"}))),
        ("POST", "/api/deals/{deal}/invites/{invite}/resend", None),
        ("POST", "/api/deals/{deal}/invites/resend", Some(json!({"status": "expired"}))),
        ("POST", "/api/deals/{deal}/invites/resend", Some(json!({"invites": [{"id": "x", "sends": 1}]}))),
        ("POST", "/api/deals/{deal}/invites/cancel", Some(json!({"invites": [{"id": "x", "sends": 1}]}))),
        ("GET", "/api/deals/{deal}/seats.csv", None),
        ("PUT", "/api/deals/{deal}/reminders", Some(json!({"after": ["1d"]}))),
        ("DELETE", "/api/deals/{deal}/invites/{invite}", None),
        ("DELETE", "/api/deals/{deal}/seats/{invite}", None),
    ]
}

/// I6: another organisation's deal, an unknown deal and a malformed id get the same 404 on every route.
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
    let before = (stack.snapshot(&own).await, stack.snapshot(&foreign).await);

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
        // In an own deal: an invite of another deal, an unknown invite and malformed ids.
        let first = ask(&named(&own.id, &invite)).await;
        for invite in [&[unknown.as_str()][..], &not_ids].concat() {
            let answer = ask(&named(&own.id, invite)).await;
            answer.problem(404, "not_found");
            assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
        }
    }
    // A manager does not choose whose deals are listed.
    let asked = own.manager.get(&format!("/api/deals?organisation={}", foreign.organisation)).await;
    assert!(asked.status < 500 && !asked.text.contains(&foreign.id), "{}", asked.show());
    assert_eq!(own.manager.get("/api/deals").await.ok(200)["deals"].as_array().unwrap().len(), 1);

    let after = (stack.snapshot(&own).await, stack.snapshot(&foreign).await);
    assert_eq!(after, before, "nothing has changed");
}

/// Texts that were never sent, made from genuine ones: of another invite of the deal, and of another deal.
fn forgeries(genuine: &str, sibling: &str, stranger: &str) -> Vec<String> {
    let [own, sibling, stranger] =
        [genuine, sibling, stranger].map(|text| URL_SAFE_NO_PAD.decode(text).unwrap());
    // Each begins with the deal and the invite. A secret or a proof follows.
    let mixed = |other: &[u8], part: Range<usize>| {
        let mut mixed = own.clone();
        mixed[part.clone()].copy_from_slice(&other[part]);
        URL_SAFE_NO_PAD.encode(mixed)
    };
    let mut forged: Vec<String> = ["", "x", "\0", "../..", "😀"].map(str::to_owned).into();
    forged.extend([22, 43, genuine.len() - 1].map(|length| genuine[..length].to_owned()));
    forged.extend([format!("{genuine}A"), format!("{genuine}="), format!(" {genuine}"), "A".repeat(4_000)]);
    forged.extend([0..16, 16..32, 0..32, 32..own.len()].map(|part| mixed(&stranger, part)));
    forged.extend([16..32, 32..own.len()].map(|part| mixed(&sibling, part)));
    forged
}

/// I6: every forged token and every forged id to unsubscribe gets the same response, byte for byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_tokens_all_look_alike() {
    let stack = TestStack::start().await;
    let (one, two) = (stack.deal(3).await, stack.deal(3).await);
    let people = ["ann@example.com", "bob@example.com", "carl@example.com"];
    one.invite(&people[..2]).await;
    two.invite(&people[2..]).await;
    let [ann, bob, carl] = people;
    let [token, others, foreign] =
        [stack.token_for(ann).await, stack.token_for(bob).await, stack.token_for(carl).await];
    let learner = stack.person(ann).await;
    let first = stack.preview("x").await;
    let mut answers = Vec::new();
    for token in forgeries(&token, &others, &foreign) {
        answers.extend([stack.preview(&token).await, stack.accept(&learner, &token).await]);
        for what in ["decline", "ask", "opt-out", "opt-in"] {
            answers.push(stack.answer(what, &token).await);
        }
    }
    let id = async |address: &str| {
        let path = stack.inbox_for(address).await[0].unsubscribe_path().to_owned();
        path.rsplit_once('/').unwrap().1.to_owned()
    };
    for id in forgeries(&id(ann).await, &id(bob).await, &id(carl).await) {
        let in_url = id.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
        if !in_url.is_empty() {
            answers.push(stack.unsubscribe(&format!("/api/invites/unsubscribe/{in_url}")).await);
        }
    }
    for answer in answers {
        answer.problem(404, "unknown_invite");
        assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
    }
    // The genuine tokens still work, and nobody has opted out.
    for token in [&token, &others, &foreign] {
        let expected = json!({"status": "pending", "optedOut": false});
        assert_fields(&stack.preview(token).await.ok(200), &expected);
    }
    stack.accept(&learner, &token).await.ok(200);
    assert_eq!((one.counts().await, two.counts().await), ([1, 1, 0], [1, 0, 0]));
}

/// I5: only a signed-in person's POST accepts, and only a POST answers. Other methods, and accepting without a token, change
/// nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_scanners_change_nothing() {
    let stack = TestStack::start().await;
    let deal = stack.deal(2).await;
    deal.manager.put("/api/me/digest", &json!({ "on": true })).await.ok(200);
    deal.invite(&["ann@example.com", "dee@example.com"]).await;
    stack.answer("decline", &stack.token_for("dee@example.com").await).await.ok(200);
    assert_eq!(stack.nobody().post("/schedules/send-digests", &json!({})).await.status, 200);
    let (token, before) = (stack.token_for("ann@example.com").await, deal.snapshot().await);
    let learner = stack.person("bob@example.com").await;
    let mut ids = Vec::new();
    for address in ["ann@example.com", &deal.manager.email] {
        let mail = stack.inbox_for(address).await.swap_remove(0);
        ids.push(mail.unsubscribe_path().rsplit_once('/').unwrap().1.to_owned());
    }
    let opened = ROUTES.iter().filter(|route| {
        ["/api/invites/", "/api/digests/"].iter().any(|prefix| route.path.starts_with(prefix))
    });
    assert!(opened.clone().count() > 9);
    for client in [stack.nobody(), learner.clone()] {
        for route in opened.clone() {
            let id = &ids[usize::from(route.path.starts_with("/api/digests/"))];
            let path = route.path.replace("{id}", id);
            for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
                for path in [path.clone(), format!("{path}?token={token}"), format!("{path}/{token}")] {
                    let answer = client.call(method, &path, &[], None).await;
                    // The one route with GET leads to a page.
                    let is_page =
                        method == "GET" && path.contains(id) && !path.ends_with(&format!("/{token}"));
                    assert_eq!(answer.status, if is_page { 303 } else { 404 }, "{method} {}", answer.show());
                }
            }
        }
        // With any id, in a URL that a page can be opened by.
        for id in [ids[0].as_str(), "x", "%22%3Cb%3E%0D%0A", "%C3%A4"] {
            let page = client.get(&format!("/api/invites/unsubscribe/{id}")).await;
            let place = format!("/unsubscribe#{id}");
            assert_eq!((page.status, page.header("location")), (303, place.as_str()));
            assert_eq!((page.header("cache-control"), page.text.as_str()), ("no-store", ""));
        }
        assert_eq!(stack.preview(&token).await.ok(200)["optedOut"], false);
        assert_eq!(deal.manager.get("/api/me/digest").await.ok(200), json!({ "on": true }));
    }
    stack.accept(&stack.nobody(), &token).await.refused(401, "Unauthorized");
    assert_eq!(deal.snapshot().await, before);
    assert!(!deal.manager.get(&deal.path("/seats")).await.text.contains(&token), "a token is never listed");
    stack.accept(&learner, &token).await.ok(200);
}
