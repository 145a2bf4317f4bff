//! The faults that a call can meet, and their responses.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::call::{Call, Service};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Throttled.
    Throttle,
    /// The partition's throughput is exceeded. DynamoDB only.
    Throughput,
    /// Another transaction writes the same item. DynamoDB's writes only.
    Conflict,
    /// 500, and the call is not carried out.
    Fail,
    /// 500, and the call is carried out.
    FailAfter,
    /// The connection is reset, and the call is not carried out.
    Reset,
    /// The call is carried out, and then the connection is reset.
    LoseAnswer,
    /// The call is carried out at once and answered after this time.
    AnswerLate(Duration),
    /// The call is carried out after this time, even if the caller is gone.
    ArriveLate(Duration),
    /// The previous response to the same index query; an empty one the first time.
    Stale,
    /// 400, which no caller retries.
    Refuse,
    /// SES accepts the call and gives each mail this failure status.
    Entries(&'static str),
}

impl Fault {
    /// Every fault without a delay, except [`Self::Refuse`].
    pub const QUICK: [Self; 12] = [
        Self::Throttle,
        Self::Throughput,
        Self::Conflict,
        Self::Fail,
        Self::FailAfter,
        Self::Reset,
        Self::LoseAnswer,
        Self::Stale,
        Self::Entries("TRANSIENT_FAILURE"),
        Self::Entries("ACCOUNT_THROTTLED"),
        Self::Entries("ACCOUNT_SUSPENDED"),
        Self::Entries("MESSAGE_REJECTED"),
    ];

    /// Whether a call of this operation can meet the fault.
    pub fn can_meet(self, operation: &str) -> bool {
        match self {
            Self::Throughput => operation != "SendBulkEmail" && !operation.ends_with("SuppressedDestination"),
            Self::Conflict => {
                operation.starts_with("Transact") || ["PutItem", "UpdateItem"].contains(&operation)
            }
            Self::Stale => operation.starts_with("Query "),
            Self::Entries(_) => operation == "SendBulkEmail",
            _ => true,
        }
    }

    /// Whether SES may send mails without its caller's knowledge.
    pub fn may_double_mail(self) -> bool {
        matches!(self, Self::FailAfter | Self::LoseAnswer | Self::AnswerLate(_) | Self::ArriveLate(_))
    }

    /// The response to a call that meets the fault. It quotes the call, which AWS never does. So a function that logs
    /// or repeats a message of AWS fails the search for leaks.
    pub(super) fn answer(self, call: &Call) -> Response {
        let quoted = format!("asked for {}", call.text);
        let ses = |status, kind: &str| response(status, Some(kind), &json!({ "message": quoted }));
        let dynamodb =
            |status, kind: &str| dynamodb(status, &format!("{DYNAMODB}{kind}"), &quoted, json!({}));
        match (call.service, self) {
            (Service::Ses, Self::Entries(status)) => {
                let entries = call.json()["BulkEmailEntries"].as_array().map_or(0, Vec::len);
                let result = json!({ "Status": status, "Error": quoted });
                axum::Json(json!({ "BulkEmailEntryResults": vec![result; entries] })).into_response()
            }
            (Service::Ses, Self::Throttle) => ses(429, "TooManyRequestsException"),
            (Service::Ses, Self::Refuse) => ses(404, "NotFoundException"),
            (Service::Ses, _) => ses(500, "InternalServiceErrorException"),
            (Service::DynamoDb, Self::Throttle) => {
                self::dynamodb(400, "com.amazon.coral.availability#ThrottlingException", &quoted, json!({}))
            }
            (Service::DynamoDb, Self::Throughput) => dynamodb(400, "ProvisionedThroughputExceededException"),
            (Service::DynamoDb, Self::Conflict) => {
                match call.json()["TransactItems"].as_array().map(Vec::len) {
                    None => dynamodb(400, "TransactionConflictException"),
                    Some(actions) => cancelled(actions, &quoted),
                }
            }
            (Service::DynamoDb, Self::Refuse) => dynamodb(400, "ResourceNotFoundException"),
            (Service::DynamoDb, _) => dynamodb(500, "InternalServerError"),
        }
    }
}

const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810#";

/// A transaction that is cancelled because its last action met a conflict.
fn cancelled(actions: usize, message: &str) -> Response {
    let mut reasons = vec![json!({ "Code": "None" }); actions.saturating_sub(1)];
    reasons.push(json!({ "Code": "TransactionConflict", "Message": message }));
    let kind = format!("{DYNAMODB}TransactionCanceledException");
    dynamodb(400, &kind, message, json!({ "CancellationReasons": reasons }))
}

fn dynamodb(status: u16, kind: &str, message: &str, mut body: Value) -> Response {
    body["__type"] = json!(kind);
    body["message"] = json!(message);
    response(status, None, &body)
}

/// SES names an error in a header, DynamoDB in the body.
fn response(status: u16, error: Option<&str>, body: &Value) -> Response {
    let kind = if error.is_some() { "application/json" } else { "application/x-amz-json-1.0" };
    let mut headers = HeaderMap::new();
    headers.insert("content-type", kind.parse().expect("a value"));
    headers.insert("x-amzn-requestid", "INJECTED".parse().expect("a value"));
    if let Some(error) = error {
        headers.insert("x-amzn-errortype", error.parse().expect("a value"));
    }
    (StatusCode::from_u16(status).expect("a status"), headers, body.to_string()).into_response()
}
