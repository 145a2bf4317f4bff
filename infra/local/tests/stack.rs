//! The whole stack over HTTP, as a browser, a script and a test see it; the functions are stand-ins.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where something is amiss")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};
use seatkeeper_local::functions::FUNCTIONS;
use seatkeeper_local::{Settings, Stack};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Bench {
    stack: Stack,
    client: Client,
    folder: PathBuf,
}

/// A folder of functions, all of them `examples/echo_function.rs`.
fn functions() -> PathBuf {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("seatkeeper-functions-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let executable = std::env::current_exe().unwrap();
    let echo = executable.parent().and_then(Path::parent).unwrap().join("examples/echo_function");
    assert!(echo.is_file(), "cargo builds the examples with a plain `cargo test`: {}", echo.display());
    for function in FUNCTIONS.iter() {
        std::os::unix::fs::symlink(&echo, folder.join(function.name)).unwrap();
    }
    folder
}

/// Pages that stand for the built portal.
fn portal() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/portal")
}

async fn bench_with(env: &[(&str, &str)]) -> Bench {
    let folder = functions();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings =
        Settings { functions_dir: folder.clone(), portal: Some(portal()), env, ..Settings::ephemeral() };
    let stack = Stack::start(settings).await.unwrap();
    Bench { stack, client: Client::builder().redirect(Policy::none()).build().unwrap(), folder }
}

async fn bench() -> Bench {
    bench_with(&[]).await
}

