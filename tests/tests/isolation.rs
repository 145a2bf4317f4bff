//! Who may do what: managers their own deals, learners their own seat, a link what it was sent for, and nobody learns
//! anything else. I5, I6.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests of many cases, whose helpers fail as a test does"
)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tests::{Client, PARTNERSHIPS, World};

/// A route with a scope, where `{deal}` and `{invite}` stand for ids.
struct Route {
    method: &'static str,
    path: &'static str,
    body: Option<Value>,
    /// One of these is needed.
    scopes: &'static [&'static str],
}

impl Route {
    fn path(&self, deal: &str, invite: &str) -> String {
        self.path.replace("{deal}", deal).replace("{invite}", invite)
    }
}

fn routes() -> Vec<Route> {
    const MANAGE: &[&str] = &["invites.manage"];
    const READ: &[&str] = &["invites.manage", "deals.admin"];
    const ADMIN: &[&str] = &["deals.admin"];
    const LEARN: &[&str] = &["seats.accept"];
    let get = |path, scopes| Route { method: "GET", path, body: None, scopes };
    let post = |path, body: Value, scopes| Route { method: "POST", path, body: Some(body), scopes };
    let delete = |path| Route { method: "DELETE", path, body: None, scopes: MANAGE };
    let (patch, stolen) = ("/api/deals/{deal}", json!({"name": "Stolen"}));
    vec![
        get("/api/deals", READ),
        get("/api/deals/{deal}", READ),
        get("/api/deals/{deal}/seats", MANAGE),
        get("/api/deals/{deal}/seats?status=pending&limit=1", MANAGE),
        post("/api/deals/{deal}/seats/search", json!({"email": "a"}), MANAGE),
        get("/api/deals/{deal}/counts", MANAGE),
        get("/api/deals/{deal}/invites/{invite}", MANAGE),
        post("/api/deals/{deal}/invites", json!({"invites": [{"email": "somebody@example.com"}]}), MANAGE),
        post(
            "/api/deals/{deal}/invites",
            json!({"invites": [{"email": "a@b.example"}], "dryRun": true}),
            MANAGE,
        ),
        Route { body: None, ..post("/api/deals/{deal}/invites/{invite}/resend", json!(0), MANAGE) },
        post("/api/deals/{deal}/invites/resend", json!({"status": "expired"}), MANAGE),
        post("/api/deals/{deal}/invites/resend", json!({"invites": [{"id": "x", "sends": 1}]}), MANAGE),
        delete("/api/deals/{deal}/invites/{invite}"),
        delete("/api/deals/{deal}/seats/{invite}"),
        post("/api/invites/accept", json!({"token": "x"}), LEARN),
        get("/api/me/seats", LEARN),
        post("/api/deals", json!({}), ADMIN),
        Route { method: "PATCH", path: patch, body: Some(stolen), scopes: ADMIN },
    ]
}

/// No route is left out: those of this file's table are those of the stack, with their scopes, but for preview, which
/// anybody may call.
#[test]
fn every_route_of_the_stack_is_tried() {
    let mut tried: Vec<_> = routes()
        .iter()
        .map(|route| {
            let path = route.path.split('?').next().unwrap_or_default();
            let path = path.replace("{deal}", "{dealId}").replace("{invite}", "{inviteId}");
            (format!("{} {path}", route.method), route.scopes)
        })
        .collect();
    tried.sort();
    tried.dedup();
    let anybody = |route: &&seatkeeper_local::routes::Route| !route.scopes.is_empty();
    let mut there: Vec<_> = seatkeeper_local::routes::ROUTES
        .iter()
        .filter(anybody)
        .map(|route| (route.key(), route.scopes))
        .collect();
    there.sort();
    assert_eq!(tried, there);
    let open = seatkeeper_local::routes::ROUTES.iter().filter(|route| !anybody(route));
    assert_eq!(
        open.map(seatkeeper_local::routes::Route::key).collect::<Vec<_>>(),
        ["POST /api/invites/preview"]
    );
}

