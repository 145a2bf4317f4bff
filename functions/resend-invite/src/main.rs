//! `resend-invite`: a manager sends an invite again, or many.

mod handler;

use shared::{delivery::Delivery, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let (config, delivery) = Delivery::from_env().await?;
    http::serve(config.origin, delivery.store.clone(), handler::App { delivery, config }, handler::route)
        .await
}
