//! Logs and metrics: JSON lines on standard output, where Lambda collects them.
//!
//! Only this workspace's own events are logged, at whatever level: the AWS SDK, hyper and the Lambda runtime print
//! requests and events at the finer ones, and those carry addresses and tokens (I8). Our own events name
//! operations, codes, counts and ids of AWS requests, nothing of a person.
//!
//! A metric is what an alarm watches: CloudWatch charges for each one by the month. All else is in the same lines, to be
//! queried there.

use crate::domain::DealId;
use crate::store::{StoreError, Usage};
use crate::sweep::Report;
use metrique::ServiceMetrics;
use metrique::emf::flags::NoMetric;
use metrique::emf::{Emf, MetricDefinition, MetricDirective};
use metrique::timers::Timestamp;
use metrique::unit::{Count, Second};
use metrique::unit_of_work::metrics;
use metrique::writer::{
    AttachGlobalEntrySink, AttachGlobalEntrySinkExt, Entry, EntryIoStreamExt, FormatExt, Unit,
};
use std::time::Duration;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

const NAMESPACE: &str = "Seatkeeper";

#[derive(Entry)]
#[entry(rename_all = "PascalCase")]
struct Globals {
    function: String,
}

/// Starts logging and metrics, for as long as the process runs.
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
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    ServiceMetrics::write_directly_to(
        emf().output_to_makewriter(|| std::io::stdout().lock()).merge_globals(Globals { function }),
    )
    .forget();
}

/// How metrics are written: by function. Unreadable items also count over all functions, since one alarm watches them.
fn emf() -> Emf {
    let unreadable =
        MetricDefinition { name: "UnreadableItems", unit: Unit::Count, storage_resolution: None };
    Emf::builder(NAMESPACE.to_owned(), vec![vec!["Function".to_owned()]])
        .directive(MetricDirective {
            dimensions: vec![Vec::new()],
            metrics: vec![unreadable],
            namespace: NAMESPACE,
        })
        .build()
}

/// What a run of mailing did.
#[metrics(subfield, default_flags(NoMetric))]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mailed {
    #[metrics(name = "MailsSent")]
    pub sent: u64,
    /// Given up, with a reason that the manager sees.
    #[metrics(name = "MailsFailed")]
    pub failed: u64,
    /// Certainly not sent, and due again after a lease.
    #[metrics(name = "MailsPutBack")]
    pub requeued: u64,
    /// Left alone until the lease ends, since SES may have sent them.
    #[metrics(name = "MailsUnanswered")]
    pub unanswered: u64,
    /// Left alone until the lease ends, since SES was not asked.
    #[metrics(name = "MailsUntried")]
    pub untried: u64,
    /// SES takes nothing more for now, for a reason that is not one mail's.
    #[metrics(name = "SendingStopped", unit = Count, flags(skip(NoMetric)))]
    pub stopped: bool,
}

#[metrics]
#[derive(Debug)]
struct MailMetrics {
    #[metrics(timestamp)]
    timestamp: Timestamp,
    #[metrics(flatten)]
    mailed: Mailed,
}

pub fn mailed(mailed: Mailed) {
    let Some(sink) = ServiceMetrics::try_sink() else { return };
    drop(MailMetrics { timestamp: Timestamp::now(), mailed }.append_on_drop(sink));
}

#[metrics(rename_all = "PascalCase", default_flags(NoMetric))]
#[derive(Debug)]
struct SweepMetrics {
    #[metrics(timestamp)]
    timestamp: Timestamp,
    #[metrics(unit = Second, flags(skip(NoMetric)))]
    lag: Option<Duration>,
    #[metrics(unit = Second, flags(skip(NoMetric)))]
    queued_for: Option<Duration>,
    done: u64,
    skipped: u64,
    left_over: u64,
    failures: u64,
    latency: Duration,
    dynamo_requests: u64,
    read_units: f64,
    write_units: f64,
}

/// `queued_for` is the age of the oldest mail in the send queue. Where a request failed, neither that nor the lag is
/// known: saying nothing rings the alarm that zero would silence.
pub fn swept(report: &Report, queued_for: Option<Duration>, latency: Duration, usage: Usage) {
    let Some(sink) = ServiceMetrics::try_sink() else { return };
    let is_whole = report.failures == 0;
    let metrics = SweepMetrics {
        timestamp: Timestamp::now(),
        lag: is_whole.then(|| Duration::from_secs(report.lag_seconds)),
        queued_for: queued_for.filter(|_| is_whole),
        done: report.done,
        skipped: report.skipped,
        left_over: report.left_over,
        failures: report.failures,
        latency,
        dynamo_requests: usage.requests.into(),
        read_units: usage.read_units,
        write_units: usage.write_units,
    };
    drop(metrics.append_on_drop(sink));
}

