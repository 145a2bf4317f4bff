//! Bad input gets a problem document that names the field and the reason, and changes nothing. I8.
//!
//! Requests without a valid token, scope or deal are in `isolation.rs`.

use serde_json::{Value, json};
use tests::{Client, Deal, PARTNERSHIPS, TestStack, body_routes, emails, outcomes, row_of};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// A request and its refusal.
struct Case {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    /// A part of the name of the wrong field; empty if the refusal names none.
    field: &'static str,
}

fn case(method: &'static str, path: impl Into<String>, body: &Value, field: &'static str) -> Case {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let (status, code) = (400, "invalid_request");
    Case { method, path: path.into(), headers: JSON.to_vec(), body, status, code, field }
}

impl Case {
    fn gets(self, status: u16, code: &'static str) -> Self {
        Self { status, code, ..self }
    }
}

async fn check_all(client: &Client, cases: impl IntoIterator<Item = Case>) {
    for Case { method, path, headers, body, status, code, field } in cases {
        let answer = client.raw(method, &path, &headers, body).await;
        answer.problem(status, code);
        assert!(answer.text.len() < 500, "the refusal repeats the body: {}", answer.show());
        let problem = answer.json();
        let mut errors = problem["errors"].as_array().into_iter().flatten();
        let names_it = errors.any(|error| error["field"].as_str().is_some_and(|name| name.contains(field)));
        assert!(field.is_empty() || names_it, "the refusal does not name {field}: {}", answer.show());
    }
}

/// A deal with a pending, an accepted and a cancelled invite, and their ids.
async fn deal_with_invites(stack: &TestStack) -> (Deal, [String; 3]) {
    let deal = stack.deal(3).await;
    let all = ["pending", "accepted", "cancelled"].map(|name| format!("{name}@example.com"));
    deal.invite(&all).await;
    let rows = deal.rows("").await;
    let ids = all.each_ref().map(|email| row_of(&rows, email)["id"].as_str().unwrap().to_owned());
    let token = stack.token_for(&all[1]).await;
    stack.accept(&stack.person(&all[1]).await, &token).await.ok(200);
    deal.cancel(&ids[2]).await.ok(204);
    (deal, ids)
}

/// Only a JSON object with known fields is read, on every route with a body, and none that is endless. The forms of bad
/// JSON are in `shared/src/http/body.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_json_is_refused_on_every_route() {
    let stack = TestStack::start().await;
    let (deal, _) = deal_with_invites(&stack).await;
    let (partnerships, learner) = (stack.person(PARTNERSHIPS).await, stack.person("x@example.com").await);
    let before = stack.snapshot(&deal).await;
    for (client, method, path) in body_routes(&deal, &learner, &partnerships) {
        let request = |body: &[u8]| Case { body: body.to_vec(), ..case(method, &path, &Value::Null, "") };
        let bodies: [&[u8]; 5] = [b"", b"{", b"[]", b"{\"surprise\":1}", b"{\"token\":\"\xff\"}"];
        check_all(client, bodies.map(request)).await;
        // As long as the route allows: deeply nested, with a million parts, or one part.
        let is_bulk = method == "POST" && path.starts_with(&deal.path("/invites"));
        let fill = |each: &str| each.repeat(if is_bulk { 500_000 } else { 1_900 } / each.len());
        let endless = [
            fill("{\"a\":"),
            format!("{{\"invites\":{}{}}}", fill("["), fill("]")),
            format!("{{\"invites\":[{}{{}}]}}", fill("{\"x\":0},")),
            format!("{{\"{}\":0}}", fill("name")),
            format!("{{\"seats\":{}}}", fill("9")),
        ];
        check_all(client, endless.map(|body| request(body.as_bytes()))).await;
        let kinds = ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"];
        let headers = kinds.map(|kind| vec![("content-type", kind)]).into_iter().chain([vec![]]);
        let of_other_kinds =
            headers.map(|headers| Case { headers, ..request(b"{}") }.gets(415, "unsupported_media_type"));
        check_all(client, of_other_kinds).await;
    }
    let (path, json) = ("/api/invites/preview", [("content-type", "Application/JSON")]);
    learner.raw("POST", path, &json, b"{\"token\":\"x\"}".into()).await.problem(404, "unknown_invite");
    assert_eq!(stack.snapshot(&deal).await, before, "nothing has changed");
}

