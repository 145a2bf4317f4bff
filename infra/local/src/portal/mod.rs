//! The portal: the files of `portal/public` and its settings, as CloudFront serves them from the bucket.
//!
//! Invariant: pages get here what they get on AWS: paths are mapped as the function at CloudFront in
//! `infra/template.yaml` maps them, and the headers are the very same file's.

mod headers;

use std::path::Path;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Uri};
use serde_json::json;
use tower_http::services::ServeDir;

pub(crate) use headers::{Headers, add};

/// What no other path of the origin takes: the portal's files, and `/config.json`, which a deployment writes on AWS.
pub(crate) fn router(folder: &Path, issuer: &str, client: &str) -> Router {
    let config = Json(json!({ "issuer": issuer, "clientId": client, "scopePrefix": "" }));
    let files = ServeDir::new(folder.join("public")).append_index_html_on_directories(false);
    Router::new()
        .route("/config.json", get(move || std::future::ready(config.clone())))
        .fallback_service(files)
        .layer(from_fn(map))
}

async fn map(mut request: Request, next: Next) -> Response {
    if let Some(page) = page(request.uri().path()) {
        *request.uri_mut() = Uri::from_static(page);
    }
    let mut response = next.run(request).await;
    // Whoever works on a page sees what they changed.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The page that a path stands for; none for a file, which is there or not.
fn page(path: &str) -> Option<&'static str> {
    match path {
        "/accept" | "/accept/" => Some("/accept.html"),
        _ if path.rsplit('/').next().is_some_and(|last| last.contains('.')) => None,
        _ => Some("/index.html"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_pages_and_names_with_a_dot_are_files() {
        for path in ["/accept", "/accept/"] {
            assert_eq!(page(path), Some("/accept.html"), "{path}");
        }
        for path in ["/", "/deals/abc", "/deals/abc/", "/accepted", "/accept/more", "/a.b/c", "//"] {
            assert_eq!(page(path), Some("/index.html"), "{path}");
        }
        for path in
            ["/style.css", "/config.json", "/assets/app.js", "/accept.html", "/.", "/..%2f..%2fx.toml"]
        {
            assert_eq!(page(path), None, "{path}");
        }
    }
}