#[metrics(rename_all = "PascalCase")]
#[derive(Debug)]
struct UnreadableMetrics {
    #[metrics(timestamp)]
    timestamp: Timestamp,
    #[metrics(unit = Count)]
    unreadable_items: u64,
}

/// An item of a list cannot be read. The list goes on without it.
pub fn unreadable(error: &StoreError, deal: Option<DealId>) {
    let deal = deal.map(|deal| deal.to_string());
    tracing::error!(error = %error, deal.id = deal, "an item of a list was skipped");
    let Some(sink) = ServiceMetrics::try_sink() else { return };
    drop(UnreadableMetrics { timestamp: Timestamp::now(), unreadable_items: 1 }.append_on_drop(sink));
}

pub fn row_failed(error: &StoreError) {
    tracing::error!(error = %error, "a row failed");
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrique::CloseValue;
    use metrique::RootEntry;
    use metrique::writer::format::Format;

    /// The document as it is written.
    fn written(metrics: impl metrique::InflectableEntry) -> serde_json::Value {
        let mut line = Vec::new();
        let globals = Globals { function: "deal-seats".to_owned() };
        emf().merge_globals(globals).format(&RootEntry::new(metrics), &mut line).unwrap();
        serde_json::from_slice(&line).unwrap()
    }

    /// The metrics of a document, and their units.
    fn published(document: &serde_json::Value) -> Vec<(&str, Option<&str>)> {
        let metrics = document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        metrics.iter().map(|metric| (metric["Name"].as_str().unwrap(), metric["Unit"].as_str())).collect()
    }

    #[test]
    fn a_run_of_mailing_publishes_that_it_stopped_and_counts_the_rest() {
        let mailed = Mailed { sent: 1, failed: 2, requeued: 3, unanswered: 4, untried: 5, stopped: true };
        let document = written(MailMetrics { timestamp: Timestamp::now(), mailed }.close());
        assert_eq!(published(&document), [("SendingStopped", Some("Count"))]);
        let names =
            ["MailsSent", "MailsFailed", "MailsPutBack", "MailsUnanswered", "MailsUntried", "SendingStopped"];
        assert_eq!(names.map(|name| document[name].as_u64()), [1, 2, 3, 4, 5, 1].map(Some));
    }

    #[test]
    fn a_sweep_publishes_its_lag_and_counts_the_rest() {
        let second = Some(Duration::from_secs(1));
        let document = written(
            SweepMetrics {
                timestamp: Timestamp::now(),
                lag: second,
                queued_for: second,
                done: 1,
                skipped: 2,
                left_over: 3,
                failures: 4,
                latency: Duration::from_millis(5),
                dynamo_requests: 6,
                read_units: 7.5,
                write_units: 8.5,
            }
            .close(),
        );
        assert_eq!(published(&document), [("Lag", Some("Seconds")), ("QueuedFor", Some("Seconds"))]);
        let names = ["Lag", "Done", "Skipped", "LeftOver", "Failures", "Latency", "DynamoRequests"];
        assert_eq!(names.map(|name| document[name].as_f64()), [1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(Some));
        assert_eq!(["ReadUnits", "WriteUnits"].map(|name| document[name].as_f64()), [Some(7.5), Some(8.5)]);
    }

    #[test]
    fn an_unreadable_item_counts_for_its_function_and_for_all_of_them() {
        let metrics = UnreadableMetrics { timestamp: Timestamp::now(), unreadable_items: 1 };
        let line = written(metrics.close());
        assert_eq!((&line["UnreadableItems"], &line["Function"]), (&1.into(), &"deal-seats".into()));
        let published: Vec<_> = line["_aws"]["CloudWatchMetrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|published| (published["Metrics"][0]["Name"].as_str(), published["Dimensions"].to_string()))
            .collect();
        let name = Some("UnreadableItems");
        assert_eq!(published, [(name, r#"[["Function"]]"#.to_owned()), (name, "[[]]".to_owned())]);
    }
}
