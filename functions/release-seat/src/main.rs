//! `release-seat`: a manager cancels an invite or releases a seat.

mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::http::run(handler::route).await
}
