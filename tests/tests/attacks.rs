//! Attacks that fail, over HTTP and past the gateway. `SECURITY.md` lists them all with their tests; these are the ones that
//! no other file has.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests of many cases, whose helpers fail as a test does"
)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Client, Deal, PARTNERSHIPS, World, eventually, row_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// An event of this route, from somebody with these claims, as the gateway would hand it over.
fn event(route: &str, deal: &Deal, claims: &Value, body: Option<&Value>) -> Value {
    let (method, path) = route.split_once(' ').unwrap();
    let mut event = json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "localhost"},
        "pathParameters": {"dealId": deal.id, "inviteId": "AAAAAAAAAAAAAAAAAAAAAA"},
        "requestContext": {"routeKey": route, "stage": "$default", "timeEpoch": 0,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}},
        "isBase64Encoded": false,
    });
    if !claims.is_null() {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
    }
    if let Some(body) = body {
        event["body"] = json!(body.to_string());
    }
    event
}

/// I6: a function checks again what it relies on. With a gateway that let everybody through, claims that do not say
/// exactly one organisation, the scope, and who it is entitle to nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_odd_claims_entitle_to_nothing() {
    let world = World::start().await;
    let deal = world.deal(2).await;
    deal.invite(&["ann@example.com"]).await;
    let token = world.token_for("ann@example.com").await;
    let before = (deal.snapshot().await, world.inbox().await.len());
    let organisation = deal.organisation.as_str();
    let claims = |scope: &str, org: &str| json!({"iss": "i", "sub": "s", "scope": scope, "org": org});
    let odd = [
        Value::Null,
        json!({}),
        json!({"scope": "invites.manage seats.accept"}),
        json!({"iss": "", "sub": "", "scope": "invites.manage seats.accept", "org": ""}),
        claims("", organisation),
        claims("openid", organisation),
        claims("[invites.manage deals.admin seats.accept]", organisation),
        claims("[invites.manage]", organisation),
        claims("INVITES.MANAGE", organisation),
        claims("invites.manage,deals.admin,seats.accept", organisation),
        claims("invites.manage.read deals.admin.read seats.accept.read", organisation),
    ];
    let orgs = [
        format!("[{organisation}]"),
        format!("[{organisation} globex]"),
        format!("globex {organisation}"),
        format!("{organisation},globex"),
        format!("map[{organisation}:true]"),
        organisation.to_uppercase(),
        format!(" {organisation}"),
        format!("{organisation}\n"),
        format!("{organisation}/../globex"),
        "*".to_owned(),
    ];
    let row = json!({"invites": [{"email": "eve@example.com"}]});
    let managed: [(&str, &str, Option<&Value>); 8] = [
        ("deal-seats", "GET /api/deals/{dealId}", None),
        ("deal-seats", "GET /api/deals/{dealId}/seats", None),
        ("deal-seats", "GET /api/deals/{dealId}/counts", None),
        ("deal-seats", "GET /api/deals/{dealId}/invites/{inviteId}", None),
        ("send-invites", "POST /api/deals/{dealId}/invites", Some(&row)),
        ("resend-invite", "POST /api/deals/{dealId}/invites/{inviteId}/resend", None),
        ("release-seat", "DELETE /api/deals/{dealId}/invites/{inviteId}", None),
        ("release-seat", "DELETE /api/deals/{dealId}/seats/{inviteId}", None),
    ];
    let name = json!({"name": "Stolen"});
    let link = json!({"token": token});
    let others: [(&str, &str, Option<&Value>); 3] = [
        ("manage-deals", "PATCH /api/deals/{dealId}", Some(&name)),
        ("accept-invite", "POST /api/invites/accept", Some(&link)),
        ("accept-invite", "GET /api/me/seats", None),
    ];
    let mut wrong = Vec::new();
    let mut refused = async |function: &str, route: &str, claims: &Value, body: Option<&Value>| {
        let answer = world.stack.invoke(function, event(route, &deal, claims, body)).await.unwrap();
        let problem: Value = answer["body"].as_str().unwrap_or_default().parse().unwrap_or_default();
        if answer["statusCode"] != 403 || problem["code"] != "forbidden" {
            wrong.push(format!("{route} with {claims}: {answer}"));
        }
    };
    for (function, route, body) in managed {
        for claims in &odd {
            refused(function, route, claims, body).await;
        }
        for org in &orgs {
            let claims = claims("invites.manage", org);
            refused(function, route, &claims, body).await;
        }
    }
    for (function, route, body) in others {
        for claims in &odd {
            refused(function, route, claims, body).await;
        }
        // A manager's scope is neither a learner's nor an administrator's.
        refused(function, route, &claims("invites.manage", organisation), body).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // And the genuine ones do pass, so that it is the claims that were refused.
    let genuine = claims("openid invites.manage", organisation);
    let answer =
        world.stack.invoke("deal-seats", event("GET /api/deals/{dealId}", &deal, &genuine, None)).await;
    assert_eq!(answer.unwrap()["statusCode"], 200);
    assert_eq!((deal.snapshot().await, world.inbox().await.len()), before, "nothing has changed");
    world.stop().await;
}

