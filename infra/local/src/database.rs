//! DynamoDB in this process, on a loopback port of its own, for the function processes and for tests.
//!
//! Invariant: the server ends with its [`Database`]; what it was given a path for is on disk by then.

use std::io;
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No loopback port could be bound.
    #[error("no port for the database")]
    Port(#[source] io::Error),
    /// The file can't be opened, or is none of ours.
    #[error("the database {} can't be opened: {reason}; move it away to begin anew", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        reason: String,
    },
}

/// A DynamoDB endpoint that is served until this is dropped.
#[derive(Debug)]
pub struct Database {
    endpoint: String,
    server: JoinHandle<()>,
}

impl Database {
    /// The URL of the endpoint, for `AWS_ENDPOINT_URL_DYNAMODB`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A client of this endpoint.
    #[must_use]
    pub fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(&self.endpoint)
            .region(Region::new(crate::runtime::REGION))
            .credentials_provider(Credentials::new("local", "local", None, None, "seatkeeper-local"))
            .build();
        Client::from_conf(config)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves the database in the file `path`, or one in memory.
///
/// # Errors
///
/// When the file can't be opened or no port can be bound.
pub async fn serve(path: Option<&Path>) -> Result<Database, DatabaseError> {
    let database = match path {
        None => dynoxide::Database::memory(),
        Some(path) => dynoxide::Database::new(&path.to_string_lossy()),
    };
    let database = database.map_err(|error| DatabaseError::Open {
        path: path.unwrap_or(Path::new(":memory:")).to_owned(),
        reason: error.to_string(),
    })?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(DatabaseError::Port)?;
    let address = listener.local_addr().map_err(DatabaseError::Port)?;
    let server = tokio::spawn(dynoxide::server::serve_on(listener, database));
    Ok(Database { endpoint: format!("http://{address}"), server })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::AttributeValue;

    fn key(value: &str) -> AttributeValue {
        AttributeValue::S(value.to_owned())
    }

    #[tokio::test]
    async fn what_was_written_is_there_after_a_restart() {
        let folder = crate::settings::temporary_folder();
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("seatkeeper.db");
        {
            let database = serve(Some(&path)).await.unwrap();
            crate::table::create(&database.client(), "table").await.unwrap();
            let put =
                database.client().put_item().table_name("table").item("pk", key("a")).item("sk", key("b"));
            put.item("note", key("kept")).send().await.unwrap();
        }
        let database = serve(Some(&path)).await.unwrap();
        crate::table::create(&database.client(), "table").await.unwrap();
        let get = database.client().get_item().table_name("table").key("pk", key("a")).key("sk", key("b"));
        let item = get.send().await.unwrap().item.unwrap();
        assert_eq!(item["note"], key("kept"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn the_table_has_its_indexes_and_its_ttl() {
        let database = serve(None).await.unwrap();
        let client = database.client();
        crate::table::create(&client, "table").await.unwrap();
        let table = client.describe_table().table_name("table").send().await.unwrap().table.unwrap();
        let mut indexes: Vec<_> =
            table.global_secondary_indexes().iter().filter_map(|index| index.index_name()).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, ["address", "due", "listing"]);
        let ttl = client.describe_time_to_live().table_name("table").send().await.unwrap();
        assert_eq!(ttl.time_to_live_description.unwrap().attribute_name(), Some(crate::table::PURGE_AT));
    }
}
