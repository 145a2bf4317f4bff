//! A function for the tests of the runtime host: does what its event says.

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
    match event.payload.get("do").and_then(Value::as_str) {
        Some("hang") => std::future::pending().await,
        Some("exit") => std::process::exit(3),
        Some("fail") => Err("it was asked to fail".into()),
        Some("environment") => Ok(json!(std::env::vars().collect::<std::collections::BTreeMap<_, _>>())),
        Some("meet") => {
            // Ends only once as many as were asked for are here at once.
            let folder = event.payload.get("folder").and_then(Value::as_str).unwrap_or_default();
            let many = event.payload.get("many").and_then(Value::as_u64).unwrap_or_default();
            std::fs::write(format!("{folder}/{}", std::process::id()), "")?;
            while (std::fs::read_dir(folder)?.count() as u64) < many {
                tokio::task::yield_now().await;
            }
            Ok(json!(std::process::id()))
        }
        _ => Ok(json!({ "event": event.payload, "pid": std::process::id(), "deadline": deadline })),
    }
}