/// I6: a token of another issuer is none, though it is signed as well as ours and names the same person and audience.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_another_issuers_token_counts_for_nothing() {
    let (world, other) = (World::start().await, World::start().await);
    let deal = world.deal(2).await;
    other.deal(2).await;
    let theirs = other.manager(&deal.organisation).await.token.unwrap();
    let ours = deal.manager.token.clone().unwrap();
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (parts(&ours), parts(&theirs));
    // Whole, and with our header (so that its key id is ours), our claims, our signature.
    for token in [
        theirs.clone(),
        format!("{}.{}.{}", a[0], b[1], b[2]),
        format!("{}.{}.{}", b[0], a[1], b[2]),
        format!("{}.{}.{}", b[0], b[1], a[2]),
        format!("{}.{}.{}", a[0], b[1], a[2]),
    ] {
        let client = deal.manager.with_token(Some(&token));
        client.get(&deal.path("")).await.refused(401, "Unauthorized");
    }
    deal.manager.get(&deal.path("")).await.ok(200);
    world.stop().await;
    other.stop().await;
}

/// I6: the salt that makes ids and signs cursors is in no answer, and without it an id is no function of what a stranger
/// knows: the same address has another id in every deal, and none that a plain hash of it gives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_an_id_can_not_be_computed_and_the_salt_is_never_shown() {
    let world = World::start().await;
    let (one, two) = (world.deal(3).await, world.deal(3).await);
    let partnerships = world.person(PARTNERSHIPS).await;
    let mut ids = BTreeSet::new();
    for deal in [&one, &two] {
        for email in ["ann@example.com", "anna@example.com", "bob@example.com"] {
            assert!(ids.insert(deal.invite_one(email).await), "{email}");
        }
    }
    let table = world.stack.dynamodb();
    let items = table.scan().table_name("seatkeeper").send().await.unwrap();
    let salts: Vec<_> =
        items.items().iter().filter_map(|item| item.get("salt")?.as_s().ok().cloned()).collect();
    assert_eq!(salts.len(), 2, "one a deal");
    assert!(salts[0] != salts[1] && salts.iter().all(|salt| salt.len() == 43), "256 bits each");
    let token = world.token_for("ann@example.com").await;
    let mut texts = vec![
        one.snapshot().await.to_string(),
        two.snapshot().await.to_string(),
        one.manager.get("/api/deals").await.text,
        partnerships.get(&one.path("")).await.text,
        partnerships.patch(&one.path(""), &json!({"seats": 4})).await.text,
        world.preview(&token).await.text,
        one.try_invite(&json!({"invites": [{"email": "x"}], "dryRun": true})).await.text,
        one.get("/seats?limit=1").await.to_string(),
    ];
    texts.extend(world.inbox().await.into_iter().map(|mail| mail.0.to_string()));
    for salt in &salts {
        assert!(!texts.iter().any(|text| text.contains(salt)), "a salt is shown");
    }
    world.stop().await;
}

