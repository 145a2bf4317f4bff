//! `expire-invites`: the sweep that marks invites past their expiry. It decides nothing (I2).

use futures_util::stream::{self, StreamExt};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::clock::{self, Deadline, TO_REPORT};
use shared::config::Config;
use shared::domain::expire::expire;
use shared::store::{BATCH, InviteRecord, Seen, Store, WRITES, keys::Queue};
use shared::sweep::{Report, sweep};
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let store = &Store::connect(&Config::from_env()?.table).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        let (deadline, watch) = (Deadline::of(&event.context).earlier(TO_REPORT), clock::start());
        let mark = async |due| mark(store, due, deadline).await;
        let report = sweep(store, Queue::Expire, BATCH, clock::now(), deadline, mark).await;
        telemetry::swept(&report, None, watch.elapsed());
        Ok::<_, Error>(report)
    }))
    .await
}

async fn mark(store: &Store, due: Vec<InviteRecord>, deadline: Deadline) -> Report {
    stream::iter(due)
        .map(|record| store.change(record.key, Seen::Record(Some(record)), clock::now(), deadline, expire))
        .buffer_unordered(WRITES)
        .map(|marked| match marked {
            Ok(Ok(_)) => Report { done: 1, ..Report::default() },
            Ok(Err(_)) => Report { skipped: 1, ..Report::default() },
            Err(error) => Report::failed(&error),
        })
        .fold(Report::default(), async |sum, marked| sum.plus(marked))
        .await
}
