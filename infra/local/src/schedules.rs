//! The schedules, which run the sweeps as EventBridge Scheduler does on AWS.
//!
//! Invariant: a sweep never runs twice at a time. Each sweep has its own clock.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::runtime::{ACCOUNT, Host, InvokeError, REGION};
use crate::terminal::Terminal;
use crate::{clock, functions, template};

/// Runs the template's schedules until the set is dropped. The first runs start at once, since invites may have become
/// due while the stack was down.
pub(crate) fn start(host: &Arc<Host>, every: Duration, terminal: Terminal) -> JoinSet<()> {
    template::resources("AWS::Scheduler::Schedule")
        .filter(|schedule| schedule.whole.get("Condition").is_none())
        .map(|schedule| functions::referred(schedule.get("/Target/Arn")))
        .map(|function| repeat(function, Arc::clone(host), every, terminal))
        .collect()
}

async fn repeat(function: &'static str, host: Arc<Host>, every: Duration, terminal: Terminal) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = run(function, &host).await {
            terminal.warn(&error.to_string());
        }
    }
}

pub(crate) async fn run(function: &'static str, host: &Host) -> Result<Value, InvokeError> {
    host.invoke(function, &event(function)).await
}

/// The event that EventBridge Scheduler sends to a target without an input.
fn event(schedule: &str) -> Value {
    json!({
        "version": "0",
        "id": crate::random::uuid(),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": clock::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{schedule}")],
        "detail": "{}",
    })
}
