//! Renders the digest: for each deal what needs its manager's attention. Each line links to the page where the manager
//! can act. No link accepts an invite, and no learner is named.

use super::{Mail, unlinked};
use crate::config::MailConfig;
use crate::domain::digest::{COUNTED_UP_TO, DigestId, Line, Section};
use crate::domain::{Attention, Deal, Email, Timestamp, readable};
use askama::Template;

const SUBJECT: &str = "Deals that need your attention";

struct Words {
    /// Each deal, and the text and the link of its items.
    sections: Vec<(String, Vec<(String, String)>)>,
    off: String,
    renew_by: String,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct Html<'a> {
    subject: &'a str,
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct Text<'a> {
    words: &'a Words,
}

pub fn compose_digest(
    config: &MailConfig,
    to: &Email,
    id: &DigestId,
    renew_by: Timestamp,
    sections: &[Section],
) -> Result<Mail, askama::Error> {
    let section = |Section { deal, lines }: &Section| {
        let items = lines.iter().map(|line| item(config, deal, *line)).collect();
        (unlinked(deal.name.as_str()), items)
    };
    let words = &Words {
        sections: sections.iter().map(section).collect(),
        off: format!("{}/unsubscribe#{id}", config.portal),
        renew_by: renew_by.format("%-d %B %Y").to_string(),
    };
    Ok(Mail {
        to: to.mailbox().to_owned(),
        subject: SUBJECT.to_owned(),
        html: Html { subject: SUBJECT, words }.render()?,
        text: Text { words }.render()?,
        unsubscribe: format!("{}/api/digests/unsubscribe/{id}", config.portal),
        // Without the tags of an invite, SES's events about the mail are dropped.
        tags: vec![("kind", "digest".to_owned())],
    })
}

fn item(config: &MailConfig, deal: &Deal, line: Line) -> (String, String) {
    let (text, query) = match line {
        Line::News(Attention::Asked, count) => {
            (format!("{} asked for a new link or a seat", people(count)), "?status=asked")
        }
        Line::News(Attention::Undelivered, count) => {
            let invites = if count == 1 { "invite" } else { "invites" };
            (format!("{} {invites} did not arrive", number(count)), "?status=undelivered")
        }
        Line::News(Attention::Declined, count) => (format!("{} declined", people(count)), "?status=declined"),
        Line::ThreeQuarters => (format!("{} of {} seats taken", deal.allocated, deal.seats), ""),
        Line::Full if deal.seats == 1 => ("the only seat is taken".to_owned(), ""),
        Line::Full => (format!("all {} seats taken", deal.seats), ""),
        Line::EndsSoon => (format!("ends on {}", readable(deal.ends_at)), ""),
    };
    (text, format!("{}/deals/{}{query}", config.portal, deal.id))
}

fn people(count: u32) -> String {
    format!("{} {}", number(count), if count == 1 { "person" } else { "people" })
}

fn number(count: u32) -> String {
    if count < COUNTED_UP_TO { count.to_string() } else { "1,000 or more".to_owned() }
}
