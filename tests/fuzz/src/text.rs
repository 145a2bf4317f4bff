//! Texts that people type: addresses, names, titles. Every accepted text is safe in a header, a page and a key,
//! and reads back unchanged. I3, I8.

use shared::domain::{AddressPrefix, Email, Name, Title};

/// Invisible characters: Unicode's `Default_Ignorable_Code_Point`, and its line and paragraph separators. This list is
/// independent of the product's own.
const UNSEEN: &[(u32, u32)] = &[
    (0x00, 0x1f),
    (0x7f, 0x9f),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x1_bca0, 0x1_bca3),
    (0x1_d173, 0x1_d17a),
    (0xe_0000, 0xe_0fff),
];

/// A name without the joiners that letters and emoji need.
fn without_joiners(name: &str) -> String {
    let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}');
    assert!(!name.starts_with(is_joiner), "{name:?} begins with a joiner");
    name.replace(is_joiner, "")
}

#[track_caller]
fn assert_visible(text: &str) {
    let unseen = |c: char| UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(c)));
    assert!(!text.contains(unseen), "{text:?} has an invisible character");
}

pub(crate) fn address(input: &[u8]) {
    let raw = String::from_utf8_lossy(input);
    let email = match Email::parse(&raw) {
        Ok(email) => email,
        // An error does not repeat the address.
        Err(error) => return assert!(error.to_string().len() < 70),
    };
    assert_visible(email.as_typed());
    assert!(email.as_typed().chars().filter(|c| *c == '@').count() == 1, "{email:?}");
    assert!(email.mailbox().len() <= 254 && email.normalised().len() <= 254, "{email:?}");
    for text in [email.mailbox(), email.normalised()] {
        let harmless = |c: char| c.is_ascii_graphic() && !"\"(),:;<>[]\\".contains(c);
        assert!(text.chars().all(harmless), "{text:?} is not safe in a header");
    }
    for text in [email.as_typed(), email.mailbox(), email.normalised(), &format!(" \u{200b}{raw}\t")] {
        let again = Email::parse(text).map(|again| again.normalised().to_owned());
        assert_eq!(again.as_deref(), Ok(email.normalised()), "{text:?}");
    }
    assert_eq!(Email::try_from(String::from(email.clone())).as_ref(), Ok(&email), "it is stored unchanged");
    for text in [email.as_typed(), email.normalised()] {
        let prefix = AddressPrefix::parse(text).unwrap();
        let is_found = email.searchable().starts_with(&prefix.range) && prefix.matches(&email);
        assert!(is_found, "{text:?} does not find itself");
    }
    let searchable = email.searchable();
    assert!(searchable.len() <= 1_024, "{email:?} fits into a sort key");
    assert!(
        !searchable.contains(char::REPLACEMENT_CHARACTER),
        "{email:?} is found by a prefix that is not valid"
    );
    let masked = email.masked();
    let (local, domain) = email.as_typed().split_once('@').unwrap();
    assert_eq!(
        masked,
        format!("{}•••@{domain}", &local[..1]),
        "a mask keeps one character of the local part"
    );
}

pub(crate) fn search(input: &[u8]) {
    let raw = String::from_utf8_lossy(input);
    let Some(prefix) = AddressPrefix::parse(&raw) else { return };
    assert_visible(&prefix.shown);
    assert!((1..=254).contains(&prefix.shown.chars().count()), "{prefix:?}");
    assert!(prefix.range.len() <= 1_024, "{prefix:?} fits into a sort key");
    // An invalid label gets U+FFFD. No address has that, as `address` checks, so the prefix finds nothing in any spelling.
    if !prefix.shown.contains(char::REPLACEMENT_CHARACTER) {
        assert_eq!(AddressPrefix::parse(&prefix.shown), Some(prefix), "normalised once is normalised");
    }
}

pub(crate) fn name(input: &[u8]) {
    let Some(name) = Name::clean(&String::from_utf8_lossy(input)) else { return };
    let name = name.as_str();
    assert_visible(&without_joiners(name));
    assert!((1..=100).contains(&name.chars().count()), "{name:?}");
    assert_eq!(name, name.split_whitespace().collect::<Vec<_>>().join(" "), "one space between words");
    assert_no_link(name);
    assert_eq!(Name::clean(name).as_ref().map(Name::as_str), Some(name), "cleaned once is clean");
}

fn assert_no_link(text: &str) {
    for word in text.to_lowercase().split_whitespace() {
        let link = word.contains("://") || word.starts_with("www.") || word.starts_with("mailto:");
        assert!(!link, "{text:?} has a link");
    }
}

pub(crate) fn title(input: &[u8]) {
    let raw = String::from_utf8_lossy(input);
    let title = match Title::parse(&raw) {
        Ok(title) => title,
        Err(error) => return assert!(error.to_string().len() < 70),
    };
    assert_visible(&without_joiners(title.as_str()));
    assert_eq!(title.as_str(), raw.trim());
    assert!((1..=100).contains(&title.as_str().chars().count()), "{title:?}");
    assert_no_link(title.as_str());
    assert_eq!(Title::parse(title.as_str()), Ok(title));
}
