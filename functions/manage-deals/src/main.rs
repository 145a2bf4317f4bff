//! `manage-deals`: partnership managers create and change deals of any organisation. Learning managers set a deal's
//! reminders, and switch their digest on and off.

mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::http::run(handler::route).await
}
