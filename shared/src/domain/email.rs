//! Addresses: one parser for every way in.
//!
//! Two spellings of one mailbox must give one invite (I3): white space around and invisible characters inside
//! go, compatibility characters such as the full-width `＠` become what they stand for (NFKC), the domain becomes lower-case
//! punycode, the local part lower-case. Dots and plus tags stay: whether they matter is the mail host's business. Mail goes
//! to the address as typed, but for these characters.

use super::name::is_invisible;
use email_address::{EmailAddress, Options};
use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};

/// An address that SES can deliver to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email {
    typed: String,
    mailbox: String,
    normalised: String,
}

/// Why a text is not an [`Email`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EmailError {
    /// Not of the form `local@domain`, or in a form (quoted, with comments, an IP address) that few hosts take.
    #[error("is not an email address")]
    Malformed,
    /// Over 254 characters, or over 64 before the `@`.
    #[error("is too long for an email address")]
    TooLong,
    /// A curly apostrophe, as word processors and phones type it, before the `@`.
    #[error("has a curly apostrophe before the @: type a straight one, '")]
    CurlyApostrophe,
    /// SES delivers only to 7-bit ASCII local parts.
    #[error("has a character before the @ that mail cannot be sent to")]
    NonAsciiLocalPart,
    #[error("has no valid domain")]
    BadDomain,
}

impl Email {
    /// Reads an address as a person typed or pasted it.
    ///
    /// # Errors
    /// What is wrong with it, in words that complete a sentence beginning with the address.
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        let typed = visible(raw);
        let (local, domain) = typed.rsplit_once('@').ok_or(EmailError::Malformed)?;
        if local.contains(['\u{2018}', '\u{2019}', '\u{201b}', '\u{2bc}']) {
            return Err(EmailError::CurlyApostrophe);
        }
        if !local.is_ascii() {
            return Err(EmailError::NonAsciiLocalPart);
        }
        if local.is_empty() || local.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')')) {
            return Err(EmailError::Malformed);
        }
        let host = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError::BadDomain)?;
        if !is_public_host(&host) {
            return Err(EmailError::BadDomain);
        }
        let normalised = format!("{}@{host}", local.to_ascii_lowercase());
        if local.len() > 64 || normalised.len() > 254 {
            return Err(EmailError::TooLong);
        }
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        EmailAddress::parse_with_options(&normalised, options).map_err(|_| EmailError::Malformed)?;
        let mailbox = if domain.is_ascii() { typed.clone() } else { format!("{local}@{host}") };
        Ok(Self { typed, mailbox, normalised })
    }

    /// The address as typed, for people to read; compatibility characters are what they stand for.
    pub fn as_typed(&self) -> &str {
        &self.typed
    }

    /// The address that mail is sent to: as typed, the domain in punycode where it was not ASCII.
    pub fn mailbox(&self) -> &str {
        &self.mailbox
    }

    /// What makes two spellings the same address.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// What an address is searched by: [`Email::normalised`] with its domain in Unicode, as people read it.
    pub fn searchable(&self) -> String {
        let (local, host) = self.normalised.rsplit_once('@').unwrap_or((&self.normalised, ""));
        format!("{local}@{}", idna::domain_to_unicode(host).0)
    }

    /// `a•••@example.com`: enough for the person to recognise their own address, too little to learn another's.
    pub fn masked(&self) -> String {
        let (local, domain) = self.typed.rsplit_once('@').unwrap_or((&self.typed, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}•••@{domain}")
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;
    fn try_from(raw: String) -> Result<Self, EmailError> {
        Self::parse(&raw)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.typed
    }
}

/// Without what nobody sees and without white space around, and with compatibility characters as what they stand for.
pub(super) fn visible(raw: &str) -> String {
    // Printable ASCII, as most addresses are, is what NFKC would make of it, at a tenth of the cost.
    if raw.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return raw.trim().to_owned();
    }
    let seen: String = raw.chars().filter(|c| !is_invisible(*c)).collect();
    ComposingNormalizerBorrowed::new_nfkc().normalize(&seen).trim().to_owned()
}

