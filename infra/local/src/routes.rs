//! The routes of the API: pure data, to be held against `infra/template.yaml`, and the choice among them.
//!
//! As in API Gateway, the route is chosen before anything else is looked at, a fixed segment wins over a variable
//! one, and a method that is not listed (HEAD, OPTIONS) has no route at all.

use std::collections::BTreeMap;

/// One route of the HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path, with variables in braces.
    pub path: &'static str,
    /// The function that answers.
    pub function: &'static str,
    /// The scopes of which a token needs any one; none: no authorizer, anybody may call.
    pub scopes: &'static [&'static str],
}

const MANAGER: &[&str] = &["invites.manage"];
const LEARNER: &[&str] = &["seats.accept"];
const ADMIN: &[&str] = &["deals.admin"];
const MANAGER_OR_ADMIN: &[&str] = &["invites.manage", "deals.admin"];
const ANYBODY: &[&str] = &[];

const fn route(
    method: &'static str,
    path: &'static str,
    function: &'static str,
    scopes: &'static [&'static str],
) -> Route {
    Route { method, path, function, scopes }
}

/// Every route of the API, as in the design's HTTP contract.
pub const ROUTES: &[Route] = &[
    route("GET", "/api/deals", "deal-seats", MANAGER_OR_ADMIN),
    route("GET", "/api/deals/{dealId}", "deal-seats", MANAGER_OR_ADMIN),
    route("GET", "/api/deals/{dealId}/seats", "deal-seats", MANAGER),
    route("POST", "/api/deals/{dealId}/seats/search", "deal-seats", MANAGER),
    route("GET", "/api/deals/{dealId}/counts", "deal-seats", MANAGER),
    route("GET", "/api/deals/{dealId}/invites/{inviteId}", "deal-seats", MANAGER),
    route("POST", "/api/deals/{dealId}/invites", "send-invites", MANAGER),
    route("POST", "/api/deals/{dealId}/invites/{inviteId}/resend", "resend-invite", MANAGER),
    route("POST", "/api/deals/{dealId}/invites/resend", "resend-invite", MANAGER),
    route("DELETE", "/api/deals/{dealId}/invites/{inviteId}", "release-seat", MANAGER),
    route("DELETE", "/api/deals/{dealId}/seats/{inviteId}", "release-seat", MANAGER),
    route("POST", "/api/invites/preview", "accept-invite", ANYBODY),
    route("POST", "/api/invites/accept", "accept-invite", LEARNER),
    route("GET", "/api/me/seats", "accept-invite", LEARNER),
    route("POST", "/api/deals", "manage-deals", ADMIN),
    route("PATCH", "/api/deals/{dealId}", "manage-deals", ADMIN),
];

impl Route {
    /// The route key as API Gateway writes it: `POST /api/deals/{dealId}/invites`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The values of the path's variables, still percent-encoded, if the path is one of this route's.
    fn variables<'p>(&self, path: &'p str) -> Option<BTreeMap<&'static str, &'p str>> {
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        let mut variables = BTreeMap::new();
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(variables),
                (Some(wanted), Some(given)) => match variable(wanted) {
                    Some(name) if !given.is_empty() => {
                        variables.insert(name, given);
                    }
                    None if wanted == given => {}
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    /// One flag for each segment, true where it is a variable: of two routes that fit, the smaller wins.
    fn specificity(&self) -> Vec<bool> {
        self.path.split('/').map(|segment| variable(segment).is_some()).collect()
    }
}

fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The route for a method and a path (without its query), with the values of the path's variables.
pub(crate) fn choose<'p>(
    method: &str,
    path: &'p str,
) -> Option<(&'static Route, BTreeMap<&'static str, &'p str>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .filter_map(|route| Some((route, route.variables(path)?)))
        .min_by_key(|(route, _)| route.specificity())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(method: &str, path: &str) -> Option<String> {
        choose(method, path).map(|(route, _)| route.key())
    }

    #[test]
    fn a_fixed_segment_wins_over_a_variable() {
        let one = "POST /api/deals/{dealId}/invites/{inviteId}/resend";
        assert_eq!(key("POST", "/api/deals/d1/invites/i1/resend").as_deref(), Some(one));
        let many = "POST /api/deals/{dealId}/invites/resend";
        assert_eq!(key("POST", "/api/deals/d1/invites/resend").as_deref(), Some(many));
    }

    #[test]
    fn variables_are_taken_from_the_path() {
        let (_, variables) = choose("GET", "/api/deals/d%201/invites/i1").unwrap();
        assert_eq!(variables, BTreeMap::from([("dealId", "d%201"), ("inviteId", "i1")]));
    }

    #[test]
    fn what_is_not_listed_has_no_route() {
        for (method, path) in [
            ("HEAD", "/api/deals"),
            ("OPTIONS", "/api/deals"),
            ("PUT", "/api/deals/d1"),
            ("GET", "/api/deals/"),
            ("GET", "/api/deals//seats"),
            ("GET", "/api/invites/accept"),
            ("GET", "/api"),
            ("GET", "/api/deals/d1/seats/more/still"),
        ] {
            assert_eq!(key(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn every_route_has_a_known_function_and_is_listed_once() {
        let mut keys: Vec<_> = ROUTES.iter().map(Route::key).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), ROUTES.len());
        for route in ROUTES {
            assert!(crate::functions::FUNCTIONS.iter().any(|function| function.name == route.function));
        }
    }
}
