//! The one table, with the indexes that the access patterns need; `infra/template.yaml` declares the same.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError as Refusal;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

/// What a row of the Deal seats page shows, so that a page is one query; its key says the status and when it was queued.
/// Which write of the item it is (`version`, `writers`) is in no index: every write would then be one more in each.
pub const LISTED: &[&str] = &[
    "email",
    "name",
    "by",
    "sentAt",
    "sentUntil",
    "expiresAt",
    "acceptedAt",
    "acceptedAs",
    "sends",
    "delivery",
    "failure",
    "failedAt",
];

/// What its key says of a row of the listing, and not of one of another index.
pub const UNLISTED: &[&str] = &["status", "queuedAt"];

/// The attribute by which DynamoDB purges an item, some day after it.
pub const PURGE_AT: &str = "purgeAt";

/// Why the table is not there.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The table's description is not complete: a mistake in this file.
    #[error("the table's description is not complete")]
    Description(#[from] BuildError),
    /// The database refused.
    #[error("the database refused to create the table: {0}")]
    Refused(String),
}

/// Creates the table with its indexes, on demand, and turns its TTL on. A table that exists is left as it is.
///
/// # Errors
///
/// When the database can't be reached, or refuses.
pub async fn create(client: &Client, table: &str) -> Result<(), TableError> {
    let request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes()?))
        .set_key_schema(Some(keys("pk", "sk")?))
        .set_global_secondary_indexes(Some(indexes()?));
    match request.send().await {
        Ok(_) => purge(client, table).await,
        Err(SdkError::ServiceError(error)) if matches!(error.err(), Refusal::ResourceInUseException(_)) => {
            Ok(())
        }
        Err(error) => Err(TableError::Refused(DisplayErrorContext(error).to_string())),
    }
}

async fn purge(client: &Client, table: &str) -> Result<(), TableError> {
    let purge = TimeToLiveSpecification::builder().attribute_name(PURGE_AT).enabled(true).build()?;
    let request = client.update_time_to_live().table_name(table).time_to_live_specification(purge);
    request.send().await.map_err(|error| TableError::Refused(DisplayErrorContext(error).to_string()))?;
    Ok(())
}

fn attributes() -> Result<Vec<AttributeDefinition>, BuildError> {
    use ScalarAttributeType::{N, S};
    [
        ("pk", S),
        ("sk", S),
        ("listPk", S),
        ("listSk", S),
        ("duePk", S),
        ("dueAt", N),
        ("addressPk", S),
        ("addressSk", S),
        ("attentionPk", S),
        ("attentionSk", S),
    ]
    .into_iter()
    .map(|(name, kind)| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build())
    .collect()
}

fn keys(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build())
        .collect()
}

fn indexes() -> Result<Vec<GlobalSecondaryIndex>, BuildError> {
    [
        ("listing", keys("listPk", "listSk")?, including(LISTED)),
        ("due", keys("duePk", "dueAt")?, keys_only()),
        ("address", keys("addressPk", "addressSk")?, keys_only()),
        ("attention", keys("attentionPk", "attentionSk")?, including(&[UNLISTED, LISTED].concat())),
    ]
    .into_iter()
    .map(|(name, keys, projection)| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(keys))
            .projection(projection)
            .build()
    })
    .collect()
}

fn including(attributes: &[&str]) -> Projection {
    Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(attributes.iter().map(ToString::to_string).collect()))
        .build()
}

fn keys_only() -> Projection {
    Projection::builder().projection_type(ProjectionType::KeysOnly).build()
}
