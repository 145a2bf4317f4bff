//! DynamoDB in this process, on a loopback port, for the function processes and for tests.
//!
//! Invariant: the server ends when its [`Database`] is dropped. A database with a file has then written all data.
//!
//! The engine's own HTTP server would let any web page in the developer's browser read and write the table
//! (`access-control-allow-origin: *`). This module serves the engine behind the guard of `Port` instead.

use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use dynoxide::DynoxideError;
use dynoxide::auth_material::{self, AuthMaterial};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::origin::Port;
use crate::{StartError, role, template};

/// DynamoDB accepts requests of up to 16 MB.
const MAX_REQUEST: usize = 16 * 1024 * 1024;

const DENIED: &str =
    r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"The role does not allow it."}"#;

/// A DynamoDB endpoint that is served until it is dropped.
pub struct Database {
    engine: dynoxide::Database,
    pub endpoint: String,
    _server: JoinSet<()>,
}

impl Database {
    #[must_use]
    pub fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(&self.endpoint)
            .region(Region::new(crate::runtime::REGION))
            .credentials_provider(Credentials::new("local", "local", None, None, "seatkeeper-local"))
            // Plain HTTP, without a TLS library.
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(config)
    }

    /// Creates the template's table under this name, with its indexes and its TTL, unless the table exists.
    pub fn create_table(&self, name: &str) -> Result<(), StartError> {
        let Some(table) = template::resources("AWS::DynamoDB::Table").next() else { return Ok(()) };
        // Each operation takes the properties that it knows.
        let mut request = table.get("").as_object().cloned().unwrap_or_default();
        request.insert("TableName".to_owned(), name.into());
        let request = Value::Object(request).to_string();
        match run(&self.engine, "CreateTable", request.as_bytes()) {
            Err(DynoxideError::ResourceInUseException(_)) => return Ok(()),
            created => created?,
        };
        run(&self.engine, "UpdateTimeToLive", request.as_bytes())?;
        Ok(())
    }
}

/// Serves the database in the file `path`, or one in memory.
pub async fn serve(path: Option<&Path>) -> Result<Database, StartError> {
    let engine = match path {
        None => dynoxide::Database::memory(),
        Some(path) => dynoxide::Database::new(&path.to_string_lossy()),
    };
    let engine = engine.map_err(|error| StartError::Database {
        path: path.unwrap_or(Path::new(":memory:")).to_owned(),
        reason: error.to_string(),
    })?;
    let app = Router::new()
        .route("/", post(call))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(engine.clone());
    let port = Port::bind(0).await?;
    let endpoint = port.url();
    Ok(Database { engine, endpoint, _server: [port.serve(app)].into_iter().collect() })
}

/// Answers one call of the API. The header `x-amz-target` names the operation.
async fn call(
    State(database): State<dynoxide::Database>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let target = text("x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix("DynamoDB_20120810.").unwrap_or_default();
    let unsigned = auth_material::validate(AuthMaterial {
        authorization: text("authorization"),
        query: uri.query().unwrap_or_default(),
        has_date_header: headers.contains_key("x-amz-date") || headers.contains_key("date"),
    });
    // `AWS4-HMAC-SHA256 Credential=<access key>/…`
    let credential = text("authorization").unwrap_or_default().split("Credential=").nth(1);
    let caller = credential.and_then(|scope| scope.split('/').next()).unwrap_or_default();
    let (status, json) = match unsigned {
        Some(error) => (400, error),
        None if !role::allows(caller, operation, &body) => (400, DENIED.to_owned()),
        None => run(&database, operation, &body)
            .map_or_else(|error| (error.status_code(), error.to_json()), |json| (200, json)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let id = (HeaderName::from_static("x-amzn-requestid"), crate::random::uuid());
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.0".to_owned()), id], json).into_response()
}

/// Runs one of the operations that the product, its tests and a developer's command line use.
fn run(database: &dynoxide::Database, operation: &str, body: &[u8]) -> dynoxide::Result<String> {
    match operation {
        "BatchGetItem" => typed(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => typed(body, |request| database.batch_write_item(request)),
        "CreateTable" => typed(body, |request| database.create_table(request)),
        "DeleteItem" => typed(body, |request| database.delete_item(request)),
        "DescribeTable" => typed(body, |request| database.describe_table(request)),
        "DescribeTimeToLive" => typed(body, |request| database.describe_time_to_live(request)),
        "GetItem" => typed(body, |request| database.get_item(request)),
        "ListTables" => typed(body, |request| database.list_tables(request)),
        "PutItem" => typed(body, |request| database.put_item(request)),
        "Query" => typed(body, |request| database.query(request)),
        "Scan" => typed(body, |request| database.scan(request)),
        "TransactWriteItems" => typed(body, |request| database.transact_write_items(request)),
        "UpdateItem" => typed(body, |request| database.update_item(request)),
        "UpdateTimeToLive" => typed(body, |request| database.update_time_to_live(request)),
        other => Err(DynoxideError::ValidationException(format!("unknown operation `{other}`"))),
    }
}

fn typed<Request: DeserializeOwned, Answer: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Request) -> dynoxide::Result<Answer>,
) -> dynoxide::Result<String> {
    let unreadable = |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    serde_json::to_string(&operation(serde_json::from_slice(body).map_err(unreadable)?)?).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The tests of the store fail without the indexes, and `tests/tests/proof/reopen.rs` without a file that keeps its data.
    #[tokio::test]
    async fn the_table_has_the_templates_ttl() {
        let database = serve(None).await.unwrap();
        database.create_table("table").unwrap();
        let ttl = database.client().describe_time_to_live().table_name("table").send().await.unwrap();
        assert_eq!(ttl.time_to_live_description.unwrap().attribute_name(), Some("purgeAt"));
    }
}
