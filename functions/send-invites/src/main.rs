//! `send-invites`: a manager invites addresses, and corrects one.

mod correction;
mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::sending::run(handler::route).await
}
