//! The whole stack over HTTP, with stand-ins for the functions.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use seatkeeper_local::functions::FUNCTIONS;
use seatkeeper_local::{Settings, Stack};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

struct Bench {
    stack: Stack,
    client: Client,
}

/// A folder of functions. Each is `examples/echo_function.rs`.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions");
    let _none = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let executable = std::env::current_exe().unwrap();
    let echo = executable.parent().and_then(Path::parent).unwrap().join("examples/echo_function");
    assert!(echo.is_file(), "`cargo test` builds the examples; with `--test` it does not");
    for function in FUNCTIONS.iter() {
        std::os::unix::fs::symlink(&echo, folder.join(function.name)).unwrap();
    }
    folder
});

fn settings(portal: Option<PathBuf>) -> Settings {
    Settings { functions_dir: FOLDER.clone(), portal, ..Settings::ephemeral() }
}

/// Pages in place of the built portal.
fn portal() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/portal")
}

async fn bench_with(env: &[(&str, &str)]) -> Bench {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let stack = Stack::start(Settings { env, ..settings(Some(portal())) }).await.unwrap();
    Bench { stack, client: Client::builder().redirect(Policy::none()).build().unwrap() }
}

async fn bench() -> Bench {
    bench_with(&[]).await
}

impl Bench {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.stack.url)
    }

    async fn get(&self, path: &str) -> Response {
        send(self.client.get(self.url(path))).await
    }

    async fn post(&self, path: &str, form: &(impl Serialize + ?Sized)) -> Response {
        send(self.client.post(self.url(path)).form(form)).await
    }

    /// A token for this person, from a request with these parameters.
    async fn token(&self, username: &str, parameters: &[(&str, &str)]) -> String {
        let form = [&[("grant_type", "password"), ("username", username)], parameters].concat();
        let answer: Value = self.post("/oidc/token", &form).await.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// An API request with this token.
    fn api(&self, path: &str, token: &str) -> RequestBuilder {
        self.client.get(self.url(path)).bearer_auth(token)
    }

    /// Tells a function what to do, by a route without scopes.
    async fn order(&self, order: Value) -> Response {
        send(self.client.post(self.url("/api/invites/preview")).json(&order)).await
    }
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

async fn refusal(answer: Response) -> (u16, Value) {
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn message(status: u16, message: &str) -> (u16, Value) {
    (status, json!({ "message": message }))
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers()[name].to_str().unwrap().to_owned()
}

/// The answer has the headers that only `portal/headers.json` sets.
fn has_the_headers(answer: &Response) {
    for name in ["content-security-policy", "strict-transport-security", "cross-origin-opener-policy"] {
        assert_eq!(answer.headers().get_all(name).iter().count(), 1, "{name} of {}", answer.url());
    }
}

#[tokio::test]
async fn a_request_reaches_its_function_or_gets_the_gateways_refusal() {
    let bench = bench().await;
    let manager = bench.token("manager@acme.example", &[]).await;
    let answer = send(bench.api("/api/deals/d1/seats?status=pending", &manager)).await;
    has_the_headers(&answer);
    assert_eq!((answer.status(), header(&answer, "etag")), (StatusCode::CREATED, "\"1\"".to_owned()));
    let event: Value = answer.json().await.unwrap();
    assert_eq!(event["routeKey"], "GET /api/deals/{dealId}/seats");

    let answer = bench.get("/api/deals").await;
    assert_eq!(header(&answer, "www-authenticate"), "Bearer");
    let unauthorized = message(401, "Unauthorized");
    assert_eq!(refusal(answer).await, unauthorized);
    for (parameters, path, expected) in [
        (&[("expires_in", "0")][..], "/api/deals", &unauthorized),
        (&[("audience", "elsewhere")], "/api/deals", &unauthorized),
        (&[("scope", "seats.accept")], "/api/deals", &message(403, "Forbidden")),
        (&[], "/api/nothing", &message(404, "Not Found")),
    ] {
        let token = bench.token("manager@acme.example", parameters).await;
        let answer = send(bench.api(path, &token)).await;
        has_the_headers(&answer);
        assert_eq!(&refusal(answer).await, expected, "{parameters:?} {path}");
    }
}

#[tokio::test]
async fn a_failed_integration_tells_nothing_of_the_function() {
    let bench = bench_with(&[("FUNCTION_TIMEOUT", "2s")]).await;
    for (order, expected) in [
        ("exit", message(500, "Internal Server Error")),
        ("fail", message(500, "Internal Server Error")),
        ("hang", message(503, "Service Unavailable")),
    ] {
        let answer = bench.order(json!({ "do": order })).await;
        has_the_headers(&answer);
        assert_eq!(refusal(answer).await, expected, "{order}");
    }
    assert_eq!(bench.order(json!({})).await.status(), StatusCode::CREATED);
    let large = "x".repeat(10 * 1024 * 1024 + 1);
    assert_eq!(refusal(bench.order(json!(large)).await).await, message(413, "Request Entity Too Large"));
}

#[tokio::test]
async fn the_portal_is_served_as_cloudfront_serves_it() {
    let bench = bench_with(&[("MAIL_FROM", "learn@acme.example")]).await;
    let (always, year) = ("no-cache", "public, max-age=31536000, immutable");
    let (html, script) = ("text/html; charset=utf-8", "text/javascript; charset=utf-8");
    for (path, kind, caching, name) in [
        ("/deals/abc/?tab=pending", html, always, "index.html"),
        ("/accept%23AAAA.&utm_source=x", html, always, "accept.html"),
        ("/assets/app-Bq1xX2a_.js", script, year, "assets/app-Bq1xX2a_.js"),
    ] {
        let answer = bench.get(path).await;
        has_the_headers(&answer);
        let [found, cached, since] =
            ["content-type", "cache-control", "last-modified"].map(|name| header(&answer, name));
        assert_eq!((found.as_str(), cached.as_str()), (kind, caching), "{path}");
        let file = std::fs::read_to_string(portal().join(name)).unwrap();
        assert_eq!(answer.text().await.unwrap(), file, "{path}");
        let again = send(bench.client.get(bench.url(path)).header("if-modified-since", since)).await;
        let seen = (again.status(), header(&again, "cache-control"));
        assert_eq!(seen, (StatusCode::NOT_MODIFIED, caching.to_owned()), "{path}");
        assert_eq!(bench.post(path, &[(); 0]).await.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    for path in
        ["/style.js", "/assets/app.js", "/deals/a.b", "/..%2f..%2fCargo.toml", "/%2e%2e%2fheaders.json"]
    {
        let answer = bench.get(path).await;
        has_the_headers(&answer);
        let seen = (answer.status(), header(&answer, "cache-control"));
        assert_eq!(seen, (StatusCode::NOT_FOUND, always.to_owned()), "{path}");
    }

    let answer = bench.get("/config.json").await;
    has_the_headers(&answer);
    let headers = ["content-type", "cache-control"].map(|name| header(&answer, name));
    assert_eq!(headers, ["application/json", always]);
    let expected = json!({
        "issuer": bench.url("/oidc"),
        "clientId": "seatkeeper-portal",
        "scopePrefix": "",
        "tokenScopePrefix": "",
        "entitlementClaim": "",
        "authorizeParameters": "",
        "startUrl": "https://www.futurelearn.com/",
        "mailFrom": "learn@acme.example",
        "mailSubject": "FutureLearn Invitation",
        "inviteLifetime": "28d",
    });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);

    // A page at another name of this machine moves to the issuer's origin.
    let (_, port) = bench.stack.url.rsplit_once(':').unwrap();
    let elsewhere = |path: &str| send(bench.client.get(format!("http://127.0.0.1:{port}{path}")));
    let moved = elsewhere("/deals/abc?tab=expired").await;
    assert_eq!(moved.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(header(&moved, "location"), bench.url("/deals/abc?tab=expired"));
    assert_eq!(elsewhere("/favicon.svg").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stack_starts_with_built_pages_or_with_none() {
    let error = Stack::start(settings(Some(portal().join("assets")))).await.err().unwrap();
    assert_eq!(error.to_string(), "the portal is not built. Build it first: make portal");

    let stack = Stack::start(settings(None)).await.unwrap();
    for (path, status) in [("/", 404), ("/accept", 404), ("/config.json", 200), ("/healthz", 200)] {
        let answer = reqwest::get(format!("{}{path}", stack.url)).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
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
            for (name, value, status) in
                [("host", "evil.example", 421), ("origin", "http://evil.example", 403)]
            {
                let answer = send(bench.client.request(method.clone(), url).header(name, value)).await;
                assert_eq!(answer.status().as_u16(), status, "{method} {url} {name}");
                assert_eq!(answer.headers().get("access-control-allow-origin"), None, "{method} {url}");
            }
        }
    }
}

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

/// The portal's request to sign somebody in.
fn sign_in_request(bench: &Bench) -> Vec<(&'static str, String)> {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let request = [
        ("client_id", "seatkeeper-portal"),
        ("redirect_uri", &bench.url("/accept")),
        ("response_type", "code"),
        ("scope", "openid email seats.accept deals.admin"),
        ("state", "a state&"),
        ("nonce", "n1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    request.map(|(name, value)| (name, value.to_owned())).into()
}

fn location(answer: &Response) -> Url {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    header(answer, "location").parse().unwrap()
}

/// One parameter of an address.
fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// Signs in on the page, in a browser with this cookie. Returns the browser's next cookie and where the browser goes.
async fn choose(bench: &Bench, cookie: &str, email: &str) -> (String, Url) {
    let chosen = [sign_in_request(bench), vec![("email", email.to_owned())]].concat();
    let post = bench.client.post(bench.url("/oidc/authorize")).form(&chosen);
    let answer = send(post.header("cookie", cookie)).await;
    (header(&answer, "set-cookie"), location(&answer))
}

async fn redeem(bench: &Bench, place: &Url, back: &str, verifier: &str) -> Value {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &parameter(place, "code").unwrap()),
        ("redirect_uri", &bench.url(back)),
        ("client_id", "seatkeeper-portal"),
        ("code_verifier", verifier),
    ];
    bench.post("/oidc/token", &form).await.json().await.unwrap()
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_pkce() {
    let bench = bench().await;
    // A link shows the page and signs nobody in, even with an address in it.
    for more in [&[][..], &[("prompt", "login"), ("email", "ann@example.com")]] {
        let get = bench.client.get(bench.url("/oidc/authorize"));
        let page = send(get.query(&sign_in_request(&bench)).query(more)).await;
        assert_eq!(page.status(), StatusCode::OK, "{more:?}");
        assert!(page.text().await.unwrap().contains("manager@acme.example"));
    }

    let (_, place) = choose(&bench, "", "ann@example.com").await;
    assert_eq!(place.as_str().split('?').next(), Some(bench.url("/accept").as_str()));
    assert_eq!(parameter(&place, "state").as_deref(), Some("a state&"));
    assert_eq!(parameter(&place, "iss"), Some(bench.url("/oidc")));
    let answer = redeem(&bench, &place, "/accept", VERIFIER).await;
    assert_eq!(answer["scope"], "openid email seats.accept");
    let claims = |token: &Value| -> Value {
        let part = token.as_str().unwrap().split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let identity = claims(&answer["id_token"]);
    for (claim, value) in [
        ("nonce", json!("n1")),
        ("aud", json!("seatkeeper-portal")),
        ("email", json!("ann@example.com")),
        ("email_verified", json!(true)),
        ("sub", claims(&answer["access_token"])["sub"].clone()),
    ] {
        assert_eq!(identity[claim], value, "{claim}");
    }
    let access = answer["access_token"].as_str().unwrap();
    assert_eq!(send(bench.api("/api/me/seats", access)).await.status(), StatusCode::CREATED);

    // Each attempt uses the code up.
    assert_eq!(redeem(&bench, &place, "/accept", VERIFIER).await["error"], "invalid_grant");
    for (back, verifier) in [("/accept", "wrong"), ("/", VERIFIER)] {
        let (_, place) = choose(&bench, "", "ann@example.com").await;
        for (back, verifier) in [(back, verifier), ("/accept", VERIFIER)] {
            let answer = redeem(&bench, &place, back, verifier).await;
            assert_eq!(answer["error"], "invalid_grant", "{back} {verifier}");
        }
    }
}

/// A reload signs in again by `prompt=none`.
#[tokio::test]
async fn a_session_answers_without_a_question_until_the_sign_out() {
    let bench = bench().await;
    let choose = async |cookie: &str| {
        let (cookie, _) = choose(&bench, cookie, "ann@example.com").await;
        assert!(cookie.ends_with("; Path=/oidc; HttpOnly; SameSite=Lax"), "{cookie}");
        format!("theme=dark; {cookie}")
    };
    let before = choose("").await;
    let ann = choose(&before).await;
    let ask = async |cookie: &str, more: &[(&str, &str)]| {
        let get = bench.client.get(bench.url("/oidc/authorize")).query(&sign_in_request(&bench));
        let answer = send(get.query(more).header("cookie", cookie)).await;
        if answer.status() == StatusCode::OK {
            return "page".to_owned();
        }
        let place = location(&answer);
        parameter(&place, "error").or(parameter(&place, "code").map(|_| "code".to_owned())).unwrap()
    };
    let none = ("prompt", "none");
    for (cookie, more, expected) in [
        (ann.as_str(), &[][..], "code"),
        (&ann, &[none], "code"),
        (&ann, &[("prompt", "select_account")], "page"),
        (&ann, &[("prompt", "none login")], "invalid_request"),
        ("session=x", &[], "page"),
        ("session=x", &[none], "login_required"),
        // The browser's next session has replaced it.
        (&before, &[none], "login_required"),
    ] {
        assert_eq!(ask(cookie, more).await, expected, "{more:?}");
    }

    let discovery: Value = bench.get("/oidc/.well-known/openid-configuration").await.json().await.unwrap();
    let endpoint = discovery["end_session_endpoint"].as_str().unwrap();
    let leave = async |request: &[(&str, &str)]| {
        send(bench.client.get(endpoint).query(request).header("cookie", &ann)).await
    };
    let token = |claims: Value| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let hint = token(json!({"iss": bench.url("/oidc"), "aud": "seatkeeper-portal", "exp": 1}));
    let foreign = token(json!({"iss": "https://id.example", "aud": "seatkeeper-portal"}));
    let (portal, home) = (("client_id", "seatkeeper-portal"), bench.url("/"));
    let back = ("post_logout_redirect_uri", home.as_str());
    for request in [
        &[portal][..],
        &[("id_token_hint", &hint), back],
        &[("client_id", "other"), back],
        &[portal, ("id_token_hint", &foreign), back],
        &[portal, ("id_token_hint", "x"), back],
        &[portal, ("post_logout_redirect_uri", "https://evil.example/")],
    ] {
        assert_eq!(leave(request).await.status(), StatusCode::BAD_REQUEST, "{request:?}");
    }
    assert_eq!(ask(&ann, &[none]).await, "code");
    for request in [&[portal, ("id_token_hint", &hint), back, ("logout_uri", &home)][..], &[portal, back]] {
        let left = leave(request).await;
        assert!(header(&left, "set-cookie").ends_with("; Max-Age=0"));
        assert_eq!(location(&left).as_str(), home);
        assert_eq!(ask(&ann, &[none]).await, "login_required");
    }
}

#[tokio::test]
async fn the_issuer_refuses_as_its_standards_say() {
    let bench = bench().await;
    // The portal's request with one parameter replaced.
    let ask = async |(name, value): (&'static str, &str)| {
        let mut request = sign_in_request(&bench);
        request.retain(|(other, _)| *other != name);
        request.push((name, value.to_owned()));
        bench.post("/oidc/authorize", &request).await
    };
    for (wrong, error) in [
        (("cancel", "1"), "access_denied"),
        (("prompt", "none"), "login_required"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
    ] {
        let location = location(&ask(wrong).await);
        for (name, value) in [("error", error), ("state", "a state&"), ("iss", &bench.url("/oidc"))] {
            assert_eq!(parameter(&location, name).as_deref(), Some(value), "{location}");
        }
        assert_eq!(parameter(&location, "code"), None);
    }
    let page = ask(("email", "a\"b")).await.text().await.unwrap();
    assert!(page.contains("That is not an email address.") && page.contains("value=\"a&#34;b\""), "{page}");
    // Such a request may come from a stranger, so the browser stays with the issuer.
    for wrong in [("client_id", "other"), ("redirect_uri", &bench.url("/inbox"))] {
        assert_eq!(ask(wrong).await.status(), StatusCode::BAD_REQUEST, "{wrong:?}");
    }

    let (password, name) = (("grant_type", "password"), ("username", "a@b.example"));
    for (form, error) in [
        (&[("grant_type", "client_credentials")][..], "unsupported_grant_type"),
        (&[name], "invalid_request"),
        (&[password], "invalid_request"),
        (&[password, ("username", "nobody")], "invalid_grant"),
        (&[password, name, ("expires_in", "x")], "invalid_request"),
        (&[password, name, ("client_id", "other")], "invalid_client"),
        (&[("grant_type", "authorization_code"), ("code", "x")], "invalid_request"),
    ] {
        let answer = bench.post("/oidc/token", form).await;
        assert_eq!(header(&answer, "cache-control"), "no-store");
        let (status, body) = refusal(answer).await;
        assert_eq!((status, body["error"].as_str()), (400, Some(error)), "{form:?}");
    }
}

#[tokio::test]
async fn the_inbox_has_pages_and_json_and_sets_faults() {
    let bench = bench().await;
    for (path, status) in
        [("/inbox", 200), ("/inbox/x", 404), ("/oidc/jwks", 200), ("/oidc/nothing", 404), ("/healthz", 200)]
    {
        let answer = bench.get(path).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert!(!answer.headers().contains_key("strict-transport-security"), "only AWS has it: {path}");
    }
    assert!(bench.get("/inbox").await.text().await.unwrap().contains("No mail yet"));
    assert_eq!(bench.get("/inbox/messages.json").await.json::<Value>().await.unwrap(), json!([]));
    for (fault, status) in [
        (r#"{"mode":"down","count":1}"#, 204),
        (r#"{"mode":"up","count":1}"#, 400),
        (r#"{"mode":"down","count":1,"seconds":1}"#, 400),
        (r#"{"mode":"down"}"#, 400),
        ("", 400),
    ] {
        let answer = send(bench.client.post(bench.url("/inbox/faults")).body(fault)).await;
        assert_eq!(answer.status().as_u16(), status, "{fault}");
    }
}

#[tokio::test]
async fn functions_have_their_settings_and_schedules() {
    let bench = bench_with(&[("INVITE_LIFETIME", "4s")]).await;
    let settings = bench.stack.invoke("deal-seats", json!({"do": "environment"})).await.unwrap();
    for (name, value) in [
        ("INVITE_LIFETIME", "4s"),
        ("PORTAL_URL", &bench.stack.url),
        ("TABLE_NAME", "seatkeeper"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &bench.stack.endpoints.dynamodb),
    ] {
        assert_eq!(settings[name], value, "{name}");
    }

    let [expire, deliver] = bench.stack.sweep().await.unwrap();
    assert_eq!(expire["event"]["source"], "aws.scheduler");
    assert_ne!(expire["pid"], deliver["pid"]);
}
