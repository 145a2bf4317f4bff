//! `send-digests`: mails a daily digest to each manager who wants one.

mod send;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::clock::{self, Deadline, TO_REPORT};
use shared::{sending::Sending, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sending = &Sending::from_env().await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        let deadline = Deadline::of(&event.context).earlier(TO_REPORT);
        Ok::<_, Error>(send::send_digests(sending, clock::now(), deadline).await)
    }))
    .await
}
