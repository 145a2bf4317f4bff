//! Logs and metrics: JSON lines on standard output, where Lambda collects them.
//!
//! Only this workspace's own events are logged, at whatever level: the AWS SDK, hyper and the Lambda runtime print
//! requests and events at the finer ones, and those carry addresses and tokens (I8). Our own events name
//! operations, codes, counts and ids of AWS requests, nothing of a person.

use crate::store::Usage;
use metrique::ServiceMetrics;
use metrique::emf::Emf;
use metrique::timers::Timestamp;
use metrique::unit::{Count, Millisecond, Second};
use metrique::unit_of_work::metrics;
use metrique::writer::{AttachGlobalEntrySink, AttachGlobalEntrySinkExt, Entry, EntryIoStreamExt, FormatExt};
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Where this workspace logs.
const OURS: &str = "shared";

/// What every metric says besides.
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
    let filter = Targets::new().with_target(OURS, level);
    // A second start in one process (a test) changes nothing.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    ServiceMetrics::write_directly_to(
        Emf::builder("Seatkeeper".to_owned(), vec![vec!["Function".to_owned()]])
            .build()
            .output_to_makewriter(|| std::io::stdout().lock())
            .merge_globals(Globals { function }),
    )
    .forget();
}

/// The metrics of one HTTP request.
#[metrics(rename_all = "PascalCase")]
#[derive(Debug)]
struct RequestMetrics {
    #[metrics(timestamp)]
    timestamp: Timestamp,
    route: String,
    status: String,
    #[metrics(unit = Count)]
    requests: u64,
    #[metrics(unit = Count)]
    server_errors: u64,
    #[metrics(unit = Millisecond)]
    latency: Duration,
    #[metrics(unit = Count)]
    dynamo_requests: u64,
    #[metrics(unit = Count)]
    read_units: f64,
    #[metrics(unit = Count)]
    write_units: f64,
}

/// Records an HTTP request.
pub(crate) fn request(route: &str, status: u16, latency: Duration, usage: Usage) {
    let Some(sink) = ServiceMetrics::try_sink() else { return };
    let metrics = RequestMetrics {
        timestamp: Timestamp::now(),
        route: route.to_owned(),
        status: status.to_string(),
        requests: 1,
        server_errors: u64::from(status >= 500),
        latency,
        dynamo_requests: usage.requests.into(),
        read_units: usage.read_units,
        write_units: usage.write_units,
    };
    drop(metrics.append_on_drop(sink));
}

/// What a run of mailing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mailed {
    /// Taken by SES.
    pub sent: u64,
    /// Given up, with a reason that the manager sees.
    pub failed: u64,
    /// Certainly not sent; queued again.
    pub put_back: u64,
    /// No answer: left alone until the lease ends.
    pub unanswered: u64,
    /// Not tried in this run; still queued.
    pub untried: u64,
    /// Something about the account ended the run.
    pub stopped: bool,
}

#[metrics(rename_all = "PascalCase")]
#[derive(Debug)]
struct MailMetrics {
    #[metrics(timestamp)]
    timestamp: Timestamp,
    #[metrics(unit = Count)]
    mails_sent: u64,
    #[metrics(unit = Count)]
    mails_failed: u64,
    #[metrics(unit = Count)]
    mails_put_back: u64,
    #[metrics(unit = Count)]
    mails_unanswered: u64,
    #[metrics(unit = Count)]
    mails_untried: u64,
    #[metrics(unit = Count)]
    sending_stopped: u64,
}

/// Records what a run of mailing did.
pub(crate) fn mailed(mailed: Mailed) {
    let Some(sink) = ServiceMetrics::try_sink() else { return };
    let metrics = MailMetrics {
        timestamp: Timestamp::now(),
        mails_sent: mailed.sent,
        mails_failed: mailed.failed,
        mails_put_back: mailed.put_back,
        mails_unanswered: mailed.unanswered,
        mails_untried: mailed.untried,
        sending_stopped: u64::from(mailed.stopped),
    };
    drop(metrics.append_on_drop(sink));
}

#[metrics(rename_all = "PascalCase")]
#[derive(Debug)]
struct SweepMetrics {
    #[metrics(timestamp)]
    timestamp: Timestamp,
    #[metrics(unit = Count)]
    done: u64,
    #[metrics(unit = Count)]
    skipped: u64,
    #[metrics(unit = Second)]
    lag: Duration,
    #[metrics(unit = Count)]
    left_over: u64,
    #[metrics(unit = Count)]
    failures: u64,
    #[metrics(unit = Millisecond)]
    latency: Duration,
    #[metrics(unit = Count)]
    dynamo_requests: u64,
    #[metrics(unit = Count)]
    read_units: f64,
    #[metrics(unit = Count)]
    write_units: f64,
}

/// Records a sweep.
pub fn swept(report: &crate::sweep::Report, latency: Duration, usage: Usage) {
    let Some(sink) = ServiceMetrics::try_sink() else { return };
    let metrics = SweepMetrics {
        timestamp: Timestamp::now(),
        done: report.done,
        skipped: report.skipped,
        lag: Duration::from_secs(report.lag_seconds),
        left_over: report.left_over,
        failures: report.failures,
        latency,
        dynamo_requests: usage.requests.into(),
        read_units: usage.read_units,
        write_units: usage.write_units,
    };
    drop(metrics.append_on_drop(sink));
}

/// An error and what caused it, in one line. Errors of this workspace say nothing that a log must not hold.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// Logs why one row of many failed; the others go on.
pub fn row_failed(error: &crate::store::StoreError) {
    tracing::error!(error = chain(error), "a row failed");
}
