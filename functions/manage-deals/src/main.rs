//! `manage-deals`: partnership managers create and change deals of any organisation. Learning managers set a deal's
//! reminders, and switch their digest on and off.

mod digest;
mod handler;

use shared::http::{self, App};
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let app = App::from_env().await?;
    http::serve(&app.config, &app.store, async |request| handler::route(&app, request).await).await
}