/// Wrong types, unknown fields, too many rows, numbers out of range. Each refusal names the field.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_field_is_named() {
    let stack = TestStack::start().await;
    let (deal, [pending, ..]) = deal_with_invites(&stack).await;
    let before = stack.snapshot(&deal).await;
    let row = json!({"email": "new@example.com"});
    let known = json!({"id": pending, "sends": 1});

    let (invites, resend, search) =
        (deal.path("/invites"), deal.path("/invites/resend"), deal.path("/seats/search"));
    let invite = |body: Value, field| case("POST", &invites, &body, field);
    let again = |body: Value, field| case("POST", &resend, &body, field);
    let find = |body: Value, field| case("POST", &search, &body, field);
    let list = |query: &str, field| case("GET", deal.path(&format!("/seats?{query}")), &Value::Null, field);
    let preview = |body: Value, field| case("POST", "/api/invites/preview", &body, field);
    let mut cases = vec![
        invite(json!({"invites": []}), "invites"),
        invite(json!({"invites": [{"email": "new@example.com", "role": "admin"}]}), "invites[0]"),
        invite(json!({"invites": [row], "dryRun": "yes"}), "dryRun"),
        invite(json!({"invites": vec![row; 1_001]}), "").gets(413, "too_many_invites"),
        again(json!({}), ""),
        again(json!({"status": "pending"}), "status"),
        again(json!({"status": "expired", "invites": [known]}), ""),
        again(json!({"invites": []}), "invites"),
        again(json!({"invites": [{"id": pending, "sends": -1}]}), "sends"),
        again(json!({"invites": vec![known; 1_001]}), "").gets(413, "too_many_invites"),
        find(json!({"email": "a".repeat(1_000)}), "email"),
        find(json!({"email": "a", "limit": 201}), "limit"),
        find(json!({"email": "a", "status": "removed"}), "status"),
        preview(json!({"token": 5}), "token"),
    ];
    cases.push(case("PUT", "/api/me/digest", &json!({"on": "true"}), "on"));
    for after in [json!(["28d"]), json!(["30s", "10s"]), json!(["-1s"]), json!(["soon"]), json!(null)] {
        cases.push(case("PUT", deal.path("/reminders"), &json!({"after": after}), "after"));
    }
    cases.extend(
        ["Pending", "cancelled", "", "%00"].map(|status| list(&format!("status={status}"), "status")),
    );
    cases.extend(["0", "201", "-1", "1.5", "abc", ""].map(|limit| list(&format!("limit={limit}"), "limit")));
    check_all(&deal.manager, cases).await;
    assert_eq!(stack.snapshot(&deal).await, before, "nothing has changed");
}

/// Every list checks its cursor. Which cursors are genuine is in `shared/src/store/cursor.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_holds_for_its_deal_and_filter_only() {
    let stack = TestStack::start().await;
    let (one, two) = (stack.deal(9).await, stack.deal(9).await);
    let all: Vec<_> = (0..6).map(|number| format!("p{number}@example.com")).collect();
    one.invite(&all).await;
    two.invite(&all).await;
    let cursor = async |deal: &Deal, query: &str| {
        deal.get(&format!("/seats?{query}")).await["nextCursor"].as_str().unwrap().to_owned()
    };
    let search = async |body: Value| one.manager.post(&one.path("/seats/search"), &body).await.ok(200);
    let own = cursor(&one, "status=pending&limit=2").await;
    let foreign = cursor(&two, "status=pending&limit=2").await;
    let found = search(json!({"email": "p", "limit": 2})).await["nextCursor"].clone();
    let list = |query: &str, cursor: &str| {
        case("GET", one.path(&format!("/seats?{query}cursor={cursor}")), &Value::Null, "cursor")
    };
    let find = |body: Value| case("POST", one.path("/seats/search"), &body, "cursor");
    let cases = [
        list("status=pending&", "x"),
        list("status=pending&", &own[1..]),
        list("status=pending&", &foreign),
        list("status=pending&", found.as_str().unwrap()),
        list("status=expired&", &own),
        list("", &own),
        find(json!({"email": "p1", "cursor": found})),
        find(json!({"email": "p", "status": "pending", "cursor": found})),
        find(json!({"email": "p", "cursor": own})),
        case("GET", one.path(&format!("/seats.csv?cursor={own}")), &Value::Null, "cursor"),
    ];
    check_all(&one.manager, cases).await;
    let partnerships = stack.person(PARTNERSHIPS).await;
    let organisations = |query: &str, cursor: &str| {
        case("GET", format!("/api/organisations?{query}cursor={cursor}"), &Value::Null, "cursor")
    };
    let cases = [organisations("", "x"), organisations("", &own), organisations("name=acme&", &own)];
    check_all(&partnerships, cases).await;
    // A cursor holds with any limit.
    let rest = one.get(&format!("/seats?status=pending&limit=50&cursor={own}")).await;
    assert_eq!(rest["invites"].as_array().map(Vec::len), Some(4), "{rest}");
    let rest = search(json!({"email": "p", "cursor": found})).await;
    assert_eq!(emails(rest["invites"].as_array().unwrap()), all[2..]);
}

