//! A call to AWS, and filters of calls.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    DynamoDb,
    Ses,
}

/// A filter of calls; by default all calls.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    operation: Option<String>,
    containing: Option<String>,
}

impl Calls {
    pub fn all() -> Self {
        Self::default()
    }

    /// The calls of an operation: `GetItem`, `Query` (of the table), `Query due` (of an index), `SendBulkEmail`,
    /// `GetSuppressedDestination`, `DeleteSuppressedDestination`.
    pub fn of(operation: &str) -> Self {
        Self { operation: Some(operation.to_owned()), containing: None }
    }

    /// Only calls with this text in their body. A deal's id selects its partition and its mails.
    #[must_use]
    pub fn containing(self, text: &str) -> Self {
        Self { containing: Some(text.to_owned()), ..self }
    }

    pub(super) fn include(&self, call: &Call) -> bool {
        self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            && self.containing.as_ref().is_none_or(|text| call.text.contains(text))
    }
}

pub(super) struct Call {
    pub(super) service: Service,
    pub(super) operation: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) text: String,
}

impl Call {
    pub(super) async fn read(service: Service, request: Request) -> Result<Self, axum::Error> {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await?;
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let of_ses = match head.method {
            Method::GET => "GetSuppressedDestination",
            Method::DELETE => "DeleteSuppressedDestination",
            _ => "SendBulkEmail",
        };
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or(of_ses);
        let mut operation = operation.to_owned();
        if operation == "Query" {
            let query: Value = serde_json::from_slice(&body).unwrap_or_default();
            if let Some(index) = query["IndexName"].as_str() {
                operation = format!("Query {index}");
            }
        }
        Ok(Self {
            service,
            operation,
            method: head.method,
            path: head.uri.path().to_owned(),
            headers: head.headers,
            text: format!("{}{}", head.uri.path(), String::from_utf8_lossy(&body)),
            body,
        })
    }

    /// Whether the call only opens a connection: it reads a key that no item has, or sends no mail.
    pub(super) fn only_warms(&self) -> bool {
        match self.service {
            Service::DynamoDb => self.operation == "GetItem" && self.text.contains("\"WARM\""),
            Service::Ses => self.text.contains("\"BulkEmailEntries\":[]"),
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body, with the wish for the units.
    pub(super) fn forwarded(&self) -> Bytes {
        match (self.service, self.body.split_first()) {
            (Service::DynamoDb, Some((b'{', fields))) if fields.len() > 1 => {
                [br#"{"ReturnConsumedCapacity":"TOTAL","#, fields].concat().into()
            }
            _ => self.body.clone(),
        }
    }

    /// An index query without its time, so that an older response to the same query can be found.
    pub(super) fn index_query(&self) -> Option<String> {
        if !self.operation.starts_with("Query ") {
            return None;
        }
        let query = self.json();
        let values = &query["ExpressionAttributeValues"];
        // The bound below which rows may have expired moves with the clock. A cursor, which is longer, does not.
        let below = values[":below"]["S"].as_str().filter(|below| below.len() > 13);
        let names = ["IndexName", "KeyConditionExpression", "FilterExpression", "ExclusiveStartKey"];
        let names = names.into_iter().chain(["Limit", "ScanIndexForward"]);
        let fields: String = names.map(|name| query[name].to_string()).collect();
        Some(format!("{fields} {} {} {below:?}", values[":pk"], values[":prefix"]))
    }
}
