//! What the mailer makes of SES's refusals of a whole call.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "a test's panic is its report"
)]

use aws_sdk_sesv2::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_sesv2::config::{
    BehaviorVersion, Builder, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_sesv2::error::BoxError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::body::SdkBody;
use chrono::Duration;
use shared::config::MailConfig;
use shared::mail::Mail;
use shared::mail::ses::{Mailer, Outgoing, Verdict};
use std::sync::{Arc, Mutex};

/// Answers in SES's place, one after the other; the last one for ever.
#[derive(Clone, Debug)]
struct Answers(Arc<Mutex<Vec<(u16, &'static str)>>>);

impl Intercept for Answers {
    fn name(&self) -> &'static str {
        "answers"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut answers = self.0.lock().unwrap();
        let (status, body) = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        *context.response_mut() = Response::new(status.try_into()?, SdkBody::from(body));
        Ok(())
    }
}

const MALFORMED: (u16, &str) = (400, r#"{"__type":"BadRequestException","message":"Illegal address"}"#);
const PAUSED: (u16, &str) = (400, r#"{"__type":"SendingPausedException","message":"paused"}"#);
const SENT: (u16, &str) = (200, r#"{"BulkEmailEntryResults":[{"Status":"SUCCESS","MessageId":"1"}]}"#);

/// What becomes of this many mails when SES answers like this, and how many answers it did not come to.
async fn verdicts(mails: usize, answers: &[(u16, &'static str)]) -> (Vec<Verdict>, usize) {
    // Some server has to take the calls; what it says is replaced.
    let server = seatkeeper_local::database::serve(None).await.unwrap();
    let answers = Answers(Arc::new(Mutex::new(answers.to_vec())));
    let client = Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(server.endpoint())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .interceptor(answers.clone());
    let config = MailConfig {
        from: "sender@example.com".to_owned(),
        subject: "subject".to_owned(),
        link_text: "link".to_owned(),
        portal: "https://portal.example".to_owned(),
        configuration_set: None,
        lease: Duration::seconds(60),
        send_rate: 0,
        paused: false,
    };
    let mail = |_| Outgoing {
        mail: Mail {
            to: "ann@example.com".to_owned(),
            subject: "subject".to_owned(),
            html: "<p>html</p>".to_owned(),
            text: "text".to_owned(),
        },
        tags: ["deal", "invite", "send"].map(|name| (name, "1".to_owned())),
    };
    let mails: Vec<_> = (0..mails).map(mail).collect();
    let verdicts = Mailer::new(client, &config).send(&mails, std::time::Duration::from_secs(20)).await;
    let left = answers.0.lock().unwrap().len() - 1;
    (verdicts, left)
}

#[tokio::test]
async fn i4_one_malformed_mail_does_not_hold_up_the_others() {
    let (verdicts, left) = verdicts(3, &[MALFORMED, SENT, MALFORMED, SENT]).await;
    assert_eq!(verdicts, [Verdict::Sent, Verdict::Malformed, Verdict::Sent]);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn when_every_mail_is_malformed_the_fault_is_not_a_mails() {
    assert_eq!(verdicts(2, &[MALFORMED]).await.0, [Verdict::Stopped; 2]);
}

#[tokio::test]
async fn a_mail_by_itself_that_is_malformed_counts_its_try() {
    assert_eq!(verdicts(1, &[MALFORMED]).await.0, [Verdict::Malformed]);
}

#[tokio::test]
async fn mail_by_mail_ends_when_the_account_is_stopped() {
    let (verdicts, left) = verdicts(4, &[MALFORMED, SENT, PAUSED, SENT, SENT]).await;
    assert_eq!(verdicts, [Verdict::Sent, Verdict::Stopped, Verdict::Stopped, Verdict::Stopped]);
    assert_eq!(left, 1, "nothing is asked after the pause");
}