/// I6: another organisation's deal, one that does not exist and what is no id answer the same 404, on every route.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_reaches_only_deals_of_their_organisation() {
    let world = World::start().await;
    let (own, foreign) = (world.deal(3).await, world.deal(3).await);
    let own_invite = own.invite_one("ann@example.com").await;
    let invite = foreign.invite_one("ann@example.com").await;
    assert_ne!(own_invite, invite, "the same address in two deals has two ids");
    foreign.invite(&["bob@example.com"]).await;
    let token = world.token_for("bob@example.com").await;
    world.accept(&world.person("bob@example.com").await, &token).await.ok(200);
    let before = (own.snapshot().await, foreign.snapshot().await, world.inbox().await.len());

    let (long, unknown) = ("A".repeat(3000), "A".repeat(own.id.len()));
    let not_ids = ["x", "%00", "%20", "a%2Fb", "%F0%9F%98%80", "null", "acme", "%2A", &long];

    for route in routes() {
        if !route.path.contains("{deal}") || route.method == "PATCH" {
            continue;
        }
        let ask = async |path: &str| own.manager.call(route.method, path, &[], route.body.as_ref()).await;
        let first = ask(&route.path(&foreign.id, &invite)).await;
        let mut paths = vec![route.path(&foreign.id, &own_invite), route.path(&unknown, &invite)];
        paths.extend(not_ids.iter().map(|deal| route.path(deal, &invite)));
        for path in paths {
            let answer = ask(&path).await;
            answer.problem(404, "not_found");
            assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
        }
        assert!(!first.text.contains(&foreign.organisation), "{}", first.show());
        if !route.path.contains("{invite}") {
            continue;
        }
        // In one's own deal: the invite of another deal, of no deal, and no id at all.
        let first = ask(&route.path(&own.id, &invite)).await;
        for invite in [&[unknown.as_str()][..], &not_ids].concat() {
            let answer = ask(&route.path(&own.id, invite)).await;
            answer.problem(404, "not_found");
            assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
        }
    }
    let partnerships = world.person(PARTNERSHIPS).await;
    for deal in [&[unknown.as_str()][..], &not_ids].concat() {
        let path = format!("/api/deals/{deal}");
        partnerships.get(&path).await.problem(404, "not_found");
        partnerships.patch(&path, &json!({"name": "x"})).await.problem(404, "not_found");
    }
    // Asking for somebody else's list gets nobody else's deals.
    let asked = own.manager.get(&format!("/api/deals?organisation={}", foreign.organisation)).await;
    assert!(asked.status < 500 && !asked.text.contains(&foreign.id), "{}", asked.show());
    assert_eq!(own.manager.get("/api/deals").await.ok(200)["deals"].as_array().unwrap().len(), 1);

    let after = (own.snapshot().await, foreign.snapshot().await, world.inbox().await.len());
    assert_eq!(after, before, "nothing has changed");
    world.stop().await;
}

/// Tokens that look like a real one in some way, and were never sent; `others` were sent for other invites.
fn forgeries(token: &str, others: [&str; 2]) -> Vec<String> {
    let bytes = |token: &str| URL_SAFE_NO_PAD.decode(token).unwrap();
    let (own, [sibling, stranger]) = (bytes(token), others.map(bytes));
    assert_eq!(own.len(), 64, "deal, invite, secret");

    let mut forged: Vec<String> =
        ["", " ", "x", "null", "ünïcödé", "\0", "' OR 1=1 --", "../..", "😀"].map(str::to_owned).into();
    forged.extend([1, 10, 21, 22, 42, 43, 44, 64, 84, 85].map(|length| token[..length].to_owned()));
    forged.extend([format!("{token}A"), format!("{token}="), format!("{token}=="), format!(" {token}")]);
    forged.extend([
        format!("{token}\n"),
        format!("{token}{token}"),
        token.to_lowercase(),
        token.to_uppercase(),
    ]);
    forged.extend([token.chars().rev().collect(), "A".repeat(86), "-".repeat(86), "A".repeat(4_000)]);
    // A bit off, at every place; the last digit has bits that carry nothing, and those count as well.
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let with = |place: usize, digit: u8| {
        let mut changed = token.as_bytes().to_vec();
        changed[place] = digit;
        String::from_utf8(changed).unwrap()
    };
    let value = |place: usize| alphabet.iter().position(|digit| *digit == token.as_bytes()[place]).unwrap();
    forged.extend((0..token.len()).map(|place| with(place, alphabet[value(place) ^ (1 << (place % 6))])));
    forged
        .extend(alphabet.iter().map(|digit| with(token.len() - 1, *digit)).filter(|forged| forged != token));
    // Parts that are real, put together as they never were.
    let parts = |deal: &[u8], invite: &[u8], secret: &[u8]| {
        URL_SAFE_NO_PAD.encode([&deal[..16], &invite[16..32], &secret[32..]].concat())
    };
    assert_eq!(parts(&own, &own, &own), token);
    let none = [7_u8; 64];
    forged.extend([
        parts(&none, &own, &own),
        parts(&own, &none, &own),
        parts(&own, &own, &none),
        parts(&own, &sibling, &own),
        parts(&own, &own, &sibling),
        parts(&stranger, &own, &own),
        parts(&stranger, &stranger, &own),
        parts(&own, &stranger, &stranger),
        parts(&none, &none, &none),
    ]);
    let standard = STANDARD_NO_PAD.encode(&own);
    forged.extend((standard != token).then_some(standard));
    forged
}

