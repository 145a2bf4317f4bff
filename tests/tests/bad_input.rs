//! Bad input gets a problem document that says which field and why, and changes nothing. I8.
//!
//! What has no valid token, scope or deal is in `isolation.rs`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "tables of cases, whose helpers fail as a test does"
)]

use serde_json::{Value, json};
use tests::{Answer, Client, Deal, PARTNERSHIPS, World, emails, problem_fields, row_of};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// One request that is wrong, and what it gets.
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

/// All that a case could have changed.
async fn everything(world: &World, deal: &Deal) -> (Value, usize) {
    (deal.snapshot().await, world.inbox().await.len())
}

/// A deal with one pending, one accepted and one cancelled invite; their ids.
async fn lively_deal(world: &World) -> (Deal, [String; 3]) {
    let deal = world.deal(3).await;
    deal.invite(&["pending@example.com", "accepted@example.com", "cancelled@example.com"]).await;
    let rows = deal.rows("").await;
    let ids = ["pending", "accepted", "cancelled"]
        .map(|name| row_of(&rows, &format!("{name}@example.com"))["id"].as_str().unwrap().to_owned());
    let token = world.token_for("accepted@example.com").await;
    world.accept(&world.person("accepted@example.com").await, &token).await.ok(200);
    deal.cancel(&ids[2]).await.ok(204);
    (deal, ids)
}

/// Bodies that are no JSON object, of every route that takes one, and the wrong content types.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_json_is_refused_on_every_route() {
    let world = World::start().await;
    let (deal, [pending, ..]) = lively_deal(&world).await;
    let (partnerships, learner) = (world.person(PARTNERSHIPS).await, world.person("x@example.com").await);
    let before = everything(&world, &deal).await;
    let routes = [
        (&deal.manager, "POST", deal.path("/invites")),
        (&deal.manager, "POST", deal.path("/invites/resend")),
        (&deal.manager, "POST", deal.path("/seats/search")),
        (&learner, "POST", "/api/invites/preview".to_owned()),
        (&learner, "POST", "/api/invites/accept".to_owned()),
        (&partnerships, "POST", "/api/deals".to_owned()),
        (&partnerships, "PATCH", deal.path("")),
    ];
    for (client, method, path) in routes {
        let mut cases = Vec::new();
        let deep = "[".repeat(4_000);
        for body in
            ["{", "{}x", "nonsense", "null", "[]", "\"text\"", "7", "true", "{\"a\":}", "\u{feff}{}", &deep]
        {
            cases.push(Case { body: body.into(), ..case(method, &path, &Value::Null, "") });
        }
        cases.push(Case {
            body: b"{\"token\":\"\xff\xfe\"}".to_vec(),
            ..case(method, &path, &Value::Null, "")
        });
        cases.push(case(method, &path, &Value::Null, ""));
        cases.push(case(method, &path, &json!({"surprise": 1}), ""));
        for kind in [
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "json",
        ] {
            let headers = vec![("content-type", kind)];
            cases.push(Case { headers, ..case(method, &path, &json!({"token": "x"}), "") }.gets(415, ""));
        }
        cases.push(Case { headers: vec![], ..case(method, &path, &json!({"token": "x"}), "") }.gets(415, ""));
        check_all(client, &cases).await;
        // Too large for the gateway.
        let huge = format!("{{\"token\":\"{}\"}}", "x".repeat(10 * 1024 * 1024)).into_bytes();
        let answer = client.raw(method, &path, JSON, huge).await;
        assert_eq!(answer.status, 413, "{}", answer.show());
    }
    // A charset is no other type, nor are capitals.
    for kind in ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"] {
        let headers = [("content-type", kind)];
        let answer = learner.call("POST", "/api/invites/preview", &headers, None).await;
        assert_eq!(answer.status, 400, "no body: {}", answer.show());
        let body = json!({"token": "x"}).to_string().into_bytes();
        learner.raw("POST", "/api/invites/preview", &headers, body).await.problem(404, "unknown_invite");
    }
    // A resend has no body; whatever is in one changes nothing but what was asked for.
    assert_eq!(deal.one(&pending).await["sends"], 1);
    assert_eq!(everything(&world, &deal).await, before, "nothing has changed");
    world.stop().await;
}

