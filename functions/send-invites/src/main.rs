//! `send-invites`: a manager invites addresses.

mod handler;

use shared::{delivery::Delivery, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let (config, delivery) = Delivery::from_env().await?;
    http::serve(config.origin, delivery.store.clone(), handler::App { delivery, config }, handler::route)
        .await
}