/// I6: only a link that was really sent says anything; all the others are byte for byte the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_tokens_all_look_alike() {
    let world = World::start().await;
    let (one, two) = (world.deal(3).await, world.deal(3).await);
    one.invite(&["ann@example.com", "bob@example.com"]).await;
    two.invite(&["carl@example.com"]).await;
    let token = world.token_for("ann@example.com").await;
    let others = [world.token_for("bob@example.com").await, world.token_for("carl@example.com").await];
    let learner = world.person("ann@example.com").await;
    let first = world.preview("x").await;
    for token in forgeries(&token, [&others[0], &others[1]]) {
        for answer in [world.preview(&token).await, world.accept(&learner, &token).await] {
            answer.problem(404, "unknown_invite");
            assert_eq!(answer.fingerprint(), first.fingerprint(), "\n{}\n≠\n{}", answer.show(), first.show());
        }
    }
    // None of it has hurt the real one.
    assert_eq!(world.preview(&token).await.ok(200)["status"], "pending");
    world.accept(&learner, &token).await.ok(200);
    assert_eq!((one.counts().await, two.counts().await), ([1, 1, 0], [1, 0, 0]));
    world.stop().await;
}

/// The gateway's refusals, for every route: no valid token, and a valid one without the scope.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_asks_for_a_token_and_its_scope() {
    let world = World::start().await;
    let deal = world.deal(2).await;
    let invite = deal.invite_one("ann@example.com").await;
    let before = (deal.snapshot().await, world.inbox().await.len());

    let manager = format!("manager@{}.example", deal.organisation);
    let entitled: [(&str, &[&str]); 3] = [
        (&manager, &["invites.manage", "seats.accept"]),
        (PARTNERSHIPS, &["deals.admin", "seats.accept"]),
        ("ann@example.com", &["seats.accept"]),
    ];
    let valid = world.person(&manager).await.token.unwrap();
    let (signed, signature) = valid.rsplit_once('.').unwrap();
    let (_, claims) = signed.split_once('.').unwrap();
    let unsigned = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#));
    let swapped = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    let mut invalid = vec![None];
    let made_up =
        ["garbage", "a.b.c", &unsigned, &swapped, &format!("{signed}."), &format!("{valid}A"), signed];
    invalid.extend(made_up.map(|token| Some(token.to_owned())));
    // Those with a token, the scopes that it has.
    let mut people: Vec<(Client, Vec<&str>)> = Vec::new();
    for (email, scopes) in entitled {
        for wish in [("expires_in", "0"), ("expires_in", "-60"), ("audience", "elsewhere")] {
            invalid.push(world.person_with(email, &[wish]).await.token);
        }
        for scope in scopes {
            people.push((world.person_with(email, &[("scope", scope)]).await, vec![*scope]));
        }
        // What somebody is not entitled to is not granted, however it is asked for.
        let all = [("scope", "openid invites.manage deals.admin seats.accept")];
        people.push((world.person_with(email, &all).await, scopes.to_vec()));
        people.push((world.person_with(email, &[("scope", "openid")]).await, vec![]));
    }
    let nobody = world.nobody();
    for route in routes() {
        let path = route.path(&deal.id, &invite);
        for token in &invalid {
            let client = nobody.with_token(token.as_deref());
            client.call(route.method, &path, &[], route.body.as_ref()).await.refused(401, "Unauthorized");
        }
        let basic = [("authorization", "Basic bWFuYWdlcjptYW5hZ2Vy")];
        nobody.call(route.method, &path, &basic, route.body.as_ref()).await.refused(401, "Unauthorized");
        for (client, scopes) in &people {
            if !route.scopes.iter().any(|scope| scopes.contains(scope)) {
                client.call(route.method, &path, &[], route.body.as_ref()).await.refused(403, "Forbidden");
            }
        }
    }
    // Preview asks for none, and is not put off by one that is not valid.
    let unknown =
        nobody.with_token(Some("garbage")).post("/api/invites/preview", &json!({"token": "x"})).await;
    unknown.problem(404, "unknown_invite");
    for (method, path) in [
        ("GET", "/api"),
        ("GET", "/api/nothing"),
        ("PUT", "/api/deals"),
        ("DELETE", "/api/deals"),
        ("POST", "/api/me/seats"),
        ("GET", "/api/deals/a/invites"),
        ("POST", "/api/deals/a/seats"),
        ("HEAD", "/api/deals"),
    ] {
        let answer = deal.manager.call(method, path, &[], None).await;
        if method == "HEAD" {
            assert_eq!(answer.status, 404, "{}", answer.show());
        } else {
            answer.refused(404, "Not Found");
        }
    }
    assert_eq!((deal.snapshot().await, world.inbox().await.len()), before, "nothing has changed");
    world.stop().await;
}

