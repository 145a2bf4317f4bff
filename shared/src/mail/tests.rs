//! The text of the mail, and names that must not change what it says.

use super::*;
use crate::domain::digest::{DigestId, Line, Section};
use crate::domain::limit::RecipientLimit;
use crate::domain::send::{self, Invitee};
use crate::domain::{
    Attention, DealId, Email, InviteId, Name, NewSend, Organisation, OrganisationId, PersonId, Queued, Salt,
    Secret, Sent, Title,
};
use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn config() -> MailConfig {
    MailConfig {
        from: "please.do.not.reply@futurelearn.com".to_owned(),
        subject: "FutureLearn Invitation".to_owned(),
        link_text: "Click here to accept this invitation".to_owned(),
        portal: "https://portal.example".to_owned(),
        lease: Duration::seconds(60),
        ..MailConfig::default()
    }
}

fn mail(organisation: &str, name: Option<&str>, manager: Option<&str>) -> Mail {
    mail_of_deal("Unlimited", organisation, name, manager)
}

fn deal(deal: &str, organisation: &str) -> Deal {
    Deal {
        id: DealId([1; 16]),
        name: Title::parse(deal).unwrap(),
        organisation: Organisation {
            id: OrganisationId::parse("acme").unwrap(),
            name: Title::parse(organisation).unwrap(),
        },
        seats: 100,
        allocated: 0,
        starts_at: at("2026-01-01T00:00:00Z"),
        ends_at: at("2027-01-01T00:00:00Z"),
        revision: 1,
        salt: Salt([1; 32]),
        shortest_lifetime: None,
        reminders: Vec::new(),
    }
}

fn mail_of_deal(title: &str, organisation: &str, name: Option<&str>, manager: Option<&str>) -> Mail {
    mail_of(None, title, organisation, name, manager)
}

fn mail_of(
    reminder: Option<u8>,
    title: &str,
    organisation: &str,
    name: Option<&str>,
    manager: Option<&str>,
) -> Mail {
    let sent = Sent { at: at("2026-11-23T15:04:05Z"), until: at("2026-12-21T15:04:05Z") };
    let deal = deal(title, organisation);
    let (id, secret) = (InviteId([2; 16]), Secret::from_bytes([3; 32]));
    let email = Email::parse("Ann@Example.com").unwrap();
    let invitee = Invitee { id, email, name: name.and_then(Name::clean) };
    let new_send = NewSend {
        link: secret.hash(),
        queued: Queued { at: sent.at, order: 0 },
        invited_by: manager.map(str::to_owned),
        opted_out: false,
        lifetime: sent.until - sent.at,
        lease: config().lease,
        limit: RecipientLimit::NONE,
        reminders: Vec::new(),
    };
    let invite = send::invite(None, &invitee, &new_send, sent.at).unwrap();
    let attempt = Attempt { reminder, ..invite.attempt(&secret.hash()).unwrap() };
    compose(&config(), &deal, &invite, &Link { deal: deal.id, invite: id, secret }, &attempt).unwrap()
}

#[test]
fn the_plain_text() {
    let mail = mail("Acme", Some("Ann"), Some("manager@acme.example"));
    assert_eq!(mail.to, "Ann@Example.com");
    assert_eq!(mail.subject, "FutureLearn Invitation");
    insta::assert_snapshot!("plain_text", mail.text);
}

#[test]
fn the_html() {
    insta::assert_snapshot!("html", mail("Acme", Some("Ann"), Some("manager@acme.example")).html);
}

/// A reminder differs from the invitation in a few words only.
#[test]
fn a_reminder() {
    let mail = mail_of(Some(0), "Unlimited", "Acme", Some("Ann"), Some("manager@acme.example"));
    assert_eq!(mail.subject, "Reminder: FutureLearn Invitation");
    insta::assert_snapshot!("reminder_plain_text", mail.text);
    insta::assert_snapshot!("reminder_html", mail.html);
}

#[test]
fn without_a_name_or_a_verified_manager() {
    insta::assert_snapshot!("plain_text_anonymous", mail("Acme", None, None).text);
}

#[test]
fn a_mails_unsubscribe_url_is_for_its_invite_and_stands_nowhere_in_the_text() {
    let mail = mail("Acme", Some("Ann"), None);
    let id = mail.unsubscribe.strip_prefix("https://portal.example/api/invites/unsubscribe/").unwrap();
    let parsed = UnsubscribeId::parse(id).unwrap();
    assert!(parsed.is_genuine(&Salt([1; 32])));
    assert_eq!(parsed.key.invite, InviteId([2; 16]));
    assert!(!mail.html.contains(id) && !mail.text.contains(id));
}

fn digest(sections: &[Section]) -> Mail {
    let (to, renew_by) = (Email::parse("max@acme.example").unwrap(), at("2027-05-22T06:00:00Z"));
    let id = DigestId { person: PersonId::new("issuer", "max"), secret: [7; 16] };
    compose_digest(&config(), &to, &id, renew_by, sections).unwrap()
}