impl Bench {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.stack.url())
    }

    async fn token(&self, form: &[(&str, &str)]) -> Response {
        self.client.post(self.url("/oidc/token")).form(form).send().await.unwrap()
    }

    async fn access(&self, username: &str, more: &[(&str, &str)]) -> String {
        let form = [&[("grant_type", "password"), ("username", username)], more].concat();
        let answer: Value = self.token(&form).await.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str, token: &str) -> Response {
        self.client.get(self.url(path)).bearer_auth(token).send().await.unwrap()
    }

    async fn order(&self, order: Value) -> Response {
        self.client.post(self.url("/api/invites/preview")).json(&order).send().await.unwrap()
    }

    async fn stop(self) {
        self.stack.stop().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

async fn refusal(answer: Response) -> (u16, Value) {
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn message(status: u16, message: &str) -> (u16, Value) {
    (status, json!({ "message": message }))
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_request_goes_through_the_gateway_to_a_function_and_back() {
    let bench = bench().await;
    assert_eq!(bench.client.get(bench.url("/healthz")).send().await.unwrap().status(), StatusCode::OK);
    let token = bench.access("manager@acme.example", &[]).await;
    let answer = bench.get("/api/deals/d1/seats?status=pending&limit=2", &token).await;
    assert_eq!((answer.status(), answer.headers()["etag"].to_str().unwrap()), (StatusCode::CREATED, "\"1\""));
    let event: Value = answer.json().await.unwrap();
    assert_eq!(event["routeKey"], "GET /api/deals/{dealId}/seats");
    assert_eq!(event["rawPath"], "/api/deals/d1/seats");
    assert_eq!(event["queryStringParameters"], json!({"status": "pending", "limit": "2"}));
    let jwt = &event["requestContext"]["authorizer"]["jwt"];
    assert_eq!(jwt["scopes"], json!(["invites.manage"]));
    assert_eq!(jwt["claims"]["org"], "acme");
    assert_eq!(jwt["claims"]["email_verified"], "true");
    assert_eq!(jwt["claims"]["scope"], "invites.manage seats.accept");
    bench.stop().await;
}

#[tokio::test]
async fn the_gateway_refuses_in_its_own_words() {
    let bench = bench().await;
    let unauthorized = message(401, "Unauthorized");
    let answer = bench.client.get(bench.url("/api/deals")).send().await.unwrap();
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    assert_eq!(refusal(answer).await, unauthorized);
    for more in [&[("expires_in", "0")], &[("expires_in", "-60")], &[("audience", "elsewhere")]] {
        let token = bench.access("manager@acme.example", more).await;
        assert_eq!(refusal(bench.get("/api/deals", &token).await).await, unauthorized, "{more:?}");
    }
    let learner = bench.access("ann@example.com", &[]).await;
    assert_eq!(refusal(bench.get("/api/deals", &learner).await).await, message(403, "Forbidden"));
    let narrowed = bench.access("manager@acme.example", &[("scope", "seats.accept")]).await;
    assert_eq!(refusal(bench.get("/api/deals", &narrowed).await).await, message(403, "Forbidden"));
    assert_eq!(refusal(bench.get("/api/nothing", &learner).await).await, message(404, "Not Found"));
    let head = bench.client.head(bench.url("/api/me/seats")).bearer_auth(&learner).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    bench.stop().await;
}

#[tokio::test]
async fn a_failed_integration_says_nothing_of_the_inside() {
    let bench = bench_with(&[("FUNCTION_TIMEOUT", "300ms")]).await;
    for order in ["exit", "fail"] {
        let answer = bench.order(json!({ "do": order })).await;
        assert_eq!(refusal(answer).await, message(500, "Internal Server Error"), "{order}");
    }
    assert_eq!(refusal(bench.order(json!({"do": "hang"})).await).await, message(503, "Service Unavailable"));
    assert_eq!(bench.order(json!({})).await.status(), StatusCode::CREATED);
    let large = "x".repeat(10 * 1024 * 1024 + 1);
    assert_eq!(refusal(bench.order(json!(large)).await).await, message(413, "Request Entity Too Large"));
    bench.stop().await;
}

/// Of the headers of `portal/headers.json`, those that only it asks for.
fn has_the_headers(answer: &Response) {
    for name in ["content-security-policy", "strict-transport-security", "cross-origin-opener-policy"] {
        assert_eq!(answer.headers().get_all(name).iter().count(), 1, "{name} of {}", answer.url());
    }
}

#[tokio::test]
async fn the_portal_is_served_as_cloudfront_serves_it() {
    let bench = bench().await;
    let file = |name: &str| std::fs::read_to_string(portal().join(name)).unwrap();
    let (html, always, year) =
        ("text/html; charset=utf-8", "no-cache", "public, max-age=31536000, immutable");
    let script = ("text/javascript; charset=utf-8", year);
    for (path, (kind, caching), name) in [
        ("/", (html, always), "index.html"),
        ("/deals/abc", (html, always), "index.html"),
        ("/deals/abc/?tab=pending", (html, always), "index.html"),
        ("/accept", (html, always), "accept.html"),
        ("/accept/", (html, always), "accept.html"),
        ("/accept%23AAAA.&utm_source=x", (html, always), "accept.html"),
        ("/%61CCEPT.html%23AAAA", (html, always), "accept.html"),
        ("/favicon.svg", ("image/svg+xml", always), "favicon.svg"),
        ("/assets/app-Bq1xX2a_.js", script, "assets/app-Bq1xX2a_.js"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let body = if method == Method::GET { file(name) } else { String::new() };
            let answer = bench.client.request(method, bench.url(path)).send().await.unwrap();
            has_the_headers(&answer);
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(
                (header("content-type"), header("cache-control")),
                (kind.to_owned(), caching.to_owned())
            );
            assert_eq!(header("content-length"), file(name).len().to_string(), "{path}");
            assert_eq!(answer.text().await.unwrap(), body, "{path}");
        }
        let posted = bench.client.post(bench.url(path)).send().await.unwrap();
        assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    for path in ["/style.js", "/assets/app.js", "/deals/a.b"] {
        let answer = bench.client.get(bench.url(path)).send().await.unwrap();
        has_the_headers(&answer);
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()["cache-control"], always, "{path}");
    }
    for (path, name) in
        [("/deals/a.b", "index.html"), ("/..%2f..%2fx.toml", "index.html"), ("/favicon.svg", "favicon.svg")]
    {
        let browser = bench.client.get(bench.url(path)).header("accept", "text/html,*/*;q=0.8");
        let answer = browser.send().await.unwrap();
        has_the_headers(&answer);
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.text().await.unwrap(), file(name), "{path}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_browser_that_has_a_file_is_told_to_keep_it() {
    let bench = bench().await;
    for (path, caching) in
        [("/assets/app-Bq1xX2a_.js", "public, max-age=31536000, immutable"), ("/accept", "no-cache")]
    {
        let first = bench.client.get(bench.url(path)).send().await.unwrap();
        let since = first.headers()["last-modified"].clone();
        let again =
            bench.client.get(bench.url(path)).header("if-modified-since", since).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(again.headers()["cache-control"], caching, "{path}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn pages_are_told_where_they_are() {
    let bench = bench_with(&[("MAIL_FROM", "learn@acme.example")]).await;
    let answer = bench.client.get(bench.url("/config.json")).send().await.unwrap();
    has_the_headers(&answer);
    assert_eq!(
        (&answer.headers()["content-type"], &answer.headers()["cache-control"]),
        (&HeaderValue::from_static("application/json"), &HeaderValue::from_static("no-cache"))
    );
    let config: Value = answer.json().await.unwrap();
    let expected = json!({
        "issuer": bench.url("/oidc"),
        "clientId": "seatkeeper-portal",
        "scopePrefix": "",
        "startUrl": "https://www.futurelearn.com/",
        "mailFrom": "learn@acme.example",
        "mailSubject": "FutureLearn Invitation",
    });
    assert_eq!(config, expected);
    bench.stop().await;
}

#[tokio::test]
async fn a_page_at_another_name_of_this_machine_moves_to_the_issuers() {
    let bench = bench().await;
    let (_, port) = bench.stack.url().rsplit_once(':').unwrap();
    let ask = |path: &str| bench.client.get(format!("http://127.0.0.1:{port}{path}")).send();
    let moved = ask("/deals/abc?tab=expired").await.unwrap();
    assert_eq!(moved.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(moved.headers()["location"], bench.url("/deals/abc?tab=expired"));
    assert_eq!(ask("/favicon.svg").await.unwrap().status(), StatusCode::OK);
    bench.stop().await;
}

#[tokio::test]
async fn a_stack_needs_its_pages_or_none() {
    let start = |portal| {
        let settings = Settings { functions_dir: functions(), portal, ..Settings::ephemeral() };
        let folder = settings.functions_dir.clone();
        async move {
            let started = Stack::start(settings).await;
            std::fs::remove_dir_all(folder).unwrap();
            started
        }
    };
    let error = start(Some(portal().join("assets"))).await.unwrap_err();
    assert_eq!(error.to_string(), "the portal is not built: run `make portal`");

    let stack = start(None).await.unwrap();
    for (path, status) in [("/", 404), ("/accept", 404), ("/config.json", 200), ("/healthz", 200)] {
        let answer = reqwest::get(format!("{}{path}", stack.url())).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn nothing_outside_of_the_portal_is_served() {
    let bench = bench().await;
    let index = std::fs::read_to_string(portal().join("index.html")).unwrap();
    // By hand: a client would tidy the path up before it asks.
    for (path, page) in [
        ("/..%2f..%2fCargo.toml", false),
        ("/%2e%2e/Cargo.toml", false),
        ("/../headers.json", false),
        ("/%2e%2e%2fheaders.json", false),
        ("/..%5cheaders.json", false),
        ("//etc/os-release.", false),
        ("/favicon.svg%00.html", false),
        ("/..", false),
        ("/.", false),
        ("/assets/../../x", true),
        ("//etc/hostname", true),
    ] {
        let address = bench.stack.url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let expected =
            if page { ("HTTP/1.1 200 OK", index.as_str()) } else { ("HTTP/1.1 404 Not Found", "") };
        assert_eq!((head.lines().next().unwrap(), body), expected, "{path}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn the_api_has_the_headers_of_the_portal_and_pages_of_this_stack_their_own() {
    let bench = bench().await;
    let learner = bench.access("ann@example.com", &[]).await;
    let answer = bench.get("/api/me/seats", &learner).await;
    has_the_headers(&answer);
    for path in ["/api/deals", "/api/nothing", "/api/"] {
        has_the_headers(&bench.get(path, &learner).await);
    }
    has_the_headers(&bench.order(json!({"do": "fail"})).await);
    for (path, status) in [("/inbox", 200), ("/oidc/jwks", 200), ("/oidc/nothing", 404), ("/healthz", 200)] {
        let answer = bench.client.get(bench.url(path)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert!(!answer.headers().contains_key("strict-transport-security"), "{path}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn foreign_hosts_and_pages_are_refused_on_every_path_of_every_port() {
    let bench = bench().await;
    let environment = bench.stack.invoke("deliver-invites", json!({"do": "environment"})).await.unwrap();
    let variable = |name: &str| environment[name].as_str().unwrap();
    let origin = ["/", "/accept", "/inbox", "/healthz", "/api/deals", "/oidc/jwks", "/nothing"];
    let origin = origin.map(|path| bench.url(path));
    let ports = [
        variable("AWS_ENDPOINT_URL_DYNAMODB").to_owned(),
        format!("{}/v2/email/outbound-bulk-emails", variable("AWS_ENDPOINT_URL_SESV2")),
        format!("{}/2018-06-01/runtime/invocation/next", variable("AWS_LAMBDA_RUNTIME_API")),
    ];
    for url in origin.iter().chain(&ports) {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let foreign = async |name, value| {
                let request = bench.client.request(method.clone(), url).header(name, value);
                let answer = request.send().await.unwrap();
                assert_eq!(answer.headers().get("access-control-allow-origin"), None, "{method} {url}");
                answer.status()
            };
            let statuses =
                (foreign("host", "evil.example").await, foreign("origin", "http://evil.example").await);
            assert_eq!(statuses, (StatusCode::MISDIRECTED_REQUEST, StatusCode::FORBIDDEN), "{method} {url}");
        }
    }
    bench.stop().await;
}

/// What the portal asks for, but for where to come back to.
fn sign_in_request<'r>(back: &'r str, challenge: &'r str) -> [(&'r str, &'r str); 8] {
    [
        ("client_id", "seatkeeper-portal"),
        ("redirect_uri", back),
        ("response_type", "code"),
        ("scope", "openid email seats.accept deals.admin"),
        ("state", "a state&"),
        ("nonce", "n1"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]
}

fn location(answer: &Response) -> reqwest::Url {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().unwrap().parse().unwrap()
}

/// One parameter of an address.
fn parameter(url: &reqwest::Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn somebody_signs_in_with_a_code_and_pkce() {
    let bench = bench().await;
    for path in ["/", "/accept"] {
        signs_in(&bench, &bench.url(path)).await;
    }
    bench.stop().await;
}

async fn signs_in(bench: &Bench, back: &str) {
    let verifier = "a-verifier-of-at-least-forty-three-characters";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let request = sign_in_request(back, &challenge);
    for more in [&[][..], &[("prompt", "login")], &[("prompt", "select_account"), ("ui_locales", "en")]] {
        let request = [&request, more].concat();
        let page = bench.client.get(bench.url("/oidc/authorize")).query(&request).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{more:?}");
        assert!(page.text().await.unwrap().contains("manager@acme.example"));
    }

    let chosen = [&request[..], &[("email", "ann@example.com")]].concat();
    let code = || async {
        let answer = bench.client.post(bench.url("/oidc/authorize")).form(&chosen).send().await.unwrap();
        let location = location(&answer);
        assert_eq!(location.as_str().split('?').next(), Some(back));
        assert_eq!(parameter(&location, "state").as_deref(), Some("a state&"));
        assert_eq!(parameter(&location, "iss"), Some(bench.url("/oidc")));
        parameter(&location, "code").unwrap()
    };
    let redeem = |code: String, verifier: &'static str| {
        let form = [
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", back.to_owned()),
            ("client_id", "seatkeeper-portal".to_owned()),
            ("code_verifier", verifier.to_owned()),
        ];
        bench.client.post(bench.url("/oidc/token")).form(&form).send()
    };
    let first = code().await;
    let answer: Value = redeem(first.clone(), verifier).await.unwrap().json().await.unwrap();
    assert_eq!(answer["scope"], "openid email seats.accept");
    let identity = claims(answer["id_token"].as_str().unwrap());
    assert_eq!((&identity["nonce"], &identity["aud"]), (&json!("n1"), &json!("seatkeeper-portal")));
    assert_eq!((&identity["email"], &identity["email_verified"]), (&json!("ann@example.com"), &json!(true)));
    let access = answer["access_token"].as_str().unwrap();
    assert_eq!(claims(access)["sub"], identity["sub"]);
    assert_eq!(bench.get("/api/me/seats", access).await.status(), StatusCode::CREATED);

    let again = redeem(first, verifier).await.unwrap();
    assert_eq!(refusal(again).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn the_portal_hears_why_nobody_signed_in() {
    let bench = bench().await;
    let (back, challenge) = (bench.url("/accept"), "x".repeat(43));
    let request = sign_in_request(&back, &challenge);
    let ask = |more: (&'static str, &'static str)| {
        let form = [&request[..], &[more]].concat();
        bench.client.post(bench.url("/oidc/authorize")).form(&form).send()
    };
    for (more, error) in [(("cancel", "1"), "access_denied"), (("prompt", "none"), "login_required")] {
        let location = location(&ask(more).await.unwrap());
        for (name, value) in [("error", error), ("state", "a state&"), ("iss", &bench.url("/oidc"))] {
            assert_eq!(parameter(&location, name).as_deref(), Some(value), "{location}");
        }
        assert_eq!(parameter(&location, "code"), None);
    }
    let page = ask(("email", "a\"b")).await.unwrap().text().await.unwrap();
    assert!(page.contains("That is not an email address.") && page.contains("value=\"a&#34;b\""), "{page}");
    bench.stop().await;
}

#[tokio::test]
async fn a_sign_in_that_can_not_be_trusted_goes_nowhere() {
    let bench = bench().await;
    let challenge = "x".repeat(43);
    let own = bench.url("/");
    let ask = |client: &'static str, uri: String, method: &'static str| {
        let request = [
            ("client_id", client.to_owned()),
            ("redirect_uri", uri),
            ("response_type", "code".to_owned()),
            ("code_challenge", challenge.clone()),
            ("code_challenge_method", method.to_owned()),
        ];
        bench.client.get(bench.url("/oidc/authorize")).query(&request).send()
    };
    let portal = "seatkeeper-portal";
    for (client, uri) in [("other", own.clone()), (portal, bench.url("/inbox"))] {
        assert_eq!(ask(client, uri, "S256").await.unwrap().status(), StatusCode::BAD_REQUEST);
    }
    let told = location(&ask(portal, own, "plain").await.unwrap());
    assert_eq!(parameter(&told, "error").as_deref(), Some("invalid_request"));
    bench.stop().await;
}

#[tokio::test]
async fn somebody_signs_out_and_is_back_at_the_portal() {
    let bench = bench().await;
    let discovery = bench.url("/oidc/.well-known/openid-configuration");
    let discovery: Value = bench.client.get(discovery).send().await.unwrap().json().await.unwrap();
    let endpoint = discovery["end_session_endpoint"].as_str().unwrap();
    let ask = |request: &[(&str, &str)]| bench.client.get(endpoint).query(request).send();
    let token = |claims: Value| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));

    let portal = ("client_id", "seatkeeper-portal");
    let hint = token(json!({"iss": bench.url("/oidc"), "aud": "seatkeeper-portal", "exp": 1}));
    let (home, accept) = (bench.url("/"), bench.url("/accept"));
    let back = ("post_logout_redirect_uri", home.as_str());
    let cognito = ("logout_uri", home.as_str());
    for (request, wanted) in [
        (&[portal, ("id_token_hint", &hint), back, cognito][..], home.clone()),
        (&[("id_token_hint", &hint), back], home.clone()),
        (&[portal, ("post_logout_redirect_uri", &accept), ("state", "s&")], format!("{accept}?state=s%26")),
    ] {
        assert_eq!(location(&ask(request).await.unwrap()).as_str(), wanted);
        let posted = bench.client.post(endpoint).form(request).send().await.unwrap();
        assert_eq!(location(&posted).as_str(), wanted);
    }
    let page = ask(&[portal]).await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("You are signed out"));

    let foreign = token(json!({"iss": "https://id.example", "aud": "seatkeeper-portal"}));
    for request in [
        &[back][..],
        &[("client_id", "other"), back],
        &[portal, ("id_token_hint", &foreign), back],
        &[portal, ("id_token_hint", "x"), back],
        &[portal, ("post_logout_redirect_uri", "https://evil.example/")],
    ] {
        assert_eq!(ask(request).await.unwrap().status(), StatusCode::BAD_REQUEST, "{request:?}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_token_request_is_refused_as_the_rfc_says() {
    let bench = bench().await;
    for (form, error) in [
        (&[("grant_type", "client_credentials")][..], "unsupported_grant_type"),
        (&[("username", "ann@example.com")], "invalid_request"),
        (&[("grant_type", "password")], "invalid_request"),
        (&[("grant_type", "password"), ("username", "nobody")], "invalid_grant"),
        (&[("grant_type", "password"), ("username", "a@b.example"), ("expires_in", "x")], "invalid_request"),
        (
            &[("grant_type", "password"), ("username", "a@b.example"), ("client_id", "other")],
            "invalid_client",
        ),
        (&[("grant_type", "authorization_code"), ("code", "x")], "invalid_request"),
    ] {
        let answer = bench.token(form).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let (status, body) = refusal(answer).await;
        assert_eq!((status, body["error"].as_str()), (400, Some(error)), "{form:?}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn the_inbox_is_a_page_and_json_and_takes_faults() {
    let bench = bench().await;
    let page = bench.client.get(bench.url("/inbox")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Nothing yet"));
    let json: Value =
        bench.client.get(bench.url("/inbox/messages.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(json, json!([]));
    assert_eq!(bench.client.get(bench.url("/inbox/x")).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let fault = |body: &'static str| bench.client.post(bench.url("/inbox/faults")).body(body).send();
    assert_eq!(fault(r#"{"mode":"down","count":1}"#).await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(fault(r#"{"mode":"up","count":1}"#).await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(fault("").await.unwrap().status(), StatusCode::BAD_REQUEST);
    bench.stop().await;
}

#[tokio::test]
async fn sweeps_run_on_demand_and_killed_functions_come_back() {
    let bench = bench().await;
    let [expire, deliver] = bench.stack.sweep().await.unwrap();
    assert_eq!(expire["event"]["source"], "aws.scheduler");
    assert_ne!(expire["pid"], deliver["pid"]);
    assert_eq!(bench.stack.kill("expire-invites"), 1);
    let [again, _] = bench.stack.sweep().await.unwrap();
    assert_ne!(again["pid"], expire["pid"]);
    bench.stop().await;
}

#[tokio::test]
async fn a_function_gets_the_settings_of_the_template_with_ours() {
    let bench = bench_with(&[("INVITE_LIFETIME", "4s")]).await;
    let settings = bench.stack.invoke("deal-seats", json!({"do": "environment"})).await.unwrap();
    for (name, value) in [
        ("INVITE_LIFETIME", "4s"),
        ("FUNCTION_TIMEOUT", "29s"),
        ("PORTAL_URL", bench.stack.url()),
        ("TABLE_NAME", "seatkeeper"),
        ("MAIL_SUBJECT", "FutureLearn Invitation"),
        ("AWS_ENDPOINT_URL_DYNAMODB", bench.stack.dynamodb_endpoint()),
    ] {
        assert_eq!(settings[name], value, "{name}");
    }
    assert_eq!(settings.get("ORIGIN_SECRET"), None);
    bench.stop().await;
}
