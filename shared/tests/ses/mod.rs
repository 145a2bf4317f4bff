//! SES as a script: what it answers is written down, call by call.

use aws_sdk_sesv2::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_sesv2::config::{
    BehaviorVersion, Builder, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_sesv2::error::BoxError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::body::SdkBody;
use chrono::Duration;
use seatkeeper_local::database::{self, Database};
use shared::config::{Config, MailConfig};
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::http::Origin;
use shared::mail::ses::Mailer;
use std::sync::{Arc, Mutex};

/// A status and a body.
pub(crate) type Said = (u16, &'static str);

pub(crate) const SENT: Said = (200, r#"{"BulkEmailEntryResults":[{"Status":"SUCCESS","MessageId":"1"}]}"#);
pub(crate) const MALFORMED: Said = (400, r#"{"__type":"BadRequestException","message":"Illegal address"}"#);
pub(crate) const THROTTLED: Said = (429, r#"{"__type":"TooManyRequestsException","message":"rate"}"#);
pub(crate) const FAILED: Said = (500, r#"{"__type":"InternalFailure"}"#);
pub(crate) const DOWN: Said = (503, r#"{"__type":"ServiceUnavailable"}"#);

/// A mailer, and the answers that it has not come to.
pub(crate) struct Script {
    pub(crate) mailer: Mailer,
    answers: Answers,
    _server: Database,
}

impl Script {
    /// The answers come one after the other, the last one for ever.
    pub(crate) async fn new(answers: &[Said]) -> Self {
        // Some server has to take the calls; what it says is replaced.
        let server = database::serve(None).await.unwrap();
        let answers = Answers(Arc::new(Mutex::new(answers.to_vec())));
        let client = client().endpoint_url(server.endpoint()).interceptor(answers.clone());
        Self { mailer: Mailer::new(client, &mail_config(0)), answers, _server: server }
    }

    /// How many answers are left besides the one that is given for ever.
    pub(crate) fn left(&self) -> usize {
        self.answers.0.lock().unwrap().len() - 1
    }
}

/// What every client of SES needs.
pub(crate) fn client() -> Builder {
    Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(database::http_client())
}

pub(crate) fn mail_config(send_rate: u32) -> MailConfig {
    MailConfig {
        from: "sender@example.com".to_owned(),
        subject: "subject".to_owned(),
        link_text: "link".to_owned(),
        portal: "https://portal.example".to_owned(),
        configuration_set: None,
        lease: Duration::seconds(60),
        send_rate,
        paused: false,
    }
}

pub(crate) fn config() -> Config {
    Config {
        table: "table".to_owned(),
        organisation_claim: "org".to_owned(),
        lifetime: Duration::days(28),
        retention: Duration::days(365),
        origin: Origin::default(),
    }
}

pub(crate) const NO_LIMITS: SendingLimits =
    SendingLimits { recipient: RecipientLimit::NONE, manager_per_hour: 0, deal_per_day: Some(0) };

#[derive(Clone, Debug)]
struct Answers(Arc<Mutex<Vec<Said>>>);

impl Intercept for Answers {
    fn name(&self) -> &'static str {
        "answers"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut answers = self.0.lock().unwrap();
        let (status, body) = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        *context.response_mut() = Response::new(status.try_into()?, SdkBody::from(body));
        Ok(())
    }
}
