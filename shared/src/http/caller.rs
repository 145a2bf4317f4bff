//! The caller and the deals they reach, from the claims that the gateway's authorizer verified.

use super::{Problem, Request};
use crate::domain::{Deal, DealId, Email, OrganisationId, PersonId};
use crate::store::Store;
use std::collections::HashMap;

/// API Gateway turns every claim into a string, and an array into `[a b c]`.
#[derive(Debug, Default)]
pub struct Caller(pub(super) HashMap<String, String>);

#[derive(Clone, Debug)]
pub struct Manager {
    pub id: PersonId,
    /// The manager reaches this organisation's deals and no other's (I6).
    pub organisation: OrganisationId,
    /// Their verified address.
    pub email: Option<String>,
}

#[derive(Debug)]
pub struct Learner {
    pub id: PersonId,
    /// Their verified address.
    pub email: Option<Email>,
}

impl Caller {
    fn claim(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// An array of scopes grants nothing.
    pub fn has_scope(&self, scope: &str) -> bool {
        let scopes = self.claim("scope").filter(|scopes| !scopes.starts_with('['));
        scopes.is_some_and(|scopes| scopes.split(' ').any(|granted| granted == scope))
    }

    pub fn require_scope(&self, scope: &str) -> Result<(), Problem> {
        let is_granted = self.has_scope(scope);
        is_granted.then_some(()).ok_or_else(|| Problem::forbidden("Your token lacks the required scope."))
    }

    pub fn manager(&self, organisation_claim: &str) -> Result<Manager, Problem> {
        self.require_scope("invites.manage")?;
        let detail = "Your token must name exactly one organisation.";
        let organisation = self.organisation(organisation_claim).ok_or_else(|| Problem::forbidden(detail))?;
        let email = self.verified_email().map(|email| email.as_typed().to_owned());
        Ok(Manager { id: self.person()?, organisation, email })
    }

    /// The claim must hold one organisation; an array of several gives `None`.
    pub fn organisation(&self, claim: &str) -> Option<OrganisationId> {
        self.claim(claim).and_then(OrganisationId::parse)
    }

    pub fn learner(&self) -> Result<Learner, Problem> {
        self.require_scope("seats.accept")?;
        Ok(Learner { id: self.person()?, email: self.verified_email() })
    }

    pub fn person(&self) -> Result<PersonId, Problem> {
        let claim = |name| self.claim(name).filter(|value| !value.is_empty());
        let person = claim("iss").zip(claim("sub")).map(|(issuer, subject)| PersonId::new(issuer, subject));
        person.ok_or_else(|| Problem::forbidden("Your token must name an issuer and a subject."))
    }

    fn verified_email(&self) -> Option<Email> {
        let email = self.claim("email").filter(|_| self.claim("email_verified") == Some("true"));
        email.and_then(|email| Email::parse(email).ok())
    }
}

/// Another organisation's deal gets the same 404 as a missing deal (I6).
pub fn authorize_deal(deal: Option<Deal>, manager: &Manager) -> Result<Deal, Problem> {
    deal.filter(|deal| deal.organisation.id == manager.organisation).ok_or_else(Problem::not_found)
}

/// Like [`authorize_deal`] for the deal in the path, but reads nothing else of a foreign deal.
pub async fn authorize_deal_id(
    store: &Store,
    request: &Request,
    manager: &Manager,
) -> Result<DealId, Problem> {
    let deal = request.deal_id()?;
    let is_theirs = store.is_deal_of(deal, &manager.organisation).await?;
    is_theirs.then_some(deal).ok_or_else(Problem::not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(claims: &[(&str, &str)]) -> Caller {
        let all = [("iss", "https://issuer"), ("sub", "1")];
        Caller(all.iter().chain(claims).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
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
    fn i6_a_scope_must_be_one_word_of_the_claim() {
        // API Gateway turns an array of scopes into `[a b]`.
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
            assert!(!caller(&[("scope", scope), ("org", "acme")]).has_scope("invites.manage"), "{scope:?}");
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
