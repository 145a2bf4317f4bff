//! `resend-invite`: a manager resends one invite or many.

mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::sending::run(handler::route).await
}
