//! Logs and metrics, as JSON lines on standard output. Only this workspace's own events are logged, at every
//! level: the AWS SDK, hyper and the Lambda runtime log requests, which carry addresses and tokens (I8,
//! docs/decisions/0011-logs-only-from-our-own-crates.md). CloudWatch charges for each metric by the month, so
//! only values that an alarm or a graph of the dashboard watches are metrics. The other values can be queried in
//! the same lines.

use crate::clock;
use crate::domain::{DealId, Timestamp};
use crate::store::StoreError;
use crate::sweep::Report;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

const NAMESPACE: &str = "Seatkeeper";

/// The value of the metrics' dimension. Without [`init`] nothing is recorded.
static FUNCTION: OnceLock<String> = OnceLock::new();

pub fn init() {
    let level =
        std::env::var("RUST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false);
    let filter = Targets::new().with_target("shared", level);
    // A second start in one process (a test) changes nothing.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    let _ = FUNCTION.set(std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default());
}

/// Name, CloudWatch's unit, value. A metric whose value is null is not published.
type Metric = (&'static str, &'static str, Value);

const BY_FUNCTION: &[&[&str]] = &[&["Function"]];

/// By function, and over all functions for the one alarm that watches them together.
const ALSO_OVER_ALL: &[&[&str]] = &[&["Function"], &[]];

const OVER_ALL: &[&[&str]] = &[&[]];

fn record(dimensions: &[&[&str]], metrics: &[Metric], values: Value) {
    let Some(function) = FUNCTION.get() else { return };
    let document = document(function, clock::now(), dimensions, metrics, values);
    // If standard output is closed, nothing can report that.
    let _ = writeln!(std::io::stdout().lock(), "{document}");
}

/// The format of CloudWatch's user guide, "Specification: Embedded metric format".
fn document(
    function: &str,
    now: Timestamp,
    dimensions: &[&[&str]],
    metrics: &[Metric],
    values: Value,
) -> Value {
    let known = || metrics.iter().filter(|(_, _, value)| !value.is_null());
    let published: Vec<_> = known().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let directives: Vec<_> = dimensions
        .iter()
        .map(|names| json!({ "Namespace": NAMESPACE, "Dimensions": [names], "Metrics": published }))
        .collect();
    let Value::Object(mut document) = values else { return values };
    document.extend(known().map(|(name, _, value)| ((*name).to_owned(), value.clone())));
    document.insert("Function".to_owned(), function.into());
    let directives = json!({ "Timestamp": now.timestamp_millis(), "CloudWatchMetrics": directives });
    document.insert("_aws".to_owned(), directives);
    Value::Object(document)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mailed {
    pub sent: u64,
    /// Failed for good, with a reason that the manager sees.
    pub failed: u64,
    /// Certainly not sent, and due again after a lease.
    pub requeued: u64,
    /// Held until the lease ends, since SES may have sent them.
    pub unanswered: u64,
    /// Held until the lease ends. SES was not called.
    pub untried: u64,
    /// SES accepts no mail for now, for a reason that is not in one of the mails.
    pub stopped: bool,
}

pub fn mailed(mailed: Mailed) {
    let Mailed { sent, failed, requeued, unanswered, untried, stopped } = mailed;
    let values = json!({
        "MailsSent": sent,
        "MailsFailed": failed,
        "MailsPutBack": requeued,
        "MailsUnanswered": unanswered,
        "MailsUntried": untried,
    });
    record(BY_FUNCTION, &[("SendingStopped", "Count", u64::from(stopped).into())], values);
}

/// `queued_for` is the age of the oldest mail in the send queue. After a failed request neither this age nor
/// the lag is known: a missing value rings the alarm that zero would silence.
pub fn swept(report: &Report, queued_for: Option<Duration>, latency: Duration) {
    let is_whole = report.failures == 0;
    let lag = json!(is_whole.then_some(report.lag_seconds));
    let queued_for = json!(queued_for.filter(|_| is_whole).map(|time| time.as_secs_f64()));
    let metrics = [("Lag", "Seconds", lag), ("QueuedFor", "Seconds", queued_for)];
    record(BY_FUNCTION, &metrics, run_values(report, latency));
}

/// A digest that was left waits for the next day's run.
pub fn digested(report: &Report, latency: Duration) {
    let undone = report.left_over.max(report.failures);
    record(BY_FUNCTION, &[("Undone", "Count", undone.into())], run_values(report, latency));
}

fn run_values(report: &Report, latency: Duration) -> Value {
    json!({
        "Done": report.done,
        "Skipped": report.skipped,
        "LeftOver": report.left_over,
        "Failures": report.failures,
        "Latency": latency.as_secs_f64() * 1_000.0,
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tracked {
    pub delivered: u64,
    pub bounced: u64,
    pub complained: u64,
    /// Delays and failures.
    pub others: u64,
    /// About an older send, or about an invite that is gone.
    pub strays: u64,
    /// Not events about our mails.
    pub dropped: u64,
    /// From the event to its record, the longest.
    pub lag_seconds: Option<i64>,
}

pub fn tracked(tracked: Tracked) {
    let Tracked { delivered, bounced, complained, others, strays, dropped, lag_seconds } = tracked;
    let metrics = [
        ("Delivered", "Count", delivered.into()),
        ("Bounced", "Count", bounced.into()),
        ("Complained", "Count", complained.into()),
        ("EventLag", "Seconds", lag_seconds.into()),
    ];
    record(BY_FUNCTION, &metrics, json!({ "Others": others, "Strays": strays, "Dropped": dropped }));
}

pub fn unreadable(error: &StoreError, deal: Option<DealId>) {
    let deal = deal.map(|deal| deal.to_string());
    tracing::error!(error = %error, deal.id = deal, "an item of a list was skipped");
    record(ALSO_OVER_ALL, &[("UnreadableItems", "Count", 1.into())], json!({}));
}

pub fn refused_origin() {
    record(OVER_ALL, &[("RefusedOrigins", "Count", 1.into())], json!({}));
}

/// Records of the audit log that are in no log group; `error` says why they are not where they belong.
pub fn audit_lines(lines: &[String], error: Option<&str>) {
    for record in lines {
        tracing::info!(record, error, "audit");
    }
    if let Some(error) = error {
        tracing::error!(error, "records are not in the audit log");
        record(ALSO_OVER_ALL, &[("AuditFailed", "Count", 1.into())], json!({}));
    }
}

pub fn row_failed(error: &StoreError) {
    tracing::error!(error = %error, "a row failed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_item_counts_for_its_function_and_for_all_functions() {
        let metrics = [("UnreadableItems", "Count", 1.into())];
        let document = document("deal-seats", Timestamp::default(), ALSO_OVER_ALL, &metrics, json!({}));
        let metrics = json!([{ "Name": "UnreadableItems", "Unit": "Count" }]);
        let directive = |dimensions: Value| json!({ "Namespace": "Seatkeeper", "Dimensions": [dimensions], "Metrics": metrics });
        let expected = json!({
            "_aws": {
                "Timestamp": 0,
                "CloudWatchMetrics": [directive(json!(["Function"])), directive(json!([]))],
            },
            "Function": "deal-seats",
            "UnreadableItems": 1,
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn a_metric_without_a_value_is_not_published() {
        let metrics = [("Lag", "Seconds", Value::Null), ("QueuedFor", "Seconds", 1.into())];
        let document = document("f", Timestamp::default(), BY_FUNCTION, &metrics, json!({ "Done": 3 }));
        let published = &document["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(published, &json!([{ "Name": "QueuedFor", "Unit": "Seconds" }]));
        assert_eq!((document.get("Lag"), &document["Done"]), (None, &json!(3)));
    }
}
