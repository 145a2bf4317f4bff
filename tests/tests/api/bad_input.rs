//! Bad input gets a problem document that says which field and why, and changes nothing. I8.
//!
//! What has no valid token, scope or deal is in `isolation.rs`.

use serde_json::{Value, json};
use tests::{Answer, Client, Deal, PARTNERSHIPS, TestStack, emails, problem_fields, row_of};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

struct Case {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    status: u16,
    code: Option<&'static str>,
    /// A part of the name of the field that is to blame; empty if there is none.
    field: &'static str,
}

fn case(method: &'static str, path: impl Into<String>, body: &Value, field: &'static str) -> Case {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let (status, code) = (400, Some("invalid_request"));
    Case { method, path: path.into(), headers: JSON.to_vec(), body, status, code, field }
}

impl Case {
    fn gets(self, status: u16, code: &'static str) -> Self {
        Self { status, code: (!code.is_empty()).then_some(code), ..self }
    }

    /// All that is wrong with the answer, or nothing.
    async fn check(&self, client: &Client) -> Option<String> {
        let answer = client.raw(self.method, &self.path, &self.headers, self.body.clone()).await;
        let complaint = self.complaint(&answer)?;
        Some(format!("{complaint}\n  {}", answer.show().replace('\n', "\n  ")))
    }

    fn complaint(&self, answer: &Answer) -> Option<String> {
        if answer.status != self.status {
            return Some(format!("expected {} {:?}", self.status, self.code));
        }
        let kind = [answer.header("content-type"), answer.header("cache-control")];
        if kind != ["application/problem+json", "no-store"] {
            return Some(format!("expected a problem document, not stored; got {kind:?}"));
        }
        let body = answer.json();
        if self.code.is_some_and(|code| body["code"] != code) {
            return Some(format!("expected the code {:?}", self.code));
        }
        let fields = problem_fields(&body);
        let blamed = self.field.is_empty() || fields.iter().any(|field| field.contains(self.field));
        (!blamed).then(|| format!("expected errors to blame {}, not {fields:?}", self.field))
    }
}

async fn check_all(client: &Client, cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        wrong.extend(case.check(client).await);
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}\n", wrong.len(), cases.len(), wrong.join("\n\n"));
}

async fn everything(stack: &TestStack, deal: &Deal) -> (Value, usize) {
    (deal.snapshot().await, stack.inbox().await.len())
}

/// A deal with one pending, one accepted and one cancelled invite; their ids.
async fn lively_deal(stack: &TestStack) -> (Deal, [String; 3]) {
    let deal = stack.deal(3).await;
    deal.invite(&["pending@example.com", "accepted@example.com", "cancelled@example.com"]).await;
    let rows = deal.rows("").await;
    let ids = ["pending", "accepted", "cancelled"]
        .map(|name| row_of(&rows, &format!("{name}@example.com"))["id"].as_str().unwrap().to_owned());
    let token = stack.token_for("accepted@example.com").await;
    stack.accept(&stack.person("accepted@example.com").await, &token).await.ok(200);
    deal.cancel(&ids[2]).await.ok(204);
    (deal, ids)
}

