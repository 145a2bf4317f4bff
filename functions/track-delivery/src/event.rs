//! SES's events, as SNS hands them over. What is not an event about one of our mails is `None`: SES's plain-text test
//! message, events without our tags, and new kinds of event. The diagnostics of mail servers are not read.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use shared::domain::{
    BounceReason, DealId, Delivery, FailureReason, InviteId, InviteKey, Timestamp, whole_seconds,
};
use std::collections::HashMap;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Notification {
    pub(crate) topic_arn: String,
    pub(crate) message: String,
}

/// The payload's notifications; `None` for each that cannot be read.
pub(crate) fn notifications(mut payload: Value) -> Vec<Option<Notification>> {
    let read = |mut record: Value| serde_json::from_value(record.get_mut("Sns")?.take()).ok();
    match payload.get_mut("Records").map(Value::take) {
        Some(Value::Array(records)) => records.into_iter().map(read).collect(),
        _ => vec![None],
    }
}

/// What SES says of the mail of one send.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct MailEvent {
    pub(crate) key: InviteKey,
    pub(crate) send: u32,
    pub(crate) told: Delivery,
    pub(crate) at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SesEvent {
    event_type: String,
    mail: Mail,
    #[serde(alias = "bounce", alias = "complaint", alias = "delivery", alias = "deliveryDelay")]
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Mail {
    timestamp: DateTime<Utc>,
    /// SES makes each value a list.
    tags: HashMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    timestamp: DateTime<Utc>,
    #[serde(default)]
    bounce_type: String,
    #[serde(default)]
    bounce_sub_type: String,
    complaint_sub_type: Option<String>,
    complaint_feedback_type: Option<String>,
}

impl MailEvent {
    pub(crate) fn parse(message: &str) -> Option<Self> {
        let SesEvent { event_type, mail, details } = serde_json::from_str(message).ok()?;
        let tag = |name| mail.tags.get(name)?.first();
        let key = InviteKey { deal: DealId::parse(tag("deal")?)?, invite: InviteId::parse(tag("invite")?)? };
        let send = tag("send")?.parse().ok()?;
        let at = whole_seconds(details.as_ref().map_or(mail.timestamp, |details| details.timestamp));
        Some(Self { key, send, told: told(&event_type, details.as_ref(), at)?, at })
    }
}

/// The types and subtypes of "Contents of event data" in the SES developer guide.
fn told(event_type: &str, details: Option<&Details>, at: Timestamp) -> Option<Delivery> {
    let bounced = |reason| Delivery::Bounced { reason, at };
    Some(match (event_type, details) {
        ("Delivery", Some(_)) => Delivery::Delivered { at },
        ("DeliveryDelay", Some(_)) => Delivery::Delayed { at },
        ("Bounce", Some(bounce)) => bounced(reason(bounce)),
        ("Complaint", Some(complaint)) => {
            match (complaint.complaint_sub_type.as_deref(), complaint.complaint_feedback_type.as_deref()) {
                // SES did not send the mail.
                (Some("OnAccountSuppressionList"), _) => bounced(BounceReason::Suppressed),
                // The recipient took the mail out of the spam folder.
                (_, Some("not-spam")) => return None,
                _ => Delivery::Complained { at },
            }
        }
        ("Reject", _) => bounced(BounceReason::Rejected),
        ("Rendering Failure", _) => Delivery::Failed { reason: FailureReason::RenderingFailed, at },
        _ => return None,
    })
}

fn reason(bounce: &Details) -> BounceReason {
    match (bounce.bounce_type.as_str(), bounce.bounce_sub_type.as_str()) {
        ("Permanent", "General" | "NoEmail") => BounceReason::MailboxUnavailable,
        ("Permanent", "Suppressed" | "OnAccountSuppressionList") => BounceReason::Suppressed,
        (_, "MessageTooLarge" | "ContentRejected" | "AttachmentRejected") => BounceReason::Rejected,
        // SES publishes it once it has given up.
        ("Transient", _) => BounceReason::Temporary,
        _ => BounceReason::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The examples of the SES developer guide, "Examples of event data that Amazon SES publishes to Amazon SNS", with
    /// our tags.
    fn mail() -> Value {
        json!({
            "timestamp": "2017-08-05T00:40:02.012Z",
            "source": "Sender Name <sender@example.com>",
            "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/sender@example.com",
            "sendingAccountId": "123456789012",
            "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
            "destination": ["recipient@example.com"],
            "headersTruncated": false,
            "headers": [{"name": "From", "value": "Sender Name <sender@example.com>"}],
            "commonHeaders": {"subject": "Message sent from Amazon SES"},
            "tags": {
                "ses:configuration-set": ["ConfigSet"],
                "ses:source-ip": ["192.0.2.0"],
                "ses:from-domain": ["example.com"],
                "ses:caller-identity": ["ses_user"],
                "deal": [DealId([1; 16]).to_string()],
                "invite": [InviteId([2; 16]).to_string()],
                "send": ["3"],
            },
        })
    }

    fn parse(mut event: Value) -> Option<MailEvent> {
        let mail = mail();
        event.as_object_mut().unwrap().entry("mail").or_insert(mail);
        MailEvent::parse(&event.to_string())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn bounce(kind: &str, subtype: &str) -> Value {
        json!({
            "eventType": "Bounce",
            "bounce": {
                "bounceType": kind,
                "bounceSubType": subtype,
                "bouncedRecipients": [{
                    "emailAddress": "recipient@example.com",
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }],
                "timestamp": "2017-08-05T00:41:02.669Z",
                "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
                "reportingMTA": "dsn; mta.example.com",
            },
        })
    }

    fn complaint(subtype: &Value, kind: &Value) -> Value {
        json!({
            "eventType": "Complaint",
            "complaint": {
                "complainedRecipients": [{"emailAddress": "recipient@example.com"}],
                "timestamp": "2017-08-05T00:41:02.669Z",
                "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
                "complaintSubType": subtype,
                "userAgent": "Amazon SES Mailbox Simulator",
                "complaintFeedbackType": kind,
                "arrivalDate": "2017-08-05T00:41:02.669Z",
            },
        })
    }

    #[test]
    fn every_event_says_what_happened_to_which_mail() {
        let second = at("2017-08-05T00:41:02Z");
        let sent = at("2017-08-05T00:40:02Z");
        let bounced = |reason| Delivery::Bounced { reason, at: second };
        let cases = [
            (bounce("Permanent", "General"), bounced(BounceReason::MailboxUnavailable)),
            (bounce("Permanent", "NoEmail"), bounced(BounceReason::MailboxUnavailable)),
            (bounce("Permanent", "Suppressed"), bounced(BounceReason::Suppressed)),
            (bounce("Permanent", "OnAccountSuppressionList"), bounced(BounceReason::Suppressed)),
            (bounce("Transient", "General"), bounced(BounceReason::Temporary)),
            (bounce("Transient", "MailboxFull"), bounced(BounceReason::Temporary)),
            (bounce("Transient", "MessageTooLarge"), bounced(BounceReason::Rejected)),
            (bounce("Transient", "ContentRejected"), bounced(BounceReason::Rejected)),
            (bounce("Transient", "AttachmentRejected"), bounced(BounceReason::Rejected)),
            (bounce("Undetermined", "Undetermined"), bounced(BounceReason::Unknown)),
            (bounce("Permanent", "A new one"), bounced(BounceReason::Unknown)),
            (complaint(&Value::Null, &json!("abuse")), Delivery::Complained { at: second }),
            (complaint(&Value::Null, &Value::Null), Delivery::Complained { at: second }),
            (complaint(&json!("OnAccountSuppressionList"), &Value::Null), bounced(BounceReason::Suppressed)),
            (
                json!({"eventType": "Delivery", "delivery": {
                    "timestamp": "2017-08-05T00:41:02.669Z", "processingTimeMillis": 1111,
                    "recipients": ["recipient@example.com"], "smtpResponse": "250 2.6.0 Message received",
                    "reportingMTA": "mta.example.com",
                }}),
                Delivery::Delivered { at: second },
            ),
            (
                json!({"eventType": "DeliveryDelay", "deliveryDelay": {
                    "timestamp": "2017-08-05T00:41:02.669Z", "delayType": "TransientCommunicationFailure",
                    "expirationTime": "2017-08-05T14:40:02.012Z",
                    "delayedRecipients": [{"emailAddress": "recipient@example.com", "status": "4.4.1"}],
                }}),
                Delivery::Delayed { at: second },
            ),
            (
                json!({"eventType": "Reject", "reject": {"reason": "Bad content"}}),
                Delivery::Bounced { reason: BounceReason::Rejected, at: sent },
            ),
            (
                json!({"eventType": "Rendering Failure", "failure": {
                    "errorMessage": "Attribute 'attributeName' is not present in the rendering data.",
                    "templateName": "MyTemplate",
                }}),
                Delivery::Failed { reason: FailureReason::RenderingFailed, at: sent },
            ),
        ];
        for (event, told) in cases {
            let parsed = parse(event.clone()).unwrap_or_else(|| panic!("not read: {event}"));
            assert_eq!(parsed.told, told, "{event}");
            let key = InviteKey { deal: DealId([1; 16]), invite: InviteId([2; 16]) };
            assert_eq!((parsed.key, parsed.send), (key, 3));
        }
    }

    #[test]
    fn what_is_no_event_about_our_mail_is_dropped() {
        let tagged = |name: &str, value: Value| {
            let mut mail = mail();
            mail["tags"][name] = value;
            let mut event = bounce("Permanent", "General");
            event["mail"] = mail;
            event
        };
        let cases = [
            complaint(&Value::Null, &json!("not-spam")),
            json!({"eventType": "Open", "open": {"timestamp": "2017-08-05T00:41:02.669Z"}}),
            json!({"eventType": "Bounce"}),
            json!({"eventType": "Delivery", "delivery": {"timestamp": "yesterday"}}),
            tagged("deal", json!([])),
            tagged("deal", json!(["no id"])),
            tagged("invite", Value::Null),
            tagged("send", json!(["-1"])),
        ];
        for event in cases {
            assert_eq!(parse(event.clone()), None, "{event}");
        }
        let test_message = "Successfully validated SNS topic for Amazon SES event publishing.";
        for message in [test_message, "", "[]", "null"] {
            assert_eq!(MailEvent::parse(message), None, "{message}");
        }
    }

    #[test]
    fn a_notification_that_cannot_be_read_counts_as_one() {
        let whole =
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": "arn", "Message": "text"}}]});
        let read = |payload| notifications(payload).iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(read(whole), [true]);
        assert_eq!(read(json!({"Records": [{}, {"Sns": {"TopicArn": 1}}]})), [false, false]);
        assert_eq!(read(json!({})), [false]);
        assert_eq!(read(json!("text")), [false]);
    }
}
