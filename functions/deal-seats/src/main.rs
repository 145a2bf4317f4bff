//! `deal-seats`: the manager's views. Reads only.

mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::http::run(handler::route).await
}
