//! `grant-scopes`: called by the stack's own user pool before it makes a token. Of the scopes that were asked for it
//! grants those that the person is entitled to, and tells the API whose deals they manage.
//!
//! It depends on nothing of ours, and on no AWS client: sign-in waits for it.

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
