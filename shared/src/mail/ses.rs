//! Sends mails through SES in bulk calls and gives each mail a verdict
//! (`docs/decisions/0006-the-outbox-is-the-due-index.md`). SES has no idempotency key, so the SDK's retries
//! are off: a call is repeated only when its response says that nothing was sent (I4).

use super::Mail;
use crate::config::MailConfig;
use crate::domain::FailureReason;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_bulk_email::{SendBulkEmailError, builders::SendBulkEmailFluentBuilder};
use aws_sdk_sesv2::types::{
    BulkEmailContent, BulkEmailEntry, BulkEmailEntryResult, BulkEmailStatus, Destination,
    EmailTemplateContent, MessageHeader, MessageTag, ReplacementEmailContent, ReplacementTemplate,
    SuppressedDestination, SuppressionListReason, Template,
};
use aws_types::SdkConfig;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter;
use std::time::Duration;

/// SES's limit on destinations in one call ("Service quotas in Amazon SES").
pub const BULK: usize = 50;

/// SES answers in well under a second. A slow call must not use up the function's time.
const LONGEST_CALL: Duration = Duration::from_secs(10);

/// Takes every mail, also in the sandbox, and counts for no quota and no reputation ("Using the mailbox simulator").
const SIMULATOR: &str = "success@simulator.amazonses.com";

#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    from: String,
    configuration_set: Option<String>,
}

/// Only mails that are `Sent`, `Unavailable` or `Unknown` may be out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Sent,
    /// SES will never accept this mail.
    Failed(FailureReason),
    /// SES found the call malformed, because of this mail, another mail of the call, or our settings.
    Malformed,
    TryLater,
    Throttled,
    /// SES takes no mail of this account until somebody fixes the account or its identity.
    Stopped,
    /// No call reached SES, or SES refused the caller: a missing permission, an expired token, a wrong clock.
    Unreached,
    /// SES failed, or returned a new status. No other mail will be sent for now.
    Unavailable,
    /// SES gave no answer, or a server error.
    Unknown,
    Untried,
}

impl Verdict {
    pub fn ends_the_run(self) -> bool {
        matches!(self, Self::Stopped | Self::Unreached | Self::Unavailable)
    }
}

impl Mailer {
    /// Warms the connection with an empty call, which SES refuses, so that the TLS handshake runs in init.
    /// While sending is paused, SES is not called.
    pub async fn connect(sdk: &SdkConfig, config: &MailConfig) -> Self {
        let mailer = Self::new(Builder::from(sdk), config);
        if !config.paused
            && let Ok(call) = mailer.call(&[])
        {
            // The result is ignored: if SES cannot be reached, the first mail reports that.
            let _ = tokio::time::timeout(Duration::from_secs(3), call.send()).await;
        }
        mailer
    }

