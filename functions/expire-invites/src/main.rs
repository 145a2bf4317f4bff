//! `expire-invites`: marks as expired what is past its four weeks. It decides nothing (I2), it keeps the tabs cheap
//! and the due index small.

use futures_util::future;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::clock::{self, Deadline, Stopwatch};
use shared::config::Config;
use shared::domain::Timestamp;
use shared::store::{Due, Store, keys::Queue};
use shared::sweep::{Report, Swept, sweep};
use shared::telemetry;
use std::time::Duration;

/// Invites marked at once, in each batch.
const BATCH: usize = 16;

/// Batches under way at once, in each shard.
const BATCHES: usize = 2;

/// What is kept of the time limit to report.
const TO_REPORT: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let store = &Store::connect(&Config::from_env()?.table).await;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        let deadline = Deadline::from_epoch_millis(event.context.deadline).earlier(TO_REPORT);
        Ok::<_, Error>(expire(store, clock::now(), deadline).await)
    }))
    .await
}

async fn expire(store: &Store, now: Timestamp, deadline: Deadline) -> Report {
    let watch = Stopwatch::start();
    let report =
        sweep(store, Queue::Expire, BATCH, BATCHES, now, deadline, async |due| mark(store, due).await).await;
    telemetry::swept(&report, None, watch.elapsed(), store.usage());
    report
}

async fn mark(store: &Store, due: Vec<Due>) -> Swept {
    let marked = future::join_all(due.iter().map(|due| store.expire_invite(due))).await;
    let mut swept = Swept::default();
    for marked in marked {
        match marked {
            Ok(true) => swept.done += 1,
            Ok(false) => swept.skipped += 1,
            Err(error) => {
                telemetry::row_failed(&error);
                swept.failures += 1;
                swept.left_over += 1;
            }
        }
    }
    swept
}
