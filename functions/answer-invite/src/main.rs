//! `answer-invite`: what a mail lets its reader do besides accepting, without signing in. It cannot allocate seats.

mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::http::run(handler::route).await
}
