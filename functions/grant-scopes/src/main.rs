//! `grant-scopes`: called by the stack's own user pool before it makes a token. Grants the requested scopes
//! that the person is entitled to. Every sign-in waits for it, so it uses neither `shared` nor an AWS client.

mod grant;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, Error>(grant::answer(event.payload)?)
    }))
    .await
}
