//! The endpoint with the real SDK. Its retries are off, as in the functions.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_bulk_email::{SendBulkEmailError, SendBulkEmailOutput};
use aws_sdk_sesv2::types::{
    BulkEmailContent, BulkEmailEntry, BulkEmailStatus, Destination, EmailTemplateContent, MessageHeader,
    MessageTag, ReplacementEmailContent, ReplacementTemplate, Template,
};

use std::sync::Mutex;

use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::origin::Port;
use crate::terminal::Terminal;

struct Bench {
    client: Client,
    ses: Arc<Ses>,
    published: Mutex<UnboundedReceiver<Value>>,
}

type Answer = Result<SendBulkEmailOutput, SdkError<SendBulkEmailError>>;

impl Bench {
    async fn start() -> Self {
        let inbox = Arc::new(Inbox::open(None, Terminal { quiet: true }).unwrap());
        let (queue, published) = tokio::sync::mpsc::unbounded_channel();
        let events = Events { topic: "arn:topic".to_owned(), queue };
        let suppressed = Suppressed::default();
        let ses = Arc::new(Ses { inbox, faults: Arc::default(), events, tells: true, suppressed });
        let port = Port::bind(0).await.unwrap();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(port.url())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .http_client(crate::database::http_client())
            .retry_config(RetryConfig::disabled())
            .build();
        tokio::spawn(port.serve(router(Arc::clone(&ses))));
        Self { client: Client::from_conf(config), ses, published: Mutex::new(published) }
    }

    /// The events that were published since the last call.
    fn events(&self) -> Vec<Value> {
        let mut published = self.published.lock().unwrap();
        let payloads = std::iter::from_fn(|| published.try_recv().ok());
        payloads
            .map(|payload| {
                let notification = &payload["Records"][0]["Sns"];
                assert_eq!(notification["TopicArn"], "arn:topic");
                serde_json::from_str(notification["Message"].as_str().unwrap()).unwrap()
            })
            .collect()
    }