/// What is not one JSON object of a known type, on every route that takes a body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_json_is_refused_on_every_route() {
    let stack = TestStack::start().await;
    let (deal, _) = lively_deal(&stack).await;
    let (partnerships, learner) = (stack.person(PARTNERSHIPS).await, stack.person("x@example.com").await);
    let before = everything(&stack, &deal).await;
    for (client, method, path) in [
        (&deal.manager, "POST", deal.path("/invites")),
        (&deal.manager, "POST", deal.path("/invites/resend")),
        (&deal.manager, "POST", deal.path("/seats/search")),
        (&learner, "POST", "/api/invites/preview".to_owned()),
        (&learner, "POST", "/api/invites/accept".to_owned()),
        (&partnerships, "POST", "/api/deals".to_owned()),
        (&partnerships, "PATCH", deal.path("")),
    ] {
        let request = |body: &[u8]| Case { body: body.to_vec(), ..case(method, &path, &Value::Null, "") };
        let deep = "[".repeat(4_000);
        let bodies: [&[u8]; 8] = [
            b"",
            b"{",
            b"{}x",
            b"null",
            b"[]",
            b"{\"surprise\":1}",
            b"{\"token\":\"\xff\"}",
            deep.as_bytes(),
        ];
        check_all(client, &bodies.map(request)).await;
        let kinds = ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"];
        let headers = kinds.map(|kind| vec![("content-type", kind)]).into_iter().chain([vec![]]);
        let cases =
            headers.map(|headers| Case { headers, ..request(b"{}") }.gets(415, "unsupported_media_type"));
        check_all(client, &cases.collect::<Vec<_>>()).await;
        let too_large_for_the_gateway = vec![b' '; 10 * 1024 * 1024 + 1];
        assert_eq!(client.raw(method, &path, JSON, too_large_for_the_gateway).await.status, 413);
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        let headers = [("content-type", kind)];
        let answer =
            learner.raw("POST", "/api/invites/preview", &headers, b"{\"token\":\"x\"}".to_vec()).await;
        answer.problem(404, "unknown_invite");
    }
    assert_eq!(everything(&stack, &deal).await, before, "nothing has changed");
    stack.stop().await;
}

/// Wrong types, unknown fields, too many rows, numbers out of range, tags that do not fit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_wrong_fields_is_refused_by_name() {
    let stack = TestStack::start().await;
    let (deal, [pending, accepted, cancelled]) = lively_deal(&stack).await;
    let before = everything(&stack, &deal).await;
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
        invite(json!({}), "invites"),
        invite(json!({"invites": []}), "invites"),
        invite(json!({"invites": "new@example.com"}), "invites"),
        invite(json!({"invites": [row, null]}), "invites"),
        invite(json!({"invites": [{"email": "new@example.com", "role": "admin"}]}), "invites[0]"),
        invite(json!({"invites": [row], "dryRun": "yes"}), "dryRun"),
        invite(json!({"invites": vec![row; 1_001]}), "").gets(413, "too_many_invites"),
        again(json!({}), ""),
        again(json!({"status": "pending"}), "status"),
        again(json!({"status": "expired", "invites": [known]}), ""),
        again(json!({"invites": []}), "invites"),
        again(json!({"invites": [{"id": pending}]}), "sends"),
        again(json!({"invites": [{"id": 7, "sends": 1}]}), "id"),
        again(json!({"invites": [{"id": pending, "sends": -1}]}), "sends"),
        again(json!({"invites": [{"id": pending, "sends": 1, "force": true}]}), "invites[0]"),
        again(json!({"invites": vec![known; 1_001]}), "").gets(413, "too_many_invites"),
        find(json!({}), "email"),
        find(json!({"email": "a".repeat(1_000)}), "email"),
        find(json!({"email": "a", "limit": "5"}), "limit"),
        find(json!({"email": "a", "limit": 201}), "limit"),
        find(json!({"email": "a", "status": "cancelled"}), "status"),
        find(json!({"email": "a", "cursor": 5}), "cursor"),
        preview(json!({}), "token"),
        preview(json!({"token": 5}), "token"),
        preview(json!({"token": "x", "accept": true}), ""),
    ];
    cases.extend(
        ["Pending", "cancelled", "", "%00"].map(|status| list(&format!("status={status}"), "status")),
    );
    cases.extend(["0", "201", "-1", "1.5", "abc", ""].map(|limit| list(&format!("limit={limit}"), "limit")));
    check_all(&deal.manager, &cases).await;
    let learner = stack.person("x@example.com").await;
    let accept = |body: Value, field| case("POST", "/api/invites/accept", &body, field);
    check_all(&learner, &[accept(json!({}), "token"), accept(json!({"token": "x", "sub": "other"}), "")])
        .await;

    assert_eq!(deal.resend(&cancelled, Some("\"1\"")).await.status / 100, 4);
    assert_eq!(deal.release(&pending).await.status / 100, 4);
    for tag in ["\"0\"", "W/\"1\"", "1", "\"abc\"", "\"0\", \"99\""] {
        deal.resend(&pending, Some(tag)).await.problem(412, "stale");
        for path in [deal.invite_path(&pending), deal.seat_path(&accepted)] {
            deal.manager.call("DELETE", &path, &[("if-match", tag)], None).await.problem(412, "stale");
        }
    }
    assert_eq!(everything(&stack, &deal).await, before, "nothing has changed");
    stack.stop().await;
}

