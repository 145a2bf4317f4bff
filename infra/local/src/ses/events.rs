//! SES's events about mails, and SNS, which hands them to `track-delivery` as on AWS.
//!
//! Invariant: an event has the shape of "Examples of event data that Amazon SES publishes to Amazon SNS" in the SES
//! developer guide, in the payload of "Invoking Lambda functions with Amazon SNS notifications".

use std::sync::Arc;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::clock;
use crate::functions::TRACK_DELIVERY;
use crate::inbox::Mail;
use crate::runtime::{ACCOUNT, Host, InvokeError, REGION};
use crate::terminal::Terminal;

/// Deliveries of events under way.
const AT_ONCE: usize = 8;
/// Lambda repeats a failed asynchronous invocation twice.
const ATTEMPTS: u32 = 3;

/// The names of `POST /inbox/events`, and what only the mailbox simulator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventKind {
    Delivery,
    Delay,
    Bounce,
    Transient,
    /// The address is on the account's suppression list.
    Suppressed,
    Complaint,
    /// The address is on SES's own list.
    #[serde(skip)]
    SuppressedBySes,
    #[serde(skip)]
    OutOfOffice,
}

pub(crate) struct Events {
    /// The ARN of the topic.
    pub(crate) topic: String,
    pub(crate) queue: UnboundedSender<Value>,
}

impl Events {
    pub(crate) fn publish(&self, mail: &Mail, kind: EventKind, copies: u32) {
        let payload = payload(&self.topic, &event(mail, kind).to_string());
        for _ in 0..copies {
            let _stopping = self.queue.send(payload.clone());
        }
    }

    /// What SES publishes unasked. The mailbox simulator's addresses do what they do at AWS, with any label.
    pub(super) fn publish_first(&self, mail: &Mail) {
        let address = mail.to.to_ascii_lowercase();
        let simulated = address.strip_suffix("@simulator.amazonses.com");
        let kinds: &[_] = match simulated.map(|local| local.split('+').next().unwrap_or_default()) {
            Some("bounce") => &[EventKind::Bounce],
            Some("complaint") => &[EventKind::Delivery, EventKind::Complaint],
            Some("suppressionlist") => &[EventKind::SuppressedBySes],
            Some("ooto") => &[EventKind::Delivery, EventKind::OutOfOffice],
            _ => &[EventKind::Delivery],
        };
        for kind in kinds {
            self.publish(mail, *kind, 1);
        }
    }
}

/// Invokes the function with each event, until the stack stops.
pub(crate) async fn hand_over(mut queue: UnboundedReceiver<Value>, host: Arc<Host>, terminal: Terminal) {
    let (host, terminal) = (&host, &terminal);
    let hand_over = |payload: Value| async move {
        for attempt in 1..=ATTEMPTS {
            match host.invoke(TRACK_DELIVERY, &payload).await {
                Ok(_) | Err(InvokeError::Stopping) => return,
                Err(error) if attempt == ATTEMPTS => terminal.warn(&format!("an event was lost: {error}")),
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    };
    poll_fn(|context| queue.poll_recv(context)).for_each_concurrent(AT_ONCE, hand_over).await;
}

fn event(mail: &Mail, kind: EventKind) -> Value {
    let now = clock::now();
    let at = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    let id = crate::random::uuid();
    let bounce = |kind: &str, subtype: &str, status: &str| {
        json!({ "eventType": "Bounce", "bounce": {
            "bounceType": kind,
            "bounceSubType": subtype,
            "bouncedRecipients": [{ "emailAddress": mail.to, "action": "failed", "status": status }],
            "timestamp": at,
            "feedbackId": id,
            "reportingMTA": "dsn; local.amazonses.com",
        } })
    };
    let mut event = match kind {
        EventKind::Delivery => json!({ "eventType": "Delivery", "delivery": {
            "timestamp": at,
            "processingTimeMillis": (now - mail.at).num_milliseconds(),
            "recipients": [mail.to],
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "local.amazonses.com",
        } }),
        EventKind::Delay => json!({ "eventType": "DeliveryDelay", "deliveryDelay": {
            "timestamp": at,
            "delayType": "TransientCommunicationFailure",
            "expirationTime": (now + TimeDelta::hours(14)).to_rfc3339_opts(SecondsFormat::Millis, true),
            "delayedRecipients": [{ "emailAddress": mail.to, "status": "4.4.1" }],
        } }),
        EventKind::Bounce => bounce("Permanent", "General", "5.1.1"),
        EventKind::Transient => bounce("Transient", "MailboxFull", "4.2.2"),
        EventKind::OutOfOffice => bounce("Transient", "General", "4.0.0"),
        EventKind::Suppressed => bounce("Permanent", "OnAccountSuppressionList", "5.1.1"),
        EventKind::SuppressedBySes => bounce("Permanent", "Suppressed", "5.1.1"),
        EventKind::Complaint => json!({ "eventType": "Complaint", "complaint": {
            "complainedRecipients": [{ "emailAddress": mail.to }],
            "timestamp": at,
            "feedbackId": id,
            "complaintSubType": null,
            "complaintFeedbackType": "abuse",
        } }),
    };
    let mut tags: serde_json::Map<_, _> =
        mail.tags.iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
    tags.insert("ses:configuration-set".to_owned(), json!(["seatkeeper-invites"]));
    let mail = json!({
        "timestamp": mail.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "messageId": mail.id,
        "source": mail.from,
        "sendingAccountId": ACCOUNT,
        "destination": [mail.to],
        "headersTruncated": false,
        "headers": mail.headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        "commonHeaders": { "from": [mail.from], "to": [mail.to], "subject": mail.subject, "messageId": mail.id },
        "tags": tags,
    });
    if let Some(fields) = event.as_object_mut() {
        fields.insert("mail".to_owned(), mail);
    }
    event
}

fn payload(topic: &str, message: &str) -> Value {
    json!({ "Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic}:{}", crate::random::uuid()),
        "Sns": {
            "Type": "Notification",
            "MessageId": crate::random::uuid(),
            "TopicArn": topic,
            "Subject": "Amazon SES Email Event Notification",
            "Message": message,
            "Timestamp": clock::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": format!("https://sns.{REGION}.amazonaws.com/SimpleNotificationService.pem"),
            "UnsubscribeUrl": format!("https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe"),
            "MessageAttributes": {},
        },
    }] })
}
