//! Lists out, and many at once: `seats.csv`, and resending or cancelling many invites.

use serde_json::{Value, json};
use tests::{Deal, Response, TestStack, addresses, assert_fields, emails, now, outcomes, time};

/// The text of a page, and the path of the next.
fn page(answer: &Response) -> (String, Option<String>) {
    let kind = (answer.status, answer.header("content-type"), answer.header("cache-control"));
    assert_eq!(kind, (200, "text/csv; charset=utf-8", "no-store"), "{}", answer.show());
    let link = answer.header("link").strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    assert_eq!(link.is_none(), answer.header("link").is_empty(), "{}", answer.show());
    (answer.text.clone(), link.map(str::to_owned))
}

/// The cells of all pages, where no cell is quoted. `shared/src/http/csv.rs` tests quotes and formulas.
async fn export(deal: &Deal, query: &str) -> Vec<Vec<String>> {
    let (mut text, mut next) = page(&deal.manager.get(&deal.path(&format!("/seats.csv{query}"))).await);
    while let Some(path) = next {
        assert!(path.starts_with("/api/deals/"), "an absolute path: {path}");
        let (more, after) = page(&deal.manager.get(&path).await);
        text += &more;
        next = after;
    }
    let lines = text.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n");
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_invite_is_one_row_of_the_csv() {
    let stack = TestStack::start().await;
    let deal = stack.deal(3000).await;
    let people = addresses("ann", 2_100);
    for people in people.chunks(1000) {
        let rows: Vec<_> = people.iter().map(|email| json!({"email": email, "name": "Ann"})).collect();
        deal.try_invite(&json!({ "invites": rows })).await.ok(200);
    }
    let accepted = &people[0];
    stack.accept(&stack.person(accepted).await, &stack.token_for(accepted).await).await.ok(200);

    let mut rows = export(&deal, "").await;
    assert_eq!(
        rows.remove(0).join(","),
        "email,name,status,delivery,date_sent,expires,accepted,declined,sends,invited_by,invite_id"
    );
    assert!(!rows.iter().flatten().any(|cell| cell.contains("accept#")), "no cell has a link");
    let mut found: Vec<_> = rows.into_iter().map(|row| row[0].clone()).collect();
    found.sort();
    assert_eq!(found, people, "each invite once");

    let [_, row] = &mut export(&deal, "?status=accepted").await[..] else { panic!("one row") };
    // One id in 64 begins with a hyphen, as a formula may.
    row[10] = row[10].trim_start_matches('\'').to_owned();
    let shown = deal.rows("status=accepted").await.remove(0);
    let text = |place: &str| shown.pointer(place).and_then(Value::as_str).unwrap_or_default();
    let [sent, expires, taken] = ["/sentAt", "/expiresAt", "/acceptedAt"].map(text);
    let (state, by, id) = (text("/delivery/state"), text("/invitedBy"), text("/id"));
    assert_eq!(*row, [accepted, "Ann", "accepted", state, sent, expires, taken, "", "1", by, id]);
}

/// A row fails alone. Of two rows of an invite, the second resends no more, and has nothing left to cancel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_invites_are_resent_or_cancelled_each_with_an_outcome_of_its_own() {
    let stack = TestStack::start().await;
    let (deal, other) = (stack.deal(9).await, stack.deal(9).await);
    let people = ["ann@example.com", "bob@example.com", "carl@example.com"];
    let invited = deal.invite(&people).await;
    let id = |row: usize| invited["results"][row]["inviteId"].as_str().unwrap().to_owned();
    stack.accept(&stack.person(people[1]).await, &stack.token_for(people[1]).await).await.ok(200);
    deal.resend(&id(2), None).await.ok(200);
    let foreign = other.invite_one("ann@example.com").await;
    for (path, done, again, sends) in
        [("/invites/resend", "resent", "stale", 1), ("/invites/cancel", "cancelled", "cancelled", 2)]
    {
        let row = |id: String, sends: u32| json!({ "id": id, "sends": sends });
        let unknown = [foreign.clone(), "A".repeat(22), "x".to_owned()].map(|id| row(id, 1));
        let own = [(0, sends), (1, 1), (2, 7), (0, sends)].map(|(which, sends)| row(id(which), sends));
        let ask =
            async |rows: &[Value]| deal.manager.post(&deal.path(path), &json!({ "invites": rows })).await;
        let answer = ask(&[&own[..], &unknown].concat()).await.ok(200);
        let not_found = "not_found";
        let expected = [done, "already_accepted", "stale", again, not_found, not_found, not_found];
        assert_eq!(outcomes(&answer), expected, "{answer:#}");
        let count = expected.iter().filter(|outcome| **outcome == done).count();
        assert_eq!(answer["summary"], json!({done: count, "skipped": 7 - count, "failed": 0}));
        assert_eq!(answer["results"][6]["inviteId"], "x");
        assert_eq!(deal.one(&id(0)).await["sends"], 2);
        ask(&[]).await.problem(400, "invalid_request");
        ask(&vec![row("x".into(), 1); 1001]).await.problem(413, "too_many_invites");
    }
    assert_eq!(stack.inbox().await.len(), 6, "three, the foreign one, and two that were resent");
    let removed = deal.rows("status=removed&limit=1").await;
    assert_eq!(removed.len(), 1);
    assert_fields(&removed[0], &json!({"id": id(0), "status": "cancelled"}));
    assert!(time(&removed[0]["removedAt"]) <= now(), "{removed:?}");
    assert_eq!(emails(&deal.rows("status=pending").await), ["carl@example.com"]);
    assert_eq!(other.counts().await, [1, 0, 0]);
}