#[test]
fn the_digest() {
    use Attention::{Asked, Declined, Undelivered};
    let full = Deal { seats: 4, allocated: 4, ..deal("Unlimited", "Acme") };
    let ending = Deal { allocated: 75, ..deal("Unlimited, verify at login.example.com", "Acme") };
    let news = |counts: [u32; 3]| {
        let news = [Asked, Undelivered, Declined].into_iter().zip(counts);
        news.map(|(why, count)| Line::News(why, count)).collect::<Vec<_>>()
    };
    let mail = digest(&[
        Section { deal: full, lines: [news([2, 1, 1]), vec![Line::Full]].concat() },
        Section {
            deal: ending,
            lines: [news([1, 999, 1_000]), vec![Line::ThreeQuarters, Line::EndsSoon]].concat(),
        },
    ]);
    assert_eq!(
        (mail.to.as_str(), mail.subject.as_str()),
        ("max@acme.example", "Deals that need your attention")
    );
    let (_, id) = mail.unsubscribe.split_once("https://portal.example/api/digests/unsubscribe/").unwrap();
    assert!(DigestId::parse(id).is_some());
    insta::assert_snapshot!("digest_plain_text", mail.text);
    insta::assert_snapshot!("digest_html", mail.html);
}

/// `portal/src/time.test.ts` tests the pages with the same dates.
#[test]
fn a_date_reads_as_on_the_pages() {
    let dates: BTreeMap<String, String> =
        serde_json::from_str(include_str!("../../tests/dates.json")).unwrap();
    for (time, text) in dates {
        assert_eq!(readable(at(&time)), text);
    }
}

#[test]
fn names_cannot_inject_html() {
    let mail = mail("<script>alert(1)</script> & Sons", Some("<img src=x onerror=alert(1)>"), None);
    assert!(!mail.html.contains("<script") && !mail.html.contains("<img"));
    assert!(mail.html.contains("&#38; Sons") || mail.html.contains("&amp; Sons"));
    assert!(mail.text.contains("<script>alert(1)</script> & Sons"));
}

#[test]
fn the_greeting_turns_a_name_with_a_comma_round() {
    let mail = mail("Acme", Some("Doe, Ann"), None);
    assert!(mail.html.contains(">Hello Ann Doe,<") && mail.text.contains("\nHello Ann Doe,\n"));
}

#[test]
fn a_name_is_broken_where_a_mail_program_would_link_it() {
    let cases = [
        ("Verify at login.example.com", "Verify at login.|example.|com"),
        ("evil.example/path", "evil.|example/path"),
        ("x@evil.example", "x@evil.|example"),
        ("(www.evil.example)", "(www.|evil.|example)"),
        ("<mailto:x@y>", "<mailto:|x@y>"),
        ("evil。example", "evil。|example"),
        ("call +44 20 7946 0958 now", "call +4|4| 2|0| 7|9|4|6| 0|9|5|8| now"),
        ("(020) 7946-0958", "(0|2|0|) 7|9|4|6|-0|9|5|8|"),
        ("2079460958", "2|0|7|9|4|6|0|9|5|8|"),
        ("tel:112", "tel:|112"),
        ("J. R. Doe", "J. R. Doe"),
        ("Dr. Ann O'Neil-Müller", "Dr. Ann O'Neil-Müller"),
        ("Class of 2026, room 12-34", "Class of 2026, room 12-34"),
        ("علی\u{200c}رضا", "علی\u{200c}رضا"),
    ];
    for (given, expected) in cases {
        assert_eq!(unlinked(given), expected.replace('|', "\u{200c}"), "{given}");
    }
}

#[test]
fn every_name_in_the_mail_is_broken() {
    let mail = mail_of_deal("deal.example", "firm.example", Some("name.example"), None);
    for body in [mail.html, mail.text] {
        for name in ["deal", "firm", "name"] {
            assert!(body.contains(&format!("{name}.\u{200c}example")), "{name}: {body}");
            assert!(!body.contains(&format!("{name}.example")), "{name}: {body}");
        }
    }
}

proptest! {
    #[test]
    fn breaking_a_name_adds_breaks_and_nothing_else(name in r"[a-z0-9.:/@+() -]{0,40}") {
        let broken = unlinked(&name);
        let is_apart = |rest: &str| rest.is_empty() || rest.starts_with(['\u{200c}', ' ']);
        prop_assert!(broken.split(['.', ':']).skip(1).all(is_apart));
        prop_assert_eq!(broken.replace('\u{200c}', ""), name);
    }

    #[test]
    fn with_any_name_the_mail_has_one_link(name: String) {
        let mail = mail("Acme", Some(&name), Some("manager@acme.example"));
        let count = |text: &str, what| text.matches(what).count();
        prop_assert_eq!(count(&mail.html, "href="), 1);
        prop_assert_eq!(count(&mail.html, "://"), 2);
        prop_assert_eq!(count(&mail.text, "://"), 1);
        prop_assert_eq!(count(&mail.html, "<a "), 1);
        prop_assert!(!mail.subject.contains(['\r', '\n']));
    }
}
