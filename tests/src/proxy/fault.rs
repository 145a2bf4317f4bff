//! What a call may meet, and how that looks.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::call::{Call, Service};
use super::header_named;

/// One way to be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Refused: too much at once.
    Throttle,
    /// Refused: the partition's throughput is used up. DynamoDB only.
    Throughput,
    /// Refused: somebody else is writing the same item, by a transaction. DynamoDB's writes, and reads by transaction.
    Conflict,
    /// 500, and nothing was done.
    Fail,
    /// 500, but it was done.
    FailAfter,
    /// The connection is reset, and nothing was done.
    Reset,
    /// It was done, and then the connection is reset.
    LoseAnswer,
    /// It is done at once, and answered after this time.
    AnswerLate(Duration),
    /// It is done and answered after this time, whether or not the caller still waits.
    ArriveLate(Duration),
    /// Answered with what the same index query was answered before; with nothing, the first time.
    Stale,
    /// Refused for good: 400, which nobody repeats.
    Refuse,
    /// SES answers, takes no mail and says this of each.
    Entries(&'static str),
}

impl Fault {
    /// All that passes at once, of every kind.
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

    /// Whether an operation like this can meet it.
    pub fn can_meet(self, operation: &str) -> bool {
        let mails = operation == "SendBulkEmail";
        match self {
            Self::Throughput => !mails,
            Self::Conflict => {
                operation.starts_with("Transact") || ["PutItem", "UpdateItem"].contains(&operation)
            }
            Self::Stale => operation.starts_with("Query "),
            Self::Entries(_) => mails,
            _ => true,
        }
    }

    /// Whether SES may have taken mails without anybody knowing.
    pub fn may_double_mail(self) -> bool {
        matches!(self, Self::FailAfter | Self::LoseAnswer | Self::AnswerLate(_) | Self::ArriveLate(_))
    }

    /// The answer of a call that meets it. It quotes the call, as no message of AWS does, so that whoever logs or
    /// passes on a message of AWS is found out.
    pub(super) fn answer(self, call: &Call) -> Response {
        let quoted = format!("asked for {}", call.text);
        match (call.service, self) {
            (Service::Ses, Self::Entries(status)) => {
                let entries = call.json()["BulkEmailEntries"].as_array().map_or(0, Vec::len);
                let result = json!({ "Status": status, "Error": quoted });
                axum::Json(json!({ "BulkEmailEntryResults": vec![result; entries] })).into_response()
            }
            (Service::Ses, Self::Throttle) => {
                ses(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &quoted)
            }
            (Service::Ses, Self::Refuse) => ses(StatusCode::NOT_FOUND, "NotFoundException", &quoted),
            (Service::Ses, _) => {
                ses(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceErrorException", &quoted)
            }
            (Service::DynamoDb, Self::Throttle) => {
                dynamodb(400, "com.amazon.coral.availability#ThrottlingException", &quoted, json!({}))
            }
            (Service::DynamoDb, Self::Throughput) => dynamodb(
                400,
                "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                &quoted,
                json!({}),
            ),
            (Service::DynamoDb, Self::Conflict) => conflict(call, &quoted),
            (Service::DynamoDb, Self::Refuse) => dynamodb(
                400,
                "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
                &quoted,
                json!({}),
            ),
            (Service::DynamoDb, _) => {
                dynamodb(500, "com.amazonaws.dynamodb.v20120810#InternalServerError", &quoted, json!({}))
            }
        }
    }
}

/// A transaction is cancelled by the last of its actions; a plain write has an exception of its own.
fn conflict(call: &Call, message: &str) -> Response {
    let Some(actions) = call.json()["TransactItems"].as_array().map(Vec::len) else {
        let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
        return dynamodb(400, kind, message, json!({}));
    };
    let mut reasons = vec![json!({ "Code": "None" }); actions.saturating_sub(1)];
    reasons.push(json!({ "Code": "TransactionConflict", "Message": message }));
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    dynamodb(400, kind, message, json!({ "CancellationReasons": reasons }))
}

fn dynamodb(status: u16, kind: &str, message: &str, more: Value) -> Response {
    let mut body = more;
    body["__type"] = json!(kind);
    body["message"] = json!(message);
    let headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, "application/x-amz-json-1.0".parse().expect("a value")),
        (header_named("x-amzn-requestid"), "INJECTED".parse().expect("a value")),
    ]);
    (StatusCode::from_u16(status).expect("a status"), headers, body.to_string()).into_response()
}

fn ses(status: StatusCode, kind: &str, message: &str) -> Response {
    let headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, "application/json".parse().expect("a value")),
        (header_named("x-amzn-errortype"), kind.parse().expect("a value")),
        (header_named("x-amzn-requestid"), "INJECTED".parse().expect("a value")),
    ]);
    (status, headers, json!({ "message": message }).to_string()).into_response()
}
