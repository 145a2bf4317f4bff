//! The caller and the deals they reach, from the token that the gateway's authorizer verified.

use super::{Problem, Request};
use crate::domain::{Deal, DealId, Email, OrganisationId, PersonId};
use crate::store::Store;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// Everybody may accept, so no claim has to entitle a person to this scope.
const ACCEPT: &str = "seats.accept";

/// How the issuer's tokens say what a person may do.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// The claim that holds a manager's organisation.
    pub organisation_claim: String,
    /// What a scope's name begins with in a token.
    pub scope_prefix: String,
    /// The claim that must list a scope as well, for an issuer that grants scopes to whoever requests them.
    pub entitlement_claim: Option<String>,
}

#[derive(Debug, Default)]
pub struct Caller {
    claims: Value,
    tokens: Tokens,
}

#[derive(Clone, Debug)]
pub struct Manager {
    pub id: PersonId,
    /// The manager reaches this organisation's deals and no other's (I6).
    pub organisation: OrganisationId,
    /// Their verified address.
    pub email: Option<String>,
}

impl Caller {
    /// Reads the token that the gateway verified, and not the gateway's copy of its claims: there an array is
    /// `[a b]`, so one group named `x deals.admin` looks like two.
    pub(super) fn new(authorization: &str, tokens: &Tokens) -> Self {
        Self { claims: payload(authorization).unwrap_or_default(), tokens: tokens.clone() }
    }

    /// A name that begins with a slash is a path into nested claims (a JSON pointer).
    fn find(&self, name: &str) -> Option<&Value> {
        if name.starts_with('/') { self.claims.pointer(name) } else { self.claims.get(name) }
    }

    fn claim(&self, name: &str) -> Option<&str> {
        self.find(name).and_then(Value::as_str)
    }

    pub fn has_scope(&self, scope: &str) -> bool {
        let name = format!("{}{scope}", self.tokens.scope_prefix);
        let is_granted = |claim: &Value| match claim {
            // An array that was printed as text is a mistake, and grants nothing.
            Value::String(scopes) if scopes.starts_with('[') => false,
            Value::String(scopes) => scopes.split(' ').any(|granted| granted == name),
            scopes => lists(scopes, &name),
        };
        let entitles = |claim: &String| self.find(claim).is_some_and(|claim| lists(claim, scope));
        ["scope", "scp"].into_iter().filter_map(|claim| self.find(claim)).any(is_granted)
            && (scope == ACCEPT || self.tokens.entitlement_claim.as_ref().is_none_or(entitles))
    }

    pub fn require_scope(&self, scope: &str) -> Result<(), Problem> {
        let is_granted = self.has_scope(scope);
        is_granted.then_some(()).ok_or_else(|| Problem::forbidden("Your token lacks the required scope."))
    }

    pub fn manager(&self) -> Result<Manager, Problem> {
        self.require_scope("invites.manage")?;
        let detail = "Your token must name exactly one organisation.";
        let organisation = self.organisation().ok_or_else(|| Problem::forbidden(detail))?;
        let email = self.verified_email().map(|email| email.as_typed().to_owned());
        Ok(Manager { id: self.person()?, organisation, email })
    }

    /// The claim must be the text of one organisation's id; an array gives `None`.
    pub fn organisation(&self) -> Option<OrganisationId> {
        self.claim(&self.tokens.organisation_claim).and_then(OrganisationId::parse)
    }

    pub fn learner(&self) -> Result<PersonId, Problem> {
        self.require_scope(ACCEPT)?;
        self.person()
    }

    pub fn person(&self) -> Result<PersonId, Problem> {
        let claim = |name| self.claim(name).filter(|value| !value.is_empty());
        let person = claim("iss").zip(claim("sub")).map(|(issuer, subject)| PersonId::new(issuer, subject));
        person.ok_or_else(|| Problem::forbidden("Your token must name an issuer and a subject."))
    }

