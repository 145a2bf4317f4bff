//! The routes of the API, as the template declares them.
//!
//! As in API Gateway, a fixed segment wins over a variable, and a method that the template does not list (HEAD, OPTIONS)
//! has no route.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use matchit::Router;
use serde_json::Value;

use crate::functions;
use crate::template::{self, Resource};

/// One route of the HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    /// The path, with variables in braces.
    pub path: &'static str,
    pub function: &'static str,
    /// A token needs one of these scopes, by their names without a prefix. A route without scopes needs no token.
    pub scopes: &'static [&'static str],
}

/// The values of a path's variables, still percent-encoded.
pub(crate) type Variables<'p> = BTreeMap<&'static str, &'p str>;

pub static ROUTES: LazyLock<Vec<Route>> =
    LazyLock::new(|| template::resources("AWS::ApiGatewayV2::Route").map(route).collect());

fn route(resource: Resource) -> Route {
    let (method, path) = resource.text("/RouteKey").split_once(' ').unwrap_or_default();
    let target = resource.text("/Target/Fn::Sub");
    let integration = target.strip_prefix("integrations/${").and_then(|rest| rest.strip_suffix('}'));
    let function = template::resources("AWS::ApiGatewayV2::Integration")
        .find(|resource| Some(resource.id) == integration)
        .map_or("", |integration| functions::referred(integration.get("/IntegrationUri")));
    let scopes = resource.get("/AuthorizationScopes").as_array().into_iter().flatten();
    let scopes = scopes.filter_map(|scope| {
        scope.get("Fn::Sub").and_then(Value::as_str)?.strip_prefix("${TokenScopePrefix}")
    });
    Route { method, path, function, scopes: scopes.collect::<Vec<_>>().leak() }
}

impl Route {
    /// The route key as API Gateway writes it: `POST /api/deals/{dealId}/invites`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The routes of each method.
#[expect(
    clippy::expect_used,
    reason = "the template is part of this binary, so every test sees a mistake in it"
)]
static BY_METHOD: LazyLock<BTreeMap<&str, Router<&Route>>> = LazyLock::new(|| {
    let mut routers = BTreeMap::<_, Router<_>>::new();
    for route in ROUTES.iter() {
        let router = routers.entry(route.method).or_default();
        router.insert(route.path, route).expect("no two routes of the template are the same");
    }
    routers
});

/// The route of a method and a path (without its query), and the values of the path's variables.
pub(crate) fn choose<'p>(method: &str, path: &'p str) -> Option<(&'static Route, Variables<'p>)> {
    let found = BY_METHOD.get(method)?.at(path).ok()?;
    let variables: Variables<'_> = found.params.iter().collect();
    // The router accepts an empty variable in the middle of a path. API Gateway does not.
    variables.values().all(|value| !value.is_empty()).then_some((*found.value, variables))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_what_the_template_says() {
        let route = |key: &str| *ROUTES.iter().find(|route| route.key() == key).unwrap();
        let deals = route("GET /api/deals");
        assert_eq!((deals.function, deals.scopes), ("deal-seats", &["invites.manage", "deals.admin"][..]));
        let preview = route("POST /api/invites/preview");
        assert_eq!((preview.function, preview.scopes), ("accept-invite", &[][..]));
        assert!(ROUTES.iter().all(|route| !route.function.is_empty()), "{ROUTES:?}");
        for resource in template::resources("AWS::ApiGatewayV2::Route") {
            let needs_token = resource.text("/AuthorizationType") == "JWT";
            assert_eq!(needs_token, !super::route(resource).scopes.is_empty(), "{}", resource.id);
        }
    }

    #[test]
    fn a_method_or_path_that_the_template_does_not_list_has_no_route() {
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
            assert_eq!(choose(method, path), None, "{method} {path}");
        }
    }
}