/// I3: each row has its own outcome, and a dry run predicts it. Which texts are addresses is in
/// `shared/src/domain/email.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_a_dry_run_predicts_the_outcome_of_each_row_and_changes_nothing() {
    let stack = TestStack::start().await;
    let (deal, _) = deal_with_invites(&stack).await;
    let of = |email: &str| json!({"email": email});
    let rows = [
        (json!({"email": "Ann@Example.com", "name": 7}), "invited"),
        (of(" ann@EXAMPLE.com\u{200b}"), "duplicate"),
        (of("PENDING@Example.com"), "already_pending"),
        (of("accepted@example.com"), "already_accepted"),
        (of("cancelled@example.com"), "invited"),
        (of("not an address"), "invalid_email"),
        (of("not an address"), "invalid_email"),
        (json!({"email": 7}), "invalid_email"),
        (json!({"name": "Ann"}), "invalid_email"),
    ];
    let all = rows.each_ref().map(|(row, _)| row);
    let before = stack.snapshot(&deal).await;
    for dry in [true, false] {
        let answer = deal.try_invite(&json!({"invites": all, "dryRun": dry})).await.ok(200);
        assert_eq!(outcomes(&answer), rows.each_ref().map(|(_, outcome)| *outcome), "{answer:#}");
        for (result, (row, outcome)) in answer["results"].as_array().unwrap().iter().zip(&rows) {
            assert_eq!(result["email"], row["email"].as_str().unwrap_or_default(), "as it was given");
            let has_reason = ["invalid_email", "already_pending"].contains(outcome);
            assert_eq!(result["detail"].is_string(), has_reason, "{result}");
        }
        assert_eq!(answer["summary"], json!({"invited": 2, "skipped": 3, "rejected": 4, "failed": 0}));
        assert_eq!(stack.snapshot(&deal).await == before, dry, "only a dry run changes nothing");
    }
    assert_eq!((deal.counts().await, stack.inbox().await.len()), ([3, 1, 0], before.1 + 2));
    let listed = deal.rows("").await;
    assert_eq!(row_of(&listed, "ann@example.com")["name"], Value::Null, "a name must be a text");
}

/// Seats, times, names and ids of deals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_deal_is_refused() {
    let stack = TestStack::start().await;
    let (deal, _) = deal_with_invites(&stack).await;
    let partnerships = stack.person(PARTNERSHIPS).await;
    let good = stack.deal_body("initech", 5);
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let mut cases = Vec::new();
    let mut make = |body: &Value, field: &'static str| {
        let mut case = case("POST", "/api/deals", body, field);
        case.headers.push(("idempotency-key", "bad"));
        cases.push(case);
    };
    for field in ["organisation", "name", "seats", "startsAt", "endsAt"] {
        make(&with(field, Value::Null), field);
    }
    let wrong = [
        ("seats", json!(0)),
        ("seats", json!(u64::MAX)),
        ("startsAt", json!("2026-11-23T15:04:05")),
        ("endsAt", json!(1_795_446_245)),
        ("name", json!("  ")),
    ];
    for (field, value) in &wrong {
        make(&with(field, value.clone()), field);
    }
    make(&with("startsAt", json!("2099-01-01T00:00:00Z")), "endsAt");
    for id in ["", "Initech", "a/b", &"a".repeat(65)] {
        make(&with("organisation", json!({"id": id, "name": "Initech"})), "id");
    }
    make(&with("organisation", json!({"id": "initech", "name": "a\u{202e}b"})), "name");

    let mut change = |body: Value, field| cases.push(case("PATCH", deal.path(""), &body, field));
    for (field, value) in wrong {
        change(json!({field: value}), field);
    }
    change(json!({"startsAt": "2099-01-01T00:00:00Z", "endsAt": "2098-01-01T00:00:00Z"}), "");
    change(json!({"organisation": {"id": "other", "name": "Other"}}), "organisation");
    change(json!({"organisation": {"name": ""}}), "organisation.name");
    change(json!({"salt": "x"}), "");
    let list = |id| case("GET", format!("/api/deals?organisation={id}"), &Value::Null, "organisation");
    cases.extend(["", "In%20itech", "%00"].map(list));
    let before = stack.snapshot(&deal).await;
    check_all(&partnerships, cases).await;
    assert_eq!(stack.snapshot(&deal).await, before, "nothing has changed");
    let initech = partnerships.get("/api/deals?organisation=initech").await.ok(200);
    assert_eq!(initech, json!({"deals": []}), "none of them was created");
}
