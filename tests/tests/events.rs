//! Events that API Gateway and the Scheduler hand to the real binaries, as odd as a caller can make them: none ends a
//! function, and each gets an answer of ours. I8.
#![expect(clippy::unwrap_used, reason = "tests of many cases, whose helpers fail as a test does")]

use serde_json::{Value, json};
use tests::World;

/// A genuine event of `POST /api/invites/preview`, with these fields changed (by JSON pointer).
fn preview(changes: &[(&str, Value)]) -> Value {
    let mut event = json!({
        "version": "2.0", "routeKey": "POST /api/invites/preview",
        "rawPath": "/api/invites/preview", "rawQueryString": "",
        "headers": {"host": "abc.execute-api.eu-west-1.amazonaws.com", "content-type": "application/json",
            "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443"},
        "requestContext": {
            "accountId": "000000000000", "apiId": "abc", "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "abc", "requestId": "r", "routeKey": "POST /api/invites/preview", "stage": "$default",
            "time": "23/Nov/2026:15:04:05 +0000", "timeEpoch": 1_795_446_245_005_i64,
            "http": {"method": "POST", "path": "/api/invites/preview", "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "test"},
        },
        "body": r#"{"token":"x"}"#, "isBase64Encoded": false,
    });
    for (place, value) in changes {
        *event.pointer_mut(place).unwrap() = value.clone();
    }
    event
}

/// What a caller writes into the request line and the headers is never taken apart: it ends no function, whatever it is.
/// (An abort would be a 5xx for this caller, and a cold start for the next.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_no_request_line_or_header_ends_a_function() {
    let world = World::start().await;
    let long = "x".repeat(70_000);
    let mut events = vec![preview(&[])];
    for text in ["\"", "<>", "{}|\\^`", "é😀", "%", "%zz", " ", "\u{7f}", "#a", "a=%00", &long] {
        events.push(preview(&[("/rawQueryString", json!(text))]));
        events.push(preview(&[("/rawPath", json!(format!("/{text}")))]));
        events.push(preview(&[("/requestContext/http/path", json!(format!("/{text}")))]));
        events.push(preview(&[("/requestContext/http/userAgent", json!(text))]));
        events.push(preview(&[("/headers/x-forwarded-for", json!(text.replace('\u{7f}', "")))]));
        events.push(preview(&[("/headers/x-forwarded-proto", json!(text.replace('\u{7f}', "")))]));
        events.push(preview(&[("/headers/host", json!(text.replace('\u{7f}', "")))]));
    }
    for host in ["", ":", "[::1", "a b", "//", "evil.example:99999", "\\"] {
        events.push(preview(&[("/headers/host", json!(host)), ("/requestContext/domainName", json!(host))]));
    }
    let mut wrong = Vec::new();
    for event in events {
        let shown: String = event.to_string().chars().take(300).collect();
        match world.stack.invoke("accept-invite", event).await {
            Ok(answer) => {
                let body: Value = answer["body"].as_str().unwrap_or_default().parse().unwrap_or_default();
                if answer["statusCode"] != 404 || body["code"] != "unknown_invite" {
                    wrong.push(format!("{answer}\n  to {shown}"));
                }
            }
            Err(error) => wrong.push(format!("{error}\n  to {shown}")),
        }
    }
    assert!(wrong.is_empty(), "{} events:\n{}", wrong.len(), wrong.join("\n"));
    world.stop().await;
}