    pub fn new(client: Builder, config: &MailConfig) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(LONGEST_CALL).build();
        let client = client.retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
        Self {
            client: Client::from_conf(client),
            from: config.from.clone(),
            configuration_set: config.configuration_set.clone(),
        }
    }

    /// Sends one mail to SES's mailbox simulator, with the tags and headers of every mail. The error is SES's own, for the
    /// operator who deploys and for no log: it names the refused permission.
    ///
    /// # Errors
    /// Why SES did not take the mail.
    pub async fn send_smoke_test(&self) -> Result<(), String> {
        let text = || "Sent by make deploy.".to_owned();
        let (to, unsubscribe) = (SIMULATOR.to_owned(), "https://example.com/".to_owned());
        let tags = ["deal", "invite", "send"].map(|name| (name, "smoke-test".to_owned())).into();
        let mail = Mail { to, subject: text(), html: text(), text: text(), unsubscribe, tags };
        let call = self.call(&[mail]).map_err(|error| error.to_string())?;
        let output = call.send().await.map_err(|error| {
            let reason = [error.code(), error.message()].map(Option::unwrap_or_default).join(": ");
            if error.code().is_some() { reason } else { "no answer".to_owned() }
        })?;
        match output.bulk_email_entry_results() {
            [result] if result.status() == Some(&BulkEmailStatus::Success) => Ok(()),
            [result] => Err(result
                .error()
                .or(result.status().map(BulkEmailStatus::as_str))
                .unwrap_or_default()
                .to_owned()),
            _ => Err("an answer without a result".to_owned()),
        }
    }

    /// Whether a bounce put the address on the account's suppression list.
    pub async fn is_blocked(&self, address: &str) -> Result<bool, String> {
        let read = self.client.get_suppressed_destination().email_address(address);
        match read.customize().config_override(repeated()).send().await {
            Ok(found) => {
                let reason = found.suppressed_destination().map(SuppressedDestination::reason);
                Ok(reason == Some(&SuppressionListReason::Bounce))
            }
            Err(error) => refused(&error).map(|()| false),
        }
    }

    pub async fn unblock(&self, address: &str) -> Result<(), String> {
        let delete = self.client.delete_suppressed_destination().email_address(address);
        match delete.customize().config_override(repeated()).send().await {
            Ok(_) => Ok(()),
            Err(error) => refused(&error),
        }
    }

    /// Sends up to [`BULK`] mails in one call, and returns verdicts in order.
    pub async fn send(&self, mails: &[Mail], within: Duration) -> Vec<Verdict> {
        let for_all = |verdict| vec![verdict; mails.len()];
        let Ok(call) = self.call(mails) else { return for_all(Verdict::TryLater) };
        let Ok(answer) = tokio::time::timeout(within, call.send()).await else {
            tracing::warn!(mails = mails.len(), "SES gave no answer in time");
            return for_all(Verdict::Unknown);
        };
        match answer {
            Ok(output) if output.bulk_email_entry_results().len() == mails.len() => {
                output.bulk_email_entry_results().iter().map(verdict).collect()
            }
            Ok(_) => for_all(Verdict::Unknown),
            Err(error) => {
                let verdict = verdict_of_call(&error);
                tracing::warn!(
                    ses.code = error.code().unwrap_or("none"),
                    ses.status = error.raw_response().map_or(0, |response| response.status().as_u16()),
                    mails = mails.len(),
                    verdict = ?verdict,
                    "SES refused a call, or gave no answer"
                );
                for_all(verdict)
            }
        }
    }

    fn call(&self, mails: &[Mail]) -> Result<SendBulkEmailFluentBuilder, BuildError> {
        // The parts are rendered already, so the template only passes them through.
        let content = EmailTemplateContent::builder()
            .subject("{{subject}}")
            .html("{{{html}}}")
            .text("{{{text}}}")
            .build();
        let template = Template::builder()
            .template_content(content)
            .template_data(r#"{"subject":"","html":"","text":""}"#)
            .headers(header("Auto-Submitted", "auto-generated")?)
            .build();
        let entries = mails.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        Ok(self
            .client
            .send_bulk_email()
            .from_email_address(&self.from)
            .set_configuration_set_name(self.configuration_set.clone())
            .default_content(BulkEmailContent::builder().template(template).build())
            .set_bulk_email_entries(Some(entries)))
    }
}

/// The calls about the suppression list send no mail, so the SDK may repeat them.
fn repeated() -> Builder {
    Builder::new().retry_config(RetryConfig::standard())
}

/// An address that is not on the list is no error. An error never quotes SES's message, which may hold the address.
fn refused<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Result<(), String> {
    match error.as_service_error().map(|_| error.code().unwrap_or("unknown")) {
        Some("NotFoundException") => Ok(()),
        code => Err(format!("SES's suppression list can't be used: {}", code.unwrap_or("no answer"))),
    }
}

fn header(name: &str, value: &str) -> Result<MessageHeader, BuildError> {
    MessageHeader::builder().name(name).value(value).build()
}

