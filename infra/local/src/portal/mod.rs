//! The portal: the pages that `make portal` built, and their settings.
//!
//! Invariant: the pages are served as on AWS. Paths map to pages as in CloudFront's function in `infra/template.yaml`.
//! Types, caching and headers come from the same files as there.

mod files;
mod headers;

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tower_http::services::ServeDir;

pub(crate) use headers::add;

/// Serves `/config.json` and, if there are any, the portal's pages, on all paths that no other router has.
pub(crate) fn router(pages: Option<&Path>, origin: String, config: Value) -> Router {
    let config = Json(config);
    let router = Router::new().route("/config.json", get(move || std::future::ready(config.clone())));
    let router = match pages {
        Some(pages) => router.fallback_service(ServeDir::new(pages).append_index_html_on_directories(false)),
        None => router.fallback(async || StatusCode::NOT_FOUND),
    };
    router.layer(from_fn_with_state(Arc::<str>::from(origin), serve))
}

async fn serve(State(origin): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    if let Some(page) = page(request.uri().path(), wants_page(request.headers())) {
        if !is_at(&origin, &request) {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            return Redirect::temporary(&format!("{origin}{path}")).into_response();
        }
        *request.uri_mut() = Uri::from_static(page);
    }
    let name = request.uri().path().trim_start_matches('/').to_owned();
    let mut response = next.run(request).await;
    let status = response.status();
    let headers = response.headers_mut();
    if status.is_success() {
        headers.insert(CONTENT_TYPE, files::content_type(&name));
    }
    // A file that does not exist may exist the next time.
    let found = status.is_success() || status == StatusCode::NOT_MODIFIED;
    let caching = files::cache_control(&name).filter(|_| found);
    headers.insert(CACHE_CONTROL, caching.unwrap_or(HeaderValue::from_static("no-cache")));
    response
}

/// Whether the request names the host of the origin. A page at `127.0.0.1` could sign nobody in, since its issuer would
/// be of another origin.
fn is_at(origin: &str, request: &Request) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| origin.strip_prefix("http://").is_some_and(|own| own.eq_ignore_ascii_case(host)))
}

/// Whether a browser opens the path as a page, rather than a page loading it as a file.
fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).is_some_and(|kinds| kinds.contains("text/html"))
}

/// The page of a path. `None` stands for a file, which may not exist.
///
/// Mail filters rewrite links. With `%23` in place of the `#`, the path has the token, and the learner's page takes it
/// from there. For a file that does not exist, a browser gets the portal's own message and every other client gets 404.
fn page(path: &str, wants_page: bool) -> Option<&'static str> {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    if is_accept(&decoded) {
        Some("/accept.html")
    } else if !decoded.rsplit('/').next().is_some_and(|last| last.contains('.'))
        || (wants_page && !is_file(path))
    {
        Some("/index.html")
    } else {
        None
    }
}

fn is_accept(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.trim_start_matches('/').strip_prefix("accept").is_some_and(|tail| {
        let tail = tail.strip_prefix(".html").or_else(|| tail.strip_prefix(".htm")).unwrap_or(tail);
        !tail.starts_with(|next: char| next.is_ascii_alphanumeric() || "_.-".contains(next))
    })
}

fn is_file(path: &str) -> bool {
    const FILES: [&str; 4] = ["/config.json", "/favicon.svg", "/index.html", "/invite-template.csv"];
    path.starts_with("/assets/") || FILES.contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// `portal/src/routing.test.ts` tests CloudFront's function with the same paths.
    #[test]
    fn a_path_maps_to_the_page_that_cloudfront_serves() {
        let pages: BTreeMap<String, Vec<String>> =
            serde_json::from_str(include_str!("../../tests/portal-paths.json")).unwrap();
        for (name, paths) in pages {
            let for_browsers =
                name.split(' ').next().filter(|first| ["accept.html", "index.html"].contains(first));
            let for_others = for_browsers.filter(|page| *page == name);
            for path in paths {
                let page = |wants_page| page(&path, wants_page).map(|page| page.trim_start_matches('/'));
                assert_eq!((page(true), page(false)), (for_browsers, for_others), "{path}");
            }
        }
    }
}
