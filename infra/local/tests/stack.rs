//! The whole stack over HTTP, with stand-ins for the functions.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use seatkeeper_local::functions::FUNCTIONS;
use seatkeeper_local::{Settings, Stack};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

struct Bench {
    stack: Stack,
    client: Client,
    folder: PathBuf,
}

/// A folder of functions. Each is `examples/echo_function.rs`.
fn functions() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("seatkeeper-functions-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let executable = std::env::current_exe().unwrap();
    let echo = executable.parent().and_then(Path::parent).unwrap().join("examples/echo_function");
    assert!(echo.is_file(), "`cargo test` builds the examples; with `--test` it does not");
    for function in FUNCTIONS.iter() {
        std::os::unix::fs::symlink(&echo, folder.join(function.name)).unwrap();
    }
    folder
}

/// Pages in place of the built portal.
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

    async fn get(&self, path: &str) -> Response {
        send(self.client.get(self.url(path))).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        send(self.client.post(self.url(path)).form(form)).await
    }

    /// A token for this person, from a request with these parameters.
    async fn token(&self, username: &str, parameters: &[(&str, &str)]) -> String {
        let form = [&[("grant_type", "password"), ("username", username)], parameters].concat();
        let answer: Value = self.post("/oidc/token", &form).await.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// An API request with this token.
    fn api(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(token)
    }

    /// Tells a function what to do, by a route without scopes.
    async fn order(&self, order: Value) -> Response {
        send(self.client.post(self.url("/api/invites/preview")).json(&order)).await
    }

    async fn stop(self) {
        self.stack.stop().await;
        std::fs::remove_dir_all(self.folder).unwrap();
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
    let path = "/api/deals/d1/seats?status=pending&limit=2";
    let answer = send(bench.api(Method::GET, path, &manager)).await;
    has_the_headers(&answer);
    assert_eq!((answer.status(), header(&answer, "etag")), (StatusCode::CREATED, "\"1\"".to_owned()));
    let event: Value = answer.json().await.unwrap();
    assert_eq!(event["routeKey"], "GET /api/deals/{dealId}/seats");
    let jwt = &event["requestContext"]["authorizer"]["jwt"];
    assert_eq!(jwt["scopes"], json!(["invites.manage"]));
    let claims = ["org", "email_verified", "scope"].map(|claim| jwt["claims"][claim].as_str().unwrap());
    assert_eq!(claims, ["acme", "true", "invites.manage seats.accept"]);

    let answer = bench.get("/api/deals").await;
    assert_eq!(header(&answer, "www-authenticate"), "Bearer");
    assert_eq!(refusal(answer).await, message(401, "Unauthorized"));
    let (unauthorized, forbidden) = (message(401, "Unauthorized"), message(403, "Forbidden"));
    for (person, parameters, path, expected) in [
        ("manager@acme.example", &[("expires_in", "0")][..], "/api/deals", &unauthorized),
        ("manager@acme.example", &[("expires_in", "-60")], "/api/deals", &unauthorized),
        ("manager@acme.example", &[("audience", "elsewhere")], "/api/deals", &unauthorized),
        ("manager@acme.example", &[("scope", "seats.accept")], "/api/deals", &forbidden),
        ("ann@example.com", &[], "/api/deals", &forbidden),
        ("ann@example.com", &[], "/api/nothing", &message(404, "Not Found")),
        ("ann@example.com", &[], "/api/", &message(404, "Not Found")),
    ] {
        let token = bench.token(person, parameters).await;
        let answer = send(bench.api(Method::GET, path, &token)).await;
        has_the_headers(&answer);
        assert_eq!(&refusal(answer).await, expected, "{person} {parameters:?} {path}");
    }
    let head = send(bench.api(Method::HEAD, "/api/deals", &manager)).await;
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    bench.stop().await;
}

#[tokio::test]
async fn a_failed_integration_tells_nothing_of_the_function() {
    let bench = bench_with(&[("FUNCTION_TIMEOUT", "300ms")]).await;
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
    bench.stop().await;
}

#[tokio::test]
async fn the_portal_is_served_as_cloudfront_serves_it() {
    let bench = bench_with(&[("MAIL_FROM", "learn@acme.example")]).await;
    let (html, svg) = ("text/html; charset=utf-8", "image/svg+xml");
    let (always, year) = ("no-cache", "public, max-age=31536000, immutable");
    for (path, kind, caching, name) in [
        ("/deals/abc/?tab=pending", html, always, "index.html"),
        ("/accept%23AAAA.&utm_source=x", html, always, "accept.html"),
        ("/favicon.svg", svg, always, "favicon.svg"),
        ("/assets/app-Bq1xX2a_.js", "text/javascript; charset=utf-8", year, "assets/app-Bq1xX2a_.js"),
    ] {
        let file = std::fs::read_to_string(portal().join(name)).unwrap();
        for (method, body) in [(Method::GET, file.as_str()), (Method::HEAD, "")] {
            let answer = send(bench.client.request(method, bench.url(path))).await;
            has_the_headers(&answer);
            let headers =
                ["content-type", "cache-control", "content-length"].map(|name| header(&answer, name));
            assert_eq!(headers, [kind, caching, &file.len().to_string()], "{path}");
            assert_eq!(
                (answer.status(), answer.text().await.unwrap().as_str()),
                (StatusCode::OK, body),
                "{path}"
            );
        }
        assert_eq!(bench.post(path, &[]).await.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let first = bench.get(path).await;
        let since = header(&first, "last-modified");
        let again = send(bench.client.get(bench.url(path)).header("if-modified-since", since)).await;
        assert_eq!(
            (again.status(), header(&again, "cache-control")),
            (StatusCode::NOT_MODIFIED, caching.to_owned())
        );
    }
    for path in ["/style.js", "/assets/app.js", "/deals/a.b"] {
        let answer = bench.get(path).await;
        has_the_headers(&answer);
        assert_eq!(
            (answer.status(), header(&answer, "cache-control").as_str()),
            (StatusCode::NOT_FOUND, always)
        );
    }
    // A browser gets the portal in place of a missing file.
    for (path, kind) in [("/deals/a.b", html), ("/..%2f..%2fx.toml", html), ("/favicon.svg", svg)] {
        let browser = bench.client.get(bench.url(path)).header("accept", "text/html,*/*;q=0.8");
        let answer = send(browser).await;
        assert_eq!(
            (answer.status(), header(&answer, "content-type").as_str()),
            (StatusCode::OK, kind),
            "{path}"
        );
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
    });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);

    // A page at another name of this machine moves to the issuer's origin.
    let (_, port) = bench.stack.url().rsplit_once(':').unwrap();
    let elsewhere = |path: &str| send(bench.client.get(format!("http://127.0.0.1:{port}{path}")));
    let moved = elsewhere("/deals/abc?tab=expired").await;
    assert_eq!(moved.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(header(&moved, "location"), bench.url("/deals/abc?tab=expired"));
    assert_eq!(elsewhere("/favicon.svg").await.status(), StatusCode::OK);
    bench.stop().await;
}

#[tokio::test]
async fn a_stack_starts_with_built_pages_or_with_none() {
    let functions_dir = functions();
    let start = |portal| {
        let functions_dir = functions_dir.clone();
        Stack::start(Settings { functions_dir, portal, ..Settings::ephemeral() })
    };
    let error = start(Some(portal().join("assets"))).await.unwrap_err();
    assert_eq!(error.to_string(), "the portal is not built. Build it first: make portal");

    let stack = start(None).await.unwrap();
    for (path, status) in [("/", 404), ("/accept", 404), ("/config.json", 200), ("/healthz", 200)] {
        let answer = reqwest::get(format!("{}{path}", stack.url())).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    stack.stop().await;
    std::fs::remove_dir_all(functions_dir).unwrap();
}

#[tokio::test]
async fn nothing_outside_of_the_portal_is_served() {
    let bench = bench().await;
    let index = std::fs::read_to_string(portal().join("index.html")).unwrap();
    // Written by hand, since a client would tidy the path.
    for (path, is_page) in [
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
            if is_page { ("HTTP/1.1 200 OK", index.as_str()) } else { ("HTTP/1.1 404 Not Found", "") };
        assert_eq!((head.lines().next().unwrap(), body), expected, "{path}");
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
            for (name, value, status) in
                [("host", "evil.example", 421), ("origin", "http://evil.example", 403)]
            {
                let answer = send(bench.client.request(method.clone(), url).header(name, value)).await;
                assert_eq!(answer.status().as_u16(), status, "{method} {url} {name}");
                assert_eq!(answer.headers().get("access-control-allow-origin"), None, "{method} {url}");
            }
        }
    }
    bench.stop().await;
}

/// The portal's request to sign somebody in, but for the address to come back to.
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

fn location(answer: &Response) -> Url {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    header(answer, "location").parse().unwrap()
}

/// One parameter of an address.
fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_pkce() {
    let bench = bench().await;
    let back = bench.url("/accept");
    let verifier = "a-verifier-of-at-least-forty-three-characters";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let request = sign_in_request(&back, &challenge);
    // A link shows the page and signs nobody in, even with an address in it.
    for more in [
        &[][..],
        &[("prompt", "login"), ("email", "ann@example.com")],
        &[("prompt", "select_account"), ("ui_locales", "en")],
    ] {
        let request = [&request, more].concat();
        let page = send(bench.client.get(bench.url("/oidc/authorize")).query(&request)).await;
        assert_eq!(page.status(), StatusCode::OK, "{more:?}");
        assert!(page.text().await.unwrap().contains("manager@acme.example"));
    }

    let chosen = [&request[..], &[("email", "ann@example.com")]].concat();
    let location = location(&bench.post("/oidc/authorize", &chosen).await);
    assert_eq!(location.as_str().split('?').next(), Some(back.as_str()));
    assert_eq!(parameter(&location, "state").as_deref(), Some("a state&"));
    assert_eq!(parameter(&location, "iss"), Some(bench.url("/oidc")));
    let code = parameter(&location, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &back),
        ("client_id", "seatkeeper-portal"),
        ("code_verifier", verifier),
    ];
    let answer: Value = bench.post("/oidc/token", &form).await.json().await.unwrap();
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
    assert_eq!(send(bench.api(Method::GET, "/api/me/seats", access)).await.status(), StatusCode::CREATED);

    let again = bench.post("/oidc/token", &form).await;
    assert_eq!(refusal(again).await.1["error"], "invalid_grant");
    bench.stop().await;
}

