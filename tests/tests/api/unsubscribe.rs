//! One-click unsubscribe (RFC 8058), as mail providers call it. I10.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tests::{TestStack, assert_fields};

async fn path_for(stack: &TestStack, address: &str) -> String {
    stack.inbox_for(address).await.last().unwrap().unsubscribe_path().to_owned()
}

async fn has_opted_out(stack: &TestStack, address: &str) -> Value {
    stack.preview(&stack.token_for(address).await).await.ok(200)["optedOut"].clone()
}

/// A person has opted out once their mail provider has posted, however often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i10_one_click_stops_the_organisations_mail_until_the_person_opts_in() {
    let stack = TestStack::start().await;
    let (deal, other) = (stack.deal(9).await, stack.deal(9).await);
    let address = "ann@example.com";
    let invite = deal.invite_one(address).await;
    let path = path_for(&stack, address).await;
    for _ in 0..2 {
        let answer = stack.unsubscribe(&path).await.ok(200);
        assert_fields(&answer, &json!({"organisation": {"id": deal.organisation}, "optedOut": true}));
    }
    let token = stack.token_for(address).await;
    assert_eq!(has_opted_out(&stack, address).await, true);
    deal.resend(&invite, None).await.problem(409, "opted_out");
    // Another organisation learns nothing.
    other.invite_one(address).await;

    stack.answer("opt-in", &token).await.ok(200);
    deal.resend(&invite, None).await.ok(200);
    assert_eq!(path_for(&stack, address).await, path, "the id is the invite's, not the send's");
}

/// Scanners open every URL of a mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_get_of_any_id_leads_to_the_page_and_changes_nothing() {
    let stack = TestStack::start().await;
    let deal = stack.deal(9).await;
    deal.invite_one("ann@example.com").await;
    let path = path_for(&stack, "ann@example.com").await;
    let (_, id) = path.rsplit_once('/').unwrap();
    for (asked, shown) in
        [(id, id), ("x", "x"), ("%22%3Cb%3E%0D%0A", "%22%3Cb%3E%0D%0A"), ("%C3%A4", "%C3%A4")]
    {
        let answer = stack.nobody().get(&format!("/api/invites/unsubscribe/{asked}")).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, format!("/unsubscribe#{shown}").as_str())
        );
        assert_eq!((answer.header("cache-control"), answer.text.as_str()), ("no-store", ""));
    }
    assert_eq!(has_opted_out(&stack, "ann@example.com").await, false);
}

/// I6: byte for byte the answer that a forged link gets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_ids_that_were_never_sent_all_look_alike() {
    let stack = TestStack::start().await;
    let (deal, other) = (stack.deal(9).await, stack.deal(9).await);
    deal.invite(&["ann@example.com", "bob@example.com"]).await;
    other.invite_one("ann@example.org").await;
    let mut ids = Vec::new();
    for address in ["ann@example.com", "bob@example.com", "ann@example.org"] {
        let path = path_for(&stack, address).await;
        ids.push(URL_SAFE_NO_PAD.decode(path.rsplit_once('/').unwrap().1).unwrap());
    }
    let mut forged: Vec<String> = ["x", "%00", "..%2F..", "%F0%9F%98%80"].map(str::to_owned).into();
    for (whose, part) in [(1, 16..32), (2, 0..32), (1, 32..48)] {
        let mut mixed = ids[0].clone();
        mixed[part.clone()].copy_from_slice(&ids[whose][part]);
        forged.push(URL_SAFE_NO_PAD.encode(mixed));
    }
    forged.extend([format!("{}A", URL_SAFE_NO_PAD.encode(&ids[0])), "A".repeat(64), "A".repeat(3000)]);
    let first = stack.preview("x").await;
    first.problem(404, "unknown_invite");
    for id in forged {
        let answer = stack.unsubscribe(&format!("/api/invites/unsubscribe/{id}")).await;
        assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
    }
    for address in ["ann@example.com", "bob@example.com", "ann@example.org"] {
        assert_eq!(has_opted_out(&stack, address).await, false);
    }
}
