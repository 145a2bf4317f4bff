//! `deliver-invites`: sends mails that are still queued when their lease is over, so that none is lost (I4).
//! `make deploy` invokes it with `{"smokeTest": true}`, to see whether SES takes mail from the deployed role.

mod deliver;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::json;
use shared::clock::{self, Deadline, TO_REPORT};
use shared::{sending::Sending, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sending = &Sending::from_env().await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        if event.payload.get("smokeTest").is_some_and(|asked| asked == true) {
            let refused = sending.mailer.send_smoke_test().await.err();
            return Ok::<_, Error>(json!({ "refused": refused }));
        }
        let deadline = Deadline::of(&event.context).earlier(TO_REPORT);
        Ok(json!(deliver::deliver(sending, clock::now(), deadline).await))
    }))
    .await
}