/// `shared/src/store/cursor.rs` shows which cursors are genuine; here, that each list asks.
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
    ];
    check_all(&one.manager, &cases).await;
    // Another limit is no other filter.
    let rest = one.get(&format!("/seats?status=pending&limit=50&cursor={own}")).await;
    assert_eq!(rest["invites"].as_array().map(Vec::len), Some(4), "{rest}");
    let rest = search(json!({"email": "p", "cursor": found})).await;
    assert_eq!(emails(rest["invites"].as_array().unwrap()), all[2..]);
    stack.stop().await;
}

/// I3: what is no address is told in its row, and no row fails its neighbours. Which texts are addresses is shown in
/// `shared/src/domain/email.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_judged_row_by_row() {
    let stack = TestStack::start().await;
    let deal = stack.deal(9).await;
    let rows = [
        (json!({"email": "Ann@Example.com", "name": 7}), "invited"),
        (json!({"email": " ann@EXAMPLE.com\u{200b}"}), "duplicate"),
        (json!({"email": "ann@example.com\r\nBcc: bob@example.com"}), "invalid_email"),
        (json!({"email": ""}), "invalid_email"),
        (json!({"email": 7}), "invalid_email"),
        (json!({"email": ["x@example.com"]}), "invalid_email"),
        (json!({"name": "Ann"}), "invalid_email"),
        (json!({"email": "first.last+tag@example.com"}), "invited"),
        (json!({"email": "firstlast@example.com"}), "invited"),
    ];
    let all: Vec<_> = rows.iter().map(|(row, _)| row).collect();
    for dry in [true, false] {
        let answer = deal.try_invite(&json!({"invites": all, "dryRun": dry})).await.ok(200);
        for (result, (row, outcome)) in answer["results"].as_array().unwrap().iter().zip(&rows) {
            assert_eq!(result["outcome"], *outcome, "{row}: {result}");
            assert_eq!(result["email"], row["email"].as_str().unwrap_or_default());
            assert_eq!(result["detail"].is_string(), *outcome == "invalid_email", "{result}");
        }
        assert_eq!(answer["summary"], json!({"invited": 3, "skipped": 1, "rejected": 5, "failed": 0}));
    }
    assert_eq!((deal.counts().await, stack.inbox().await.len()), ([3, 0, 0], 3));
    let listed = deal.rows("").await;
    assert_eq!(row_of(&listed, "ann@example.com")["name"], Value::Null, "a name that is no text is none");
    stack.stop().await;
}

