//! `send-invites`: a manager invites addresses, and corrects one.

mod correction;
mod handler;

use shared::{http, sending::Sending, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let sending = Sending::from_env().await?;
    let route = async |request| handler::route(&sending, request).await;
    http::serve(&sending.config, &sending.store, route).await
}