    async fn send(&self, to: &[&str], html: &str) -> Answer {
        let content =
            EmailTemplateContent::builder().subject("{{subject}}").html(html).text("{{{text}}}").build();
        let template = Template::builder()
            .template_content(content)
            .template_data(r#"{"subject":"Hi"}"#)
            .headers(MessageHeader::builder().name("X-All").value("yes").build().unwrap())
            .build();
        let header =
            MessageHeader::builder().name("List-Unsubscribe").value("<https://x.example>").build().unwrap();
        let entry = |to: &&str| {
            let data = r#"{"html":"<b>&</b>","text":"<t>"}"#;
            let replacement = ReplacementTemplate::builder().replacement_template_data(data).build();
            BulkEmailEntry::builder()
                .destination(Destination::builder().to_addresses(*to).build())
                .replacement_email_content(
                    ReplacementEmailContent::builder().replacement_template(replacement).build(),
                )
                .replacement_headers(header.clone())
                .replacement_tags(MessageTag::builder().name("invite").value("i1").build().unwrap())
                .build()
        };
        self.client
            .send_bulk_email()
            .from_email_address("from@futurelearn.com")
            .default_content(BulkEmailContent::builder().template(template).build())
            .default_email_tags(MessageTag::builder().name("kind").value("invite").build().unwrap())
            .set_bulk_email_entries(Some(to.iter().map(entry).collect()))
            .send()
            .await
    }

    fn fault(&self, fault: Value) {
        self.ses.faults.set(serde_json::from_value(fault).unwrap());
    }

    fn delivered(&self) -> Vec<Value> {
        self.ses.inbox.mails().iter().map(|mail| serde_json::to_value(&**mail).unwrap()).collect()
    }
}

fn statuses(answer: &Answer) -> Vec<BulkEmailStatus> {
    let results = answer.as_ref().unwrap().bulk_email_entry_results();
    results.iter().map(|result| result.status().unwrap().clone()).collect()
}

fn code(answer: Answer) -> (u16, String) {
    let error = answer.unwrap_err();
    (error.raw_response().unwrap().status().as_u16(), error.code().unwrap().to_owned())
}

const ONE: &[&str] = &["ann@example.com"];

#[tokio::test]
async fn a_sent_mail_is_in_the_inbox_unescaped() {
    let bench = Bench::start().await;
    let answer = bench.send(ONE, "{{{html}}}{{html}}").await;
    assert_eq!(statuses(&answer), [BulkEmailStatus::Success]);
    let id = answer.unwrap().bulk_email_entry_results()[0].message_id().unwrap().to_owned();
    let mut mails = bench.delivered();
    assert!(mails[0]["at"].take().as_str().unwrap().ends_with('Z'));
    let expected = json!([{
        "id": id, "at": null, "from": "from@futurelearn.com", "to": "ann@example.com", "subject": "Hi", "text": "<t>",
        "html": "<b>&</b><b>&</b>", "headers": {"List-Unsubscribe": "<https://x.example>", "X-All": "yes"},
        "tags": {"invite": "i1", "kind": "invite"},
    }]);
    assert_eq!(json!(mails), expected);
}

#[tokio::test]
async fn a_mail_without_a_value_for_a_variable_is_accepted_and_never_sent() {
    let bench = Bench::start().await;
    let answer = bench.send(ONE, "{{nothing}}").await;
    assert_eq!(statuses(&answer), [BulkEmailStatus::Success]);
    assert!(answer.unwrap().bulk_email_entry_results()[0].message_id().is_some());
    assert_eq!((bench.delivered().len(), bench.ses.inbox.dropped()), (0, 1));
}

#[tokio::test]
async fn every_entry_has_a_status_of_its_own() {
    let bench = Bench::start().await;
    let entries = ["ann@example.com", "änn@example.com"];
    for (rejected, expected) in [
        (0, [BulkEmailStatus::Success, BulkEmailStatus::InvalidParameter]),
        (1, [BulkEmailStatus::MessageRejected, BulkEmailStatus::MessageRejected]),
    ] {
        bench.fault(json!({"mode": "reject", "count": rejected}));
        assert_eq!(statuses(&bench.send(&entries, "x").await), expected);
        assert_eq!(bench.delivered().len(), 1);
    }
}

#[tokio::test]
async fn a_fault_holds_for_its_count_and_replaces_the_one_before() {
    let bench = Bench::start().await;
    bench.fault(json!({"mode": "down", "count": 5}));
    assert_eq!(code(bench.send(ONE, "x").await), (503, "ServiceUnavailable".to_owned()));
    bench.fault(json!({"mode": "throttle", "count": 2}));
    for _ in 0..2 {
        assert_eq!(code(bench.send(ONE, "x").await), (429, "TooManyRequestsException".to_owned()));
    }
    assert_eq!(bench.delivered().len(), 0);
    assert!(bench.send(ONE, "x").await.is_ok());
    bench.fault(json!({"mode": "down", "count": 5}));
    bench.fault(json!({"mode": "down", "count": 0}));
    assert!(bench.send(ONE, "x").await.is_ok());
}

#[tokio::test]
async fn a_lost_answer_sends_the_mail_and_not_a_byte_back() {
    let bench = Bench::start().await;
    bench.fault(json!({"mode": "lost-answer", "count": 1}));
    let error = bench.send(ONE, "x").await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    assert_eq!(bench.delivered().len(), 1);
}

/// What the documentation of the mailbox simulator says, "Using the mailbox simulator manually".
#[tokio::test]
async fn every_mail_has_events_and_the_simulators_addresses_have_their_own() {
    let bench = Bench::start().await;
    let cases: [(&str, &[&str]); 7] = [
        ("ann@example.com", &["Delivery"]),
        ("success@simulator.amazonses.com", &["Delivery"]),
        ("bounce@simulator.amazonses.com", &["Permanent General"]),
        ("bounce+label@simulator.amazonses.com", &["Permanent General"]),
        ("ooto@simulator.amazonses.com", &["Delivery", "Transient General"]),
        ("complaint@simulator.amazonses.com", &["Delivery", "Complaint"]),
        ("suppressionlist@simulator.amazonses.com", &["Permanent Suppressed"]),
    ];
    for (address, expected) in cases {
        bench.send(&[address], "{{{html}}}").await.unwrap();
        let events = bench.events();
        let named = events.iter().map(|event| match event["bounce"].as_object() {
            Some(bounce) => format!("{} {}", bounce["bounceType"], bounce["bounceSubType"]).replace('"', ""),
            None => event["eventType"].as_str().unwrap().to_owned(),
        });
        assert_eq!(named.collect::<Vec<_>>(), expected, "{address}");
        for event in events {
            assert_eq!(event["mail"]["tags"]["invite"], json!(["i1"]), "{event}");
            assert_eq!(event["mail"]["destination"], json!([address]), "{event}");
        }
    }
}

#[tokio::test]
async fn a_mail_to_a_blocked_address_bounces_until_the_address_is_unblocked() {
    let bench = Bench::start().await;
    let address = "Ann@example.com";
    let list = || bench.client.get_suppressed_destination().email_address(address).send();
    assert_eq!(list().await.unwrap_err().code(), Some("NotFoundException"));
    let reason = aws_sdk_sesv2::types::SuppressionListReason::Bounce;
    let block = bench.client.put_suppressed_destination().email_address(address).reason(reason.clone());
    block.send().await.unwrap();
    assert_eq!(list().await.unwrap().suppressed_destination().unwrap().reason(), &reason);
    bench.send(&[address], "{{{html}}}").await.unwrap();
    assert_eq!(bench.events()[0]["bounce"]["bounceSubType"], "OnAccountSuppressionList");
    bench.client.delete_suppressed_destination().email_address(address).send().await.unwrap();
    bench.send(&[address], "{{{html}}}").await.unwrap();
    assert_eq!(bench.events()[0]["eventType"], "Delivery");
    assert_eq!(bench.ses.inbox.mails().len(), 1, "the blocked mail was never sent");
}