/// I5: whatever follows a link, by GET or HEAD or without signing in, changes nothing. Only a person's POST accepts.
/// I8: and what the functions log of all that names nobody and holds no secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_scanners_change_nothing_and_logs_tell_nothing() {
    let settings = seatkeeper_local::Settings {
        keep_logs: true,
        seed: false,
        env: [("RUST_LOG".to_owned(), "trace".to_owned())].into(),
        ..seatkeeper_local::Settings::ephemeral()
    };
    let logs = settings.logs.clone();
    let world = World::of(settings).await;
    let deal = world.deal(2).await;
    let named = json!({"invites": [{"email": "ann.secret@example.com", "name": "Annabel Whisper"}]});
    deal.try_invite(&named).await.ok(200);
    let mails = world.inbox_for("ann.secret@example.com").await;
    let (token, before) = (mails[0].token(), deal.snapshot().await);
    let learner = world.person("bob.hidden@example.com").await;
    for client in [world.nobody(), learner.clone()] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            for path in ["/api/invites/accept", "/api/invites/preview"] {
                for path in [path.to_owned(), format!("{path}?token={token}"), format!("{path}/{token}")] {
                    let answer = client.call(method, &path, &[], None).await;
                    assert_eq!(answer.status, 404, "{}", answer.show());
                }
            }
        }
        for method in ["GET", "HEAD"] {
            let answer = client.call(method, "/accept", &[], None).await;
            assert!(answer.status < 500, "{}", answer.show());
        }
        world.preview(&token).await.ok(200);
    }
    world.accept(&world.nobody(), &token).await.refused(401, "Unauthorized");
    assert_eq!(deal.snapshot().await, before);
    assert!(!deal.manager.get(&deal.path("/seats")).await.text.contains(&token), "a token is never listed");

    // Some more of what there is to log: refusals, a failing mail, sweeps.
    world.fault("down", 1).await;
    let second = deal.invite_one("carl.private@example.com").await;
    world.preview("forged.token.in.a.log").await.problem(404, "unknown_invite");
    deal.resend(&second, Some("\"7\"")).await.problem(412, "stale");
    world.accept(&learner, &token).await.ok(200);
    world
        .accept(&world.person("eve.curious@example.com").await, &token)
        .await
        .problem(409, "already_accepted");
    deal.search("ann.sec", &[]).await;
    world.sweep().await;
    world.stop().await;
    let mut lines = 0;
    for entry in std::fs::read_dir(&logs).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        lines += text.lines().count();
        let secret = &token[43..];
        for word in [
            "secret@",
            "ann.sec",
            "hidden@",
            "private@",
            "curious@",
            "manager@",
            "Whisper",
            secret,
            "forged.token",
        ] {
            let line = text.lines().find(|line| line.contains(word));
            assert_eq!(line, None, "{word} in {}", path.display());
        }
    }
    assert!(lines > 0, "there are logs in {}", logs.display());
    std::fs::remove_dir_all(logs).unwrap();
}