/// I5, I6: each link that has had its day says so, again and again, gives no seat, and names nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_old_links_replayed_do_nothing_and_name_nobody() {
    let world = World::with(&[("INVITE_LIFETIME", "4s")]).await;
    let deal = world.deal(9).await;
    let email = |name: &str| format!("{name}.hidden@example.com");
    let invite =
        async |name: &str| (deal.invite_one(&email(name)).await, world.token_for(&email(name)).await);

    let (resent, resent_token) = invite("resent").await;
    deal.resend(&resent, Some("\"1\"")).await.ok(200);
    let newest = world.token_for(&email("resent")).await;
    let (accepted, accepted_token) = invite("accepted").await;
    let holder = world.person(&email("accepted")).await;
    let first = world.accept(&holder, &accepted_token).await.ok(200);
    world.accept(&world.person(&email("resent")).await, &newest).await.ok(200);
    let (cancelled, cancelled_token) = invite("cancelled").await;
    deal.cancel(&cancelled).await.ok(204);
    let (released, released_token) = invite("released").await;
    world.accept(&world.person(&email("released")).await, &released_token).await.ok(200);
    deal.release(&released).await.ok(204);
    let (expired, expired_token) = invite("expired").await;
    let until = tests::time(&deal.one(&expired).await["expiresAt"]);
    tests::past(until).await;

    let before = (deal.snapshot().await, world.inbox().await.len());
    let eve = world.person("eve@example.com").await;
    let replays = [
        (&resent_token, 410, "invite_superseded"),
        (&newest, 409, "already_accepted"),
        (&accepted_token, 409, "already_accepted"),
        (&cancelled_token, 410, "invite_cancelled"),
        (&released_token, 410, "invite_cancelled"),
        (&expired_token, 410, "invite_expired"),
    ];
    for _ in 0..3 {
        for (token, status, code) in replays {
            let answer = world.accept(&eve, token).await;
            answer.problem(status, code);
            for text in [answer.text, world.preview(token).await.text] {
                for word in ["hidden", &deal.manager.email, &accepted, &resent, &expired] {
                    assert!(!text.contains(word), "{word} in {text}");
                }
            }
        }
    }
    // Only who accepted gets the same answer once more; and that changes nothing either.
    assert_eq!(world.accept(&holder, &accepted_token).await.ok(200), first);
    assert_eq!(eve.get("/api/me/seats").await.ok(200), json!({"seats": []}));
    assert_eq!((deal.snapshot().await, world.inbox().await.len()), before, "nothing has changed");
    world.stop().await;
}

/// I8: neither addresses nor titles, of a new deal or a changed one, nor the manager's own address bring anything into a
/// mail or an answer but themselves. (Names are in `bad_input.rs`, what a browser and a spreadsheet make of them in the
/// portal's tests.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_addresses_and_titles_inject_nothing() {
    let world = World::start().await;
    let deal = world.deal(50).await;
    let partnerships = world.person(PARTNERSHIPS).await;
    let refused = [
        "Deal\r\nBcc: eve@example.com",
        "Deal\nX-Evil: 1",
        "Deal\u{2028}X",
        "Deal\u{85}X",
        "\u{202e}laeD",
        "Deal\u{200b}",
        "Deal \u{1d173}",
        "Deal\0",
        "see https://evil.example",
        "www.evil.example",
        "mailto:eve@evil.example",
        "javascript://x",
    ];
    for title in refused {
        let changed = partnerships.patch(&deal.path(""), &json!({"name": title})).await;
        assert_eq!(tests::problem_fields(&changed.problem(400, "invalid_request")), ["name"], "{title:?}");
        let mut body = world.deal_body("hostile", 1);
        body["organisation"]["name"] = json!(title);
        let made = partnerships.post("/api/deals", &body).await;
        assert_eq!(
            tests::problem_fields(&made.problem(400, "invalid_request")),
            ["organisation.name"],
            "{title:?}"
        );
    }
    // Markup, templates and formulas are only text: they may stand in a title, and come out as they are, escaped.
    let titles = [
        "<script>alert(1)</script>",
        "=HYPERLINK(\"x\")",
        "{{subject}}{{{html}}}",
        "\"><a href='x'>",
        "&amp;",
    ];
    let addresses = [
        "=cmd|x!a@example.com",
        "+1@example.com",
        "{{html}}@example.com",
        "a'b`c@example.com",
        "$a%b&c@example.com",
    ];
    for (title, address) in titles.iter().zip(addresses) {
        partnerships.patch(&deal.path(""), &json!({"name": title})).await.ok(200);
        let rows = deal.try_invite(&json!({"invites": [{"email": address, "name": title}]})).await.ok(200);
        assert_eq!(rows["results"][0]["outcome"], "invited", "{rows}");
        assert_eq!(row_of(&deal.rows("").await, address)["email"], *address);
        let page = deal.manager.get(&deal.path("/seats")).await;
        assert_eq!(page.json()["deal"]["name"], *title);
        assert_eq!(
            (page.header("content-type"), page.header("x-content-type-options")),
            ("application/json", "nosniff")
        );

        let mail = world.inbox_for(address).await.pop().unwrap();
        let (text, html) = (mail.field("text"), mail.field("html"));
        assert_eq!(mail.field("subject"), "FutureLearn Invitation");
        assert_eq!(mail.field("to"), address);
        assert!(text.contains(title), "as it is: {text}");
        assert!(title.is_ascii() && !html.contains("<script") && !html.contains("href='x'"), "{html}");
        let links: Vec<_> = html.match_indices("href=\"").map(|(at, _)| &html[at + 6..]).collect();
        assert!(
            !links.is_empty() && links.iter().all(|link| link.starts_with(world.stack.url())),
            "{links:?}"
        );
        let headers = mail.0["headers"].to_string();
        assert!(!headers.contains("script") && !headers.contains("Evil"), "{headers}");
    }
    // A manager's address comes from the token. What is no address stands nowhere.
    let claims = json!({"iss": "i", "sub": "s", "scope": "invites.manage", "org": deal.organisation,
        "email": "m@x.example\r\nBcc: eve@example.com <https://evil.example>", "email_verified": "true"});
    let body = json!({"invites": [{"email": "last@example.com"}]});
    let sent = event("POST /api/deals/{dealId}/invites", &deal, &claims, Some(&body));
    assert_eq!(world.stack.invoke("send-invites", sent).await.unwrap()["statusCode"], 200);
    let mail = world.inbox_for("last@example.com").await.pop().unwrap().0.to_string();
    assert!(!mail.contains("evil.example") && !mail.contains("Bcc"), "{mail}");
    world.stop().await;
}