/// At least two labels of letters, digits and inner hyphens, the last not all digits (RFC 1123, section 2.1).
fn is_public_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let has_letters = |label: &str| label.len() >= 2 && !label.bytes().all(|b| b.is_ascii_digit());
    let labels: Vec<&str> = host.split('.').collect();
    host.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && labels.last().is_some_and(|label| has_letters(label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_and_what_they_are() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("ann@{}.com", ["a".repeat(63).as_str(); 4].join("."));
        let cases: &[(&str, Result<&str, EmailError>)] = &[
            ("ann@example.com", Ok("ann@example.com")),
            ("  Ann@Example.COM\t", Ok("ann@example.com")),
            ("a\u{200b}nn@exam\u{feff}ple.com", Ok("ann@example.com")),
            ("Ann.Smith+x@example.com", Ok("ann.smith+x@example.com")),
            ("o'neil@example.co.uk", Ok("o'neil@example.co.uk")),
            ("ann@bücher.example", Ok("ann@xn--bcher-kva.example")),
            ("ann@BÜCHER.example", Ok("ann@xn--bcher-kva.example")),
            ("ann＠example.com", Ok("ann@example.com")),
            ("ann﹫example．com", Ok("ann@example.com")),
            ("Ａｎｎ１@ｅｘａｍｐｌｅ.com", Ok("ann1@example.com")),
            ("o＇brien@example.com", Ok("o'brien@example.com")),
            ("\u{3000}\u{fb01}ona@example.com\u{a0}", Ok("fiona@example.com")),
            ("ann", Err(EmailError::Malformed)),
            ("ann@", Err(EmailError::BadDomain)),
            ("@example.com", Err(EmailError::Malformed)),
            ("ann@example", Err(EmailError::BadDomain)),
            ("ann@localhost", Err(EmailError::BadDomain)),
            ("ann@127.0.0.1", Err(EmailError::BadDomain)),
            ("ann@[127.0.0.1]", Err(EmailError::BadDomain)),
            ("an n@example.com", Err(EmailError::Malformed)),
            ("ann@exam ple.com", Err(EmailError::BadDomain)),
            ("\"ann\"@example.com", Err(EmailError::Malformed)),
            ("ann@b@example.com", Err(EmailError::Malformed)),
            ("a..b@example.com", Err(EmailError::Malformed)),
            (".ann@example.com", Err(EmailError::Malformed)),
            ("ann@example..com", Err(EmailError::BadDomain)),
            ("ann@-example.com", Err(EmailError::BadDomain)),
            ("änn@example.com", Err(EmailError::NonAsciiLocalPart)),
            ("o´brien@example.com", Err(EmailError::NonAsciiLocalPart)),
            ("o’brien@example.com", Err(EmailError::CurlyApostrophe)),
            ("o‘brien@example.com", Err(EmailError::CurlyApostrophe)),
            ("oʼbrien@example.com", Err(EmailError::CurlyApostrophe)),
            ("ann＠b＠example.com", Err(EmailError::Malformed)),
            ("Ann <ann@example.com>", Err(EmailError::Malformed)),
            ("ann@example.com, bob@example.com", Err(EmailError::Malformed)),
            ("ann@example.com\r\nBcc: x@example.com", Err(EmailError::Malformed)),
            (&long_local, Err(EmailError::TooLong)),
            (&long, Err(EmailError::BadDomain)),
            ("", Err(EmailError::Malformed)),
        ];
        for (raw, expected) in cases {
            let parsed = Email::parse(raw);
            assert_eq!(parsed.as_ref().map(Email::normalised).map_err(|e| *e), *expected, "{raw:?}");
        }
    }

    #[test]
    fn mail_goes_to_the_address_as_typed() {
        assert_eq!(Email::parse("Ann@Example.com").unwrap().mailbox(), "Ann@Example.com");
        assert_eq!(Email::parse("Ann@Bücher.example").unwrap().mailbox(), "Ann@xn--bcher-kva.example");
        assert_eq!(Email::parse("Ann＠Example.com").unwrap().mailbox(), "Ann@Example.com");
    }

    #[test]
    fn a_masked_address_keeps_the_first_character_and_the_domain() {
        assert_eq!(Email::parse("ann@example.com").unwrap().masked(), "a•••@example.com");
    }

    proptest! {
        #[test]
        fn an_address_normalises_to_itself(local in "[A-Za-z0-9+_-]{1,20}", domain in "[A-Za-z]{2,10}\\.[A-Za-z]{2,5}") {
            let email = Email::parse(&format!(" {local}@{domain} ")).unwrap();
            let again = Email::parse(email.normalised()).unwrap();
            prop_assert_eq!(again.normalised(), email.normalised());
            let mailed = Email::parse(email.mailbox()).unwrap();
            prop_assert_eq!(mailed.normalised(), email.normalised());
        }

        #[test]
        fn whatever_parses_is_safe_in_a_header(raw: String) {
            if let Ok(email) = Email::parse(&raw) {
                prop_assert!(email.mailbox().is_ascii());
                prop_assert!(!email.mailbox().contains(|c: char| c.is_ascii_control() || c == ' '));
                prop_assert!(email.normalised().len() <= 254);
            }
        }
    }
}
