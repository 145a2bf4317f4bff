//! `grant-scopes`: called by the stack's own user pool before it makes a token. Grants the requested scopes
//! that the person is entitled to. Every sign-in waits for it, so it uses neither `shared` nor an AWS client.

mod grant;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use std::io::Write;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        grant::answer(event.payload).inspect_err(report).map_err(Error::from)
    }))
    .await
}

/// One line as the other functions write it. It leaves out the error's source, which quotes the event (I8).
fn report(error: &grant::Unreadable) {
    let line = json!({ "level": "ERROR", "message": "no token was issued", "error": error.to_string() });
    // If standard output is closed, nothing can report that.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
