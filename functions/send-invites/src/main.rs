//! `send-invites`: a manager invites addresses.

mod handler;

use shared::{config::sending_limits, delivery::Delivery, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let (config, delivery) = Delivery::from_env().await?;
    let (origin, store) = (config.origin, delivery.store.clone());
    let app = handler::App { delivery, config, limits: sending_limits()? };
    http::serve(origin, store, app, handler::route).await
}
