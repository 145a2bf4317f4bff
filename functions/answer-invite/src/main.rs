//! `answer-invite`: a learner's answers besides accepting. It cannot allocate seats.

mod handler;

use shared::http::{self, App};
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let App { store, config } = App::from_env().await?;
    http::serve(&config, &store, async |request| handler::route(&store, request).await).await
}