/// A reload signs in again by `prompt=none`.
#[tokio::test]
async fn a_session_answers_without_a_question_until_the_sign_out() {
    let bench = bench().await;
    let (back, verifier) = (bench.url("/"), "a-verifier-of-at-least-forty-three-characters");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let request = sign_in_request(&back, &challenge);
    let choose = async |email: &str| {
        let answer = bench.post("/oidc/authorize", &[&request[..], &[("email", email)]].concat()).await;
        let cookie = header(&answer, "set-cookie");
        assert!(cookie.ends_with("; Path=/oidc; HttpOnly; SameSite=Lax"), "{cookie}");
        let code = parameter(&location(&answer), "code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &back),
            ("client_id", "seatkeeper-portal"),
            ("code_verifier", verifier),
        ];
        let tokens: Value = bench.post("/oidc/token", &form).await.json().await.unwrap();
        (cookie.split(';').next().unwrap().to_owned(), tokens["id_token"].as_str().unwrap().to_owned())
    };
    let ((ann, anns), (_, bobs)) = (choose("ann@example.com").await, choose("bob@example.com").await);
    let ask = async |cookie: &str, more: &[(&str, &str)]| {
        let get = bench.client.get(bench.url("/oidc/authorize")).query(&request).query(more);
        let answer = send(get.header("cookie", cookie)).await;
        if answer.status() == StatusCode::OK {
            return "page".to_owned();
        }
        let address = location(&answer);
        parameter(&address, "error").unwrap_or_else(|| {
            assert!(parameter(&address, "code").is_some(), "{address}");
            "code".to_owned()
        })
    };
    let none = ("prompt", "none");
    for (cookie, more, expected) in [
        (ann.as_str(), &[][..], "code"),
        (&ann, &[none], "code"),
        (&ann, &[none, ("id_token_hint", &anns)], "code"),
        (&ann, &[none, ("id_token_hint", &bobs)], "login_required"),
        (&ann, &[none, ("id_token_hint", "x")], "login_required"),
        (&ann, &[("id_token_hint", &bobs)], "page"),
        (&ann, &[("prompt", "login")], "page"),
        (&ann, &[("prompt", "select_account")], "page"),
        (&ann, &[("prompt", "none login")], "invalid_request"),
        ("session=x", &[], "page"),
        ("session=x", &[none], "login_required"),
    ] {
        assert_eq!(ask(cookie, more).await, expected, "{more:?}");
    }
    let leave = bench.client.get(bench.url("/oidc/logout")).query(&[("client_id", "seatkeeper-portal")]);
    let left = send(leave.header("cookie", &ann)).await;
    assert!(header(&left, "set-cookie").ends_with("; Max-Age=0"));
    assert_eq!(ask(&ann, &[none]).await, "login_required");
    bench.stop().await;
}