/// Wrong types, unknown fields, too many rows, numbers out of range.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_wrong_fields_is_refused_by_name() {
    let world = World::start().await;
    let (deal, [pending, accepted, cancelled]) = lively_deal(&world).await;
    let before = everything(&world, &deal).await;
    let row = json!({"email": "new@example.com"});
    let many = |count: usize| {
        json!((0..count).map(|number| json!({"email": format!("n{number}@example.com")})).collect::<Vec<_>>())
    };
    let entries = |count: usize| json!(vec![json!({"id": pending, "sends": 1}); count]);

    let (invites, resend, search) =
        (deal.path("/invites"), deal.path("/invites/resend"), deal.path("/seats/search"));
    let invite = |body: Value, field| case("POST", &invites, &body, field);
    let again = |body: Value, field| case("POST", &resend, &body, field);
    let find = |body: Value, field| case("POST", &search, &body, field);
    let list = |query: &str, field| case("GET", deal.path(&format!("/seats?{query}")), &Value::Null, field);
    let mut cases = vec![
        invite(json!({}), "invites"),
        invite(json!({"invites": []}), "invites"),
        invite(json!({"invites": null}), "invites"),
        invite(json!({"invites": "new@example.com"}), "invites"),
        invite(json!({"invites": {"email": "new@example.com"}}), "invites"),
        invite(json!({"invites": ["new@example.com"]}), "invites"),
        invite(json!({"invites": [row, null]}), "invites"),
        invite(json!({"invites": [{"email": "new@example.com", "role": "admin"}]}), "invites[0]"),
        invite(json!({"invites": [row], "dryRun": "yes"}), "dryRun"),
        invite(json!({"invites": [row], "dryrun": true}), ""),
        invite(json!({"invites": [row], "url": "https://evil.example"}), ""),
        invite(json!({"invites": many(1_001)}), "").gets(413, "too_many_invites"),
        invite(json!({"invites": many(5_000), "dryRun": true}), "").gets(413, "too_many_invites"),
        again(json!({}), ""),
        again(json!({"status": "pending"}), "status"),
        again(json!({"status": "Expired"}), "status"),
        again(json!({"status": 1}), "status"),
        again(json!({"status": "expired", "invites": [{"id": pending, "sends": 1}]}), ""),
        again(json!({"invites": []}), "invites"),
        again(json!({"invites": [pending]}), "invites"),
        again(json!({"invites": [{"id": pending}]}), "sends"),
        again(json!({"invites": [{"sends": 1}]}), "id"),
        again(json!({"invites": [{"id": 7, "sends": 1}]}), "id"),
        again(json!({"invites": [{"id": pending, "sends": "1"}]}), "sends"),
        again(json!({"invites": [{"id": pending, "sends": 1.5}]}), "sends"),
        again(json!({"invites": [{"id": pending, "sends": -1}]}), "sends"),
        again(json!({"invites": [{"id": pending, "sends": 1, "force": true}]}), "invites[0]"),
        again(json!({"invites": entries(1_001)}), "").gets(413, "too_many_invites"),
        find(json!({}), "email"),
        find(json!({"email": 7}), "email"),
        find(json!({"email": null}), "email"),
        find(json!({"email": "a".repeat(1_000)}), "email"),
        find(json!({"email": "a", "limit": "5"}), "limit"),
        find(json!({"email": "a", "cursor": 5}), "cursor"),
        find(json!({"email": "a", "sort": "name"}), ""),
        case("POST", "/api/invites/preview", &json!({"token": null}), "token"),
        case("POST", "/api/invites/preview", &json!({"token": 5}), "token"),
        case("POST", "/api/invites/preview", &json!({"token": ["x"]}), "token"),
        case("POST", "/api/invites/preview", &json!({"token": "x", "accept": true}), ""),
        case("POST", "/api/invites/preview", &json!({}), "token"),
    ];
    for status in ["Pending", "cancelled", "released", "x", "", "pending,expired", "%00"] {
        cases.push(list(&format!("status={status}"), "status"));
        let name = status.replace("%00", "\0");
        cases.push(find(json!({"email": "a", "status": name}), "status"));
    }
    for limit in ["0", "201", "-1", "1.5", "abc", "", "99999999999999999999", "0x10"] {
        cases.push(list(&format!("limit={limit}"), "limit"));
    }
    for limit in [json!(0), json!(201), json!(-1), json!(1.5), json!(1e30)] {
        cases.push(find(json!({"email": "a", "limit": limit}), "limit"));
    }
    check_all(&deal.manager, &cases).await;

    // Accept asks the same of its body.
    let learner = world.person("x@example.com").await;
    let accept = |body: Value, field| case("POST", "/api/invites/accept", &body, field);
    let cases = [
        accept(json!({}), "token"),
        accept(json!({"token": 5}), "token"),
        accept(json!({"token": null}), "token"),
        accept(json!({"token": "x", "sub": "somebody-else"}), ""),
    ];
    check_all(&learner, &cases).await;

    // What names nothing, or something in another state.
    let missing = "A".repeat(pending.len());
    for id in [missing.as_str(), "x", "%00", "A%2FB", &"A".repeat(2_000)] {
        deal.manager.get(&deal.invite_path(id)).await.problem(404, "not_found");
        deal.resend(id, None).await.problem(404, "not_found");
        deal.cancel(id).await.problem(404, "not_found");
        deal.release(id).await.problem(404, "not_found");
    }
    deal.cancel(&accepted).await.problem(409, "already_accepted");
    deal.resend(&accepted, Some("\"1\"")).await.problem(409, "already_accepted");
    assert_eq!(deal.resend(&cancelled, Some("\"1\"")).await.status / 100, 4);
    assert_eq!(deal.release(&pending).await.status / 100, 4);
    for tag in
        ["\"0\"", "\"99\"", "W/\"1\"", "1", "\"abc\"", "\"\"", "\"0\", \"99\"", "\"99999999999999999999\""]
    {
        deal.resend(&pending, Some(tag)).await.problem(412, "stale");
        for path in [deal.invite_path(&pending), deal.seat_path(&accepted)] {
            deal.manager.call("DELETE", &path, &[("if-match", tag)], None).await.problem(412, "stale");
        }
    }
    assert_eq!(everything(&world, &deal).await, before, "nothing has changed");
    world.stop().await;
}

