//! A stand-in for any function, for the tests of the host and of the gateway. Its event tells it what to do.

use std::collections::BTreeMap;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("SEND_RATE").is_ok_and(|rate| rate == "refused") {
        return Err("SEND_RATE is refused".into());
    }
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let deadline = event.context.deadline;
    let event = event.payload;
    if event.get("routeKey").is_none() {
        return obey(&event, deadline).await;
    }
    // Behind the gateway, the request's body is the order, and the answer has the whole event.
    let body = event.get("body").and_then(Value::as_str).unwrap_or_default();
    let order = serde_json::from_str(body).unwrap_or_default();
    obey(&order, deadline).await?;
    Ok(json!({
        "statusCode": 201,
        "headers": { "content-type": "application/json", "cache-control": "no-store", "etag": "\"1\"" },
        "body": event.to_string(),
    }))
}

async fn obey(order: &Value, deadline: u64) -> Result<Value, Error> {
    let text = |name| order.get(name).and_then(Value::as_str);
    match text("do") {
        Some("hang") => std::future::pending().await,
        Some("exit") => std::process::exit(3),
        Some("fail") => Err("it was asked to fail".into()),
        Some("environment") => Ok(json!(std::env::vars().collect::<BTreeMap<_, _>>())),
        Some("meet") => {
            let many = order.get("many").and_then(Value::as_u64).unwrap_or_default();
            meet(text("folder").unwrap_or_default(), many)
        }
        _ => Ok(json!({ "event": order, "pid": std::process::id(), "deadline": deadline })),
    }
}

/// Waits until this many processes run at the same time.
fn meet(folder: &str, many: u64) -> Result<Value, Error> {
    std::fs::write(format!("{folder}/{}", std::process::id()), "")?;
    while (std::fs::read_dir(folder)?.count() as u64) < many {
        std::thread::yield_now();
    }
    Ok(json!(std::process::id()))
}
