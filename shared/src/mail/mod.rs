//! Renders the invitation mail; [`ses`] sends it. Untrusted text is escaped in HTML. None of it reaches a
//! header but the recipient's address, which [`Email`](crate::domain::Email) has validated. The link's token
//! is in the fragment, so no server receives the token before the accept page sends it (I5).

mod digest;
pub mod ses;

pub use digest::compose_digest;

use crate::config::MailConfig;
use crate::domain::{Attempt, Deal, Invite, Link, UnsubscribeId, readable};
use askama::Template;

#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    /// From a setting, never from user input.
    pub subject: String,
    pub html: String,
    pub text: String,
    /// Where the recipient's mail provider posts to unsubscribe (RFC 8058).
    pub unsubscribe: String,
    /// Name and value of each tag, `[A-Za-z0-9_-]` only. SES's events about the mail carry the tags.
    pub tags: Vec<(&'static str, String)>,
}

struct Words<'a> {
    organisation: String,
    deal: String,
    name: Option<String>,
    manager: Option<&'a str>,
    is_reminder: bool,
    until: String,
    link: String,
    label: &'a str,
}

#[derive(Template)]
#[template(path = "invite.html")]
struct Html<'a> {
    subject: &'a str,
    words: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "invite.txt")]
struct Text<'a> {
    words: &'a Words<'a>,
}

/// Inserts an invisible break wherever a mail program would turn a name into a link: after a dot or colon
/// inside a word (`login.example.com`), and after each digit of a telephone number.
fn unlinked(name: &str) -> String {
    /// Zero-width non-joiner: not drawn, and no line ends there.
    const BREAK: char = '\u{200c}';
    /// Mail programs make no link of a number with fewer digits.
    const FEWEST_DIGITS: usize = 7;
    let may_stand_in_number = |c: char| {
        c.is_numeric()
            || c.is_whitespace()
            || matches!(c, '+' | '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}')
    };
    let mut broken = String::with_capacity(name.len());
    for run in name.split_inclusive(|c| !may_stand_in_number(c)) {
        let is_number = run.chars().filter(|c| c.is_numeric()).count() >= FEWEST_DIGITS;
        for c in run.chars() {
            let ends_part = broken.ends_with(['.', ':', '\u{3002}', '\u{ff0e}', '\u{ff61}', '\u{ff1a}']);
            if ends_part && !c.is_whitespace() {
                broken.push(BREAK);
            }
            broken.push(c);
            if is_number && c.is_numeric() {
                broken.push(BREAK);
            }
        }
    }
    broken
}

pub(crate) fn compose(
    config: &MailConfig,
    deal: &Deal,
    invite: &Invite,
    link: &Link,
    attempt: &Attempt,
) -> Result<Mail, askama::Error> {
    let is_reminder = attempt.reminder.is_some();
    let subject = format!("{}{}", if is_reminder { "Reminder: " } else { "" }, config.subject);
    let words = &Words {
        organisation: unlinked(deal.organisation.name.as_str()),
        deal: unlinked(deal.name.as_str()),
        name: invite.name.as_ref().map(|name| unlinked(&name.spoken())),
        manager: invite.invited_by.as_deref(),
        is_reminder,
        until: readable(attempt.sent.until.min(deal.ends_at)),
        link: format!("{}/accept#{}", config.portal, link.token()),
        label: &config.link_text,
    };
    let unsubscribe = UnsubscribeId::sign(&deal.salt, link.key());
    Ok(Mail {
        to: invite.email.mailbox().to_owned(),
        html: Html { subject: &subject, words }.render()?,
        subject,
        text: Text { words }.render()?,
        unsubscribe: format!("{}/api/invites/unsubscribe/{unsubscribe}", config.portal),
        tags: vec![
            ("deal", link.deal.to_string()),
            ("invite", link.invite.to_string()),
            ("send", invite.sends.to_string()),
        ],
    })
}

#[cfg(test)]
mod tests;
