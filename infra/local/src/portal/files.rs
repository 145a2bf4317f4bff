//! The content types and the caching of the portal's files, from `infra/portal-files.json`. A deployment writes both into
//! the bucket from the same file (`infra/deploy.py`).
//!
//! Vite puts scripts and styles into `assets/`, under a name with the content's hash. They never change. A browser asks
//! for every other file again each time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use http::HeaderValue;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    /// Content types, by the end of a name.
    types: BTreeMap<String, String>,
    /// Values of `cache-control`, by the beginning of a name.
    caching: BTreeMap<String, String>,
}

#[expect(clippy::expect_used, reason = "the file is part of this binary, so every test sees a mistake in it")]
static FILES: LazyLock<Files> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../portal-files.json"))
        .expect("infra/portal-files.json can be read")
});

/// The content type of a file. Its name has no slash in front.
pub(super) fn content_type(name: &str) -> HeaderValue {
    let known = FILES.types.get(name.rsplit('.').next().unwrap_or_default());
    let known = known.and_then(|kind| kind.parse().ok());
    known.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

pub(super) fn cache_control(name: &str) -> Option<HeaderValue> {
    // The last match is the longest beginning.
    let mut rules = FILES.caching.iter().rev();
    rules.find(|(beginning, _)| name.starts_with(*beginning)).and_then(|(_, value)| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_the_type_and_the_caching() {
        let (always, year) = ("no-cache", "public, max-age=31536000, immutable");
        for (name, kind, caching) in [
            ("index.html", "text/html; charset=utf-8", always),
            ("favicon.svg", "image/svg+xml", always),
            ("invite-template.csv", "text/csv; charset=utf-8", always),
            ("assets/index-Bq1xX.js", "text/javascript; charset=utf-8", year),
            ("assets/index-Bq1xX.css", "text/css; charset=utf-8", year),
            ("x.unheard-of", "application/octet-stream", always),
        ] {
            assert_eq!(
                (content_type(name), cache_control(name)),
                (HeaderValue::from_static(kind), Some(HeaderValue::from_static(caching))),
                "{name}"
            );
        }
    }
}