#[tokio::test]
async fn the_issuer_refuses_as_its_standards_say() {
    let bench = bench().await;
    let (back, challenge) = (bench.url("/accept"), "x".repeat(43));
    let request = sign_in_request(&back, &challenge);
    // The portal's request with one parameter replaced.
    let ask = async |parameter: (&str, &str)| {
        let form: Vec<_> = request.iter().filter(|(name, _)| *name != parameter.0).copied().collect();
        bench.post("/oidc/authorize", &[&form[..], &[parameter]].concat()).await
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
    bench.stop().await;
}

#[tokio::test]
async fn a_person_signs_out_and_returns_to_the_portal() {
    let bench = bench().await;
    let discovery = bench.get("/oidc/.well-known/openid-configuration").await;
    let discovery: Value = discovery.json().await.unwrap();
    let endpoint = discovery["end_session_endpoint"].as_str().unwrap();
    let ask = |request: &[(&str, &str)]| send(bench.client.get(endpoint).query(request));
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
        let posted = send(bench.client.post(endpoint).form(request)).await;
        for answer in [ask(request).await, posted] {
            assert_eq!(location(&answer).as_str(), wanted);
        }
    }
    let page = ask(&[portal]).await;
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
        assert_eq!(ask(request).await.status(), StatusCode::BAD_REQUEST, "{request:?}");
    }
    bench.stop().await;
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
    for (fault, status) in
        [(r#"{"mode":"down","count":1}"#, 204), (r#"{"mode":"up","count":1}"#, 400), ("", 400)]
    {
        let answer = send(bench.client.post(bench.url("/inbox/faults")).body(fault)).await;
        assert_eq!(answer.status().as_u16(), status, "{fault}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn functions_have_their_settings_and_are_replaced_after_a_kill() {
    let bench = bench_with(&[("INVITE_LIFETIME", "4s")]).await;
    let settings = bench.stack.invoke("deal-seats", json!({"do": "environment"})).await.unwrap();
    for (name, value) in [
        ("INVITE_LIFETIME", "4s"),
        ("FUNCTION_TIMEOUT", "29s"),
        ("PORTAL_URL", bench.stack.url()),
        ("TABLE_NAME", "seatkeeper"),
        ("MAIL_SUBJECT", "FutureLearn Invitation"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &bench.stack.endpoints().dynamodb),
    ] {
        assert_eq!(settings[name], value, "{name}");
    }

    let [expire, deliver] = bench.stack.sweep().await.unwrap();
    assert_eq!(expire["event"]["source"], "aws.scheduler");
    assert_ne!(expire["pid"], deliver["pid"]);
    assert_eq!(bench.stack.kill("expire-invites"), 1);
    let [again, _] = bench.stack.sweep().await.unwrap();
    assert_ne!(again["pid"], expire["pid"]);
    bench.stop().await;
}
