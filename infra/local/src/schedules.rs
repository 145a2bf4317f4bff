//! The schedules, which run the functions as EventBridge Scheduler does on AWS, and `POST /schedules/{function}`, which
//! runs one now.
//!
//! Invariant: a clock never runs its function twice at a time. Each function has its own clock.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::page::refusal;
use crate::runtime::{ACCOUNT, Host, InvokeError, REGION};
use crate::terminal::Terminal;
use crate::{clock, functions, template};

/// The expression and the function of each of the template's schedules.
fn schedules() -> impl Iterator<Item = (&'static str, &'static str)> {
    template::resources("AWS::Scheduler::Schedule")
        .filter(|schedule| schedule.whole.get("Condition").is_none())
        .map(|schedule| {
            (schedule.text("/ScheduleExpression"), functions::referred(schedule.get("/Target/Arn")))
        })
}

/// Runs the schedules of every minute until the set is dropped. The first runs start at once, since invites may have become
/// due while the stack was down. A daily schedule runs only when asked.
pub(crate) fn start(host: &Arc<Host>, every: Duration, terminal: Terminal) -> JoinSet<()> {
    schedules()
        .filter(|(expression, _)| *expression == "rate(1 minute)")
        .map(|(_, function)| repeat(function, Arc::clone(host), every, terminal))
        .collect()
}

pub(crate) fn router(host: Arc<Host>) -> Router {
    Router::new().route("/schedules/{function}", post(run_now)).with_state(host)
}

async fn run_now(State(host): State<Arc<Host>>, Path(name): Path<String>) -> Response {
    let Some((_, function)) = schedules().find(|(_, function)| *function == name) else {
        return refusal(StatusCode::NOT_FOUND, "No schedule runs a function of this name.").into_response();
    };
    match run(function, &host).await {
        Ok(report) => Json(report).into_response(),
        Err(error) => refusal(StatusCode::BAD_GATEWAY, &error.to_string()).into_response(),
    }
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
