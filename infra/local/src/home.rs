//! `/` and `/accept` until the portal is built: what is here, and how to do without it.
//!
//! Invariant: these pages accept nothing and send nothing; the token of a link stays in the fragment, where no server
//! sees it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::HeaderValue;
use http::header::REFERRER_POLICY;

use crate::oidc::PEOPLE;
use crate::page;
use crate::routes::{ROUTES, Route};

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'h> {
    origin: &'h str,
    accept: bool,
    routes: &'static [Route],
    people: &'static [(&'static str, &'static str)],
}

/// The two pages.
pub(crate) fn router(origin: Arc<str>) -> Router {
    let show = |accept| move |State(origin): State<Arc<str>>| async move { render(&origin, accept) };
    Router::new().route("/", get(show(false))).route("/accept", get(show(true))).with_state(origin)
}

fn render(origin: &str, accept: bool) -> Response {
    let mut response = page::html(&Home { origin, accept, routes: ROUTES, people: PEOPLE });
    if accept {
        // Whoever stands here holds a link: nothing of it goes on to where they go next.
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    response
}
