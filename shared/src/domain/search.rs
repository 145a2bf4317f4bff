//! Search for organisations by a part of their name or id, with or without accents, and for invites by the beginning
//! of an address, with its domain in Unicode or punycode. The address index is ordered by [`Email::searchable`], whose
//! domain is in Unicode, so a prefix is a range of the index. The exception is a prefix that ends inside a punycode
//! label, which cannot be converted (`xn--bch` may become `bücher`): its range ends before that label, and the
//! rows in the range are compared one by one.

use super::email::visible;
use super::{Email, Organisation};
use icu_normalizer::DecomposingNormalizerBorrowed;

/// A text as it is compared: without differences that nobody sees, and without case.
fn folded(text: &str) -> String {
    // Lower-casing can decompose a letter and leave its marks in another order, so NFKC is applied again.
    visible(&visible(text).to_lowercase())
}

/// A name as it is compared: as [`folded`], and without accents.
fn unaccented(name: &str) -> String {
    let accents = '\u{300}'..='\u{36f}';
    let letters = DecomposingNormalizerBorrowed::new_nfkd().normalize(&visible(name)).into_owned();
    letters.chars().filter(|c| !accents.contains(c)).collect::<String>().to_lowercase()
}

/// A part of an organisation's name or id. The empty part is in every organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamePart(String);

impl NamePart {
    pub fn new(text: &str) -> Self {
        Self(unaccented(text))
    }

    /// Equal for all spellings of this part.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_in(&self, organisation: &Organisation) -> bool {
        organisation.id.as_str().contains(&self.0) || unaccented(organisation.name.as_str()).contains(&self.0)
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressPrefix {
    /// The beginning of all matching keys in the address index.
    pub range: String,
    /// Equal for all spellings of this prefix.
    pub shown: String,
    ascii: String,
}

/// Label separators (RFC 3490, section 3.1).
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

impl AddressPrefix {
    /// `None` if nothing visible is left, or if the text is longer than any address.
    pub fn parse(raw: &str) -> Option<Self> {
        let text = folded(raw);
        let prefix = match text.rsplit_once('@') {
            Some((local, domain)) => Self::of(local, domain),
            None => Self::plain(text),
        };
        (1..=254).contains(&prefix.shown.chars().count()).then_some(prefix)
    }

    fn plain(shown: String) -> Self {
        Self { range: shown.clone(), ascii: shown.clone(), shown }
    }

    fn of(local: &str, domain: &str) -> Self {
        let (before, label) = match domain.rfind(DOTS) {
            Some(dot) => {
                let (before, label) = domain.split_at(dot);
                (format!("{before}."), label.trim_start_matches(DOTS))
            }
            None => (String::new(), domain),
        };
        let range = format!("{local}@{}", unicode(&before));
        let label = label.to_lowercase();
        if label.is_empty() || !(label.starts_with("xn--") || "xn--".starts_with(&label)) {
            // A label cannot end with a hyphen, but its beginning can.
            let letters = label.trim_end_matches('-');
            let hyphens = label.strip_prefix(letters).unwrap_or_default();
            return Self::plain(format!("{range}{}{hyphens}", unicode(letters)));
        }
        let ascii = idna::domain_to_ascii(&before).unwrap_or_default();
        Self { shown: format!("{range}{label}"), ascii: format!("{local}@{ascii}{label}"), range }
    }

    pub fn matches(&self, email: &Email) -> bool {
        email.searchable().starts_with(&self.shown) || email.normalised().starts_with(&self.ascii)
    }
}

/// Whole labels in lower-case Unicode. An invalid label gets U+FFFD, which no address has.
fn unicode(labels: &str) -> String {
    idna::domain_to_unicode(labels).0
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: [&str; 8] = [
        "ann@example.com",
        "Ann.Smith@Bücher.example",
        "ann.smith@xn--bcher-kva.example",
        "ann@mail.bücher-straße.example",
        "ann@例え.テスト",
        "ann@xerox.example",
        "ann@אבג-דהו.example",
        "ann@mail.xn--bcher-kva.xn--p1ai",
    ];

    /// True when a search for `typed` finds `address`.
    fn finds(typed: &str, address: &str) -> bool {
        let (prefix, email) = (AddressPrefix::parse(typed).unwrap(), Email::parse(address).unwrap());
        email.searchable().starts_with(&prefix.range) && prefix.matches(&email)
    }

    #[test]
    fn an_organisation_is_found_by_any_part_of_its_name_or_id() {
        let id = super::super::OrganisationId::parse("zurich-1").unwrap();
        let organisation =
            Organisation { id, name: super::super::Title::parse("Société Zürcher & Söhne").unwrap() };
        for (part, is_found) in [
            ("", true),
            (" ZÜRCHER ", true),
            ("zu\u{308}rcher", true),
            ("zurcher", true),
            ("societe", true),
            ("& só", true),
            ("RICH-1", true),
            ("zurich-1 z", false),
            ("zuercher", false),
        ] {
            assert_eq!(NamePart::new(part).is_in(&organisation), is_found, "{part:?}");
        }
    }

    #[test]
    fn every_beginning_of_an_address_finds_it_in_unicode_and_in_punycode() {
        for address in ADDRESSES {
            let email = Email::parse(address).unwrap();
            for form in [address, &email.searchable(), email.normalised(), &address.to_uppercase()] {
                // Upper case makes two letters of ß, which is another domain.
                if form.contains("STRASSE") {
                    continue;
                }
                for (end, _) in form.char_indices().skip(1).chain([(form.len(), ' ')]) {
                    assert!(finds(&form[..end], address), "{:?} finds {address}", &form[..end]);
                }
            }
        }
    }

    #[test]
    fn nothing_else_is_found() {
        for (typed, address) in [
            ("ann@bücher", "ann@bucher.example"),
            ("ann@xn--bc", "ann@example.com"),
            ("ann@xn--bcher-kva.com", "ann@bücher.example"),
            ("ann@x", "ann@example.com"),
            ("ann@mail.xn--", "ann@mail.example.com"),
            ("nn@example", "ann@example.com"),
        ] {
            assert!(!finds(typed, address), "{typed:?} does not find {address}");
        }
    }

    #[test]
    fn every_spelling_of_a_prefix_has_the_same_text() {
        for (typed, text) in [
            (" AN\u{200b}", Some("an")),
            ("ann@Bücher.example", Some("ann@bücher.example")),
            ("ann@XN--BCHER-KVA.example", Some("ann@bücher.example")),
            ("ann@bücher。EX", Some("ann@bücher.ex")),
            ("\u{c0}@\u{fc}", Some("\u{e0}@\u{fc}")),
            (" ", None),
            (&"a".repeat(255), None),
        ] {
            assert_eq!(
                AddressPrefix::parse(typed).as_ref().map(|prefix| prefix.shown.as_str()),
                text,
                "{typed:?}"
            );
        }
    }

    #[test]
    fn normalising_a_prefix_again_changes_nothing() {
        for typed in ["ANN@Bücher.", "\u{130}\u{5c7}", "a\u{130}\u{5c7}@\u{130}\u{5c7}.example"] {
            let prefix = AddressPrefix::parse(typed).unwrap();
            assert_eq!(AddressPrefix::parse(&prefix.shown), Some(prefix), "{typed:?}");
        }
    }
}
