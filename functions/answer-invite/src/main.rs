//! `answer-invite`: a learner's answers besides accepting. It cannot allocate seats.

mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::http::run(handler::route).await
}