/// Cursors: cut, forged, of another deal, of another filter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_holds_for_its_deal_and_filter_only() {
    let world = World::start().await;
    let (one, two) = (world.deal(9).await, world.deal(9).await);
    let all: Vec<_> = (0..6).map(|number| format!("p{number}@example.com")).collect();
    one.invite(&all).await;
    two.invite(&all).await;
    let cursor = async |deal: &Deal, query: &str| {
        deal.get(&format!("/seats?{query}")).await["nextCursor"].as_str().unwrap().to_owned()
    };
    let search = async |deal: &Deal, body: Value| deal.manager.post(&deal.path("/seats/search"), &body).await;
    let own = cursor(&one, "status=pending&limit=2").await;
    let whole = cursor(&one, "limit=2").await;
    let found = search(&one, json!({"email": "p", "limit": 2})).await.ok(200)["nextCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    for cursor in [&own, &whole, &found] {
        assert!(!cursor.contains('@') && !cursor.contains("example"), "opaque: {cursor}");
        assert!(
            cursor.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c)),
            "fits into a URL: {cursor}"
        );
    }

    let mut bad: Vec<String> =
        vec!["x".into(), "A".repeat(own.len()), "A".repeat(10_000), "%00".into(), "%F0%9F".into()];
    bad.extend([1, own.len() / 2, own.len() - 1].map(|length| own[..length].to_owned()));
    bad.push(format!("{own}A"));
    for place in 0..own.len() {
        let mut forged = own.clone().into_bytes();
        forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
        bad.push(String::from_utf8(forged).unwrap());
    }
    bad.extend([cursor(&two, "status=pending&limit=2").await, whole.clone(), found.clone()]);
    let mut cases: Vec<_> = bad
        .iter()
        .map(|cursor| {
            let path = one.path(&format!("/seats?status=pending&limit=2&cursor={cursor}"));
            case("GET", path, &Value::Null, "cursor")
        })
        .collect();
    for status in ["status=accepted&", "status=expired&", ""] {
        cases.push(case("GET", one.path(&format!("/seats?{status}cursor={own}")), &Value::Null, "cursor"));
    }
    let path = one.path("/seats/search");
    for (email, status, cursor) in [
        ("p1", Value::Null, &found),
        ("p0", Value::Null, &found),
        ("zzz", Value::Null, &found),
        ("p", json!("pending"), &found),
        ("p", Value::Null, &own),
        ("p", Value::Null, &whole),
    ] {
        let mut body = json!({"email": email, "cursor": cursor});
        if !status.is_null() {
            body["status"] = status;
        }
        cases.push(case("POST", &path, &body, "cursor"));
    }
    check_all(&one.manager, &cases).await;
    // Another limit is no other filter, and the cursor still works.
    let rest = one.get(&format!("/seats?status=pending&limit=50&cursor={own}")).await;
    assert_eq!(rest["invites"].as_array().map(Vec::len), Some(4), "{rest}");
    let rest = search(&one, json!({"email": "p", "cursor": found})).await.ok(200);
    assert_eq!(emails(rest["invites"].as_array().unwrap()), all[2..]);
    world.stop().await;
}

