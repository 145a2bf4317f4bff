//! `deliver-invites`: takes up mails that are still queued when their lease is over, so that none is lost (I4).

mod deliver;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::clock::{self, Deadline};
use shared::{config::MailConfig, delivery::Delivery, mail::ses::Mailer, store::Store, telemetry};
use std::time::Duration;

/// What is kept of the time limit to report.
const TO_REPORT: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let (config, mail) = MailConfig::from_env()?;
    let store = Store::connect(&config.table).await;
    let mailer = Mailer::connect(&mail).await;
    let delivery = &Delivery { store, mailer, config: mail, lifetime: config.lifetime };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        let deadline = Deadline::from_epoch_millis(event.context.deadline).earlier(TO_REPORT);
        Ok::<_, Error>(deliver::deliver(delivery, clock::now(), deadline).await)
    }))
    .await
}
