//! What the portal's files are, and for how long a browser may keep them: `infra/portal-files.json`, by which a
//! deployment writes both into the bucket (`infra/deploy.py`).
//!
//! Vite puts what a page loads into `assets/`, under a name with its content's hash: it never changes. All else is asked
//! for again each time.

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

#[expect(clippy::expect_used, reason = "the file is part of this binary: every test sees a mistake in it")]
static FILES: LazyLock<Files> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../portal-files.json"))
        .expect("infra/portal-files.json is sound")
});

/// The content type of a file, by its name without the slash in front.
pub(super) fn content_type(name: &str) -> HeaderValue {
    let known = FILES.types.get(name.rsplit('.').next().unwrap_or_default());
    let known = known.and_then(|kind| kind.parse().ok());
    known.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

pub(super) fn cache_control(name: &str) -> Option<HeaderValue> {
    // The longest beginning says it.
    let mut rules = FILES.caching.iter().rev();
    rules.find(|(beginning, _)| name.starts_with(*beginning)).and_then(|(_, value)| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_a_file_is_and_how_long_it_may_be_kept() {
        let (always, year) = ("no-cache", "public, max-age=31536000, immutable");
        for (name, kind, caching) in [
            ("index.html", "text/html; charset=utf-8", always),
            ("config.json", "application/json", always),
            ("favicon.svg", "image/svg+xml", always),
            ("invite-template.csv", "text/csv; charset=utf-8", always),
            ("assets/index-Bq1xX.js", "text/javascript; charset=utf-8", year),
            ("assets/index-Bq1xX.css", "text/css; charset=utf-8", year),
            ("x.unheard-of", "application/octet-stream", always),
            ("x", "application/octet-stream", always),
        ] {
            assert_eq!(
                (content_type(name), cache_control(name)),
                (HeaderValue::from_static(kind), Some(HeaderValue::from_static(caching))),
                "{name}"
            );
        }
    }
}