fn entry(mail: &Mail) -> Result<BulkEmailEntry, BuildError> {
    let data = serde_json::json!({ "subject": mail.subject, "html": mail.html, "text": mail.text });
    let template = ReplacementTemplate::builder().replacement_template_data(data.to_string()).build();
    let tags = mail
        .tags
        .iter()
        .map(|(name, value)| MessageTag::builder().name(*name).value(value).build())
        .collect::<Result<_, _>>()?;
    Ok(BulkEmailEntry::builder()
        .destination(Destination::builder().to_addresses(&mail.to).build())
        .replacement_email_content(ReplacementEmailContent::builder().replacement_template(template).build())
        .replacement_headers(header("List-Unsubscribe", &format!("<{}>", mail.unsubscribe))?)
        .replacement_headers(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?)
        .set_replacement_tags(Some(tags))
        .build())
}

/// An unknown or missing status does not prove that the mail was not sent.
fn verdict(result: &BulkEmailEntryResult) -> Verdict {
    let verdict = match result.status() {
        Some(BulkEmailStatus::Success) => Verdict::Sent,
        Some(BulkEmailStatus::MessageRejected) => Verdict::Failed(FailureReason::MessageRejected),
        Some(BulkEmailStatus::InvalidParameter) => Verdict::Failed(FailureReason::InvalidParameter),
        Some(BulkEmailStatus::TransientFailure | BulkEmailStatus::Failed) => Verdict::TryLater,
        Some(BulkEmailStatus::AccountThrottled) => Verdict::Throttled,
        Some(
            BulkEmailStatus::AccountDailyQuotaExceeded
            | BulkEmailStatus::AccountSendingPaused
            | BulkEmailStatus::AccountSuspended
            | BulkEmailStatus::ConfigurationSetNotFound
            | BulkEmailStatus::ConfigurationSetSendingPaused
            | BulkEmailStatus::InvalidSendingPoolName
            | BulkEmailStatus::MailFromDomainNotVerified
            | BulkEmailStatus::TemplateNotFound,
        ) => Verdict::Stopped,
        _ => Verdict::Unavailable,
    };
    if verdict != Verdict::Sent {
        let status = result.status().map_or("none", BulkEmailStatus::as_str);
        tracing::warn!(ses.status = status, verdict = ?verdict, "SES did not take a mail");
    }
    verdict
}

fn verdict_of_call(error: &SdkError<SendBulkEmailError>) -> Verdict {
    match error {
        SdkError::ServiceError(service) => match service.err() {
            SendBulkEmailError::TooManyRequestsException(_) => Verdict::Throttled,
            SendBulkEmailError::BadRequestException(_) => Verdict::Malformed,
            // A 5xx can come after the mail went out. After a 503 the next call would fail too.
            _ if service.raw().status().as_u16() == 503 => Verdict::Unavailable,
            _ if !service.raw().status().is_client_error() => Verdict::Unknown,
            _ if service.err().code() == Some("ThrottlingException") => Verdict::Throttled,
            SendBulkEmailError::AccountSuspendedException(_)
            | SendBulkEmailError::LimitExceededException(_)
            | SendBulkEmailError::MailFromDomainNotVerifiedException(_)
            | SendBulkEmailError::MessageRejected(_)
            | SendBulkEmailError::NotFoundException(_)
            | SendBulkEmailError::SendingPausedException(_) => Verdict::Stopped,
            _ => Verdict::Unreached,
        },
        SdkError::ConstructionFailure(_) => Verdict::Unreached,
        SdkError::DispatchFailure(_) if was_refused(error) => Verdict::Unreached,
        _ => Verdict::Unknown,
    }
}

/// A refused connection proves that nothing was sent.
fn was_refused(error: &SdkError<SendBulkEmailError>) -> bool {
    let causes = iter::successors(Some(error as &(dyn Error + 'static)), |&cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some mail providers want the headers in this order.
    #[test]
    fn a_mails_headers_let_its_provider_unsubscribe_with_one_click() {
        let (x, unsubscribe) = (|| "x".to_owned(), "https://portal.example/id".to_owned());
        let tags = vec![("deal", x())];
        let mail = Mail { to: x(), subject: x(), html: x(), text: x(), unsubscribe, tags };
        let entry = entry(&mail).unwrap();
        let headers = entry.replacement_headers().iter().map(|header| (header.name(), header.value()));
        let expected = [
            ("List-Unsubscribe", "<https://portal.example/id>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ];
        assert_eq!(headers.collect::<Vec<_>>(), expected);
    }
}