/// Addresses: what is none is told in its row, what is one is normalised, and no row fails its neighbours. I3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_judged_row_by_row() {
    let world = World::start().await;
    let deal = world.deal(9).await;
    let domain = |length: usize| {
        let label = format!("{}.", "d".repeat(60));
        let text = format!("{}example", label.repeat(5));
        text[text.len() - length..].trim_start_matches('.').to_owned()
    };
    let long = |length: usize| format!("{}@{}", "l".repeat(64), domain(length - 65));
    assert_eq!((long(254).len(), long(255).len()), (254, 255));
    let invalid = [
        String::new(),
        " ".to_owned(),
        "ann".to_owned(),
        "@".to_owned(),
        "ann@".to_owned(),
        "@example.com".to_owned(),
        "an n@example.com".to_owned(),
        "ann@exam ple.com".to_owned(),
        "ann@@example.com".to_owned(),
        "ann@example@com".to_owned(),
        "\"ann@example.com".to_owned(),
        "'ann lee'@example.com".to_owned(),
        "Ann Lee <ann@example.com>".to_owned(),
        "ann@example.com, bob@example.com".to_owned(),
        "ann@example.com;bob@example.com".to_owned(),
        "ann@example.com\r\nBcc: bob@example.com".to_owned(),
        "ann..lee@example.com".to_owned(),
        ".ann@example.com".to_owned(),
        "ann.@example.com".to_owned(),
        "ann@-example.com".to_owned(),
        "ann@example..com".to_owned(),
        "ann@[127.0.0.1]".to_owned(),
        "änn@example.com".to_owned(),
        "ann😀@example.com".to_owned(),
        "o’brien@example.com".to_owned(),
        "аnn@example.com".to_owned(), // the first letter is Cyrillic
        format!("{}@example.com", "l".repeat(65)),
        long(255),
        format!("ann@{}.com", "d".repeat(64)),
        "a".repeat(5_000),
    ];
    // As typed, and as the same address is written otherwise.
    let valid = [
        ("Ann@Example.COM", "ann@example.com"),
        ("  spaces@example.com\t", "spaces@example.com"),
        ("zero\u{200b}width@exam\u{200d}ple.com", "zerowidth@example.com"),
        ("\u{feff}bom@example.com", "BOM@example.com"),
        ("soft\u{ad}hyphen@example.com", "softhyphen@example.com"),
        ("bidi\u{202e}@example.com", "bidi@example.com"),
        ("idn@bücher.example", "IDN@xn--bcher-kva.example"),
        ("upper@BÜCHER.example", "upper@bücher.example"),
        ("o'brien@example.com", "O'Brien@example.com"),
        ("full＠ｗｉｄｔｈ．example", "ＦＵＬＬ@width.example"),
        ("first.last+tag@example.com", "First.Last+TAG@example.com"),
        (&long(254), &long(254).to_uppercase()),
    ];
    let mut rows: Vec<Value> = invalid.iter().map(|email| json!({"email": email})).collect();
    rows.extend(valid.iter().map(|(typed, _)| json!({"email": typed})));
    rows.extend(valid.iter().map(|(_, same)| json!({"email": same})));
    let (rejected, invited) = (invalid.len(), valid.len());
    let mut wrong = Vec::new();
    for dry in [true, false] {
        let answer = deal.try_invite(&json!({"invites": rows, "dryRun": dry})).await.ok(200);
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), rows.len());
        for (index, (result, row)) in results.iter().zip(&rows).enumerate() {
            let expected = match index {
                index if index < rejected => "invalid_email",
                index if index < rejected + invited => "invited",
                _ => "duplicate",
            };
            if result["outcome"] != expected || result["email"] != row["email"] {
                wrong.push(format!("{row} is {expected}, got {result} (dryRun {dry})"));
            }
            if expected == "invalid_email" && result["detail"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{row} is told why: {result}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(deal.counts().await, [invited as u64, 0, 0]);
    assert_eq!(world.inbox().await.len(), invited, "one mail for one address");
    // Again, in the other casing: nothing new. Dots and tags make another address.
    let others: Vec<_> = valid.iter().map(|(_, same)| *same).collect();
    let again = deal.invite(&others).await;
    assert_eq!(
        again["summary"],
        json!({"invited": 0, "skipped": invited, "rejected": 0, "failed": 0}),
        "{again}"
    );
    let kept = deal
        .invite(&["firstlast@example.com", "first.last@example.com", "first.last+tag2@example.com"])
        .await;
    assert_eq!(kept["summary"]["invited"], 3, "{kept}");
    // Search finds what is normalised.
    assert_eq!(deal.search("ZEROWIDTH@EXAMPLE", &[]).await.len(), 1);
    assert_eq!(deal.search("first.last+", &[]).await.len(), 2);

    // A cell of another type, or none at all, is no address, and is no name.
    let cells = [json!(null), json!(7), json!(true), json!(["x@example.com"]), json!({"a": "x@example.com"})];
    let mut rows: Vec<_> = cells.iter().map(|cell| json!({"email": cell})).collect();
    rows.push(json!({"name": "Ann"}));
    let invalid = rows.len();
    rows.extend(
        (0..cells.len())
            .map(|number| json!({"email": format!("cell{number}@example.com"), "name": cells[number]})),
    );
    let answer = deal.try_invite(&json!({"invites": rows})).await.ok(200);
    let results = answer["results"].as_array().unwrap();
    for result in &results[..invalid] {
        let nothing =
            json!({"email": "", "outcome": "invalid_email", "detail": "This is not an email address."});
        assert_eq!(*result, nothing);
    }
    for result in &results[invalid..] {
        assert_eq!(result["outcome"], "invited", "{result}");
        assert_eq!(deal.one(result["inviteId"].as_str().unwrap()).await["name"], Value::Null);
    }

    // A row of nothing but bad ones is an answer, too.
    let before = everything(&world, &deal).await;
    let none = deal.invite(&["ann", "@"]).await;
    assert_eq!(none["summary"], json!({"invited": 0, "skipped": 0, "rejected": 2, "failed": 0}));
    assert_eq!(everything(&world, &deal).await, before);
    world.stop().await;
}

/// Names can inject neither HTML, nor headers, nor links, nor marks that turn the text around.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_inject_nothing() {
    let world = World::start().await;
    let organisation = json!({"id": "hostile", "name": "<b>Evil</b> & \"Corp\""});
    let body = json!({"organisation": organisation, "name": "Deal <script>alert(1)</script>"});
    let partnerships = world.person(PARTNERSHIPS).await;
    let mut request = world.deal_body("hostile", 9);
    for (name, value) in tests::json_object(&body) {
        request[name] = value.clone();
    }
    let made =
        partnerships.call("POST", "/api/deals", &[("idempotency-key", "hostile")], Some(&request)).await;
    let id = made.ok(201)["id"].as_str().unwrap().to_owned();
    let deal = Deal { id, organisation: "hostile".to_owned(), manager: world.manager("hostile").await };
    let names = [
        "Ann\r\nBcc: victim@example.com",
        "Ann\nX-Evil: 1",
        "<img src=x onerror=alert(1)>",
        "<a href=\"https://evil.example\">Click</a>",
        "Visit https://evil.example/win now",
        "evil.example/path",
        "www.evil.example",
        "\u{202e}nnA\u{202c}",
        "A\u{200b}n\u{200d}n\u{feff}",
        "{{subject}} {{{html}}} {{#if}}",
        "&lt;b&gt; \" ' `",
        "Ann\0\u{7}\u{1b}[31m",
        "",
        "   ",
    ];
    let rows: Vec<_> = (0..names.len())
        .map(|number| json!({"email": format!("n{number}@example.com"), "name": names[number]}))
        .collect();
    // A name is no reason not to invite somebody: what does harm is left out of it.
    let answer = deal.try_invite(&json!({"invites": rows})).await.ok(200);
    assert_eq!(answer["summary"]["invited"], names.len(), "{answer}");
    let kept = deal.rows("limit=200").await;
    let mut wrong = Vec::new();
    for (row, name) in rows.iter().zip(names) {
        let shown = row_of(&kept, row["email"].as_str().unwrap())["name"].clone();
        let bad = |c: char| c.is_control() || "\u{200b}\u{200d}\u{202c}\u{202e}\u{feff}".contains(c);
        let harmful = |shown: &str| shown.contains(bad) || shown.contains("://") || shown.contains("www.");
        if shown.as_str().is_some_and(|shown| harmful(shown) || shown.trim().is_empty()) {
            wrong.push(format!("{name:?} is kept as {shown}"));
        }
    }
    for (number, expected) in [(7, json!("nnA")), (8, json!("Ann")), (12, Value::Null), (13, Value::Null)] {
        assert_eq!(row_of(&kept, &format!("n{number}@example.com"))["name"], expected, "{:?}", names[number]);
    }
    for mail in world.inbox().await {
        let mail = mail.0;
        let (subject, text, html) =
            (&mail["subject"], mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
        assert_eq!(subject, "FutureLearn Invitation");
        let headers = mail["headers"].to_string().to_lowercase();
        assert!(!headers.contains("evil") && !headers.contains("bcc"), "{headers}");
        assert!(
            !html.contains("<img src=x") && !html.contains("<script") && !html.contains("<b>Evil"),
            "{html}"
        );
        for body in [text, html] {
            for link in ["http://evil", "https://evil", "www.evil"] {
                if body.contains(link) {
                    wrong.push(format!("{link} in the mail to {}: {}", mail["to"], text));
                }
            }
            assert!(!body.contains(['\u{202e}', '\u{200b}', '\0', '\u{1b}']), "{body:?}");
        }
        let foreign =
            html.match_indices("href=\"").any(|(at, _)| !html[at + 6..].starts_with(world.stack.url()));
        assert!(!foreign, "only our own link: {html}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // A name of a length that makes no sense is cut.
    for (email, length) in [("long@example.com", 1_000), ("longer@example.com", 100_000)] {
        let row = json!({"email": email, "name": "x".repeat(length)});
        deal.try_invite(&json!({"invites": [row]})).await.ok(200);
        let shown = row_of(&deal.rows("limit=200").await, email)["name"].as_str().unwrap().len();
        assert!((1..500).contains(&shown), "{length} characters are kept as {shown}");
    }
    world.stop().await;
}

/// Deals: seats, times, names and ids that make no sense.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deals_that_make_no_sense_are_refused() {
    let world = World::start().await;
    let (deal, _) = lively_deal(&world).await;
    let partnerships = world.person(PARTNERSHIPS).await;
    let before = everything(&world, &deal).await;
    let good = world.deal_body("initech", 5);
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let mut cases = Vec::new();
    let mut add = |body: &Value, field: &'static str| {
        let mut case = case("POST", "/api/deals", body, field);
        case.headers.push(("idempotency-key", "bad"));
        cases.push(case);
    };
    for field in ["organisation", "name", "seats", "startsAt", "endsAt"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        add(&body, field);
        add(&with(field, Value::Null), field);
        add(&with(field, json!([])), field);
    }
    let counts = [json!(0), json!(-1), json!(1.5), json!("5"), json!(1e300), json!(u64::MAX), json!(true)];
    let times =
        [json!("soon"), json!("2026-11-23"), json!("2026-11-23T15:04:05"), json!(1_795_446_245), json!("")];
    let harmful = ["a\r\nBcc: b@c.example", "a\u{202e}b", "a\u{200b}b", "a\0b", "http://evil.example/win"]
        .map(Value::from);
    let names = [&[json!(""), json!("  "), json!("x".repeat(1_000)), json!(7)], &harmful[..]].concat();
    for seats in &counts {
        add(&with("seats", seats.clone()), "seats");
    }
    for time in &times {
        add(&with("startsAt", time.clone()), "startsAt");
        add(&with("endsAt", time.clone()), "endsAt");
    }
    for name in &names {
        add(&with("name", name.clone()), "name");
        add(&with("organisation", json!({"id": "initech", "name": name})), "name");
    }
    add(&with("endsAt", good["startsAt"].clone()), "endsAt");
    add(&with("startsAt", json!("2099-01-01T00:00:00Z")), "endsAt");
    for id in ["", "Initech", "in itech", "in_itech", "a/b", "é", &"a".repeat(65)] {
        add(&with("organisation", json!({"id": id, "name": "Initech"})), "id");
    }
    add(&with("organisation", json!("initech")), "organisation");
    add(&with("organisation", json!({"id": "initech", "name": "Initech", "vip": true})), "organisation");
    add(&with("allocated", json!(0)), "");
    add(&with("id", json!("mine")), "");

    let mut change =
        |body: Value, field: &'static str| cases.push(case("PATCH", deal.path(""), &body, field));
    for seats in counts {
        change(json!({"seats": seats}), "seats");
    }
    for time in times {
        change(json!({"startsAt": time}), "startsAt");
        change(json!({"endsAt": time}), "endsAt");
    }
    for name in names {
        change(json!({"name": name}), "name");
        change(json!({"organisation": {"name": name}}), "organisation.name");
    }
    change(json!({"endsAt": "2001-01-01T00:00:00Z"}), "endsAt");
    change(json!({"startsAt": "2099-01-01T00:00:00Z"}), "");
    change(json!({"startsAt": "2099-01-01T00:00:00Z", "endsAt": "2098-01-01T00:00:00Z"}), "");
    change(json!({"organisation": {"id": "other", "name": "Other"}}), "organisation");
    change(json!({"organisation": {}}), "organisation.name");
    change(json!({"organisation": "Other"}), "organisation");
    change(json!({"organisation": null}), "");
    change(json!({"allocated": 0}), "");
    change(json!({"salt": "x"}), "");
    check_all(&partnerships, &cases).await;

    // Below what is allocated, with a token that is not the newest, and for the wrong key.
    let (second, third) = ("pending@example.com", "third@example.com");
    for email in [second, third] {
        deal.invite(&[email]).await;
        world.accept(&world.person(email).await, &world.token_for(email).await).await.ok(200);
    }
    let full = everything(&world, &deal).await;
    partnerships.patch(&deal.path(""), &json!({"seats": 2})).await.problem(409, "seats_below_allocated");
    partnerships
        .patch(&deal.path(""), &json!({"seats": 1, "name": "New"}))
        .await
        .problem(409, "seats_below_allocated");
    let change = json!({"name": "New"});
    for tag in ["\"0000\"", "\"abc\"", "W/\"1\"", "\"98\", \"99\""] {
        let stale = [("if-match", tag)];
        partnerships.call("PATCH", &deal.path(""), &stale, Some(&change)).await.problem(412, "stale");
    }
    assert_eq!(everything(&world, &deal).await, full, "nothing has changed");
    assert_ne!(before, full);
    let initech = partnerships.get("/api/deals?organisation=initech").await.ok(200);
    assert_eq!(initech, json!({"deals": []}), "none of them was made");
    for organisation in ["", "In%20itech", "A", "%00"] {
        let answer = partnerships.get(&format!("/api/deals?organisation={organisation}")).await;
        assert_eq!(answer.status, 400, "{}", answer.show());
    }
    world.stop().await;
}
