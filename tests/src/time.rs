//! The tests' clock, and the only two ways to wait.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

const INTERVAL: Duration = Duration::from_millis(40);

/// The machine's clock, which the function processes also read.
#[expect(clippy::disallowed_methods, reason = "tests share the machine's clock with the functions")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time from a response: RFC 3339 in UTC, with a `Z`.
#[track_caller]
pub fn time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap_or_else(|| panic!("a time, not {value}"));
    assert!(text.ends_with('Z'), "a time in UTC ends with Z: {text}");
    let time =
        DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text} is no time: {error}"));
    time.to_utc()
}

/// Polls until `ask` returns a value. Panics with `what` after `deadline`.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    deadline: Duration,
    mut ask: impl FnMut() -> F,
) -> T {
    let poll = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    let answer = tokio::time::timeout(deadline, poll).await;
    answer.unwrap_or_else(|_| panic!("not within {} s: {what}", deadline.as_secs_f32()))
}

/// Waits until the clock reaches a time at most 30 seconds away.
pub async fn past(time: DateTime<Utc>) {
    let wait = (time - now()).to_std().unwrap_or_default();
    assert!(wait < Duration::from_secs(30), "nobody waits until {time}");
    eventually("the clock moves on", wait + Duration::from_secs(5), || async move {
        (now() >= time).then_some(())
    })
    .await;
}
