//! The checks of a request, and the operations themselves. The functions' own SDK calls them in `tests/tests/api/`.

use axum::body::to_bytes;
use axum::extract::Path;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::check::check;
use super::*;
use crate::terminal::Terminal;

struct Bench {
    ses: Arc<Ses>,
    published: UnboundedReceiver<Value>,
}

/// The result of each entry, or the error's status and code.
type Answer = Result<Vec<Value>, String>;

impl Bench {
    fn new() -> Self {
        let (queue, published) = unbounded_channel();
        let ses = Ses {
            inbox: Inbox::open(None, Terminal { quiet: true }).unwrap(),
            fault: Mutex::default(),
            events: Events { topic: "arn:topic".to_owned(), queue },
            tells: true,
            suppressed: Mutex::default(),
        };
        Self { ses: Arc::new(ses), published }
    }

    /// The events that were published since the last call.
    fn events(&mut self) -> Vec<Value> {
        let payloads = std::iter::from_fn(|| self.published.try_recv().ok());
        payloads
            .map(|payload| {
                let notification = &payload["Records"][0]["Sns"];
                assert_eq!(notification["TopicArn"], "arn:topic");
                serde_json::from_str(notification["Message"].as_str().unwrap()).unwrap()
            })
            .collect()
    }

    async fn send(&self, to: &[&str], html: &str) -> Answer {
        let sent = send_bulk(State(Arc::clone(&self.ses)), request(to, html).to_string().into()).await;
        let answer = sent.map_err(|error| format!("{} {}", error.status.as_u16(), error.code))?;
        let body = to_bytes(answer.into_body(), usize::MAX).await.map_err(|_| "no answer".to_owned())?;
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        Ok(serde_json::from_value(answer["BulkEmailEntryResults"].take()).unwrap())
    }

    fn fault(&self, mode: &str, count: u32) {
        let fault = json!({ "mode": mode, "count": count });
        *lock(&self.ses.fault) = Some(serde_json::from_value(fault).unwrap());
    }

    fn delivered(&self) -> usize {
        self.ses.inbox.mails().len()
    }
}

const ONE: &[&str] = &["ann@example.com"];
/// The place of an entry's data.
const DATA: &str = "/ReplacementEmailContent/ReplacementTemplate/ReplacementTemplateData";

