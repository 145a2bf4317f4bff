//! Lists out, and many at once: `seats.csv`, and cancelling many invites.

use serde_json::{Value, json};
use tests::{Deal, Response, TestStack, addresses, emails, outcomes};

/// The rows of RFC 4180 text whose lines all end in CRLF, each a list of cells.
fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'), "a line ends in CRLF");
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted, "the last line ends in CRLF, too");
    rows
}

/// The text of each page, and the path of the next.
fn page(answer: &Response) -> (String, Option<String>) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/csv; charset=utf-8"),
        "{}",
        answer.show()
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let link = answer.header("link").strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    assert_eq!(link.is_none(), answer.header("link").is_empty(), "{}", answer.show());
    (answer.text.clone(), link.map(str::to_owned))
}

async fn export(deal: &Deal, query: &str) -> Vec<Vec<String>> {
    let (first, mut next) = page(&deal.manager.get(&deal.path(&format!("/seats.csv{query}"))).await);
    let mut rows = parse(first.strip_prefix('\u{feff}').unwrap());
    while let Some(path) = next {
        assert!(path.starts_with("/api/deals/"), "an absolute path: {path}");
        let (text, after) = page(&deal.manager.get(&path).await);
        rows.extend(parse(&text));
        next = after;
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_invite_is_one_row_of_the_csv_and_no_cell_is_a_formula() {
    let stack = TestStack::start().await;
    let deal = stack.deal(3000).await;
    let names = ["=1+1", "＝SUM(A1)", "+44", "-x", "@x", "Doe, \"Ann\"", "Ann"];
    let people = addresses("ann", 2_100);
    for people in people.chunks(1000) {
        let rows = people.iter().enumerate();
        let rows: Vec<_> =
            rows.map(|(row, email)| json!({"email": email, "name": names[row % names.len()]})).collect();
        deal.try_invite(&json!({ "invites": rows })).await.ok(200);
    }
    let accepted = &people[0];
    stack.accept(&stack.person(accepted).await, &stack.token_for(accepted).await).await.ok(200);

    let mut rows = export(&deal, "").await;
    let header = rows.remove(0).join(",");
    assert_eq!(
        header,
        "email,name,status,delivery,date_sent,expires,accepted,declined,sends,invited_by,invite_id"
    );
    let mut found: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    found.sort();
    assert_eq!(found, people, "each invite once");
    for row in rows.iter().flatten() {
        assert!(!row.starts_with(['=', '+', '-', '@', '＝', '\t']), "a formula: {row}");
        assert!(!row.contains("accept#"), "a link: {row}");
    }
    assert!(rows.iter().any(|row| row[1] == "Doe, \"Ann\"") && rows.iter().any(|row| row[1] == "'=1+1"));

    let [row] = &export(&deal, "?status=accepted").await[1..] else { panic!("one row") };
    let shown = deal.rows("status=accepted").await.remove(0);
    let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
    let expected = [
        accepted.clone(),
        "'=1+1".to_owned(),
        "accepted".to_owned(),
        shown["delivery"]["state"].as_str().unwrap().to_owned(),
        text("sentAt"),
        text("expiresAt"),
        text("acceptedAt"),
        String::new(),
        "1".to_owned(),
        text("invitedBy"),
        text("id"),
    ];
    assert_eq!(
        row.iter().map(|cell| cell.trim_start_matches('\'')).collect::<Vec<_>>(),
        expected.iter().map(|cell| cell.trim_start_matches('\'')).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_invites_are_cancelled_each_with_an_outcome_of_its_own() {
    let stack = TestStack::start().await;
    let (deal, other) = (stack.deal(9).await, stack.deal(9).await);
    let people = ["ann@example.com", "bob@example.com", "carl@example.com"];
    let invited = deal.invite(&people).await;
    let id = |row: usize| invited["results"][row]["inviteId"].as_str().unwrap().to_owned();
    stack.accept(&stack.person(people[1]).await, &stack.token_for(people[1]).await).await.ok(200);
    deal.resend(&id(2), None).await.ok(200);
    let foreign = other.invite_one("ann@example.com").await;

    let row = |id: String| json!({ "id": id, "sends": 1 });
    let rows = [id(0), id(1), id(2), id(0), foreign, "x".to_owned()].map(row);
    let cancel = async |rows: &[Value]| {
        deal.manager.post(&deal.path("/invites/cancel"), &json!({ "invites": rows })).await
    };
    let answer = cancel(&rows).await.ok(200);
    let expected = ["cancelled", "already_accepted", "stale", "cancelled", "not_found", "not_found"];
    assert_eq!(outcomes(&answer), expected);
    assert_eq!(answer["summary"], json!({"cancelled": 2, "skipped": 4, "failed": 0}));
    assert_eq!(answer["results"][5]["inviteId"], "x");
    assert_eq!(emails(&deal.rows("status=pending").await), ["carl@example.com"]);
    assert_eq!(other.counts().await, [1, 0, 0]);
    cancel(&[]).await.problem(400, "invalid_request");
    cancel(&vec![row("x".into()); 1001]).await.problem(413, "too_many_invites");
}
