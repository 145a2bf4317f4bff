//! Email addresses. Two spellings of one mailbox must give one invite (I3). So white space around and
//! invisible characters inside are removed, NFKC replaces compatibility characters such as the full-width
//! `＠`, the domain becomes lower-case punycode and the local part lower case. Dots and plus tags stay: only
//! the mail host knows whether they matter.

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

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EmailError {
    /// Also quoted local parts, comments and IP addresses, which few hosts accept.
    #[error("is not an email address")]
    Malformed,
    /// Over 254 characters, or over 64 before the `@`.
    #[error("is too long for an email address")]
    TooLong,
    /// Word processors and phones type curly apostrophes.
    #[error("has a curly apostrophe before the @. Type a straight one (') instead")]
    CurlyApostrophe,
    /// SES delivers only to 7-bit ASCII local parts.
    #[error("has a character before the @ that we cannot send mail to")]
    NonAsciiLocalPart,
    #[error("has no valid domain")]
    BadDomain,
}

impl Email {
    /// An error completes a sentence that begins with the address.
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
        // Labels of letters, digits and inner hyphens, none of them empty or too long.
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

    /// For people to read: as typed, without invisible characters and after NFKC.
    pub fn as_typed(&self) -> &str {
        &self.typed
    }

    /// For SES: as typed, with a non-ASCII domain in punycode.
    pub fn mailbox(&self) -> &str {
        &self.mailbox
    }

    /// Equal for all spellings of an address.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// [`Email::normalised`] with its domain in Unicode, as people read it.
    pub fn searchable(&self) -> String {
        let (local, host) = self.normalised.rsplit_once('@').unwrap_or((&self.normalised, ""));
        format!("{local}@{}", idna::domain_to_unicode(host).0)
    }

    /// `a•••@example.com`: the owner recognises the address, and nobody else learns it.
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

/// Removes invisible characters, applies NFKC and trims white space.
pub(super) fn visible(raw: &str) -> String {
    // NFKC leaves printable ASCII unchanged. Most addresses are ASCII, and this check costs a tenth of NFKC.
    if raw.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return raw.trim().to_owned();
    }
    let seen: String = raw.chars().filter(|c| !is_invisible(*c)).collect();
    ComposingNormalizerBorrowed::new_nfkc().normalize(&seen).trim().to_owned()
}

/// At least two labels, the last not all digits (RFC 1123, section 2.1).
fn is_public_host(host: &str) -> bool {
    host.rsplit_once('.')
        .is_some_and(|(_, last)| last.len() >= 2 && !last.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_normalised_or_refused() {
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
        fn a_parsed_address_is_safe_in_a_header(raw: String) {
            if let Ok(email) = Email::parse(&raw) {
                prop_assert!(email.mailbox().is_ascii());
                prop_assert!(!email.mailbox().contains(|c: char| c.is_ascii_control() || c == ' '));
                prop_assert!(email.normalised().len() <= 254);
            }
        }
    }
}