fn request(to: &[&str], html: &str) -> Value {
    let header = |name: &str, value: &str| json!({"Name": name, "Value": value});
    let entry = |to: &&str| {
        let data = r#"{"html":"<b>&</b>","text":"<t>"}"#;
        json!({
            "Destination": {"ToAddresses": [to]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
            "ReplacementHeaders": [header("List-Unsubscribe", "<https://x.example>"), header("x-one", "one")],
            "ReplacementTags": [header("invite", "i1")],
        })
    };
    json!({
        "FromEmailAddress": "from@futurelearn.com",
        "DefaultContent": {"Template": {
            "TemplateContent": {"Subject": "{{subject}}", "Html": html, "Text": "{{{text}}}"},
            "TemplateData": r#"{"subject":"Hi"}"#,
            "Headers": [header("X-All", "yes"), header("X-One", "all")],
        }},
        "DefaultEmailTags": [header("kind", "invite")],
        "BulkEmailEntries": to.iter().map(entry).collect::<Vec<_>>(),
    })
}

#[test]
fn a_fault_of_the_request_refuses_the_whole_request() {
    let header = |name: &str, value: &str| json!([{"Name": name, "Value": value}]);
    let unsubscribe = json!({"Name": "List-Unsubscribe", "Value": "a"});
    let long = "x".repeat(262_144);
    for (pointer, value) in [
        ("/FromEmailAddress", json!(null)),
        ("/FromEmailAddress", json!("nobody")),
        ("/FromEmailAddress", json!(["from@futurelearn.com"])),
        ("/FromEmailAddress", json!("a\r\nBcc: x <from@futurelearn.com>")),
        ("/BulkEmailEntries", json!([])),
        ("/BulkEmailEntries", request(&[ONE[0]; 51], "x")["BulkEmailEntries"].take()),
        ("/BulkEmailEntries/0/ReplacementHeaders", header("X-A", "a\r\nBcc: b@example.com")),
        ("/BulkEmailEntries/0/ReplacementHeaders", header("X-A", "a\tb")),
        ("/BulkEmailEntries/0/ReplacementHeaders", header("X-A", "")),
        ("/BulkEmailEntries/0/ReplacementHeaders", header("X-A", &"x".repeat(871))),
        ("/BulkEmailEntries/0/ReplacementHeaders", header(&"x".repeat(127), "a")),
        ("/BulkEmailEntries/0/ReplacementHeaders", header("X A", "a")),
        (
            "/BulkEmailEntries/0/ReplacementHeaders",
            json!([unsubscribe, {"Name": "list-unsubscribe", "Value": "b"}]),
        ),
        ("/BulkEmailEntries/0/ReplacementHeaders", header("Subject", "a")),
        ("/BulkEmailEntries/0/ReplacementTags", header("a b", "c")),
        (&format!("/BulkEmailEntries/0{DATA}"), json!("[]")),
        ("/DefaultContent/Template/TemplateData", json!("{")),
        ("/DefaultContent/Template/TemplateData", json!(format!("{{\"a\":\"{long}\"}}"))),
        ("/DefaultContent/Template/TemplateContent/Html", json!("{{#if a}}{{/if}}")),
        ("/DefaultContent/Template/TemplateContent/Html", json!("x".repeat(512_001))),
        ("/DefaultContent/Template/TemplateContent/Subject", json!(null)),
        ("/DefaultContent/Template/TemplateContent", json!(null)),
        ("/DefaultEmailTags", header("a", "é")),
    ] {
        let mut request = request(ONE, "x");
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        request.pointer_mut(parent).unwrap()[field] = value.clone();
        let error = check(&request).err();
        assert_eq!(error.map(|error| error.code), Some("BadRequestException"), "{pointer} {value:.60}");
    }
}

#[test]
fn a_fault_of_an_entry_refuses_only_that_entry() {
    let ann = ONE[0];
    let to = ["anné@example.com", "ann@exämple.com", "ann", ann, ann, "Ann <ann@xn--exmple-cua.com>"];
    let mut request = request(&to, "x");
    for (entry, data) in [(3, r#"{"text":"T","subject":"a\nb"}"#), (4, "{}")] {
        *request.pointer_mut(&format!("/BulkEmailEntries/{entry}{DATA}")).unwrap() = data.into();
    }
    let entries = check(&request).unwrap();
    let outcomes = entries.iter().map(|entry| match entry {
        Err(_) => "invalid",
        Ok(None) => "dropped",
        Ok(Some(_)) => "sent",
    });
    let expected = ["invalid", "invalid", "invalid", "invalid", "dropped", "sent"];
    assert_eq!(outcomes.collect::<Vec<_>>(), expected);
}

/// An entry's header replaces the template's in any case.
#[tokio::test]
async fn a_sent_mail_is_in_the_inbox_unescaped() {
    let bench = Bench::new();
    let results = bench.send(ONE, "{{{html}}}{{html}}").await.unwrap();
    assert_eq!(results[0]["Status"], "SUCCESS");
    let mut mails = json!(bench.ses.inbox.mails());
    assert!(mails[0]["at"].take().as_str().unwrap().ends_with('Z'));
    let expected = json!([{
        "id": results[0]["MessageId"], "at": null, "from": "from@futurelearn.com", "to": "ann@example.com",
        "subject": "Hi", "text": "<t>", "html": "<b>&</b><b>&</b>",
        "headers": {"List-Unsubscribe": "<https://x.example>", "X-All": "yes", "x-one": "one"},
        "tags": {"invite": "i1", "kind": "invite"},
    }]);
    assert_eq!(mails, expected);
}

#[tokio::test]
async fn a_mail_without_a_value_for_a_variable_is_accepted_and_never_sent() {
    let bench = Bench::new();
    let results = bench.send(ONE, "{{nothing}}").await.unwrap();
    assert!(results[0]["Status"] == "SUCCESS" && results[0]["MessageId"].is_string(), "{results:?}");
    assert_eq!((bench.delivered(), bench.ses.inbox.dropped()), (0, 1));
}

#[tokio::test]
async fn a_fault_holds_for_its_count_and_replaces_the_one_before() {
    let bench = Bench::new();
    let send = async || match bench.send(&["ann@example.com", "änn@example.com"], "x").await {
        Ok(results) => {
            results.iter().map(|result| result["Status"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
        }
        Err(error) => error,
    };
    let each_its_own = "SUCCESS INVALID_PARAMETER";
    for (mode, count, expected, delivered) in [
        ("down", 5, "503 ServiceUnavailable", 0),
        ("throttle", 5, "429 TooManyRequestsException", 0),
        ("reject", 5, "MESSAGE_REJECTED MESSAGE_REJECTED", 0),
        ("lost-answer", 5, "no answer", 1),
        ("down", 0, each_its_own, 2),
    ] {
        bench.fault(mode, count);
        assert_eq!((send().await.as_str(), bench.delivered()), (expected, delivered), "{mode}");
    }
    bench.fault("throttle", 2);
    for expected in ["429 TooManyRequestsException", "429 TooManyRequestsException", each_its_own] {
        assert_eq!(send().await, expected);
    }
}

/// What the documentation of the mailbox simulator says, "Using the mailbox simulator manually".
#[tokio::test]
async fn every_mail_has_events_and_the_simulators_addresses_have_their_own() {
    let mut bench = Bench::new();
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
    let mut bench = Bench::new();
    let address = "Ann@example.com";
    let (ses, path) = (|| State(Arc::clone(&bench.ses)), || Path(address.to_owned()));
    assert_eq!(suppression::find(ses(), path()).await.unwrap_err().code, "NotFoundException");
    let block = json!({ "EmailAddress": address, "Reason": "BOUNCE" });
    let _empty = suppression::block(ses(), Json(serde_json::from_value(block).unwrap())).await;
    let Json(found) = suppression::find(ses(), path()).await.unwrap();
    assert_eq!(found["SuppressedDestination"]["Reason"], "BOUNCE");
    bench.send(&[address], "{{{html}}}").await.unwrap();
    let _empty = suppression::lift(ses(), path()).await.unwrap();
    bench.send(&[address], "{{{html}}}").await.unwrap();
    let events = bench.events();
    assert_eq!(events[0]["bounce"]["bounceSubType"], "OnAccountSuppressionList");
    assert_eq!(events[1]["eventType"], "Delivery");
    assert_eq!(bench.delivered(), 1, "the blocked mail was never sent");
}
