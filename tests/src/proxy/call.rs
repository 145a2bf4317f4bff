//! A call, and what it can be recognised by.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    DynamoDb,
    Ses,
}

/// Which calls are meant; by default all.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    operation: Option<String>,
    containing: Option<String>,
}

impl Calls {
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of this operation: `GetItem`, `Query` (of the table), `Query due` (of an index), `SendBulkEmail`.
    pub fn of(operation: &str) -> Self {
        Self { operation: Some(operation.to_owned()), containing: None }
    }

    /// Those of them that have this text in them: a deal's id names a partition, and the mails of a deal.
    #[must_use]
    pub fn containing(self, text: &str) -> Self {
        Self { containing: Some(text.to_owned()), ..self }
    }

    pub(super) fn include(&self, call: &Call) -> bool {
        self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            && self.containing.as_ref().is_none_or(|text| call.text.contains(text))
    }
}

#[derive(Debug)]
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
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or("SendBulkEmail");
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
            text: String::from_utf8_lossy(&body).into_owned(),
            body,
        })
    }

    /// Whether it is there to open a connection: a key that no item has, or a call with no mails.
    pub(super) fn only_warms(&self) -> bool {
        match self.service {
            Service::DynamoDb => self.operation == "GetItem" && self.text.contains("\"WARM\""),
            Service::Ses => self.text.contains("\"BulkEmailEntries\":[]"),
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Of an index query what it asks for, but not the time at which it does: what may be answered with an older
    /// state.
    pub(super) fn index_query(&self) -> Option<String> {
        if !self.operation.starts_with("Query ") {
            return None;
        }
        let query = self.json();
        let values = &query["ExpressionAttributeValues"];
        // Where no row can have expired yet moves on with the clock; a cursor, which is longer, does not.
        let below = values[":below"]["S"].as_str().filter(|below| below.len() > 13);
        let asked = [
            "IndexName",
            "KeyConditionExpression",
            "FilterExpression",
            "ExclusiveStartKey",
            "Limit",
            "ScanIndexForward",
        ];
        let asked = asked.map(|name| query[name].to_string()).join(" ");
        Some(format!("{asked} {} {} {below:?}", values[":pk"], values[":prefix"]))
    }
}