/// I8: bodies at the limit and over it, nested and long beyond sense, and headers without end, on every route that takes a
/// body: a refusal that says so, in time, and the function that answered it answers the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_bodies_and_headers_beyond_sense_are_refused() {
    const BULK: usize = 1024 * 1024;
    const OTHER: usize = 4 * 1024;
    let world = World::start().await;
    let deal = world.deal(2).await;
    let (partnerships, learner) = (world.person(PARTNERSHIPS).await, world.person("x@example.com").await);
    let before = (deal.snapshot().await, world.inbox().await.len());
    let routes: [(&Client, &str, String, usize); 7] = [
        (&deal.manager, "POST", deal.path("/invites"), BULK),
        (&deal.manager, "POST", deal.path("/invites/resend"), BULK),
        (&deal.manager, "POST", deal.path("/seats/search"), OTHER),
        (&learner, "POST", "/api/invites/preview".to_owned(), OTHER),
        (&learner, "POST", "/api/invites/accept".to_owned(), OTHER),
        (&partnerships, "POST", "/api/deals".to_owned(), OTHER),
        (&partnerships, "PATCH", deal.path(""), OTHER),
    ];
    let padded = |length: usize| format!("{{{}}}", " ".repeat(length - 2)).into_bytes();
    for (client, method, path, largest) in routes {
        let ask = async |body: Vec<u8>| client.raw(method, &path, JSON, body).await;
        ask(padded(largest)).await.problem(400, "invalid_request");
        ask(padded(largest + 1)).await.problem(413, "payload_too_large");
        let million = format!("{{\"invites\":[{}0]}}", "0,".repeat(1_000_000));
        ask(million.into_bytes()).await.problem(413, "payload_too_large");
        // As many as the route takes, however long each is.
        let fill = |each: &str| each.repeat((largest - 100) / each.len() / 2);
        for body in [
            fill("["),
            fill("{\"a\":"),
            format!("{{\"invites\":{}{}}}", fill("["), fill("]")),
            format!("{{\"token\":{}{}}}", fill("["), fill("]")),
            format!("{{\"invites\":[{}0]}}", fill("0,")),
            format!("{{\"invites\":[{}{{}}]}}", fill("{\"x\":0},")),
            format!("{{{}\"f\":0}}", fill("\"f\":0,")),
            format!("{{\"{}\":0}}", fill("name")),
            format!("{{\"seats\":{}}}", fill("9")),
        ] {
            let answer = ask(body.into_bytes()).await;
            assert!(answer.text.len() < 500, "what was sent is not repeated");
            answer.problem(400, "invalid_request");
        }
    }
    // A body that is too large is refused before anything is read.
    let elsewhere = format!("/api/deals/{}/invites", "A".repeat(22));
    deal.manager.raw("POST", &elsewhere, JSON, padded(BULK + 1)).await.problem(413, "payload_too_large");
    deal.manager.raw("GET", &deal.path(""), JSON, padded(OTHER + 1)).await.problem(413, "payload_too_large");
    // Headers: the gateway's business, on AWS 10,240 bytes with the request line. None of it is a 5xx.
    let huge = "x".repeat(60_000);
    for headers in
        [[("x-huge", huge.as_str())], [("if-match", huge.as_str())], [("content-type", huge.as_str())]]
    {
        let answer = deal.manager.call("GET", &deal.path(""), &headers, None).await;
        assert!(answer.status < 500, "{}", answer.show());
    }
    let names: Vec<_> = (0..200).map(|number| format!("x-{number}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let answer = deal.manager.call("GET", &deal.path(""), &many, None).await;
    assert!(answer.status < 500, "{}", answer.show());
    // A request line of nearly 64 KB, which is as much as this gateway takes.
    let long = deal.manager.get(&format!("{}?x={}", deal.path(""), "x".repeat(65_000))).await;
    assert!(long.status < 500, "{}", long.show());
    assert_eq!((deal.snapshot().await, world.inbox().await.len()), before, "nothing has changed");
    world.stop().await;
}

/// A connection that has sent this much of a request, and goes on with the rest one day.
async fn trickle(address: SocketAddr, begun: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(begun.as_bytes()).await.unwrap();
    connection
}

/// Slow clients hold a connection to the gateway, and no function: an event exists once the request is whole. Who comes in
/// between is answered, and the stack still stops. (On AWS the connections are API Gateway's and `CloudFront`'s.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_hold_up_nobody() {
    let world = World::start().await;
    let deal = world.deal(2).await;
    let address: SocketAddr =
        format!("127.0.0.1:{}", world.stack.url().rsplit_once(':').unwrap().1).parse().unwrap();
    let host = format!("Host: {}\r\n", world.stack.url().trim_start_matches("http://"));
    let body = "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"tok";
    let mut slow = Vec::new();
    for _ in 0..150 {
        slow.push(trickle(address, "POST /api/invites/preview HTT").await);
        slow.push(trickle(address, &format!("POST /api/invites/preview HTTP/1.1\r\n{host}X-Slow: ")).await);
        slow.push(trickle(address, &format!("POST /api/invites/preview HTTP/1.1\r\n{host}{body}")).await);
    }
    // More than there are processes of a function.
    for _ in 0..20 {
        let answered = tokio::time::timeout(Duration::from_secs(20), deal.get("")).await;
        assert!(answered.is_ok(), "others are answered meanwhile");
        let unknown = tokio::time::timeout(Duration::from_secs(20), world.preview("x")).await;
        unknown.unwrap().problem(404, "unknown_invite");
    }
    // One of them comes to an end after all, and gets its answer.
    let mut last = slow.pop().unwrap();
    last.write_all(b"en\":\"x\"}").await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(20), last.read(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"), "{answer}");
    tokio::time::timeout(Duration::from_secs(30), world.stop()).await.unwrap();
    drop(slow);
}

/// I6: who is invited can't be asked for: by a manager of another organisation, a learner, or nobody, an address that is
/// invited and one that is not get the same answer, whatever the deal's state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_who_is_invited_can_not_be_found_out() {
    let world = World::start().await;
    let (deal, other) = (world.deal(3).await, world.deal(3).await);
    deal.invite(&["ann@example.com"]).await;
    let token = world.token_for("ann@example.com").await;
    world.accept(&world.person("ann@example.com").await, &token).await.ok(200);
    deal.invite(&["bob@example.com"]).await;
    let before = (deal.snapshot().await, world.inbox().await.len());
    let learner = world.person("eve@example.com").await;
    for asker in [&other.manager, &learner, &world.nobody()] {
        for (path, body) in [
            ("/invites", json!({"invites": [{"email": "EMAIL"}]})),
            ("/invites", json!({"invites": [{"email": "EMAIL"}], "dryRun": true})),
            ("/seats/search", json!({"email": "EMAIL"})),
        ] {
            let mut answers = BTreeSet::new();
            for email in ["ann@example.com", "bob@example.com", "nobody@example.com"] {
                let body: Value = body.to_string().replace("EMAIL", email).parse().unwrap();
                let answer = asker.post(&deal.path(path), &body).await;
                assert!((400..500).contains(&answer.status), "{}", answer.show());
                answers.insert(format!("{:?}", answer.fingerprint()));
            }
            assert_eq!(answers.len(), 1, "{answers:#?}");
        }
    }
    // In one's own deal, the same addresses are new.
    let results = other.invite(&["ann@example.com", "bob@example.com", "nobody@example.com"]).await;
    assert_eq!(results["summary"]["invited"], 3, "{results}");
    assert_eq!(
        (deal.snapshot().await, world.inbox().await.len()),
        (before.0, before.1 + 3),
        "nothing has changed"
    );
    world.stop().await;
}

/// A token that is about to expire is none once it has, while its request is under way or not: the time is the gateway's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_is_none() {
    let world = World::start().await;
    let deal = world.deal(2).await;
    let client = world.person_with(&deal.manager.email, &[("expires_in", "2")]).await;
    client.get(&deal.path("")).await.ok(200);
    eventually("the token expires", Duration::from_secs(10), || async {
        let answer = client.get(&deal.path("")).await;
        (answer.status == 401).then_some(answer)
    })
    .await
    .refused(401, "Unauthorized");
    world.stop().await;
}
