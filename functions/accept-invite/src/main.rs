//! `accept-invite`: what a learner does. The only function that gives seats.

mod handler;

use shared::{config::Config, http, store::Store, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let store = Store::connect(&config.table).await;
    http::serve(config.origin, &store, async |call| handler::route(&store, call).await).await
}
