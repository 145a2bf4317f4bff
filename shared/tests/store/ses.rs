//! SES as a function, or as a script of responses.

use aws_sdk_sesv2::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use chrono::Duration;
use shared::config::{Config, MailConfig};
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::mail::ses::Mailer;
use std::fmt::{self, Debug, Formatter};
use std::sync::Mutex;

/// A status and a body.
pub(crate) type Reply = (u16, &'static str);

pub(crate) const SENT: Reply = (200, r#"{"BulkEmailEntryResults":[{"Status":"SUCCESS","MessageId":"1"}]}"#);
pub(crate) const THROTTLED: Reply = (429, r#"{"__type":"TooManyRequestsException","message":"rate"}"#);
pub(crate) const FAILED: Reply = (500, r#"{"__type":"InternalFailure"}"#);
pub(crate) const PAUSED: Reply = (400, r#"{"__type":"SendingPausedException","message":"paused"}"#);
pub(crate) const SUSPENDED: Reply = (200, r#"{"BulkEmailEntryResults":[{"Status":"ACCOUNT_SUSPENDED"}]}"#);
pub(crate) const DOWN: Reply = (503, r#"{"__type":"ServiceUnavailable"}"#);

/// SES, which answers each call by this function.
struct Ses<F>(F);

impl<F> Debug for Ses<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Ses")
    }
}

impl<F: Fn() -> HttpConnectorFuture + Send + Sync> HttpConnector for Ses<F> {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        (self.0)()
    }
}

pub(crate) fn response((status, body): Reply) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

/// A mailer that gets these responses. The last one repeats.
pub(crate) fn mailer(answers: &[Reply]) -> Mailer {
    let answers = Mutex::new(answers.to_vec());
    let next = move || {
        let mut answers = answers.lock().unwrap();
        let reply = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        HttpConnectorFuture::ready(Ok(response(reply)))
    };
    Mailer::new((&sdk(next)).into(), &mail_config(0))
}

pub(crate) fn sdk(answer: impl Fn() -> HttpConnectorFuture + Send + Sync + 'static) -> SdkConfig {
    let connector = SharedHttpConnector::new(Ses(answer));
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build()
}

pub(crate) fn mail_config(send_rate: u32) -> MailConfig {
    MailConfig { lease: Duration::seconds(60), send_rate, ..MailConfig::default() }
}

pub(crate) fn config() -> Config {
    let (table, lifetime) = ("table".to_owned(), Duration::days(28));
    Config { table, lifetime, retention: Duration::days(365), ..Config::default() }
}

pub(crate) const NO_LIMITS: SendingLimits =
    SendingLimits { recipient: RecipientLimit::NONE, manager_per_hour: 0, deal_per_day: Some(0) };
