//! `accept-invite`: the learner's routes. The only function that allocates seats.

mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::http::run(handler::route).await
}