    pub fn verified_email(&self) -> Option<Email> {
        // Cognito writes the boolean as text.
        let is_verified = self.find("email_verified").is_some_and(|claim| claim == true || claim == "true");
        self.claim("email").filter(|_| is_verified).and_then(|email| Email::parse(email).ok())
    }
}

/// Whether a claim is this name, or an array with it. Names may contain blanks, so a text is one name.
fn lists(claim: &Value, name: &str) -> bool {
    claim == name || claim.as_array().is_some_and(|names| names.iter().any(|listed| listed == name))
}

/// The claims of a signed JWT. Two headers that the gateway joined and an encrypted token have no claims.
fn payload(authorization: &str) -> Option<Value> {
    let words: Vec<_> = authorization.split_whitespace().collect();
    let ([token] | [_, token]) = words[..] else { return None };
    let parts: Vec<_> = token.split('.').collect();
    let [_, payload, _] = parts[..] else { return None };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Another organisation's deal gets the same 404 as a missing deal (I6).
pub fn authorize_deal(deal: Option<Deal>, manager: &Manager) -> Result<Deal, Problem> {
    deal.filter(|deal| deal.organisation.id == manager.organisation).ok_or_else(Problem::not_found)
}

/// Like [`authorize_deal`] for the deal in the path, but reads nothing else of a foreign deal.
pub async fn authorize_deal_id(store: &Store, request: &Request) -> Result<(Manager, DealId), Problem> {
    let manager = request.caller.manager()?;
    let deal = request.deal_id()?;
    let is_theirs = store.is_deal_of(deal, &manager.organisation).await?;
    is_theirs.then_some((manager, deal)).ok_or_else(Problem::not_found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bearer(claims: &Value) -> String {
        format!("Bearer e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    /// A caller with these claims, from an issuer whose tokens are like that.
    fn caller_of(tokens: &Tokens, claims: &Value) -> Caller {
        let mut all = json!({"iss": "https://issuer", "sub": "1"});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        Caller::new(&bearer(&all), tokens)
    }

    fn caller(claims: &Value) -> Caller {
        caller_of(&Tokens { organisation_claim: "org".to_owned(), ..Tokens::default() }, claims)
    }

    #[test]
    fn i6_a_manager_has_exactly_one_organisation() {
        let manager =
            |org: Value| caller(&json!({"scope": "openid invites.manage", "org": org})).manager().is_ok();
        assert!(manager(json!("acme")));
        for org in [
            json!(""),
            json!("[acme]"),
            json!(["acme"]),
            json!(["acme", "globex"]),
            json!({"id": "acme"}),
            json!(null),
            json!(7),
            json!("Acme"),
            json!("acme globex"),
            json!("ac_me"),
            json!("a".repeat(65)),
        ] {
            assert!(!manager(org.clone()), "{org}");
        }
        assert!(caller(&json!({"scope": "invites.manage"})).manager().is_err());
        assert!(caller(&json!({"scope": "invites.manager", "org": "acme"})).manager().is_err());
        for (claims, claim) in [
            (json!({"scope": "invites.manage", "tenant": "acme"}), "tenant"),
            (json!({"scope": "invites.manage", "https://acme/org.id": "acme"}), "https://acme/org.id"),
            (json!({"scope": "invites.manage", "of": {"org": "acme"}}), "/of/org"),
        ] {
            let tokens = Tokens { organisation_claim: claim.to_owned(), ..Tokens::default() };
            assert!(caller_of(&tokens, &claims).manager().is_ok(), "{claims}");
        }
    }

    #[test]
    fn i6_a_scope_is_one_word_of_a_text_or_one_text_of_an_array() {
        let has = |claims: &Value| caller(claims).has_scope("invites.manage");
        for claims in [
            json!({"scope": "openid invites.manage"}),
            json!({"scope": ["openid", "invites.manage"]}),
            json!({"scp": "openid invites.manage"}),
            json!({"scp": ["openid", "invites.manage"]}),
            json!({"scope": "", "scp": ["invites.manage"]}),
        ] {
            assert!(has(&claims), "{claims}");
        }
        for scopes in [
            json!("[invites.manage]"),
            json!("[openid invites.manage seats.accept]"),
            json!("invites.manage,openid"),
            json!("INVITES.MANAGE"),
            json!("invites.manage\topenid"),
            json!("invites.managed"),
            json!("map[invites.manage:true]"),
            json!(""),
            json!(["x invites.manage"]),
            json!([["invites.manage"]]),
            json!({"invites.manage": true}),
            json!(null),
        ] {
            assert!(!has(&json!({"scope": scopes, "scp": scopes})), "{scopes}");
        }
        assert!(Caller::default().manager().is_err() && Caller::default().learner().is_err());
    }

    #[test]
    fn a_scopes_prefix_in_tokens_is_that_of_the_setting() {
        let tokens = Tokens { scope_prefix: "seatkeeper/".to_owned(), ..Tokens::default() };
        let has = |scope: &str| caller_of(&tokens, &json!({"scope": scope})).has_scope("deals.admin");
        assert!(has("openid seatkeeper/deals.admin"));
        for scope in ["deals.admin", "other/deals.admin", "seatkeeper/", "x/seatkeeper/deals.admin"] {
            assert!(!has(scope), "{scope}");
        }
    }

    #[test]
    fn i6_where_a_claim_must_entitle_a_scope_alone_makes_no_administrator() {
        let has = |claim: &str, scope: &str, claims: Value| {
            let tokens = Tokens { entitlement_claim: Some(claim.to_owned()), ..Tokens::default() };
            let mut all = json!({"scope": "seats.accept invites.manage deals.admin"});
            all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            caller_of(&tokens, &all).has_scope(scope)
        };
        for (claim, claims) in [
            ("roles", json!({"roles": ["x", "deals.admin"]})),
            ("roles", json!({"roles": "deals.admin"})),
            ("https://acme/roles", json!({"https://acme/roles": ["deals.admin"]})),
            ("/realm_access/roles", json!({"realm_access": {"roles": ["deals.admin"]}})),
        ] {
            assert!(has(claim, "deals.admin", claims.clone()), "{claims}");
            assert!(!has(claim, "invites.manage", claims.clone()), "{claims}");
            assert!(has(claim, "seats.accept", claims.clone()), "everybody may accept: {claims}");
        }
        for roles in [
            json!(["x deals.admin"]),
            json!("x deals.admin"),
            json!("[x deals.admin]"),
            json!(["[x deals.admin]"]),
            json!([["deals.admin"]]),
            json!({"deals.admin": true}),
            json!([]),
            json!(null),
            json!(true),
        ] {
            assert!(!has("roles", "deals.admin", json!({"roles": roles})), "{roles}");
        }
        assert!(!has("roles", "deals.admin", json!({})));
    }

    #[test]
    fn only_a_signed_jwt_has_claims() {
        let token = bearer(&json!({"iss": "https://issuer", "sub": "1", "scope": "seats.accept"}));
        let jwt = token.trim_start_matches("Bearer ");
        for header in [token.clone(), jwt.to_owned(), format!("bearer  {jwt}")] {
            assert!(Caller::new(&header, &Tokens::default()).learner().is_ok(), "{header}");
        }
        let [joined, encrypted] = [format!("{token},{token}"), format!("{token}.e30.e30")];
        for header in ["", "Bearer", "Bearer opaque", "Bearer a.b", "Bearer a.bm8.c", &joined, &encrypted] {
            assert!(Caller::new(header, &Tokens::default()).learner().is_err(), "{header}");
        }
    }

    #[test]
    fn only_a_verified_address_counts() {
        let email = |verified: Value| {
            caller(&json!({"email": "ann@example.com", "email_verified": verified})).verified_email()
        };
        for verified in [json!(true), json!("true")] {
            assert!(email(verified).is_some());
        }
        for verified in [json!(false), json!("false"), json!(""), json!(null), json!(1)] {
            assert!(email(verified.clone()).is_none(), "{verified}");
        }
    }
}