/// I8: names, titles and addresses bring nothing into a mail or an answer but themselves. Which texts are cleaned or
/// refused is shown in `shared/src/domain/name.rs`, and what a mail escapes in `shared/src/mail/tests.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_titles_and_addresses_inject_nothing() {
    let stack = TestStack::start().await;
    let deal = stack.deal(9).await;
    let partnerships = stack.person(PARTNERSHIPS).await;
    for (title, address, name) in [
        ("<script>alert(1)</script>", "=cmd|x!a@example.com", "Ann\r\nBcc: victim@example.com"),
        ("{{subject}}{{{html}}}", "{{html}}@example.com", "Visit https://evil.example/win now"),
        ("\"><a href='x'>", "a'b`c@example.com", "<img src=x onerror=alert(1)>"),
        ("=HYPERLINK(\"x\")", "$a%b&c@example.com", "\u{202e}nnA\u{200b}"),
    ] {
        partnerships.patch(&deal.path(""), &json!({"name": title})).await.ok(200);
        let answer = deal.try_invite(&json!({"invites": [{"email": address, "name": name}]})).await.ok(200);
        assert_eq!(answer["results"][0]["outcome"], "invited", "no name is a reason not to invite: {answer}");
        let page = deal.manager.get(&deal.path("/seats")).await;
        assert_eq!(
            (page.header("content-type"), &page.json()["deal"]["name"]),
            ("application/json", &json!(title))
        );
        let shown = row_of(&deal.rows("").await, address)["name"].to_string();
        assert!(!shown.contains(['\n', '\u{202e}', '\u{200b}']) && !shown.contains("://"), "{shown}");

        let mail = stack.inbox_for(address).await.pop().unwrap();
        let (text, html) = (mail.field("text"), mail.field("html"));
        assert_eq!((mail.field("subject"), mail.field("to")), ("FutureLearn Invitation", address));
        assert!(text.contains(title), "as it is: {text}");
        for markup in ["<script", "href='x'", "<img src=x", "https://evil"] {
            assert!(!html.contains(markup), "{markup} in {html}");
        }
        let foreign =
            html.match_indices("href=\"").any(|(at, _)| !html[at + 6..].starts_with(stack.local.url()));
        assert!(!foreign, "only our own link: {html}");
        let headers = mail.0["headers"].to_string().to_lowercase();
        assert!(!headers.contains("script") && !headers.contains("bcc"), "{headers}");
    }
    stack.stop().await;
}

/// Deals: seats, times, names and ids that make no sense.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deals_that_make_no_sense_are_refused() {
    let stack = TestStack::start().await;
    let (deal, _) = lively_deal(&stack).await;
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
        ("seats", json!(1.5)),
        ("seats", json!(u64::MAX)),
        ("startsAt", json!("2026-11-23T15:04:05")),
        ("endsAt", json!(1_795_446_245)),
        ("name", json!("  ")),
        ("name", json!("x".repeat(1_000))),
        ("name", json!("a\r\nBcc: b@c.example")),
        ("name", json!("see https://evil.example")),
    ];
    for (field, value) in &wrong {
        make(&with(field, value.clone()), field);
    }
    make(&with("startsAt", json!("2099-01-01T00:00:00Z")), "endsAt");
    for id in ["", "Initech", "a/b", &"a".repeat(65)] {
        make(&with("organisation", json!({"id": id, "name": "Initech"})), "id");
    }
    make(&with("organisation", json!({"id": "initech", "name": "a\u{202e}b"})), "name");
    make(&with("organisation", json!({"id": "initech", "name": "Initech", "vip": true})), "organisation");
    make(&with("allocated", json!(0)), "");

    let mut change =
        |body: Value, field: &'static str| cases.push(case("PATCH", deal.path(""), &body, field));
    for (field, value) in wrong {
        change(json!({field: value}), field);
    }
    change(json!({"startsAt": "2099-01-01T00:00:00Z", "endsAt": "2098-01-01T00:00:00Z"}), "");
    change(json!({"organisation": {"id": "other", "name": "Other"}}), "organisation");
    change(json!({"organisation": {"name": ""}}), "organisation.name");
    change(json!({"salt": "x"}), "");
    let before = everything(&stack, &deal).await;
    check_all(&partnerships, &cases).await;
    let edit = json!({"name": "New"});
    for tag in ["\"0000\"", "W/\"1\"", "\"98\", \"99\""] {
        let stale = [("if-match", tag)];
        partnerships.call("PATCH", &deal.path(""), &stale, Some(&edit)).await.problem(412, "stale");
    }
    assert_eq!(everything(&stack, &deal).await, before, "nothing has changed");
    let initech = partnerships.get("/api/deals?organisation=initech").await.ok(200);
    assert_eq!(initech, json!({"deals": []}), "none of them was made");
    for organisation in ["", "In%20itech", "%00"] {
        let answer = partnerships.get(&format!("/api/deals?organisation={organisation}")).await;
        assert_eq!(answer.status, 400, "{}", answer.show());
    }
    stack.stop().await;
}
