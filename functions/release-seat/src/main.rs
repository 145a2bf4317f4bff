//! `release-seat`: a manager takes back an invite or a seat.

mod handler;

use shared::{config::Config, http, store::Store, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let store = Store::connect(&config.table).await;
    let app = handler::App { store, config };
    http::serve(app.config.origin, &app.store, async |call| handler::route(&app, call).await).await
}
