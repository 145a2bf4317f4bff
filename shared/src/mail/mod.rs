//! The invitation mail: rendered here, sent by [`ses`].
//!
//! Everything that is not ours is escaped where it stands in HTML, and nothing of it gets into a header but the
//! recipient's address, which [`Email`](crate::domain::Email) has vetted. The link's token is in the fragment, so
//! it reaches no server but by the accept page's own doing (I5).

pub mod ses;

use crate::config::MailConfig;
use crate::domain::{Deal, InviteRecord, Link, Name, Sent, Timestamp};
use askama::Template;

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The recipient's mailbox.
    pub to: String,
    /// The subject: a setting, nothing of anybody's.
    pub subject: String,
    /// The body in HTML.
    pub html: String,
    /// The body in plain text.
    pub text: String,
}

/// What both bodies say.
#[derive(Clone, Copy)]
struct Words<'a> {
    organisation: &'a str,
    deal: &'a str,
    name: Option<&'a str>,
    manager: Option<&'a str>,
    until: &'a str,
    link: &'a str,
    label: &'a str,
}

#[derive(Template)]
#[template(path = "invite.html")]
struct Html<'a> {
    subject: &'a str,
    words: Words<'a>,
}

#[derive(Template)]
#[template(path = "invite.txt")]
struct Text<'a> {
    words: Words<'a>,
}

/// Date, time and zone, as people read it.
fn in_words(at: Timestamp) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// The mail of one try to send an invite.
///
/// # Errors
/// When a template can't be written, which takes running out of memory.
pub(crate) fn compose(
    config: &MailConfig,
    deal: &Deal,
    record: &InviteRecord,
    link: &Link,
    sent: Sent,
) -> Result<Mail, askama::Error> {
    let invite = &record.invite;
    let url = format!("{}/accept#{}", config.portal, link.token());
    let until = in_words(sent.until.min(deal.ends_at));
    let name = invite.name.as_ref().map(Name::spoken);
    let words = Words {
        organisation: deal.organisation.name.as_str(),
        deal: deal.name.as_str(),
        name: name.as_deref(),
        manager: invite.invited_by.as_deref(),
        until: &until,
        link: &url,
        label: &config.link_text,
    };
    Ok(Mail {
        to: invite.email.mailbox().to_owned(),
        subject: config.subject.clone(),
        html: Html { subject: &config.subject, words }.render()?,
        text: Text { words }.render()?,
    })
}

#[cfg(test)]
mod tests;
