//! A person's role and scopes, which follow from the email address alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use email_address::EmailAddress;
use sha2::{Digest, Sha256};

/// The people that the sign-in page offers, each with a role.
pub(crate) const PEOPLE: [(&str, &str); 4] = [
    ("manager@acme.example", "Learning manager of Acme"),
    ("manager@globex.example", "Learning manager of Globex"),
    (PARTNERSHIP_MANAGER, "Partnership manager"),
    ("learner@acme.example", "Learner"),
];

/// A partnership manager creates deals for any organisation.
pub(crate) const PARTNERSHIP_MANAGER: &str = "partnerships@futurelearn.example";

const MANAGE: &str = "invites.manage";
const ACCEPT: &str = "seats.accept";
const ADMIN: &str = "deals.admin";
/// `OpenID`'s own scopes. Everybody may have them.
pub(super) const OPENID: &[&str] = &["openid", "email", "profile", OFFLINE];
/// Asks for a refresh token.
pub(super) const OFFLINE: &str = "offline_access";
pub(super) const OURS: &[&str] = &[MANAGE, ACCEPT, ADMIN];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) email: String,
}

impl Person {
    pub(super) fn parse(email: &str) -> Option<Self> {
        let email = email.trim().to_lowercase();
        EmailAddress::is_valid(&email).then_some(Self { email })
    }

    /// The person's `sub`. It is the same at each sign-in and each start, and does not tell the address.
    pub(super) fn subject(&self) -> String {
        let mut subject = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.email));
        subject.truncate(22);
        subject
    }

    /// The organisation that the person manages: `manager@<organisation>.example`.
    pub(super) fn organisation(&self) -> Option<&str> {
        let organisation = self.email.strip_prefix("manager@")?.strip_suffix(".example")?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        ((1..=64).contains(&organisation.len()) && organisation.bytes().all(fits)).then_some(organisation)
    }

    pub(super) fn entitlements(&self) -> &'static [&'static str] {
        if self.email == PARTNERSHIP_MANAGER {
            &[ADMIN, ACCEPT]
        } else if self.organisation().is_some() {
            &[MANAGE, ACCEPT]
        } else {
            &[ACCEPT]
        }
    }

    /// The roles that an administrator gave the person, named like the scopes. A learner needs none.
    pub(super) fn roles(&self) -> Vec<&'static str> {
        self.entitlements().iter().copied().filter(|scope| *scope != ACCEPT).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(email: &str) -> Person {
        Person::parse(email).unwrap()
    }

    #[test]
    fn the_address_decides_the_role() {
        for (email, organisation, scopes) in [
            ("manager@acme.example", Some("acme"), "invites.manage seats.accept"),
            ("Manager@Globex.Example", Some("globex"), "invites.manage seats.accept"),
            ("manager@a.b.example", None, "seats.accept"),
            ("manager@example", None, "seats.accept"),
            ("not.manager@acme.example", None, "seats.accept"),
            ("partnerships@futurelearn.example", None, "deals.admin seats.accept"),
            ("partnerships@acme.example", None, "seats.accept"),
        ] {
            let person = person(email);
            let role = (person.organisation(), person.entitlements().join(" "));
            assert_eq!(role, (organisation, scopes.to_owned()), "{email}");
        }
        assert!(person("ann@example.com").roles().is_empty());
        for text in ["", "ann", "@example.com", "a b@example.com"] {
            assert_eq!(Person::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_subject_is_stable_and_not_the_address() {
        assert_eq!(person("Ann@example.com").subject(), person("ann@example.com ").subject());
        assert_ne!(person("ann@example.com").subject(), person("bob@example.com").subject());
        assert_eq!(person("ann@example.com").subject().len(), 22);
    }
}
