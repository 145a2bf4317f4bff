//! `track-delivery`: records what SES says of each mail. An event comes through an SNS topic, may come twice, late and
//! in any order, and never changes who may accept (I9).

mod event;

use event::{MailEvent, notifications};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shared::clock::{self, Deadline, TO_REPORT};
use shared::config::Config;
use shared::domain::track::track;
use shared::domain::{Delivery, Invite, InviteKey, Timestamp};
use shared::store::{Seen, Store, StoreError};
use shared::telemetry::{self, Tracked};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let (config, topic) = &Config::tracking()?;
    let store = &Store::connect(&config.table).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let deadline = Deadline::of(&event.context).earlier(TO_REPORT);
        track_all(store, topic, event.payload, deadline).await
    }))
    .await
}

/// A complaint is an opt-out too (I10), also about an older send.
async fn respect(store: &Store, key: InviteKey, told: Delivery, now: Timestamp) -> Result<(), StoreError> {
    if let Delivery::Complained { at } = told
        && let (Some(deal), Some(record)) = store.deal_and_invite(key).await?
    {
        store.opt_out(&deal.organisation.id, &record.invite.email, now, Some(at)).await?;
    }
    Ok(())
}

/// After an error, Lambda hands the whole payload over again. Events that are recorded already change nothing then.
async fn track_all(store: &Store, topic: &str, payload: Value, deadline: Deadline) -> Result<(), Error> {
    let (now, mut tracked, mut failed) = (clock::now(), Tracked::default(), Ok(()));
    for notification in notifications(payload) {
        let Some(MailEvent { key, send, told, at }) =
            notification.filter(|it| it.topic_arn == topic).and_then(|it| MailEvent::parse(&it.message))
        else {
            tracked.dropped += 1;
            continue;
        };
        let rule = |existing: Option<&Invite>, _| track(existing, send, told);
        let change = store.change(key, Seen::Unread, now, deadline, rule);
        match tokio::try_join!(change, respect(store, key, told, now)).map(|(changed, ())| changed) {
            Ok(Ok(_)) => {
                tracked.lag_seconds = tracked.lag_seconds.max(Some((now - at).num_seconds().max(0)));
                match told {
                    Delivery::Delivered { .. } => tracked.delivered += 1,
                    Delivery::Bounced { .. } => tracked.bounced += 1,
                    Delivery::Complained { .. } => tracked.complained += 1,
                    _ => tracked.others += 1,
                }
            }
            Ok(Err(_)) => tracked.strays += 1,
            Err(error) => {
                telemetry::row_failed(&error);
                failed = Err(error.into());
            }
        }
    }
    telemetry::tracked(tracked);
    failed
}
