//! The mailer without a response of SES, and its calls that send nothing to learners. Its verdicts are in `sending.rs`.

use super::ses::{NO_LIMITS, SENT, SUSPENDED, config, mail_config, mailer, response, sdk};
use aws_sdk_sesv2::config::{AsyncSleep, Builder, SharedAsyncSleep, Sleep};
use aws_smithy_runtime_api::client::http::HttpConnectorFuture;
use shared::mail::Mail;
use shared::mail::ses::{Mailer, Verdict};
use shared::sending::Sending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Barrier;

#[tokio::test]
async fn the_smoke_test_says_what_ses_refused() {
    let denied = "AccessDeniedException: User: x is not authorized to perform ses:SendBulkTemplatedEmail";
    let refused = r#"{"__type":"AccessDeniedException","message":"User: x is not authorized to perform ses:SendBulkTemplatedEmail"}"#;
    let rejected = r#"{"BulkEmailEntryResults":[{"Status":"FAILED","Error":"Not today"}]}"#;
    let cases = [
        (SENT, Ok(())),
        ((403, refused), Err(denied)),
        (SUSPENDED, Err("ACCOUNT_SUSPENDED")),
        ((200, rejected), Err("Not today")),
        ((200, "{}"), Err("an answer without a result")),
        ((200, "no JSON"), Err("no answer")),
    ];
    for (answer, said) in cases {
        assert_eq!(mailer(&[answer]).send_smoke_test().await, said.map_err(str::to_owned));
    }
}

/// A clock on which ten seconds pass at once, and any other time never passes.
#[derive(Debug)]
struct TenSeconds;

impl AsyncSleep for TenSeconds {
    fn sleep(&self, duration: Duration) -> Sleep {
        if duration == Duration::from_secs(10) {
            Sleep::new(std::future::ready(()))
        } else {
            Sleep::new(std::future::pending())
        }
    }
}

#[tokio::test]
async fn a_call_without_a_response_ends_after_ten_seconds() {
    let silent = sdk(|| HttpConnectorFuture::new(std::future::pending()));
    let client = Builder::from(&silent).sleep_impl(SharedAsyncSleep::new(TenSeconds));
    let mailer = Mailer::new(client, &mail_config(0));
    let mail = Mail {
        to: "ann@example.com".to_owned(),
        subject: "subject".to_owned(),
        html: "<p>html</p>".to_owned(),
        text: "text".to_owned(),
        unsubscribe: "https://portal.example/api/invites/unsubscribe/id".to_owned(),
        tags: Vec::new(),
    };
    let mails = [mail];
    // The run has an hour.
    let sending = mailer.send(&mails, Duration::from_hours(1));
    let verdicts = tokio::time::timeout(Duration::from_secs(20), sending).await;
    assert_eq!(verdicts.unwrap(), [Verdict::Unknown]);
}

#[tokio::test]
async fn init_warms_both_connections_at_once() {
    let (two, answered) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&answered);
    let once_two_wait = move || {
        let (two, counted) = (Arc::clone(&two), Arc::clone(&counted));
        HttpConnectorFuture::new(async move {
            two.wait().await;
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(response((400, "{}")))
        })
    };
    Sending::connect(&sdk(once_two_wait), config(), mail_config(0), NO_LIMITS).await;
    assert_eq!(answered.load(Ordering::Relaxed), 2);
}
