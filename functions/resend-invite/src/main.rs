//! `resend-invite`: a manager sends an invite again, or many.

mod handler;

use shared::{config::MailConfig, delivery::Delivery, http, mail::ses::Mailer, store::Store, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let (config, mail) = MailConfig::from_env()?;
    let store = Store::connect(&config.table).await;
    let mailer = Mailer::connect(&mail).await;
    let delivery = Delivery { store: store.clone(), mailer, config: mail, lifetime: config.lifetime };
    http::serve(store, handler::App { delivery, config }, handler::route).await
}
