//! Who asks: what the gateway's authorizer verified, checked again for what is relied on.

use super::Problem;
use crate::domain::{Email, OrganisationId, PersonId};
use std::collections::HashMap;

/// The claims of a verified token, each of them a string, as API Gateway hands them over.
#[derive(Debug, Default)]
pub struct Caller {
    claims: HashMap<String, String>,
}

/// A learning manager.
#[derive(Clone, Debug)]
pub struct Manager {
    /// Who they are: issuer and subject.
    pub id: PersonId,
    /// Whose deals they reach, and no other's (I6).
    pub organisation: OrganisationId,
    /// Their verified address.
    pub email: Option<String>,
}

/// A learner.
#[derive(Debug)]
pub struct Learner {
    /// Who they are: issuer and subject.
    pub id: PersonId,
    /// Their verified address.
    pub email: Option<Email>,
}

impl Caller {
    /// The caller with these claims.
    #[must_use]
    pub fn new(claims: HashMap<String, String>) -> Self {
        Self { claims }
    }

    /// True when the token grants this scope. An array, which the gateway writes as `[a b c]`, grants none: not those in its
    /// middle either.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        let scopes = self.claims.get("scope").filter(|scopes| !scopes.starts_with('['));
        scopes.is_some_and(|scopes| scopes.split(' ').any(|granted| granted == scope))
    }

    /// # Errors
    /// 403 without the scope.
    pub fn require(&self, scope: &str) -> Result<(), Problem> {
        if self.has(scope) { Ok(()) } else { Err(Problem::forbidden("Your token lacks the scope for this.")) }
    }

    /// The learning manager that the caller is.
    ///
    /// # Errors
    /// 403 without the scope, or without exactly one organisation in the claim of this name.
    pub fn manager(&self, organisation_claim: &str) -> Result<Manager, Problem> {
        self.require("invites.manage")?;
        let organisation = self.organisation(organisation_claim).ok_or_else(|| {
            Problem::forbidden("Your token does not say which one organisation you manage.")
        })?;
        let (issuer, subject) = self.identity()?;
        let id = PersonId::new(issuer, subject);
        Ok(Manager {
            id,
            organisation,
            email: self.verified_email().map(|email| email.as_typed().to_owned()),
        })
    }

    /// The organisation in the claim of this name. An array of several, which the gateway writes as `[a b]`, is none.
    #[must_use]
    pub fn organisation(&self, claim: &str) -> Option<OrganisationId> {
        self.claims.get(claim).and_then(|id| OrganisationId::parse(id))
    }

    /// The learner that the caller is.
    ///
    /// # Errors
    /// 403 without the scope or without a subject.
    pub fn learner(&self) -> Result<Learner, Problem> {
        self.require("seats.accept")?;
        let (issuer, subject) = self.identity()?;
        Ok(Learner { id: PersonId::new(issuer, subject), email: self.verified_email() })
    }

    /// Issuer and subject.
    ///
    /// # Errors
    /// 403 when the token names nobody.
    pub fn identity(&self) -> Result<(&str, &str), Problem> {
        let claim = |name| self.claims.get(name).map(String::as_str).filter(|value| !value.is_empty());
        claim("iss")
            .zip(claim("sub"))
            .ok_or_else(|| Problem::forbidden("Your token does not say who you are."))
    }

    fn verified_email(&self) -> Option<Email> {
        let is_verified = self.claims.get("email_verified").is_some_and(|verified| verified == "true");
        self.claims.get("email").filter(|_| is_verified).and_then(|email| Email::parse(email).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(claims: &[(&str, &str)]) -> Caller {
        let all = [("iss", "https://issuer"), ("sub", "1")];
        Caller::new(all.iter().chain(claims).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn i6_a_manager_has_exactly_one_organisation() {
        let manager =
            |org| caller(&[("scope", "openid invites.manage"), ("org", org)]).manager("org").is_ok();
        assert!(manager("acme"));
        for org in ["", "[acme globex]", "Acme", "acme globex", "ac_me", &"a".repeat(65)] {
            assert!(!manager(org), "{org:?}");
        }
        assert!(caller(&[("scope", "invites.manage")]).manager("org").is_err());
        assert!(caller(&[("scope", "invites.manager"), ("org", "acme")]).manager("org").is_err());
        assert!(caller(&[("scope", "invites.manage"), ("tenant", "acme")]).manager("tenant").is_ok());
    }

    #[test]
    fn i6_a_scope_is_one_word_of_the_claim() {
        // An array of scopes comes as `[a b]`: what can't be read grants nothing.
        for scope in [
            "[invites.manage]",
            "[openid invites.manage]",
            "[openid invites.manage seats.accept]",
            "invites.manage,openid",
            "INVITES.MANAGE",
            "invites.manage\topenid",
            "invites.managed",
            "map[invites.manage:true]",
            "",
        ] {
            assert!(!caller(&[("scope", scope), ("org", "acme")]).has("invites.manage"), "{scope:?}");
        }
        assert!(Caller::default().manager("org").is_err() && Caller::default().learner().is_err());
    }

    #[test]
    fn only_a_verified_address_counts() {
        let email = |verified| {
            let claims =
                [("scope", "seats.accept"), ("email", "ann@example.com"), ("email_verified", verified)];
            caller(&claims).learner().unwrap().email
        };
        assert!(email("true").is_some());
        assert!(email("false").is_none());
        assert!(email("").is_none());
    }
}
